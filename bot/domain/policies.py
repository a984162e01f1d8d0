"""Tenant settings that decide whether, and by whom, MFA is demanded.

Shapes: https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class GuestScope:
    """includeGuestsOrExternalUsers / excludeGuestsOrExternalUsers."""

    types: frozenset[str] = frozenset()  # "internalGuest", "b2bCollaborationGuest"…


@dataclass(frozen=True, slots=True)
class UserScope:
    """Who a policy includes and excludes. Roles are role *template* ids."""

    include_users: frozenset[str] = frozenset()  # object ids, "All", "None", "GuestsOrExternalUsers"
    exclude_users: frozenset[str] = frozenset()
    include_groups: frozenset[str] = frozenset()
    exclude_groups: frozenset[str] = frozenset()
    include_roles: frozenset[str] = frozenset()
    exclude_roles: frozenset[str] = frozenset()
    include_guests: GuestScope | None = None
    exclude_guests: GuestScope | None = None


@dataclass(frozen=True, slots=True)
class AppScope:
    """Which resources or user actions a policy targets."""

    include_applications: frozenset[str] = frozenset()  # app ids, "All", "None", "Office365"…
    exclude_applications: frozenset[str] = frozenset()
    user_actions: frozenset[str] = frozenset()  # "urn:user:registerdevice"…
    authentication_contexts: frozenset[str] = frozenset()
    has_application_filter: bool = False


@dataclass(frozen=True, slots=True)
class Conditions:
    """Narrowing conditions. An empty set or None means the condition is not configured."""

    users: UserScope = field(default_factory=UserScope)
    applications: AppScope = field(default_factory=AppScope)
    client_app_types: frozenset[str] = frozenset()  # "all", "browser", "mobileAppsAndDesktopClients"…
    include_platforms: frozenset[str] = frozenset()  # "all", "macOS"…
    exclude_platforms: frozenset[str] = frozenset()
    include_locations: frozenset[str] = frozenset()  # "All", "AllTrusted", named location ids
    exclude_locations: frozenset[str] = frozenset()
    sign_in_risk_levels: frozenset[str] = frozenset()
    user_risk_levels: frozenset[str] = frozenset()
    insider_risk_levels: frozenset[str] = frozenset()
    service_principal_risk_levels: frozenset[str] = frozenset()
    device_filter_mode: str | None = None  # "include" or "exclude"
    device_filter_rule: str = ""
    transfer_methods: frozenset[str] = frozenset()  # authenticationFlows: "deviceCodeFlow"…
    has_client_applications: bool = False  # workload identities: never about a person


@dataclass(frozen=True, slots=True)
class Grant:
    """grantControls. `strength_satisfies_mfa` is None when no authentication strength is set."""

    operator: str = "OR"
    built_in_controls: frozenset[str] = frozenset()
    custom_factors: frozenset[str] = frozenset()
    terms_of_use: frozenset[str] = frozenset()
    strength_name: str | None = None
    strength_satisfies_mfa: bool | None = None


@dataclass(frozen=True, slots=True)
class ConditionalAccessPolicy:
    """One Conditional Access policy. `grant` None: only session controls."""

    id: str
    display_name: str
    state: str  # "enabled", "disabled", "enabledForReportingButNotEnforced"
    conditions: Conditions = field(default_factory=Conditions)
    grant: Grant | None = None


LEAST_OF_AN_ID = 8


def told_apart(policies: Iterable[ConditionalAccessPolicy]) -> tuple[ConditionalAccessPolicy, ...]:
    """Return the policies; where several bear one display name, each with the start of its id behind it."""
    given = tuple(policies)
    twins: dict[str, list[str]] = {}
    for policy in given:
        twins.setdefault(policy.display_name, []).append(policy.id)
    return tuple(
        policy
        if len(ids := twins[policy.display_name]) == 1
        else replace(policy, display_name=f"{policy.display_name} (id {_start(policy.id, ids)})")
        for policy in given
    )


def _start(policy_id: str, ids: list[str]) -> str:
    is_enough = len({each[:LEAST_OF_AN_ID] for each in ids}) == len(ids)
    return policy_id[:LEAST_OF_AN_ID] if is_enough else policy_id


@dataclass(frozen=True, slots=True)
class NamedLocation:
    """A named location: address ranges or countries."""

    id: str
    display_name: str
    is_trusted: bool = False
    ip_ranges: tuple[str, ...] = ()
    countries: frozenset[str] = frozenset()
    include_unknown_countries: bool = False


@dataclass(frozen=True, slots=True)
class DeviceRegistrationPolicy:
    """policies/deviceRegistrationPolicy: who may join, how many, and whether MFA is demanded."""

    mfa_required: bool | None = None
    user_device_quota: int | None = None
    join_allowed: str = "all"  # "all", "none", "selected", "unknown"
    join_users: frozenset[str] = frozenset()
    join_groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TrialSignIn:
    """A sign-in to try against Conditional Access: one What-If question."""

    name: str  # "browser on macOS", "desktop client on macOS", "outside location"
    application: str
    client_app_type: str
    platform: str = "macOS"
    ip_address: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class AppliedPolicy:
    """An enabled policy that What-If says applies: found again by id, as names may repeat."""

    id: str
    display_name: str


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """What Graph's What-If says applies to one trial: those that demand MFA, and the others."""

    trial: TrialSignIn
    mfa_policies: tuple[AppliedPolicy, ...]
    other_policies: tuple[AppliedPolicy, ...] = ()
