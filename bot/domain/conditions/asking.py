"""How a condition asks: of a fact that may be missing, and of the failed sign-in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from bot.domain.evidence import Fact, Known
from bot.domain.gaps import Gap
from bot.domain.sign_ins import AppliedPolicy, SignIn
from bot.domain.situation import Situation
from bot.domain.three_valued import (
    NO,
    Answer,
    Condition,
    Finding,
    undecided,
)

T = TypeVar("T")


def read_fact(fact: Fact[T], gap: Gap, question: Callable[[T], Finding]) -> Finding:
    """Ask a known fact; an absent or unreadable one leaves the question open."""
    return question(fact.value) if isinstance(fact, Known) else undecided(gap)


def about_failure(text: str, question: Callable[[Situation, SignIn], Finding]) -> Condition:
    """Ask about the newest uncleared current failure of registration; without one the answer is no."""
    return Condition(text, lambda s: about(s, s.failure, question))


def about(s: Situation, failure: SignIn | None, question: Callable[[Situation, SignIn], Finding]) -> Finding:
    """Ask about this failed sign-in; while a log is unreadable another one may be the last."""
    answer = question(s, failure) if failure else NO
    if s.log_gaps:
        return undecided(*s.log_gaps, *answer.missing, leans=answer.answer is not Answer.NO)
    return answer


def has_failed(policy: AppliedPolicy) -> bool:
    """Tell whether a Conditional Access policy refused the sign-in."""
    return policy.result.lower() == "failure"


def listed(codes: tuple[int, ...]) -> str:
    """Return codes as words: "50072, 50076 or 50079"."""
    words = [str(code) for code in codes]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
