"""How reading the stream of sign-ins goes: counted for metrics, and judged for people."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.alerts import LATE, Sighting
from bot.domain.poll_health import LAG_BOUNDS, REMEMBERED

PATIENCE = timedelta(minutes=2)
"""The stream may be away for so long before anybody is told: connections break and come back."""


@dataclass
class StreamHealth:
    """One replica's view. `trouble`: why nothing can be read, a sentence; empty: all is well."""

    trouble: str = ""
    trouble_since: datetime | None = None
    records: int = 0  # all that came, also of other categories and apps
    unreadable: int = 0
    matched: int = 0  # records that became a sighting
    dedup_hits: int = 0
    late_events: int = 0
    batches: int = 0
    backlog: int | None = None  # messages that wait in this replica's partitions; None: not known
    lag_counts: list[int] = field(default_factory=lambda: [0] * (len(LAG_BOUNDS) + 1))
    lag_seconds: float = 0.0
    _seen: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def failed(self, trouble: str, at: datetime) -> bool:
        """Note that the stream cannot be read; True when that is news."""
        is_news = trouble != self.trouble
        self.trouble_since = self.trouble_since or at
        self.trouble = trouble
        return is_news

    def works(self) -> bool:
        """Note that the stream answers; True when that is news."""
        was_away = bool(self.trouble)
        self.trouble, self.trouble_since = "", None
        return was_away

    def is_degraded(self, now: datetime) -> bool:
        """Whether failures may go unnoticed."""
        return self.trouble_since is not None and now - self.trouble_since > PATIENCE

    def took(self, sightings: Iterable[Sighting], known: int) -> None:
        """Count sightings that were admitted, `known` of them not for the first time."""
        self.dedup_hits += known
        for sighting in sightings:
            self.matched += 1
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
