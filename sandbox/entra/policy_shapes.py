"""Conditional Access policies and named locations with every property Graph prints.

https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy
"""

from __future__ import annotations

from typing import Any, Final

from sandbox.entra.wire import Json

_USERS: Final[Json] = {
    "includeUsers": [],
    "excludeUsers": [],
    "includeGroups": [],
    "excludeGroups": [],
    "includeRoles": [],
    "excludeRoles": [],
    "includeGuestsOrExternalUsers": None,
    "excludeGuestsOrExternalUsers": None,
}
_APPLICATIONS: Final[Json] = {
    "includeApplications": [],
    "excludeApplications": [],
    "includeUserActions": [],
    "includeAuthenticationContextClassReferences": [],
    "applicationFilter": None,
}
_CONDITIONS: Final[Json] = {
    "userRiskLevels": [],
    "signInRiskLevels": [],
    "clientAppTypes": ["all"],
    "servicePrincipalRiskLevels": [],
    "insiderRiskLevels": None,
    "platforms": None,
    "locations": None,
    "devices": None,
    "clientApplications": None,
    "authenticationFlows": None,
}
_STRENGTHS: Final = {
    "Multifactor authentication": (
        "00000000-0000-0000-0000-000000000002",
        ["password,microsoftAuthenticatorPush", "fido2"],
    ),
    "Passwordless MFA": ("00000000-0000-0000-0000-000000000003", ["deviceBasedPush", "fido2"]),
    "Phishing-resistant MFA": ("00000000-0000-0000-0000-000000000004", ["fido2", "windowsHelloForBusiness"]),
}


def full_policy(identity: str, facts: Json, created: str | None, modified: str | None) -> Json:
    """Return a conditionalAccessPolicy; `facts` says only what differs from an empty one."""
    given = facts.get("conditions", {})
    conditions = {**_CONDITIONS, **given}
    conditions["applications"] = {**_APPLICATIONS, **given.get("applications", {})}
    conditions["users"] = {**_USERS, **given.get("users", {})}
    return {
        "id": identity,
        "templateId": facts.get("templateId"),
        "displayName": facts["displayName"],
        "createdDateTime": created,
        "modifiedDateTime": modified,
        "state": facts["state"],
        "conditions": conditions,
        "grantControls": _grant(facts.get("grantControls")),
        "sessionControls": _session(facts.get("sessionControls")),
    }


def _grant(given: Json | None) -> Json | None:
    if given is None:
        return None
    empty: Json = {
        "operator": "OR",
        "builtInControls": [],
        "customAuthenticationFactors": [],
        "termsOfUse": [],
        "authenticationStrength": None,
    }
    strength = given.get("authenticationStrength")
    return {**empty, **given, "authenticationStrength": _strength(strength) if strength else None}


def _strength(name: str) -> Json:
    identity, combinations = _STRENGTHS[name]
    return {
        "id": identity,
        "createdDateTime": "2021-12-01T00:00:00Z",
        "modifiedDateTime": "2021-12-01T00:00:00Z",
        "displayName": name,
        "description": f"Built-in authentication strength {name}.",
        "policyType": "builtIn",
        "requirementsSatisfied": "mfa",
        "allowedCombinations": combinations,
    }


def _session(given: Json | None) -> Json | None:
    if given is None:
        return None
    empty: dict[str, Any] = {
        "disableResilienceDefaults": None,
        "applicationEnforcedRestrictions": None,
        "cloudAppSecurity": None,
        "signInFrequency": None,
        "persistentBrowser": None,
    }
    return {**empty, **given}


def full_location(identity: str, facts: Json, created: str | None) -> Json:
    """Return an ipNamedLocation or a countryNamedLocation."""
    kind = "country" if "countriesAndRegions" in facts else "ip"
    common = {
        "@odata.type": f"#microsoft.graph.{kind}NamedLocation",
        "id": identity,
        "displayName": facts["displayName"],
        "createdDateTime": created,
        "modifiedDateTime": created,
    }
    if kind == "country":
        return {
            **common,
            "countriesAndRegions": facts["countriesAndRegions"],
            "includeUnknownCountriesAndRegions": facts.get("includeUnknownCountriesAndRegions", False),
            "countryLookupMethod": "clientIpAddress",
        }
    ranges = [{"@odata.type": _range_type(address), "cidrAddress": address} for address in facts["ipRanges"]]
    return {**common, "isTrusted": facts.get("isTrusted", False), "ipRanges": ranges}


def _range_type(address: str) -> str:
    return f"#microsoft.graph.iPv{6 if ':' in address else 4}CidrRange"
