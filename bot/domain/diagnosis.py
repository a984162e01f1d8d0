"""The answer to "why": a verdict with its evidence, its doubts and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.aadsts import lookup_page
from bot.domain.evidence import Evidence, known
from bot.domain.exhibits import AttemptLine, Exhibit, deciding_failure, exhibits, timeline
from bot.domain.grade import Coverage, Grade
from bot.domain.judge import Judgement, judge
from bot.domain.people import Membership, PerUserMfaState, User
from bot.domain.risk import is_guest, portal_steps
from bot.domain.situation import Situation

__all__ = ["AttemptLine", "Coverage", "Diagnosis", "Exhibit", "Grade", "diagnose"]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The whole answer. `confidence` is 0..1 inside the band that the table gives the row."""

    asked: str
    user: User | None
    verdict: str
    rule: str
    confidence: float
    summary: str
    remedy: str
    steps: tuple[str, ...]
    evidence: tuple[Exhibit, ...]
    contributing: tuple[str, ...]
    unknown: tuple[str, ...]
    coverage: Coverage
    can_request_disable: bool
    why_not: str | None
    read_at: datetime
    per_user_mfa_state: PerUserMfaState | None = None
    newest_broker_sign_in_at: datetime | None = None
    timeline: tuple[AttemptLine, ...] = ()
    links: tuple[str, ...] = ()
    user_was_deleted: bool = False


def diagnose(
    evidence: Evidence, coverage: Coverage, requestable: frozenset[Grade] = frozenset({Grade.FULL})
) -> Diagnosis:
    """Judge the evidence of one user. Pure: the same evidence gives the same answer, in any order of rows.

    `requestable` names the grades of coverage with which a change may be asked for.
    """
    s = Situation(evidence)
    judgement = judge(s)
    why_not = _why_not(s, judgement, coverage, requestable)
    return Diagnosis(
        asked=evidence.asked,
        user=s.user,
        verdict=judgement.rule.verdict,
        rule=judgement.rule.id,
        confidence=judgement.confidence,
        summary=judgement.rule.summary,
        remedy=judgement.rule.remedy,
        steps=judgement.rule.steps,
        evidence=exhibits(s, judgement),
        contributing=judgement.contributing,
        unknown=judgement.unknown,
        coverage=coverage,
        can_request_disable=why_not is None,
        why_not=why_not,
        read_at=evidence.now,
        per_user_mfa_state=known(evidence.per_user_mfa_state, None),
        newest_broker_sign_in_at=_newest_broker_sign_in_at(s),
        timeline=timeline(s),
        links=_links(s, judgement),
        user_was_deleted=evidence.user_was_deleted,
    )


_RISK = "RISK_OR_REGISTRATION_RESTRICTION"
_NO_COVERAGE = {
    Grade.PARTIAL: "There would be gaps without per-user MFA: {gaps} A policy owner must close them first.",
    Grade.NONE: "Nothing else would demand MFA of this user. Have a Conditional Access policy made first.",
    Grade.UNKNOWN: "Whether another control demands MFA could not be checked. Make that readable first.",
    Grade.FULL: "Requests are closed for now. Ask whoever runs the bot.",
}


def _why_not(
    s: Situation, judgement: Judgement, coverage: Coverage, requestable: frozenset[Grade]
) -> str | None:
    """Return why nobody may ask for the change, in a sentence or two, or None when they may."""
    if judgement.rule.why_not is not None:
        return judgement.rule.why_not
    if s.user is None or known(s.evidence.per_user_mfa_state, None) in (None, PerUserMfaState.DISABLED):
        return "Per-user MFA was not read as enabled or enforced. Make the state readable, then ask again."
    about_account = _why_not_this_account(s, s.user)
    if about_account is not None:
        return about_account
    if _RISK in judgement.contributing:
        return "The sign-in carries a high risk. Security must look at it before MFA settings are touched."
    if coverage.grade not in requestable:
        return _NO_COVERAGE[coverage.grade].format(gaps=" ".join(coverage.gaps) or "they could not be named.")
    return None


def _why_not_this_account(s: Situation, user: User) -> str | None:
    if user.account_enabled is not True:
        return "The account is not known to be enabled. Check the account first."
    if is_guest(user):
        return "The account is a guest: its MFA belongs to its home tenant. Use a member account on the Mac."
    if known(s.evidence.membership, Membership()).role_template_ids:
        return f"The account holds a directory role. {portal_steps()}"
    return None


def _newest_broker_sign_in_at(s: Situation) -> datetime | None:
    rows = s.attempts.of_registration
    return next((row.sign_in.created_at for row in rows if row.sign_in.is_broker), None)


def _links(s: Situation, judgement: Judgement) -> tuple[str, ...]:
    failure = deciding_failure(s)
    return (*judgement.rule.links, lookup_page(failure.error_code)) if failure else judgement.rule.links
