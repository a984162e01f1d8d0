"""How reading the stream of sign-ins goes: counted for metrics, and judged for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.alerts import Sighting
from bot.domain.source_lag import SourceLag

PATIENCE = timedelta(minutes=2)
"""The stream may be away for so long before anybody is told: connections break and come back."""


@dataclass
class StreamHealth(SourceLag):
    """One replica's view. `trouble`: why nothing can be read, a sentence; empty: all is well."""

    trouble: str = ""
    trouble_since: datetime | None = None
    records: int = 0  # all that came, also of other categories and apps
    unreadable: int = 0
    matched: int = 0  # records that became a sighting
    batches: int = 0
    backlog: int | None = None  # messages that wait in this replica's partitions; None: not known

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
        came = tuple(sightings)
        self.matched += len(came)
        super().took(came, known)
