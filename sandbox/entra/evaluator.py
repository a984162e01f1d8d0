"""Does a Conditional Access policy apply to a sign-in? What Graph's What-If answers from.

https://learn.microsoft.com/graph/api/conditionalaccessroot-evaluate
Where the pages are silent: a condition that is configured but cannot be judged from what the caller
gave answers "notEnoughInformation", and the first reason found is the one reported.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.entra.tenant import Person, Tenant
from sandbox.entra.wire import Json

APPLIES = "notSet"
UNJUDGED = "notEnoughInformation"

USER_ACTIONS = {
    "registerOrJoinDevices": "urn:user:registerdevice",
    "registerSecurityInformation": "urn:user:registersecurityinfo",
}
OFFICE_365 = frozenset(
    {
        "00000002-0000-0ff1-ce00-000000000000",  # Exchange Online
        "00000003-0000-0ff1-ce00-000000000000",  # SharePoint Online
        "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe",  # Teams
    }
)
ADMIN_PORTALS = frozenset(
    {
        "797f4846-ba00-4fd7-ba43-dac1f8f63013",
        "c44b4083-3bb0-49c1-b47d-974e53cbdf3c",
    }  # Azure management, portal
)
APP_GROUPS = {"Office365": OFFICE_365, "MicrosoftAdminPortals": ADMIN_PORTALS}


@dataclass(frozen=True, slots=True)
class Scenario:
    """A sign-in to judge. None means the caller did not say."""

    person: Person
    applications: frozenset[str] = frozenset()
    user_action: str | None = None
    authentication_context: str | None = None
    platform: str | None = None
    client_app: str | None = None
    ip: str | None = None
    country: str | None = None
    sign_in_risk: str = "none"
    user_risk: str = "none"
    insider_risk: str | None = None
    transfer_method: str = "none"
    device: Json = field(default_factory=dict)
    external_user_type: str | None = None


def judge(policy: Json, scenario: Scenario, tenant: Tenant) -> str:
    """Return "notSet" when the policy applies, else Graph's reason why it does not."""
    if policy["state"] == "disabled":
        return "policyNotEnabled"
    conditions = policy["conditions"]
    for check in _CHECKS:
        reason = check(conditions, scenario, tenant)
        if reason is not None:
            return reason
    return APPLIES


def _users(conditions: Json, scenario: Scenario, tenant: Tenant) -> str | None:
    if conditions.get("clientApplications"):
        return "workloadIdentities"
    users = conditions["users"]
    if _user_listed(users, "exclude", scenario, tenant):
        return "users"
    return None if _user_listed(users, "include", scenario, tenant) else "users"


def _user_listed(users: Json, side: str, scenario: Scenario, tenant: Tenant) -> bool:
    person = scenario.person
    named = set(users.get(f"{side}Users") or ())
    if "All" in named or person.id in named or (person.is_guest and "GuestsOrExternalUsers" in named):
        return True
    groups = {group.id for group in tenant.groups_of(person)}
    if groups & set(users.get(f"{side}Groups") or ()):
        return True
    if set(tenant.roles_of(person)) & set(users.get(f"{side}Roles") or ()):
        return True
    guests = users.get(f"{side}GuestsOrExternalUsers")
    kind = scenario.external_user_type or ("b2bCollaborationGuest" if person.is_guest else "")
    return guests is not None and kind in str(guests["guestOrExternalUserTypes"]).split(",")


def _resources(conditions: Json, scenario: Scenario, _: Tenant) -> str | None:
    apps = conditions["applications"]
    actions = set(apps.get("includeUserActions") or ())
    contexts = set(apps.get("includeAuthenticationContextClassReferences") or ())
    if scenario.user_action is not None:
        return None if USER_ACTIONS.get(scenario.user_action) in actions else "userActions"
    if scenario.authentication_context is not None:
        return None if scenario.authentication_context in contexts else "authenticationContext"
    if _app_listed(set(apps.get("excludeApplications") or ()), scenario.applications):
        return "application"
    included = set(apps.get("includeApplications") or ())
    return None if "All" in included or _app_listed(included, scenario.applications) else "application"


