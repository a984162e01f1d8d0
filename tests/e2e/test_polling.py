"""A tenant's day of sign-ins through Graph's wire, the poller and a real store: everybody once.

PSSO_TEST_SIGN_INS sets how many sign-ins the long test reads: 12,000 unless it says 100000, and
PSSO_TEST_OUTAGE_PEOPLE how many register after an outage: 1,500 unless it says 5000.
"""

from __future__ import annotations

import asyncio
import os
import random
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from bot.adapters.graph.budget import LocalBudget
from bot.adapters.graph.credentials import Access, FixedToken
from bot.adapters.graph.feed import GraphSignInFeed
from bot.adapters.graph.gateway import connect
from bot.adapters.store.alerts import alert_store
from bot.adapters.store.connection import store_link
from bot.adapters.store.embedded import embedded_store
from bot.alert_ports import Alerts, SignInFeed
from bot.domain.alerts import GroupState
from bot.domain.poll_health import PollHealth
from bot.domain.sign_ins import SignIn
from bot.ports import Desk
from bot.usecases.group_alerts import Grouper
from bot.usecases.poll_sign_ins import Poller
from sandbox.entra import EntraSandbox
from sandbox.entra.outage import add_sign_ins, people
from sandbox.entra.sign_in_rows import Attempt, sign_in_row
from sandbox.entra.wire import timestamp
from tests.alert_fakes import FakeAlertBoard, FakePolicyAudits
from tests.fakes import a_desk, some_rules

START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
SIGN_INS = int(os.environ.get("PSSO_TEST_SIGN_INS", "12000"))
PEOPLE = int(os.environ.get("PSSO_TEST_OUTAGE_PEOPLE", "1500"))
HOURS = 3.0
LEASE = timedelta(milliseconds=80)  # by the store's own clock
LATEST = timedelta(hours=20)  # what appears later than the long sweep reaches back can be missed


@dataclass
class Hands:
    """The clock of the tenant and of the bot: only waiting moves it."""

    passed: float = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed)

    def seconds(self) -> float:
        return self.passed

    async def pause(self, seconds: float) -> None:
        self.passed += seconds
        await asyncio.sleep(0)


class Killed(Exception):
    """The process is gone."""


