"""The polling's figures as Prometheus reads them."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from bot.adapters.poll_metrics import PollMetrics
from bot.domain.poll_health import PollHealth
from tests.alert_fakes import a_sighting
from tests.domain.test_poll_health import read
from tests.fakes import NOON


def test_the_metrics_are_prometheus_text() -> None:
    health, registry = read(2, is_leader=True, polls=3, pages=4), CollectorRegistry()
    health.took([a_sighting(minutes_ago=1)], known=5)
    PollMetrics(health, lambda: NOON).register_in(registry)

    text = generate_latest(registry).decode()

    for line in (
        "psso_watermark_age_seconds 120.0",
        "psso_poll_gaps_seconds 1800.0",
        "psso_poll_leader 1.0",
        "psso_dedup_hits_total 5.0",
        "psso_late_events_total 0.0",
        "psso_polls_total 3.0",
        "psso_poll_pages_total 4.0",
        'psso_signin_source_lag_seconds_bucket{le="30.0"} 0.0',
        'psso_signin_source_lag_seconds_bucket{le="60.0"} 1.0',
        'psso_signin_source_lag_seconds_bucket{le="+Inf"} 1.0',
        "psso_signin_source_lag_seconds_sum 60.0",
    ):
        assert line in text.splitlines()


def test_before_the_first_poll_there_is_no_age() -> None:
    registry = CollectorRegistry()
    PollMetrics(PollHealth(), lambda: NOON).register_in(registry)

    assert "psso_watermark_age_seconds" not in generate_latest(registry).decode()
