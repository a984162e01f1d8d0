"""Put all changes on hold, and let an approver lift that. Denying and withdrawing always work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.approval import ChangeKind
from bot.domain.risk import checked_reason
from bot.errors import Denial, NotAllowed
from bot.ports import Desk, Entry, Job, News, SwitchState
from bot.usecases.admit import Right, admit
from bot.usecases.record import Deed, refusals_recorded
from bot.usecases.throw_switch import throw, thrown

FREEZE = "freeze"
ANNOUNCE = "announce_freeze"
PEOPLE = ("U", "W")  # how Slack ids of people begin
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class LiftAsk:
    """Who wants to lift the freeze, why, and when they said so; `op_id`, `at`: the same in every delivery."""

    slack_id: str
    reason: str
    op_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HoldAsk:
    """Who puts changes on hold, and why."""

    slack_id: str
    reason: str
    op_id: str


async def frozen(desk: Desk) -> SwitchState | None:
    """Return who put changes on hold and why, or None when they are not."""
    state = await desk.switches.read(FREEZE)
    return state if state is not None and state.on else None


async def refuse_while_frozen(kind: ChangeKind, desk: Desk) -> None:
    """Raise NotAllowed(FROZEN) for what would weaken anyone; giving protection back is never on hold."""
    if kind is ChangeKind.DISABLE and (state := await frozen(desk)) is not None:
        raise NotAllowed(Denial.FROZEN, state.reason)


async def freeze(by: str, reason: str, desk: Desk) -> SwitchState:
    """Put changes on hold, unless they are; `by` is a Slack id, or the bot's own name.

    Journalled before, announced in the approval channel after.
    """
    held = await frozen(desk)
    if held is not None:
        return held
    await desk.journal.write(Entry("freeze.on", detail={"by": by, "reason": reason}))
    return await _throw(SwitchState(True, by, reason, desk.now()), desk)


async def put_on_hold(ask: HoldAsk, desk: Desk) -> SwitchState:
    """Put changes on hold by hand: approvers alone, with a reason. What is on hold stays as it is.

    Raises NotAllowed, BadInput, AuditUnavailable.
    """
    deed = Deed("hold", ask.slack_id, ask.op_id)
    async with refusals_recorded(deed, desk.journal):
        reason = checked_reason(ask.reason)
        deed.actor = await admit(ask.slack_id, Right.APPROVE, desk, fresh=True)
        held = await frozen(desk)
        if held is not None:
            return held
        state = SwitchState(True, ask.slack_id, reason, desk.now())
        await desk.journal.write(deed.entry("freeze.on", by=ask.slack_id, reason=state.reason))
        return await _throw(state, desk)


async def lift(ask: LiftAsk, desk: Desk) -> SwitchState:
    """Lift the freeze: approvers alone, with a reason. Raises NotAllowed, BadInput, AuditUnavailable.

    Lifting what is not frozen changes nothing. A hold that began after the click is not the one that was
    looked at: NotAllowed(STALE_CARD), also for a late second delivery. While a lift stands, a second delivery
    is answered as the first, whatever may be done by now.
    """
    deed = Deed("lift", ask.slack_id, ask.op_id)
    async with refusals_recorded(deed, desk.journal):
        reason = checked_reason(ask.reason)
        standing = await desk.switches.read(FREEZE)
        if standing is not None and _has_thrown(ask, standing):
            return standing
        deed.actor = await admit(ask.slack_id, Right.APPROVE, desk, fresh=True)
        lifted = SwitchState(False, ask.slack_id, reason, desk.now())
        held = await frozen(desk)
        if held is None:
            return lifted
        if held.at > ask.at:
            raise NotAllowed(Denial.STALE_CARD)
        await desk.journal.write(deed.entry("freeze.lifted", reason=lifted.reason))
        return await _throw(lifted, desk)


def _has_thrown(ask: LiftAsk, standing: SwitchState) -> bool:
    said = (standing.on, standing.by, standing.reason)
    return said == (False, ask.slack_id, ask.reason.strip()) and standing.at >= ask.at


async def too_many_disables(desk: Desk, op_id: str) -> bool:
    """Count one disable, once an `op_id`; True when it is one more than the rules allow within an hour."""
    most = desk.rules.most_disables_per_hour
    return not await desk.limits.admit("disable", desk.rules.tenant, most, HOUR, op_id)


async def announce_freeze(job: Job, desk: Desk) -> None:
    """Say in the approval channel how the switch stands now. Raises SlackError: say it again later."""
    state = await thrown(FREEZE, job, desk)
    if state is not None:
        news = News.FROZEN if state.on else News.LIFTED
        by = state.by if state.by.startswith(PEOPLE) else ""  # the bot itself is nobody to mention
        await desk.announcer.announce(news, state.reason, by=by)


async def _throw(state: SwitchState, desk: Desk) -> SwitchState:
    return await throw(FREEZE, state, (ANNOUNCE,), desk)


SCHEDULED = {ANNOUNCE: announce_freeze}
"""The kind of scheduled jobs that belongs here, and who carries it out."""
