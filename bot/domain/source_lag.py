"""What reading sign-ins counts, however they come: how late they were, and how many came again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from bot.domain.alerts import LATE, Sighting

LAG_BOUNDS = (15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 7200.0, 86400.0)
"""Seconds from a sign-in to its reading: upper bounds of the histogram."""

REMEMBERED = 50_000


@dataclass(kw_only=True)
class SourceLag:
    """One replica's counts. Sightings are counted when they are first seen, not each time they are read."""

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
