"""How soon a failure that is visible in Graph is admitted, and posted, when the sign-in log is polled.

The sandbox's Graph over HTTP, the embedded Valkey, poller, grouping and delivery as in the running bot; the
board is in memory. Prints JSON. Budget: visible to posted within the poll interval + 1 s at the median.

A short interval is measured, to end in reasonable time; with another one only the wait for the next poll
changes, so "beyond the wait" is what the bot itself adds: from the poll that could see the row.

    python -m benchmarks.alert_latency [--interval 2] [--failures 20]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, the folder above is not known

from bot.adapters.graph.budget import LocalBudget
from bot.adapters.graph.credentials import Access, FixedToken
from bot.adapters.graph.feed import GraphSignInFeed
from bot.adapters.graph.gateway import connect
from bot.adapters.store.alerts import alert_store, outbox_of
from bot.adapters.store.connection import store_link
from bot.adapters.store.embedded import embedded_store
from bot.adapters.store.schedule import RedisSchedule
from bot.alert_ports import Admitted, Alerts, Intake
from bot.domain.alerts import AlertView, Sighting
from bot.ports import Desk
from bot.usecases import deliver_alerts
from bot.usecases.group_alerts import group_alerts
from bot.usecases.poll_sign_ins import poll_sign_ins
from bot.usecases.scheduled import DueJobs, carry_out_scheduled
from bot.usecases.workers import work_off
from sandbox.entra import EntraSandbox
from sandbox.entra.outage import add_sign_ins, people
from sandbox.entra.sign_in_rows import Attempt, sign_in_row
from tests.alert_fakes import FakeAlertBoard, FakePolicyAudits
from tests.fakes import a_desk, some_rules

TENANT = "benchmark"
BEYOND_SECONDS = 1.0
PATIENCE = 60.0


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    return uuid.uuid4().hex


@dataclass
class NotedIntake:
    """Notes when a person's failure was admitted."""

    intake: Intake
    at: dict[str, datetime] = field(default_factory=dict)

    async def admit(self, sightings: Sequence[Sighting]) -> Admitted:
        admitted = await self.intake.admit(sightings)
        for sighting in sightings:
            self.at.setdefault(sighting.user_id, utc_now())
        return admitted


@dataclass
class NotedBoard(FakeAlertBoard):
    """Notes when a person's card was posted."""

    at: dict[str, datetime] = field(default_factory=dict)
    awaited: int = 0
    complete: asyncio.Event = field(default_factory=asyncio.Event)

    async def post(self, channel: str, view: AlertView) -> str:
        for person in view.group.people:
            self.at.setdefault(person.user_id, utc_now())
        if len(self.at) >= self.awaited:
            self.complete.set()
        return await super().post(channel, view)


@dataclass
class Bench:
    entra: EntraSandbox
    desk: Desk
    intake: NotedIntake
    board: NotedBoard


@asynccontextmanager
async def opened(interval: float) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        entra = await stack.enter_async_context(EntraSandbox())
        entra.tenant.sign_ins.clear()
        async with httpx.AsyncClient(
            trust_env=False
        ) as client:  # a short interval asks more than Graph allows
            await client.post(f"{entra.url}/_admin/throttle", json={"reports_per_10s": None})
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        link = await stack.enter_async_context(
            store_link(await stack.enter_async_context(embedded_store(folder)))
        )
        loop = asyncio.get_running_loop()
        graph = await stack.enter_async_context(
            connect(
                Access(entra.url, FixedToken(entra.token)),
                budget=LocalBudget(10_000, loop.time, asyncio.sleep),
                now=utc_now,
                pause=asyncio.sleep,
                new_id=new_id,
            )
        )
        ports = alert_store(link, TENANT, now=utc_now, new_id=new_id)
        intake, board = NotedIntake(ports["intake"]), NotedBoard()
        alerts = Alerts(
            **{**ports, "intake": intake},
            board=board,
            policy_audits=FakePolicyAudits(),
            feed=GraphSignInFeed(graph),
        )
        rules = some_rules(alert_channel="C0ALERTS", poll_every=timedelta(seconds=interval))
        fakes: Desk = a_desk(rules=rules)
        desk = replace(
            fakes,
            now=utc_now,
            pause=asyncio.sleep,
            new_id=new_id,
            schedule=RedisSchedule(link.background, TENANT),
            alerts=alerts,
            alert_outbox=outbox_of(link, TENANT),
        )
        yield Bench(entra, desk, intake, board)


@asynccontextmanager
async def watching(desk: Desk) -> AsyncIterator[None]:
    """Poll, group and deliver meanwhile."""
    stop = asyncio.Event()
    assert desk.alert_outbox is not None
    due = DueJobs(desk.schedule, desk.journal, desk.pause)
    queue = partial(work_off, stop=stop, pause=desk.pause)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(poll_sign_ins(desk, "bench", stop))
        tasks.create_task(group_alerts(desk, "bench", stop))
        tasks.create_task(queue(desk.alert_outbox, "bench", partial(deliver_alerts.carry_out, desk=desk)))
        tasks.create_task(queue(due, "bench", partial(carry_out_scheduled, desk=desk)))
        try:
            yield
        finally:
            stop.set()


async def measured(interval: float, failures: int) -> dict[str, object]:
    chance = random.Random(3)
    visible: dict[str, datetime] = {}
    async with opened(interval) as bench, watching(bench.desk):
        tenant, bench.board.awaited = bench.entra.tenant, failures
        for person in people(tenant, failures):
            await asyncio.sleep(chance.uniform(0.5, 1.5) * interval)  # not in step with the polls
            row = sign_in_row(tenant, person, Attempt(utc_now(), "prt", 50076, provider="user"))
            add_sign_ins(tenant, [{**row, "ipAddress": f"198.51.{len(visible)}.7"}])
            visible[person.id] = utc_now()
        async with asyncio.timeout(PATIENCE):
            await bench.board.complete.wait()
    admitted = [(bench.intake.at[who] - at).total_seconds() for who, at in visible.items()]
    posted = [(bench.board.at[who] - at).total_seconds() for who, at in visible.items()]
    after_admission = [(bench.board.at[who] - bench.intake.at[who]).total_seconds() for who in visible]
    return {
        "poll_interval_s": interval,
        "failures": failures,
        "visible_to_admitted_s": figures(admitted),
        "visible_to_posted_s": figures(posted),
        "admitted_to_posted_s": figures(after_admission),
        "posts": len(bench.board.posts),
    }


def figures(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        "p50": round(statistics.median(ordered), 3),
        "p95": round(ordered[int(len(ordered) * 0.95)], 3),
        "max": round(ordered[-1], 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interval", type=float, default=2.0)
    parser.add_argument("--failures", type=int, default=20)
    options = parser.parse_args()
    result = asyncio.run(measured(options.interval, options.failures))
    budget = options.interval + BEYOND_SECONDS
    print(json.dumps({**result, "budget_p50_s": budget}, indent=2))
    posted = result["visible_to_posted_s"]
    assert isinstance(posted, dict)
    sys.exit(int(posted["p50"] > budget))


if __name__ == "__main__":
    main()
