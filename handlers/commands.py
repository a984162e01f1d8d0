"""`/psso`: parse, record, acknowledge. The worker in `carry_out` does the rest."""

from __future__ import annotations

import asyncio
import logging

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import BotError, SlackError
from bot.ports import Desk
from bot.render import labels
from bot.render.help import help_message
from bot.render.reader import Reader
from handlers import parse
from handlers.accept import record
from handlers.answers import PrivateLine
from handlers.asking import open_form
from handlers.caller import command_caller, command_op_id
from handlers.failures import Body, answering, say_or_log
from handlers.guard import check_origin
from handlers.language import worded_for
from handlers.reader import reader_of

log = logging.getLogger(__name__)

READER_SECONDS = 0.6  # Slack waits 3 s for the acknowledgement, people not even one


def register(app: AsyncApp, desk: Desk) -> None:
    """Listen to the slash command."""

    async def psso(ack: AsyncAck, body: Body) -> None:
        caller = command_caller(body)
        check_origin(caller, desk.workspace)
        command = parse.parse(str(body.get("text") or ""))
        if command.kind == parse.HELP:
            async with worded_for(caller.user_id, desk):
                said = help_message(await _reader(caller.user_id, desk))
            await ack(text=said.text, blocks=said.blocks, response_type="ephemeral")
        elif command.kind == parse.ASK:
            await ack()
            async with worded_for(caller.user_id, desk):
                await _open_form(app.client, body, desk)
        else:
            job = {**caller.to_body(), "asked": command.asked, "slack_target": command.slack_id}
            await record(desk, command.kind, command_op_id(body), job)
            # Silent: a text here could appear below the worker's answer, and nothing could replace it.
            await ack()

    app.command(labels.COMMAND)(answering(psso, desk, app.client, only_records=True))


async def _open_form(slack: AsyncWebClient, body: Body, desk: Desk) -> None:
    """Ask whom it is about; when Slack opens no form, the help says what can be typed."""
    caller = command_caller(body)
    try:
        await open_form(slack, caller, body)
    except SlackError as error:
        log.info("the form did not open (%s)", error.code)
        await say_or_log(PrivateLine(slack, caller), help_message(await _reader(caller.user_id, desk)))


async def _reader(slack_id: str, desk: Desk) -> Reader | None:
    """Return who reads the help; None when that takes too long: help never waits and never fails."""
    try:
        async with asyncio.timeout(READER_SECONDS):
            return await reader_of(slack_id, desk, with_entra=False)
    except (BotError, TimeoutError):
        return None
