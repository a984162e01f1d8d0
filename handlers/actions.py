"""Buttons. Those with an effect are recorded and then acknowledged; those with a form open it at once.

A form is opened before it is known who may use it, because Slack gives three seconds; who may is decided
when it is submitted, and again when it is carried out.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.approval import ChangeRequest, State
from bot.errors import BotError, Conflict, Denial, NotAllowed, SlackError, StoreUnavailable
from bot.ports import Desk
from bot.render import labels
from bot.render.alert_answers import checking_modal
from bot.render.blocks import View
from bot.render.failure import refusal
from bot.render.modals import (
    deny_modal,
    hold_subject,
    lift_modal,
    loading_modal,
    paste_modal,
    request_modal,
    request_subject,
    timeline_modal,
    undo_modal,
    user_subject,
    words_modal,
)
from bot.render.words import N_, _
from bot.usecases.admit import Right
from bot.usecases.freeze import frozen
from handlers import kinds, switches
from handlers.accept import record
from handlers.alert_forms import request_from_alert, silence_form
from handlers.answers import slack_call
from handlers.caller import Caller, click_caller, click_op_id, clicked
from handlers.errand import request_and_version
from handlers.failures import Body, answering
from handlers.guard import check_origin, guard

Form = Callable[[str, str, Desk], Awaitable[View]]
"""Builds a form from what it must remember and the value of the button that opens it."""

RECORDED = {
    labels.ON_DIAGNOSE: kinds.DIAGNOSE,
    labels.ON_CHECK_AGAIN: kinds.CHECK_AGAIN,
    labels.ON_SHARE: kinds.SHARE,
    labels.ON_APPROVE: kinds.APPROVE,
    labels.ON_CANCEL: kinds.CANCEL,
    labels.ON_ALERT_DIAGNOSE: kinds.ALERT_DIAGNOSE,
    labels.ON_ALERT_ACKNOWLEDGE: kinds.ALERT_ACKNOWLEDGE,
    labels.ON_LIFT_SILENCE: kinds.LIFT_SILENCE,
}

log = logging.getLogger(__name__)

ANY = re.compile(".*")
FORM_SECONDS = 1.5  # for what a form shows; a trigger opens a window for 3 s
NOT_ON_HOLD = N_("Changes are not on hold (any more). There is nothing to lift.")


def register(app: AsyncApp, desk: Desk) -> None:
    """Listen to every button of our cards."""
    for action_id, kind in RECORDED.items():
        app.action(action_id)(answering(_recorded(kind, desk), desk, app.client, only_records=True))
    for action_id, form in FORMS.items():
        app.action(action_id)(answering(_opening(form, desk, app.client), desk, app.client))
    app.action(labels.ON_SHOW_SIGN_INS)(answering(_sign_ins(desk, app.client), desk, app.client))
    app.action(labels.ON_ALERT_REQUEST)(answering(_alert_request(desk, app.client), desk, app.client))
    app.action(labels.ON_SIGN_IN)(answering(_followed_link, desk, app.client))
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


async def _followed_link(ack: AsyncAck, body: Body) -> None:
    """Acknowledge a button that is a link: the browser is there already."""
    await ack()


def _opening(form: Form, desk: Desk, slack: AsyncWebClient) -> Callable[[AsyncAck, Body], Awaitable[None]]:
    async def click(ack: AsyncAck, body: Body) -> None:
        caller = click_caller(body)
        check_origin(caller, desk.workspace)
        await ack()
        value = str(clicked(body).get("value") or "")
        try:
            async with asyncio.timeout(FORM_SECONDS):
                view = await form(_metadata(caller, body), value, desk)
        except TimeoutError as error:
            raise StoreUnavailable from error
        await _open(slack, body, view)

    return click


async def _request_form(metadata: str, answer_id: str, desk: Desk) -> View:
    return request_modal(metadata, await _about_answer(answer_id, desk))


async def _paste_form(metadata: str, answer_id: str, desk: Desk) -> View:
    return paste_modal(metadata, await _about_answer(answer_id, desk))


async def _deny_form(metadata: str, value: str, desk: Desk) -> View:
    return deny_modal(metadata, request_subject(await _request_in(State.PENDING, value, desk)))


async def _undo_form(metadata: str, value: str, desk: Desk) -> View:
    return undo_modal(metadata, request_subject(await _request_in(State.VERIFIED, value, desk)))


async def _lift_form(metadata: str, switch: str, desk: Desk) -> View:
    held = await frozen(desk)
    if held is None:
        return words_modal(_(labels.LIFT), _(NOT_ON_HOLD))
    return lift_modal(metadata, hold_subject(held))


async def _about_answer(answer_id: str, desk: Desk) -> str:
    """Return whom the form is about, so that nobody fills it in for somebody else."""
    answer = await desk.answers.get(answer_id) if desk.answers else None
    if answer is None:
        raise NotAllowed(Denial.STALE_CARD)
    return user_subject(answer.diagnosis.user) if answer.diagnosis.user else ""


async def _request_in(state: State, value: str, desk: Desk) -> ChangeRequest:
    """Return the card's request; Conflict when it is not in `state`: a form would be filled in vain."""
    request = await desk.requests.get(request_and_version(value)[0])
    if request.state is not state:
        raise Conflict(request.id, request.state)
    return request


FORMS: dict[str, Form] = {
    labels.ON_REQUEST_DISABLE: _request_form,
    labels.ON_DENY: _deny_form,
    labels.ON_UNDO: _undo_form,
    labels.ON_LIFT: _lift_form,
    labels.ON_PASTE: _paste_form,
    labels.ON_ALERT_SILENCE: silence_form,
    **switches.FORMS,
}


def _sign_ins(desk: Desk, slack: AsyncWebClient) -> Callable[[AsyncAck, Body], Awaitable[None]]:
    async def click(ack: AsyncAck, body: Body) -> None:
        caller = click_caller(body)
        check_origin(caller, desk.workspace)
        await ack()
        view_id = await _open(slack, body, loading_modal())
        view = await _timeline(caller, str(clicked(body).get("value") or ""), desk)
        await slack_call(slack, "views.update", view_id=view_id, view=view)

    return click


def _alert_request(desk: Desk, slack: AsyncWebClient) -> Callable[[AsyncAck, Body], Awaitable[None]]:
    """Open the window at once, and fill it when the person was diagnosed anew."""

    async def click(ack: AsyncAck, body: Body) -> None:
        caller = click_caller(body)
        check_origin(caller, desk.workspace)
        await ack()
        view_id = await _open(slack, body, checking_modal())
        view = await request_from_alert(caller, str(clicked(body).get("value") or ""), desk)
        try:
            await slack_call(slack, "views.update", view_id=view_id, view=view)
        except SlackError as error:
            log.info("a window was closed before it was filled: %s", error.code)

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
        return words_modal(_("Sign-ins"), refusal(error, desk.new_id()).text)
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