def _app_listed(named: set[str], wanted: frozenset[str]) -> bool:
    members = {app for name in named for app in APP_GROUPS.get(name, {name})}
    return bool((members | named) & wanted)


def _platform(conditions: Json, scenario: Scenario, _: Tenant) -> str | None:
    platforms = conditions.get("platforms")
    if not platforms:
        return None
    included, excluded = set(platforms["includePlatforms"]), set(platforms.get("excludePlatforms") or ())
    if scenario.platform in (None, "all"):
        return None if "all" in included and not excluded else UNJUDGED
    if scenario.platform in excluded:
        return "devicePlatform"
    return None if "all" in included or scenario.platform in included else "devicePlatform"


def _client_app(conditions: Json, scenario: Scenario, _: Tenant) -> str | None:
    kinds = set(conditions.get("clientAppTypes") or ("all",))
    if "all" in kinds or scenario.client_app in (None, "all"):
        return None
    return None if scenario.client_app in kinds else "clientApps"


def _location(conditions: Json, scenario: Scenario, tenant: Tenant) -> str | None:
    locations = conditions.get("locations")
    if not locations:
        return None
    included, excluded = set(locations["includeLocations"]), set(locations.get("excludeLocations") or ())
    if scenario.ip is None and scenario.country is None:
        return None if "All" in included and not excluded else UNJUDGED
    here = locations_of(scenario.ip, scenario.country, tenant)
    if here & excluded:
        return "location"
    return None if "All" in included or here & included else "location"


def locations_of(ip: str | None, country: str | None, tenant: Tenant) -> set[str]:
    """Return the ids of the named locations an address is in; "AllTrusted" when one of them is trusted."""
    found: set[str] = set()
    for location in tenant.locations:
        if not _is_in(location, ip, country):
            continue
        found.add(location["id"])
        if location.get("isTrusted"):
            found.add("AllTrusted")
    return found


def _is_in(location: Json, ip: str | None, country: str | None) -> bool:
    if "ipRanges" in location:
        ranges = [ipaddress.ip_network(each["cidrAddress"]) for each in location["ipRanges"]]
        return ip is not None and any(ipaddress.ip_address(ip) in network for network in ranges)
    if country is None:
        return bool(location["includeUnknownCountriesAndRegions"])
    return country in location["countriesAndRegions"]


def _sign_in_risk(conditions: Json, scenario: Scenario, _: Tenant) -> str | None:
    levels = conditions.get("signInRiskLevels")
    return "signInRisk" if levels and scenario.sign_in_risk not in levels else None


def _user_risk(conditions: Json, scenario: Scenario, _: Tenant) -> str | None:
    levels = conditions.get("userRiskLevels")
    return "userRisk" if levels and scenario.user_risk not in levels else None


def _insider_risk(conditions: Json, scenario: Scenario, _: Tenant) -> str | None:
    levels = conditions.get("insiderRiskLevels")
    if not levels:
        return None
    return None if scenario.insider_risk in str(levels).split(",") else "insiderRisk"


def _flow(conditions: Json, scenario: Scenario, _: Tenant) -> str | None:
    flows = conditions.get("authenticationFlows")
    if not flows:
        return None
    return (
        None if scenario.transfer_method in str(flows["transferMethods"]).split(",") else "authenticationFlow"
    )


_RULE = re.compile(r'device\.(\w+)\s+-(eq|ne)\s+"?([^"]*)"?', re.IGNORECASE)


def _device_filter(conditions: Json, scenario: Scenario, _: Tenant) -> str | None:
    device_filter = (conditions.get("devices") or {}).get("deviceFilter")
    if not device_filter:
        return None
    rule = _RULE.fullmatch(str(device_filter["rule"]).strip())
    if rule is None:
        return UNJUDGED
    name, operator, wanted = rule.groups()
    found = str(scenario.device.get(name, "")).casefold()
    hit = (found == wanted.casefold()) is (operator.casefold() == "eq")
    return None if hit is (device_filter["mode"] == "include") else "devices"


_CHECKS: tuple[Callable[[Json, Scenario, Tenant], str | None], ...] = (
    _users,
    _resources,
    _platform,
    _client_app,
    _location,
    _sign_in_risk,
    _user_risk,
    _insider_risk,
    _flow,
    _device_filter,
)
