"""Rate limits per method: https://docs.slack.dev/apis/web-api/rate-limits. Burst sizes are not published."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum

from sandbox.slack.clock import SteppedClock
from sandbox.slack.errors import RateLimited


@dataclass(frozen=True, slots=True)
class Allowance:
    """Calls a second on average, and how many may come at once."""

    per_second: float
    burst: float


class Tier(Enum):
    """Slack's tiers; the numbers are calls a minute."""

    TWO = Allowance(20 / 60, 20)
    THREE = Allowance(50 / 60, 50)
    FOUR = Allowance(100 / 60, 100)
    POST_MESSAGE = Allowance(1.0, 5)
    GENEROUS = Allowance(10.0, 600)


@dataclass(slots=True)
class RateLimits:
    """One token bucket a key; a key is a method, or a method and a channel."""

    clock: SteppedClock
    enabled: bool = True
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, key: str, tier: Tier) -> None:
        """Count a call; raise RateLimited when the bucket is empty."""
        if not self.enabled:
            return
        allowance, now = tier.value, self.clock.now()
        tokens, at = self._buckets.get(key, (allowance.burst, now))
        tokens = min(allowance.burst, tokens + (now - at) * allowance.per_second)
        if tokens < 1:
            self._buckets[key] = (tokens, now)
            raise RateLimited(max(1, math.ceil((1 - tokens) / allowance.per_second)))
        self._buckets[key] = (tokens - 1, now)

    def switch(self, *, enabled: bool) -> None:
        """Turn limits on or off; buckets start full again."""
        self.enabled = enabled
        self._buckets.clear()
