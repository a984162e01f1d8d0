"""Invented facts with harmless defaults: a test names only what it is about.

By default everything was read, Ada is an ordinary enabled member with per-user MFA disabled,
no Mac, no sign-in, security defaults off and no Conditional Access policy.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from bot.domain.diagnosis import Coverage, Grade
from bot.domain.evidence import Absent, Evidence, Fact, Known, Unreadable, Why
from bot.domain.people import (
    AuthenticationMethod,
    Device,
    Membership,
    PerUserMfaState,
    User,
    object_id,
)
from bot.domain.policies import (
    AppScope,
    ConditionalAccessPolicy,
    Conditions,
    DeviceRegistrationPolicy,
    Grant,
    UserScope,
)
from bot.domain.sign_ins import (
    BROKER_APP,
    DEVICE_REGISTRATION_RESOURCE,
    AppliedPolicy,
    RequirementSource,
    SignIn,
)

T = TypeVar("T")

NOW = datetime(2026, 9, 10, 9, 0, tzinfo=UTC)
ADA = object_id("11111111-aaaa-4bbb-8ccc-000000000001")
AAD_GRAPH = "00000002-0000-0000-c000-000000000000"
OUTLOOK_APP = "d3590ed6-52b3-4102-aeff-aad2292ab01c"
JAMF_CONNECT_APP = "22222222-aaaa-4bbb-8ccc-00000000c0de"
JAMF_REGISTRATION_APP = "22222222-aaaa-4bbb-8ccc-00000000d00d"
PER_USER = (RequirementSource("user", "Per-user MFA"),)
BY_CA = (RequirementSource("multiConditionalAccess", "Conditional Access"),)
BY_SECURITY_DEFAULTS = (RequirementSource("securityDefaults", "Security defaults"),)

_numbers = count(1)


def minutes_ago(minutes: float) -> datetime:
    """Return the time so many minutes before NOW."""
    return NOW - timedelta(minutes=minutes)


def read(value: T, source: str = "Microsoft Graph", at: datetime = NOW) -> Known[T]:
    """Return a fact that was read."""
    return Known(value, at, source)


def unreadable(reason: str = "the app lacks a permission", why: Why = Why.PERMISSION) -> Unreadable:
    """Return a fact that could not be read."""
    return Unreadable(why, reason, "Microsoft Graph")


def absent(source: str = "Microsoft Graph") -> Absent:
    """Return a fact that Graph does not have."""
    return Absent(NOW, source)


def a_user(**change: Any) -> User:
    """Return Ada, an enabled member whose password is old."""
    facts: dict[str, Any] = {
        "id": ADA,
        "user_principal_name": "ada@contoso.com",
        "display_name": "Ada Example",
        "mail": "ada@contoso.com",
        "account_enabled": True,
        "user_type": "Member",
        "last_password_change_at": NOW - timedelta(days=100),
    }
    return User(**(facts | change))


def a_sign_in(error_code: int = 0, minutes: float = 46, **change: Any) -> SignIn:
    """Return a non-interactive broker sign-in from Ada's Mac, `minutes` before NOW."""
    number = next(_numbers)
    facts: dict[str, Any] = {
        "id": f"sign-in-{number}",
        "created_at": minutes_ago(minutes),
        "user_id": ADA,
        "app_id": BROKER_APP,
        "app_name": "Microsoft Authentication Broker",
        "resource_id": AAD_GRAPH,
        "resource_name": "Windows Azure Active Directory",
        "error_code": error_code,
        "is_interactive": False,
        "correlation_id": f"cccccccc-0000-4000-8000-{number:012d}",
        "ip_address": "203.0.113.7",
        "country": "DE",
        "operating_system": "MacOs",
        "conditional_access_status": "notApplied",
        "applied_policies": (),
        "requirement_sources": None,
    }
    return SignIn(**(facts | change))


def a_device_registration(error_code: int = 0, minutes: float = 50, **change: Any) -> SignIn:
    """Return a broker sign-in to the Device Registration Service."""
    facts = {"resource_id": DEVICE_REGISTRATION_RESOURCE, "resource_name": "Device Registration Service"}
    return a_sign_in(error_code, minutes, **(facts | change))


