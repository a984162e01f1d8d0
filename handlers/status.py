"""Tries each thing the bot needs, side by side, for `/psso status`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from bot.errors import BotError
from bot.ports import Desk, Urgency
from bot.render.failure import in_words
from bot.render.phrases import phrase
from bot.render.status import Check
from bot.render.words import _
from bot.usecases.freeze import frozen


async def checks(desk: Desk) -> list[Check]:
    """Return what answered and what did not; a failed check is a value, not an error."""
    async with asyncio.TaskGroup() as tasks:
        asked = [
            tasks.create_task(_tried("Slack", desk.workspace.channel(desk.rules.approval_channel))),
            tasks.create_task(_tried(_("the store"), desk.requests.open_requests())),
            tasks.create_task(_hold(desk)),
            tasks.create_task(_tried("Microsoft Graph", desk.policies.security_defaults())),
            tasks.create_task(
                _tried(_("Conditional Access policies"), desk.policies.conditional_access(Urgency.PERSON))
            ),
        ]
    return [task.result() for task in asked]


async def _hold(desk: Desk) -> Check:
    """Say whether changes are on hold."""
    try:
        held = await frozen(desk)
    except BotError as error:
        return Check(_("changes"), "", in_words(error))
    if held is None:
        return Check(_("changes"), _("not on hold"))
    since = _("on hold since {time}: {reason}").format(
        time=f"{held.at:%Y-%m-%d %H:%M} UTC", reason=phrase(held.reason)
    )
    return Check(_("changes"), "", since)


async def _tried(name: str, attempt: Awaitable[object]) -> Check:
    try:
        await attempt
    except BotError as error:
        return Check(name, "", in_words(error))
    return Check(name, _("answered just now"))
