"""What a listener does when it fails: one private sentence, one log line, one reference in both."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import BotError, Conflict, NotAllowed, SlackError
from bot.ports import Desk
from bot.render.blocks import Message
from bot.render.failure import overtaken, refusal, unexpected
from bot.render.modals import words_modal
from bot.render.words import _
from handlers.answers import PrivateLine
from handlers.caller import Caller, click_caller, command_caller
from handlers.guard import journal_refusal
from handlers.language import worded_for

log = logging.getLogger(__name__)

Body = Mapping[str, Any]
LOOK_SECONDS = 1.0  # before an acknowledgement, for which Slack waits 3 s
JSON: dict[str, str | Sequence[str]] = {"content-type": ["application/json"]}

Listener = Callable[[AsyncAck, Body], Awaitable[None]]


def answering(
    listener: Listener, desk: Desk, slack: AsyncWebClient, *, only_records: bool = False
) -> Listener:
    """Wrap a listener so that its words are in the caller's language and a BotError becomes private words.

    A listener that `only_records` says nothing as a rule, so it is not kept waiting for the language.
    """

    async def answered(ack: AsyncAck, body: Body) -> None:
        try:
            if only_records:
                await listener(ack, body)
            else:
                async with worded_for(caller_of(body).user_id, desk):
                    await listener(ack, body)
        except BotError as error:
            async with worded_for(caller_of(body).user_id, desk):
                await _answer(error, ack, body, desk, slack)

    return answered


async def _answer(error: BotError, ack: AsyncAck, body: Body, desk: Desk, slack: AsyncWebClient) -> None:
    reference = desk.new_id()
    log.info("refused (%s), reference %s", type(error).__name__, reference)
    said = await said_of(error, reference, desk)
    await _acknowledge(said, ack, body)
    caller = caller_of(body)
    if isinstance(error, NotAllowed):
        await journal_refusal(caller, str(body.get("type") or "command"), error, desk)
    if body.get("type") == "block_actions":
        await say_or_log(PrivateLine(slack, caller), said)


async def said_of(error: BotError, reference: str, desk: Desk) -> Message:
    """Return an error in words; a late click learns how the request stands, by whom and since when."""
    if isinstance(error, Conflict):
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                return overtaken(await desk.requests.get(error.request_id), reference)
        except (BotError, TimeoutError):
            return refusal(error, reference)
    return refusal(error, reference)


async def _acknowledge(said: Message, ack: AsyncAck, body: Body) -> None:
    kind = body.get("type")
    if kind == "view_submission":
        await ack(response_action="update", view=words_modal(_("Not done"), said.text))
    elif kind is None:  # a slash command
        await ack(text=said.text, response_type="ephemeral")
    else:
        await ack()


async def say_or_log(line: PrivateLine, said: Message, *, replace: bool = False) -> None:
    """Say it; when Slack takes no message either, the log line with the reference is what remains."""
    try:
        await line.say(said, replace=replace)
    except SlackError as error:
        log.warning("a private answer could not be delivered: %s", error)


def caller_of(body: Body) -> Caller:
    """Read the caller of any payload."""
    return click_caller(body) if body.get("type") else command_caller(body)


def register_bug_handler(app: AsyncApp, desk: Desk) -> None:
    """Answer bugs with a reference; the exception's text goes to the log only, where it is redacted."""

    @app.error
    async def on_bug(error: Exception, body: Body) -> BoltResponse:
        reference = desk.new_id()
        log.error("unexpected error, reference %s", reference, exc_info=error)
        async with worded_for(caller_of(body).user_id, desk):
            said = unexpected(reference)
            last_words = _last_words(said, body)
        if body.get("type") == "block_actions":
            await say_or_log(PrivateLine(app.client, caller_of(body)), said)
        return BoltResponse(status=200, body=last_words, headers=JSON)


def _last_words(said: Message, body: Body) -> str:
    """Return what Slack shows in place of the acknowledgement that did not come."""
    kind = body.get("type")
    if kind is None:
        return json.dumps({"response_type": "ephemeral", "text": said.text})
    if kind == "view_submission":
        return json.dumps({"response_action": "update", "view": words_modal(_("Not done"), said.text)})
    return ""
