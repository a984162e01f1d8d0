"""What Slack's refusals mean for alerts: another channel, or another time; an alert is never given up."""

from __future__ import annotations

from datetime import timedelta

from bot.errors import Denial, NotAllowed, SlackError
from bot.ports import Desk
from bot.usecases.alert_jobs import Delivery, look_at
from bot.usecases.alert_standing import alerts_of

RETRY_AFTER = 30.0  # seconds, when Slack limits us without saying for how long

CHANNEL_LOST = frozenset(
    {
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
        "restricted_action_non_threadable_channel",
        "no_permission",
        "team_access_not_granted",
        "shared_channel",
    }
)
"""Error words of Slack (and ours) that only a person can put right, for this one channel.

https://docs.slack.dev/reference/methods/chat.postMessage#errors
"""
CARD_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "is_inactive"})


def code_of(error: SlackError | NotAllowed) -> str:
    """Return Slack's error word, or ours for a channel that outsiders read."""
    return error.code if isinstance(error, SlackError) else str(error.denial)


def is_channel_lost(error: SlackError | NotAllowed) -> bool:
    """Tell whether a person has to put something right about this one channel."""
    if isinstance(error, NotAllowed):
        return error.denial is Denial.SHARED_CHANNEL
    return error.code in CHANNEL_LOST


async def come_again(delivery: Delivery, lane: str, error: SlackError | NotAllowed, desk: Desk) -> None:
    """Try again when Slack says so, or a little later each time, for as long as the group is kept."""
    wait = await held_off(lane, error, desk) or delivery.backoff
    alerts_of(desk).counters.count("retried", code_of(error))
    await look_at(delivery.tried(), desk.now() + wait, desk)


async def held_off(lane: str, error: SlackError | NotAllowed, desk: Desk) -> timedelta | None:
    """Keep everybody off the lane when Slack limits us; return for how long, None when it does not."""
    if not isinstance(error, SlackError) or (error.retry_after is None and error.code != "ratelimited"):
        return None
    seconds = error.retry_after or RETRY_AFTER
    await alerts_of(desk).pace.hold_off(lane, seconds)
    return timedelta(seconds=seconds)
