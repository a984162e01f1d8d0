"""Everything that can go wrong, as a tree a caller can aim at.

BotError
├── BadInput                  what a person typed cannot be used
├── SettingsError             a setting is missing or wrong (names the key)
├── NoSuchUser                nobody in the tenant answers to that name
├── AmbiguousUser             several do
├── NotAllowed                this person may not do this here
├── NeedsStepUp               this person may, once they have signed in to Entra again
├── Conflict                  the request has moved on (carries the state it is in)
├── GraphError                Microsoft Graph did not give what was asked
│   ├── GraphRefused          403: permission, licence or a restricted object
│   ├── GraphNotFound         404: the object is gone
│   ├── GraphThrottled        429, or our own budget would be overrun (carries retry_after)
│   ├── GraphUnreachable      no answer in time, connection lost, 5xx
│   └── GraphMalformed        an answer that cannot be understood: HTML, cut JSON, a missing field
├── StoreUnavailable          the store did not answer
├── StreamUnavailable         the sign-in stream did not answer, or refuses our login
├── AuditUnavailable          the journal could not be written: nothing may be changed
└── SlackError                Slack refused or did not answer (carries Slack's error code)

Errors carry data; `bot.render.failure` finds the words.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class BotError(Exception):
    """Root of every error the bot raises on purpose."""


@dataclass(eq=False)
class BadInput(BotError):
    """What a person typed cannot be used; `problem` completes the sentence "That is …"."""

    problem: str
    field: str | None = None

    def __str__(self) -> str:
        return self.problem


@dataclass(eq=False)
class SettingsError(BotError):
    """A setting is missing or wrong."""

    key: str
    problem: str

    def __str__(self) -> str:
        return f"{self.key}: {self.problem}"


@dataclass(eq=False)
class NoSuchUser(BotError):
    """Nobody in the tenant answers to what was asked; `deleted` when the account is in the recycle bin."""

    asked: str
    deleted: bool = False

    def __str__(self) -> str:
        return f"no user answers to {self.asked!r}"


@dataclass(eq=False)
class AmbiguousUser(BotError):
    """More than one user answers to what was asked."""

    asked: str
    candidates: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.asked!r} matches {len(self.candidates)} users"


class Denial(StrEnum):
    """Why a person may not do something. Names go to the journal; render words them."""

    WRONG_WORKSPACE = "wrong_workspace"
    WRONG_APP = "wrong_app"
    OUTSIDER = "outsider"
    GUEST = "guest"
    BOT = "bot"
    DEACTIVATED = "deactivated"
    SHARED_CHANNEL = "shared_channel"
    NOT_POSTABLE = "not_postable"  # the approval channel takes no card; `detail` says why
    WRONG_CHANNEL = "wrong_channel"
    NOT_HELPDESK = "not_helpdesk"
    NOT_APPROVER = "not_approver"
    NO_ENTRA_PERSON = "no_entra_person"
    AMBIGUOUS_ENTRA_PERSON = "ambiguous_entra_person"
    ENTRA_PERSON_DISABLED = "entra_person_disabled"
    IS_REQUESTER = "is_requester"
    IS_TARGET = "is_target"
    NOT_REQUESTER = "not_requester"
    ALREADY_VOTED = "already_voted"
    TOO_SOON = "too_soon"
    STALE_CARD = "stale_card"
    UNKNOWN_REQUEST = "unknown_request"
    RATE_LIMITED = "rate_limited"
    FROZEN = "frozen"
    CANNOT_CHECK = "cannot_check"
    BREAK_GLASS = "break_glass"  # the target is on the list of accounts that are never touched
    PRIVILEGED = "privileged"  # the target holds, may activate or could give itself a directory role
    RESTRICTED_ACCOUNT = "restricted_account"  # in a restricted management administrative unit
    SERVICE_ACCOUNT = "service_account"  # no person signs in with the target
    GUEST_TARGET = "guest_target"  # the target's MFA belongs to another tenant
    UNCOVERED = "uncovered"  # nothing else is shown to demand MFA of the target
    NOT_REQUESTABLE = "not_requestable"  # the diagnosis does not support the change; `detail` says why
    STEP_UP_OFF = "step_up_off"  # the request needs a sign-in to Entra, and the bot is not set up for it
    STEP_UP_OVER = "step_up_over"  # the sign-in link is unknown, used or too old
    STEP_UP_INVALID = "step_up_invalid"  # Entra's answer does not belong to this sign-in; `detail` says what
    STEP_UP_UNFINISHED = "step_up_unfinished"  # Entra did not sign the person in; `detail` is its code
    STEP_UP_OTHER_PERSON = "step_up_other_person"
    STEP_UP_NOT_FRESH = "step_up_not_fresh"
    STEP_UP_NO_MFA = "step_up_no_mfa"


@dataclass(eq=False)
class NotAllowed(BotError):
    """This person may not do this here and now."""

    denial: Denial
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.denial}: {self.detail}" if self.detail else str(self.denial)


@dataclass(eq=False)
class NeedsStepUp(BotError):
    """The approval was not counted yet: this request wants the approver's fresh sign-in to Entra."""

    request_id: str

    def __str__(self) -> str:
        return f"request {self.request_id} needs a fresh sign-in"


@dataclass(eq=False)
class Conflict(BotError):
    """The request is not in a state that allows this; `state` is the one it is in."""

    request_id: str
    state: str
    by: str | None = None

    def __str__(self) -> str:
        return f"request {self.request_id} is {self.state}"


@dataclass(eq=False)
class GraphError(BotError):
    """Microsoft Graph did not give what was asked.

    `what` names the read or write in an admin's words, `request_id` is Graph's own reference.
    """

    what: str
    status: int | None = None
    code: str = ""
    message: str = ""
    request_id: str | None = None

    def __str__(self) -> str:
        parts = [self.what, str(self.status or ""), self.code]
        return " ".join(part for part in parts if part)


class RefusalKind(StrEnum):
    """What Graph refused for."""

    PERMISSION = "permission"
    LICENCE = "licence"
    RESTRICTED = "restricted"


@dataclass(eq=False)
class GraphRefused(GraphError):
    """403 (or 401 after a fresh token): a permission, a licence or a restricted object."""

    kind: RefusalKind = RefusalKind.PERMISSION
    needs: str | None = None


@dataclass(eq=False)
class GraphNotFound(GraphError):
    """404: the object is not, or no longer, there."""


@dataclass(eq=False)
class GraphThrottled(GraphError):
    """429, or our own budget would be overrun; `retry_after` in seconds when known."""

    retry_after: float | None = None


@dataclass(eq=False)
class GraphUnreachable(GraphError):
    """No answer in time, a lost connection or a 5xx; `timed_out` tells which."""

    timed_out: bool = False


@dataclass(eq=False)
class GraphMalformed(GraphError):
    """An answer that cannot be understood: HTML, cut JSON, a missing or unknown value."""


class StoreUnavailable(BotError):
    """The store did not answer, or refuses writes."""


class StreamUnavailable(BotError):
    """The sign-in stream (Event Hubs) did not answer, or refuses our login."""


class AuditUnavailable(BotError):
    """The journal could not be written, so nothing may be changed."""


@dataclass(eq=False)
class SlackError(BotError):
    """Slack refused or did not answer; `code` is Slack's own error word."""

    method: str
    code: str
    retry_after: float | None = None

    def __str__(self) -> str:
        return f"{self.method}: {self.code}"
