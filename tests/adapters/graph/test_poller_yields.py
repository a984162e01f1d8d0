"""One exhausted budget: an approval's reads do not wait, people wait at most one window, the poller yields.

Our whole way to Graph but the network: gateway, budget and adapters before the sandbox's service, in virtual
time.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any, cast

from bot.adapters.graph.audits import GraphDirectoryAudits
from bot.adapters.graph.budget import REPORTS_WINDOW, LocalBudget
from bot.adapters.graph.credentials import Access, FixedToken
from bot.adapters.graph.feed import GraphSignInFeed
from bot.adapters.graph.gateway import Gateway
from bot.adapters.graph.replies import Message, Reply
from bot.adapters.graph.sign_ins import GraphSignInLog
from bot.domain.people import ObjectId
from bot.domain.poll_health import PollHealth
from bot.ports import Urgency
from bot.usecases.poll_sign_ins import Poller
from sandbox.entra.cast import load_tenant
from sandbox.entra.faults import fault_from
from sandbox.entra.service import Graph
from sandbox.entra.wire import Call, split_target
from tests.alert_fakes import a_watching_desk, some_alerts
from tests.fakes import NOON, some_rules, virtual_time

ROOT = "http://127.0.0.1:1"
MINUTES = 20
NETWORK = 0.08  # seconds that one call takes
OUR_OWN = 0.5  # seconds that computing may take: virtual time goes on meanwhile


@dataclass
class InProcess:
    """A wire that ends in the sandbox's service."""

    graph: Graph
    ids: Any = field(default_factory=lambda: count(1))

    async def send(self, message: Message, deadline: float) -> Reply:
        target = message.url.removeprefix(ROOT)
        version, path, query = split_target(target)
        headers = {name.casefold(): value for name, value in message.headers.items()}
        headers["authorization"] = f"Bearer {self.graph.token}"
        call = Call(
            version=version,
            method=message.method,
            path=path,
            query=query,
            headers=headers,
            content=message.body or b"",
            base=ROOT,
            target=target,
            request_id=f"request-{next(self.ids)}",
        )
        await asyncio.sleep(NETWORK)
        reply = await self.graph.answer(call)
        named = {name.lower(): value for name, value in reply.headers.items()}
        return Reply(reply.status, named, json.dumps(reply.body).encode())


@dataclass
class Rush:
    """Everybody who asks, and how long each had to wait."""

    graph: Graph
    gateway: Gateway
    user: ObjectId
    now: Callable[[], datetime]
    waits: dict[str, list[float]] = field(default_factory=lambda: {"person": [], "action": []})

    async def asking(self, kind: str, every: float, ask: Callable[[], Awaitable[object]]) -> None:
        """Ask again and again, however long the answers take."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(round(MINUTES * 60 / every)):
                tasks.create_task(self._timed(kind, ask))
                await asyncio.sleep(every)

    async def _timed(self, kind: str, ask: Callable[[], Awaitable[object]]) -> None:
        began = asyncio.get_running_loop().time()
        await ask()
        self.waits[kind].append(asyncio.get_running_loop().time() - began - NETWORK)

    async def why(self) -> None:
        """What `/psso why` reads of the scarce logs."""
        log, since = GraphSignInLog(self.gateway), self.now() - timedelta(hours=72)
        async with asyncio.TaskGroup() as tasks:
            for interactive in (True, False):
                tasks.create_task(
                    log.of_user(self.user, since, interactive=interactive, urgency=Urgency.PERSON)
                )

    async def approval(self) -> None:
        """What an approval reads of them before anything is changed."""
        await GraphDirectoryAudits(self.gateway).about(
            self.user, self.now() - timedelta(hours=1), Urgency.ACTION
        )


def a_rush() -> Rush:
    loop = asyncio.get_running_loop()
    start = loop.time()

    def now() -> datetime:
        return NOON + timedelta(seconds=loop.time() - start)

    tenant = load_tenant("contoso", now, loop.time)
    graph = Graph.over(tenant, "token")
    ids = count(1)
    wire = cast(Any, InProcess(graph))
    access = Access(ROOT, FixedToken("token"), None, 15.0)
    budget = LocalBudget(5, loop.time, asyncio.sleep)
    gateway = Gateway(wire, wire, access, budget, now, asyncio.sleep, lambda: f"id-{next(ids)}")
    ada = next(one for one in tenant.people.values() if one.key == "ada.lind")
    return Rush(graph, gateway, ObjectId(ada.id), now)


async def polling(rush: Rush, health: PollHealth) -> None:
    """A poller that never comes to an end: Graph has another page, always."""
    rush.graph.faults.add(fault_from({"path": "errorCode ne 0", "count": -1, "empty_pages": 100_000}))
    feed = GraphSignInFeed(rush.gateway)
    desk = a_watching_desk(alerts=some_alerts(feed=feed), rules=some_rules(alert_channel="C1"))
    desk = replace(desk, now=rush.now)
    poller = Poller(desk, desk.alerts, feed, "one", asyncio.Event(), health)
    end = rush.now() + timedelta(minutes=MINUTES)
    while rush.now() < end:
        (error,) = await asyncio.gather(poller.turn(), return_exceptions=True)
        poller.note(error)
        await asyncio.sleep(poller.seconds_to_wait())


async def together(*everybody: Coroutine[Any, Any, None]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for one in everybody:
            tasks.create_task(one)


@virtual_time
async def test_actions_never_wait_for_a_poller_that_takes_all_it_can() -> None:
    rush, health = a_rush(), PollHealth()

    await together(polling(rush, health), rush.asking("action", 11, rush.approval))

    assert max(rush.waits["action"]) < OUR_OWN
    assert health.pages > MINUTES * 60 / 10 * 1.6
    assert rush.graph.counts["throttled"] == 0


@virtual_time
async def test_an_answer_every_ten_seconds_does_not_end_the_polling() -> None:
    rush, health = a_rush(), PollHealth()

    await together(polling(rush, health), rush.asking("person", 10, rush.why))

    assert health.pages > 3 * MINUTES
    assert health.polls > MINUTES / 2
    assert max(rush.waits["person"]) < REPORTS_WINDOW + OUR_OWN
    assert rush.graph.counts["throttled"] == 0


@virtual_time
async def test_everybody_at_once_on_an_exhausted_budget() -> None:
    rush, health = a_rush(), PollHealth()

    await together(
        polling(rush, health),
        rush.asking("person", 7.5, rush.why),
        rush.asking("action", 13, rush.approval),
    )

    assert max(rush.waits["action"]) < OUR_OWN
    assert max(rush.waits["person"]) < REPORTS_WINDOW + OUR_OWN
    assert health.pages < 4 * MINUTES * 6
    assert rush.graph.counts["throttled"] == 0
