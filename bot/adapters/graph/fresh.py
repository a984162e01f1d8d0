"""Asking once for many: calls under way are shared, and answers are kept for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Whoever asks while the same question is under way waits for that answer.

    The question has a task of its own, so that one asker who gives up does not take it from the others.
    """

    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Task[T]] = {}

    async def share(self, ask: Callable[[], Awaitable[T]], key: Hashable = None) -> T:
        """Return the answer to the question `key`, asking it unless it is under way. Failures are shared."""
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.ensure_future(_as_coroutine(ask))
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(task)

    def _landed(self, key: Hashable, task: asyncio.Task[T]) -> None:
        self._under_way.pop(key, None)
        if not task.cancelled():
            task.exception()  # seen here, in case every asker has gone

    async def close(self) -> None:
        """Stop what is under way."""
        tasks = tuple(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _as_coroutine(ask: Callable[[], Awaitable[T]]) -> T:
    return await ask()


class Kept(Generic[T]):
    """An answer with the time it was read, kept for `keep`. Failures are not kept."""

    def __init__(self, now: Callable[[], datetime], keep: timedelta) -> None:
        self._now = now
        self._keep = keep
        self._flight: SingleFlight[tuple[T, datetime]] = SingleFlight()
        self._held: tuple[T, datetime] | None = None

    async def get(self, read: Callable[[], Awaitable[T]]) -> tuple[T, datetime]:
        """Return the kept answer and when it was read, reading it anew when it is too old."""
        held = self._held
        if held is not None and timedelta(0) <= self._now() - held[1] < self._keep:
            return held
        return await self._flight.share(lambda: self._read(read))

    async def _read(self, read: Callable[[], Awaitable[T]]) -> tuple[T, datetime]:
        asked_at = self._now()  # an answer is as old as its question
        self._held = (await read(), asked_at)
        return self._held
