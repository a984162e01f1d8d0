"""What an administrator's window shows, what other administrators do, and what the feed tells of it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.sandbox.entra.conftest import Client

POLICY = "Require compliant device - sales"


async def failing(graph: Client, key: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = (await graph.admin(f"users/{key}/try-registration"))["rows"]
    return rows[-1]


async def test_a_policy_decides_who_registers(graph: Client) -> None:
    assert (await failing(graph, "iris.nord"))["status"]["errorCode"] == 0
    await graph.admin("policy", {"policy": POLICY, "state": "enabled"})
    row = await failing(graph, "iris.nord")
    assert (row["status"]["errorCode"], row["isInteractive"], row["conditionalAccessStatus"]) == (
        *(53000, True),
        "failure",
    )
    applied = {one["displayName"]: one["result"] for one in row["appliedConditionalAccessPolicies"]}
    assert (applied[POLICY], applied["Require MFA - all users"]) == ("failure", "success")
    assert row["createdDateTime"] == "2026-11-23T12:00:00Z"  # not before the change that caused it
    assert (await failing(graph, "theo.lange"))["status"]["errorCode"] == 53000
    assert (await failing(graph, "ivo.brandt"))["status"]["errorCode"] == 0
    await graph.admin("policy", {"policy": POLICY, "state": "enabledForReportingButNotEnforced"})
    assert (await failing(graph, "iris.nord"))["status"]["errorCode"] == 0


async def test_the_finance_policy_stops_a_new_mac_of_finance(graph: Client) -> None:
    assert (await failing(graph, "kaia.dahl"))["status"]["errorCode"] == 53000


async def test_a_choice_of_mfa_or_compliant_device_stops_nobody(graph: Client) -> None:
    await graph.set_state("gita.rao", "disabled")
    assert (await failing(graph, "gita.rao"))["status"]["errorCode"] == 0


async def test_a_blocking_policy_says_so(graph: Client) -> None:
    policy = next(one for one in graph.sandbox.tenant.policies if one["displayName"] == POLICY)
    policy["grantControls"]["builtInControls"] = ["block"]
    await graph.admin("policy", {"policy": policy["id"], "state": "enabled"})
    assert (await failing(graph, "iris.nord"))["status"]["errorCode"] == 53003


async def test_the_audit_log_names_who_changed_a_policy(graph: Client) -> None:
    said = await graph.admin("policy", {"policy": POLICY, "state": "enabled"})
    assert said["by"] == "rune.storm@contoso.com"
    answer = await graph.get("/v1.0/auditLogs/directoryAudits?$filter=category eq 'Policy'")
    row = answer.value[0]
    assert (row["activityDisplayName"], row["loggedByService"]) == (
        "Update conditional access policy",
        "Conditional Access",
    )
    assert row["initiatedBy"]["user"]["userPrincipalName"] == "rune.storm@contoso.com"
    target = row["targetResources"][0]
    change = target["modifiedProperties"][0]
    assert (target["type"], target["displayName"], change["displayName"]) == (
        "Policy",
        POLICY,
        "ConditionalAccessPolicy",
    )
    assert (json.loads(change["oldValue"])["state"], json.loads(change["newValue"])["state"]) == (
        "disabled",
        "enabled",
    )
    policies = (await graph.get("/v1.0/identity/conditionalAccess/policies")).value
    policy = next(one for one in policies if one["displayName"] == POLICY)
    assert (policy["state"], policy["modifiedDateTime"]) == ("enabled", "2026-11-23T12:00:00Z")
    before = len(graph.sandbox.tenant.audits)
    await graph.admin("policy", {"policy": POLICY, "state": "enabled"})
    assert len(graph.sandbox.tenant.audits) == before


async def test_a_policy_edited_by_somebody_leaves_two_records(graph: Client) -> None:
    policy = graph.sandbox.tenant.policies[0]

    await graph.admin("policy", {"policy": policy["displayName"], "by": "rune.storm"})

    text = f"targetResources/any(t:t/id eq '{policy['id']}')"
    audits = (await graph.get(f"/v1.0/auditLogs/directoryAudits?$filter={quote(text)}")).value
    assert {one["activityDisplayName"] for one in audits} == {
        "Update conditional access policy",
        "Update policy",
    }
    assert {one["loggedByService"] for one in audits} == {"Conditional Access", "Core Directory"}
    assert {one["initiatedBy"]["user"]["userPrincipalName"] for one in audits} == {"rune.storm@contoso.com"}
    assert policy["modifiedDateTime"] == "2026-11-23T12:00:00Z"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"policy": "no such policy", "by": "rune.storm"}, 404),
        ({"policy": POLICY, "by": "nobody"}, 404),
        ({"policy": POLICY, "state": "on"}, 400),
        ({"state": "enabled"}, 400),
    ],
)
async def test_a_policy_is_not_edited_by_half(graph: Client, body: dict[str, str], status: int) -> None:
    before = len(graph.sandbox.tenant.audits)
    assert (await graph.send("POST", "/_admin/policy", body)).status == status
    assert len(graph.sandbox.tenant.audits) == before


@pytest.mark.parametrize(
    ("path", "scarce"), [("auditLogs/signIns?$top=1", True), ("users/ada.lind@contoso.com", False)]
)
async def test_throttled_for_a_while(graph: Client, path: str, scarce: bool) -> None:
    await graph.admin("throttle-for", {"seconds": 60})
    answer = await graph.get(f"/v1.0/{path}")
    assert answer.status == (429 if scarce else 200)
    if scarce:
        assert answer.headers["Retry-After"] == "10"
    graph.hands.passed = 61
    assert (await graph.get(f"/v1.0/{path}")).status == 200


async def test_the_budget_counts_and_frees(graph: Client) -> None:
    for _ in range(6):
        await graph.get("/v1.0/auditLogs/signIns?$top=1")
    budget = (await graph.admin("pane", method="GET"))["budget"]
    noon = graph.sandbox.tenant.now().timestamp()
    assert budget == {
        **{"bucket": "reports", "limit": 5, "window_s": 10.0, "used": 5, "throttled": 1},
        **{"frees_at": noon + 10, "throttling_until": None},
    }
    graph.hands.passed = 11
    assert (await graph.admin("pane", method="GET"))["budget"]["used"] == 0


async def test_the_feed_tells_calls_people_and_policies(graph: Client) -> None:
    feed = graph.sandbox.tenant.feed
    before = feed.last
    await graph.set_state("ada.lind", "disabled")
    await graph.get("/v1.0/nowhere")
    await graph.admin("policy", {"policy": POLICY, "state": "enabled"})
    told = feed.after(before) or []
    kinds = [fact["kind"] for fact in told]
    assert kinds == ["entra_person", "audit", "audit", "graph", "graph", "policy", "audit", "audit"]
    patch, lost = (fact["call"] for fact in told if fact["kind"] == "graph")
    assert (patch["method"], patch["status"], patch["body"]) == (
        "PATCH",
        204,
        {"perUserMfaState": "disabled"},
    )
    assert (lost["status"], lost["bucket"]) == (400, "directory")
    assert told[0]["person"]["per_user_mfa"] == "disabled"
    assert graph.sandbox.token not in json.dumps(told)


async def test_registered_follows_the_newest_request_for_a_token(graph: Client) -> None:
    async def registered() -> bool:
        pane = await graph.admin("pane", method="GET")
        return bool(next(one for one in pane["people"] if one["key"] == "edda.holt")["registered"])

    assert not await registered()
    await graph.admin("users/edda.holt/state", {"perUserMfaState": "disabled"})
    graph.hands.passed = 30
    await graph.admin("users/edda.holt/try-registration")
    assert await registered()
    await graph.admin("users/edda.holt/state", {"perUserMfaState": "enforced"})
    graph.hands.passed = 60
    await graph.admin("users/edda.holt/try-registration")
    assert not await registered()
