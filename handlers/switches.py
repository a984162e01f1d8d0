"""Switches that approvers throw: changes on hold, alerts paused; and their forms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.ports import Desk
from bot.render import labels
from bot.render.blocks import View, moment, plain
from bot.render.choices import PAUSE_LENGTHS
from bot.render.modals import hold_subject, words_modal
from bot.render.pause import hold_modal, pause_modal, resume_modal
from bot.render.words import _
from bot.usecases.freeze import HoldAsk, frozen, put_on_hold
from bot.usecases.pause_alerts import PauseAsk, pause, paused, resume
from handlers.errand import Errand
from handlers.guard import check_place
from handlers.overviews import refresh_home


async def put_changes_on_hold(errand: Errand) -> None:
    """Let nobody weaken anything until an approver lifts that."""
    await check_place(errand.caller, errand.desk, must_see=False, doing=errand.job.kind)
    ask = HoldAsk(errand.caller.user_id, errand.said(labels.REASON_FIELD), errand.job.op_id)
    await put_on_hold(ask, errand.desk)
    await errand.line.say(plain(_("Changes are on hold. The approval channel is told that, and why.")))
    await refresh_home(errand)


async def pause_all_alerts(errand: Errand) -> None:
    """Post no new alert for a while."""
    await check_place(errand.caller, errand.desk, must_see=False, doing=errand.job.kind)
    state = await pause(_ask(errand), errand.desk)
    until = (
        _("until {when}").format(when=moment(state.until)) if state.until else _("until somebody lifts it")
    )
    said = _("Alerts are paused {until}. The alert channel is told that, and why.")
    await errand.line.say(plain(said.format(until=until)))
    await refresh_home(errand)


async def resume_all_alerts(errand: Errand) -> None:
    """Post alerts again. The button is in the channel, in `/psso alerts` and in the home tab."""
    await check_place(errand.caller, errand.desk, must_see=False, doing=errand.job.kind)
    await resume(_ask(errand), errand.desk)
    said = _("Alerts are posted again. The alert channel is told that you lifted the pause, and why.")
    await errand.line.say(plain(said))
    await refresh_home(errand)


def _ask(errand: Errand) -> PauseAsk:
    return PauseAsk(
        slack_id=errand.caller.user_id,
        reason=errand.said(labels.REASON_FIELD),
        op_id=errand.job.op_id,
        length=PAUSE_LENGTHS.get(errand.said(labels.PAUSE_LENGTH_FIELD)),
        at=errand.clicked_at,
    )


async def _hold_form(metadata: str, _value: str, desk: Desk) -> View:
    held = await frozen(desk)
    return hold_modal(metadata) if held is None else words_modal(labels.HOLD, hold_subject(held))


async def _pause_form(metadata: str, _value: str, desk: Desk) -> View:
    if await paused(desk) is not None:
        return words_modal(_(labels.PAUSE_ALERTS), _("Alerts are paused already. Open this tab again."))
    return pause_modal(metadata)


async def _resume_form(metadata: str, _value: str, desk: Desk) -> View:
    state = await paused(desk)
    if state is None:
        return words_modal(_(labels.RESUME_ALERTS), _("Alerts are not paused (any more)."))
    return resume_modal(metadata, state)


FORMS: dict[str, Callable[[str, str, Desk], Awaitable[View]]] = {
    labels.ON_HOLD: _hold_form,
    labels.ON_PAUSE_ALERTS: _pause_form,
    labels.ON_RESUME_ALERTS: _resume_form,
}
"""The forms behind the switches, by the button that opens them."""
