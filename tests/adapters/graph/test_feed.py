"""The tenant's failed registrations, as Graph's sign-in log gives them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from bot.adapters.graph.budget import LocalBudget
from bot.adapters.graph.credentials import Access, FixedToken
from bot.adapters.graph.feed import GraphSignInFeed
from bot.adapters.graph.gateway import Gateway, connect
from bot.alert_ports import SignInFeed
from bot.domain.sign_ins import BROKER_APP, DEVICE_REGISTRATION_RESOURCE, SignIn
from bot.errors import BadInput, GraphMalformed, GraphRefused, GraphThrottled, RefusalKind
from bot.ports import Scarce, Urgency
from tests.adapters.graph.fake_graph import ADA, NOW, TOKEN, FakeGraph, Pauses, Says, counter, refusing
from tests.fakes import an_object_id

PATH = "/beta/auditLogs/signIns"
SINCE, UNTIL = NOW - timedelta(minutes=10), NOW
OFFICE = "d3590ed6-52b3-4102-aeff-aad2292ab01c"
KINDS = "signInEventTypes/any(t: t eq 'interactiveUser' or t eq 'nonInteractiveUser')"
APPS = f"(appId eq '{BROKER_APP}' or resourceId eq '{DEVICE_REGISTRATION_RESOURCE}')"


def record(row_id: str, minutes_ago: float = 1, code: int = 50076, **more: Any) -> dict[str, Any]:
    made = {
        "id": row_id,
        "createdDateTime": (NOW - timedelta(minutes=minutes_ago)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "userId": ADA,
        "appId": BROKER_APP,
        "resourceId": "00000002-0000-0000-c000-000000000000",
        "status": {"errorCode": code},
        "signInEventTypes": ["nonInteractiveUser"],
    }
    return {**made, **more}


def page(graph: FakeGraph, *rows: Any, more: str = "") -> Says:
    link = {"@odata.nextLink": f"{graph.url}{PATH}?{more}"} if more else {}
    return Says({"value": list(rows), **link})


async def read(
    gateway: Gateway, since: datetime = SINCE, until: datetime = UNTIL
) -> list[tuple[SignIn, ...]]:
    return [page async for page in GraphSignInFeed(gateway).failures(since, until)]


async def read_into(pages: list[tuple[SignIn, ...]], gateway: Gateway) -> None:
    async for rows in GraphSignInFeed(gateway).failures(SINCE, UNTIL):
        pages.append(rows)


def test_the_adapter_is_the_port(gateway: Gateway) -> None:
    port: SignInFeed = GraphSignInFeed(gateway)

    assert all((port,))


# --- failures ---------------------------------------------------------------------------------------------


async def test_one_call_asks_for_all_that_matters(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on(PATH, page(graph, record("a")))

    ((row,),) = await read(gateway)

    (heard,) = graph.heard
    assert unquote(heard.target) == (
        f"{PATH}?$filter=createdDateTime ge 2026-11-23T11:50:00Z and createdDateTime le 2026-11-23T12:00:00Z "
        f"and {APPS} and status/errorCode ne 0 and {KINDS}&$top=1000"
    )
    assert heard.headers["x-ms-throttle-priority"] == "low"
    assert (row.id, row.error_code, row.is_interactive) == ("a", 50076, False)


async def test_both_kinds_are_told_apart(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on(PATH, page(graph, record("a"), record("b", signInEventTypes=["interactiveUser"])))

    ((silent, seen),) = await read(gateway)

    assert (silent.is_interactive, seen.is_interactive) == (False, True)


async def test_pages_are_followed_as_graph_names_them(graph: FakeGraph, gateway: Gateway) -> None:
    link = "$filter=x%20eq%201&$skiptoken=a%2Bb%3D%3D&odd=1;2"
    graph.on(PATH, page(graph, record("a"), more=link), page(graph, more="last"), page(graph, record("b", 2)))

    pages = await read(gateway)

    assert [[row.id for row in page] for page in pages] == [["a"], [], ["b"]]
    assert graph.heard[1].target == f"{PATH}?{link}"
    assert graph.heard[2].target == f"{PATH}?last"


async def test_what_cannot_matter_is_left_out(graph: FakeGraph, gateway: Gateway) -> None:
    rows = [
        record("office", appId=OFFICE),
        record("success", code=0),
        record("before", minutes_ago=11),
        record("at the end", minutes_ago=0),
        record("device", appId=OFFICE, resourceId=DEVICE_REGISTRATION_RESOURCE.upper()),
        record("broker", appId=BROKER_APP.upper()),
        record("at the start", minutes_ago=10),
    ]
    graph.on(PATH, page(graph, *rows))

    (kept,) = await read(gateway)

    assert [row.id for row in kept] == ["device", "broker", "at the start"]


async def test_odd_rows_are_counted_and_end_nothing(
    graph: FakeGraph, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    rows = ["a row", None, record("", 1), record("b", createdDateTime="soon"), record("c", status=None)]
    graph.on(PATH, page(graph, *rows, record("good")))

    with caplog.at_level(logging.WARNING):
        ((row,),) = await read(gateway)

    assert row.id == "good"
    assert [entry.getMessage() for entry in caplog.records] == [
        "left out 5 unreadable rows of the sign-in log"
    ]


async def test_no_time_is_no_call(graph: FakeGraph, gateway: Gateway) -> None:
    assert await read(gateway, NOW, NOW) == []
    assert graph.heard == []


async def test_fractions_of_a_second_are_not_lost(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on(PATH, page(graph, record("a", createdDateTime="2026-11-23T11:59:59.7Z")))

    ((row,),) = await read(gateway, until=NOW - timedelta(milliseconds=200))

    assert row.id == "a"
    assert "createdDateTime le 2026-11-23T12:00:00Z" in unquote(graph.heard[0].target)


async def test_a_cloud_that_refuses_a_condition_is_asked_for_more(
    graph: FakeGraph, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    no = refusing(400, "BadRequest", "Invalid filter clause")
    graph.on(PATH, no, no, page(graph, record("a"), record("office", appId=OFFICE), record("ok", code=0)))
    feed = GraphSignInFeed(gateway)

    with caplog.at_level(logging.WARNING):
        first = [row.id async for page in feed.failures(SINCE, UNTIL) for row in page]
    second = [row.id async for page in feed.failures(SINCE, UNTIL) for row in page]

    assert first == second == ["a"]
    conditions = [unquote(heard.target) for heard in graph.heard]
    assert ["errorCode" in one for one in conditions] == [True, False, False, False]
    assert ["appId" in one for one in conditions] == [True, True, False, False]
    assert all(KINDS in one for one in conditions)
    assert len(caplog.records) == 2


async def test_a_refusal_that_no_filter_explains_is_told(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on(PATH, refusing(400, "BadRequest", "Invalid filter clause"))

    with pytest.raises(GraphMalformed):
        await read(gateway)

    assert len(graph.heard) == 3


async def test_what_was_read_before_an_error_stands(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on(PATH, page(graph, record("a"), more="next"), refusing(400, "BadRequest", "Invalid $skiptoken."))
    seen: list[tuple[SignIn, ...]] = []

    with pytest.raises(GraphMalformed):
        await read_into(seen, gateway)

    assert [[row.id for row in rows] for rows in seen] == [["a"]]
    assert len(graph.heard) == 2


async def test_a_missing_licence_is_named(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on(PATH, refusing(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant"))

    with pytest.raises(GraphRefused) as refused:
        await read(gateway)

    assert refused.value.kind is RefusalKind.LICENCE


# --- the budget -------------------------------------------------------------------------------------------


@pytest.fixture
async def scarce(graph: FakeGraph, pauses: Pauses) -> AsyncIterator[tuple[Gateway, LocalBudget]]:
    """A gateway that waits at most 5 s for one of five calls in ten seconds."""
    budget = LocalBudget(5, pauses.monotonic, pauses.pause)
    access = Access(graph.url, FixedToken(TOKEN), None, 5.0)
    async with connect(
        access, budget=budget, now=lambda: NOW, pause=pauses.pause, new_id=counter()
    ) as opened:
        yield opened, budget


async def test_every_page_is_paid_and_the_last_three_calls_are_left_to_others(
    graph: FakeGraph, scarce: tuple[Gateway, LocalBudget]
) -> None:
    gateway, budget = scarce
    graph.on(PATH, page(graph, record("a"), more="endless"))
    pages: list[tuple[SignIn, ...]] = []

    with pytest.raises(GraphThrottled) as throttled:
        await read_into(pages, gateway)

    assert len(pages) == len(graph.heard) == 2
    assert throttled.value.code == "own budget"
    await budget.spend(Scarce.REPORTS, Urgency.PERSON, 0)
    await budget.spend(Scarce.REPORTS, Urgency.PERSON, 0)
    await budget.spend(Scarce.REPORTS, Urgency.ACTION, 0)


# --- registrations ----------------------------------------------------------------------------------------


async def test_ten_people_are_asked_about_in_one_call(graph: FakeGraph, gateway: Gateway) -> None:
    people = [an_object_id(number) for number in range(1, 11)]
    rows = [record("b", 3, 0), record("a", 1, 0), record("a", 1, 0), record("failed", 2)]
    graph.on(PATH, page(graph, *rows, record("drs", 2, 0, appId=OFFICE)))

    found = await GraphSignInFeed(gateway).registrations(people, NOW - timedelta(hours=4))

    assert [row.id for row in found] == ["a", "b"]
    (heard,) = graph.heard
    these = " or ".join(f"userId eq '{one}'" for one in people)
    assert unquote(heard.target) == (
        f"{PATH}?$filter=createdDateTime ge 2026-11-23T08:00:00Z and ({these}) and appId eq '{BROKER_APP}' "
        f"and status/errorCode eq 0 and {KINDS}&$top=1000"
    )
    assert heard.headers["x-ms-throttle-priority"] == "low"


async def test_everybodys_successes_are_read_by_time(graph: FakeGraph, gateway: Gateway) -> None:
    failed, other = record("failed", 2), record("drs", 2, 0, appId=OFFICE)
    graph.on(
        PATH,
        page(graph, record("a", 1, 0), failed, other, record("b", 2, 0), more="next"),
        page(graph, record("at the start", 10, 0), record("before", 11, 0)),
    )

    pages = [page async for page in GraphSignInFeed(gateway).successes(SINCE, UNTIL)]

    assert [[row.id for row in page] for page in pages] == [["a", "b"], ["at the start"]]
    assert unquote(graph.heard[0].target) == (
        f"{PATH}?$filter=createdDateTime ge 2026-11-23T11:50:00Z and createdDateTime le 2026-11-23T12:00:00Z "
        f"and appId eq '{BROKER_APP}' and status/errorCode eq 0 and {KINDS}&$top=1000"
    )
    assert {heard.headers["x-ms-throttle-priority"] for heard in graph.heard} == {"low"}


async def test_a_cloud_that_refuses_is_asked_for_more_successes_and_remembers(
    graph: FakeGraph, gateway: Gateway
) -> None:
    no = refusing(400, "BadRequest", "Invalid filter clause")
    rows = [record("a", 1, 0), record("failed", 2), record("office", 2, 0, appId=OFFICE)]
    graph.on(PATH, no, no, page(graph, *rows))
    feed = GraphSignInFeed(gateway)

    first = [row.id async for page in feed.successes(SINCE, UNTIL) for row in page]
    second = [row.id async for page in feed.successes(SINCE, UNTIL) for row in page]

    assert first == second == ["a"]
    conditions = [unquote(heard.target) for heard in graph.heard]
    assert ["errorCode" in one for one in conditions] == [True, False, False, False]
    assert ["appId" in one for one in conditions] == [True, True, False, False]


async def test_a_cloud_that_refuses_is_asked_for_more_of_people(graph: FakeGraph, gateway: Gateway) -> None:
    no = refusing(400, "BadRequest", "Invalid filter clause")
    rows = [record("a", 1, 0), record("failed", 2), record("office", 2, 0, appId=OFFICE)]
    graph.on(PATH, no, no, page(graph, *rows))
    feed = GraphSignInFeed(gateway)

    found = [await feed.registrations([ADA], SINCE) for _ in range(2)]

    assert [[row.id for row in rows] for rows in found] == [["a"], ["a"]]
    conditions = [unquote(heard.target) for heard in graph.heard]
    assert ["appId" in one for one in conditions] == [True, True, False, False]
    assert all(f"userId eq '{ADA}'" in one for one in conditions)


async def test_a_cloud_that_cannot_be_asked_of_people_says_so(graph: FakeGraph, gateway: Gateway) -> None:
    """And it is no reason to ask more widely for everybody's."""
    no = refusing(400, "BadRequest", "Invalid filter clause")
    graph.on(PATH, no, no, no, page(graph, record("a", 1, 0)))
    feed = GraphSignInFeed(gateway)

    with pytest.raises(GraphMalformed) as refused:
        await feed.registrations([ADA], SINCE)
    assert [row.id async for page in feed.successes(SINCE, UNTIL) for row in page] == ["a"]

    assert refused.value.status == 400
    assert "status/errorCode eq 0" in unquote(graph.heard[-1].target)


async def test_only_object_ids_and_no_more_than_ten(graph: FakeGraph, gateway: Gateway) -> None:
    feed = GraphSignInFeed(gateway)

    assert await feed.registrations([], SINCE) == ()
    with pytest.raises(BadInput):
        await feed.registrations([an_object_id(number) for number in range(11)], SINCE)
    with pytest.raises(BadInput):
        await feed.registrations(["x') or true"], SINCE)

    assert graph.heard == []
