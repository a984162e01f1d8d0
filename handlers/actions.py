"""Buttons. Those with an effect are recorded and then acknowledged; those with a form open it at once.

A form is opened before it is known who may use it, because Slack gives three seconds; who may is decided
when it is submitted, and again when it is carried out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import BotError, Denial, NotAllowed
from bot.ports import Desk
from bot.render import labels
from bot.render.blocks import View
from bot.render.failure import refusal
from bot.render.modals import (
    deny_modal,
    loading_modal,
    paste_modal,
    request_modal,
    timeline_modal,
    words_modal,
)
from bot.usecases.admit import Right
from handlers import kinds
from handlers.accept import record
from handlers.answers import slack_call
from handlers.caller import Caller, click_caller, click_op_id, clicked
from handlers.failures import Body, answering
from handlers.guard import check_origin, guard

RECORDED = {
    labels.ON_CHECK_AGAIN: kinds.CHECK_AGAIN,
    labels.ON_SHARE: kinds.SHARE,
    labels.ON_APPROVE: kinds.APPROVE,
    labels.ON_CANCEL: kinds.CANCEL,
}

ANY = re.compile(".*")

FORMS: dict[str, Callable[[str], View]] = {
    labels.ON_REQUEST_DISABLE: request_modal,
    labels.ON_DENY: deny_modal,
    labels.ON_PASTE: paste_modal,
}


def register(app: AsyncApp, desk: Desk) -> None:
    """Listen to every button of our cards."""
    for action_id, kind in RECORDED.items():
        app.action(action_id)(answering(_recorded(kind, desk), desk, app.client))
    for action_id, form in FORMS.items():
        app.action(action_id)(answering(_opening(form, desk, app.client), desk, app.client))
    app.action(labels.ON_SHOW_SIGN_INS)(answering(_sign_ins(desk, app.client), desk, app.client))
    app.action(ANY)(answering(_unknown(desk), desk, app.client))


def _recorded(kind: str, desk: Desk) -> Callable[[AsyncAck, Body], Awaitable[None]]:
    async def click(ack: AsyncAck, body: Body) -> None:
        caller = click_caller(body)
        check_origin(caller, desk.workspace)
        job = {**caller.to_body(), "value": str(clicked(body).get("value") or "")}
        await record(desk, kind, click_op_id(body), job)
        await ack()

    return click


def _unknown(desk: Desk) -> Callable[[AsyncAck, Body], Awaitable[None]]:
    """Answer buttons of cards that an earlier version posted."""

    async def click(ack: AsyncAck, body: Body) -> None:
        check_origin(click_caller(body), desk.workspace)
        raise NotAllowed(Denial.STALE_CARD)

    return click


def _opening(
    form: Callable[[str], View], desk: Desk, slack: AsyncWebClient
) -> Callable[[AsyncAck, Body], Awaitable[None]]:
    async def click(ack: AsyncAck, body: Body) -> None:
        caller = click_caller(body)
        check_origin(caller, desk.workspace)
        await ack()
        await _open(slack, body, form(_metadata(caller, body)))

    return click


def _sign_ins(desk: Desk, slack: AsyncWebClient) -> Callable[[AsyncAck, Body], Awaitable[None]]:
    async def click(ack: AsyncAck, body: Body) -> None:
        caller = click_caller(body)
        check_origin(caller, desk.workspace)
        await ack()
        view_id = await _open(slack, body, loading_modal())
        view = await _timeline(caller, str(clicked(body).get("value") or ""), desk)
        await slack_call(slack, "views.update", view_id=view_id, view=view)

    return click


async def _timeline(caller: Caller, answer_id: str, desk: Desk) -> View:
    """Return the filled modal, or the refusal in its place."""
    try:
        await guard(caller, Right.ASK, desk)
        answer = await desk.answers.get(answer_id) if desk.answers else None
        if answer is None:
            raise NotAllowed(Denial.STALE_CARD)
        reader = await desk.workspace.person(caller.user_id)
    except BotError as error:
        return words_modal("Sign-ins", refusal(error, desk.new_id()).text)
    return timeline_modal(answer.diagnosis, now=desk.now(), time_zone=reader.time_zone)


async def _open(slack: AsyncWebClient, body: Body, view: View) -> str:
    opened = await slack_call(slack, "views.open", trigger_id=str(body.get("trigger_id") or ""), view=view)
    return str((opened.get("view") or {}).get("id") or "")


def _metadata(caller: Caller, body: Body) -> str:
    """Return what a form must remember: ids, and nothing that would be worth stealing."""
    ids = {
        "value": str(clicked(body).get("value") or "")[:300],
        "channel": caller.channel_id,
        "message_ts": caller.message_ts,
    }
    return json.dumps(ids)
