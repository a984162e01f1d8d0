"""Tries each thing the bot needs, side by side, for `/psso status`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from bot.errors import BotError
from bot.ports import Desk, Urgency
from bot.render.blocks import ago
from bot.render.failure import in_words
from bot.render.phrases import phrase
from bot.render.status import Check
from bot.render.words import _
from bot.usecases.freeze import frozen

NOBODY = "psso-status"
"""A name to search for; whether somebody bears it does not matter."""


async def checks(desk: Desk) -> list[Check]:
    """Return what answered and what did not; a failed check is a value, not an error."""
    async with asyncio.TaskGroup() as tasks:
        asked = [
            tasks.create_task(_tried("Slack", desk.workspace.channel(desk.rules.approval_channel))),
            tasks.create_task(_tried(_("the store"), desk.requests.open_requests())),
            tasks.create_task(_hold(desk)),
            tasks.create_task(_tried("Microsoft Graph", _graph(desk))),
            tasks.create_task(_policies(desk)),
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


async def _graph(desk: Desk) -> None:
    """Ask Graph something that is not kept from before."""
    await desk.policies.security_defaults()
    await desk.directory.search(NOBODY, 1)


async def _policies(desk: Desk) -> Check:
    """Policies are kept for a while, so their age is told."""
    name = _("Conditional Access policies")
    try:
        _found, read_at = await desk.policies.conditional_access(Urgency.PERSON)
    except BotError as error:
        return Check(name, "", in_words(error))
    return Check(name, _("read {age} ago").format(age=ago((desk.now() - read_at).total_seconds())))


async def _tried(name: str, attempt: Awaitable[object]) -> Check:
    try:
        await attempt
    except BotError as error:
        return Check(name, "", in_words(error))
    return Check(name, _("answered just now"))
