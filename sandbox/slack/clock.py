"""Slack's time: the wall clock plus whatever a test moved it by."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class SteppedClock:
    """Unix seconds from `base`, moved forward by `advance`."""

    base: Callable[[], float] = field(default=time.time)
    offset: float = 0.0

    def now(self) -> float:
        """Return Unix seconds."""
        return self.base() + self.offset

    def advance(self, seconds: float) -> None:
        """Move time forward; triggers, response URLs and rate limits see it at once."""
        self.offset += seconds
