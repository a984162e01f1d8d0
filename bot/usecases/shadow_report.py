"""After a week of shadow mode say once what the alerts would have been worth.

A daily job notes that shadow mode was on; the eighth day reports. A break in between begins a new week.
"""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, time, timedelta

from bot.alert_ports import Alerts
from bot.domain.alerts import AlertGroup, Quiet
from bot.domain.digest import days_before
from bot.domain.shadow import WATCHED_FOR, ShadowReport, shadow_report
from bot.ports import Desk, Job

SHADOW = "shadow"
SHADOW_ON = "shadow_on"
HOUR = time(8, tzinfo=UTC)
REMEMBERED = timedelta(days=35)
WEEKS_KEPT = 5  # the ledger keeps 40 days
MOST_KEPT = 1_000

log = logging.getLogger(__name__)


async def begin_shadow(desk: Desk) -> None:
    """Note that shadow mode is on, and look again tomorrow; call it at every start. StoreUnavailable."""
    if not desk.rules.shadow or desk.alerts is None or desk.alerts.reports is None:
        return
    now = desk.now()
    await desk.alerts.ledger.count(f"{now:%Y-%m-%d}", SHADOW_ON)
    due = datetime.combine(now.date(), HOUR)
    due += timedelta(days=1) if due <= now else timedelta(0)
    await desk.schedule.put(SHADOW, f"{due:%Y-%m-%d}", due, {})


async def look_back(_: Job, desk: Desk) -> None:
    """Carry out the daily job. Raises SlackError, NotAllowed, StoreUnavailable: come again."""
    alerts, channel = desk.alerts, desk.rules.alert_channel or desk.rules.approval_channel
    await begin_shadow(desk)
    if not desk.rules.shadow or alerts is None or alerts.reports is None:
        return
    first = await _first_day(desk, alerts)
    if first is None or desk.now().date() - first < WATCHED_FOR:
        return
    key = str(first)
    if await desk.limits.count(SHADOW, key, REMEMBERED):
        return
    await alerts.reports.shadow(channel, await _report(desk, alerts))
    await desk.limits.admit(SHADOW, key, 1, REMEMBERED, key)


async def _first_day(desk: Desk, alerts: Alerts) -> date | None:
    """Return the first day without a break until today; None when that is longer ago than is remembered."""
    days = days_before(desk.now(), WEEKS_KEPT)[::-1]
    counts = await alerts.ledger.counts(days)
    for back, day in enumerate(days):
        if not counts.get(day, {}).get(SHADOW_ON):
            return desk.now().date() - timedelta(days=back)
    return None


async def _report(desk: Desk, alerts: Alerts) -> ShadowReport:
    now = desk.now()
    since = now - WATCHED_FOR
    days = (*days_before(now), f"{now:%Y-%m-%d}")
    counts = await alerts.ledger.counts(days)
    alerts_of_week = sum(counts.get(day, {}).get("shadowed", 0) for day in days)
    return shadow_report(await _kept_quiet(alerts, since), alerts_of_week, since, now)


async def _kept_quiet(alerts: Alerts, since: datetime) -> list[AlertGroup]:
    """Return the groups that would have been posted: those whose only reason for quiet was shadow mode."""
    noted = await alerts.ledger.quiet(MOST_KEPT)
    wanted = {one.group_id for one in noted if one.why is Quiet.SHADOW and one.at >= since}
    known = (*await alerts.groups.live(), *await alerts.groups.closed_since(since))
    return [group for group in known if group.id in wanted]


SCHEDULED = {SHADOW: look_back}
"""The kind of scheduled jobs that belongs here, and who carries it out."""