def per_user_mfa_failure(minutes: float = 46, **change: Any) -> SignIn:
    """Return the cardinal case: the broker refused with 50076, the record naming per-user MFA."""
    facts = {"requirement_sources": PER_USER}
    return a_sign_in(50076, minutes, **(facts | change))


def an_applied_policy(
    result: str = "failure", *controls: str, name: str = "Require MFA for all users"
) -> AppliedPolicy:
    """Return a Conditional Access policy as a sign-in lists it."""
    return AppliedPolicy("pol-1", name, result, controls or ("Mfa",))


def a_policy(name: str = "Require MFA for all users", **change: Any) -> ConditionalAccessPolicy:
    """Return an enabled policy that demands MFA of all users for all resources."""
    facts: dict[str, Any] = {
        "id": "pol-1",
        "display_name": name,
        "state": "enabled",
        "conditions": Conditions(
            users=UserScope(include_users=frozenset({"All"})),
            applications=AppScope(include_applications=frozenset({"All"})),
        ),
        "grant": Grant(built_in_controls=frozenset({"mfa"})),
    }
    return ConditionalAccessPolicy(**(facts | change))


def a_mac(minutes: float = 48, **change: Any) -> Device:
    """Return a joined, enabled Mac registered `minutes` before NOW."""
    facts: dict[str, Any] = {
        "id": "device-object-1",
        "device_id": "device-1",
        "display_name": "Ada's MacBook",
        "operating_system": "MacMDM",
        "trust_type": "AzureAd",
        "account_enabled": True,
        "registered_at": minutes_ago(minutes),
    }
    return Device(**(facts | change))


def a_platform_credential(minutes: float = 30, **change: Any) -> AuthenticationMethod:
    """Return the key Platform SSO leaves behind in Secure Enclave mode."""
    facts: dict[str, Any] = {
        "id": "method-pc-1",
        "kind": "platformCredential",
        "display_name": "Ada's MacBook",
        "created_at": minutes_ago(minutes),
        "platform": "macOS",
    }
    return AuthenticationMethod(**(facts | change))


def an_authenticator() -> AuthenticationMethod:
    """Return a registered Microsoft Authenticator."""
    return AuthenticationMethod("method-1", "microsoftAuthenticator", "Ada's phone", minutes_ago(90_000))


def as_fact(value: Any) -> Fact[Any]:
    """Return `value` as a known fact; facts stay what they are."""
    return value if isinstance(value, Known | Absent | Unreadable) else read(value)


def an_evidence(*sign_ins: SignIn, state: Any = PerUserMfaState.DISABLED, **change: Any) -> Evidence:
    """Return evidence with these sign-ins, sorted into the two logs; other facts by their field name.

    Plain values become known facts; pass `unreadable()` or `absent()` for the other two kinds.
    """
    facts: dict[str, Any] = {
        "user": a_user(),
        "per_user_mfa_state": PerUserMfaState(state) if isinstance(state, str) else state,
        "interactive": tuple(row for row in sign_ins if row.is_interactive),
        "non_interactive": tuple(row for row in sign_ins if not row.is_interactive),
        "security_defaults": False,
        "conditional_access_policies": (),
        "named_locations": (),
        "device_registration_policy": DeviceRegistrationPolicy(mfa_required=False, user_device_quota=50),
        "devices": (),
        "methods": (an_authenticator(),),
        "membership": Membership(),
        "what_if": unreadable("What-If was not asked", Why.NOT_ASKED),
        "state_changed_at": absent("change log"),
    }
    plain: dict[str, Any] = {"asked": "ada@contoso.com", "now": NOW, "window": timedelta(hours=72)}
    for name, value in change.items():
        (facts if name in facts else plain)[name] = value
    return Evidence(**(plain | {name: as_fact(value) for name, value in facts.items()}))


def a_coverage(grade: Grade = Grade.FULL) -> Coverage:
    """Return what another control still demands; FULL unless told."""
    gaps = () if grade is Grade.FULL else ("Nobody demands MFA of this user from macOS.",)
    return Coverage(grade, ("Require MFA for all users",) if grade is Grade.FULL else (), gaps)
