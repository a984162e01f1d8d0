"""What everybody keeps to who posts: plainer words where Slack refuses blocks, nothing in shared channels."""

from __future__ import annotations

import logging
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.client import call
from bot.errors import Denial, NotAllowed, SlackError
from bot.ports import Workspace
from bot.render.blocks import Message

log = logging.getLogger(__name__)

BAD_BLOCKS = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"})


async def send(
    client: AsyncWebClient, method: str, versions: tuple[Message, ...], **where: str
) -> dict[str, Any]:
    """Send the first version that Slack accepts, at last the bare text. Raises SlackError."""
    for version in versions:
        try:
            return await call(client, method, **_fields(method, version), **where)
        except SlackError as error:
            if error.code not in BAD_BLOCKS:
                raise
            log.warning("Slack refused the blocks of a message: %s", error.code)
    return await call(client, method, **_fields(method, Message(versions[-1].text)), **where)


async def refuse_external(workspace: Workspace, channel_id: str) -> None:
    """Raise NotAllowed for a channel that is shared with another company."""
    if (await workspace.channel(channel_id)).is_external:
        raise NotAllowed(Denial.SHARED_CHANNEL)


def _fields(method: str, message: Message) -> dict[str, Any]:
    fields: dict[str, Any] = {"text": message.text, "blocks": message.blocks}
    if method == "chat.postMessage":
        fields |= {"unfurl_links": False, "unfurl_media": False}
    return fields
