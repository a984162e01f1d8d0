"""Token, permissions, licence, throttling, headers, faults, and the record of requests."""

import aiohttp
import pytest

from tests.sandbox.entra.conftest import Client

REPORTS = "/v1.0/auditLogs/directoryAudits"
POLICIES = "/v1.0/identity/conditionalAccess/policies"


async def test_calls_without_the_token_are_401(graph: Client) -> None:
    for header, message in (("", "Access token is empty."), ("Bearer nonsense", "IDX14100")):
        answer = await graph.get("/v1.0/organization", Authorization=header)
        assert (answer.status, answer.code) == (401, "InvalidAuthenticationToken")
        assert message in answer.message
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


async def test_every_answer_carries_ids_and_echoes_the_clients(graph: Client) -> None:
    for path in ("/v1.0/organization", "/v1.0/nothing", "/v1.0/users/nobody"):
        answer = await graph.get(path, client_request_id="abc-1")
        assert answer.headers["client-request-id"] == "abc-1"
        assert answer.headers["request-id"] != "abc-1"
        assert answer.headers["Date"] == "Mon, 23 Nov 2026 12:00:00 GMT"
        if answer.status >= 400:
            assert answer.json["error"]["innerError"] == {
                "date": "2026-11-23T12:00:00",
                "request-id": answer.headers["request-id"],
                "client-request-id": "abc-1",
            }


async def test_unknown_addresses_name_the_segment(graph: Client) -> None:
    for path, segment in (("/v1.0/nothing", "nothing"), ("/v1.0/users/x/shoes", "shoes")):
        answer = await graph.get(path)
        assert (answer.status, answer.code) == (400, "BadRequest")
        assert answer.message == f"Resource not found for the segment '{segment}'."


async def test_double_slashes_are_tolerated(graph: Client) -> None:
    assert (await graph.get("/v1.0//users?$top=1")).status == 200


@pytest.mark.parametrize(
    ("permission", "path"),
    [
        ("AuditLog.Read.All", "/beta/auditLogs/signIns"),
        ("Directory.Read.All", REPORTS),
        ("UserAuthenticationMethod.Read.All", "/v1.0/users/ada.lind@contoso.com/authentication/methods"),
        ("Policy.Read.DeviceConfiguration", "/v1.0/policies/deviceRegistrationPolicy"),
        ("Policy.Read.All", "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy"),
    ],
)
async def test_missing_permission_is_403_until_granted(graph: Client, permission: str, path: str) -> None:
    await graph.admin("permissions", {"revoke": [permission]})
    answer = await graph.get(path)
    assert (answer.status, answer.code) == (403, "Authorization_RequestDenied")
    assert answer.message == "Insufficient privileges to complete the operation."
    await graph.admin("permissions", {"grant": [permission]})
    assert (await graph.get(path)).status == 200


async def test_reading_permission_does_not_allow_the_patch(graph: Client) -> None:
    await graph.admin("permissions", {"revoke": ["Policy.ReadWrite.AuthenticationMethod"]})
    assert (await graph.set_state("ada.lind", "disabled")).status == 403
    assert await graph.state("ada.lind") == "enforced"


