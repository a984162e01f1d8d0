"""A small tenant for coverage tests, and a What-If of our own: one concrete sign-in, judged point by point.

It shares no code with the judge: where both agree, two different readings agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import TypeVar

from bot.domain.coverage import trials_for
from bot.domain.evidence import Evidence, Known
from bot.domain.people import Membership, User, object_id
from bot.domain.policies import (
    AppliedPolicy,
    AppScope,
    ConditionalAccessPolicy,
    Conditions,
    Grant,
    NamedLocation,
    TrialOutcome,
    TrialSignIn,
    UserScope,
)

T = TypeVar("T")

NOW = datetime(2026, 9, 10, 8, 0, tzinfo=UTC)
SHAREPOINT = "00000003-0000-0ff1-ce00-000000000000"
EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
SALESFORCE = "481732f5-fe5b-48c0-8445-d238ab230658"

ADA = User(
    object_id("11111111-1111-4111-8111-111111111111"),
    "ada@contoso.com",
    "Ada Example",
    user_type="Member",
)
GUEST = User(
    object_id("22222222-2222-4222-8222-222222222222"),
    "bo_fabrikam.com#EXT#@contoso.com",
    "Bo Example",
    user_type="Guest",
)

HEADQUARTERS = NamedLocation("hq", "Headquarters", is_trusted=True, ip_ranges=("203.0.112.0/24",))
FLOOR = NamedLocation("floor", "Third floor", ip_ranges=("203.0.112.32/28",))
BRANCH = NamedLocation("branch", "Branch", ip_ranges=("192.0.3.0/24", "2001:db9::/32"))
OFFICE = NamedLocation("office", "Office", is_trusted=True, ip_ranges=("192.0.2.0/28",))
FINLAND = NamedLocation("fi", "Finland", countries=frozenset({"FI"}))
LOCATIONS = (HEADQUARTERS, FLOOR, BRANCH, OFFICE, FINLAND)

NO_MEMBERSHIP = Membership()
ALL_APPS = AppScope(frozenset({"All"}))
EVERYONE = Conditions(users=UserScope(frozenset({"All"})), applications=ALL_APPS)
MFA = Grant("OR", frozenset({"mfa"}))
BLOCK = Grant("OR", frozenset({"block"}))


def a_policy(
    name: str,
    *,
    state: str = "enabled",
    conditions: Conditions = EVERYONE,
    grant: Grant | None = MFA,
) -> ConditionalAccessPolicy:
    return ConditionalAccessPolicy(f"id of {name}", name, state, conditions, grant)


def fact(value: T) -> Known[T]:
    return Known(value, NOW, "GET x")


def an_evidence(
    policies: tuple[ConditionalAccessPolicy, ...],
    *,
    user: User = ADA,
    membership: Membership = NO_MEMBERSHIP,
) -> Evidence:
    """Everything readable, and a What-If that answers truly."""
    return Evidence(
        asked=user.user_principal_name,
        now=NOW,
        window=timedelta(hours=72),
        user=fact(user),
        security_defaults=fact(False),
        conditional_access_policies=fact(policies),
        named_locations=fact(LOCATIONS),
        membership=fact(membership),
        what_if=fact(what_if_of(policies, trials_for(LOCATIONS), user, membership)),
    )


@dataclass(frozen=True)
class Point:
    """One concrete sign-in."""

    app: str
    client: str
    platform: str
    address: str | None
    country: str | None
    in_office_365: bool
    is_registered: bool = False
    is_picked_by_filters: bool = False


def what_if_of(
    policies: Iterable[ConditionalAccessPolicy],
    trials: Iterable[TrialSignIn],
    user: User,
    membership: Membership,
) -> tuple[TrialOutcome, ...]:
    """Answer as Graph does: enabled policies that apply, those that mention MFA apart from the others."""
    applying = [
        p for p in policies if p.state == "enabled" and is_about(p.conditions.users, user, membership)
    ]
    return tuple(_outcome(trial, applying) for trial in trials)


def _outcome(trial: TrialSignIn, policies: Iterable[ConditionalAccessPolicy]) -> TrialOutcome:
    point = Point(
        trial.application, trial.client_app_type, trial.platform, trial.ip_address, trial.country, True
    )
    hit = [policy for policy in policies if applies(policy.conditions, point)]
    return TrialOutcome(
        trial,
        tuple(map(as_applied, (p for p in hit if mentions_mfa(p.grant)))),
        tuple(map(as_applied, (p for p in hit if not mentions_mfa(p.grant)))),
    )


def as_applied(policy: ConditionalAccessPolicy) -> AppliedPolicy:
    return AppliedPolicy(policy.id, policy.display_name)


def mentions_mfa(grant: Grant | None) -> bool:
    return grant is not None and ("mfa" in grant.built_in_controls or grant.strength_satisfies_mfa is True)


def is_about(scope: UserScope, user: User, membership: Membership) -> bool:
    guest_word = "GuestsOrExternalUsers"
    external = "#EXT#" in user.user_principal_name
    is_guest = user.user_type == "Guest" or external
    kind = "b2bCollaborationGuest" if user.user_type == "Guest" else "b2bCollaborationMember"

    def named(users: frozenset[str], groups: frozenset[str], roles: frozenset[str]) -> bool:
        return (
            user.id in {each.lower() for each in users}
            or (guest_word in users and is_guest)
            or bool(groups & membership.group_ids)
            or bool(roles & membership.role_template_ids)
        )

    if named(scope.exclude_users, scope.exclude_groups, scope.exclude_roles):
        return False
    if is_guest and scope.exclude_guests and kind in scope.exclude_guests.types:
        return False
    return "All" in scope.include_users or named(
        scope.include_users, scope.include_groups, scope.include_roles
    )


def applies(conditions: Conditions, at: Point) -> bool:
    return all(
        (
            not conditions.has_client_applications and not conditions.service_principal_risk_levels,
            not conditions.sign_in_risk_levels and not conditions.user_risk_levels,
            not conditions.insider_risk_levels and not conditions.transfer_methods,
            _device(conditions, at),
            not conditions.client_app_types or bool({"all", at.client} & conditions.client_app_types),
            _platform(conditions, at.platform),
            _place(conditions, at),
            _app(conditions.applications, at),
        )
    )


def _device(conditions: Conditions, at: Point) -> bool:
    if conditions.device_filter_mode is None:
        return True
    rule = conditions.device_filter_rule
    picks_unknown = "-ne" in rule and "-and" not in rule and not rule.startswith("-not")
    if picks_unknown is (conditions.device_filter_mode == "exclude"):
        return False
    return not at.is_registered


def _platform(conditions: Conditions, platform: str) -> bool:
    include, exclude = conditions.include_platforms, conditions.exclude_platforms
    return (not include or bool({"all", platform} & include)) and platform not in exclude


def _place(conditions: Conditions, at: Point) -> bool:
    inside = {location.id for location in LOCATIONS if _is_in(location, at)}
    trusted = {location.id for location in LOCATIONS if location.is_trusted}

    def matches(tokens: frozenset[str]) -> bool:
        return "All" in tokens or bool(inside & tokens) or ("AllTrusted" in tokens and bool(inside & trusted))

    include, exclude = conditions.include_locations, conditions.exclude_locations
    return (not include or matches(include)) and not matches(exclude)


def _is_in(location: NamedLocation, at: Point) -> bool:
    if at.country is not None and at.country in location.countries:
        return True
    return at.address is not None and any(
        ip_address(at.address) in ip_network(text) for text in location.ip_ranges
    )


def _app(scope: AppScope, at: Point) -> bool:
    tokens = {"All", at.app} | ({"Office365"} if at.in_office_365 else set())
    if scope.has_application_filter and at.is_picked_by_filters:
        return False
    return bool(tokens & scope.include_applications) and not tokens & scope.exclude_applications
