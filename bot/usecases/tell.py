"""Write to one person, and go on without those who cannot be written to."""

from __future__ import annotations

import logging

from bot.domain.approval import ChangeRequest
from bot.errors import SlackError
from bot.ports import Desk, News

UNREACHABLE = frozenset(
    {
        "account_inactive",
        "cannot_dm_bot",
        "channel_not_found",
        "messages_tab_disabled",
        "not_allowed_token_type",
        "user_disabled",
        "user_not_found",
        "user_not_visible",
        "users_not_found",
    }
)
"""Slack's words for a person who cannot be written to, now or later."""

log = logging.getLogger(__name__)


async def tell(slack_id: str, request: ChangeRequest, news: News, desk: Desk, detail: str = "") -> None:
    """A person who cannot be written to must not hold up the others; the thread has the news too."""
    try:
        await desk.announcer.tell(slack_id, request, news, detail)
    except SlackError as error:
        if error.code not in UNREACHABLE:
            raise
        log.warning("request %s: %s cannot be told: %s", request.id, slack_id, error.code)