@pytest.mark.parametrize(
    "path", ["/beta/auditLogs/signIns", "/v1.0/reports/authenticationMethods/userRegistrationDetails"]
)
async def test_without_premium_the_logs_are_refused(graph: Client, path: str) -> None:
    await graph.admin("licence", {"premium": False})
    answer = await graph.get(path)
    assert (answer.status, answer.code) == (403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant")
    assert answer.message == "Neither tenant is B2C or tenant doesn't have premium license"


async def test_free_tenant_has_no_licence_and_security_defaults(free: Client) -> None:
    assert (await free.get("/beta/auditLogs/signIns")).status == 403
    defaults = await free.get("/v1.0/policies/identitySecurityDefaultsEnforcementPolicy")
    assert defaults.json["isEnabled"] is True
    assert (await free.get(POLICIES)).value == []
    assert (await free.get("/v1.0/subscribedSkus")).value == []
    eligible = await free.get("/v1.0/roleManagement/directory/roleEligibilityScheduleInstances")
    assert (eligible.status, eligible.code) == (400, "AadPremiumLicenseRequired")


async def test_reports_are_limited_to_five_in_ten_seconds(graph: Client) -> None:
    for _ in range(5):
        assert (await graph.get(REPORTS)).status == 200
        graph.hands.passed += 1
    answer = await graph.get("/beta/auditLogs/signIns")
    assert (answer.status, answer.code) == (429, "TooManyRequests")
    assert answer.headers["Retry-After"] == "5"
    assert answer.headers["x-ms-throttle-scope"].startswith("Tenant_Application/")
    graph.hands.passed += 5
    assert (await graph.get(REPORTS)).status == 200


async def test_conditional_access_allows_a_burst_then_one_a_second_without_retry_after(graph: Client) -> None:
    assert [(await graph.get(POLICIES)).status for _ in range(11)] == [200] * 10 + [429]
    graph.hands.passed += 1
    assert (await graph.get(POLICIES)).status == 200
    answer = await graph.get(POLICIES)
    assert answer.status == 429
    assert "Retry-After" not in answer.headers


async def test_limits_can_be_switched_off_and_on(graph: Client) -> None:
    await graph.admin("throttle", {"reports_per_10s": None, "policies_per_s": None})
    for path in (REPORTS, POLICIES):
        assert {(await graph.get(path)).status for _ in range(15)} == {200}
    await graph.admin("throttle", {"reports_per_10s": 1, "policies_per_s": 1, "policies_burst": 1})
    for path in (REPORTS, POLICIES):
        assert [(await graph.get(path)).status for _ in range(2)] == [200, 429]


async def test_metrics_count_per_bucket_and_route(graph: Client) -> None:
    await graph.get(REPORTS)
    await graph.get(POLICIES)
    await graph.get("/v1.0/organization")
    counts = await graph.admin("metrics", method="GET")
    assert (counts["requests"], counts["reports"], counts["policies"], counts["directory"]) == (3, 1, 1, 1)
    assert counts["routes"]["GET auditLogs/directoryAudits"] == 1


async def test_requests_are_recorded_with_the_bodies_of_writes(graph: Client) -> None:
    await graph.get("/v1.0/users?$filter=mail eq 'a b'")
    await graph.set_state("ada.lind", "disabled")
    kept = (await graph.admin("requests", method="GET"))["requests"]
    assert kept[0]["path"] == "/v1.0/users?$filter=mail eq 'a b'"
    assert (kept[1]["method"], kept[1]["status"], kept[1]["body"]) == (
        "PATCH",
        204,
        {"perUserMfaState": "disabled"},
    )
    await graph.admin("requests", method="DELETE")
    assert (await graph.admin("requests", method="GET"))["requests"] == []


async def test_scripted_error_counts_down(graph: Client) -> None:
    fault = {"path": "^/v1.0/organization", "count": 2, "status": 503, "headers": {"Retry-After": "7"}}
    await graph.admin("faults", fault)
    statuses = [await graph.get("/v1.0/organization") for _ in range(3)]
    assert [answer.status for answer in statuses] == [503, 503, 200]
    assert statuses[0].headers["Retry-After"] == "7"
    assert statuses[0].code == "ServiceUnavailable"


async def test_scripted_garbage_and_delay(graph: Client) -> None:
    await graph.admin(
        "faults", {"path": "organization", "count": -1, "body": "<html>Bad Gateway", "status": 502}
    )
    answer = await graph.get("/v1.0/organization")
    assert (answer.status, answer.text) == (502, "<html>Bad Gateway")
    await graph.admin("faults", method="DELETE")
    cut = {
        "path": "organization",
        "body": '{"value":[{"id"',
        "headers": {"Content-Type": "text/plain"},
        "delay": 0.01,
    }
    await graph.admin("faults", cut)
    assert (await graph.get("/v1.0/organization")).text == '{"value":[{"id"'
    assert (await graph.get("/v1.0/organization")).status == 200


async def test_cut_connections_reach_the_caller_as_such(graph: Client) -> None:
    await graph.admin("faults", {"path": "requirements", "method": "PATCH", "cut": True})
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await graph.set_state("ada.lind", "disabled")
    assert await graph.state("ada.lind") == "enforced"


async def test_write_may_be_applied_and_its_answer_lost(graph: Client) -> None:
    await graph.admin("faults", {"path": "requirements", "method": "PATCH", "cut": True, "apply_first": True})
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await graph.set_state("ada.lind", "disabled")
    assert await graph.state("ada.lind") == "disabled"
    kept = (await graph.admin("requests", method="GET"))["requests"]
    assert [entry["status"] for entry in kept if entry["method"] == "PATCH"] == [None]


async def test_bad_admin_calls_are_explained(graph: Client) -> None:
    assert (await graph.send("POST", "/_admin/faults", {"path": "("})).status == 400
    assert (
        await graph.send("POST", "/_admin/users/nobody/state", {"perUserMfaState": "disabled"})
    ).status == 404
    assert (
        await graph.send("POST", "/_admin/users/ada.lind/state", {"perUserMfaState": "off"})
    ).status == 400
    assert (await graph.send("POST", "/_admin/readback-lag", {})).status == 400
