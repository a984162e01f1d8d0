"""In whose language is it said? One person is answered in their own; channels have the organisation's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.ports import Desk
from bot.render.words import reading_in
from bot.usecases.locale import locale_of


@asynccontextmanager
async def worded_for(slack_id: str, desk: Desk) -> AsyncIterator[None]:
    """Word texts in the language of a person's Slack for a while; English when Slack does not say at once."""
    with reading_in(await locale_of(slack_id, desk.workspace)):
        yield
