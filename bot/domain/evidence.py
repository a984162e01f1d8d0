"""What was read about one user: every fact known, absent or unreadable with a reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

from bot.domain.people import AuthenticationMethod, Device, Membership, PerUserMfaState, User
from bot.domain.policies import (
    ConditionalAccessPolicy,
    DeviceRegistrationPolicy,
    NamedLocation,
    TrialOutcome,
)
from bot.domain.sign_ins import SignIn

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """A fact that was read: its value, when, and from which call."""

    value: T
    read_at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Absent:
    """Graph answered, and there is nothing: a missing object or property. Never a "no"."""

    read_at: datetime
    source: str


class Why(StrEnum):
    """Why a fact could not be read."""

    PERMISSION = "permission"
    LICENCE = "licence"
    THROTTLED = "throttled"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    MALFORMED = "malformed"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A fact that could not be read. `reason` is a sentence for people: what, why and what to grant."""

    why: Why
    reason: str
    source: str


Fact: TypeAlias = Known[T] | Absent | Unreadable

NOT_ASKED = Unreadable(Why.NOT_ASKED, "This was not asked for.", "")


def known(fact: Fact[T], default: U) -> T | U:
    """Return the value of a known fact, or `default`. Only for display: rules ask three-valued."""
    return fact.value if isinstance(fact, Known) else default


class PasteState(StrEnum):
    """User state as `app-sso platform -s` prints it."""

    NORMAL = "normal"
    NEEDS_NEW_KEYS = "needs new keys"
    NEEDS_REGISTRATION = "needs registration"
    NEEDS_BINDING = "needs binding"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AppSso:
    """What `app-sso platform -s` on the Mac says, redacted. None: the output did not say."""

    method: str | None = None  # "password", "secure enclave", "smart card"
    registration_completed: bool | None = None
    user_state: PasteState = PasteState.UNKNOWN
    has_device_configuration: bool = False
    has_login_configuration: bool = False
    has_user_configuration: bool = False
    login_user_name: str | None = None
    tokens_received_at: datetime | None = None
    taken_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Peers:
    """What happened to other users of the tenant this week, from the alert stream."""

    disabled_registered: int = 0
    disabled_failed_same_way: int = 0
    enforced_registered: int = 0
    enforced_failed: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything one diagnosis rests on. Facts that depend on the user are NOT_ASKED without one."""

    asked: str
    now: datetime
    window: timedelta
    user: Fact[User]
    user_was_deleted: bool = False
    per_user_mfa_state: Fact[PerUserMfaState] = NOT_ASKED
    interactive: Fact[tuple[SignIn, ...]] = NOT_ASKED
    non_interactive: Fact[tuple[SignIn, ...]] = NOT_ASKED
    security_defaults: Fact[bool] = NOT_ASKED
    conditional_access_policies: Fact[tuple[ConditionalAccessPolicy, ...]] = NOT_ASKED
    named_locations: Fact[tuple[NamedLocation, ...]] = NOT_ASKED
    device_registration_policy: Fact[DeviceRegistrationPolicy] = NOT_ASKED
    devices: Fact[tuple[Device, ...]] = NOT_ASKED
    methods: Fact[tuple[AuthenticationMethod, ...]] = NOT_ASKED
    membership: Fact[Membership] = NOT_ASKED
    what_if: Fact[tuple[TrialOutcome, ...]] = NOT_ASKED
    state_changed_at: Fact[datetime] = NOT_ASKED  # our own change log; Absent: we never changed it
    app_sso: AppSso | None = None
    peers: Peers | None = None
    says_they_tried_at: datetime | None = None
    notes: tuple[str, ...] = field(default=())
