"""The worker's side: what was recorded is judged, carried out and answered.

Everything here may run twice for one job; use cases make the second time harmless by the job's `op_id`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.app_sso import read_app_sso
from bot.domain.approval import ChangeRequest, Person, State
from bot.domain.people import ObjectId
from bot.errors import BadInput, BotError, Denial, NotAllowed, SlackError
from bot.ports import Answer, Desk, Job
from bot.render import labels, safe
from bot.render.blocks import Message, plain
from bot.render.diagnosis_card import diagnosis_card
from bot.render.explain import explanation
from bot.render.failure import in_words, refusal
from bot.render.lists import history_list, pending_list
from bot.render.shared_card import shared_card
from bot.render.status import status_message
from bot.usecases.admit import Right
from bot.usecases.decide import Click, approve, cancel, deny
from bot.usecases.explain import explain
from bot.usecases.history import history
from bot.usecases.pending import pending
from bot.usecases.request_disable import DisableAsk, request_disable
from bot.usecases.why import Answered, why
from handlers import kinds
from handlers.answers import PrivateLine
from handlers.caller import Caller
from handlers.failures import say_or_log
from handlers.guard import check_place, guard
from handlers.status import checks

log = logging.getLogger(__name__)

NOTICE_AFTER = 1.0  # seconds; a person waits that long without wondering
LOOKING_UP = "Looking up … this reads the sign-in logs and can take some seconds."
SENT = "Sent to the approvers as request {id}. You will get a direct message when they have decided."
COUNTED = "Your approval is counted: {given} of {needed}."
WITHDRAWN = "The request is withdrawn. Nothing was changed."
NO_ADDRESS = "a mention of somebody whose e-mail address Slack does not show; type the address instead"


@dataclass(frozen=True, slots=True)
class Errand:
    """One recorded job with everything needed to carry it out and answer."""

    job: Job
    caller: Caller
    desk: Desk
    line: PrivateLine

    def said(self, name: str) -> str:
        """Return a field of the job."""
        return self.job.body.get(name, "")

    @property
    def typed(self) -> bool:
        """Whether it was a slash command: then a notice may stand where the answer goes."""
        return self.job.op_id.startswith("slash:")


async def carry_out(job: Job, desk: Desk, slack: AsyncWebClient) -> None:
    """Carry out one job and answer its caller. A SlackError means: not answered, try again later."""
    work = WORK.get(job.kind)
    if work is None:
        log.error("a recorded job of an unknown kind was dropped: %s", job.kind)
        return
    caller = Caller.from_body(job.body)
    errand = Errand(job, caller, desk, PrivateLine(slack, caller))
    try:
        await work(errand)
    except SlackError:
        raise  # the answer did not reach its caller
    except BotError as error:
        reference = desk.new_id()
        log.info("%s was refused (%s), reference %s", job.kind, type(error).__name__, reference)
        await errand.line.say(refusal(error, reference), replace=errand.typed)


async def _why(errand: Errand) -> None:
    await guard(errand.caller, Right.ASK, errand.desk)
    asked = await _asked(errand)
    await _show(errand, await _with_notice(errand, why(asked, errand.desk, asked_by=errand.caller.user_id)))


async def _with_notice(errand: Errand, reading: Coroutine[Any, Any, Answered]) -> Answered:
    """Say that we are looking when the answer takes longer than a moment."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(_as_value(reading))
        finished, _ = await asyncio.wait({task}, timeout=NOTICE_AFTER)
        if not finished:
            await say_or_log(errand.line, plain(LOOKING_UP))
    result = task.result()
    if isinstance(result, BotError):
        raise result
    return result


async def _as_value(reading: Coroutine[Any, Any, Answered]) -> Answered | BotError:
    try:
        return await reading
    except BotError as error:
        return error


async def _check_again(errand: Errand) -> None:
    await guard(errand.caller, Right.ASK, errand.desk)
    answer = await _answer(errand)
    user = answer.diagnosis.user
    asked = user.id if user else answer.diagnosis.asked
    answered = await why(asked, errand.desk, fresh=True, asked_by=errand.caller.user_id)
    await _show(errand, answered)


async def _paste(errand: Errand) -> None:
    await guard(errand.caller, Right.ASK, errand.desk)
    answer = await _answer(errand)
    user = answer.diagnosis.user
    pasted = read_app_sso(errand.said("pasted"))
    asked = user.id if user else answer.diagnosis.asked
    answered = await why(asked, errand.desk, app_sso=pasted, asked_by=errand.caller.user_id)
    await _show(errand, answered)


async def _show(errand: Errand, answered: Answered) -> None:
    reader = await errand.desk.workspace.person(errand.caller.user_id)
    card = diagnosis_card(
        answered.answer.diagnosis,
        answer_id=answered.answer.id,
        now=errand.desk.now(),
        time_zone=reader.time_zone,
        trouble=in_words(answered.trouble) if answered.trouble else "",
    )
    await errand.line.say(card, replace=errand.job.kind != kinds.PASTE)


