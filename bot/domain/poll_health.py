"""How the polling of sign-ins goes: counted for metrics, and judged for people."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.alerts import LATE, PollState, Sighting
from bot.errors import BotError, GraphRefused, GraphThrottled

LAG_BOUNDS = (15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 7200.0, 86400.0)
"""Seconds from a sign-in to its reading: upper bounds of the histogram."""

REMEMBERED = 50_000
PATIENCE = timedelta(minutes=5)
"""Reading may be this much and three polls behind before anybody is told."""


@dataclass
class PollHealth:
    """One replica's view. Sightings are counted when they are first seen, not each time they are read."""

    every: timedelta = timedelta(seconds=60)
    is_leader: bool = False
    since: datetime | None = None  # when this replica began to look
    state: PollState | None = None
    last_complete: datetime | None = None  # this replica's last poll that ended without trouble
    trouble: BotError | None = None
    pages: int = 0
    polls: int = 0
    late_events: int = 0
    dedup_hits: int = 0
    lag_counts: list[int] = field(default_factory=lambda: [0] * (len(LAG_BOUNDS) + 1))
    lag_seconds: float = 0.0
    _seen: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def took(self, sightings: Iterable[Sighting], known: int) -> None:
        """Count sightings that were admitted, `known` of them not for the first time."""
        self.dedup_hits += known
        for sighting in sightings:
            if sighting.id not in self._seen:
                self._seen[sighting.id] = None
                self._count(sighting.read_at - sighting.at)
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)

    def _count(self, lag: timedelta) -> None:
        seconds = max(0.0, lag.total_seconds())
        self.late_events += lag > LATE
        self.lag_seconds += seconds
        self.lag_counts[sum(bound < seconds for bound in LAG_BOUNDS)] += 1

    def watermark_age(self, now: datetime) -> timedelta | None:
        """Return how long ago anybody read the newest sign-ins; None before the first poll."""
        read_at = self.state.polled_at if self.state else None
        return None if read_at is None else max(timedelta(0), now - read_at)

    def is_degraded(self, now: datetime) -> bool:
        """Whether failures may go unnoticed: Graph refuses, or the newest sign-ins were not read for long.

        A throttled poll is no trouble by itself: the next one makes up for it.
        """
        if isinstance(self.trouble, GraphRefused):
            return True
        age = self.watermark_age(now)
        if age is None:
            began = self.since or now
            age = now - began
        return age > 3 * self.every + PATIENCE

    def is_news(self, trouble: BotError | None) -> bool:
        """Whether a poll's trouble differs from the one before, so that it is worth a line in the log."""
        return _kind(trouble) != _kind(self.trouble)


def _kind(trouble: BotError | None) -> tuple[object, ...]:
    if trouble is None or isinstance(trouble, GraphThrottled):
        return ()
    return (type(trouble), getattr(trouble, "status", None), getattr(trouble, "code", ""))
