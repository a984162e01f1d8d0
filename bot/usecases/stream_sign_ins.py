"""Read the stream of sign-ins: what matters goes to the intake, and only then counts as read.

A replica that dies in between, or loses a partition to another one, costs a second reading and never a
second alert: the intake knows a sign-in by its id.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from bot.alert_ports import Intake, SignInStream, StreamBatch
from bot.domain.alerts import Source
from bot.domain.light import sighting_of
from bot.domain.sign_ins import SignIn
from bot.domain.stream_health import StreamHealth
from bot.errors import BotError, StoreUnavailable, StreamUnavailable
from bot.ports import Clock, Desk, Pause

LONGEST_WAIT = 1.0  # seconds; also how long a drain waits for an idle stream
AGAIN = 1.0
LONGEST_PAUSE = 5.0  # the Kafka client reconnects by itself, at its own pace

AT_ONCE = 250
"""Rows judged in one go, so that the event loop turns in between."""

log = logging.getLogger(__name__)


async def stream_sign_ins(desk: Desk, stop: asyncio.Event, health: StreamHealth | None = None) -> None:
    """Read until `stop`, and leave the stream; without one return. No trouble of the stream ends it."""
    alerts = desk.alerts
    if alerts is None or alerts.stream is None:
        return
    reader = Reader(alerts.stream, alerts.intake, desk.now, desk.pause, stop, health or StreamHealth())
    try:
        while not stop.is_set():
            # whatever goes wrong, a bug included, ends this look and never the bot: approvals need it
            (error,) = await asyncio.gather(reader.turn(), return_exceptions=True)
            await reader.note(error)
    finally:
        await alerts.stream.close()


@dataclass
class Reader:
    """One replica's part of the stream. `_batch` is taken and not stored yet: it is never dropped."""

    stream: SignInStream
    intake: Intake
    now: Clock
    pause: Pause
    stop: asyncio.Event
    health: StreamHealth
    _batch: StreamBatch | None = None
    _is_odd: bool = False  # a bug came up with it
    _failures: int = 0

    async def turn(self) -> None:
        """Take a batch, or the one that could not be stored before, and see it through. Raises BotError."""
        batch = self._batch or await self.stream.take(LONGEST_WAIT)
        if self.health.works():
            log.info("the stream of sign-ins can be read again")
        if batch is None:
            self.health.backlog = 0
            return
        self._batch = batch
        await (self._store_singly(batch) if self._is_odd else self._store(batch.sign_ins))
        await self.stream.commit(batch)
        self.health.batches += 1
        self.health.records += batch.records
        self.health.unreadable += batch.unreadable
        self.health.backlog = batch.lag
        self._batch, self._is_odd = None, False

    async def note(self, error: BaseException | None) -> None:
        """Log what went wrong once, and wait a moment before the next try."""
        if error is None:
            self._failures = 0
            return
        self._failures += 1
        if isinstance(error, StreamUnavailable):
            if self.health.failed(str(error), self.now()):
                log.warning("sign-ins cannot be read from the stream; it is tried again: %s", error)
        elif isinstance(error, StoreUnavailable):
            log.warning("sign-ins of the stream cannot be stored; nothing is lost, it is tried again")
        else:
            self._is_odd = self._batch is not None
            log.error("reading the stream of sign-ins failed; it is tried again", exc_info=error)
        await self.pause(min(LONGEST_PAUSE, AGAIN * self._failures))

    async def _store(self, rows: Sequence[SignIn]) -> None:
        at, found = self.now(), []
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            found += [seen for row in some if (seen := sighting_of(row, Source.STREAM, at)) is not None]
            await asyncio.sleep(0)
        if found:
            admitted = await self.intake.admit(found)
            self.health.took(found, admitted.known)

    async def _store_singly(self, batch: StreamBatch) -> None:
        """Leave out the rows that we fail on, and only those: one of them must not hold up all others."""
        for row in batch.sign_ins:
            (error,) = await asyncio.gather(self._store((row,)), return_exceptions=True)
            if isinstance(error, BotError):
                raise error
            if error is not None:
                self.health.unreadable += 1
                log.error("sign-in %s of the stream is left out", row.id, exc_info=error)
