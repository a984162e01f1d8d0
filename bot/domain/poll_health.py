"""How the polling of sign-ins goes: counted for metrics, and judged for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.alerts import PollState
from bot.domain.source_lag import SourceLag
from bot.errors import BotError, GraphRefused, GraphThrottled

PATIENCE = timedelta(minutes=5)
"""Reading may be this much and three polls behind before anybody is told."""


@dataclass
class PollHealth(SourceLag):
    """One replica's view."""

    every: timedelta = timedelta(seconds=60)
    is_leader: bool = False
    since: datetime | None = None  # when this replica began to look
    state: PollState | None = None
    last_complete: datetime | None = None  # this replica's last poll that ended without trouble
    trouble: BotError | None = None
    pages: int = 0
    polls: int = 0

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
