"""How reading the stream of sign-ins goes, for Prometheus. No label names a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from bot.adapters.metrics import source_lag
from bot.domain.stream_health import StreamHealth


@dataclass(frozen=True, slots=True, eq=False)
class StreamMetrics(Collector):
    """Reads a StreamHealth whenever Prometheus asks."""

    health: StreamHealth

    def register_in(self, registry: CollectorRegistry) -> None:
        """Show the metrics where `registry` is served."""
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Yield every metric; the backlog only once it is known."""
        health = self.health
        yield GaugeMetricFamily("psso_stream_up", "1 when the stream can be read", int(not health.trouble))
        if health.backlog is not None:
            yield GaugeMetricFamily(
                "psso_stream_backlog_messages", "Messages not yet read in our partitions", health.backlog
            )
        yield source_lag("psso_stream_source_lag_seconds", health)
        for name, words, value in (
            ("psso_stream_records", "Records that came, also those that do not matter", health.records),
            ("psso_stream_unreadable", "Records that could not be understood", health.unreadable),
            ("psso_stream_sightings", "Records that became a sighting", health.matched),
            ("psso_stream_batches", "Batches that were stored", health.batches),
            ("psso_stream_dedup_hits", "Sightings that were known already", health.dedup_hits),
            ("psso_stream_late_events", "Sightings over 15 minutes old when read", health.late_events),
        ):
            yield CounterMetricFamily(name, words, value)
