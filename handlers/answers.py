"""Private answers: to the one who asked, where they asked, whatever Slack still allows."""

from __future__ import annotations

import logging
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.errors import SlackError
from bot.render.blocks import Message
from handlers.caller import Caller

log = logging.getLogger(__name__)


class PrivateLine:
    """One person's way back: the response_url, else an ephemeral message, else a direct message.

    Who spoke in a thread is answered in it: https://docs.slack.dev/reference/methods/chat.postEphemeral

    A response_url works five times within 30 minutes:
    https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
    """

    def __init__(self, slack: AsyncWebClient, caller: Caller) -> None:
        self._slack = slack
        self._caller = caller
        self._place = caller.channel_id  # "": their direct message, which has yet to be opened

    async def say(self, message: Message, *, replace: bool = False) -> None:
        """Show `message` to the caller alone; `replace` puts it in place of what they see now."""
        if await self._by_response_url(message, "ephemeral", replace=replace):
            return
        if await self._as_ephemeral(message):
            return
        await self._as_direct_message(message)

    async def share(self, message: Message) -> None:
        """Post `message` for everyone in the conversation; raise SlackError when it cannot be."""
        if await self._by_response_url(message, "in_channel", replace=False):
            return
        await self._call("chat.postMessage", message, channel=self._caller.channel_id)

    async def _by_response_url(self, message: Message, response_type: str, *, replace: bool) -> bool:
        if not self._caller.response_url:
            return False
        webhook = AsyncWebhookClient(self._caller.response_url, session=self._slack.session)
        webhook.proxy = self._slack.proxy
        try:
            answer = await webhook.send(
                text=message.text,
                blocks=message.blocks,
                response_type=response_type,
                replace_original=replace,
            )
        except (aiohttp.ClientError, TimeoutError, OSError, SlackClientError) as error:
            log.warning("a response_url could not be reached: %s", type(error).__name__)
            return False
        if answer.status_code != 200:
            log.info("a response_url is no longer accepted: %d", answer.status_code)
        return answer.status_code == 200

    async def _as_ephemeral(self, message: Message) -> bool:
        if not self._caller.channel_id:
            return False
        try:
            await self._call(
                "chat.postEphemeral", message, channel=self._caller.channel_id, user=self._caller.user_id
            )
        except SlackError as error:
            log.info("no ephemeral message there: %s", error.code)
            return False
        return True

    async def _as_direct_message(self, message: Message) -> None:
        opened = await slack_call(self._slack, "conversations.open", users=self._caller.user_id)
        channel = str((opened.get("channel") or {}).get("id", ""))
        self._place = self._place or channel
        await self._call("chat.postMessage", message, channel=channel)

    async def _call(self, method: str, message: Message, **where: str) -> None:
        fields: dict[str, Any] = {"text": message.text, "blocks": message.blocks, **where}
        if self._caller.thread_ts and where["channel"] == self._place:
            fields["thread_ts"] = self._caller.thread_ts
        if method == "chat.postMessage":  # a link in a card is for whoever wants it
            fields |= {"unfurl_links": False, "unfurl_media": False}
        await slack_call(self._slack, method, **fields)


async def slack_call(slack: AsyncWebClient, method: str, **fields: Any) -> dict[str, Any]:
    """Call a Web API method; raise SlackError and nothing else."""
    try:
        answer = await slack.api_call(method, json=fields)
    except SlackApiError as error:
        data = getattr(error.response, "data", None)
        code = data.get("error") if isinstance(data, dict) else None
        raise SlackError(method, str(code or "malformed_answer")) from error
    except (aiohttp.ClientError, TimeoutError, OSError, SlackClientError) as error:
        raise SlackError(method, "unreachable") from error
    return answer.data if isinstance(answer.data, dict) else {}
