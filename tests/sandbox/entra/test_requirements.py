"""The per-user MFA state: beta only, flips, lag, audits, refusals."""

import json

import pytest

from tests.sandbox.entra.conftest import Client


async def test_v1_does_not_know_the_resource(graph: Client) -> None:
    for method in ("GET", "PATCH"):
        path = f"/v1.0/users/{graph.id_of('ada.lind')}/authentication/requirements"
        answer = await graph.send(
            method, path, {"perUserMfaState": "disabled"} if method == "PATCH" else None
        )
        assert (answer.status, answer.code) == (400, "BadRequest")
        assert answer.message == "Resource not found for the segment 'requirements'."
    assert await graph.state("ada.lind") == "enforced"


async def test_disable_is_204_without_a_body_and_reads_back(graph: Client) -> None:
    answer = await graph.set_state("ada.lind", "disabled")
    assert (answer.status, answer.text) == (204, "")
    assert answer.headers["request-id"]
    assert "Content-Type" not in answer.headers or not answer.text
    assert await graph.state("ada.lind") == "disabled"
    assert (await graph.set_state("ada.lind", "disabled")).status == 204
    assert len(graph.sandbox.tenant.audits) == 2  # the repeated PATCH changed nothing


@pytest.mark.parametrize(
    "body", [{"perUserMfaState": "off"}, {"perUserMfaState": None}, {}, {"state": "disabled"}]
)
async def test_bad_bodies_are_refused(graph: Client, body: dict[str, object]) -> None:
    path = f"/beta/users/{graph.id_of('ada.lind')}/authentication/requirements"
    answer = await graph.send("PATCH", path, body)
    assert (answer.status, answer.code) == (400, "BadRequest")
    assert await graph.state("ada.lind") == "enforced"


async def test_enabled_becomes_enforced_at_once_when_mfa_is_registered(graph: Client) -> None:
    await graph.set_state("ada.lind", "disabled")
    await graph.set_state("ada.lind", "enabled")
    assert await graph.state("ada.lind") == "enforced"


async def test_enabled_becomes_enforced_when_a_method_is_registered_later(graph: Client) -> None:
    assert await graph.state("dina.falck") == "enabled"
    await graph.admin("users/dina.falck/methods", {"kind": "phone"})
    assert await graph.state("dina.falck") == "enforced"


async def test_read_back_lags_then_catches_up(graph: Client) -> None:
    await graph.admin("readback-lag", {"seconds": 30})
    await graph.set_state("ada.lind", "disabled")
    assert await graph.state("ada.lind") == "enforced"
    graph.hands.passed += 31
    assert await graph.state("ada.lind") == "disabled"


async def test_read_back_may_lag_for_ever(graph: Client) -> None:
    await graph.admin("readback-lag", {"seconds": -1})
    await graph.set_state("ada.lind", "disabled")
    graph.hands.passed += 10**6
    assert await graph.state("ada.lind") == "enforced"
    await graph.admin("readback-lag", {"seconds": 0})
    assert await graph.state("ada.lind") == "disabled"


async def test_patch_writes_both_audit_records(graph: Client) -> None:
    answer = await graph.set_state("ada.lind", "disabled")
    ada = graph.id_of("ada.lind")
    named = await graph.get(
        "/v1.0/auditLogs/directoryAudits?$filter=activityDateTime ge 2026-11-23T11:59:00Z and "
        "loggedByService eq 'Core Directory' and activityDisplayName eq 'Disable Strong Authentication'"
    )
    [record] = named.value
    assert record["correlationId"] == answer.headers["request-id"]
    assert record["initiatedBy"]["user"] is None
    assert record["initiatedBy"]["app"]["appId"] == graph.sandbox.tenant.app.app_id
    [target] = record["targetResources"]
    assert target["id"] == ada
    change = target["modifiedProperties"][0]
    assert change["displayName"] == "StrongAuthenticationRequirement"
    assert json.loads(change["oldValue"])[0]["State"] == 2
    assert change["newValue"] == "[]"
    sibling = await graph.get(
        f"/v1.0/auditLogs/directoryAudits?$filter=targetResources/any(t:t/id eq '{ada}') and "
        "startswith(activityDisplayName,'Update')"
    )
    assert [row["activityDisplayName"] for row in sibling.value] == ["Update user"]


async def test_somebody_else_changes_the_state(graph: Client) -> None:
    card = await graph.admin("users/ada.lind/state", {"perUserMfaState": "disabled"})
    assert card["perUserMfaState"] == "disabled"
    rows = (await graph.get("/v1.0/auditLogs/directoryAudits")).value
    assert all(row["initiatedBy"]["app"] is None for row in rows)
    assert rows[0]["initiatedBy"]["user"]["userPrincipalName"] != "ada.lind@contoso.com"


async def test_restricted_user_cannot_be_changed(graph: Client) -> None:
    answer = await graph.set_state("viktor.stein", "disabled")
    assert (answer.status, answer.code) == (403, "Authorization_RequestDenied")
    assert "restricted management administrative unit" in answer.message
    assert await graph.state("viktor.stein") == "enforced"


async def test_unknown_user_is_404(graph: Client) -> None:
    answer = await graph.get("/beta/users/nobody@contoso.com/authentication/requirements")
    assert (answer.status, answer.code) == (404, "Request_ResourceNotFound")
