"""How does alerting stand, and why did something stay quiet? For `/psso alerts` and the home tab."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from bot.alert_ports import Alerts
from bot.domain.alert_delivery import silence_of
from bot.domain.alert_overview import (
    KEPT,
    NO_POLL,
    NO_STREAM,
    AboutPerson,
    Overview,
    PollStanding,
    QuietRow,
    Row,
    StreamStanding,
    decisions_of,
    figures_of,
    is_about,
    poll_standing,
    ranked,
    silences_over,
    speaker_of,
    stream_standing,
    telling,
    with_reason,
)
from bot.domain.alerts import AlertGroup, Quieted, Silence
from bot.domain.digest import days_before
from bot.domain.people import User, is_object_id
from bot.errors import BadInput, GraphError, NoSuchUser
from bot.ports import Desk

MOST_LIVE = 10
MOST_QUIET = 5
MOST_DECISIONS = 10
LOOKED_THROUGH = 200
"""The newest quiet events that are looked through for those worth telling."""


async def alerts_overview(desk: Desk) -> Overview | None:
    """Return how alerting stands; None when nothing is watched. Raises StoreUnavailable."""
    alerts, now = desk.alerts, desk.now()
    if alerts is None:
        return None
    days = days_until(now)
    live, silences, noted, counts, failed, poll = await asyncio.gather(
        alerts.groups.live(),
        alerts.silences.standing(now),
        alerts.ledger.quiet(LOOKED_THROUGH),
        alerts.ledger.counts(days),
        alerts.ledger.days(days),
        _poll(alerts, desk),
    )
    first = ranked(live)[:MOST_LIVE]
    return Overview(
        at=now,
        poll=poll,
        stream=_stream(alerts, now),
        live=await _rows(first, silences, noted, alerts, now),
        live_count=len(live),
        last_failure=max((group.last_at for group in live), default=None) or await _last_closed(alerts, now),
        silences=silences,
        today=figures_of([counts.get(days[-1], {})]),
        week=figures_of(counts.values()),
        quiet=await _spoken_for(telling(noted, MOST_QUIET), alerts),
        failed=failed,
    )


async def alerts_about(asked: str, desk: Desk) -> AboutPerson | None:
    """Return what alerting knows of one person; None when nothing is watched.

    Who has failed lately is found without Entra as well. Raises NoSuchUser, BadInput, GraphError,
    StoreUnavailable.
    """
    alerts, now = desk.alerts, desk.now()
    if alerts is None:
        return None
    live, silences, poll = await asyncio.gather(
        alerts.groups.live(), alerts.silences.standing(now), _poll(alerts, desk)
    )
    user, user_id = await _person(asked, live, desk)
    noted, closed = await asyncio.gather(
        alerts.ledger.quiet(MOST_DECISIONS, user_id), alerts.groups.closed_since(now - KEPT)
    )
    spoken = {speaker_of(one) for one in noted}
    mine = [group for group in live if is_about(group, user_id) or group.id in spoken]
    past = [group for group in closed if is_about(group, user_id)][:MOST_DECISIONS]
    open_rows = await _rows(mine[:MOST_LIVE], silences, noted, alerts, now)
    past_rows = await _rows(past, (), (), alerts, now)
    return AboutPerson(
        at=now,
        asked=asked,
        user=user,
        poll=poll,
        stream=_stream(alerts, now),
        open=open_rows,
        decisions=decisions_of((*open_rows, *past_rows), await _spoken_for(noted, alerts), MOST_DECISIONS),
        silences=tuple(silences_over(mine, user_id, silences)),
    )


def days_until(now: datetime) -> tuple[str, ...]:
    """Return the names of the last seven days by UTC, today at the end."""
    return days_before(now + timedelta(days=1))


async def _poll(alerts: Alerts, desk: Desk) -> PollStanding:
    if alerts.feed is None or not desk.rules.poll_every:
        return NO_POLL
    state = await alerts.poll_marks.read()
    return poll_standing(alerts.poll_health, state, desk.rules.poll_every, desk.now())


def _stream(alerts: Alerts, now: datetime) -> StreamStanding:
    return NO_STREAM if alerts.stream is None else stream_standing(alerts.stream_health, now)


async def _rows(
    groups: Sequence[AlertGroup],
    silences: Iterable[Silence],
    noted: Sequence[Quieted],
    alerts: Alerts,
    now: datetime,
) -> tuple[Row, ...]:
    messages = await asyncio.gather(*(alerts.messages.get(group.id) for group in groups))
    looked_after = await asyncio.gather(*(alerts.messages.acknowledged(group.id) for group in groups))
    standing = tuple(silences)
    return tuple(
        with_reason(Row(group, message, by, silence_of(group, standing, now)), noted)
        for group, message, by in zip(groups, messages, looked_after, strict=True)
    )


async def _spoken_for(noted: Iterable[Quieted], alerts: Alerts) -> tuple[QuietRow, ...]:
    rows = [(one, speaker_of(one)) for one in noted]
    ids = list(dict.fromkeys(group_id for _, group_id in rows if group_id))
    found = dict(zip(ids, await asyncio.gather(*map(alerts.groups.get, ids)), strict=True))
    return tuple(QuietRow(one, found.get(group_id)) for one, group_id in rows)


async def _last_closed(alerts: Alerts, now: datetime) -> datetime | None:
    closed = await alerts.groups.closed_since(now - KEPT)
    return max((group.last_at for group in closed), default=None)


async def _person(asked: str, live: Iterable[AlertGroup], desk: Desk) -> tuple[User | None, str]:
    """Return who is meant, and their object id; an account that failed lately needs no Entra."""
    asked = asked.strip()
    if not asked:
        raise BadInput("empty: name a user by user principal name, mail address or object id", "USER")
    try:
        user = await desk.directory.find_user(asked)
    except (NoSuchUser, GraphError):
        if is_object_id(asked):
            return None, asked.lower()
        known = [(one.user_principal_name, one.user_id) for group in live for one in group.people]
        known += [(group.newest.user_principal_name, group.newest.user_id) for group in live]
        names = {address.lower(): user_id for address, user_id in known if user_id}
        if asked.lower() not in names:
            raise
        return None, names[asked.lower()]
    return user, user.id
