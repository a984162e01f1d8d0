"""Gather what decides over an alert's message, and what its card shows."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.alert_ports import Alerts
from bot.domain.alert_delivery import (
    Standing,
    channel_for,
    names_a_policy,
    points_at_per_user_mfa,
    silence_of,
    typical,
)
from bot.domain.alerts import (
    AlertGroup,
    AlertView,
    GroupState,
    MessageRef,
    PolicyChange,
    Quiet,
    Scope,
    Silence,
)
from bot.domain.people import ObjectId
from bot.errors import BotError, GraphRefused, SettingsError, StoreUnavailable
from bot.ports import Desk, SwitchState
from bot.usecases.alert_jobs import Delivery

PAUSED = "alerts_paused"
"""The switch with which an approver pauses alerts."""

MEMBERSHIP_SECONDS = 1.0
CHANGE_SECONDS = 15.0
CHANGED_WITHIN = timedelta(hours=24)  # before the first failure

TOO_SLOW, REFUSED, NOT_READABLE = "too_slow", "refused", "not_readable"
"""Why it is not known who changed a policy; the card has the words."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is the same for all groups at one moment."""

    silences: tuple[Silence, ...]
    paused: bool


def alerts_of(desk: Desk) -> Alerts:
    """Return the desk's alerts. Raises SettingsError for a job left from before they were switched off."""
    if desk.alerts is None:
        raise SettingsError("PSSO_ALERT_CHANNEL", "is not set: nobody carries out the alerts that are left")
    return desk.alerts


async def surroundings(desk: Desk) -> Surroundings:
    """Read the silences in force and the pause switch."""
    paused = await pause_in_force(desk) is not None
    return Surroundings(await alerts_of(desk).silences.standing(desk.now()), paused)


async def pause_in_force(desk: Desk) -> SwitchState | None:
    """Return the approver's pause that stands. One without an approver was altered: alerts fail open."""
    state = await desk.switches.read(PAUSED)
    return state if state is not None and state.by and state.stands(desk.now()) else None


async def standing_of(
    group: AlertGroup, delivery: Delivery, desk: Desk, around: Surroundings | None = None
) -> Standing:
    """Read everything that decides over one group's message."""
    alerts, rules = alerts_of(desk), desk.rules
    around = around or await surroundings(desk)
    message = await alerts.messages.get(group.id)
    return Standing(
        group=group,
        now=desk.now(),
        channel=await _channel(group, delivery, desk) if message is None else message.channel,
        message=message,
        finer=() if message or delivery.anew else await _finer(group, alerts),
        wider=await _wider(group, alerts),
        silence=silence_of(group, around.silences, desk.now()),
        paused=around.paused,
        hours=rules.alert_hours,
        shadow=rules.shadow,
        held=Quiet(delivery.held) if delivery.held else None,
        acknowledged=await alerts.messages.acknowledged(group.id),
        redraw=bool(delivery.redraw),
        wait=rules.alert_wait,
        edit_every=rules.alert_edit_every,
    )


async def view_of(s: Standing, delivery: Delivery, desk: Desk) -> AlertView:
    """Return what the card shows. A policy's last change is looked up once the card is there."""
    view = AlertView(
        group=s.group,
        at=desk.now(),
        acknowledged=s.acknowledged,
        silence=s.silence,
        can_request_disable=points_at_per_user_mfa(s.group),
        shown=s.message,
        meant_for=s.message.meant_for if s.message else delivery.instead_of,
        refused_with=delivery.refused_with,
    )
    if s.message is None or not names_a_policy(s.group):
        return view
    change = await _last_change(s.group, desk)
    if isinstance(change, str):
        return replace(view, policy_change_unknown=change)
    return replace(view, policy_change=change)


async def _channel(group: AlertGroup, delivery: Delivery, desk: Desk) -> str:
    if delivery.instead_of:
        return desk.rules.approval_channel
    routes = desk.rules.alert_routes
    member_of: frozenset[str] = frozenset()
    if group.scope is Scope.PERSON and any(route.matcher.member_of for route in routes):
        member_of = await _groups_of_person(group.newest.user_id, desk)
    return channel_for(group, routes, desk.rules.alert_channel, member_of)


async def _groups_of_person(user_id: str, desk: Desk) -> frozenset[str]:
    """An alert does not wait for Graph: what is not known in a second is no member."""
    try:
        async with asyncio.timeout(MEMBERSHIP_SECONDS):
            return (await desk.directory.membership(ObjectId(user_id))).group_ids
    except (BotError, TimeoutError) as error:
        if isinstance(error, StoreUnavailable):
            raise
        log.warning("an alert is routed without its person's groups: %s", type(error).__name__)
        return frozenset()


async def _finer(group: AlertGroup, alerts: Alerts) -> tuple[tuple[str, MessageRef], ...]:
    found = [(group_id, await alerts.messages.get(group_id)) for group_id in group.absorbs]
    return tuple((group_id, message) for group_id, message in found if message is not None)


async def _wider(group: AlertGroup, alerts: Alerts) -> MessageRef | None:
    if group.state is not GroupState.ABSORBED or not group.absorbed_by:
        return None
    return await alerts.messages.get(group.absorbed_by)


async def _last_change(group: AlertGroup, desk: Desk) -> PolicyChange | str | None:
    """Return the change, None when there was none lately, or why it is not known."""
    audits = alerts_of(desk).policy_audits
    try:
        async with asyncio.timeout(CHANGE_SECONDS):
            return await audits.last_change(typical(group).policy_id, group.first_at - CHANGED_WITHIN)
    except TimeoutError:
        return TOO_SLOW
    except BotError as error:
        if isinstance(error, StoreUnavailable):
            raise
        log.warning("the last change of a policy could not be read: %s", error)
        return REFUSED if isinstance(error, GraphRefused) else NOT_READABLE
