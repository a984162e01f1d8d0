"""Messages as Azure Monitor writes them to an event hub."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from bot.domain.sign_ins import BROKER_APP

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ADA = "26be570a-ae82-4189-b4e2-a37c6808512d"


def an_id(nth: int) -> str:
    """Return a sign-in's id."""
    return f"{nth:08x}-8579-43a7-966a-0f35583c1300"


def a_record(nth: int = 1, **properties: Any) -> dict[str, Any]:
    """Return the record of a non-interactive broker sign-in that per-user MFA stopped.

    Spelled like the stream, which differs from Graph: bit masks, "Member", an offset and seven decimals,
    a string for the result, and no keys for what is not known.
    """
    return {
        "time": "2026-11-23T11:58:46.3097429Z",
        "resourceId": "/tenants/7a9c1f52-3e0b-4c8d-9b66-2f1d5a0e8c31/providers/Microsoft.aadiam",
        "operationName": "Sign-in activity",
        "operationVersion": "1.0",
        "category": "NonInteractiveUserSignInLogs",
        "tenantId": "7a9c1f52-3e0b-4c8d-9b66-2f1d5a0e8c31",
        "resultType": "50076",
        "resultSignature": "None",
        "resultDescription": "Due to a configuration change you must use multi-factor authentication.",
        "durationMs": 0,
        "callerIpAddress": "203.0.113.37",
        "correlationId": an_id(nth),
        "identity": "Ada Lindqvist",
        "Level": 4,
        "location": "DE",
        "properties": {
            "id": an_id(nth),
            "createdDateTime": "2026-11-23T12:58:46.3097429+01:00",
            "userDisplayName": "Ada Lindqvist",
            "userPrincipalName": "ada@contoso.com",
            "userId": ADA,
            "appId": BROKER_APP,
            "appDisplayName": "Microsoft Authentication Broker",
            "ipAddress": "203.0.113.37",
            "isInteractive": False,
            "userType": "Member",
            "resourceId": "00000002-0000-0000-c000-000000000000",
            "resourceDisplayName": "Windows Azure Active Directory",
            "authenticationRequirement": "multiFactorAuthentication",
            "conditionalAccessStatus": "notApplied",
            "status": {"errorCode": 50076, "failureReason": "Due to a configuration change…"},
            "deviceDetail": {"operatingSystem": "MacOs", "trustType": "Azure AD joined"},
            "location": {"city": "Berlin", "countryOrRegion": "DE"},
            "appliedConditionalAccessPolicies": [
                {
                    "id": "9bc14439-0b78-4d1e-bb27-8fab658d0e83",
                    "displayName": "Require MFA for everyone",
                    "enforcedGrantControls": ["Mfa"],
                    "enforcedSessionControls": [],
                    "result": "notApplied",
                    "conditionsSatisfied": 3,
                    "conditionsNotSatisfied": 16,
                }
            ],
            "authenticationRequirementPolicies": [{"requirementProvider": "user", "detail": "Per-user MFA"}],
            "mfaDetail": {},
            "privateLinkDetails": {},
            "ssoExtensionVersion": "",
            **properties,
        },
    }


def envelope(*records: Any) -> bytes:
    """Return a message of several records."""
    return json.dumps({"records": list(records)}).encode()


def lines(*records: Any) -> bytes:
    """Return a message with a record a line."""
    return "\n".join(json.dumps(record) for record in records).encode()
