"""Shows requests to people in Slack: `ports.Announcer` over the Web API.

A card is posted once and then only updated. When Slack refuses its blocks a plainer card goes out,
and when the card itself is gone the news goes to its thread, or to the channel: no message is lost.
Channels are written to in the organisation's language, people in their own.
"""

from __future__ import annotations

import logging

from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.client import MALFORMED, call
from bot.adapters.slack.sending import refuse_external, send
from bot.domain.approval import CardRef, ChangeRequest
from bot.errors import SlackError
from bot.ports import Clock, News, SwitchState, Workspace
from bot.render import safe
from bot.render.blocks import Message, plain
from bot.render.news import channel_news, personal_news, thread_news
from bot.render.pause import pause_news
from bot.render.request_card import card_text, minimal_card, request_card
from bot.render.words import DEFAULT, reading_in
from bot.usecases.locale import locale_of

log = logging.getLogger(__name__)

CARD_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "is_inactive"})
THREAD_GONE = frozenset({"thread_not_found", "message_not_found", "cannot_reply_to_message"})


class SlackAnnouncer:
    """`ports.Announcer`."""

    def __init__(
        self,
        client: AsyncWebClient,
        workspace: Workspace,
        channel: str,
        now: Clock,
        *,
        language: str = DEFAULT,
    ) -> None:
        self._client = client
        self._workspace = workspace
        self._channel = channel
        self._now = now
        self._language = language

    async def show(self, request: ChangeRequest) -> CardRef:
        """Post the request's card, or bring the posted one up to date. Raises SlackError, NotAllowed."""
        with reading_in(self._language):
            cards = (request_card(request, self._now()), minimal_card(request, self._now()))
            bare = Message(card_text(request))
        if request.card is None:
            return await self._post_card(cards)
        try:
            await send(self._client, "chat.update", cards, channel=request.card.channel, ts=request.card.ts)
        except SlackError as error:
            if error.code not in CARD_GONE:
                raise
            log.warning("card of request %s cannot be updated: %s", request.id, error.code)
            await self._in_thread(request.card, bare)
        return request.card

    async def reply(self, request: ChangeRequest, news: News, detail: str = "") -> None:
        """Say the news in the card's thread; in the channel when there is no card."""
        with reading_in(self._language):
            said = thread_news(request, news, detail)
        if request.card is None:
            await refuse_external(self._workspace, self._channel)
            await send(self._client, "chat.postMessage", (said,), channel=self._channel)
        else:
            await self._in_thread(request.card, said)

    async def tell(self, slack_id: str, request: ChangeRequest, news: News, detail: str = "") -> None:
        """Tell one person directly."""
        opened = await call(self._client, "conversations.open", users=slack_id)
        channel = (opened.get("channel") or {}).get("id")
        if not isinstance(channel, str):
            raise SlackError("conversations.open", MALFORMED)
        with reading_in(await locale_of(slack_id, self._workspace)):
            said = personal_news(request, news, slack_id, detail)
        await send(self._client, "chat.postMessage", (said,), channel=channel)

    async def announce(self, news: News, detail: str, by: str = "") -> None:
        """Say in the approval channel what concerns all requests."""
        await refuse_external(self._workspace, self._channel)
        with reading_in(self._language):
            said = channel_news(news, detail, by)
        await send(self._client, "chat.postMessage", (said,), channel=self._channel)

    async def announce_pause(self, channel: str, state: SwitchState) -> None:
        """Say in a channel that alerts are paused, or go on."""
        await refuse_external(self._workspace, channel)
        with reading_in(self._language):
            said = pause_news(state)
        await send(self._client, "chat.postMessage", (said,), channel=channel)

    async def post(self, channel: str, text: str) -> None:
        """Say a plain text in a channel that is not shared outside."""
        await refuse_external(self._workspace, channel)
        await send(self._client, "chat.postMessage", (plain(safe.prose(text, 3000)),), channel=channel)

    async def _post_card(self, cards: tuple[Message, ...]) -> CardRef:
        await refuse_external(self._workspace, self._channel)
        posted = await send(self._client, "chat.postMessage", cards, channel=self._channel)
        ts, channel = posted.get("ts"), posted.get("channel") or self._channel
        if not isinstance(ts, str):
            raise SlackError("chat.postMessage", MALFORMED)
        # Clicks are timed by our clock, so this is too: the ts is Slack's, and may be seconds off.
        return CardRef(str(channel), ts, self._now())

    async def _in_thread(self, card: CardRef, said: Message) -> None:
        await refuse_external(self._workspace, card.channel)
        try:
            await send(self._client, "chat.postMessage", (said,), channel=card.channel, thread_ts=card.ts)
        except SlackError as error:
            if error.code not in THREAD_GONE:
                raise
            await send(self._client, "chat.postMessage", (said,), channel=card.channel)
