"""POST $batch."""

from typing import Any

import pytest

from tests.sandbox.entra.conftest import Answer, Client


async def batch(graph: Client, *steps: dict[str, Any], version: str = "beta") -> Answer:
    return await graph.send("POST", f"/{version}/$batch", {"requests": list(steps)})


def get(name: str, url: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "method": "GET", "url": url, **more}


def by_id(answer: Answer) -> dict[str, dict[str, Any]]:
    return {response["id"]: response for response in answer.json["responses"]}


async def test_reads_and_writes_with_statuses_of_their_own(graph: Client) -> None:
    url = f"/users/{graph.id_of('ada.lind')}/authentication/requirements"
    body = {"headers": {"Content-Type": "application/json"}, "body": {"perUserMfaState": "disabled"}}
    answer = await batch(
        graph,
        get("1", url),
        {"id": "2", "method": "PATCH", "url": url, **body, "dependsOn": ["1"]},
        get("3", "users/nobody@contoso.com/authentication/requirements"),
        {"id": "4", "method": "PATCH", "url": url, "body": {"perUserMfaState": "disabled"}},
        get("5", "/nothing"),
        get("6", url, dependsOn=["5"]),
    )
    assert answer.status == 200
    found = by_id(answer)
    assert {name: response["status"] for name, response in found.items()} == {
        "1": 200, "2": 204, "3": 404, "4": 400, "5": 400, "6": 424,
    }  # fmt: skip
    assert found["1"]["body"]["perUserMfaState"] == "enforced"
    assert found["2"]["body"] is None
    assert found["3"]["body"]["error"]["code"] == "Request_ResourceNotFound"
    assert found["6"]["body"]["error"]["code"] == "FailedDependency"
    assert await graph.state("ada.lind") == "disabled"


async def test_answers_come_in_another_order(graph: Client) -> None:
    steps = [get(str(number), "/organization") for number in range(20)]
    order = [response["id"] for response in (await batch(graph, *steps)).json["responses"]]
    assert order != [step["id"] for step in steps]
    assert sorted(order, key=int) == [step["id"] for step in steps]


async def test_version_of_the_outer_address_rules(graph: Client) -> None:
    url = f"/users/{graph.id_of('ada.lind')}/authentication/requirements"
    assert by_id(await batch(graph, get("1", url), version="v1.0"))["1"]["status"] == 400


async def test_inner_calls_are_throttled_one_by_one(graph: Client) -> None:
    steps = [get(str(number), "/auditLogs/directoryAudits?$top=1") for number in range(7)]
    found = by_id(await batch(graph, *steps))
    assert sorted(response["status"] for response in found.values()) == [200] * 5 + [429] * 2
    throttled = [response for response in found.values() if response["status"] == 429]
    assert all(response["headers"]["Retry-After"] == "10" for response in throttled)


@pytest.mark.parametrize(
    "steps",
    [
        [get(str(number), "/organization") for number in range(21)],
        [get("a", "/organization"), get("A", "/organization")],
        [{"method": "GET", "url": "/organization"}],
        [],
        ["x"],
    ],
)
async def test_bad_batches_are_refused_whole(graph: Client, steps: list[Any]) -> None:
    answer = await batch(graph, *steps)
    assert (answer.status, answer.code) == (400, "BadRequest")


async def test_absolute_addresses_are_refused(graph: Client) -> None:
    found = by_id(await batch(graph, get("1", f"{graph.sandbox.url}/beta/organization")))
    assert found["1"]["status"] == 400


async def test_inner_calls_are_recorded(graph: Client) -> None:
    await batch(graph, get("1", "/organization"))
    kept = (await graph.admin("requests", method="GET"))["requests"]
    assert [(entry["path"], entry["in_batch"]) for entry in kept] == [
        ("/beta/organization", True),
        ("/beta/$batch", False),
    ]
