"""The stream over Kafka's wire protocol, against librdkafka's mock broker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from bot.adapters.stream.event_hubs import EventHubStream
from bot.alert_ports import StreamBatch
from bot.errors import StreamUnavailable
from tests.adapters.stream.conftest import HUB, SESSION, Opened, hub_at
from tests.adapters.stream.kafka import TOPIC_REFUSED, MockKafka
from tests.adapters.stream.messages import a_record, an_id, envelope

PATIENCE = 30.0  # how long a test waits for what takes milliseconds when the machine is not busy


async def batches(stream: EventHubStream) -> AsyncIterator[StreamBatch]:
    """Yield batches until the test has seen enough; troubles on the way are gone over."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                batch = await stream.take(0.2)
            except StreamUnavailable:
                continue
            if batch is not None:
                yield batch


async def ids(stream: EventHubStream, count: int, *, commit: bool = True) -> list[str]:
    """Take until `count` sign-ins have come."""
    found: list[str] = []
    async for batch in batches(stream):
        found += [row.id for row in batch.sign_ins]
        if commit:
            await stream.commit(batch)
        if len(found) >= count:
            break
    return found


async def trouble(stream: EventHubStream) -> str:
    """Take until it fails, and return the words."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await stream.take(0.2)
            except StreamUnavailable as error:
                return str(error)


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await true():
            await asyncio.sleep(0.02)


async def test_batches_of_envelopes(kafka: MockKafka, opened: Opened) -> None:
    kafka.topic(HUB, 4)
    stream = await opened(hub_at(kafka.address))
    for partition in range(4):
        message = envelope(*(a_record(partition * 10 + nth) for nth in range(3)))
        kafka.produce(HUB, [message], partition)

    assert sorted(await ids(stream, 12)) == sorted(an_id(p * 10 + n) for p in range(4) for n in range(3))
    assert await stream.take(0.05) is None


async def test_what_comes_together_is_one_batch_with_its_counts(kafka: MockKafka, opened: Opened) -> None:
    kafka.topic(HUB)
    service = {**a_record(3), "category": "ServicePrincipalSignInLogs"}
    kafka.produce(HUB, [envelope(a_record(1), None), b"not json", envelope(a_record(2), service)])
    stream = await opened(hub_at(kafka.address))

    async for batch in batches(stream):
        assert [row.id for row in batch.sign_ins] == [an_id(1), an_id(2)]
        assert (batch.records, batch.unreadable) == (5, 2)
        break


async def test_a_batch_is_bounded(kafka: MockKafka, opened: Opened) -> None:
    kafka.topic(HUB, 3)
    big = envelope(a_record(1, userAgent="x" * 900_000))
    for partition in range(3):  # the mock broker keeps 5 MB of each
        kafka.produce(HUB, [big] * 4, partition)
    stream = await opened(hub_at(kafka.address))

    sizes = []
    async for batch in batches(stream):
        sizes.append(len(batch.sign_ins))
        await stream.commit(batch)
        if sum(sizes) == 12:
            break

    assert max(sizes) <= 5  # 4 MB


async def test_several_hubs_are_read(kafka: MockKafka, opened: Opened) -> None:
    kafka.topic("one")
    kafka.topic("two")
    kafka.produce("one", [envelope(a_record(1))])
    kafka.produce("two", [envelope(a_record(2))])

    assert sorted(await ids(await opened(hub_at(kafka.address, "one", "two")), 2)) == [an_id(1), an_id(2)]


async def test_what_is_committed_is_not_handed_out_again(kafka: MockKafka, opened: Opened) -> None:
    kafka.topic(HUB)
    kafka.produce(HUB, [envelope(a_record(1))])
    first = EventHubStream(hub_at(kafka.address), session=SESSION)
    assert await ids(first, 1) == [an_id(1)]
    await first.close()
    kafka.produce(HUB, [envelope(a_record(2))])

    assert await ids(await opened(hub_at(kafka.address)), 1) == [an_id(2)]


async def test_what_is_not_committed_is_handed_out_again(kafka: MockKafka, opened: Opened) -> None:
    kafka.topic(HUB)
    kafka.produce(HUB, [envelope(a_record(1)), envelope(a_record(2))])
    first = EventHubStream(hub_at(kafka.address), session=SESSION)
    assert len(await ids(first, 2, commit=False)) == 2
    await first.close()

    assert await ids(await opened(hub_at(kafka.address)), 2) == [an_id(1), an_id(2)]


async def test_replicas_share_the_partitions_and_take_over(kafka: MockKafka, opened: Opened) -> None:
    kafka.topic(HUB, 4)
    first, second = (
        EventHubStream(hub_at(kafka.address), session=SESSION),
        await opened(hub_at(kafka.address)),
    )
    seen: dict[str, list[str]] = {"first": [], "second": []}
    ended = asyncio.Event()

    async def read(name: str, stream: EventHubStream) -> None:
        async for batch in batches(stream):
            seen[name] += [row.id for row in batch.sign_ins]
            await stream.commit(batch)
            if ended.is_set():
                return

    nth = 0

    async def both_read() -> bool:
        nonlocal nth
        nth += 4
        for partition in range(4):
            kafka.produce(HUB, [envelope(a_record(nth + partition))], partition)
        await asyncio.sleep(0.1)
        return bool(seen["first"] and seen["second"])

    async with asyncio.TaskGroup() as tasks:
        one = tasks.create_task(read("first", first))
        tasks.create_task(read("second", second))
        await until(both_read)
        one.cancel()
        await first.close()
        kafka.produce(HUB, [envelope(a_record(900))], 0)
        for partition in range(4):
            kafka.produce(HUB, [envelope(a_record(1000 + partition))], partition)

        async def taken_over() -> bool:
            return {an_id(1000 + partition) for partition in range(4)} <= set(seen["second"])

        await until(taken_over)
        ended.set()
        kafka.produce(HUB, [envelope(a_record(2000))], 0)

    published = {an_id(number) for number in range(4, nth + 4)}
    assert published <= {*seen["first"], *seen["second"]}


async def test_a_broker_that_goes_away_is_said_and_come_back_to(kafka: MockKafka, opened: Opened) -> None:
    kafka.topic(HUB)
    kafka.produce(HUB, [envelope(a_record(1))])
    stream = await opened(hub_at(kafka.address))
    assert await ids(stream, 1) == [an_id(1)]

    kafka.down()
    said = await trouble(stream)
    kafka.up()
    kafka.produce(HUB, [envelope(a_record(2))])

    assert "cannot be reached at 127.0.0.1" in said
    found = await ids(stream, 1)  # the first may come again: it was committed less than a second before
    assert an_id(2) in (found if an_id(2) in found else await ids(stream, 1))


async def test_an_unknown_hub_is_named_and_found_once_it_is_there(kafka: MockKafka, opened: Opened) -> None:
    stream = await opened(hub_at(kafka.address))

    assert HUB in await trouble(stream)

    kafka.topic(HUB)
    kafka.produce(HUB, [envelope(a_record(1))])
    assert await ids(stream, 1) == [an_id(1)]


async def test_a_hub_that_is_not_there_yet_keeps_no_other_from_being_read(
    kafka: MockKafka, opened: Opened
) -> None:
    kafka.topic("one")
    stream = await opened(hub_at(kafka.address, "one", "two"))

    async def noticed() -> bool:
        assert await stream.take(0.2) is None
        return stream.missing == ("two",)

    await until(noticed)
    kafka.produce("one", [envelope(a_record(1))])

    assert await ids(stream, 1) == [an_id(1)]


async def test_a_hub_that_may_not_be_read(kafka: MockKafka, opened: Opened) -> None:
    kafka.topic(HUB)
    kafka.fail(HUB, TOPIC_REFUSED)
    stream = await opened(hub_at(kafka.address))

    said = await trouble(stream)
    kafka.fail(HUB, 0)
    kafka.produce(HUB, [envelope(a_record(1))])

    assert HUB in said
    assert await ids(stream, 1) == [an_id(1)]


async def test_nobody_listens(opened: Opened) -> None:
    stream = await opened(hub_at("127.0.0.1:1"))

    assert "cannot be reached at 127.0.0.1:1" in await trouble(stream)
    with pytest.raises(StreamUnavailable, match="cannot be reached"):
        await stream.waiting()


async def test_a_cancelled_look_loses_nothing(kafka: MockKafka, opened: Opened) -> None:
    kafka.topic(HUB)
    stream = await opened(hub_at(kafka.address))
    await stream.take(0.1)
    looking = asyncio.create_task(stream.take(2))
    await asyncio.sleep(0)
    looking.cancel()
    kafka.produce(HUB, [envelope(a_record(1))])

    assert await ids(stream, 1) == [an_id(1)]


async def test_the_event_loop_goes_on_while_a_batch_is_read(kafka: MockKafka, opened: Opened) -> None:
    kafka.topic(HUB)
    kafka.produce(HUB, [envelope(*(a_record(nth) for nth in range(100)))] * 10)
    stream = await opened(hub_at(kafka.address))
    longest, last = 0.0, time.perf_counter()

    async def tick() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(0.001)
            longest, last = max(longest, time.perf_counter() - last), time.perf_counter()

    ticking = asyncio.create_task(tick())
    found = await ids(stream, 1000)
    ticking.cancel()

    assert len(found) == 1000
    assert longest < 1.0


async def test_lag_is_told(kafka: MockKafka, opened: Opened) -> None:
    kafka.topic(HUB, 2)
    stream = await opened(hub_at(kafka.address))
    big = envelope(a_record(1, userAgent="x" * 900_000))
    kafka.produce(HUB, [big] * 5, 0)
    kafka.produce(HUB, [big] * 3, 1)

    assert await stream.waiting() == 8
    lags = []
    async for batch in batches(stream):
        lags.append(batch.lag)
        await stream.commit(batch)
        if batch.lag == 0:
            break
    assert len(lags) > 1


async def test_closing_does_not_wait_for_a_look_to_end(kafka: MockKafka) -> None:
    kafka.topic(HUB)
    stream = EventHubStream(hub_at(kafka.address), session=SESSION)
    looking = asyncio.create_task(stream.take(60))
    await asyncio.sleep(0)

    async with asyncio.timeout(PATIENCE):
        await stream.close()
        assert await looking is None
