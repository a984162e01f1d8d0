"""`/psso alerts`: how alerting stands, for all or for one person, and lifting a silence."""

from __future__ import annotations

from bot.render.alerts_list import alerts_message, alerts_off
from bot.render.alerts_person import person_alerts_message
from bot.render.blocks import moment, plain
from bot.render.words import _
from bot.usecases.admit import Right
from bot.usecases.alerts_overview import alerts_about, alerts_overview
from bot.usecases.pause_alerts import paused
from bot.usecases.silence_alerts import LiftSilenceAsk, lift
from handlers.errand import Errand
from handlers.guard import check_place, guard
from handlers.overviews import row_links
from handlers.questions import one_person
from handlers.reader import reader_of


async def show_alerts(errand: Errand) -> None:
    """Say how alerting stands, or what it knows of one person."""
    await guard(errand.caller, Right.ASK, errand.desk)
    if errand.said("asked") or errand.said("slack_target"):
        await _show_person(errand)
    else:
        await _show_all(errand)


async def lift_silence(errand: Errand) -> None:
    """Let alerts be posted again that somebody silenced."""
    await check_place(errand.caller, errand.desk, must_see=False, doing=errand.job.kind)
    ask = LiftSilenceAsk(errand.said("value"), errand.caller.user_id, errand.job.op_id)
    lifted = await lift(ask, errand.desk)
    if lifted is None:
        await errand.line.say(plain(_("This silence is over already.")))
        return
    said = _("Lifted: alerts like this are posted again. It would have ended {until}.")
    await errand.line.say(plain(said.format(until=moment(lifted.until))))


async def _show_all(errand: Errand) -> None:
    desk = errand.desk
    overview = await alerts_overview(desk)
    if overview is None:
        await errand.reply(alerts_off())
        return
    reader = await reader_of(errand.caller.user_id, desk, with_entra=False)
    links = await row_links(overview.live, errand.slack)
    key, held = desk.new_id(), await paused(desk)
    await errand.reply(alerts_message(overview, desk.rules, reader, key=key, paused=held, links=links))


async def _show_person(errand: Errand) -> None:
    desk = errand.desk
    about = await alerts_about(await one_person(errand), desk)
    if about is None:
        await errand.reply(alerts_off())
        return
    reader = await reader_of(errand.caller.user_id, desk, with_entra=False)
    posted = [one.posted for one in about.decisions if one.posted]
    links = await row_links([*about.open, *posted], errand.slack)
    key, held = desk.new_id(), await paused(desk)
    await errand.reply(person_alerts_message(about, desk.rules, reader, key=key, paused=held, links=links))
