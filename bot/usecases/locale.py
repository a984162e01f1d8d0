"""In which language does somebody read? Slack knows what they chose; nobody waits long for the answer."""

from __future__ import annotations

import asyncio

from bot.errors import NotAllowed, SlackError
from bot.ports import Workspace

ENGLISH = "en-US"
LOCALE_SECONDS = 0.7  # beside what else happens in the three seconds that Slack waits


async def locale_of(slack_id: str, workspace: Workspace) -> str:
    """Return the locale of a person's Slack ("de-DE"); English when Slack does not say it at once."""
    if not slack_id:
        return ENGLISH
    try:
        async with asyncio.timeout(LOCALE_SECONDS):
            return (await workspace.person(slack_id)).locale
    except (NotAllowed, SlackError, TimeoutError):
        return ENGLISH
