"""A change to one person's sign-in security: its states, who moves it between them, and what it records.

States (terminal ones marked *):

    pending ─quorum→ approved ─claim→ executing ─read back→ verified*
       │ deny→ denied*  cancel→ cancelled*  time→ expired*    └ gave up → failed*
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.diagnosis import Coverage
from bot.domain.people import ObjectId, PerUserMfaState
from bot.errors import Denial


class ChangeKind(StrEnum):
    """What the change does to the per-user MFA state."""

    DISABLE = "disable"
    RESTORE = "restore"


class State(StrEnum):
    """Where a request stands."""

    PENDING = "pending"
    APPROVED = "approved"
    EXECUTING = "executing"
    VERIFIED = "verified"
    FAILED = "failed"
    DENIED = "denied"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


TERMINAL = frozenset({State.VERIFIED, State.FAILED, State.DENIED, State.CANCELLED, State.EXPIRED})


class Failure(StrEnum):
    """Why an approved change did not end verified."""

    POLICY = "policy"  # a check directly before the change said no
    PERMISSION = "permission"  # Graph refused the write
    GONE = "gone"  # the account is no longer there
    UNVERIFIED = "unverified"  # written, but the wanted state was not read back in time
    RETRYABLE = "retryable"  # Graph could not be reached long enough
    INTEGRITY = "integrity"  # the stored record does not carry our signature


class Decision(StrEnum):
    """What an approver said."""

    APPROVE = "approve"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who acts: a Slack account bound to an Entra account."""

    object_id: ObjectId
    slack_id: str
    team_id: str
    name: str
    employee_id: str = ""  # what a person's several Entra accounts have in common, when Entra knows it


@dataclass(frozen=True, slots=True)
class Target:
    """Whose state is to be changed."""

    object_id: ObjectId
    user_principal_name: str
    display_name: str
    employee_id: str = ""


@dataclass(frozen=True, slots=True)
class Vote:
    """One approver's decision; `mac` signs it, so that a writer to the store cannot invent one."""

    person: Person
    decision: Decision
    at: datetime
    reason: str = ""
    mac: str = ""


@dataclass(frozen=True, slots=True)
class CardRef:
    """The message in the approval channel that shows a request."""

    channel: str
    ts: str
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class Wish:
    """The fixed part of a request: what was asked for, by whom, and on what evidence. It is signed."""

    id: str
    tenant: str
    kind: ChangeKind
    target: Target
    requester: Person
    before: PerUserMfaState
    wanted: PerUserMfaState
    reason: str
    ticket: str
    verdict: str
    rule: str
    confidence: float
    summary: str
    evidence_read_at: datetime
    coverage: Coverage | None  # None: not checked, the card says so
    quorum: int
    quorum_because: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    identity_check: str = ""  # how the caller's identity was verified
    undoes: str | None = None  # the request that this one takes back
    restore_after_hours: float | None = None  # time box: restore after so many hours unless registered
    warnings: tuple[str, ...] = ()  # what the approver must not miss, most serious first
    step_up: bool = False  # each vote needs the approver's fresh Entra sign-in


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """A request as it stands now: the signed wish and everything that happened to it."""

    wish: Wish
    state: State
    version: int
    votes: tuple[Vote, ...] = ()
    fence: int = 0
    failure: Failure | None = None
    outcome: str = ""  # one sentence for people
    decided_at: datetime | None = None
    finished_at: datetime | None = None
    card: CardRef | None = None
    intact: bool = True  # False: the stored wish or a vote does not carry our signature

    @property
    def id(self) -> str:
        """The request's opaque id."""
        return self.wish.id

    @property
    def approvals(self) -> tuple[Vote, ...]:
        """Approving votes, oldest first."""
        return tuple(vote for vote in self.votes if vote.decision is Decision.APPROVE)


def fulfils(wish: Wish, state: PerUserMfaState) -> bool:
    """Tell whether `state` is what was wished for.

    A restored "enabled" turns into "enforced" by itself once the user has a method registered:
    https://learn.microsoft.com/entra/identity/authentication/howto-mfa-userstates
    """
    if wish.kind is ChangeKind.RESTORE and wish.wanted is PerUserMfaState.ENABLED:
        return state in (PerUserMfaState.ENABLED, PerUserMfaState.ENFORCED)
    return state is wish.wanted


def employee_number(one: Person | Target) -> str:
    """Return the employee id in the form in which two of them are compared; "" when there is none."""
    return one.employee_id.strip().casefold()


def is_same_person(one: Person | Target, other: Person | Target) -> bool:
    """Tell whether two accounts are one person's: the same in Entra, or two with one employee id."""
    if one.object_id == other.object_id:
        return True
    number = employee_number(one)
    return bool(number) and number == employee_number(other)


def has_quorum(request: ChangeRequest) -> bool:
    """Tell whether enough different persons, neither requester nor target, approved, and nobody denied."""
    wish = request.wish
    voters: list[Person | Target] = [wish.requester, wish.target]
    for vote in request.approvals:
        if not any(is_same_person(vote.person, other) for other in voters):
            voters.append(vote.person)
    return len(voters) - 2 >= max(wish.quorum, 1) and len(request.approvals) == len(request.votes)


def denial_of_card(
    request: ChangeRequest, channel: str, message_ts: str, version: int | None
) -> Denial | None:
    """Tell whether a click came from the message that shows the request, in a version that was shown."""
    card = request.card
    if card is None or (card.channel, card.ts) != (channel, message_ts):
        return Denial.STALE_CARD
    # What is asked for never changes, so a vote on an older version is as good; any other is invented.
    if version is None or not 1 <= version <= request.version:
        return Denial.STALE_CARD
    return None


def denial_of_haste(request: ChangeRequest, clicked_at: datetime, no_sooner: timedelta) -> Denial | None:
    """Tell whether the click came too soon after the card was posted for anyone to have read it."""
    if request.card is None or clicked_at - request.card.posted_at < no_sooner:
        return Denial.TOO_SOON
    return None


def denial_of_voter(request: ChangeRequest, person: Person) -> Denial | None:
    """Tell whether `person` asked for the change, is its target, or voted with another account of theirs."""
    if is_same_person(person, request.wish.requester):
        return Denial.IS_REQUESTER
    if person.slack_id == request.wish.requester.slack_id:
        return Denial.IS_REQUESTER
    if is_same_person(person, request.wish.target):
        return Denial.IS_TARGET
    others = (vote.person for vote in request.votes if vote.person.object_id != person.object_id)
    # The store knows who voted with this very account, and repeats to a repeated click what it did.
    return Denial.ALREADY_VOTED if any(is_same_person(person, other) for other in others) else None
