"""Who changed a Conditional Access policy last."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from bot.adapters.graph.gateway import Gateway
from bot.adapters.graph.policy_audits import GraphPolicyAudits
from bot.alert_ports import PolicyAudits
from bot.domain.alerts import PolicyChange
from bot.errors import BadInput, GraphMalformed, GraphRefused
from tests.adapters.graph.fake_graph import NOW, FakeGraph, Says, refusing

POLICY = "de7e60eb-0000-4000-8000-000000000001"
SINCE = NOW - timedelta(days=1)
PATH = "/v1.0/auditLogs/directoryAudits"
UPDATE = "Update conditional access policy"


def record(minutes_ago: float, activity: str = UPDATE, **more: Any) -> dict[str, Any]:
    at = NOW - timedelta(minutes=minutes_ago)
    made = {
        "id": f"a{minutes_ago}",
        "activityDisplayName": activity,
        "activityDateTime": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "result": "success",
        "initiatedBy": {"user": {"id": "U1", "displayName": None, "userPrincipalName": "otto@contoso.com"}},
        "targetResources": [{"id": POLICY.upper(), "displayName": "Require MFA for Sales", "type": "Policy"}],
    }
    return {**made, **more}


async def last_change(graph: FakeGraph, gateway: Gateway, *rows: Any) -> PolicyChange | None:
    graph.on(PATH, Says({"value": list(rows)}))
    return await GraphPolicyAudits(gateway).last_change(POLICY, SINCE)


def test_the_adapter_is_the_port(gateway: Gateway) -> None:
    port: PolicyAudits = GraphPolicyAudits(gateway)

    assert all((port,))


async def test_one_background_call_asks_about_one_policy(graph: FakeGraph, gateway: Gateway) -> None:
    assert await last_change(graph, gateway) is None

    (heard,) = graph.heard
    assert unquote(heard.target) == (
        f"{PATH}?$filter=activityDateTime ge 2026-11-22T12:00:00Z and "
        f"targetResources/any(t:t/id eq '{POLICY}')&$top=100"
    )
    assert heard.headers["x-ms-throttle-priority"] == "low"


async def test_the_newest_change_is_told_with_who_and_what(graph: FakeGraph, gateway: Gateway) -> None:
    found = await last_change(graph, gateway, record(50), record(7.25), record(30))

    at = NOW - timedelta(minutes=7.25)
    assert found == PolicyChange(POLICY, "Require MFA for Sales", at, "otto@contoso.com", UPDATE)


async def test_of_the_two_records_of_one_change_the_clearer_one_is_told(
    graph: FakeGraph, gateway: Gateway
) -> None:
    found = await last_change(graph, gateway, record(7, "Update policy"), record(7))

    assert found is not None
    assert found.activity == UPDATE


async def test_what_changed_nothing_does_not_count(graph: FakeGraph, gateway: Gateway) -> None:
    rows = [
        record(1, result="failure"),
        record(2, "Evaluate conditional access policy"),
        record(3, targetResources=[{"id": "another-policy"}]),
        record(4, targetResources=None),
        record(60 * 25),
    ]

    assert await last_change(graph, gateway, *rows) is None


async def test_an_app_can_be_the_one(graph: FakeGraph, gateway: Gateway) -> None:
    by = {"user": None, "app": {"appId": "x", "displayName": "policy-as-code"}}

    by_app = await last_change(graph, gateway, record(1, initiatedBy=by))
    by_nobody = await last_change(graph, gateway, record(1, initiatedBy=None))

    assert (by_app and by_app.by, by_nobody and by_nobody.by) == ("policy-as-code", "unknown")


async def test_a_filter_on_targets_that_is_refused_is_left_to_us(graph: FakeGraph, gateway: Gateway) -> None:
    other = record(1, targetResources=[{"id": "another-policy"}])
    graph.on(PATH, refusing(400, "BadRequest", "Invalid filter clause"), Says({"value": [other, record(2)]}))

    found = await GraphPolicyAudits(gateway).last_change(POLICY, SINCE)

    assert found is not None
    assert found.at == NOW - timedelta(minutes=2)
    assert unquote(graph.heard[-1].target).endswith("category eq 'Policy'&$top=100")


@pytest.mark.parametrize("row", ["a record", record(1, activityDateTime="yesterday")])
async def test_a_record_that_cannot_be_read_is_not_left_out(
    graph: FakeGraph, gateway: Gateway, row: Any
) -> None:
    with pytest.raises(GraphMalformed):
        await last_change(graph, gateway, record(5), row)


async def test_a_missing_permission_is_named(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on(PATH, refusing(403, "Authorization_RequestDenied"))

    with pytest.raises(GraphRefused) as refused:
        await GraphPolicyAudits(gateway).last_change(POLICY, SINCE)

    assert refused.value.needs == "AuditLog.Read.All and Directory.Read.All"


async def test_only_an_object_id_enters_a_filter(graph: FakeGraph, gateway: Gateway) -> None:
    with pytest.raises(BadInput):
        await GraphPolicyAudits(gateway).last_change("x') or true", SINCE)

    assert graph.heard == []
