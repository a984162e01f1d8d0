"""Shows the figures of a week in Slack: `alert_ports.Reports` over the Web API."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.sending import refuse_external, send
from bot.alert_ports import AlertBoard
from bot.domain.digest import Week
from bot.domain.shadow import ShadowReport
from bot.errors import SlackError
from bot.ports import Workspace
from bot.render import digest
from bot.render.blocks import Message, plain
from bot.render.shadow import shadow_card
from bot.render.words import DEFAULT, reading_in

log = logging.getLogger(__name__)

NO_PICTURES = frozenset(
    {
        "missing_scope",
        "not_allowed_token_type",
        "no_permission",
        "file_uploads_disabled",
        "method_not_supported",
    }
)
"""Slack will not take a picture however often it is offered; it takes the words."""

Draw = Callable[[Mapping[str, Any]], Awaitable[bytes | None]]
"""Draws a chart as `bot.adapters.chart.draw` does."""


class SlackReports:
    """`alert_ports.Reports`."""

    def __init__(
        self,
        client: AsyncWebClient,
        workspace: Workspace,
        board: AlertBoard,
        draw: Draw,
        *,
        language: str = DEFAULT,
    ) -> None:
        self._client = client
        self._workspace = workspace
        self._board = board
        self._draw = draw
        self._language = language

    async def week(self, channel: str, week: Week) -> None:
        """Post the digest with its chart, or in words alone."""
        with reading_in(self._language):
            chart, words = digest.chart_of(week), digest.comment(week)
            title, alt_text = digest.title(week), digest.alt_text(week)
        png = await self._draw(chart)
        if png is not None:
            try:
                await self._board.picture(channel, png, title, alt_text, words)
            except SlackError as error:
                if error.code not in NO_PICTURES:
                    raise
                log.warning(
                    "Slack did not take the weekly chart (%s); its figures go out in words", error.code
                )
            else:
                return
        await self._post(channel, plain(words))

    async def shadow(self, channel: str, report: ShadowReport) -> None:
        """Post the report as a card."""
        with reading_in(self._language):
            card = shadow_card(report)
        await self._post(channel, card)

    async def _post(self, channel: str, message: Message) -> None:
        await refuse_external(self._workspace, channel)
        await send(self._client, "chat.postMessage", (message,), channel=channel)
