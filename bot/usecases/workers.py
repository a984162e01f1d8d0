"""Work off a durable queue: many jobs side by side, each until it is done or, after five tries, buried."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bot.errors import AuditUnavailable, BotError, Conflict, GraphThrottled, SlackError, StoreUnavailable
from bot.ports import Job, Pause, Queue

MOST_DELIVERIES = 5
LONGEST_WAIT = 1.0  # seconds; also how long a drain waits for an idle queue

log = logging.getLogger(__name__)

CarryOut = Callable[[Job], Awaitable[None]]


async def work_off(
    queue: Queue,
    consumer: str,
    carry_out: CarryOut,
    *,
    stop: asyncio.Event,
    pause: Pause,
    at_once: int = 64,
) -> None:
    """Take jobs and carry them out, at most `at_once` at a time, until `stop` is set and all are through.

    A failed job stays in the queue and comes again; the fifth failure of its own buries it. Cancel to end
    at once: what was under way comes again, too.
    """
    running: set[asyncio.Task[None]] = set()
    async with asyncio.TaskGroup() as tasks:
        while not stop.is_set():
            if len(running) >= at_once:
                await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                continue
            for job in await _taken(queue, consumer, at_once - len(running), pause):
                task = tasks.create_task(_one(queue, job, carry_out))
                running.add(task)
                task.add_done_callback(running.discard)


async def _taken(queue: Queue, consumer: str, count: int, pause: Pause) -> tuple[Job, ...]:
    try:
        return await queue.take(consumer, count, LONGEST_WAIT)
    except StoreUnavailable:
        log.warning("%s: the queue does not answer, trying again", consumer)
        await pause(LONGEST_WAIT)
        return ()


async def _one(queue: Queue, job: Job, carry_out: CarryOut) -> None:
    """Whatever goes wrong in one job, a bug included, stays in that job."""
    (error,) = await asyncio.gather(carry_out(job), return_exceptions=True)
    try:
        await _settle(queue, job, error)
    except StoreUnavailable:
        log.warning("job %s (%s) could not be settled and will come again", job.id, job.kind)


async def _settle(queue: Queue, job: Job, error: BaseException | None) -> None:
    if error is None:
        await queue.done(job)
        return
    trace = None if isinstance(error, BotError) else error
    why = f"{type(error).__name__}: {error}" if isinstance(error, BotError) else type(error).__name__
    log.warning("job %s (%s), delivery %d: %s", job.id, job.kind, job.deliveries, why, exc_info=trace)
    if job.deliveries >= MOST_DELIVERIES and not _will_pass(error):
        await queue.bury(job, why)


def _will_pass(error: BaseException) -> bool:
    """Whether the trouble is the world's, not the job's: another worker, an outage, a limit."""
    if isinstance(error, SlackError | GraphThrottled):
        return error.retry_after is not None
    return isinstance(error, Conflict | StoreUnavailable | AuditUnavailable)
