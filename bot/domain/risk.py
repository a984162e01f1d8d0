"""Who may be changed, how many must approve it, and what may be written down about it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from bot.domain.grade import Coverage, Grade
from bot.domain.people import AuthenticationMethod, PerUserMfaState, User
from bot.errors import BadInput, Denial

SHORTEST_REASON = 5
LONGEST_REASON = 500
LONGEST_TICKET = 100

_SECRETS = (
    re.compile(r"\bxox[a-z]-[\w-]{6,}|\bxapp-[\w-]{6,}|\bxoxe\.\S{6,}", re.IGNORECASE),  # Slack
    re.compile(r"\beyJ[\w-]{8,}"),  # a JSON Web Token
    re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{12,}"),  # an AWS access key
    re.compile(r"\bgh[a-z]_\w{20,}|\bgithub_pat_\w{20,}"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
    re.compile(
        r"\b(?:password|passwd|passcode|passphrase|pwd|pw|secret|api[ _-]?key|token|kennwort|passwort)\b"
        r"\s*(?:[:=]|(?:is|ist|lautet)\b)\s*\S",
        re.IGNORECASE,
    ),
    re.compile(r"\b[0-9a-f]{32,}\b", re.IGNORECASE),
    re.compile(r"\b[\w.~-]{3}8Q~[\w.~-]{31,}"),  # an Entra client secret
)


def looks_secret(text: str) -> bool:
    """Tell whether `text` seems to hold a password, key or token."""
    return any(pattern.search(text) for pattern in _SECRETS)


def problem_with_note(text: str, longest: int = LONGEST_TICKET) -> str | None:
    """Say what is wrong with an optional note, completing "That is …"; None: nothing."""
    if len(text) > longest:
        return f"too long: at most {longest} characters"
    if looks_secret(text):
        return "something that looks like a password, key or token; leave secrets out"
    return None


def problem_with_reason(text: str) -> str | None:
    """Say what is wrong with a reason, completing "That is …"; None: nothing."""
    written = text.strip()
    if not written:
        return "empty: say in a few words why"
    if len(written) < SHORTEST_REASON:
        return f"too short: at least {SHORTEST_REASON} characters"
    return problem_with_note(written, LONGEST_REASON)


def checked_reason(text: str) -> str:
    """Return a reason as it is kept, without blanks around it. Raises BadInput."""
    problem = problem_with_reason(text)
    if problem is not None:
        raise BadInput(problem, "reason")
    return text.strip()


def is_break_glass(user: User, break_glass: Collection[str]) -> bool:
    """Tell whether the account is on the list of those that are never touched (object ids, UPNs, mails)."""
    names = {user.id.lower(), user.user_principal_name.lower(), (user.mail or "").lower()} - {""}
    return not names.isdisjoint(name.lower() for name in break_glass)


# --- how many must approve ----------------------------------------------------------------------------------

YOUNG = timedelta(days=7)
RECENT = timedelta(hours=24)
UNCOVERED_RESTORE_HOURS = 24.0
LONGEST_RESTORE_HOURS = 30 * 24.0

SERVICE_NAMES = ("sync_", "svc-", "svc_", "adtoaadsyncserviceaccount", "msol_")
"""How the UPNs of accounts begin that no person signs in with: those of Microsoft's directory
synchronisation, and the common prefixes for services.
https://learn.microsoft.com/entra/identity/hybrid/connect/reference-connect-accounts-permissions
"""

SERVICE_DISPLAY_NAMES = ("on-premises directory synchronization service account",)

NO_SECOND_FACTOR = frozenset({"password", "email", "temporaryAccessPass"})
"""Kinds of registered methods that cannot answer a demand for MFA in the long run."""


@dataclass(frozen=True, slots=True)
class RiskFacts:
    """What decides who must approve a change. What could not be read stands in `unreadable`, in words."""

    user: User
    state: PerUserMfaState | None
    coverage: Coverage
    now: datetime
    is_break_glass: bool = False
    active_roles: tuple[str, ...] = ()
    eligible_roles: tuple[str, ...] = ()
    role_assignable_groups: tuple[str, ...] = ()  # member or owner of
    methods: tuple[AuthenticationMethod, ...] = ()
    password_changes: tuple[datetime, ...] = ()
    method_changes: tuple[datetime, ...] = ()
    is_open: bool = True  # asked for within the opening hours
    allows_uncovered: bool = False  # the organisation lets two approvers decide about uncovered users
    why_not: str | None = None  # why the diagnosis does not support the change
    restore_after_hours: float | None = None  # the time box that was asked for
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """The change may not be made; `sentence` says why and what to do."""

    denial: Denial
    sentence: str


@dataclass(frozen=True, slots=True)
class Needs:
    """So many approvals, because of so much; `warnings` must not be missed by who approves."""

    approvals: int
    because: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    restore_after_hours: float | None = None


Tier: TypeAlias = Refused | Needs


def tier(facts: RiskFacts) -> Tier:
    """Tell whether the change may be asked for, and how many must approve it. Partial knowledge is a no."""
    refusals = (_about_account(facts), _about_reading(facts), _about_evidence(facts))
    refused = next((refusal for refusal in refusals if refusal is not None), None)
    if refused is not None:
        return refused
    because = _sensitive(facts)
    hours = facts.restore_after_hours or (UNCOVERED_RESTORE_HOURS if _is_uncovered(facts.coverage) else None)
    return Needs(2 if because else 1, because, _warnings(facts, hours), hours)


def portal_steps() -> str:
    """Return how a change is made that the bot leaves to people.

    https://learn.microsoft.com/entra/identity/authentication/howto-mfa-userstates
    """
    return (
        "Use the Entra admin center: an Authentication Policy Administrator opens Users > All users > "
        "Per-user MFA, selects the person and chooses Disable MFA."
    )


def is_guest(user: User) -> bool:
    """Tell whether the account was invited.

    Old member accounts have no user type, so none is no sign of a guest; the name of an invited one is.
    """
    if user.user_type is None:
        return "#ext#" in user.user_principal_name.lower()
    return user.user_type.lower() != "member"


def is_service_account(user: User) -> bool:
    """Tell whether the account's names are those of a service. Only the names are known, so it is a guess."""
    upn, shown = user.user_principal_name.lower(), user.display_name.strip().lower()
    return upn.startswith(SERVICE_NAMES) or shown.startswith(SERVICE_DISPLAY_NAMES)


