"""The allowance of scarce calls inside one process.

Limits: https://learn.microsoft.com/graph/throttling-limits
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

from bot.errors import GraphThrottled
from bot.ports import Pause, Scarce, Urgency

REPORTS_WINDOW = 10.2
"""Graph counts in 10 seconds, by when calls arrive; a call may take a moment longer than the one before."""
REPORTS_LEFT = (0, 1, 2)
"""Calls that actions, people and the background leave to others.

An approval finds a call however many people ask, and people find one however much is polled.
"""
REPORTS_KEPT = 3
"""Calls that the background's own never take: an answer finds its two, and an approval one.

What others have spent does not count here, or an answer every ten seconds would end all polling. Of fewer
than four calls the background still may have one.
"""
OTHERS_LEFT = (0, 0, 1)

POLICIES_PER_SECOND = 1.0
POLICIES_BURST = 5
TRIALS_PER_SECOND = 200.0
TRIALS_BURST = 200
"""Microsoft names no limit for What-If; should one show as a 429, every caller waits as long as it says."""
SHORTEST_PAUSE = 0.01

NAMES = {
    Scarce.REPORTS: "the sign-in log",
    Scarce.POLICIES: "Conditional Access",
    Scarce.TRIALS: "Conditional Access trials",
}


def left_to_others(left: tuple[int, int, int], urgency: Urgency, size: int) -> int:
    """Return how many of `size` calls are not for this urgency: never all of them."""
    return min(left[urgency], size - 1)


def reports_of_background(size: int) -> int:
    """Return how many of `size` calls in a window the background's own may be."""
    return max(1, size - REPORTS_KEPT)


class _Allowance(Protocol):
    """When calls may be made. Times are monotonic seconds."""

    size: int

    def wait(self, ahead: int, now: float) -> float:
        """Return the seconds until a call with `ahead` calls before it may be made."""

    def take(self, now: float) -> None:
        """Note a call."""


@dataclass
class SlidingWindow:
    """At most `size` calls in any `window` seconds."""

    size: int
    window: float
    _made: deque[float] = field(default_factory=deque)

    def wait(self, ahead: int, now: float) -> float:
        """Return the seconds until a call with `ahead` calls before it may be made."""
        while self._made and self._made[0] <= now - self.window:
            self._made.popleft()
        short_by = len(self._made) + ahead + 1 - self.size
        if short_by <= 0:
            return 0.0
        rounds, nth = divmod(short_by - 1, self.size)
        oldest = self._made[nth] if nth < len(self._made) else now
        return oldest + self.window * (rounds + 1) - now

    def take(self, now: float) -> None:
        """Note a call."""
        self._made.append(now)


@dataclass
class TokenBucket:
    """`per_second` calls a second on average, `size` at once."""

    size: int
    per_second: float
    _level: float = 0.0  # calls made and not yet worked off
    _at: float = 0.0

    def wait(self, ahead: int, now: float) -> float:
        """Return the seconds until a call with `ahead` calls before it may be made."""
        self._level = max(0.0, self._level - (now - self._at) * self.per_second)
        self._at = now
        return max(0.0, (self._level + ahead + 1 - self.size) / self.per_second)

    def take(self, now: float) -> None:
        """Note a call."""
        self.wait(0, now)
        self._level += 1


@dataclass
class _Bucket:
    allowance: _Allowance
    left: tuple[int, int, int] = OTHERS_LEFT
    of_background: _Allowance | None = None  # what the background's own calls have to keep to, too
    waiting: set[tuple[Urgency, int]] = field(default_factory=set)
    closed_until: float = 0.0

    def wait(self, ticket: tuple[Urgency, int], now: float) -> float:
        """Return the seconds until `ticket` may spend: the more urgent and the earlier go first."""
        ahead = sum(other < ticket for other in self.waiting)
        ahead += left_to_others(self.left, ticket[0], self.allowance.size)
        return max(
            self.closed_until - now, self.allowance.wait(ahead, now), self._background_wait(ticket, now)
        )

    def take(self, urgency: Urgency, now: float) -> None:
        """Note a call."""
        self.allowance.take(now)
        if self.of_background is not None and urgency is Urgency.BACKGROUND:
            self.of_background.take(now)

    def _background_wait(self, ticket: tuple[Urgency, int], now: float) -> float:
        if self.of_background is None or ticket[0] is not Urgency.BACKGROUND:
            return 0.0
        ahead = sum(other[0] is Urgency.BACKGROUND and other < ticket for other in self.waiting)
        return self.of_background.wait(ahead, now)


class LocalBudget:
    """Keeps the Budget promises for one process; replicas need one they share."""

    def __init__(self, reports_per_10s: int, monotonic: Callable[[], float], pause: Pause) -> None:
        self._monotonic = monotonic
        self._pause = pause
        self._tickets = count()
        self._buckets = {
            Scarce.REPORTS: _Bucket(
                SlidingWindow(reports_per_10s, REPORTS_WINDOW),
                REPORTS_LEFT,
                SlidingWindow(reports_of_background(reports_per_10s), REPORTS_WINDOW),
            ),
            Scarce.POLICIES: _Bucket(TokenBucket(POLICIES_BURST, POLICIES_PER_SECOND, _at=monotonic())),
            Scarce.TRIALS: _Bucket(TokenBucket(TRIALS_BURST, TRIALS_PER_SECOND, _at=monotonic())),
        }

    async def spend(self, bucket: Scarce, urgency: Urgency, max_wait: float) -> None:
        """Take one call from `bucket`, waiting at most `max_wait` seconds; else raise GraphThrottled.

        It is raised at once when the wait would be too long: a refusal now is worth more than one later.
        """
        kept = self._buckets[bucket]
        ticket = (urgency, next(self._tickets))
        deadline = self._monotonic() + max_wait
        kept.waiting.add(ticket)
        try:
            while (wait := kept.wait(ticket, now := self._monotonic())) > 0:
                if now + wait > deadline:
                    raise GraphThrottled(
                        NAMES[bucket], code="own budget", message="", retry_after=round(wait, 3)
                    )
                await self._pause(max(wait, SHORTEST_PAUSE))
            kept.take(urgency, now)
        finally:
            kept.waiting.discard(ticket)

    async def drained(self, bucket: Scarce, seconds: float) -> None:
        """Graph answered 429: nobody spends from `bucket` for `seconds`."""
        kept = self._buckets[bucket]
        kept.closed_until = max(kept.closed_until, self._monotonic() + seconds)
