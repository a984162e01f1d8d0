"""The shape of one row of the decision table."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.domain.three_valued import Condition


@dataclass(frozen=True, slots=True)
class Band:
    """How sure a row may be: the range that its confidence never leaves."""

    name: str
    low: float
    high: float

    def clamp(self, confidence: float) -> float:
        """Return the confidence, moved into the band."""
        return min(max(confidence, self.low), self.high)


CONFIRMED = Band("confirmed", 0.95, 0.99)
HIGH = Band("high", 0.8, 0.95)
MEDIUM_TO_HIGH = Band("medium to high", 0.5, 0.95)
MEDIUM = Band("medium", 0.5, 0.8)
LOW_TO_MEDIUM = Band("low to medium", 0.3, 0.6)
LOW = Band("low", 0.2, 0.5)
NONE = Band("none", 0.0, 0.0)
AS_THE_OTHER_ROW = Band("as the other row", 0.5, 0.99)


@dataclass(frozen=True, slots=True)
class Nudge:
    """A circumstance that moves the confidence within the band."""

    when: Condition
    by: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row: when it holds, what it says, how sure it is, and what to do.

    Rows are read from the top; the first whose conditions all hold is the verdict. Texts are for the
    helpdesk: `summary` and `remedy` one or two sentences, `steps` short and in order.
    """

    id: str
    verdict: str
    band: Band
    confidence: float
    when: tuple[Condition, ...]
    summary: str
    remedy: str
    steps: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    would_change: str
    why_not: str | None = None  # why nobody may ask to turn per-user MFA off; None: they may
    nudges: tuple[Nudge, ...] = ()
    names_a_cause: bool = True  # a later row of this kind is worth naming beside the verdict
    is_about_a_code: bool = False  # D16 can lend its place to this row
    code_alone: Condition | None = None  # what D16 asks when `when` holds for other reasons as well
    takes_later_verdict: bool = False  # D16: the verdict is that of the first later row about a code
    per_user_mfa_is_next: bool = (
        False  # name PER_USER_MFA as the next blocker while the state is not disabled
    )
    compares_peers: bool = False  # more sure when only users with per-user MFA fail this week
    blames_per_user_mfa: bool = False  # less sure when users without it fail the same way
    yields_to_peers: bool = False  # comes first when users without per-user MFA fail the same way
    is_from_absence: bool = False  # concludes from what is not there, so every gap above costs a little
    rests_on_gaps: bool = False  # is about what could not be read, so gaps before it do not weaken it
    stands_alone: bool = False  # a setting that stops registration whatever the log says
    is_advice: bool = False  # a verdict only when nothing else is
    is_annotation: bool = False  # never a verdict


def borrowed(taker: Rule, lender: Rule) -> Rule:
    """Return `taker` with the verdict and the conditions of `lender` added: "that cause first".

    It is the verdict of the code: a setting or another app's failure that would hold as well is no reason.
    """
    asked = lender.when if lender.code_alone is None else (lender.code_alone,)
    return replace(
        taker,
        verdict=lender.verdict,
        band=lender.band,
        confidence=lender.confidence,
        nudges=lender.nudges,
        when=(*taker.when, *asked),
        summary=f"{lender.summary} {taker.summary}",
        remedy=f"{lender.remedy} {taker.remedy}",
        steps=(*lender.steps, *taker.steps),
        links=tuple(dict.fromkeys((*lender.links, *taker.links))),
        would_change=lender.would_change,
        takes_later_verdict=False,
        names_a_cause=False,
    )
