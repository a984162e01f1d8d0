"""From the broker to the intake: over the wire, through kills, within two seconds."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bot.domain.stream_health import StreamHealth
from bot.usecases.stream_sign_ins import stream_sign_ins
from tests.adapters.stream.conftest import HUB, Opened, hub_at
from tests.adapters.stream.kafka import MockKafka
from tests.adapters.stream.messages import a_record, an_id, envelope
from tests.adapters.stream.test_event_hubs import PATIENCE
from tests.alert_fakes import FakeWatchingDesk, a_sighting, a_watching_desk, some_alerts

ROOT = Path(__file__).parents[3]


async def watch(desk: FakeWatchingDesk, health: StreamHealth, *steps: Callable[[], bool]) -> None:
    """Run the loop; each step is asked until it is true, then the next; then stop."""
    stop = asyncio.Event()
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
        tasks.create_task(stream_sign_ins(desk, stop, health))
        for step in steps:
            while not step():
                await asyncio.sleep(0.002)
        stop.set()


async def killed_after(address: str, count: int) -> list[str]:
    """Let another process read `count` sign-ins without marking them, and kill it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.adapters.stream.reader",
        address,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            return [(await process.stdout.readline()).decode().strip() for _ in range(count)]
    finally:
        process.kill()
        await process.wait()


async def test_what_a_killed_replica_had_is_read_again_and_known(kafka: MockKafka, opened: Opened) -> None:
    """The replica dies after the write and before the mark: every id comes again, none is news again."""
    kafka.topic(HUB)
    kafka.produce(HUB, [envelope(a_record(nth)) for nth in range(20)])
    desk, health = (
        a_watching_desk(alerts=some_alerts(stream=await opened(hub_at(kafka.address)))),
        StreamHealth(),
    )
    written = [a_sighting(id=sign_in_id) for sign_in_id in await killed_after(kafka.address, 20)]
    await desk.alerts.intake.admit(written)

    kafka.produce(HUB, [envelope(a_record(99))])
    await watch(desk, health, lambda: health.records == 21)

    assert [row.id for _, row in desk.alerts.intake.queue] == [an_id(nth) for nth in (*range(20), 99)]
    assert health.dedup_hits == 20


async def test_read_twice_and_admitted_once(kafka: MockKafka, opened: Opened) -> None:
    kafka.topic(HUB)
    kafka.produce(HUB, [envelope(*(a_record(nth) for nth in range(10)))] * 3)
    desk = a_watching_desk(alerts=some_alerts(stream=await opened(hub_at(kafka.address))))
    health = StreamHealth()

    await watch(desk, health, lambda: health.records == 30)

    assert len(desk.alerts.intake.queue) == 10
    assert health.dedup_hits == 20


async def test_from_visible_to_admitted_in_two_seconds(kafka: MockKafka, opened: Opened) -> None:
    kafka.topic(HUB)
    desk = a_watching_desk(alerts=some_alerts(stream=await opened(hub_at(kafka.address))))
    took: list[float] = []
    published = 0.0

    def publish() -> bool:
        nonlocal published
        kafka.produce(HUB, [envelope(a_record(len(took)))])
        published = time.perf_counter()
        return True

    def admitted() -> bool:
        if len(desk.alerts.intake.queue) <= len(took):
            return False
        took.append(time.perf_counter() - published)
        return True

    await watch(desk, StreamHealth(), *[publish, admitted] * 8)

    assert sorted(took[1:])[3] < 2.0  # the first one waits for the group to form
