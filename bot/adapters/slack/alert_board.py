"""Shows alerts in Slack: `alert_ports.AlertBoard` over the Web API.

When Slack refuses the blocks of a message a plainer one goes out. Limits are not sat out here: whoever
delivers alerts has others to deliver meanwhile, and comes again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.client import MALFORMED, RepeatsReads, translated
from bot.adapters.slack.sending import refuse_external, send
from bot.domain.alerts import AlertView
from bot.errors import SlackError
from bot.ports import Workspace
from bot.render.alert_card import alert_card, minimal_alert_card, thread_line
from bot.render.alert_digest import alert_digest, minimal_alert_digest
from bot.render.blocks import Message
from bot.render.words import DEFAULT, reading_in

PICTURE = "sign-ins.png"
APART = 1.02  # seconds; https://docs.slack.dev/apis/web-api/rate-limits/ allows one message a second


@dataclass
class Spacing:
    """Keeps this replica's messages in a channel apart, however unevenly the event loop turns."""

    free_at: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def keep(self) -> None:
        """Wait for the rest of the second since the last message."""
        clock = asyncio.get_running_loop().time
        async with self.lock:
            await asyncio.sleep(max(0.0, self.free_at - clock()))
            self.free_at = clock() + APART


class SlackAlertBoard:
    """`alert_ports.AlertBoard`."""

    def __init__(self, client: AsyncWebClient, workspace: Workspace, *, language: str = DEFAULT) -> None:
        self._client = impatient(client)
        self._workspace = workspace
        self._language = language
        self._spacing: dict[str, Spacing] = {}

    async def post(self, channel: str, view: AlertView) -> str:
        """Post a group's card and return its ts."""
        return await self._post(channel, self._cards(view))

    async def edit(self, channel: str, ts: str, view: AlertView) -> None:
        """Bring a card up to date."""
        await self._send("chat.update", self._cards(view), channel=channel, ts=ts)

    async def detail(self, channel: str, ts: str, view: AlertView) -> None:
        """Say in the card's thread what is new."""
        await refuse_external(self._workspace, channel)
        with reading_in(self._language):
            said = thread_line(view)
        await self._send("chat.postMessage", (said,), channel=channel, thread_ts=ts)

    async def digest(self, channel: str, views: Sequence[AlertView]) -> str:
        """Post one message about many groups, and return its ts."""
        with reading_in(self._language):
            versions = (alert_digest(views), minimal_alert_digest(views))
        return await self._post(channel, versions)

    async def picture(self, channel: str, png: bytes, title: str, alt_text: str, comment: str) -> None:
        """Upload a chart with alt text.

        https://docs.slack.dev/messaging/working-with-files
        """
        await refuse_external(self._workspace, channel)
        with translated("files.upload"):
            await self._client.files_upload_v2(
                filename=PICTURE,
                content=png,
                title=title,
                alt_txt=alt_text,
                channel=channel,
                initial_comment=comment,
            )

    def _cards(self, view: AlertView) -> tuple[Message, Message]:
        with reading_in(self._language):
            return alert_card(view), minimal_alert_card(view)

    async def _post(self, channel: str, versions: tuple[Message, ...]) -> str:
        await refuse_external(self._workspace, channel)
        posted = await self._send("chat.postMessage", versions, channel=channel)
        ts = posted.get("ts")
        if not isinstance(ts, str):
            raise SlackError("chat.postMessage", MALFORMED)
        return ts

    async def _send(self, method: str, versions: tuple[Message, ...], **where: str) -> dict[str, Any]:
        """Send what Slack accepts; messages a second apart."""
        if method == "chat.postMessage":
            await self._spacing.setdefault(where["channel"], Spacing()).keep()
        return await send(self._client, method, versions, **where)


def impatient(client: AsyncWebClient) -> AsyncWebClient:
    """Return a client over the same session that hands a rate limit on instead of waiting for its end."""
    made = AsyncWebClient(
        token=client.token,
        base_url=client.base_url,
        timeout=client.timeout,
        session=client.session,
        retry_handlers=[RepeatsReads(max_retry_count=1)],
    )
    made.proxy = client.proxy
    return made
