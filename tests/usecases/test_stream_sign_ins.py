"""The stream's loop: stored first, marked as read after; nothing is dropped, whatever fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from prometheus_client import CollectorRegistry, generate_latest

from bot.adapters.stream_metrics import StreamMetrics
from bot.domain.alerts import Source
from bot.domain.sign_ins import BROKER_APP, SignIn
from bot.domain.stream_health import PATIENCE, StreamHealth
from bot.errors import StoreUnavailable, StreamUnavailable
from bot.usecases.stream_sign_ins import stream_sign_ins
from tests.alert_fakes import FakeSignInStream, FakeWatchingDesk, a_watching_desk, some_alerts
from tests.fakes import NOON, TARGET


def a_failure(nth: int, minutes_ago: float = 1, **changes: object) -> SignIn:
    row = SignIn(
        id=f"{nth:08x}-8579-43a7-966a-0f35583c1300",
        created_at=NOON - timedelta(minutes=minutes_ago),
        user_id=TARGET.id,
        app_id=BROKER_APP,
        app_name="Microsoft Authentication Broker",
        resource_id="00000002-0000-0000-c000-000000000000",
        resource_name="Windows Azure Active Directory",
        error_code=50076,
        is_interactive=False,
        operating_system="MacOs",
        user_principal_name=TARGET.user_principal_name,
    )
    return replace(row, **changes)  # type: ignore[arg-type]


def watching(stream: FakeSignInStream) -> FakeWatchingDesk:
    return a_watching_desk(alerts=some_alerts(stream=stream))


async def run(desk: FakeWatchingDesk, done: Callable[[], bool], health: StreamHealth | None = None) -> None:
    """Read until `done`, then stop."""
    stop = asyncio.Event()
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        tasks.create_task(stream_sign_ins(desk, stop, health))
        while not done():
            await asyncio.sleep(0)
        stop.set()


async def test_what_matters_is_admitted_and_then_marked_as_read() -> None:
    stream = FakeSignInStream()
    batch = stream.put(a_failure(1), a_failure(2, app_id="d7b530a4-7680-4c23-a8bf-c52c121d2e87"))
    desk = watching(stream)

    await run(desk, lambda: bool(stream.committed))

    (found,) = [sighting for _, sighting in desk.alerts.intake.queue]
    assert (found.id, found.source, found.read_at) == (a_failure(1).id, Source.STREAM, NOON)
    assert stream.committed == [batch]
    assert stream.is_closed


async def test_a_batch_without_anything_that_matters_is_marked_as_read() -> None:
    stream = FakeSignInStream()
    stream.put(records=200)

    await run(watching(stream), lambda: bool(stream.committed))

    assert stream.committed


async def test_what_cannot_be_stored_is_not_marked_and_tried_again() -> None:
    stream = FakeSignInStream()
    stream.put(a_failure(1))
    stream.put(a_failure(2))
    desk = watching(stream)
    desk.alerts.intake.troubles["admit"] = [StoreUnavailable("away"), StoreUnavailable("away")]

    await run(desk, lambda: len(stream.committed) == 2)

    assert [sighting.id for _, sighting in desk.alerts.intake.queue] == [a_failure(1).id, a_failure(2).id]


async def test_a_stop_during_an_outage_of_the_store_leaves_the_batch_unread() -> None:
    stream = FakeSignInStream()
    stream.put(a_failure(1))
    desk = watching(stream)
    desk.alerts.intake.troubles["admit"] = StoreUnavailable("away")

    await run(desk, lambda: len(desk.alerts.intake.calls) > 3)

    assert stream.committed == []
    assert stream.is_closed


async def test_a_batch_that_comes_again_is_known() -> None:
    stream, health = FakeSignInStream(), StreamHealth()
    stream.put(a_failure(1))
    desk = watching(stream)
    await run(desk, lambda: bool(stream.committed), health)
    stream.committed.clear()
    stream.rebalance()

    await run(desk, lambda: bool(stream.committed), health)

    assert len(desk.alerts.intake.queue) == 1
    assert health.dedup_hits == 1
    assert sum(health.lag_counts) == 1


async def test_an_outage_of_the_stream_is_counted_and_gone_over() -> None:
    stream, health = FakeSignInStream(), StreamHealth()
    stream.troubles["take"] = [StreamUnavailable("Event Hubs cannot be reached.")] * 3
    stream.put(a_failure(1))
    desk = watching(stream)

    await run(desk, lambda: bool(stream.committed), health)

    assert health.trouble == ""
    assert len(desk.alerts.intake.queue) == 1


async def test_a_row_that_we_fail_on_is_left_out_and_holds_up_no_other() -> None:
    stream, health = FakeSignInStream(), StreamHealth()
    stream.put(a_failure(1), a_failure(2, risk_level=None), a_failure(3))
    desk = watching(stream)

    await run(desk, lambda: bool(stream.committed), health)

    assert [sighting.id for _, sighting in desk.alerts.intake.queue] == [a_failure(1).id, a_failure(3).id]
    assert health.unreadable == 1


async def test_the_counts() -> None:
    stream, health = FakeSignInStream(), StreamHealth()
    late, other = a_failure(2, minutes_ago=40), a_failure(3, error_code=0, resource_id="")
    stream.put(a_failure(1), late, other, records=90, unreadable=2)
    registry = CollectorRegistry()
    StreamMetrics(health).register_in(registry)

    await run(watching(stream), lambda: bool(stream.committed), health)

    said = generate_latest(registry).decode()
    assert "psso_stream_records_total 90.0" in said
    assert "psso_stream_unreadable_total 2.0" in said
    assert "psso_stream_sightings_total 3.0" in said
    assert "psso_stream_late_events_total 1.0" in said
    assert "psso_stream_up 1.0" in said
    assert TARGET.user_principal_name not in said


def test_a_short_outage_is_nobodys_business() -> None:
    health = StreamHealth()

    assert health.failed("away", NOON)
    assert not health.failed("away", NOON + timedelta(seconds=5))
    assert not health.is_degraded(NOON + PATIENCE)
    assert health.is_degraded(NOON + PATIENCE + timedelta(seconds=1))
    assert health.works()
    assert not health.works()
    assert not health.is_degraded(NOON + timedelta(hours=1))
