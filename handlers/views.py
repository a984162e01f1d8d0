"""Submissions of the modals: check the fields, record, acknowledge."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.ports import Desk
from bot.render import labels
from handlers import kinds
from handlers.accept import record
from handlers.caller import click_caller, submission_op_id
from handlers.failures import Body, answering
from handlers.forms import problems, remembered, written
from handlers.guard import check_origin
from handlers.language import worded_for

Listener = Callable[[AsyncAck, Body], Awaitable[None]]

FIELDS: dict[str, tuple[str, tuple[str, ...]]] = {
    labels.REQUEST_MODAL: (
        kinds.REQUEST_DISABLE,
        (labels.REASON_FIELD, labels.TICKET_FIELD, labels.IDENTITY_FIELD, labels.TIME_BOX_FIELD),
    ),
    labels.DENY_MODAL: (kinds.DENY, (labels.REASON_FIELD,)),
    labels.UNDO_MODAL: (kinds.UNDO, (labels.REASON_FIELD,)),
    labels.LIFT_MODAL: (kinds.LIFT, (labels.REASON_FIELD,)),
    labels.SILENCE_MODAL: (
        kinds.ALERT_SILENCE,
        (labels.REASON_FIELD, labels.SILENCE_LENGTH_FIELD, labels.SILENCE_WHAT_FIELD),
    ),
    labels.HOLD_MODAL: (kinds.HOLD, (labels.REASON_FIELD,)),
    labels.PAUSE_MODAL: (kinds.PAUSE_ALERTS, (labels.REASON_FIELD, labels.PAUSE_LENGTH_FIELD)),
    labels.RESUME_MODAL: (kinds.RESUME_ALERTS, (labels.REASON_FIELD,)),
}


def register(app: AsyncApp, desk: Desk) -> None:
    """Listen to every form."""
    for callback_id, (kind, fields) in FIELDS.items():
        app.view(callback_id)(answering(_submitted(kind, fields, desk), desk, app.client, only_records=True))
    app.view(labels.PASTE_MODAL)(answering(_pasted(desk), desk, app.client, only_records=True))


def _submitted(kind: str, fields: tuple[str, ...], desk: Desk) -> Listener:
    async def submission(ack: AsyncAck, body: Body) -> None:
        check_origin(click_caller(body), desk.workspace)
        if problems(body, *fields):
            async with worded_for(click_caller(body).user_id, desk):
                await ack(response_action="errors", errors=problems(body, *fields))
            return
        answers = {field: written(body, field) for field in fields}
        await record(desk, kind, submission_op_id(body), {**_job(body), **answers})
        await ack()

    return submission


def _pasted(desk: Desk) -> Listener:
    async def submission(ack: AsyncAck, body: Body) -> None:
        check_origin(click_caller(body), desk.workspace)
        text = "\n".join((written(body, labels.PASTE_FIELD), written(body, labels.PASTE_MORE_FIELD)))
        await record(desk, kinds.PASTE, submission_op_id(body), {**_job(body), "pasted": text})
        await ack()

    return submission


def _job(body: Body) -> dict[str, str]:
    """Return who submitted, and the message and value of the button that opened the form."""
    ids = remembered(body)
    caller = replace(click_caller(body), channel_id=ids.channel, message_ts=ids.message_ts)
    return {**caller.to_body(), "value": ids.value}
