"""Yes, no, undecided: what is not known never counts as "no".

A row of the decision table is a list of conditions; each has its own wording, so that an answer can
say why it holds and what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from bot.domain.gaps import Gap

if TYPE_CHECKING:
    from bot.domain.situation import Situation


class Answer(Enum):
    """The three answers."""

    YES = "yes"
    NO = "no"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Finding:
    """An answer; when undecided, what is missing, and whether what could be read speaks for a yes."""

    answer: Answer
    missing: frozenset[Gap] = frozenset()
    leans: bool = False


YES = Finding(Answer.YES)
NO = Finding(Answer.NO)


def undecided(*missing: Gap, leans: bool = False) -> Finding:
    """Return an open answer and what it waits for."""
    return Finding(Answer.UNDECIDED, frozenset(missing), leans)


def yes_if(holds: bool) -> Finding:
    """Return a definite answer."""
    return YES if holds else NO


@dataclass(frozen=True, slots=True)
class Condition:
    """A question about the situation. `text` completes "this row holds when …"."""

    text: str
    holds: Callable[[Situation], Finding]


def conjunction(findings: Iterable[Finding]) -> Finding:
    """Return whether all hold: one "no" decides, else what is missing adds up."""
    answers = tuple(findings)
    if any(finding.answer is Answer.NO for finding in answers):
        return NO
    return _open(answers) or YES


def disjunction(findings: Iterable[Finding]) -> Finding:
    """Return whether any holds: one "yes" decides, else what is missing adds up."""
    answers = tuple(findings)
    if any(finding.answer is Answer.YES for finding in answers):
        return YES
    return _open(answers) or NO


def _open(answers: tuple[Finding, ...]) -> Finding | None:
    waiting = [finding for finding in answers if finding.answer is Answer.UNDECIDED]
    missing = frozenset[Gap]().union(*(finding.missing for finding in waiting))
    leans = any(finding.leans for finding in waiting)
    return Finding(Answer.UNDECIDED, missing, leans) if waiting else None


def all_of(text: str, *conditions: Condition) -> Condition:
    """Return a condition that holds when all of these do."""
    return Condition(text, lambda s: conjunction(condition.holds(s) for condition in conditions))


def any_of(text: str, *conditions: Condition) -> Condition:
    """Return a condition that holds when any of these does."""
    return Condition(text, lambda s: disjunction(condition.holds(s) for condition in conditions))


def either(*conditions: Condition) -> Condition:
    """Return a condition that holds when any of these does, worded by all of them."""
    return any_of(", or ".join(condition.text for condition in conditions), *conditions)


def unless(text: str, condition: Condition) -> Condition:
    """Return a condition that holds when this one does not."""
    return Condition(text, lambda s: opposite(condition.holds(s)))


def opposite(finding: Finding) -> Finding:
    """Return "no" for "yes" and the other way round; what is open stays open."""
    return {Answer.YES: NO, Answer.NO: YES}.get(finding.answer, finding)
