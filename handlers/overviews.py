"""What is open: `/psso pending` and the app's home tab, from the record and never from messages."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.approval import ChangeRequest
from bot.errors import BotError, SlackError
from bot.render.blocks import View
from bot.render.failure import in_words
from bot.render.home import CHECKING, home_view, words_home
from bot.render.lists import pending_list
from bot.usecases.admit import Right
from bot.usecases.freeze import frozen
from bot.usecases.pending import pending
from handlers.answers import slack_call
from handlers.errand import Errand
from handlers.guard import guard
from handlers.reader import reader_of

log = logging.getLogger(__name__)

MOST_LINKS = 10
LINK_SECONDS = 3.0


async def show_pending(errand: Errand) -> None:
    """List open requests, those that wait for the asker first."""
    await guard(errand.caller, Right.ASK, errand.desk)
    desk = errand.desk
    requests = await pending(desk)
    reader = await reader_of(errand.caller.user_id, desk)
    links = await card_links(requests, errand.slack)
    await errand.reply(pending_list(requests, now=desk.now(), key=desk.new_id(), reader=reader, links=links))


async def show_home(errand: Errand) -> None:
    """Bring the home tab up to date. A tab that cannot be shown is not tried again: the next visit is."""
    try:
        view = await _home(errand)
    except BotError as error:
        log.info("a home tab could not be filled (%s)", type(error).__name__)
        view = words_home(CHECKING.format(words=in_words(error)))
    await publish_home(errand.slack, errand.caller.user_id, view)


async def publish_home(slack: AsyncWebClient, slack_id: str, view: View) -> None:
    """Put a home tab in place, or log why not."""
    try:
        await slack_call(slack, "views.publish", user_id=slack_id, view=view)
    except SlackError as error:
        log.warning("a home tab could not be published: %s", error.code)


async def card_links(requests: Iterable[ChangeRequest], slack: AsyncWebClient) -> dict[str, str]:
    """Return links to the first cards, by request id; a link that is not to be had is left out."""
    shown = [request for request in requests if request.card is not None][:MOST_LINKS]
    async with asyncio.TaskGroup() as tasks:
        asked = {request.id: tasks.create_task(_link(request, slack)) for request in shown}
    return {request_id: task.result() for request_id, task in asked.items() if task.result()}


async def _home(errand: Errand) -> View:
    desk = errand.desk
    reader = await reader_of(errand.caller.user_id, desk)
    if not reader.belongs or not reader.asks:
        return home_view(reader, (), desk.rules, now=desk.now(), links={})
    requests = await pending(desk)
    links = await card_links(requests, errand.slack)
    held = await frozen(desk)
    return home_view(reader, requests, desk.rules, now=desk.now(), held=held, links=links)


async def _link(request: ChangeRequest, slack: AsyncWebClient) -> str:
    assert request.card is not None
    where = {"channel": request.card.channel, "message_ts": request.card.ts}
    try:
        async with asyncio.timeout(LINK_SECONDS):
            answer = await slack_call(slack, "chat.getPermalink", **where)
    except (SlackError, TimeoutError):
        return ""
    return str(answer.get("permalink") or "")
