"""One message about many alerts: those that a quiet night held back, or that a storm brought at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from bot.domain.alert_delivery import OUTAGES, Post, Standing, decide, was_held
from bot.domain.alerts import AlertGroup, AlertView, GroupState, MessageRef, Quiet
from bot.errors import NotAllowed, SlackError
from bot.ports import Desk, Job
from bot.usecases.alert_jobs import DIGEST, Delivery, digest_at, look_at, note, tally
from bot.usecases.alert_standing import Surroundings, alerts_of, standing_of, surroundings, view_of
from bot.usecases.alert_trouble import code_of, held_off, is_channel_lost
from bot.usecases.deliver_alerts import BURST, CLAIM, LONGEST_PAUSE, remember

MOST_LISTED = 300
AT_ONCE = 32
HELD_AT_MOST = timedelta(days=4)  # a long weekend
AGAIN = timedelta(seconds=30)

log = logging.getLogger(__name__)


async def post_digest(job: Job, desk: Desk) -> None:
    """Carry out one job {channel}: list what waits for this channel. Raises StoreUnavailable: come again."""
    channel = job.body["channel"]
    waiting = await _waiting(channel, desk)
    if len(waiting) == 1:  # one alert deserves its card
        await look_at(Delivery(waiting[0].group.id, alone="1"), desk.now(), desk)
        return
    if not waiting:
        return
    left = await alerts_of(desk).pace.turn(channel)
    if left > LONGEST_PAUSE:
        await digest_at(channel, desk.now() + timedelta(seconds=left), desk)
        return
    await desk.pause(left)
    await _post(channel, waiting[:MOST_LISTED], desk)
    if len(waiting) > MOST_LISTED:
        await digest_at(channel, desk.now() + BURST, desk)


async def _waiting(channel: str, desk: Desk) -> list[Standing]:
    """Return the groups that would be posted in this channel now, the oldest first."""
    groups, around = alerts_of(desk).groups, await surroundings(desk)
    found = [group for group in await groups.live() if group.scope not in OUTAGES]
    if desk.rules.alert_hours is not None:
        closed = await groups.closed_since(desk.now() - HELD_AT_MOST)
        found += [one for one in closed if one.state is GroupState.ENDED and _was_held(one, desk)]
    found.sort(key=lambda group: group.opened_at)
    waiting: list[Standing] = []
    for at in range(0, len(found), AT_ONCE):
        chunk = found[at : at + AT_ONCE]
        standings = await asyncio.gather(*(_standing(group, desk, around) for group in chunk))
        waiting += [s for s in standings if isinstance(decide(s), Post) and s.channel == channel]
        if len(waiting) > MOST_LISTED:
            break
    return waiting


async def _standing(group: AlertGroup, desk: Desk, around: Surroundings) -> Standing:
    held = str(Quiet.QUIET_HOURS) if _was_held(group, desk) else ""
    return await standing_of(group, Delivery(group.id, held=held), desk, around)


def _was_held(group: AlertGroup, desk: Desk) -> bool:
    return was_held(group, desk.rules.alert_hours)


async def _post(channel: str, waiting: Sequence[Standing], desk: Desk) -> None:
    """Claim every group that is listed, so that nobody posts it meanwhile; then post, and remember."""
    alerts, holder = alerts_of(desk), desk.new_id()
    mine = [s for s in waiting if await _claimed(s.group.id, holder, desk)]
    views = [await view_of(s, Delivery(s.group.id), desk) for s in mine]
    try:
        posted = await _on_board(channel, views, desk) if views else None
    except (SlackError, NotAllowed) as error:
        log.warning("Slack did not take a digest of %d alerts: %s", len(views), error)
        alerts.counters.count("retried", code_of(error))
        posted = None
        await digest_at(channel, desk.now() + (await held_off(channel, error, desk) or AGAIN), desk)
    if posted is None:
        for s in mine:
            await alerts.messages.let_go(s.group.id, holder)
        return
    await _remember_all(mine, holder, posted, desk)
    for s in mine:
        await note(s.group, Quiet.DIGEST, posted.channel, desk)
    await tally("digests", desk)
    await tally("in_digest", desk, len(mine))


async def _claimed(group_id: str, holder: str, desk: Desk) -> bool:
    """Claim a group, unless somebody has it or posted it meanwhile."""
    messages = alerts_of(desk).messages
    if not await messages.begin(group_id, holder, CLAIM):
        return False
    if await messages.get(group_id) is None:
        return True
    await messages.let_go(group_id, holder)  # whoever wants to edit that message need not wait for the claim
    return False


async def _remember_all(mine: Sequence[Standing], holder: str, posted: MessageRef, desk: Desk) -> None:
    """Write down at once, before anything else, who was listed: whoever is not comes in another digest."""
    for at in range(0, len(mine), AT_ONCE):
        shown = [
            (s.group.id, replace(posted, shown_version=s.group.version, told_count=s.group.count))
            for s in mine[at : at + AT_ONCE]
        ]
        await asyncio.gather(*(remember(group_id, holder, message, desk) for group_id, message in shown))


async def _on_board(channel: str, views: Sequence[AlertView], desk: Desk) -> MessageRef:
    """Post it, in the approval channel when this one takes nothing."""
    alerts, meant_for = alerts_of(desk), ""
    try:
        ts = await alerts.board.digest(channel, views)
    except (SlackError, NotAllowed) as error:
        if not is_channel_lost(error) or channel == desk.rules.approval_channel:
            raise
        code = code_of(error)
        alerts.counters.channel_failed(channel, code)
        alerts.counters.count("fallback", code)
        meant = [replace(view, meant_for=channel, refused_with=code) for view in views]
        channel, meant_for = desk.rules.approval_channel, channel
        ts = await alerts.board.digest(channel, meant)
    alerts.counters.channel_works(channel)
    alerts.counters.count("digests")
    now = desk.now()
    return MessageRef(channel, ts, now, now, 0, is_digest=True, meant_for=meant_for)


SCHEDULED: Mapping[str, Callable[[Job, Desk], Awaitable[None]]] = {DIGEST: post_digest}
"""The kinds of scheduled jobs that belong here, and who carries them out."""