@dataclass
class Hooked:
    """A feed at which something happens when a certain page has been read."""

    feed: SignInFeed
    hooks: dict[int, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    pages: int = 0

    async def failures(self, since: datetime, until: datetime) -> AsyncIterator[tuple[SignIn, ...]]:
        async for page in self.feed.failures(since, until):
            self.pages += 1
            for place in [place for place in self.hooks if place <= self.pages]:
                await self.hooks.pop(place)()
            yield page

    def successes(self, since: datetime, until: datetime) -> AsyncIterator[tuple[SignIn, ...]]:
        return self.feed.successes(since, until)

    async def registrations(self, users: Sequence[str], since: datetime) -> tuple[SignIn, ...]:
        return await self.feed.registrations(users, since)


@dataclass
class World:
    """The tenant, and replicas of the bot beside it."""

    entra: EntraSandbox
    hands: Hands
    desk: Desk
    alerts: Alerts
    feed: Hooked
    replicas: int = 0

    def replica(self, feed: SignInFeed | None = None) -> Poller:
        self.replicas += 1
        name, health = f"replica-{self.replicas}", PollHealth()
        return Poller(self.desk, self.alerts, feed or self.feed, name, asyncio.Event(), health, LEASE)

    async def leading(self, poller: Poller) -> Poller:
        """Wait until the lease of whoever went is over, and this replica polls."""
        async with asyncio.timeout(60):
            while not poller.health.is_leader:
                await poller.turn()
                await asyncio.sleep(0.01)
        return poller

    async def admitted(self) -> list[str]:
        """Ids of all sign-ins that were handed on, in order."""
        found, position = [], "0-0"
        while rows := await self.alerts.groups.after(position, 1000, 0.01):
            found += [sighting.id for _, sighting in rows]
            position = rows[-1][0]
        return found


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    hands = Hands()
    async with AsyncExitStack() as stack:
        entra = await stack.enter_async_context(EntraSandbox(now=hands.now, seconds=hands.seconds))
        url = await stack.enter_async_context(embedded_store(tmp_path))
        link = await stack.enter_async_context(store_link(url))
        graph = await stack.enter_async_context(
            connect(
                Access(entra.url, FixedToken(entra.token)),
                budget=LocalBudget(5, hands.seconds, hands.pause),
                now=hands.now,
                pause=hands.pause,
                new_id=lambda: uuid.uuid4().hex,
            )
        )
        feed = Hooked(GraphSignInFeed(graph))
        ports = alert_store(link, "contoso", now=hands.now, new_id=lambda: uuid.uuid4().hex)
        alerts = Alerts(**ports, board=FakeAlertBoard(), policy_audits=FakePolicyAudits(), feed=feed)
        desk = replace(a_desk(rules=some_rules()), now=hands.now, pause=hands.pause, alerts=alerts)
        yield World(entra, hands, desk, alerts, feed)


# --- a tenant's day ---------------------------------------------------------------------------------------

KINDS = (  # (share, alerts, the sign-in)
    (0.06, True, {"lane": "prt", "code": 50076, "provider": "user"}),
    (0.02, True, {"lane": "broker", "code": 53003}),
    (0.01, True, {"lane": "drs", "code": 50079}),
    (0.05, False, {"lane": "prt", "code": 50076, "os": "Windows 11"}),
    (0.02, False, {"lane": "broker", "code": 50058}),
    (0.24, False, {"lane": "prt", "code": 0}),
    (0.10, False, {"lane": "drs", "code": 0}),
    (0.50, False, {"lane": "outlook", "code": 50076}),
)


def a_day(world: World, count: int) -> set[str]:
    """Fill the log with mixed rows, some of them twice, visible late; return the ids that must be found."""
    chance, tenant = random.Random(7), world.entra.tenant
    crowd = people(tenant, max(50, count // 20))
    patterns = [
        sign_in_row(tenant, crowd[0], Attempt(START, **described))  # type: ignore[arg-type]
        for _, _, described in KINDS
    ]
    tenant.sign_ins.clear()
    rows, wanted = [], set()
    for kind in chance.choices(range(len(KINDS)), [share for share, _, _ in KINDS], k=count):
        row = one_of_many(patterns[kind], chance, chance.choice(crowd))
        rows.append(row)
        visible = datetime.fromisoformat(row["createdDateTime"]) + lag(chance)
        tenant.published_at[row["id"]] = visible
        if KINDS[kind][1]:
            wanted.add(row["id"])
        if chance.random() < 0.1:
            rows.append({**row, "riskDetail": "hidden"})  # published again
    add_sign_ins(tenant, rows)
    return wanted


def one_of_many(pattern: dict[str, Any], chance: random.Random, person: Any) -> dict[str, Any]:
    return {
        **pattern,
        "id": str(uuid.UUID(int=chance.getrandbits(128))),
        "createdDateTime": timestamp(START + timedelta(seconds=chance.uniform(0, HOURS * 3600))),
        "correlationId": str(uuid.UUID(int=chance.getrandbits(128))),
        "userId": person.id,
        "userPrincipalName": person.upn,
        "userDisplayName": person.facts["displayName"],
        "appliedConditionalAccessPolicies": pattern["appliedConditionalAccessPolicies"][:1],
    }


def lag(chance: random.Random) -> timedelta:
    """95 % within 2 minutes, 99 % within 5, some hours, and a few most of a day."""
    drawn = chance.random()
    for share, shortest, longest in ((0.95, 10, 120), (0.99, 120, 300), (0.999, 300, 7200)):
        if drawn < share:
            return timedelta(seconds=chance.uniform(shortest, longest))
    return timedelta(seconds=chance.uniform(7200, LATEST.total_seconds()))


async def test_every_blocked_sign_in_is_handed_on_exactly_once(world: World) -> None:
    wanted = a_day(world, SIGN_INS)
    poller, restarts, polls = world.replica(), 0, 0
    while world.hands.passed < HOURS * 3600 + LATEST.total_seconds() + 7 * 3600:
        polls += 1
        if polls in (20, 75, 121):  # once within a sweep
            world.feed.hooks[world.feed.pages + 1 + polls % 2] = kill
        if polls == 50:
            poller = await a_leader_pauses(world, poller)
        try:
            await poller.turn()
        except Killed:
            restarts += 1
            poller = await world.leading(world.replica())
        quiet = world.hands.passed > (HOURS + 2) * 3600
        await world.hands.pause(1800 if quiet else 60)

    found = await world.admitted()
    assert restarts == 3
    assert len(found) == len(set(found))
    assert set(found) == wanted


async def kill() -> None:
    raise Killed


async def a_leader_pauses(world: World, sleeper: Poller) -> Poller:
    """The leader stops within a read; another takes over and polls; then the first one wakes up."""
    stopped, goes_on = asyncio.Event(), asyncio.Event()

    async def sleep() -> None:
        stopped.set()
        await goes_on.wait()

    sleeper.feed = Hooked(world.feed.feed, {1: sleep})
    await world.hands.pause(60)
    sleeping = asyncio.create_task(sleeper.turn())
    await stopped.wait()
    successor = await world.leading(world.replica())
    for _ in range(5):
        await world.hands.pause(60)
        await successor.turn()
    marked = await world.alerts.poll_marks.read()
    goes_on.set()
    await sleeping
    assert not sleeper.health.is_leader
    assert await world.alerts.poll_marks.read() == marked
    return successor


async def test_an_outage_that_hits_thousands_is_read_within_one_poll_per_minute(world: World) -> None:
    world.entra.tenant.sign_ins.clear()
    await world.replica().turn()
    await asyncio.sleep(LEASE.total_seconds())
    await world.hands.pause(600)
    policy = world.entra.tenant.policies[0]["displayName"]
    described = {"users": 5000, "code": 53003, "policy": policy, "over": 600, "lane": "broker"}
    async with httpx.AsyncClient(trust_env=False) as client:
        (await client.post(f"{world.entra.url}/_admin/crowd", json=described)).raise_for_status()
    before = world.hands.passed

    poller = await world.leading(world.replica())

    assert len(await world.admitted()) == 5000
    assert poller.health.pages <= 8
    assert world.hands.passed - before < 30


@pytest.mark.long
async def test_an_outage_that_is_over_is_marked_as_everybody_registers(world: World) -> None:
    """At one poll a minute and with the calls that Graph allows; nobody waits much longer than for a poll."""
    world.entra.tenant.sign_ins.clear()
    poller, grouper = await world.leading(world.replica()), Grouper(world.desk, world.alerts, "one")
    await world.hands.pause(600)
    policy = world.entra.tenant.policies[0]["displayName"]
    failing = {"users": PEOPLE, "code": 53003, "policy": policy, "over": 600, "lane": "broker"}
    await crowd(world, failing)
    poller = await poll(world, poller, grouper)
    (outage,) = [group for group in await world.alerts.groups.live() if group.count == PEOPLE]
    await world.hands.pause(660)
    await crowd(world, {"users": PEOPLE, "code": 0, "lane": "prt", "over": 600, "late": 600})
    began, before, marked, found = world.hands.passed, await questions(world), [0], outage

    while marked[-1] < PEOPLE:
        due = began + 60 * len(marked)
        assert due <= began + 900, f"marked after each poll: {marked}"
        await world.hands.pause(max(0.0, due - world.hands.passed))
        poller = await poll(world, poller, grouper)
        found = await world.alerts.groups.get(outage.id) or outage
        marked.append(found.registered)

    took, asked = world.hands.passed - began, await questions(world) - before
    assert found.state is GroupState.RESOLVED
    assert took <= 600 + 150, f"marked after each poll: {marked}"
    assert asked <= 5 * (len(marked) - 1)


async def crowd(world: World, described: dict[str, Any]) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        (await client.post(f"{world.entra.url}/_admin/crowd", json=described)).raise_for_status()


async def questions(world: World) -> int:
    """Return how often Graph was asked for successes, of people by name or of everybody."""
    async with httpx.AsyncClient(trust_env=False) as client:
        served = (await client.get(f"{world.entra.url}/_admin/requests")).json()["requests"]
    return sum("status/errorCode eq 0" in unquote(one["path"]) for one in served)


async def poll(world: World, poller: Poller, grouper: Grouper) -> Poller:
    """Poll, and group all that came; the lease may have run out meanwhile by the store's own clock."""
    await poller.turn()
    if not poller.health.is_leader:
        poller = await world.leading(poller)
    while await world.alerts.groups.backlog():
        assert await grouper.run()
    return poller
