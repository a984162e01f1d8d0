"""Figures about alerts for /metrics, and the channels that Slack refused lately for /readyz."""

from __future__ import annotations

from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, Counter

from bot.ports import Clock

NAMES: dict[str, tuple[str, str]] = {
    "posted": ("Alert cards posted", "scope"),
    "edited": ("Alert cards brought up to date", "scope"),
    "digests": ("Messages that list many alerts", ""),
    "quiet": ("Alerts kept from their channel", "why"),
    "retried": ("Times that Slack did not take an alert, which comes again", "reason"),
    "fallback": ("Alerts posted in the approval channel because their own did not take them", "reason"),
    "dropped": ("Alerts or updates given up", "reason"),
}
"""What is counted, in words, and what tells the figures of one name apart. No label names a person."""

REMEMBERED = timedelta(hours=1)
"""A channel that Slack refused counts as trouble for so long, unless a message went there meanwhile."""


class AlertMetrics:
    """`alert_ports.AlertCounters` on Prometheus: `psso_alerts_<name>_total`."""

    def __init__(self, registry: CollectorRegistry, now: Clock) -> None:
        self._now = now
        self._failing: dict[str, tuple[str, datetime]] = {}
        self._counters = {
            name: Counter(f"psso_alerts_{name}", words, [label] if label else [], registry=registry)
            for name, (words, label) in NAMES.items()
        }

    def count(self, what: str, label: str = "") -> None:
        """Add one."""
        counter = self._counters[what]
        (counter.labels(label) if NAMES[what][1] else counter).inc()

    def channel_failed(self, channel: str, code: str) -> None:
        """Remember a channel that Slack refused."""
        self._failing[channel] = (code, self._now())

    def channel_works(self, channel: str) -> None:
        """Forget it: a message went there."""
        self._failing.pop(channel, None)

    @property
    def failing(self) -> dict[str, str]:
        """Channels that Slack refused lately, by id, with its error word."""
        return self.refused_within(REMEMBERED)

    def refused_within(self, span: timedelta) -> dict[str, str]:
        """Return the channels that Slack refused within so long, by id, with its error word."""
        since = self._now() - span
        return {channel: code for channel, (code, at) in self._failing.items() if at > since}
