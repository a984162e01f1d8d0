"""How the polling of sign-ins goes, for Prometheus. No label names a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from bot.adapters.metrics import source_lag
from bot.domain.poll_health import PollHealth
from bot.domain.polling import unread
from bot.ports import Clock


@dataclass(frozen=True, slots=True, eq=False)
class PollMetrics(Collector):
    """Reads a PollHealth whenever Prometheus asks."""

    health: PollHealth
    now: Clock

    def register_in(self, registry: CollectorRegistry) -> None:
        """Show the metrics where `registry` is served."""
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Yield every metric; the age of the watermark only once there is one."""
        health = self.health
        age = health.watermark_age(self.now())
        if age is not None:
            yield GaugeMetricFamily(
                "psso_watermark_age_seconds", "Since the newest sign-ins were read", age.total_seconds()
            )
        behind = unread(health.state).total_seconds() if health.state else 0.0
        yield GaugeMetricFamily("psso_poll_gaps_seconds", "Time in the log still to be made up for", behind)
        yield GaugeMetricFamily("psso_poll_leader", "1 on the replica that polls", int(health.is_leader))
        yield source_lag("psso_signin_source_lag_seconds", health)
        for name, words, value in (
            ("psso_late_events", "Sightings older than 15 minutes when they were read", health.late_events),
            ("psso_dedup_hits", "Sightings that were known already", health.dedup_hits),
            ("psso_polls", "Polls that ended", health.polls),
            ("psso_poll_pages", "Pages of the sign-in log that were read", health.pages),
        ):
            yield CounterMetricFamily(name, words, value)
