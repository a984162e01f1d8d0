"""Group what the sources admitted: one replica at a time, and nothing is lost or told twice when it changes.

Groups, their people and the position in the queue are stored in one step behind the lease's fence. Whoever
is in doubt about what was stored forgets what it holds and loads anew.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.alert_ports import Alerts, Lease
from bot.domain.alerts import Changes
from bot.domain.grouping import Grouping
from bot.errors import BotError
from bot.ports import Desk

LEASE_NAME = "alerts-group"
LEASE = timedelta(seconds=15)
"""How long the others wait for a leader that died."""

RENEW = timedelta(seconds=5)
AT_ONCE = 400
"""Sightings grouped and stored in one step: well under 20 ms of the event loop."""

TURN = 100
"""Sightings between two turns of the event loop."""

LONGEST_WAIT = 1.0
"""Seconds: how long to wait for sightings before looking at the clock, or for the lease."""

NOTHING = Changes()

log = logging.getLogger(__name__)


async def group_alerts(desk: Desk, holder: str, stop: asyncio.Event) -> None:
    """Group sightings while this replica is the leader, until `stop`; without alerts return."""
    if desk.alerts is None:
        return
    grouper = Grouper(desk, desk.alerts, holder)
    try:
        while not stop.is_set():
            # whatever goes wrong, a bug included, ends this run and never the bot: approvals need it
            (worked,) = await asyncio.gather(grouper.run(), return_exceptions=True)
            if isinstance(worked, BaseException):
                grouper.forget(worked)
            if worked is not True:
                await desk.pause(LONGEST_WAIT)
    finally:
        await grouper.leave()


@dataclass
class Grouper:
    """One replica's part in the grouping. A sighting that we fail on must not hold up all others."""

    desk: Desk
    alerts: Alerts
    holder: str
    _lease: Lease | None = None
    _renewed_at: datetime | None = None
    _grouping: Grouping | None = None
    _position: str = ""
    _in_trouble: bool = False
    _singly: int = 0  # so many sightings are taken one at a time: a bug came up with one of them
    _left_out: str = ""  # the position of the one that it came up with

    async def run(self) -> bool:
        """Group and store what waits, at most AT_ONCE; False when another replica leads. Raises BotError."""
        lease = await self._lead()
        if lease is None:
            return False
        grouping = await self._load() if self._grouping is None else self._grouping
        most = 1 if self._singly else AT_ONCE
        found = await self.alerts.groups.after(self._position, most, LONGEST_WAIT)
        for number, (position, sighting) in enumerate(found, start=1):
            self._position = position
            if position == self._left_out:
                log.error("what stands at %s of the queue is left out of the alerts", position)
                continue
            grouping.take(sighting, self.desk.now())
            if number % TURN == 0:
                await asyncio.sleep(0)
        grouping.tick(self.desk.now())
        changes = grouping.changes()
        if (found or changes != NOTHING) and not await self._store(lease, changes):
            return False
        if self._in_trouble:
            log.info("alerts are grouped again")
        self._in_trouble = False
        self._singly = max(0, self._singly - 1) if found else 0
        return True

    async def leave(self) -> None:
        """Let another replica go on at once."""
        if self._lease is None:
            return
        try:
            await self.alerts.leases.release(self._lease)
        except BotError as error:
            log.info("the lease of the grouping runs out by itself: %s", error)

    def forget(self, error: BaseException) -> None:
        """Load anew after an error: nobody knows what became of the last step. Log it when it is news."""
        self._grouping = None
        if not isinstance(error, BotError):
            log.error("grouping alerts failed; it is tried again", exc_info=error)
            if self._singly:
                self._left_out = self._position
            self._singly = AT_ONCE
        elif not self._in_trouble:
            log.warning("alerts cannot be grouped; they wait, and it is tried again: %s", error)
        self._in_trouble = True

    async def _lead(self) -> Lease | None:
        now = self.desk.now()
        if self._lease is not None and self._renewed_at is not None and now - self._renewed_at < RENEW:
            return self._lease
        before, self._lease = self._lease, None
        self._lease = await self.alerts.leases.hold(LEASE_NAME, self.holder, LEASE)
        self._renewed_at = now
        if self._lease != before:
            self._grouping = None
        return self._lease

    async def _load(self) -> Grouping:
        loaded, notes = await self.alerts.groups.load(), await self.alerts.groups.notes()
        self._position = loaded.position
        self._grouping = Grouping(self.desk.rules.alert_thresholds, loaded.groups, notes)
        log.info("this replica groups alerts now: %d groups are open", len(self._grouping))
        return self._grouping

    async def _store(self, lease: Lease, changes: Changes) -> bool:
        if await self.alerts.groups.commit(lease, self._position, changes):
            return True
        log.info("another replica groups alerts now")
        self._lease = self._grouping = None
        return False
