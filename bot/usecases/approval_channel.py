"""Whether the approvers can be shown anything: the approval channel may change after the start."""

from __future__ import annotations

from collections.abc import Mapping

from bot.errors import BotError, Denial, NotAllowed, SlackError
from bot.ports import Desk

SHARED = "it is shared with another organisation"
CLOSED: Mapping[str, str] = {
    "channel_not_found": "the bot cannot see it",
    "is_archived": "it is archived",
    "not_in_channel": "the bot is not in it",
}
"""Slack's words for a channel that takes nothing from us, now or later."""


async def refuse_unpostable(desk: Desk) -> None:
    """Raise NotAllowed(NOT_POSTABLE) when a card could not reach the approvers.

    A Slack that does not answer passes: then the card is posted once it does.
    """
    try:
        channel = await desk.workspace.channel(desk.rules.approval_channel, fresh=True)
    except SlackError as error:
        obstacle = obstacle_in(error)
    else:
        obstacle = SHARED if channel.is_external else None
    if obstacle is not None:
        raise NotAllowed(Denial.NOT_POSTABLE, obstacle)


async def refuse_shared(channel_id: str, desk: Desk) -> None:
    """Raise NotAllowed where another organisation takes part by now, or where that cannot be told."""
    try:
        channel = await desk.workspace.channel(channel_id, fresh=True)
    except SlackError as error:
        raise NotAllowed(Denial.CANNOT_CHECK, f"the channel could not be read ({error.code})") from error
    if channel.is_external:
        raise NotAllowed(Denial.SHARED_CHANNEL)


def obstacle_in(error: BotError) -> str | None:
    """Return why the channel takes no card at all, or None when the trouble may pass."""
    if isinstance(error, NotAllowed) and error.denial is Denial.SHARED_CHANNEL:
        return SHARED
    return CLOSED.get(error.code) if isinstance(error, SlackError) else None
