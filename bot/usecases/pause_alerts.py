"""Pause all alerts for a while, and let them go on: an approver's switch. What is posted stays up to date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.risk import checked_reason
from bot.errors import NotAllowed, SlackError
from bot.ports import Desk, Entry, Job, SwitchState
from bot.usecases.admit import Right, admit
from bot.usecases.alert_jobs import redraw
from bot.usecases.alert_standing import PAUSED, pause_in_force
from bot.usecases.alert_trouble import is_channel_lost
from bot.usecases.record import Deed, refusals_recorded
from bot.usecases.throw_switch import throw, thrown

END = "end_alerts_pause"
ANNOUNCE = "announce_alerts_pause"
CATCH_UP = "post_what_was_paused"
TIME_IS_OVER = "Its time is over."


@dataclass(frozen=True, slots=True)
class PauseAsk:
    """Who pauses alerts or lets them go on, and why. `at`: when they clicked; `length` None: for good."""

    slack_id: str
    reason: str
    op_id: str
    length: timedelta | None = None
    at: datetime | None = None


async def paused(desk: Desk) -> SwitchState | None:
    """Return who paused alerts, why and until when; None when they are not paused."""
    return await pause_in_force(desk)


async def pause(ask: PauseAsk, desk: Desk) -> SwitchState:
    """Post no new alert until the time is over or somebody resumes them.

    Raises NotAllowed, BadInput, AuditUnavailable.
    """
    return await _throw(ask, desk, on=True)


async def resume(ask: PauseAsk, desk: Desk) -> SwitchState:
    """Post alerts again, those first that are still open. Raises NotAllowed, BadInput, AuditUnavailable."""
    return await _throw(ask, desk, on=False)


async def end_pause(job: Job, desk: Desk) -> None:
    """Carry out the job of a pause whose time is over; one that was moved or lifted meanwhile stays."""
    state = await desk.switches.read(PAUSED)
    if state is None or not state.on or state.until is None or state.until > desk.now():
        return
    await desk.journal.write(Entry("alerts.pause_ended", detail={"until": state.until.isoformat()}))
    await _set(SwitchState(False, "", TIME_IS_OVER, desk.now()), desk)


async def announce_pause(job: Job, desk: Desk) -> None:
    """Say in the alert channel how the switch stands now. Raises SlackError: say it again later."""
    state, rules = await thrown(PAUSED, job, desk), desk.rules
    if state is None:
        return
    channel = rules.alert_channel or rules.approval_channel
    try:
        await desk.announcer.announce_pause(channel, state)
    except (SlackError, NotAllowed) as error:
        if channel == rules.approval_channel or not is_channel_lost(error):
            raise
        await desk.announcer.announce_pause(rules.approval_channel, state)


async def catch_up(job: Job, desk: Desk) -> None:
    """Have every open alert looked at again, once alerts go on: what was kept back is posted now."""
    state = await thrown(PAUSED, job, desk)
    if state is None or state.stands(desk.now()):
        return
    for group in await desk.alerts.groups.live() if desk.alerts else ():
        await redraw(group.id, desk)


SCHEDULED = {END: end_pause, ANNOUNCE: announce_pause, CATCH_UP: catch_up}
"""The kinds of scheduled jobs that belong here, and who carries them out."""


async def _throw(ask: PauseAsk, desk: Desk, *, on: bool) -> SwitchState:
    deed = Deed("pause_alerts" if on else "resume_alerts", ask.slack_id, ask.op_id)
    async with refusals_recorded(deed, desk.journal):
        checked_reason(ask.reason)
        deed.actor = await admit(ask.slack_id, Right.APPROVE, desk, fresh=True)
        state = _state(ask, desk.now(), on=on)
        before = await desk.switches.read(PAUSED)
        if before is not None and ask.at is not None and before.at > ask.at:
            return before  # thrown after this click: by its first delivery, or by somebody's later word
        if not on and (before is None or not before.on):
            return state
        kind = "alerts.paused" if on else "alerts.resumed"
        until = {"until": state.until.isoformat()} if state.until else {}
        await desk.journal.write(deed.entry(kind, reason=state.reason, **until))
        await _set(state, desk)
    return state


def _state(ask: PauseAsk, now: datetime, *, on: bool) -> SwitchState:
    until = now + ask.length if on and ask.length is not None else None
    return SwitchState(on, ask.slack_id, ask.reason.strip(), now, until)


async def _set(state: SwitchState, desk: Desk) -> None:
    """The end is scheduled before: no pause goes on past its time."""
    if state.until is not None:
        await desk.schedule.put(END, PAUSED, state.until, {})
    await throw(PAUSED, state, (ANNOUNCE,) if state.on else (ANNOUNCE, CATCH_UP), desk)
