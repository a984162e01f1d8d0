"""Post the week's failures once a week.

Each digest is a job under the moment it is due at, so starting again, or on several replicas, doubles none;
the next one is put when one is done. What was missed while the bot was down is made up for once.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from bot.domain.digest import DAYS, days_before, week_of
from bot.ports import Desk, Job

DIGEST = "digest"
REMEMBERED = timedelta(days=DAYS + 1)

log = logging.getLogger(__name__)


async def begin_digests(desk: Desk) -> None:
    """Schedule the next digest, where they are wanted; call it at every start. Raises StoreUnavailable."""
    if desk.rules.digest_at is None or desk.alerts is None or desk.alerts.reports is None:
        return
    due = desk.rules.digest_at.after(desk.now())
    await desk.schedule.put(DIGEST, _key(due), due, {"due": due.isoformat()})


async def post_digest(job: Job, desk: Desk) -> None:
    """Carry out one job {due}. Raises SlackError, NotAllowed, StoreUnavailable: come again."""
    due, at = datetime.fromisoformat(job.body["due"]), desk.rules.digest_at
    await begin_digests(desk)
    if at is None or at.after(due - timedelta(seconds=1)) != due:
        log.info("the digest of %s is not posted: the setting has changed", job.body["due"])
        return
    await _post(due, desk)


async def _post(due: datetime, desk: Desk) -> None:
    alerts, rules = desk.alerts, desk.rules
    if alerts is None or alerts.reports is None or rules.shadow or not rules.alert_channel:
        return  # in shadow mode nothing is posted
    key = _key(due)
    if await desk.limits.count(DIGEST, key, REMEMBERED):
        return
    week = week_of(await alerts.ledger.days(days_before(due, weeks=2)))
    await alerts.reports.week(rules.alert_channel, week)
    await desk.limits.admit(DIGEST, key, 1, REMEMBERED, key)


def _key(due: datetime) -> str:
    return f"{due:%Y-%m-%dT%H:%MZ}"


SCHEDULED = {DIGEST: post_digest}
"""The kind of scheduled jobs that belongs here, and who carries it out."""
