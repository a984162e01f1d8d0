"""`psso-bot why`: what the terminal asks of the composition root."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

from bot import app
from bot.domain.evidence import AppSso
from bot.errors import BotError
from bot.ports import Services
from bot.settings import Settings
from bot.usecases.why import Answered, why

AT_ONCE = 2  # each question takes two of the five scarce calls that Graph allows in 10 s

Told = tuple[Answered | None, BotError | None, timedelta]
"""An answer or an error, and how long it took."""


async def why_each(
    settings: Settings, users: Sequence[str], tell: Callable[[str, Told], None], app_sso: AppSso | None
) -> None:
    """Diagnose each user and hand each answer to `tell`, in the order asked, as soon as it is ready."""
    turns = asyncio.Semaphore(AT_ONCE)
    async with app.reading(settings) as services, asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(_one(user, services, turns, app_sso)) for user in users]
        for user, task in zip(users, waiting, strict=True):
            tell(user, await task)


async def _one(user: str, services: Services, turns: asyncio.Semaphore, app_sso: AppSso | None) -> Told:
    async with turns:
        began = services.now()
        try:
            answered = await why(user, services, fresh=True, app_sso=app_sso)
        except BotError as error:
            return None, error, services.now() - began
        return answered, None, services.now() - began
