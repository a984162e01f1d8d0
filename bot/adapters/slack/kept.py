"""What Slack said about one thing, kept for a minute; whoever asks for it at once shares one call.

A deed needs an answer that was asked for after the click. A call begun before that is no use to it, so those
who wait for it share the next one: twenty clicks cost two calls, where Slack allows twenty a minute
(https://docs.slack.dev/apis/web-api/rate-limits, usergroups.users.list). Readers never stand in their way:
an answer that is kept serves them at once, and a call that only readers wait for gives way to a deed's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Generic, TypeVar

from bot.adapters.slack.client import LONGEST_WAIT
from bot.errors import SlackError
from bot.ports import Clock, Pause

T = TypeVar("T")

KEPT_FOR = timedelta(seconds=60)
MOST_KEPT = 5000
TRIES = 3
UNSAID_WAIT = 1.0


@dataclass(eq=False)
class _Flight(Generic[T]):
    """A call on its way. `begun`: its place among all callers and calls, that of its last try."""

    is_fresh: bool  # a deed waits for it
    begun: int = 0
    task: asyncio.Task[T] = field(init=False)


@dataclass
class Kept(Generic[T]):
    """Answers by key, and the call on its way for each."""

    now: Clock
    pause: Pause
    _values: dict[str, tuple[T, datetime]] = field(default_factory=dict)
    _flights: dict[str, _Flight[T]] = field(default_factory=dict)
    _places: count[int] = field(default_factory=count)

    async def get(self, key: str, read: Callable[[], Awaitable[T]], *, fresh: bool = False) -> T:
        """Return what `read` gives, at most a minute old; `fresh`: asked for after this call.

        Raises what `read` raises. When Slack says wait, that is waited out here, and whoever comes meanwhile
        shares the next try.
        """
        came = next(self._places)
        while True:
            kept = self._values.get(key)
            if kept is not None and not fresh and self.now() - kept[1] < KEPT_FOR:
                return kept[0]
            flight = self._flights.get(key)
            if flight is None or (fresh and not flight.is_fresh):
                flight = self._begin(key, read, fresh=fresh)
            await asyncio.wait({flight.task})  # who is cancelled here leaves the call to the others
            if not flight.task.cancelled() and (not fresh or flight.begun > came):
                return flight.task.result()

    def _begin(self, key: str, read: Callable[[], Awaitable[T]], *, fresh: bool) -> _Flight[T]:
        """Start a call in place of the one that only readers wait for; they follow this one then."""
        before = self._flights.get(key)
        flight: _Flight[T] = _Flight(fresh)
        self._flights[key] = flight
        flight.task = asyncio.ensure_future(self._fly(key, read, flight))
        flight.task.add_done_callback(lambda task: self._landed(key, flight, task))
        if before is not None:
            before.task.cancel()
        return flight

    async def _fly(self, key: str, read: Callable[[], Awaitable[T]], flight: _Flight[T]) -> T:
        for left in reversed(range(TRIES)):
            flight.begun, at = next(self._places), self.now()
            try:
                value = await read()
            except SlackError as error:
                wait = UNSAID_WAIT if error.retry_after is None else error.retry_after
                if error.code != "ratelimited" or wait > LONGEST_WAIT or not left:
                    raise
                await self.pause(wait)
            else:
                self._keep(key, value, at)
                return value
        raise AssertionError("the last try returns or raises")

    def _keep(self, key: str, value: T, at: datetime) -> None:
        if len(self._values) >= MOST_KEPT:
            self._values.clear()
        self._values[key] = (value, at)

    def _landed(self, key: str, flight: _Flight[T], task: asyncio.Task[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not task.cancelled():
            task.exception()  # nobody may be left to hear of it
