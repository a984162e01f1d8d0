"""`psso-bot doctor` on alerts: is there a source, has every alert a channel, and which channels are there."""

from __future__ import annotations

from bot.alerting import watches
from bot.domain.routes import alert_routes
from bot.settings import Settings
from bot.usecases.examine import Finding, Grade

CHECK = "Alerts"
NO_SOURCE = "A channel is set, and no source: no failure can be noticed."
ROUTED_IN_PART = "PSSO_ALERT_ROUTES is set without PSSO_ALERT_CHANNEL: what fits no route is posted nowhere."


def alert_channels(settings: Settings) -> dict[str, str]:
    """Return the channels of routes by what to call them, each once; the alert channel is not among them."""
    routes = alert_routes(settings.psso_alert_routes or "")
    channels = dict.fromkeys(
        route.channel for route in routes if route.channel != settings.psso_alert_channel
    )
    return {f"PSSO_ALERT_ROUTES {channel}": channel for channel in channels}


def alert_findings(settings: Settings) -> list[Finding]:
    """Return what the settings alone say about alerts; nothing where they are off."""
    if not watches(settings):
        return []
    sources = [name for name, is_on in _sources(settings).items() if is_on]
    if not sources:
        fix = "Set PSSO_POLL_SECONDS to 60, or PSSO_EVENT_HUB_CONNECTION for the stream."
        return [Finding(CHECK, Grade.WARNING, NO_SOURCE, fix)]
    if not settings.psso_shadow and not _all_have_a_channel(settings):
        fix = "Set PSSO_ALERT_CHANNEL, or end the routes with one that has no condition: “-> C0123ABC”."
        return [Finding(CHECK, Grade.WARNING, ROUTED_IN_PART, fix)]
    done = "recorded and not posted (PSSO_SHADOW)" if settings.psso_shadow else "posted"
    return [Finding(CHECK, Grade.OK, f"Failures are read from {' and '.join(sources)}, and {done}.")]


def _sources(settings: Settings) -> dict[str, bool]:
    return {
        "the sign-in log": settings.psso_poll_seconds > 0,
        "Event Hubs": settings.event_hub is not None,
    }


def _all_have_a_channel(settings: Settings) -> bool:
    routes = alert_routes(settings.psso_alert_routes or "")
    return bool(settings.psso_alert_channel) or any(route.matcher.is_empty for route in routes)
