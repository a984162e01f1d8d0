"""Questions: why, explain, history, status, and the buttons below an answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from bot.domain.app_sso import read_app_sso
from bot.domain.people import object_id
from bot.errors import AmbiguousUser, BadInput, BotError, GraphError, NotAllowed, SlackError
from bot.render.blocks import plain
from bot.render.choice_card import choice_card, not_looked_up
from bot.render.diagnosis_card import diagnosis_card
from bot.render.explain import explanation
from bot.render.failure import in_words, refusal
from bot.render.help import help_message
from bot.render.lists import history_list
from bot.render.shared_card import shared_card
from bot.render.status import status_message
from bot.render.words import N_, _, reading_in
from bot.usecases.admit import Right
from bot.usecases.explain import explain
from bot.usecases.history import history
from bot.usecases.named import people_named
from bot.usecases.why import Answered, why
from handlers import kinds
from handlers.errand import Errand
from handlers.failures import say_or_log
from handlers.guard import check_place, guard
from handlers.reader import reader_of
from handlers.status import checks

log = logging.getLogger(__name__)

ON_OUR_OWN_CARD = (kinds.CHECK_AGAIN, kinds.DIAGNOSE)
"""Clicks on a private card of ours, which the answer replaces. A shortcut's message is somebody else's."""

LOOKING_UP = N_("Looking up … this reads the sign-in logs and can take some seconds.")
NO_ADDRESS = N_("a mention of somebody whose e-mail address Slack does not show; type the address instead")


async def ask_why(errand: Errand) -> None:
    """Diagnose who was named."""
    await guard(errand.caller, Right.ASK, errand.desk)
    asked = await person_asked(errand)
    try:
        people = await people_named(asked, errand.desk)
    except GraphError as error:  # a name that was not looked up is not one that nobody bears
        log.info("a name could not be looked up: %s", error)
        await errand.reply(not_looked_up(asked, in_words(error)))
        return
    if len(people) > 1:
        await errand.reply(choice_card(asked, people, errand.desk.new_id()))
        return
    asked = people[0].id if people else asked
    await _show(errand, await _with_notice(errand, why(asked, errand.desk, asked_by=errand.caller.user_id)))


async def diagnose_chosen(errand: Errand) -> None:
    """Diagnose the person whose row was chosen; the button carries their object id."""
    await guard(errand.caller, Right.ASK, errand.desk)
    chosen = object_id(errand.said("value"))
    await _show(errand, await _with_notice(errand, why(chosen, errand.desk, asked_by=errand.caller.user_id)))


async def diagnose_beside(errand: Errand, asked: str) -> None:
    """Diagnose somebody for the eyes of the one who clicked; what they clicked on stays as it is."""
    await _show(errand, await _with_notice(errand, why(asked, errand.desk, asked_by=errand.caller.user_id)))


async def check_again(errand: Errand) -> None:
    """Diagnose the same person anew."""
    await guard(errand.caller, Right.ASK, errand.desk)
    answer = await errand.answer()
    user = answer.diagnosis.user
    asked = user.id if user else answer.diagnosis.asked
    answered = await why(asked, errand.desk, fresh=True, asked_by=errand.caller.user_id)
    await _show(errand, answered)


async def read_paste(errand: Errand) -> None:
    """Diagnose the same person with what their Mac says."""
    await guard(errand.caller, Right.ASK, errand.desk)
    answer = await errand.answer()
    user = answer.diagnosis.user
    pasted = read_app_sso(errand.said("pasted"))
    asked = user.id if user else answer.diagnosis.asked
    answered = await why(asked, errand.desk, app_sso=pasted, asked_by=errand.caller.user_id)
    await _show(errand, answered)


async def share(errand: Errand) -> None:
    """Show the verdict to everyone in the conversation."""
    await guard(errand.caller, Right.ASK, errand.desk)
    await check_place(errand.caller, errand.desk, must_see=True, doing=kinds.SHARE)
    answer = await errand.answer()
    caller = errand.caller
    with reading_in(errand.desk.rules.language):
        card = shared_card(
            answer.diagnosis, answer_id=answer.id, shared_by=caller.user_id, now=errand.desk.now()
        )
    try:
        await errand.line.share(card)
    except SlackError as error:
        await errand.line.say(refusal(error))


async def explain_code(errand: Errand) -> None:
    """Say what a code means."""
    await guard(errand.caller, Right.ASK, errand.desk)
    codes = [explained.code for explained in explain(errand.said("asked"))]
    await errand.reply(explanation(codes, key=errand.desk.new_id()))


async def show_history(errand: Errand) -> None:
    """List a person's earlier requests."""
    await guard(errand.caller, Right.ASK, errand.desk)
    asked = await one_person(errand)
    past = await history(asked, errand.desk)
    shown = history_list(asked, past.requests, noted=past.noted, key=errand.desk.new_id())
    await errand.reply(shown)


async def show_status(errand: Errand) -> None:
    """Say what answers."""
    await guard(errand.caller, Right.ASK, errand.desk)
    await errand.reply(status_message(await checks(errand.desk), key=errand.desk.new_id()))


async def show_help(errand: Errand) -> None:
    """Say what this person may ask."""
    await errand.reply(help_message(await reader_of(errand.caller.user_id, errand.desk, with_entra=False)))


async def _with_notice(errand: Errand, reading: Coroutine[Any, Any, Answered]) -> Answered:
    """Say that we are looking while we do; the answer always comes after it."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(_as_value(reading))
        notice = plain(_(LOOKING_UP))
        tasks.create_task(say_or_log(errand.line, notice, replace=errand.job.kind == kinds.DIAGNOSE))
    result = task.result()
    if isinstance(result, BotError):
        raise result
    return result


async def _as_value(reading: Coroutine[Any, Any, Answered]) -> Answered | BotError:
    try:
        return await reading
    except BotError as error:
        return error


async def _show(errand: Errand, answered: Answered) -> None:
    reader = await errand.desk.workspace.person(errand.caller.user_id)
    card = diagnosis_card(
        answered.answer.diagnosis,
        answer_id=answered.answer.id,
        now=errand.desk.now(),
        time_zone=reader.time_zone,
        trouble=in_words(answered.trouble) if answered.trouble else "",
    )
    await errand.line.say(card, replace=errand.typed or errand.job.kind in ON_OUR_OWN_CARD)


async def person_asked(errand: Errand) -> str:
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


async def one_person(errand: Errand) -> str:
    """Return whom a list is about: an address or an id; raise AmbiguousUser when a name fits several."""
    asked = await person_asked(errand)
    people = await people_named(asked, errand.desk)
    if len(people) > 1:
        raise AmbiguousUser(asked, tuple(user.user_principal_name for user in people))
    return people[0].user_principal_name if people else asked
