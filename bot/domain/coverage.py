"""Does another control still demand MFA of this user once per-user MFA is off?

Two witnesses: our own reading of every Conditional Access policy, and Microsoft's What-If. A policy counts
for the sign-ins of which it demands MFA without an alternative; several may together cover what each leaves
open. FULL: every sign-in (any client, platform, place and application) is asked for MFA, or blocked. PARTIAL:
some on a Mac are. NONE: none is. UNKNOWN: a fact that decides it could not be read, or the witnesses differ.

Security defaults are FULL on their own: every user must register for MFA and is asked when Microsoft finds it
necessary, administrators always; Conditional Access policies cannot be in force beside them, and What-If does
not know them. https://learn.microsoft.com/entra/fundamentals/security-defaults
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

from bot.domain.coverage_remarks import remarks_on
from bot.domain.coverage_words import joined, open_sentence, quoted
from bot.domain.diagnosis import Coverage, Grade
from bot.domain.evidence import Absent, Evidence, Fact, Known, T, known
from bot.domain.policies import AppliedPolicy, ConditionalAccessPolicy, TrialOutcome, told_apart
from bot.domain.policy_match import (
    MFA_EFFECTS,
    Effect,
    Subject,
    Tri,
    any_of,
    effect_of,
    is_about_people,
    is_enabled,
    is_sparing_filter,
    reaches,
    special_circumstance,
    uses_membership,
)
from bot.domain.policy_slices import (
    Box,
    Grid,
    depends_on_place,
    grid_for,
    meets,
    minus,
    size,
    what_stays_open,
)
from bot.domain.trials import TRIAL_NAMES, trials_for

__all__ = ["grade_coverage", "trials_for"]

SECURITY_DEFAULTS = "Security defaults"
WHEN_NECESSARY = (
    "Security defaults ask for MFA when Microsoft finds it necessary, not at every sign-in; "
    "administrators are always asked."
)
MOST_GAPS = 12

Enabled: TypeAlias = Mapping[str, ConditionalAccessPolicy]
"""The policies in force, by lower-case id."""


def grade_coverage(evidence: Evidence) -> Coverage:
    """Grade what would still demand MFA of the user. Never raises; what is not known is UNKNOWN."""
    if known(evidence.security_defaults, default=False):
        return Coverage(Grade.FULL, (SECURITY_DEFAULTS,), (WHEN_NECESSARY,))
    policies = evidence.conditional_access_policies
    if not isinstance(evidence.user, Known):
        return _unknown(_unread("The user", evidence.user))
    if not isinstance(policies, Known):
        return _unknown(_unread("The Conditional Access policies", policies))
    if not any(map(is_enabled, policies.value)) and not isinstance(evidence.security_defaults, Known):
        return _unknown(_unread("Whether security defaults are on", evidence.security_defaults))
    named = told_apart(policies.value)
    reading = _read(named, Subject(evidence.user.value, known(evidence.membership, None)), evidence)
    return _proven(reading, evidence.what_if, named)


def _unknown(*gaps: str) -> Coverage:
    return Coverage(Grade.UNKNOWN, gaps=gaps[:MOST_GAPS])


def _unread(what: str, fact: Fact[T]) -> str:
    match fact:
        case Known():
            return ""
        case Absent():
            return f"{what} could not be read: Graph returned nothing."
        case unreadable:
            return f"{what} could not be read: {unreadable.reason}"


@dataclass(frozen=True, slots=True)
class Reach:
    """One policy that is in force and counts: the slices it covers, and whether that is certain."""

    name: str
    effect: Effect
    box: Box
    is_certain: bool

    @property
    def asks(self) -> bool:
        """Whether it demands MFA; else it blocks."""
        return self.effect in MFA_EFFECTS


@dataclass(frozen=True, slots=True)
class Reading:
    """Our own reading of all policies."""

    grid: Grid
    counting: tuple[Reach, ...]
    missing: tuple[str, ...]  # what could not be read and leaves a policy undecided
    remarks: tuple[str, ...]  # why policies with MFA do not count, or not everywhere

    def boxes(self, *, asks: bool, certain: bool) -> list[Box]:
        """Return boxes of the policies that ask for MFA (or block), only the certain ones or all."""
        return [each.box for each in self.counting if each.asks == asks and (each.is_certain or not certain)]

    @property
    def is_certain(self) -> bool:
        """Whether every policy that counts surely does: what is certain is then all that is possible."""
        return all(each.is_certain for each in self.counting)

    def grade(self, left_open: Sequence[Box], *, certain: bool) -> Grade:
        """Grade what is certain at least, or what is possible at most, by what that leaves open."""
        asking = self.boxes(asks=True, certain=certain)
        if not any(meets(box, self.grid.ordinary) for box in asking):
            return Grade.NONE
        return Grade.PARTIAL if left_open else Grade.FULL

    def left_open(self, *, certain: bool) -> list[Box]:
        """Return the slices that are neither asked for MFA nor blocked."""
        closed = [*self.boxes(asks=True, certain=certain), *self.boxes(asks=False, certain=certain)]
        return what_stays_open(self.grid.whole, closed)

    def covers(self, slice_: Box, *, asks: bool) -> Tri:
        """Tell whether all of a slice is asked for MFA (or blocked); None when that is not certain."""
        if not what_stays_open(slice_, self.boxes(asks=asks, certain=True)):
            return True
        possible = self.boxes(asks=asks, certain=False)
        return None if any(meets(slice_, box) for box in possible) else False

    def rests_on(self) -> tuple[str, ...]:
        """Name the policies that carry the grade: the widest first, none that adds nothing."""
        left, names = [self.grid.whole], []
        carrying = (each for each in self.counting if each.is_certain)
        for each in sorted(carrying, key=lambda reach: (not reach.asks, -size(reach.box), reach.name)):
            smaller = minus(left, each.box)
            if set(smaller) != set(left):
                names.append(each.name)
                left = smaller
        return tuple(dict.fromkeys(names))


def _read(policies: Sequence[ConditionalAccessPolicy], subject: Subject, evidence: Evidence) -> Reading:
    people = [policy for policy in policies if is_about_people(policy.conditions)]
    judged = [
        (policy, effect_of(policy.grant), reaches(policy.conditions.users, subject)) for policy in people
    ]
    counting = [
        (policy, effect, reach)
        for policy, effect, reach in judged
        if is_enabled(policy)
        and effect is not Effect.OTHER
        and reach is not False
        and special_circumstance(policy.conditions) is None
    ]
    locations, trials = known(evidence.named_locations, None), known(evidence.what_if, ())
    grid = grid_for(
        [policy for policy, _, _ in counting],
        locations or (),
        [outcome.trial for outcome in trials],
    )
    return Reading(
        grid,
        tuple(
            _reach(policy, effect, grid, is_certain=reach is True, knows_places=locations is not None)
            for policy, effect, reach in counting
        ),
        tuple(dict.fromkeys(_missing(counting, subject, evidence))),
        tuple(remark for policy in people for remark in remarks_on(policy, subject)),
    )


def _reach(
    policy: ConditionalAccessPolicy, effect: Effect, grid: Grid, *, is_certain: bool, knows_places: bool
) -> Reach:
    conditions = policy.conditions
    spares = is_sparing_filter(conditions)
    return Reach(
        policy.display_name,
        effect,
        grid.box(conditions, spares_devices=spares, ignore_places=not knows_places),
        is_certain and effect is not Effect.MAYBE_MFA and (knows_places or not depends_on_place(conditions)),
    )


def _missing(
    counting: Iterable[tuple[ConditionalAccessPolicy, Effect, Tri]], subject: Subject, evidence: Evidence
) -> Iterable[str]:
    for policy, effect, reach in counting:
        if reach is None and subject.membership is None and uses_membership(policy.conditions.users):
            yield _unread("Groups and roles of the user", evidence.membership)
        elif reach is None:
            yield f"Whether the user is the kind of guest that “{policy.display_name}” means is not known."
        if effect is Effect.MAYBE_MFA and policy.grant is not None:
            yield f"Whether the strength “{policy.grant.strength_name}” counts as MFA could not be read."
        if depends_on_place(policy.conditions) and not isinstance(evidence.named_locations, Known):
            yield _unread("The named locations", evidence.named_locations)


def _proven(
    reading: Reading, what_if: Fact[tuple[TrialOutcome, ...]], policies: Sequence[ConditionalAccessPolicy]
) -> Coverage:
    left_open = reading.left_open(certain=True)
    least_open = left_open if reading.is_certain else reading.left_open(certain=False)
    least, most = reading.grade(left_open, certain=True), reading.grade(least_open, certain=False)
    if least is not most:
        between = f"By what could be read the grade lies between {least} and {most}."
        return _unknown(*reading.missing, between, *reading.remarks)
    gaps = _gaps(reading, least, left_open)
    if problem := _no_proof(what_if):
        if least is Grade.NONE:
            return Coverage(least, (), gaps)
        return _unknown(f"Unproven: {problem}", _own_words(reading, least), *gaps)
    outcomes = known(what_if, ())
    if differences := tuple(each for each in _differences(reading, outcomes, policies)):
        return _unknown(*differences, _own_words(reading, least), *gaps)
    return Coverage(least, () if least is Grade.NONE else reading.rests_on(), gaps)


def _own_words(reading: Reading, grade: Grade) -> str:
    by = reading.rests_on()
    return f"Our own reading alone says {grade}" + (f", by {quoted(by)}." if by else ".")


def _no_proof(what_if: Fact[tuple[TrialOutcome, ...]]) -> str | None:
    if not isinstance(what_if, Known):
        return _unread("Microsoft's What-If", what_if)
    if absent := TRIAL_NAMES - {outcome.trial.name for outcome in what_if.value}:
        return f"Microsoft's What-If did not answer for: {joined(sorted(absent))}."
    return None


def _gaps(reading: Reading, grade: Grade, left_open: Sequence[Box]) -> tuple[str, ...]:
    if grade is Grade.FULL:
        return ()
    if grade is Grade.PARTIAL:
        sentences = (open_sentence(box, reading.grid) for box in left_open)
        return _first_distinct(chain(filter(None, sentences), reading.remarks, reading.missing))
    elsewhere = [
        f"“{each.name}” does not cover browsers or apps on a Mac."
        for each in reading.counting
        if each.asks and each.is_certain
    ]
    nothing = "No Conditional Access policy in force asks this user for MFA at an ordinary sign-in on a Mac."
    return tuple(dict.fromkeys([nothing, *reading.remarks, *elsewhere]))[:MOST_GAPS]


def _first_distinct(sentences: Iterable[str]) -> tuple[str, ...]:
    """Word no more than is shown: hundreds of slices may be open."""
    found: dict[str, None] = {}
    for sentence in sentences:
        found[sentence] = None
        if len(found) == MOST_GAPS:
            break
    return tuple(found)


def _differences(
    reading: Reading, outcomes: Iterable[TrialOutcome], policies: Iterable[ConditionalAccessPolicy]
) -> Iterable[str]:
    enabled = {policy.id.lower(): policy for policy in policies if is_enabled(policy)}
    for outcome in outcomes:
        if difference := _difference(reading, outcome, enabled):
            yield f"{outcome.trial.name}: {difference}"


def _difference(reading: Reading, outcome: TrialOutcome, enabled: Enabled) -> str | None:
    slice_ = reading.grid.trial(outcome.trial)
    ours, theirs = reading.covers(slice_, asks=True), _asked(outcome, enabled)
    applied = (*outcome.mfa_policies, *outcome.other_policies)
    if ours is None:
        return None
    if theirs is None:
        named = _quoted(applied, enabled)
        return f"Microsoft's What-If names {named}, which we cannot match with the policies we read."
    if ours is not theirs:
        words = {True: "MFA is demanded", False: "MFA is not demanded"}
        by = f" by {_quoted(outcome.mfa_policies, enabled)}" if outcome.mfa_policies and theirs else ""
        return f"our own reading says {words[ours]}, Microsoft's What-If says {words[theirs]}{by}."
    is_blocked = Effect.BLOCK in (_effect(each, enabled) for each in applied)
    if not ours and reading.covers(slice_, asks=False) and not is_blocked:
        return "our own reading says the sign-in is blocked, Microsoft's What-If says it is let in."
    return None


def _asked(outcome: TrialOutcome, enabled: Enabled) -> Tri:
    """Tell whether What-If says MFA is demanded, by our own understanding of the grants it names."""
    undecided = (None, Effect.MAYBE_MFA)
    effects = [_effect(each, enabled) for each in outcome.mfa_policies]
    return any_of(None if effect in undecided else effect is Effect.MFA for effect in effects)


def _effect(applied: AppliedPolicy, enabled: Enabled) -> Effect | None:
    policy = enabled.get(applied.id.lower())
    return effect_of(policy.grant) if policy else None


def _quoted(applied: Iterable[AppliedPolicy], enabled: Enabled) -> str:
    return quoted(enabled.get(each.id.lower(), each).display_name for each in applied)
