"""The schedule, worked off like any other queue: kinds of jobs, and who carries each of them out."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.errors import AuditUnavailable, Denial, NotAllowed, SlackError
from bot.ports import Desk, Entry, Job, Journal, Pause, Schedule
from bot.usecases import (
    aftercare,
    alert_digest,
    deliver_alerts,
    freeze,
    pause_alerts,
    remind,
    shadow_report,
    weekly_digest,
)

LEASE = timedelta(minutes=2)
"""Longer than any job takes, so that nobody else takes it meanwhile; a failed job comes again after it."""

KINDS: Mapping[str, Callable[[Job, Desk], Awaitable[None]]] = {
    **aftercare.SCHEDULED,
    **remind.SCHEDULED,
    **freeze.SCHEDULED,
    **deliver_alerts.SCHEDULED,
    **alert_digest.SCHEDULED,
    **pause_alerts.SCHEDULED,
    **weekly_digest.SCHEDULED,
    **shadow_report.SCHEDULED,
}

SLACK_AGAIN = timedelta(minutes=5)
MOST_SLACK_TRIES = 300
"""What Slack does not take is offered again for a day: a chain of looks must not end with an outage."""

log = logging.getLogger(__name__)


async def carry_out_scheduled(job: Job, desk: Desk) -> None:
    """Carry out one job; one about a request that is no longer kept is over, and so is an unknown kind."""
    kind = KINDS.get(job.kind)
    if kind is None:
        log.warning("nobody carries out scheduled jobs of kind %s", job.kind)
        return
    try:
        await kind(job, desk)
    except NotAllowed as error:
        if error.denial is not Denial.UNKNOWN_REQUEST:
            raise
        log.warning("scheduled job %s is about a request that is no longer kept", job.id)
    except SlackError as error:
        tries = int(job.body.get("slack_tries", "0")) + 1
        if tries > MOST_SLACK_TRIES:
            raise
        log.warning("scheduled job %s comes again: %s", job.id, error)
        key, body = job.id.removeprefix(f"{job.kind}:"), {**job.body, "slack_tries": str(tries)}
        await desk.schedule.put(job.kind, key, desk.now() + SLACK_AGAIN, body)


@dataclass(frozen=True, slots=True)
class DueJobs:
    """The port Queue over a schedule: what is due is there to be taken."""

    schedule: Schedule
    journal: Journal
    pause: Pause
    lease: timedelta = LEASE

    async def take(self, consumer: str, count: int, wait: float) -> tuple[Job, ...]:
        """Return due jobs; () after `wait` seconds when there are none."""
        jobs = await self.schedule.take_due(count, self.lease)
        if not jobs:
            await self.pause(wait)
        return jobs

    async def done(self, job: Job) -> None:
        """Forget a job, unless carrying it out put it again."""
        await self.schedule.done(job)

    async def bury(self, job: Job, why: str) -> None:
        """Give a job up, and leave a line about it in the journal."""
        log.error("scheduled job %s is given up: %s", job.id, why)
        request_id = job.body.get("request_id")
        detail = {"job": job.id, "why": why}
        try:
            await self.journal.write(Entry("schedule.given_up", request_id=request_id, detail=detail))
        except AuditUnavailable:
            return  # it comes again, and is given up when that can be written down
        await self.schedule.done(job)
