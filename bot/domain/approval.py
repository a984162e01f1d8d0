"""A change to one person's sign-in security: its states, who moves it between them, and what it records.

States (terminal ones marked *):

    pending ─quorum→ approved ─claim→ executing ─read back→ verified*
       │ deny→ denied*  cancel→ cancelled*  time→ expired*    └ gave up → failed*
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.diagnosis import Coverage
from bot.domain.people import ObjectId, PerUserMfaState


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

TRANSITIONS: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.APPROVED, State.DENIED, State.CANCELLED, State.EXPIRED}),
    State.APPROVED: frozenset({State.EXECUTING}),
    State.EXECUTING: frozenset({State.EXECUTING, State.VERIFIED, State.FAILED}),
}
"""Every allowed move. `executing → executing` is a new worker taking over after a lease ended."""


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
    """Someone who acts: a Slack account bound to an Entra account. Persons are compared by `object_id`."""

    object_id: ObjectId
    slack_id: str
    team_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Target:
    """Whose state is to be changed."""

    object_id: ObjectId
    user_principal_name: str
    display_name: str


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
