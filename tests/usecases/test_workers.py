"""A queue is worked off side by side; one job's trouble stays its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from bot.errors import BotError, Conflict, GraphMalformed, SlackError, StoreUnavailable
from bot.ports import Job
from bot.usecases.workers import MOST_DELIVERIES, work_off
from tests.fakes import FakeQueue, virtual_time


@asynccontextmanager
async def working(
    queue: FakeQueue, carry_out: Callable[[Job], object], at_once: int = 64
) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()

    async def carry(job: Job) -> None:
        result = carry_out(job)
        if asyncio.iscoroutine(result):
            await result

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work_off(queue, "w1", carry, stop=stop, pause=asyncio.sleep, at_once=at_once))
        yield stop
        stop.set()


def jobs(queue: FakeQueue, number: int) -> None:
    for index in range(number):
        queue.put("request", f"op-{index}", {"n": str(index)})


@virtual_time
async def test_every_job_is_carried_out_once_and_done() -> None:
    queue, seen = FakeQueue(), []
    jobs(queue, 200)

    async with working(queue, lambda job: seen.append(job.body["n"])):
        await asyncio.sleep(5)

    assert seen == [str(index) for index in range(200)]
    assert (len(queue.finished), queue.waiting, queue.taken) == (200, [], {})


@virtual_time
async def test_jobs_run_side_by_side_but_not_too_many() -> None:
    queue, running, most = FakeQueue(), [0], [0]
    jobs(queue, 20)

    async def slow(job: Job) -> None:
        running[0] += 1
        most[0] = max(most[0], running[0])
        await asyncio.sleep(1)
        running[0] -= 1

    async with working(queue, slow, at_once=4):
        await asyncio.sleep(10)

    assert most == [4]
    assert len(queue.finished) == 20


@virtual_time
async def test_a_failed_job_stays_for_another_delivery() -> None:
    queue, results = FakeQueue(), iter([GraphMalformed("x"), None])
    jobs(queue, 1)

    def carry(job: Job) -> None:
        if error := next(results):
            raise error

    async with working(queue, carry):
        await asyncio.sleep(2)
        assert len(queue.taken) == 1
        queue.abandon()
        await asyncio.sleep(2)

    assert [job.deliveries for job in queue.finished] == [2]


async def _after_many_deliveries(queue: FakeQueue, error: Exception) -> None:
    jobs(queue, 1)

    def carry(job: Job) -> None:
        raise error

    async with working(queue, carry):
        for _ in range(MOST_DELIVERIES + 2):
            await asyncio.sleep(2)
            queue.abandon()


@pytest.mark.parametrize("error", [GraphMalformed("x"), KeyError("a bug"), SlackError("m", "invalid_blocks")])
@virtual_time
async def test_the_fifth_failure_buries_a_job(error: Exception) -> None:
    queue = FakeQueue()

    await _after_many_deliveries(queue, error)

    ((job, why),) = queue.buried
    assert job.deliveries == MOST_DELIVERIES
    assert type(error).__name__ in why
    assert "a bug" not in why


@pytest.mark.parametrize(
    "error", [Conflict("r", "executing"), StoreUnavailable(), SlackError("m", "ratelimited", 30)]
)
@virtual_time
async def test_trouble_that_passes_never_buries_a_job(error: BotError) -> None:
    queue = FakeQueue()

    await _after_many_deliveries(queue, error)

    assert queue.buried == []
    assert len(queue.taken) + len(queue.waiting) == 1


@virtual_time
async def test_a_bug_in_one_job_does_not_stop_the_others() -> None:
    queue, seen = FakeQueue(), []
    jobs(queue, 3)

    def carry(job: Job) -> None:
        if job.body["n"] == "0":
            raise ZeroDivisionError
        seen.append(job.body["n"])

    async with working(queue, carry):
        await asyncio.sleep(2)

    assert seen == ["1", "2"]


@virtual_time
async def test_stopping_lets_what_is_under_way_end_and_takes_nothing_more() -> None:
    queue, ended = FakeQueue(), []

    async def slow(job: Job) -> None:
        await asyncio.sleep(10)
        ended.append(job.body["n"])

    jobs(queue, 1)
    async with working(queue, slow) as stop:
        await asyncio.sleep(0.1)
        stop.set()
        await asyncio.sleep(1.5)
        jobs(queue, 2)

    assert ended == ["0"]
    assert len(queue.waiting) == 2


@virtual_time
async def test_a_store_that_is_down_is_asked_again() -> None:
    queue, seen = FakeQueue(), []
    queue.troubles["take"] = [StoreUnavailable(), StoreUnavailable()]
    queue.troubles["done"] = [StoreUnavailable()]
    jobs(queue, 1)

    async with working(queue, lambda job: seen.append(job.id)):
        await asyncio.sleep(5)
        queue.abandon()
        await asyncio.sleep(2)

    assert len(seen) == 2
    assert len(queue.finished) == 1
