"""What adapters count for /metrics, whoever serves it. No label names a person."""

from __future__ import annotations

from prometheus_client import Counter
from prometheus_client.core import HistogramMetricFamily

from bot.domain.source_lag import LAG_BOUNDS, SourceLag

REPLAYS_REJECTED = Counter(
    "psso_replay_rejected", "Signed requests that had been received before, and had no effect", registry=None
)

COUNTERS = (REPLAYS_REJECTED,)


def source_lag(name: str, seen: SourceLag) -> HistogramMetricFamily:
    """Return the histogram of the time from a sign-in to its reading."""
    lag = HistogramMetricFamily(name, "From a sign-in to its reading")
    total, buckets = 0, []
    for bound, count in zip((*map(str, LAG_BOUNDS), "+Inf"), seen.lag_counts, strict=True):
        total += count
        buckets.append((bound, float(total)))
    lag.add_metric([], buckets, seen.lag_seconds)
    return lag
