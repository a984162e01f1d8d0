"""Poll the sign-in log: one replica at a time reads what failed, and hands it to the intake.

What is read is admitted before it is marked as read, and the intake knows a sign-in by its id: a replica
that dies in between, or is paused and comes back, costs a second reading and never a second alert.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.alert_ports import Alerts, Lease, SignInFeed
from bot.domain.alerts import PollState, Source
from bot.domain.light import sighting_of
from bot.domain.poll_health import PollHealth
from bot.domain.polling import Read, Window, after, begin, plan
from bot.domain.sign_ins import SignIn
from bot.errors import BotError, GraphError, GraphUnreachable
from bot.ports import Desk, Pause
from bot.usecases.notice_registrations import Registrations, Turn

LEASE_NAME = "alerts-poll"
LEASE, SHORTEST_LEASE = timedelta(seconds=60), timedelta(seconds=15)
"""Longer than reading one page can take with every wait; a leader that died is followed after it.

Whoever polls more often also wants a dead leader followed sooner; read twice is not alerted twice.
"""

LOOK = timedelta(seconds=15)
"""How often a leader renews its lease between polls, and the others ask for it."""

LONGEST_TURN = timedelta(seconds=60)
"""A poll with much to make up for stops after this long, reads the newest again, and goes on."""

AT_ONCE = 250
"""Rows judged in one go, so that the event loop turns in between."""

log = logging.getLogger(__name__)


async def poll_sign_ins(
    desk: Desk, holder: str, stop: asyncio.Event, health: PollHealth | None = None
) -> None:
    """Poll every Rules.poll_every while this replica is the leader, until `stop`; without a feed return."""
    alerts = desk.alerts
    if alerts is None or alerts.feed is None or not desk.rules.poll_every:
        return
    health = health or PollHealth()
    health.every, health.since = desk.rules.poll_every, desk.now()
    lease = min(LEASE, max(SHORTEST_LEASE, desk.rules.poll_every))
    poller = Poller(desk, alerts, alerts.feed, holder, stop, health, lease)
    try:
        while not stop.is_set():
            # whatever goes wrong, a bug included, ends this poll and never the bot: approvals need it
            (error,) = await asyncio.gather(poller.turn(), return_exceptions=True)
            poller.note(error)
            await _rest(desk.pause, stop, poller.seconds_to_wait())
    finally:
        await poller.leave()


async def _rest(pause: Pause, stop: asyncio.Event, seconds: float) -> None:
    """Wait, but not beyond `stop`."""
    waits = [asyncio.ensure_future(pause(seconds)), asyncio.ensure_future(stop.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


@dataclass
class Poller:
    """One replica's part in the polling."""

    desk: Desk
    alerts: Alerts
    feed: SignInFeed
    holder: str
    stop: asyncio.Event
    health: PollHealth
    lasting: timedelta = LEASE
    _lease: Lease | None = None
    _due: datetime | None = None
    _failed: bool = False
    _registrations: Registrations = field(init=False)

    def __post_init__(self) -> None:
        self._registrations = Registrations(self.alerts.groups)

    async def turn(self) -> None:
        """Take or renew the lease, and poll when it is ours and a poll is due. Raises BotError."""
        if not await self._lead():
            self.health.state = await self.alerts.poll_marks.read()
            return
        now = self.desk.now()
        if self._due is None or now >= self._due:
            self._due = now + self.desk.rules.poll_every
            await self._poll(now)

    async def leave(self) -> None:
        """Let another replica go on at once."""
        if self._lease is not None:
            try:
                await self.alerts.leases.release(self._lease)
            except BotError as error:
                log.info("the lease of the poller runs out by itself: %s", error)

    def note(self, error: BaseException | None) -> None:
        """Keep what went wrong for whoever asks, and log it when it is news."""
        self._failed = error is not None
        if error is None:
            return
        if not isinstance(error, BotError):
            log.error("polling sign-ins failed; it is tried again", exc_info=error)
            return
        if self.health.is_news(error):
            log.warning("sign-ins cannot be polled; nothing is lost, it is tried again: %s", error)
        self.health.trouble = error

    def seconds_to_wait(self) -> float:
        """Return how long there is nothing to do."""
        look = min(LOOK, self.lasting / 3)
        if self._failed or self._lease is None or self._due is None:
            return look.total_seconds()
        due_in = self._due - self.desk.now()
        return max(0.0, min(look, due_in).total_seconds())

    async def _lead(self) -> bool:
        before = self._lease
        self._lease = await self.alerts.leases.hold(LEASE_NAME, self.holder, self.lasting)
        self.health.is_leader = self._lease is not None
        if self._lease is None or self._lease != before:
            self._due = None  # a new leader polls at once
        return self._lease is not None

    async def _poll(self, now: datetime) -> None:
        """Read what is due, the newest first, until the time is up or Graph has no calls for us."""
        state = await self.alerts.poll_marks.read() or begin(now)
        until = now + max(self.desk.rules.poll_every, LONGEST_TURN)
        windows = plan(state, now)
        for window in windows:
            read, trouble = await self._read(window, until)
            state = after(state, window, read, now)
            if not await self._mark(state):
                return
            if trouble is not None:
                raise trouble
            if self._is_over(until):
                break
        self.health.polls += 1
        self.health.last_complete = self.desk.now()
        await self._notice_registrations()
        if self.health.is_news(None):
            log.info("sign-ins are polled again")
        self.health.trouble = None

    def _is_over(self, until: datetime) -> bool:
        return self.stop.is_set() or self.desk.now() >= until

    async def _read(self, window: Window, until: datetime) -> tuple[Read, GraphError | None]:
        """Read a window to its end, or as far as the time and Graph allow."""
        newest: datetime | None = None
        oldest: datetime | None = None
        try:
            async for page in self.feed.failures(window.since, window.until):
                self.health.pages += 1
                await self._take(page)
                for row in page:
                    newest = max(newest or row.created_at, row.created_at)
                    oldest = min(oldest or row.created_at, row.created_at)
                if self._is_over(until) or not await self._lead():
                    return Read(False, newest, oldest), None
        except GraphError as error:
            too_much = isinstance(error, GraphUnreachable) and error.timed_out
            return Read(False, newest, oldest, too_much), error
        return Read(True, newest, oldest), None

    async def _take(self, page: Sequence[SignIn]) -> None:
        """Judge rows, and admit those that matter."""
        for start in range(0, len(page), AT_ONCE):
            read_at = self.desk.now()
            judged = (sighting_of(row, Source.POLL, read_at) for row in page[start : start + AT_ONCE])
            sightings = [sighting for sighting in judged if sighting is not None]
            if sightings:
                admitted = await self.alerts.intake.admit(sightings)
                self.health.took(sightings, admitted.known)

    async def _mark(self, state: PollState) -> bool:
        """Remember how far the log is read; False when another replica leads by now."""
        if await self._lead() and self._lease is not None:
            if await self.alerts.poll_marks.write(self._lease, state):
                self.health.state = state
                return True
            self._lease = None
        self.health.is_leader = False
        log.info("another replica polls sign-ins now")
        return False

    async def _notice_registrations(self) -> None:
        """Look whether blocked people have registered, as long as the next poll is not due."""
        due = self.desk.now() + self.desk.rules.poll_every if self._due is None else self._due

        async def goes_on() -> bool:
            return not self._is_over(due) and await self._lead()

        before = self._registrations.pages
        try:
            await self._registrations.notice(Turn(self.feed, self.desk.now, self._take, goes_on))
        finally:
            self.health.pages += self._registrations.pages - before
