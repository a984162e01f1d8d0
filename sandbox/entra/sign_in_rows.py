"""Writes sign-in records: full beta rows from a short description.

Record: https://learn.microsoft.com/graph/api/resources/signin?view=graph-rest-beta
A description names a `lane` (which app asks which resource, seen or unseen), an error `code` and a time.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from sandbox.entra.evaluator import APPLIES, Scenario, judge, locations_of
from sandbox.entra.lanes import DRS, LANES, MFA_DEMANDS, PRIMARY_FAILURES, PROVIDERS, REASONS, Lane
from sandbox.entra.tenant import Device, Person, Tenant
from sandbox.entra.wire import Json, timestamp


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in in the words of the cast files."""

    at: datetime
    lane: str
    code: int = 0
    attempt: str = ""  # rows of one attempt share a correlation id
    provider: str | None = None  # who demanded MFA; None: the record does not say
    policies: dict[str, str] = field(default_factory=dict)  # Conditional Access results that differ, by name
    os: str = "MacOs"
    place: str = ""
    device: str = ""  # display name of one of the person's devices
    details: str = ""
    reason: str = ""
    token: str = ""
    risk: str = "none"


def sign_in_row(tenant: Tenant, person: Person, attempt: Attempt) -> Json:
    """Return the full beta record of one sign-in."""
    lane = LANES[attempt.lane]
    number = len(tenant.sign_ins)
    row_id = tenant.new_id("sign-in", person.key, timestamp(attempt.at), attempt.lane, number)
    place = tenant.places[attempt.place or person.place]
    access = _conditional_access(tenant, person, attempt, lane)
    if attempt.provider is None and attempt.code == 0 and _mfa_was_met(access):
        attempt = replace(attempt, provider="multiConditionalAccess")
    return {
        **_identity(tenant, person, attempt, lane),
        **_request(tenant, person, attempt, lane, row_id),
        **_risk(attempt),
        "status": _status(attempt, lane),
        "deviceDetail": _device_detail(person, attempt, lane),
        "location": {key: place[key] for key in ("city", "state", "countryOrRegion", "geoCoordinates")},
        "ipAddress": place["ip"],
        "autonomousSystemNumber": place.get("asn", 64500),
        "networkLocationDetails": _networks(tenant, place),
        **access,
        **_authentication(attempt, lane),
    }


def _identity(tenant: Tenant, person: Person, attempt: Attempt, lane: Lane) -> Json:
    return {
        "createdDateTime": timestamp(attempt.at),
        "userDisplayName": person.facts["displayName"],
        "userPrincipalName": person.sign_in_name,
        "userId": person.id,
        "appId": lane.app[0],
        "appDisplayName": lane.app[1],
        "resourceDisplayName": lane.resource[1],
        "resourceId": lane.resource[0],
        "resourceTenantId": tenant.id,
        "homeTenantId": tenant.id,
        "homeTenantName": "",
        "servicePrincipalId": "",
        "servicePrincipalName": None,
        "userType": "guest" if person.is_guest else "member",
        "signInIdentifier": person.sign_in_name,
        "crossTenantAccessType": "b2bCollaboration" if person.is_guest else "none",
        "isTenantRestricted": False,
    }


def _request(tenant: Tenant, person: Person, attempt: Attempt, lane: Lane, row_id: str) -> Json:
    group = attempt.attempt or row_id
    mac_agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    return {
        "id": row_id,
        "originalRequestId": row_id,
        "correlationId": tenant.new_id("correlation", person.key, group),
        "sessionId": tenant.new_id("session", person.key, group),
        "uniqueTokenIdentifier": base64.urlsafe_b64encode(row_id.encode()).decode().rstrip("="),
        "clientAppUsed": lane.client,
        "userAgent": mac_agent
        if attempt.os.startswith("Mac")
        else "Windows-AzureAD-Authentication-Provider/1.0",
        "isInteractive": lane.interactive,
        "signInEventTypes": ["interactiveUser" if lane.interactive else "nonInteractiveUser"],
        "authenticationProtocol": lane.protocol,
        "incomingTokenType": attempt.token or lane.token,
        "processingTimeInMilliseconds": 87 + len(group) % 50,
        "tokenIssuerName": "",
        "tokenIssuerType": "AzureAD",
        "flaggedForReview": False,
    }


