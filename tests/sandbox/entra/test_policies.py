"""Conditional Access, What-If, and the other tenant policies."""

from typing import Any

import pytest

from tests.sandbox.entra.conftest import Answer, Client

GRAPH = "00000003-0000-0000-c000-000000000000"
OFFICE: dict[str, Any] = {"ipAddress": "203.0.113.24", "country": "SE"}
OUTSIDE: dict[str, Any] = {"ipAddress": "198.51.100.87", "country": "SE"}


async def what_if(
    graph: Client, key: str, context: dict[str, Any] | None = None, **conditions: Any
) -> Answer:
    applied_only = conditions.pop("applied_only", True)
    body = {
        "signInIdentity": {"@odata.type": "#microsoft.graph.userSignIn", "userId": graph.id_of(key)},
        "signInContext": context
        or {"@odata.type": "#microsoft.graph.applicationContext", "includeApplications": [GRAPH]},
        "signInConditions": {
            "devicePlatform": "macOS",
            "clientAppType": "mobileAppsAndDesktopClients",
            **conditions,
        },
        "appliedPoliciesOnly": applied_only,
    }
    return await graph.send("POST", "/v1.0/identity/conditionalAccess/evaluate", body)


async def enabled(
    graph: Client, key: str, context: dict[str, Any] | None = None, **conditions: Any
) -> set[str]:
    answer = await what_if(graph, key, context, **conditions)
    assert answer.status == 200, answer.text
    return {row["displayName"] for row in answer.value if row["state"] == "enabled"}


async def test_fully_covered_user(graph: Client) -> None:
    for place in (OFFICE, OUTSIDE):
        assert await enabled(graph, "ada.lind", **place) == {"Require MFA - all users"}
    browser = await enabled(graph, "ada.lind", clientAppType="browser", **OFFICE)
    assert browser == {"Require MFA - all users", "Browser sessions: sign in daily"}


async def test_nested_group_is_excluded_and_exclusion_wins(graph: Client) -> None:
    assert await enabled(graph, "emil.gard", **OUTSIDE) == set()


async def test_trusted_location_makes_coverage_partial(graph: Client) -> None:
    assert await enabled(graph, "freja.lang", **OFFICE) == set()
    assert await enabled(graph, "freja.lang", **OUTSIDE) == {
        "Require MFA outside trusted locations - field team"
    }


async def test_or_grant_roles_guests_and_countries(graph: Client) -> None:
    contractors = (await what_if(graph, "gita.rao", **OUTSIDE)).value
    grant = next(row["grantControls"] for row in contractors if "contractors" in row["displayName"])
    assert (grant["operator"], grant["builtInControls"]) == ("OR", ["mfa", "compliantDevice"])
    assert "Phishing-resistant MFA - admins" in await enabled(graph, "rune.storm", **OFFICE)
    assert "Phishing-resistant MFA - admins" not in await enabled(graph, "sana.iqbal", **OFFICE)
    assert "Guests: require MFA" in await enabled(graph, "mara.voss", **OUTSIDE)
    abroad = await enabled(graph, "ada.lind", ipAddress="192.0.2.9", country="BR")
    assert "Block sign-ins from other countries" in abroad
    assert await enabled(graph, "breakglass.one", **OUTSIDE) == set()


async def test_user_action_and_risk(graph: Client) -> None:
    action = {"@odata.type": "#microsoft.graph.userActionContext", "userAction": "registerOrJoinDevices"}
    assert await enabled(graph, "pia.strand", action, **OFFICE) == {"Register devices: require MFA - pilots"}
    assert await enabled(graph, "ada.lind", action, **OFFICE) == set()
    risky = (await what_if(graph, "ada.lind", signInRiskLevel="high", **OFFICE)).value
    report_only = {row["displayName"] for row in risky if row["state"] == "enabledForReportingButNotEnforced"}
    assert report_only == {"Report only: MFA for risky sign-ins", "Report only: compliant Macs"}


async def test_reasons_for_policies_that_do_not_apply(graph: Client) -> None:
    rows = (await what_if(graph, "ada.lind", applied_only=False, **OFFICE)).value
    reasons = {row["displayName"]: row["analysisReasons"] for row in rows}
    assert len(rows) == len(graph.sandbox.tenant.policies)
    assert all(row["policyApplies"] is (row["analysisReasons"] == "notSet") for row in rows)
    assert reasons["Old: MFA for the pilot group"] == "policyNotEnabled"
    assert reasons["Require compliant device - finance"] == "users"
    assert reasons["Block legacy authentication"] == "clientApps"
    assert reasons["Block sign-ins from other countries"] == "location"
    assert reasons["Report only: MFA for risky sign-ins"] == "signInRisk"
    unplaced = (await what_if(graph, "freja.lang", applied_only=False)).value
    field_team = next(row for row in unplaced if "field team" in row["displayName"])
    assert field_team["analysisReasons"] == "notEnoughInformation"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"signInIdentity": {"@odata.type": "#microsoft.graph.userSignIn"}},
        {"signInIdentity": {"userId": "x"}, "signInContext": {}},
    ],
)
async def test_incomplete_questions_are_refused(graph: Client, body: dict[str, Any]) -> None:
    answer = await graph.send("POST", "/v1.0/identity/conditionalAccess/evaluate", body)
    assert (answer.status, answer.code) == (400, "BadRequest")


async def test_policies_have_every_property_and_can_be_filtered(graph: Client) -> None:
    path = "/v1.0/identity/conditionalAccess/policies"
    everything = (await graph.get(path)).value
    assert {row["state"] for row in everything} == {
        "enabled",
        "disabled",
        "enabledForReportingButNotEnforced",
    }
    assert all(len(row["conditions"]["users"]) == 8 for row in everything)
    on = (await graph.get(f"{path}?$filter=state eq 'enabled'&$select=id,displayName,state")).value
    assert {row["state"] for row in on} == {"enabled"}
    assert (await graph.get(f"{path}/{on[0]['id']}")).json["displayName"] == on[0]["displayName"]


async def test_named_locations_are_typed(graph: Client) -> None:
    rows = (await graph.get("/v1.0/identity/conditionalAccess/namedLocations")).value
    kinds = {row["@odata.type"] for row in rows}
    assert kinds == {"#microsoft.graph.ipNamedLocation", "#microsoft.graph.countryNamedLocation"}
    ranges = next(row["ipRanges"] for row in rows if row.get("isTrusted"))
    assert ranges[0] == {"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.0/25"}


async def test_device_registration_policy_names_who_may_join(graph: Client) -> None:
    policy = (await graph.get("/v1.0/policies/deviceRegistrationPolicy")).json
    allowed = policy["azureADJoin"]["allowedToJoin"]
    assert allowed["@odata.type"] == "#microsoft.graph.enumeratedDeviceRegistrationMembership"
    vera = await graph.get(f"/v1.0/users/{graph.id_of('vera.lund')}/transitiveMemberOf?$select=id")
    assert not {row["id"] for row in vera.value} & set(allowed["groups"])
    assert (policy["userDeviceQuota"], policy["multiFactorAuthConfiguration"]) == (20, "notRequired")
