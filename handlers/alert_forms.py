"""The windows that open from an alert: a silence, and a change after a fresh diagnosis."""

from __future__ import annotations

import json

from bot.domain.alerts import AlertGroup, GroupState, Scope
from bot.errors import BotError
from bot.ports import Desk
from bot.render import labels
from bot.render.alert_answers import not_offered_modal, over_modal, silence_modal
from bot.render.blocks import View
from bot.render.failure import in_words, refusal
from bot.render.modals import request_modal, user_subject, words_modal
from bot.usecases.admit import Right
from bot.usecases.why import why
from handlers.caller import Caller
from handlers.guard import guard


async def alert_group(group_id: str, desk: Desk) -> AlertGroup | None:
    """Return the group a button belongs to; None when it is no longer kept, or alerts are off."""
    return await desk.alerts.groups.get(group_id) if desk.alerts and group_id else None


async def silence_form(metadata: str, group_id: str, desk: Desk) -> View:
    """Return the form behind Silence, or why there is nothing to silence."""
    group = await alert_group(group_id, desk)
    if group is None or group.state in (GroupState.RESOLVED, GroupState.ABSORBED):
        return over_modal(labels.SILENCE, group)
    return silence_modal(metadata, group)


async def request_from_alert(caller: Caller, group_id: str, desk: Desk) -> View:
    """Diagnose the alert's person anew; return the request form if that allows it, else why not.

    A refusal takes the place of the form.
    """
    try:
        await guard(caller, Right.REQUEST, desk)
        group = await alert_group(group_id, desk)
        if group is None or group.scope is not Scope.PERSON or group.state is GroupState.RESOLVED:
            return over_modal(labels.REQUEST_DISABLE, group)
        return await _after_diagnosis(group, caller, desk)
    except BotError as error:
        return words_modal(labels.REQUEST_DISABLE, refusal(error, desk.new_id()).text)


async def _after_diagnosis(group: AlertGroup, caller: Caller, desk: Desk) -> View:
    asked = group.newest.user_id or group.newest.user_principal_name
    answered = await why(asked, desk, fresh=True, asked_by=caller.user_id)
    diagnosis = answered.answer.diagnosis
    if answered.trouble is not None:
        return words_modal(labels.REQUEST_DISABLE, in_words(answered.trouble))
    if diagnosis.user is None or not diagnosis.can_request_disable:
        return not_offered_modal(diagnosis)
    ids = {"value": answered.answer.id, "channel": caller.channel_id, "message_ts": caller.message_ts}
    return request_modal(json.dumps(ids), user_subject(diagnosis.user))