async def _share(errand: Errand) -> None:
    await guard(errand.caller, Right.ASK, errand.desk)
    await check_place(errand.caller, errand.desk, must_see=True, doing=kinds.SHARE)
    answer = await _answer(errand)
    caller = errand.caller
    card = shared_card(answer.diagnosis, answer_id=answer.id, shared_by=caller.user_id, now=errand.desk.now())
    try:
        await errand.line.share(card)
    except SlackError as error:
        await errand.line.say(refusal(error))


async def _explain(errand: Errand) -> None:
    await guard(errand.caller, Right.ASK, errand.desk)
    codes = [explained.code for explained in explain(errand.said("asked"))]
    await _reply(errand, explanation(codes, key=errand.desk.new_id()))


async def _pending(errand: Errand) -> None:
    await guard(errand.caller, Right.ASK, errand.desk)
    requests = await pending(errand.desk)
    await _reply(errand, pending_list(requests, now=errand.desk.now(), key=errand.desk.new_id()))


async def _history(errand: Errand) -> None:
    await guard(errand.caller, Right.ASK, errand.desk)
    asked = await _asked(errand)
    requests = await history(asked, errand.desk)
    await _reply(errand, history_list(asked, requests, key=errand.desk.new_id()))


async def _status(errand: Errand) -> None:
    await guard(errand.caller, Right.ASK, errand.desk)
    await _reply(errand, status_message(await checks(errand.desk), key=errand.desk.new_id()))


async def _request_disable(errand: Errand) -> None:
    await check_place(errand.caller, errand.desk, must_see=False, doing=errand.job.kind)
    answer = await _answer(errand)
    if answer.diagnosis.user is None:
        raise NotAllowed(Denial.NOT_REQUESTABLE)
    caller = errand.caller
    ask = DisableAsk(
        target=answer.diagnosis.user.id,
        requester=Person(ObjectId(""), caller.user_id, caller.team_id, ""),
        reason=errand.said(labels.REASON_FIELD),
        ticket=errand.said(labels.TICKET_FIELD),
        identity_check=errand.said(labels.IDENTITY_FIELD),
        op_id=errand.job.op_id,
    )
    request = await request_disable(ask, errand.desk)
    await errand.line.say(plain(SENT.format(id=safe.code(request.id, 80))))


async def _approve(errand: Errand) -> None:
    await check_place(errand.caller, errand.desk, must_see=True, doing=errand.job.kind)
    request = await approve(_click(errand), errand.desk)
    if request.state is State.PENDING:
        await errand.line.say(plain(_counted(request)))


async def _deny(errand: Errand) -> None:
    await check_place(errand.caller, errand.desk, must_see=True, doing=errand.job.kind)
    await deny(_click(errand), errand.said(labels.REASON_FIELD), errand.desk)


async def _cancel(errand: Errand) -> None:
    await check_place(errand.caller, errand.desk, must_see=True, doing=errand.job.kind)
    await cancel(_click(errand), errand.desk)
    await errand.line.say(plain(WITHDRAWN))


def _counted(request: ChangeRequest) -> str:
    return COUNTED.format(given=len(request.approvals), needed=request.wish.quorum)


def _click(errand: Errand) -> Click:
    """Read the button's value: the request's id and the version that was shown."""
    request_id, _, version = errand.said("value").rpartition(":")
    caller = errand.caller
    at = errand.said("at")
    return Click(
        request_id=request_id,
        version=int(version) if version.isdecimal() and version.isascii() and len(version) < 10 else None,
        slack_id=caller.user_id,
        channel=caller.channel_id,
        message_ts=caller.message_ts,
        clicked_at=datetime.fromisoformat(at) if at else errand.desk.now(),
        op_id=errand.job.op_id,
    )


async def _asked(errand: Errand) -> str:
    """Return who was asked about; a mention becomes the pinned object id or the Slack account's address."""
    mentioned = errand.said("slack_target")
    if not mentioned:
        return errand.said("asked")
    pinned = errand.desk.rules.pins.get(mentioned)
    if pinned:
        return pinned
    try:
        person = await errand.desk.workspace.person(mentioned)
    except (NotAllowed, SlackError) as error:
        raise BadInput(NO_ADDRESS, "USER") from error
    if not person.email:
        raise BadInput(NO_ADDRESS, "USER")
    return person.email


async def _answer(errand: Errand) -> Answer:
    """Return the answer whose button was pressed; answers are kept for a while only."""
    answers = errand.desk.answers
    found = await answers.get(errand.said("value")) if answers and errand.said("value") else None
    if found is None:
        raise NotAllowed(Denial.STALE_CARD)
    return found


async def _reply(errand: Errand, message: Message) -> None:
    await errand.line.say(message, replace=errand.typed)


WORK: dict[str, Callable[[Errand], Awaitable[None]]] = {
    kinds.WHY: _why,
    kinds.EXPLAIN: _explain,
    kinds.PENDING: _pending,
    kinds.HISTORY: _history,
    kinds.STATUS: _status,
    kinds.CHECK_AGAIN: _check_again,
    kinds.PASTE: _paste,
    kinds.SHARE: _share,
    kinds.REQUEST_DISABLE: _request_disable,
    kinds.APPROVE: _approve,
    kinds.DENY: _deny,
    kinds.CANCEL: _cancel,
}
