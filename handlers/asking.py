"""Ways to ask beside the slash command: a form, shortcuts, a mention, a direct message."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import BotError, NotAllowed
from bot.ports import Desk
from bot.render import labels
from bot.render.ask_modal import ACCOUNT_AND_PERSON, NOBODY_NAMED, NOTHING_FOUND, ask_modal
from bot.render.words import _
from handlers import kinds, parse
from handlers.accept import record
from handlers.answers import PrivateLine, slack_call
from handlers.caller import (
    Caller,
    click_caller,
    click_op_id,
    event_op_id,
    message_caller,
    our_account,
    shortcut_caller,
    submission_op_id,
)
from handlers.failures import Body, answering, said_of, say_or_log
from handlers.forms import remembered, written
from handlers.guard import check_origin, journal_refusal
from handlers.language import worded_for

log = logging.getLogger(__name__)

WRITTEN = (None, "file_share", "thread_broadcast")
"""Messages as people write them: plain, beside a picture, from a thread to the channel as well."""


def register(app: AsyncApp, desk: Desk) -> None:
    """Listen to the shortcuts, the form, mentions and direct messages."""

    async def shortcut(ack: AsyncAck, body: Body) -> None:
        caller = shortcut_caller(body, desk.workspace.app_id)
        check_origin(caller, desk.workspace)
        await ack()
        await open_form(app.client, caller, body)

    async def click(ack: AsyncAck, body: Body) -> None:
        caller = click_caller(body)
        check_origin(caller, desk.workspace)
        await ack()
        await open_form(app.client, caller, body)

    async def message_shortcut(ack: AsyncAck, body: Body) -> None:
        caller = shortcut_caller(body, desk.workspace.app_id)
        check_origin(caller, desk.workspace)
        await _ask_about_message(ack, caller, body, desk, app.client)

    async def submission(ack: AsyncAck, body: Body) -> None:
        await _submitted(ack, body, desk)

    app.shortcut(labels.ON_SHORTCUT)(answering(shortcut, desk, app.client))
    app.shortcut(labels.ON_MESSAGE_SHORTCUT)(answering(message_shortcut, desk, app.client))
    app.action(labels.ON_ASK)(answering(click, desk, app.client))
    app.view(labels.ASK_MODAL)(answering(submission, desk, app.client))

    _listen_to_messages(app, desk)


def _listen_to_messages(app: AsyncApp, desk: Desk) -> None:
    @app.event("app_mention")
    async def mentioned(body: Body) -> None:
        await _said_to_us(body, desk, app.client)

    async def messaged(body: Body) -> None:
        if (body.get("event") or {}).get("channel_type") == "im":
            await _said_to_us(body, desk, app.client)

    for subtype in WRITTEN:
        app.event({"type": "message", "subtype": subtype})(messaged)


async def open_form(
    slack: AsyncWebClient, caller: Caller, body: Body, *, notice: str = "", slack_id: str = ""
) -> None:
    """Open the form; it remembers only where it was asked for. Raises SlackError."""
    metadata = json.dumps({"channel": caller.channel_id})
    view = ask_modal(metadata, notice=notice, slack_id=slack_id)
    await slack_call(slack, "views.open", trigger_id=str(body.get("trigger_id") or ""), view=view)


async def _ask_about_message(
    ack: AsyncAck, caller: Caller, body: Body, desk: Desk, slack: AsyncWebClient
) -> None:
    """Answer about the account or code in a message; without either, ask whom it is about."""
    message = body.get("message") or {}
    command = parse.found_in("\n".join(texts_in(message)))
    if command is None:
        await ack()
        author = "" if message.get("bot_id") else str(message.get("user") or "")
        await open_form(slack, caller, body, notice=_(NOTHING_FOUND), slack_id=author)
        return
    await record(desk, command.kind, click_op_id(body), {**caller.to_body(), "asked": command.asked})
    await ack()


def texts_in(message: Mapping[str, Any]) -> list[str]:
    """Return every text of a message: its own, and those of its blocks and attachments, each once."""
    found: dict[str, None] = {}
    pending: list[Any] = [message.get("attachments"), message.get("blocks"), message.get("text")]
    while pending:
        part = pending.pop()
        if isinstance(part, str):
            found.setdefault(part)
        elif isinstance(part, list):
            pending.extend(reversed(part))
        elif isinstance(part, Mapping):
            pending.extend(
                part[key] for key in ("attachments", "fields", "elements", "blocks", "text") if key in part
            )
    return list(found)


async def _submitted(ack: AsyncAck, body: Body, desk: Desk) -> None:
    caller = click_caller(body)
    check_origin(caller, desk.workspace)
    slack_id = written(body, labels.PERSON_FIELD)
    account = parse.person_in(parse.readable(written(body, labels.ACCOUNT_FIELD))).lstrip("@")
    if bool(slack_id) == bool(account):
        wrong = _(ACCOUNT_AND_PERSON) if slack_id else _(NOBODY_NAMED)
        await ack(response_action="errors", errors={labels.ACCOUNT_FIELD: wrong})
        return
    where = {"channel_id": remembered(body).channel}
    job = {**caller.to_body(), **where, "asked": account, "slack_target": slack_id}
    await record(desk, kinds.WHY, submission_op_id(body), {key: value for key, value in job.items() if value})
    await ack()


async def _said_to_us(body: Body, desk: Desk, slack: AsyncWebClient) -> None:
    """Take a message like the command; Bolt has acknowledged it. Answers are private."""
    caller, event = message_caller(body), body.get("event") or {}
    if event.get("bot_id") or not caller.user_id:
        return
    try:
        check_origin(caller, desk.workspace)
        command = parse.said_to_us(str(event.get("text") or ""), our_account(body))
        job = {**caller.to_body(), "asked": command.asked, "slack_target": command.slack_id}
        await record(desk, command.kind, event_op_id(body), job)
    except BotError as error:
        reference = desk.new_id()
        log.info("a message to the bot was refused (%s), reference %s", type(error).__name__, reference)
        if isinstance(error, NotAllowed):
            await journal_refusal(caller, "message", error, desk)
            return
        async with worded_for(caller.user_id, desk):
            said = await said_of(error, reference, desk)
        await say_or_log(PrivateLine(slack, caller), said)
