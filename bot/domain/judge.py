"""Reading the decision table: the verdict, how sure it is, what comes beside it, and what is unknown.

Every row above the verdict that could not be settled caps the confidence at its own: had it held, it
would have been the answer. A row whose band cannot hold the capped value gives way, in the end to
CANNOT_TELL. So no fact that becomes unreadable makes the bot surer, except where a row says why
(`rests_on_gaps`, `stands_alone`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from bot.domain.evidence import Absent, Known, Unreadable, Why
from bot.domain.gaps import Gap
from bot.domain.people import PerUserMfaState
from bot.domain.rule import Rule, borrowed
from bot.domain.rules import RULES
from bot.domain.situation import Situation
from bot.domain.three_valued import Answer, Condition, Finding, conjunction

DOUBT_COSTS = 0.05
PEERS_AGREE = 0.05
PEERS_DISAGREE = -0.3
_NAMED_POSSIBLE = 4
ALL_WELL = frozenset({"ALREADY_REGISTERED", "PER_USER_MFA_NOT_CURRENTLY_BLOCKING"})
"""Never named while nothing is proven: read in passing, they sound like an all-clear."""

_NAMED_DOUBTS = 3


@dataclass(frozen=True, slots=True)
class Checked:
    """One row against one situation: how each condition was answered, and the row as a whole."""

    rule: Rule
    findings: tuple[Finding, ...]
    outcome: Finding
    confidence: float

    @property
    def holds(self) -> bool:
        """Whether every condition holds."""
        return self.outcome.answer is Answer.YES

    @property
    def is_open(self) -> bool:
        """Whether something unread could still make it hold."""
        return self.outcome.answer is Answer.UNDECIDED

    @property
    def is_within_reach(self) -> bool:
        """Whether what could be read speaks for the row, so that it is worth naming as possible."""
        logs = {Gap.INTERACTIVE, Gap.NON_INTERACTIVE}
        speaks = any(found.answer is Answer.YES or found.leans for found in self.findings)
        blind = any(found.missing & logs and not found.leans for found in self.findings)
        return self.is_open and speaks and not blind

    @property
    def open_questions(self) -> tuple[str, ...]:
        """The wording of every condition that is undecided."""
        pairs = zip(self.rule.when, self.findings, strict=True)
        return tuple(condition.text for condition, found in pairs if found.answer is Answer.UNDECIDED)

    def waits_for(self, gap: Gap) -> tuple[Condition, ...]:
        """Return the conditions that this gap leaves open."""
        return tuple(
            condition
            for condition, found in zip(self.rule.when, self.findings, strict=True)
            if gap in found.missing
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """The row that was chosen, with its confidence, companions and doubts."""

    rule: Rule
    confidence: float
    contributing: tuple[str, ...]
    unknown: tuple[str, ...]
    notes: tuple[Rule, ...]


def judge(s: Situation) -> Judgement:
    """Read the table from the top and return the first row that holds up."""
    checked = [_check(rule, s) for rule in reading_order(peers_disagree=_peers_disagree(s))]
    chosen, confidence = _first_that_stands(checked, s)
    earlier = checked[: checked.index(chosen)]
    return Judgement(
        rule=chosen.rule,
        confidence=round(confidence, 2),
        contributing=_contributing(chosen, checked, s),
        unknown=_unknown(chosen, earlier, s),
        notes=tuple(rule for rule in RULES if rule.is_annotation and _check(rule, s).holds),
    )


@cache
def reading_order(*, peers_disagree: bool = False) -> tuple[Rule, ...]:
    """Return the rows that can be a verdict, in the order they are tried."""
    rows = [row for rule in RULES for row in _expanded(rule)]
    table = [rule for rule in rows if not rule.is_annotation and not rule.is_advice]
    advice = [rule for rule in rows if rule.is_advice]
    table[-1:-1] = advice  # only before "cannot tell"
    if not peers_disagree:
        return tuple(table)
    first = next(index for index, rule in enumerate(table) if rule.compares_peers)
    preferred = [rule for rule in table if rule.yields_to_peers]
    others = [rule for rule in table if not rule.yields_to_peers]
    return (*others[:first], *preferred, *others[first:])


def _expanded(rule: Rule) -> Iterator[Rule]:
    """Turn "the other cause first" into one row for each later row about a code."""
    if not rule.takes_later_verdict:
        yield rule
        return
    later = RULES[RULES.index(rule) + 1 :]
    yield from (borrowed(rule, lender) for lender in later if lender.is_about_a_code)


def _check(rule: Rule, s: Situation) -> Checked:
    findings = tuple(condition.holds(s) for condition in rule.when)
    return Checked(rule, findings, conjunction(findings), _confidence(rule, s))


def _confidence(rule: Rule, s: Situation) -> float:
    moved = rule.confidence + sum(
        nudge.by for nudge in rule.nudges if nudge.when.holds(s).answer is Answer.YES
    )
    if rule.blames_per_user_mfa and _peers_disagree(s):
        return max(0.0, rule.band.clamp(moved) + PEERS_DISAGREE)
    return rule.band.clamp(moved + PEERS_AGREE * (rule.compares_peers and _peers_agree(s)))


def _peers_agree(s: Situation) -> bool:
    """Users without per-user MFA registered this week, users with it did not."""
    peers = s.evidence.peers
    return peers is not None and bool(
        peers.disabled_registered
        and peers.enforced_failed
        and not peers.enforced_registered
        and not peers.disabled_failed_same_way
    )


def _peers_disagree(s: Situation) -> bool:
    """Users without per-user MFA fail the same way."""
    return s.evidence.peers is not None and s.evidence.peers.disabled_failed_same_way > 0


def _first_that_stands(checked: list[Checked], s: Situation) -> tuple[Checked, float]:
    doubts: list[Checked] = []
    for row in checked:
        if row.holds and (confidence := _standing(row, doubts, s)) is not None:
            return row, confidence
        if row.is_open:
            doubts.append(replace(row, confidence=_beside(row, doubts)))
    return checked[-1], 0.0


def _standing(row: Checked, doubts: list[Checked], s: Situation) -> float | None:
    """Return how sure the row may be beside the doubts above it; None when it cannot stand."""
    if row.rule.rests_on_gaps:
        return row.confidence
    floor = min(row.rule.band.low, row.confidence)
    confidence = _beside(row, doubts)
    if confidence < floor and not row.rule.stands_alone:
        return None
    return floor if _currency_in_doubt(s) else max(floor, confidence)


def _beside(row: Checked, doubts: list[Checked]) -> float:
    """Cap a confidence by the doubts above; absence of evidence also loses a little for each gap."""
    capped = min([row.confidence, *(doubt.confidence for doubt in doubts)])
    if not row.rule.is_from_absence or capped < row.rule.band.low:
        return capped
    gaps = frozenset[Gap]().union(*(doubt.outcome.missing for doubt in doubts))
    return max(row.rule.band.low, capped - DOUBT_COSTS * len(gaps))


def _currency_in_doubt(s: Situation) -> bool:
    """Without our record of changes nobody knows whether a failure is older than one."""
    return isinstance(s.evidence.state_changed_at, Unreadable) and s.user is not None


def _contributing(chosen: Checked, checked: list[Checked], s: Situation) -> tuple[str, ...]:
    place = checked.index(chosen)
    passed_over = [row.rule.verdict for row in checked[:place] if row.holds]
    beside = [row.rule.verdict for row in checked[place + 1 :] if row.holds and row.rule.names_a_cause]
    state = s.evidence.per_user_mfa_state
    is_on = isinstance(state, Known) and state.value is not PerUserMfaState.DISABLED
    following = ["PER_USER_MFA"] if is_on and _per_user_mfa_is_next(chosen, s) else []
    nothing_stands = chosen is checked[-1] and s.user is not None
    possible = [row.rule.verdict for row in _within_reach(checked[:place])] if nothing_stands else []
    maybe = list(dict.fromkeys(name for name in possible if name not in ALL_WELL))[:_NAMED_POSSIBLE]
    names = dict.fromkeys([*following, *passed_over, *beside, *maybe])
    return tuple(name for name in names if name != chosen.rule.verdict)


def _per_user_mfa_is_next(chosen: Checked, s: Situation) -> bool:
    """Tell whether the row announces it, or leaves a failure of the broker that no row explains."""
    if chosen.rule.per_user_mfa_is_next:
        return True
    unexplained = chosen.rule.id > "D16" and chosen.rule.verdict not in ALL_WELL
    return unexplained and any(_check(rule, s).holds for rule in RULES if rule.takes_later_verdict)


def _within_reach(rows: list[Checked]) -> tuple[Checked, ...]:
    """Return rows worth naming; of those that wait for the same, the first would be the verdict."""
    reach: dict[tuple[str, ...], Checked] = {}
    for row in rows:
        if row.is_within_reach and row.rule.verdict != "CANNOT_TELL_WHO_DEMANDED_MFA":
            reach.setdefault(row.open_questions, row)
    return tuple(reach.values())


def _unknown(chosen: Checked, earlier: list[Checked], s: Situation) -> tuple[str, ...]:
    doubts = [row for row in earlier if row.is_open]
    waiting = frozenset[Gap]().union(*(row.outcome.missing for row in (*doubts, chosen)))
    unread = {
        gap for gap, fact in s.facts.items() if isinstance(fact, Unreadable) and fact.why is not Why.NOT_ASKED
    }
    absent = {gap for gap, fact in s.facts.items() if isinstance(fact, Absent)} & waiting
    in_doubt = {Gap.CHANGE_LOG} if _currency_in_doubt(s) else set()
    gaps = [gap for gap in Gap if gap in waiting | unread | absent | in_doubt]
    lines = (_doubt(gap, doubts, s) for gap in gaps if s.user is not None or gap is Gap.USER)
    return (*lines, *_history(chosen, s), *s.evidence.notes)


def _doubt(gap: Gap, doubts: list[Checked], s: Situation) -> str:
    line = f"Could not read {gap}: {s.reason(gap).rstrip('.')}."
    if gap is Gap.CHANGE_LOG:
        return f"{line} If per-user MFA was changed since the failure, the failure is history."
    ifs = [_if(row, gap) for row in _within_reach(doubts) if gap in row.outcome.missing]
    named = list(dict.fromkeys(ifs))[:_NAMED_DOUBTS]
    if named:
        return f"{line} {' '.join(named)}"
    matters = any(gap in row.outcome.missing for row in doubts)
    return f"{line} It could change the verdict." if matters else f"{line} The verdict does not depend on it."


def _if(row: Checked, gap: Gap) -> str:
    conditions = " and ".join(condition.text for condition in row.waits_for(gap))
    return f"If {conditions}, the verdict would be {row.rule.verdict} ({row.rule.id})."


def _history(chosen: Checked, s: Situation) -> tuple[str, ...]:
    """Say so when all that the log holds is older than a change."""
    rows = s.attempts.of_registration
    is_history = (
        bool(rows)
        and all(row.is_stale for row in rows)
        and chosen.rule.verdict != "PER_USER_MFA_ALREADY_REMOVED"
    )
    if not is_history or s.stale_before is None:
        return ()
    what = "password" if s.stale_before == s.password_changed_at else "per-user MFA state"
    return (
        f"Every sign-in for registration is older than the last change of the {what} "
        f"({s.stale_before:%Y-%m-%d %H:%M} UTC). A fresh try would tell.",
    )
