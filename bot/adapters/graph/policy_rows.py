"""Conditional Access and registration settings as Graph writes them, read into the domain's types.

https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy
"""

from __future__ import annotations

from bot.adapters.graph.wire import (
    Row,
    flag,
    part,
    parts,
    required,
    text,
    text_or_none,
    texts,
    whole_number,
)
from bot.domain.policies import (
    AppScope,
    ConditionalAccessPolicy,
    Conditions,
    DeviceRegistrationPolicy,
    Grant,
    GuestScope,
    NamedLocation,
    UserScope,
)


def policy_in(row: Row) -> ConditionalAccessPolicy:
    """Read a policy; ValueError without an id or a state."""
    return ConditionalAccessPolicy(
        id=required(row, "id"),
        display_name=text(row, "displayName"),
        state=required(row, "state"),
        conditions=_conditions(part(row, "conditions")),
        grant=_grant(row),
    )


def _conditions(row: Row) -> Conditions:
    platforms, locations = part(row, "platforms"), part(row, "locations")
    device_filter = part(part(row, "devices"), "deviceFilter")
    return Conditions(
        users=_users(part(row, "users")),
        applications=_applications(part(row, "applications")),
        client_app_types=texts(row, "clientAppTypes"),
        include_platforms=texts(platforms, "includePlatforms"),
        exclude_platforms=texts(platforms, "excludePlatforms"),
        include_locations=texts(locations, "includeLocations"),
        exclude_locations=texts(locations, "excludeLocations"),
        sign_in_risk_levels=texts(row, "signInRiskLevels"),
        user_risk_levels=texts(row, "userRiskLevels"),
        insider_risk_levels=texts(row, "insiderRiskLevels"),
        service_principal_risk_levels=texts(row, "servicePrincipalRiskLevels"),
        device_filter_mode=text_or_none(device_filter, "mode"),
        device_filter_rule=text(device_filter, "rule"),
        transfer_methods=texts(part(row, "authenticationFlows"), "transferMethods"),
        has_client_applications=_targets_workloads(part(row, "clientApplications")),
    )


def _users(row: Row) -> UserScope:
    return UserScope(
        include_users=texts(row, "includeUsers"),
        exclude_users=texts(row, "excludeUsers"),
        include_groups=texts(row, "includeGroups"),
        exclude_groups=texts(row, "excludeGroups"),
        include_roles=texts(row, "includeRoles"),
        exclude_roles=texts(row, "excludeRoles"),
        include_guests=_guests(row, "includeGuestsOrExternalUsers"),
        exclude_guests=_guests(row, "excludeGuestsOrExternalUsers"),
    )


def _guests(row: Row, key: str) -> GuestScope | None:
    scope = part(row, key)
    return GuestScope(texts(scope, "guestOrExternalUserTypes")) if scope else None


def _applications(row: Row) -> AppScope:
    return AppScope(
        include_applications=texts(row, "includeApplications"),
        exclude_applications=texts(row, "excludeApplications"),
        user_actions=texts(row, "includeUserActions"),
        authentication_contexts=texts(row, "includeAuthenticationContextClassReferences"),
        has_application_filter=bool(part(row, "applicationFilter")),
    )


def _targets_workloads(row: Row) -> bool:
    return bool(texts(row, "includeServicePrincipals") or part(row, "servicePrincipalFilter"))


def _grant(row: Row) -> Grant | None:
    """Return the grant controls; None when the policy has session controls alone."""
    grant = part(row, "grantControls")
    if not grant:
        return None
    strength = part(grant, "authenticationStrength")
    return Grant(
        operator=text(grant, "operator").upper() or "OR",
        built_in_controls=texts(grant, "builtInControls"),
        custom_factors=texts(grant, "customAuthenticationFactors"),
        terms_of_use=texts(grant, "termsOfUse"),
        strength_name=(text(strength, "displayName") or text(strength, "id")) if strength else None,
        strength_satisfies_mfa=_satisfies_mfa(strength) if strength else None,
    )


def _satisfies_mfa(strength: Row) -> bool | None:
    """Tell whether an authentication strength is MFA; None when Graph names the strength and no more.

    https://learn.microsoft.com/graph/api/resources/authenticationstrengthpolicy
    """
    said = {word.lower() for word in texts(strength, "requirementsSatisfied")}
    if "mfa" in said or "none" in said:
        return "mfa" in said
    return True if text(strength, "id") in BUILT_IN_STRENGTHS else None


BUILT_IN_STRENGTHS = frozenset(f"00000000-0000-0000-0000-00000000000{nth}" for nth in (2, 3, 4))
"""MFA, passwordless MFA, phishing-resistant MFA.

https://learn.microsoft.com/entra/identity/authentication/concept-authentication-strengths
"""


def demands_mfa(grant: Grant | None) -> bool:
    """Tell whether a policy's grant cannot be met without MFA.

    With OR, MFA is demanded only when every control in the list is MFA: beside "compliant device" it is a
    choice. https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-grant
    """
    if grant is None:
        return False
    ways = [control.lower() == "mfa" for control in grant.built_in_controls]
    ways += [False for _ in grant.custom_factors | grant.terms_of_use]
    if grant.strength_name is not None:
        ways.append(grant.strength_satisfies_mfa is True)
    if not ways or "block" in grant.built_in_controls:
        return False
    return any(ways) if grant.operator == "AND" else all(ways)


def location_in(row: Row) -> NamedLocation:
    """Read a named location; ValueError without an id."""
    ranges = parts(row, "ipRanges") or []
    return NamedLocation(
        id=required(row, "id"),
        display_name=text(row, "displayName"),
        is_trusted=flag(row, "isTrusted") is True,
        ip_ranges=tuple(text(ip_range, "cidrAddress") for ip_range in ranges),
        countries=texts(row, "countriesAndRegions"),
        include_unknown_countries=flag(row, "includeUnknownCountriesAndRegions") is True,
    )


def registration_in(row: Row) -> DeviceRegistrationPolicy:
    """Read the device registration policy.

    https://learn.microsoft.com/graph/api/resources/deviceregistrationpolicy
    """
    allowed = part(part(row, "azureADJoin"), "allowedToJoin")
    kind = text(allowed, "@odata.type").removeprefix("#microsoft.graph.")
    return DeviceRegistrationPolicy(
        mfa_required={"required": True, "notrequired": False}.get(
            text(row, "multiFactorAuthConfiguration").lower()
        ),
        user_device_quota=whole_number(row, "userDeviceQuota"),
        join_allowed=JOIN_ALLOWED.get(kind, "unknown"),
        join_users=texts(allowed, "users"),
        join_groups=texts(allowed, "groups"),
    )


JOIN_ALLOWED = {
    "allDeviceRegistrationMembership": "all",
    "noDeviceRegistrationMembership": "none",
    "enumeratedDeviceRegistrationMembership": "selected",
}
