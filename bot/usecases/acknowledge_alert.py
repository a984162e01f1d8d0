"""Say that somebody looks after an alert: the first one does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.alerts import Acknowledgement, AlertGroup, GroupState, Scope
from bot.domain.people import ObjectId
from bot.ports import Desk
from bot.usecases.admit import Right, admit
from bot.usecases.alert_jobs import redraw
from bot.usecases.record import Deed, refusals_recorded


@dataclass(frozen=True, slots=True)
class AcknowledgeAsk:
    """Who looks after which alert, and when they said so."""

    group_id: str
    slack_id: str
    at: datetime
    op_id: str


@dataclass(frozen=True, slots=True)
class Looked:
    """How it stands now: `group` is None when it is no longer kept, `by` when nobody has to look after it."""

    group: AlertGroup | None
    by: Acknowledgement | None = None


async def acknowledge(ask: AcknowledgeAsk, desk: Desk) -> Looked:
    """Remember who looks after an open alert; who was first stays. Raises NotAllowed, AuditUnavailable."""
    deed = Deed("acknowledge", ask.slack_id, ask.op_id)
    async with refusals_recorded(deed, desk.journal):
        deed.actor = await admit(ask.slack_id, Right.ASK, desk, fresh=True)
        group = await desk.alerts.groups.get(ask.group_id) if desk.alerts else None
        if desk.alerts is None or group is None or group.state is not GroupState.OPEN:
            return Looked(group)
        mine = Acknowledgement(ask.slack_id, ask.at)
        first = await desk.alerts.messages.acknowledge(group.id, mine)
        if first == mine:
            if group.scope is Scope.PERSON and group.newest.user_id:
                deed.target = ObjectId(group.newest.user_id)
            await desk.journal.write(
                deed.entry("alert.acknowledged", group=group.id, verdict=group.newest.verdict)
            )
    await redraw(group.id, desk)
    return Looked(group, first)
