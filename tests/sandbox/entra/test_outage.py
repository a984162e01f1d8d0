"""Many people at once, and records that are published late."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.sandbox.entra.conftest import Client

BROKER = "29d9ed98-a469-4536-ade2-f981bc1d605e"
BOTH = "signInEventTypes/any(t: t eq 'interactiveUser' or t eq 'nonInteractiveUser')"
FAILED = f"appId eq '{BROKER}' and status/errorCode ne 0 and {BOTH}"
RECENT = f"createdDateTime ge 2026-11-23T11:45:00Z and createdDateTime le 2026-11-23T12:30:00Z and {FAILED}"


@pytest.fixture
async def graph(graph: Client) -> Client:
    """Without limits, and with an empty sign-in log."""
    await graph.admin("throttle", {"reports_per_10s": None})
    graph.sandbox.tenant.sign_ins.clear()
    return graph


async def ids(graph: Client, text: str = RECENT) -> list[str]:
    found, link = [], f"/beta/auditLogs/signIns?$filter={quote(text)}&$top=1000"
    while link:
        answer = await graph.get(link)
        found += [row["id"] for row in answer.value]
        link = answer.json.get("@odata.nextLink")
    return found


async def test_a_crowd_fails_by_one_policy(graph: Client) -> None:
    policy = graph.sandbox.tenant.policies[0]
    described = {"users": 1200, "code": 53003, "policy": policy["displayName"], "lane": "broker"}

    made = await graph.admin("crowd", described)

    assert made["rows"] == 1200
    assert len(await ids(graph)) == len(set(await ids(graph))) == 1200
    row = made["first"]
    (failed,) = [one for one in row["appliedConditionalAccessPolicies"] if one["result"] == "failure"]
    assert failed["id"] == policy["id"]
    assert (row["createdDateTime"], row["conditionalAccessStatus"]) == ("2026-11-23T11:50:00Z", "failure")
    person = (await graph.get(f"/v1.0/users/{row['userId']}?$select=userPrincipalName")).json
    assert person["userPrincipalName"] == row["userPrincipalName"]


async def test_the_same_crowd_registers(graph: Client) -> None:
    await graph.admin("crowd", {"users": 3, "code": 53003, "lane": "broker"})
    failed = {row["userId"] for row in graph.sandbox.tenant.sign_ins}
    await graph.admin("crowd", {"users": 3, "code": 0, "over": 5})

    succeeded = {row["userId"] for row in graph.sandbox.tenant.sign_ins if not row["status"]["errorCode"]}

    assert failed == succeeded


async def test_a_record_is_visible_when_it_is_published(graph: Client) -> None:
    await graph.admin("crowd", {"users": 4, "code": 53003, "lane": "broker", "over": 40, "late": 60})
    everybody = [row["id"] for row in graph.sandbox.tenant.sign_ins]
    await graph.admin("publish", {"ids": everybody[:1], "in": 900})

    assert await ids(graph) == []
    assert (await graph.get(f"/beta/auditLogs/signIns/{everybody[1]}")).status == 404
    graph.hands.passed += 55
    assert await ids(graph) == everybody[3:0:-1]
    graph.hands.passed += 845
    assert await ids(graph) == everybody[::-1]
    assert (await graph.get(f"/beta/auditLogs/signIns/{everybody[0]}")).status == 200


async def test_whole_records_are_written_and_appear_when_they_should(graph: Client) -> None:
    made = await graph.admin("crowd", {"users": 1, "code": 53003, "lane": "broker", "over": 0})
    (row,) = graph.sandbox.tenant.sign_ins
    copies = [{"id": "now"}, {"id": "later", "userDisplayName": "Later Person"}]

    await graph.admin("log", {"like": row, "rows": copies, "in": {"later": 30}, "empty": True})

    assert made["rows"] == 1
    assert await ids(graph) == ["now"]
    graph.hands.passed += 30
    assert sorted(await ids(graph)) == ["later", "now"]
    people = {row["id"]: row["userDisplayName"] for row in graph.sandbox.tenant.sign_ins}
    assert people == {"now": row["userDisplayName"], "later": "Later Person"}


AT, EARLY = "2026-11-23T11:55:00Z", "2026-11-23T11:52:00Z"
Holds = Callable[[str], bool]


@pytest.mark.parametrize(
    ("times", "holds"),
    [
        (f"createdDateTime ge {AT}", lambda at: at >= AT),
        (f"createdDateTime le {AT}", lambda at: at <= AT),
        (f"createdDateTime eq {AT}", lambda at: at == AT),
        (f"(createdDateTime ge {AT} or createdDateTime le {EARLY})", lambda at: at >= AT or at <= EARLY),
        (f"not (createdDateTime ge {AT})", lambda at: at < AT),
    ],
)
async def test_times_select_what_they_say(graph: Client, times: str, holds: Holds) -> None:
    await graph.admin("crowd", {"users": 600, "code": 53003, "lane": "broker"})
    everybody = {row["id"]: row["createdDateTime"] for row in graph.sandbox.tenant.sign_ins}

    found = await ids(graph, f"{times} and {FAILED}")

    assert set(found) == {row_id for row_id, at in everybody.items() if holds(at)}
    assert found


@pytest.mark.parametrize(
    ("door", "body"),
    [
        ("crowd", {"users": 3}),
        ("crowd", {"users": 3, "code": 53003, "lane": "unknown"}),
        ("publish", {"ids": []}),
        ("log", {"rows": [{"id": "no time"}]}),
    ],
)
async def test_what_cannot_be_done_is_said(graph: Client, door: str, body: dict[str, object]) -> None:
    assert (await graph.send("POST", f"/_admin/{door}", body)).status == 400
