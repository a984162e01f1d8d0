"""Silence alerts for a while, and lift that again. What is there stays; nothing new is posted meanwhile."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.alert_delivery import fits
from bot.domain.alerts import LONGEST_SILENCE, Matcher, Silence
from bot.domain.people import ObjectId
from bot.domain.risk import checked_reason
from bot.domain.silencing import Reach, matcher_for, needs_approver, reaches
from bot.errors import BadInput, Denial, NotAllowed
from bot.ports import Desk, Entry
from bot.usecases.admit import Right, admit
from bot.usecases.alert_jobs import redraw
from bot.usecases.record import Deed, refusals_recorded

TOO_LONG = "longer than the 7 days that a silence may last"
NOT_A_CHOICE = "not one of the choices"


@dataclass(frozen=True, slots=True)
class SilenceAsk:
    """What the form said, who sent it and when; `op_id` is the same for every delivery of one form."""

    group_id: str
    reach: str  # a Reach
    length: timedelta
    reason: str
    subject: str  # what is silenced, in words for people
    slack_id: str
    at: datetime
    op_id: str


@dataclass(frozen=True, slots=True)
class LiftSilenceAsk:
    """Who lifts which silence."""

    silence_id: str
    slack_id: str
    op_id: str


async def silence(ask: SilenceAsk, desk: Desk) -> Silence:
    """Keep alerts like this one quiet: of one person the helpdesk may, of more than one an approver.

    Raises NotAllowed (STALE_CARD when the alert is no longer kept), BadInput, AuditUnavailable.
    """
    deed = Deed("silence", ask.slack_id, ask.op_id)
    async with refusals_recorded(deed, desk.journal):
        _check(ask)
        group = await desk.alerts.groups.get(ask.group_id) if desk.alerts else None
        if group is None or desk.alerts is None:
            raise NotAllowed(Denial.STALE_CARD)
        if ask.reach not in reaches(group):
            raise BadInput(NOT_A_CHOICE, "reach")
        matcher = matcher_for(group, Reach(ask.reach))
        deed.actor = await admit(ask.slack_id, _right(matcher), desk, fresh=True)
        made = _silence(ask, matcher)
        await desk.journal.write(_entry(deed, "alert.silenced", made))
        await desk.alerts.silences.add(made)
    await redraw(group.id, desk)
    return made


async def lift(ask: LiftSilenceAsk, desk: Desk) -> Silence | None:
    """End a silence; None when it is over. Open alerts that it kept quiet are posted now.

    Whoever may set it may lift it. Raises NotAllowed, AuditUnavailable.
    """
    if desk.alerts is None:
        return None
    deed = Deed("lift_silence", ask.slack_id, ask.op_id)
    async with refusals_recorded(deed, desk.journal):
        standing = await desk.alerts.silences.standing(desk.now())
        found = next((one for one in standing if one.id == ask.silence_id), None)
        if found is None:
            await admit(ask.slack_id, Right.ASK, desk, fresh=True)
            return None
        deed.actor = await admit(ask.slack_id, _right(found.matcher), desk, fresh=True)
        await desk.journal.write(_entry(deed, "alert.silence_lifted", found))
        await desk.alerts.silences.lift(found.id)
    for group in await desk.alerts.groups.live():
        if fits(found.matcher, group):
            await redraw(group.id, desk)
    return found


def _check(ask: SilenceAsk) -> None:
    checked_reason(ask.reason)
    if not timedelta(0) < ask.length <= LONGEST_SILENCE:
        raise BadInput(TOO_LONG, "length")


def _right(matcher: Matcher) -> Right:
    return Right.APPROVE if needs_approver(matcher) else Right.ASK


def _silence(ask: SilenceAsk, matcher: Matcher) -> Silence:
    return Silence(
        id=hashlib.sha256(ask.op_id.encode()).hexdigest()[:24],
        matcher=matcher,
        subject=ask.subject,
        by=ask.slack_id,
        reason=ask.reason.strip(),
        since=ask.at,
        until=ask.at + ask.length,
    )


def _entry(deed: Deed, kind: str, made: Silence) -> Entry:
    """Whom it is about goes into the field for that; the words for people stay out."""
    deed.target = ObjectId(made.matcher.user_id) if made.matcher.user_id else None
    about = {name: getattr(made.matcher, name) for name in ("verdict", "policy_id", "network")}
    return deed.entry(
        kind,
        silence=made.id,
        until=made.until.isoformat(),
        reason=made.reason,
        **{name: value for name, value in about.items() if value},
    )
