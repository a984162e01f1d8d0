"""What is open: `/psso pending` and the app's home tab, from the record and never from messages."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace

from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.alert_overview import Row
from bot.domain.approval import ChangeRequest
from bot.errors import BotError, SlackError
from bot.ports import Desk
from bot.render.blocks import View
from bot.render.failure import in_words
from bot.render.home import CHECKING, Beside, home_view, words_home
from bot.render.lists import pending_list
from bot.render.reader import Reader
from bot.render.words import _
from bot.usecases.admit import Right
from bot.usecases.alerts_overview import alerts_overview
from bot.usecases.freeze import frozen
from bot.usecases.pause_alerts import paused
from bot.usecases.pending import decided_lately, pending
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
        view = words_home(_(CHECKING).format(words=in_words(error)))
    await publish_home(errand.slack, errand.caller.user_id, view)


async def refresh_home(errand: Errand) -> None:
    """Bring the tab up to date when it is where somebody clicked: a tab is no conversation."""
    if not errand.caller.channel_id:
        await show_home(errand)


async def publish_home(slack: AsyncWebClient, slack_id: str, view: View) -> None:
    """Put a home tab in place, or log why not."""
    try:
        await slack_call(slack, "views.publish", user_id=slack_id, view=view)
    except SlackError as error:
        log.warning("a home tab could not be published: %s", error.code)


async def card_links(requests: Iterable[ChangeRequest], slack: AsyncWebClient) -> dict[str, str]:
    """Return links to the first cards, by request id; a link that is not to be had is left out."""
    cards = {request.id: (request.card.channel, request.card.ts) for request in requests if request.card}
    return await message_links(cards, slack)


async def message_links(messages: Mapping[str, tuple[str, str]], slack: AsyncWebClient) -> dict[str, str]:
    """Return links to the first messages (channel and ts), by the names they go under."""
    shown = list(messages.items())[:MOST_LINKS]
    async with asyncio.TaskGroup() as tasks:
        asked = {name: tasks.create_task(_link(*where, slack)) for name, where in shown}
    return {name: task.result() for name, task in asked.items() if task.result()}


async def row_links(rows: Iterable[Row], slack: AsyncWebClient) -> dict[str, str]:
    """Return links to the messages of alert groups, by group id."""
    shown = {row.group.id: (row.message.channel, row.message.ts) for row in rows if row.message}
    return await message_links(shown, slack)


async def _home(errand: Errand) -> View:
    desk = errand.desk
    reader = await reader_of(errand.caller.user_id, desk)
    if not reader.belongs or not reader.asks:
        return home_view(reader, (), desk.rules, now=desk.now(), links={})
    requests, beside = await asyncio.gather(pending(desk), _beside(reader, desk))
    cards, alerts = await asyncio.gather(
        card_links((*requests, *beside.decided), errand.slack),
        row_links(beside.overview.live if beside.overview else (), errand.slack),
    )
    links = {**cards, **alerts}
    return home_view(reader, requests, desk.rules, now=desk.now(), links=links, beside=beside)


async def _beside(reader: Reader, desk: Desk) -> Beside:
    """Read what stands beside the open requests; health is for approvers alone."""
    requester = reader.entra.id if reader.entra else None
    held, decided, overview, pause = await asyncio.gather(
        frozen(desk), decided_lately(requester, desk), alerts_overview(desk), paused(desk)
    )
    found = Beside(held, decided, overview, pause)
    if not reader.approves:
        return found
    sweep = desk.sweeps.last() if desk.sweeps else None
    budget = await desk.budget_gauge.in_use() if desk.budget_gauge else None
    return replace(found, sweep=sweep, budget=budget)


async def _link(channel: str, ts: str, slack: AsyncWebClient) -> str:
    try:
        async with asyncio.timeout(LINK_SECONDS):
            answer = await slack_call(slack, "chat.getPermalink", channel=channel, message_ts=ts)
    except (SlackError, TimeoutError):
        return ""
    return str(answer.get("permalink") or "")
