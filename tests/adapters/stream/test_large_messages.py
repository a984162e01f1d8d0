"""Large messages are read as if they were read whole, only faster."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from bot.adapters.stream.records import LARGE, Reading
from bot.domain.sign_ins import BROKER_APP, DEVICE_REGISTRATION_RESOURCE

OTHER = "d3590ed6-52b3-4102-aeff-aad2292ab01c"


def a_record(number: int, app: str, resource: str = OTHER, **change: Any) -> dict[str, Any]:
    properties = {
        "id": f"row-{number}",
        "createdDateTime": "2026-11-20T16:34:32Z",
        "appId": app,
        "resourceId": resource,
        "status": {"errorCode": 50076},
        "userAgent": "x" * 900,
    }
    return {"time": "2026-11-20T16:34:32Z", "category": "SignInLogs", "properties": properties} | change


def mixed(number: int, seed: int = 1) -> list[dict[str, Any]]:
    random = Random(seed)
    apps = [(OTHER, OTHER), (OTHER, OTHER), (BROKER_APP, OTHER), (OTHER, DEVICE_REGISTRATION_RESOURCE)]
    return [a_record(one, *random.choice(apps)) for one in range(number)]


def read(message: bytes) -> Reading:
    assert len(message) > LARGE
    reading = Reading()
    reading.add(message)
    return reading


def compact(rows: list[dict[str, Any]]) -> bytes:
    return json.dumps({"records": rows}, separators=(",", ":")).encode()


def one_by_one(rows: list[dict[str, Any]]) -> Reading:
    """Read each record in a small message of its own, which is never cut."""
    reading = Reading()
    for row in rows:
        message = compact([row])
        assert len(message) < LARGE
        reading.add(message)
    return reading


NESTED = [{"key": 1}, {"time": "of the step", "app": BROKER_APP}, {"time": "b"}]
ODD: list[list[dict[str, Any]]] = [
    mixed(100),
    [a_record(n, OTHER) for n in range(100)],
    [a_record(n, BROKER_APP) for n in range(100)],
    [a_record(n, BROKER_APP.upper()) for n in range(100)],
    [*mixed(100), a_record(100, BROKER_APP, steps=NESTED), a_record(101, OTHER, steps=NESTED)],
    [*mixed(100), {"Level": 4} | a_record(100, BROKER_APP), a_record(101, BROKER_APP, last=[1])],
    [a_record(0, BROKER_APP, last=[1]), a_record(1, OTHER, agent=',{"time":"'), *mixed(100)],
]


@pytest.mark.parametrize("rows", ODD)
def test_the_same_sign_ins_are_found_however_it_is_written(rows: list[dict[str, Any]]) -> None:
    expected = one_by_one(rows)
    for message in (
        compact(rows),
        compact(rows) + b"\r\n",
        json.dumps({"records": rows}).encode(),
        json.dumps(rows, separators=(",", ":")).encode(),
        b"\n".join(json.dumps(row).encode() for row in rows),
    ):
        found = read(message)
        assert found.sign_ins == expected.sign_ins
        assert found.unreadable == expected.unreadable


def test_all_records_are_counted() -> None:
    assert read(compact(mixed(300))).records == 300


def test_a_record_that_matters_and_cannot_be_understood_is_counted() -> None:
    broken = a_record(100, BROKER_APP)
    del broken["properties"]["status"]
    reading = read(compact([*mixed(100), broken]))
    assert reading.unreadable == 1


def test_a_message_that_breaks_off_gives_nothing_false() -> None:
    message = compact([a_record(n, BROKER_APP) for n in range(100)])[:-50]
    reading = read(message)
    assert reading.sign_ins == []
    assert reading.unreadable == 1