def _about_account(facts: RiskFacts) -> Refused | None:
    """Accounts that are left to people, whatever the evidence says."""
    user = facts.user
    powers = [
        *(f"holds the directory role “{name}”" for name in facts.active_roles),
        *(f"may activate the directory role “{name}”" for name in facts.eligible_roles),
        *(
            f"belongs to or owns “{name}”, a group that can hold roles"
            for name in facts.role_assignable_groups
        ),
    ]
    power = f"The account {powers[0] if powers else ''}. {portal_steps()}"
    rows = (
        (facts.is_break_glass, Denial.BREAK_GLASS, "The account is on the list that is never touched."),
        (bool(powers), Denial.PRIVILEGED, power),
        (user.is_management_restricted, Denial.RESTRICTED_ACCOUNT, _RESTRICTED),
        (is_service_account(user), Denial.SERVICE_ACCOUNT, _SERVICE),
        (is_guest(user), Denial.GUEST_TARGET, "The account is a guest: its MFA belongs to its home tenant."),
        (user.account_enabled is not True, Denial.NOT_REQUESTABLE, "The account is not known to be enabled."),
    )
    return next((Refused(denial, sentence) for applies, denial, sentence in rows if applies), None)


_RESTRICTED = (
    "The account is in a restricted management administrative unit, where the bot has no right: "
    "ask the administrators of that unit."
)
_SERVICE = f"The account looks like one of a service or of directory synchronisation. {portal_steps()}"


def _about_reading(facts: RiskFacts) -> Refused | None:
    missing = list(facts.unreadable)
    if facts.state is None:
        missing.append("The per-user MFA state could not be read.")
    return Refused(Denial.CANNOT_CHECK, " ".join(missing)) if missing else None


def _about_evidence(facts: RiskFacts) -> Refused | None:
    if _is_uncovered(facts.coverage) and not facts.allows_uncovered:
        return Refused(Denial.UNCOVERED, facts.why_not or _NOT_COVERED[facts.coverage.grade])
    if facts.state is PerUserMfaState.DISABLED:
        return Refused(Denial.NOT_REQUESTABLE, facts.why_not or "Per-user MFA is already disabled.")
    return Refused(Denial.NOT_REQUESTABLE, facts.why_not) if facts.why_not else None


_NOT_COVERED = {
    Grade.NONE: "Nothing else would demand MFA of this user.",
    Grade.UNKNOWN: "Whether another control demands MFA of this user could not be shown.",
}


def _is_uncovered(coverage: Coverage) -> bool:
    return coverage.grade in _NOT_COVERED


_DOUBTS = {
    Grade.PARTIAL: "some sign-ins of this user would not be asked for MFA",
    Grade.NONE: "nothing else demands MFA of this user",
    Grade.UNKNOWN: "coverage could not be shown",
}


def _sensitive(facts: RiskFacts) -> tuple[str, ...]:
    """Return why one approver is not enough, the most serious first; empty for the ordinary case."""
    created_at = facts.user.created_at
    rows = (
        (facts.coverage.grade is not Grade.FULL, _DOUBTS.get(facts.coverage.grade, "")),
        (_is_recent(facts.password_changes, facts.now), "the password was changed within the last 24 hours"),
        (
            _is_recent(facts.method_changes, facts.now),
            "a sign-in method was added or changed within the last 24 hours",
        ),
        (created_at is None, "how old the account is, is not known"),
        (created_at is not None and facts.now - created_at < YOUNG, "the account is younger than 7 days"),
        (not facts.is_open, "it was asked for outside the opening hours"),
    )
    return tuple(sentence for applies, sentence in rows if applies)


def _is_recent(times: tuple[datetime, ...], now: datetime) -> bool:
    return any(now - at < RECENT for at in times)


def _warnings(facts: RiskFacts, restore_after_hours: float | None) -> tuple[str, ...]:
    found = []
    if _is_uncovered(facts.coverage):
        found.append(
            f"{_NOT_COVERED[facts.coverage.grade]} After the change a password alone may be enough to sign "
            "in as this person. Unless the Mac registers, per-user MFA is restored after "
            f"{restore_after_hours:g} hours."
        )
    if all(method.kind in NO_SECOND_FACTOR for method in facts.methods):
        found.append(
            "No MFA method is registered: whoever signs in next with the password is asked to register one."
        )
    return tuple(found)