def _risk(attempt: Attempt) -> Json:
    return {
        "riskDetail": "none",
        "riskLevelAggregated": attempt.risk,
        "riskLevelDuringSignIn": attempt.risk,
        "riskState": "none" if attempt.risk == "none" else "atRisk",
        "riskEventTypes": [],
        "riskEventTypes_v2": [] if attempt.risk == "none" else ["unfamiliarFeatures"],
    }


def _status(attempt: Attempt, lane: Lane) -> Json:
    reason = attempt.reason or REASONS.get(attempt.code, "Other.")
    done = "MFA requirement satisfied by claim in the token" if lane.interactive else None
    if attempt.code:
        reason = reason.replace("{resource}", lane.resource[1]).replace("{state}", "notCompliant")
        return {
            "errorCode": attempt.code,
            "failureReason": reason,
            "additionalDetails": attempt.details or None,
        }
    return {"errorCode": 0, "failureReason": "Other.", "additionalDetails": attempt.details or done}


_TRUST: Final = {
    "AzureAd": "Azure AD joined",
    "Workplace": "Azure AD registered",
    "ServerAd": "Hybrid Azure AD joined",
}


def _device_detail(person: Person, attempt: Attempt, lane: Lane) -> Json:
    device = next((one for one in person.devices if one.facts["displayName"] == attempt.device), None)
    facts = device.facts if isinstance(device, Device) else {}
    return {
        "deviceId": facts.get("deviceId", ""),
        "displayName": facts.get("displayName", ""),
        "operatingSystem": attempt.os,
        "browser": "Safari 18.1" if lane.client == "Browser" else "",
        "isCompliant": bool(facts.get("isCompliant")),
        "isManaged": bool(facts.get("isManaged")),
        "trustType": _TRUST.get(facts.get("trustType", ""), ""),
    }


def _networks(tenant: Tenant, place: Json) -> list[Json]:
    here = locations_of(place["ip"], place["countryOrRegion"], tenant)
    named = [location for location in tenant.locations if location["id"] in here and "ipRanges" in location]
    return [
        {
            "networkType": "trustedNamedLocation" if location["isTrusted"] else "namedNetwork",
            "networkNames": [location["displayName"]],
        }
        for location in named
    ]


def _conditional_access(tenant: Tenant, person: Person, attempt: Attempt, lane: Lane) -> Json:
    if attempt.code in PRIMARY_FAILURES:
        return {"conditionalAccessStatus": "notApplied", "appliedConditionalAccessPolicies": []}
    scenario = scenario_of(tenant, person, attempt, lane)
    rows = [_applied(policy, scenario, tenant, attempt, lane) for policy in tenant.policies]
    results = {row["result"] for row in rows}
    status = "failure" if "failure" in results else "success" if "success" in results else "notApplied"
    return {"conditionalAccessStatus": status, "appliedConditionalAccessPolicies": rows}


def scenario_of(tenant: Tenant, person: Person, attempt: Attempt, lane: Lane) -> Scenario:
    """Return the sign-in as Conditional Access looks at it."""
    place = tenant.places[attempt.place or person.place]
    return Scenario(
        person=person,
        applications=frozenset({lane.resource[0]}),
        platform="macOS" if attempt.os.startswith("Mac") else "windows",
        client_app="browser" if lane.client == "Browser" else "mobileAppsAndDesktopClients",
        ip=place["ip"],
        country=place["countryOrRegion"],
        sign_in_risk=attempt.risk,
        user_risk=person.risk,
    )


def _mfa_was_met(access: Json) -> bool:
    met = [policy for policy in access["appliedConditionalAccessPolicies"] if policy["result"] == "success"]
    return any(
        {"Mfa", "RequireAuthenticationStrength"} & set(policy["enforcedGrantControls"]) for policy in met
    )


