"""`psso-bot doctor` on the stream of sign-ins: does the login work, are the hubs there, how much waits."""

from __future__ import annotations

from bot import app
from bot.domain.event_hub import EventHub
from bot.errors import SettingsError, StreamUnavailable
from bot.settings import Settings
from bot.usecases.examine import Finding, Grade

CHECK = "Event Hubs"
MUCH = 10_000
"""Messages that wait, each with many records: beyond it the bot is behind, or new to the stream."""

FIX = "docs/event-hubs.md says how to set up the namespace, the login and the diagnostic setting."
NOT_YET = (
    "Entra makes a hub when the first record of its category comes, up to 24 hours after the diagnostic "
    "setting. Check that the setting sends both sign-in categories, or correct PSSO_EVENT_HUB_NAMES."
)


async def stream_findings(settings: Settings) -> list[Finding]:
    """Look into the hubs without joining the consumer group; nothing to check without them."""
    hub = settings.event_hub
    if hub is None:
        return []
    from bot.adapters.stream.wiring import event_hub_stream  # noqa: PLC0415 -- only where there is a hub

    try:
        if hub.wants_token:
            settings.require_graph()
        async with event_hub_stream(hub, app.app_identity(settings), app.utc_now) as stream:
            waiting = await stream.waiting()
            missing = stream.missing
    except (SettingsError, StreamUnavailable) as error:
        return [Finding(CHECK, Grade.FAILED, str(error), FIX)]
    return [_found(hub, waiting, missing)]


def _found(hub: EventHub, waiting: int, missing: tuple[str, ...]) -> Finding:
    way = "the connection string" if hub.connection else "an Entra token" if hub.wants_token else "no login"
    seen = f"Answers, with {way}; {waiting} messages wait for the group {hub.group}."
    if missing:
        return Finding(CHECK, Grade.WARNING, f"{seen} Not there: {', '.join(missing)}.", NOT_YET)
    if waiting > MUCH:
        return Finding(CHECK, Grade.WARNING, seen, "Let the bot catch up, or run more replicas of it.")
    return Finding(CHECK, Grade.OK, seen)
