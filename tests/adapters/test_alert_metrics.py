"""Figures about alerts, as Prometheus reads them."""

from __future__ import annotations

from datetime import timedelta

from prometheus_client import CollectorRegistry, generate_latest

from bot.adapters.alert_metrics import AlertMetrics
from tests.fakes import FakeClock


def test_figures_have_names_and_labels_that_name_nobody() -> None:
    registry = CollectorRegistry()
    metrics = AlertMetrics(registry, FakeClock())
    metrics.count("posted", "person")
    metrics.count("posted", "person")
    metrics.count("digests")
    metrics.count("dropped", "forgotten")
    text = generate_latest(registry).decode()
    assert 'psso_alerts_posted_total{scope="person"} 2.0' in text
    assert "psso_alerts_digests_total 1.0" in text
    assert 'psso_alerts_dropped_total{reason="forgotten"} 1.0' in text


def test_a_channel_is_in_trouble_until_it_takes_a_message_or_an_hour_passed() -> None:
    clock = FakeClock()
    metrics = AlertMetrics(CollectorRegistry(), clock)
    metrics.channel_failed("C0ALERTS", "is_archived")
    metrics.channel_failed("C0OTHER", "restricted_action")
    assert metrics.failing == {"C0ALERTS": "is_archived", "C0OTHER": "restricted_action"}
    metrics.channel_works("C0ALERTS")
    assert metrics.failing == {"C0OTHER": "restricted_action"}
    clock.advance(61)
    assert metrics.refused_within(timedelta(minutes=1)) == {}
    assert metrics.failing == {"C0OTHER": "restricted_action"}
    clock.advance(3600)
    assert metrics.failing == {}
