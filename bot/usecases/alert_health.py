"""Can alerts be posted where they belong? Asked by /readyz, before an alert finds out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.errors import NotAllowed, SlackError
from bot.ports import Channel, Desk
from bot.usecases.alert_trouble import CHANNEL_LOST

KEPT = timedelta(minutes=1)
"""What `desk.workspace` knows of a channel is at most so old."""

SHOWN = frozenset({"channel_not_found", "is_archived", "not_in_channel", "shared_channel"})
"""Troubles that show in the channel itself, so that their end does too."""


async def channels_in_trouble(
    desk: Desk, refused: Mapping[str, str], just_now: Mapping[str, str]
) -> dict[str, str]:
    """Return the channels that take no alert, by id, with an error word: whichever is known most recently.

    `refused`: what became of the last alerts, `just_now`: of those within KEPT.
    """
    lasting = {channel: code for channel, code in refused.items() if code not in SHOWN}
    return {**lasting, **await lost_channels(desk), **just_now}


async def lost_channels(desk: Desk) -> dict[str, str]:
    """Return the alert channels that take no message, by id, with Slack's error word (or ours).

    Slack itself being away is no trouble of a channel: nothing is concluded from it.
    """
    rules = desk.rules
    wanted = dict.fromkeys([rules.alert_channel, *(route.channel for route in rules.alert_routes)])
    found = {channel: await _trouble(channel, desk) for channel in wanted if channel}
    return {channel: code for channel, code in found.items() if code}


async def _trouble(channel_id: str, desk: Desk) -> str:
    try:
        channel = await desk.workspace.channel(channel_id)
    except SlackError as error:
        return error.code if error.code in CHANNEL_LOST else ""
    except NotAllowed as error:
        return str(error.denial)
    return _state(channel)


def _state(channel: Channel) -> str:
    if channel.is_archived:
        return "is_archived"
    if channel.is_external:
        return "shared_channel"
    return "" if channel.has_bot else "not_in_channel"
