"""What adapters count for /metrics, whoever serves it. No label names a person."""

from __future__ import annotations

from prometheus_client import Counter

REPLAYS_REJECTED = Counter(
    "psso_replay_rejected", "Signed requests that had been received before, and had no effect", registry=None
)

COUNTERS = (REPLAYS_REJECTED,)
