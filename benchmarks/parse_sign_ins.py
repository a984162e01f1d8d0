"""What reading one page of the sign-in log costs, from bytes to the domain's own records.

Prints JSON: milliseconds (best of several) through a bare pydantic model of the same fields, through our
adapter, and through msgraph-sdk's typed models; and how long the event loop stands still meanwhile.
Budgets: ours within 1.5x of bare pydantic, the longest stall under 20 ms.

    python -m benchmarks.parse_sign_ins [--rows 1000] [--policies 4] [--no-sdk]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from bot.adapters.graph.calls import SIGN_INS
from bot.adapters.graph.pages import read_page
from bot.adapters.graph.sign_ins import sign_in

ROUNDS = 7


class Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)


class Status(Wire):
    error_code: int
    failure_reason: str | None = None


class Device(Wire):
    device_id: str | None = None
    display_name: str | None = None
    operating_system: str | None = None
    is_compliant: bool | None = None
    trust_type: str | None = None


class Location(Wire):
    country_or_region: str | None = None


class Policy(Wire):
    id: str
    display_name: str | None = None
    result: str | None = None
    enforced_grant_controls: list[str] | None = None


class Source(Wire):
    requirement_provider: str | None = None
    detail: str | None = None


class Step(Wire):
    authentication_method: str | None = None
    succeeded: bool | None = None
    authentication_step_result_detail: str | None = None


class Record(Wire):
    id: str
    created_date_time: datetime
    status: Status
    user_id: str | None = None
    app_id: str | None = None
    app_display_name: str | None = None
    resource_id: str | None = None
    resource_display_name: str | None = None
    is_interactive: bool | None = None
    correlation_id: str | None = None
    ip_address: str | None = None
    location: Location | None = None
    device_detail: Device | None = None
    client_app_used: str | None = None
    user_agent: str | None = None
    risk_level_during_sign_in: str | None = None
    incoming_token_type: str | None = None
    conditional_access_status: str | None = None
    authentication_requirement: str | None = None
    applied_conditional_access_policies: list[Policy] | None = None
    authentication_requirement_policies: list[Source] | None = None
    authentication_details: list[Step] | None = None
    user_principal_name: str | None = None
    user_display_name: str | None = None


class Answer(Wire):
    value: list[Record]


def a_policy(nth: int) -> dict[str, Any]:
    return {
        "id": f"de7e60eb-0000-4000-8000-{nth:012x}",
        "displayName": f"Require MFA {nth}",
        "enforcedGrantControls": ["Mfa"],
        "enforcedSessionControls": [],
        "result": "notApplied",
        "conditionsSatisfied": "application,users",
        "conditionsNotSatisfied": "location",
        "includeRulesSatisfied": [{"conditionalAccessCondition": "application", "ruleSatisfied": "allApps"}],
        "excludeRulesSatisfied": [],
    }


def a_record(nth: int, policies: int) -> dict[str, Any]:
    """Return a record of the size that Graph beta sends."""
    return {
        "id": f"{nth:08x}-8579-43a7-966a-0f35583c1300",
        "createdDateTime": "2026-11-20T16:34:32.3097429Z",
        "userDisplayName": "Ada Lindqvist",
        "userPrincipalName": "ada@contoso.com",
        "userId": "26be570a-ae82-4189-b4e2-a37c6808512d",
        "appId": "29d9ed98-a469-4536-ade2-f981bc1d605e",
        "appDisplayName": "Microsoft Authentication Broker",
        "ipAddress": "203.0.113.37",
        "clientAppUsed": "Mobile Apps and Desktop clients",
        "userAgent": "Mac Company Portal (unknown version CFNetwork/1498.700.2 Darwin/23.6.0)",
        "correlationId": f"{nth:08x}-3b0e-4f8f-9a44-0f35583c1300",
        "conditionalAccessStatus": "notApplied",
        "originalRequestId": "",
        "isInteractive": False,
        "incomingTokenType": "none",
        "authenticationProtocol": "none",
        "tokenIssuerType": "AzureAD",
        "processingTimeInMilliseconds": 761,
        "riskDetail": "none",
        "riskLevelAggregated": "none",
        "riskLevelDuringSignIn": "none",
        "riskState": "none",
        "riskEventTypes_v2": [],
        "resourceDisplayName": "Windows Azure Active Directory",
        "resourceId": "00000002-0000-0000-c000-000000000000",
        "authenticationRequirement": "multiFactorAuthentication",
        "signInEventTypes": ["nonInteractiveUser"],
        "userType": "member",
        "flaggedForReview": False,
        "status": {
            "errorCode": 50076,
            "failureReason": "Due to a configuration change made by your administrator, or because you moved "
            "to a new location, you must use multi-factor authentication to access '{resource}'.",
            "additionalDetails": None,
        },
        "deviceDetail": {
            "deviceId": "",
            "displayName": "",
            "operatingSystem": "MacOs",
            "browser": "",
            "isCompliant": False,
            "isManaged": False,
            "trustType": "",
        },
        "location": {
            "city": "Redmond",
            "state": "Washington",
            "countryOrRegion": "US",
            "geoCoordinates": {"altitude": None, "latitude": 47.6, "longitude": -122.1},
        },
        "appliedConditionalAccessPolicies": [a_policy(nth) for nth in range(policies)],
        "authenticationProcessingDetails": [{"key": "Is CAE Token", "value": "False"}],
        "networkLocationDetails": [],
        "authenticationDetails": [
            {
                "authenticationStepDateTime": "2026-11-20T16:34:32Z",
                "authenticationMethod": "Password",
                "authenticationMethodDetail": "Password in the cloud",
                "succeeded": True,
                "authenticationStepResultDetail": "Correct password",
                "authenticationStepRequirement": "Primary authentication",
            }
        ],
        "authenticationRequirementPolicies": [{"requirementProvider": "user", "detail": "Per-user MFA"}],
        "sessionLifetimePolicies": [],
    }


def a_page(rows: int, policies: int) -> bytes:
    records = [a_record(nth, policies) for nth in range(rows)]
    return json.dumps({"@odata.context": "…", "value": records}, separators=(",", ":")).encode()


def best_ms(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    best = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return round(best * 1000, 2)


async def longest_stall_ms(page: bytes) -> float:
    """Return the longest time the loop stood still while a page was read, the best of several rounds."""
    longest: list[float] = []
    for _ in range(ROUNDS):
        gaps: list[float] = []
        ticker = asyncio.create_task(_tick(gaps))
        await asyncio.sleep(0.01)
        await read_page(SIGN_INS, page, partial(sign_in, interactive=False))
        await asyncio.sleep(0)
        ticker.cancel()
        longest.append(max(gaps))
    return round(min(longest) * 1000, 2)


async def _tick(gaps: list[float]) -> None:
    last = time.perf_counter()
    while True:
        await asyncio.sleep(0)
        now = time.perf_counter()
        gaps.append(now - last)
        last = now


def sdk_models(page: bytes) -> object:
    from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory  # noqa: PLC0415
    from msgraph.generated.models.sign_in_collection_response import (  # noqa: PLC0415
        SignInCollectionResponse,
    )

    node = JsonParseNodeFactory().get_root_parse_node("application/json", page)
    return node.get_object_value(SignInCollectionResponse)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--policies", type=int, default=4)
    parser.add_argument("--no-sdk", action="store_true", help="leave out the typed models")
    asked = parser.parse_args()
    page = a_page(asked.rows, asked.policies)
    read = partial(sign_in, interactive=False)
    found: dict[str, float] = {
        "rows": asked.rows,
        "policies_a_row": asked.policies,
        "megabytes": round(len(page) / 1e6, 2),
        "bare_pydantic_ms": best_ms(lambda: Answer.model_validate_json(page)),
        "ours_ms": best_ms(lambda: asyncio.run(read_page(SIGN_INS, page, read))),
        "longest_stall_ms": asyncio.run(longest_stall_ms(page)),
    }
    if not asked.no_sdk:
        sdk_models(a_page(1, 1))  # its imports are not what is measured
        found["sdk_models_ms"] = best_ms(lambda: sdk_models(page), rounds=1)
        found["times_faster_than_sdk"] = round(found["sdk_models_ms"] / found["ours_ms"], 1)
    found["times_bare_pydantic"] = round(found["ours_ms"] / found["bare_pydantic_ms"], 2)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
