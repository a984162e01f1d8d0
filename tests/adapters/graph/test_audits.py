"""What the directory audit log says was done to an account."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from bot.adapters.graph.audits import GraphDirectoryAudits
from bot.adapters.graph.gateway import Gateway
from bot.domain.people import ObjectId, PerUserMfaState
from bot.errors import BadInput, GraphMalformed, GraphRefused
from bot.ports import AuditEvent, DirectoryAudits, Urgency
from tests.adapters.graph.fake_graph import ADA, NOW, FakeGraph, Says, refusing

USER = ObjectId(ADA)
SINCE = NOW - timedelta(days=1)
PATH = "/v1.0/auditLogs/directoryAudits"
DISABLED, ENABLED, ENFORCED = PerUserMfaState.DISABLED, PerUserMfaState.ENABLED, PerUserMfaState.ENFORCED


def changed(name: str, new: str | None) -> dict[str, Any]:
    return {"displayName": name, "oldValue": None, "newValue": new}


def requirement(*codes: Any) -> dict[str, Any]:
    entries = [{"RelyingParty": "*", "State": code} for code in codes]
    return changed("StrongAuthenticationRequirement", json.dumps(entries))


def record(activity: str, *changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    target = {"id": ADA.upper(), "type": "User", "modifiedProperties": list(changes)}
    made = {
        "id": "a1",
        "activityDisplayName": activity,
        "activityDateTime": "2026-11-23T11:00:00.1234567Z",
        "result": "success",
        "initiatedBy": {"user": {"id": "U1", "displayName": None, "userPrincipalName": "otto@contoso.com"}},
        "targetResources": [{"id": "somebody-else"}, target],
    }
    return {**made, **more}


async def read(graph: FakeGraph, gateway: Gateway, *rows: Any) -> tuple[AuditEvent, ...]:
    graph.on(PATH, Says({"value": list(rows)}))
    return await GraphDirectoryAudits(gateway).about(USER, SINCE, Urgency.ACTION)


def test_the_adapter_is_the_port(gateway: Gateway) -> None:
    port: DirectoryAudits = GraphDirectoryAudits(gateway)

    assert all((port,))


async def test_one_call_asks_about_one_user(graph: FakeGraph, gateway: Gateway) -> None:
    assert await read(graph, gateway) == ()

    (heard,) = graph.heard
    assert unquote(heard.target) == (
        f"{PATH}?$filter=activityDateTime ge 2026-11-22T12:00:00Z and "
        f"targetResources/any(t:t/id eq '{ADA}')&$top=1000"
    )


async def test_who_did_it_is_told(graph: FakeGraph, gateway: Gateway) -> None:
    app = {"appId": "APP-1", "displayName": "psso-bot"}
    by_app = record("Disable Strong Authentication", id="a2", initiatedBy={"user": None, "app": app})
    nobody = record("Update user", id="a3", initiatedBy=None)

    events = {event.id: event for event in await read(graph, gateway, record("Update user"), by_app, nobody)}

    assert (events["a1"].by, events["a1"].by_user_id, events["a1"].by_app_id) == (
        "otto@contoso.com",
        "u1",
        None,
    )
    assert (events["a2"].by, events["a2"].by_user_id, events["a2"].by_app_id) == ("psso-bot", None, "app-1")
    assert events["a3"].by == "unknown"


@pytest.mark.parametrize(
    ("row", "state"),
    [
        (record("Disable Strong Authentication", requirement()), DISABLED),
        (record("Disable Strong Authentication"), DISABLED),
        (record("Disable Strong Authentication."), DISABLED),
        (record("Enable Strong Authentication", requirement(1)), ENABLED),
        (record("Enable Strong Authentication", requirement(2)), ENFORCED),
        (record("Enable Strong Authentication"), ENABLED),
        (record("Enable Strong Authentication", requirement(7)), ENABLED),
        (record("Update user", requirement()), DISABLED),
        (record("Update user", requirement(0)), DISABLED),
        (record("Update user", requirement("2")), ENFORCED),
        (record("Update user.", requirement(0, 2)), ENFORCED),
        (record("Update user", requirement(9)), None),
        (record("Update user", changed("StrongAuthenticationRequirement", None)), None),
        (record("Update user", changed("StrongAuthenticationRequirement", "[")), None),
        (record("Update user", changed("StrongAuthenticationRequirement", "{}")), None),
        (record("Update user", changed("StrongAuthenticationRequirement", "[1]")), None),
        (record("Update user", changed("DisplayName", '"[]"')), None),
        (record("Update user", changed("Included Updated Properties", "[]")), None),
    ],
)
async def test_the_state_that_was_set(
    graph: FakeGraph, gateway: Gateway, row: dict[str, Any], state: PerUserMfaState | None
) -> None:
    (event,) = await read(graph, gateway, row)

    assert event.sets_state is state
    assert not event.is_password_change
    assert not event.is_method_change


@pytest.mark.parametrize(
    ("activity", "password", "method"),
    [
        ("Reset user password", True, False),
        ("Change user password", True, False),
        ("Reset password (self-service)", True, False),
        ("Reset password (by admin)", True, False),
        ("Change password (self-service)", True, False),
        ("Self-serve password reset flow activity progress", False, False),
        ("User registered security info", False, True),
        ("User deleted security info", False, True),
        ("User changed default security info", False, True),
        ("Admin registered security info", False, True),
        ("User started security info registration", False, False),
        ("User reviewed security info", False, False),
        ("Add member to group", False, False),
    ],
)
async def test_passwords_and_methods(
    graph: FakeGraph, gateway: Gateway, activity: str, password: bool, method: bool
) -> None:
    (event,) = await read(graph, gateway, record(activity))

    assert (event.is_password_change, event.is_method_change) == (password, method)


async def test_methods_changed_by_an_update_of_the_user(graph: FakeGraph, gateway: Gateway) -> None:
    (event,) = await read(graph, gateway, record("Update user", changed("StrongAuthenticationMethod", "[]")))

    assert event.is_method_change


async def test_only_what_happened_to_this_user_counts(graph: FakeGraph, gateway: Gateway) -> None:
    rows = [
        record("Reset user password", id="failed", result="failure"),
        record("Reset user password", id="other", targetResources=[{"id": "somebody-else"}]),
        record("Reset user password", id="none", targetResources=None),
        record("Reset user password", id="old", activityDateTime="2026-11-22T11:59:59Z"),
        record("Reset user password", id="early", activityDateTime="2026-11-23T08:00:00Z"),
        record("Reset user password", id="late"),
        record("Reset user password", id="late"),
    ]

    assert [event.id for event in await read(graph, gateway, *rows)] == ["late", "early"]


@pytest.mark.parametrize(
    "row",
    [
        "a record",
        record("Reset user password", id=""),
        record(""),
        record("Reset user password", activityDateTime="yesterday"),
    ],
)
async def test_a_record_that_cannot_be_read_is_not_left_out(
    graph: FakeGraph, gateway: Gateway, row: Any
) -> None:
    with pytest.raises(GraphMalformed):
        await read(graph, gateway, record("Update user"), row)


async def test_more_than_can_be_read_is_not_everything(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on(PATH, Says({"value": [], "@odata.nextLink": f"{graph.url}{PATH}?more"}))

    with pytest.raises(GraphMalformed):
        await GraphDirectoryAudits(gateway).about(USER, SINCE, Urgency.ACTION)

    assert len(graph.heard) == 3


async def test_a_missing_permission_is_named(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on(PATH, refusing(403, "Authorization_RequestDenied"))

    with pytest.raises(GraphRefused) as refused:
        await GraphDirectoryAudits(gateway).about(USER, SINCE, Urgency.ACTION)

    assert refused.value.needs == "AuditLog.Read.All and Directory.Read.All"


async def test_only_an_object_id_enters_a_filter(graph: FakeGraph, gateway: Gateway) -> None:
    with pytest.raises(BadInput):
        await GraphDirectoryAudits(gateway).about(ObjectId("x') or true"), SINCE, Urgency.ACTION)

    assert graph.heard == []


async def test_a_filter_on_targets_that_is_refused_is_left_to_us(graph: FakeGraph, gateway: Gateway) -> None:
    other = record("Reset user password", targetResources=[{"id": "somebody-else", "type": "User"}])
    graph.on(PATH, refusing(400, "BadRequest", "Invalid filter clause"), Says({"value": [other]}))

    assert await GraphDirectoryAudits(gateway).about(USER, SINCE, Urgency.ACTION) == ()
    assert "targetResources" not in unquote(graph.heard[-1].target)