def _applied(policy: Json, scenario: Scenario, tenant: Tenant, attempt: Attempt, lane: Lane) -> Json:
    reason = "application" if lane.bootstrap else judge(policy, scenario, tenant)
    result = attempt.policies.get(policy["displayName"]) or _result(policy, reason, attempt)
    applies = result in ("success", "failure", "reportOnlySuccess", "reportOnlyFailure")
    unmet = "none" if applies else "users" if reason == "users" else "application"
    return {
        "id": policy["id"],
        "displayName": policy["displayName"],
        "enforcedGrantControls": grant_names(policy),
        "enforcedSessionControls": ["SignInFrequency"] if policy["sessionControls"] else [],
        "result": result,
        "conditionsSatisfied": "application,users" if applies else "none",
        "conditionsNotSatisfied": unmet,
        "includeRulesSatisfied": (
            [{"conditionalAccessCondition": "application", "ruleSatisfied": "allApps"}] if applies else []
        ),
        "excludeRulesSatisfied": [],
    }


def _result(policy: Json, reason: str, attempt: Attempt) -> str:
    if policy["state"] == "disabled":
        return "notEnabled"
    only_reports = policy["state"] != "enabled"
    if reason != APPLIES or attempt.code in MFA_DEMANDS:
        return "reportOnlyNotApplied" if only_reports else "notApplied"
    return "reportOnlySuccess" if only_reports else "success"


_GRANT_NAMES: Final = {"mfa": "Mfa", "block": "Block", "compliantDevice": "RequireCompliantDevice"}


def grant_names(policy: Json) -> list[str]:
    """Spell grant controls the way the sign-in log does."""
    grant = policy["grantControls"] or {}
    names = [_GRANT_NAMES.get(control, control) for control in grant.get("builtInControls", ())]
    return [*names, "RequireAuthenticationStrength"] if grant.get("authenticationStrength") else names


def _authentication(attempt: Attempt, lane: Lane) -> Json:
    demanded = attempt.code in MFA_DEMANDS or attempt.provider is not None
    sources: list[Json] = []
    if attempt.provider is not None:
        sources = [{"requirementProvider": attempt.provider, "detail": PROVIDERS.get(attempt.provider, "")}]
    return {
        "authenticationRequirement": "multiFactorAuthentication"
        if demanded
        else "singleFactorAuthentication",
        "authenticationRequirementPolicies": sources,
        "authenticationMethodsUsed": [],
        "authenticationDetails": _steps(attempt, lane, demanded),
        "authenticationProcessingDetails": [
            {"key": "Legacy TLS (TLS 1.0, 1.1, 3DES)", "value": "False"},
            {"key": "Is CAE Token", "value": "False"},
            *([{"key": "Oauth Scope Info", "value": '["adrs_access"]'}] if lane.resource is DRS else []),
        ],
        "authenticationContextClassReferences": [],
        "sessionLifetimePolicies": [],
        "mfaDetail": None,
    }


def _steps(attempt: Attempt, lane: Lane, demanded: bool) -> list[Json]:
    if not lane.interactive and attempt.lane != "prt":
        return []
    password_ok = attempt.code not in PRIMARY_FAILURES
    steps = [_step(attempt.at, "Password", "Password in the cloud", password_ok, "Primary authentication")]
    if demanded and lane.interactive and attempt.code in (0, 500121):
        result = attempt.details or ("MFA completed in Azure AD" if attempt.code == 0 else "MFA denied")
        steps.append(
            _step(
                attempt.at,
                "Mobile app notification",
                "",
                attempt.code == 0,
                "Multifactor authentication",
                result,
            )
        )
    return steps


def _step(
    at: datetime, method: str, detail: str, ok: bool, requirement: str, result: str = ""
) -> dict[str, Any]:
    return {
        "authenticationStepDateTime": timestamp(at),
        "authenticationMethod": method,
        "authenticationMethodDetail": detail,
        "succeeded": ok,
        "authenticationStepResultDetail": result or ("Correct password" if ok else "Incorrect password"),
        "authenticationStepRequirement": requirement,
    }
