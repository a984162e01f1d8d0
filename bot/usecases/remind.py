"""Remind people of a request that waits: in its thread, and at last every approver directly.

A job says nothing once the request is decided, for it reads it anew. Jobs may come twice or late: what
was missed meanwhile is said once, not step by step.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from bot.domain.approval import ChangeRequest, State
from bot.errors import Denial, NotAllowed
from bot.ports import Desk, Job, News
from bot.usecases.admit import Right, admit
from bot.usecases.tell import tell

REMIND = "remind"
STEPS = ((0.25, News.REMINDER), (0.5, News.REMINDER), (0.75, News.ESCALATED))
"""When to speak, as a share of the request's lifetime, and what to say."""

log = logging.getLogger(__name__)


async def keep_up(request: ChangeRequest, desk: Desk) -> None:
    """Schedule the next reminder of a pending request; forget those of one that is decided."""
    if request.state is State.PENDING:
        await begin(request, desk)
    else:
        await stop(request, desk)


async def begin(request: ChangeRequest, desk: Desk) -> None:
    """Schedule the next reminder; beginning again moves it, and doubles nothing."""
    for share, news in STEPS:
        due = _due(request, share)
        if due > desk.now():
            body = {"request_id": request.id, "news": str(news)}
            await desk.schedule.put(REMIND, request.id, due, body)
            return


async def stop(request: ChangeRequest, desk: Desk) -> None:
    """Forget the reminders of a request that nobody has to decide any more."""
    await desk.schedule.drop(REMIND, request.id)


async def carry_out_reminder(job: Job, desk: Desk) -> None:
    """Carry out one job {request_id, news} or {request_id, slack_id}. Raises SlackError: come again."""
    request = await _pending(job.body["request_id"], desk)
    if request is None:
        return
    if "slack_id" in job.body:
        await _tell_approver(job.body["slack_id"], request, desk)
        return
    news = _news_by_now(request, News(job.body["news"]), desk.now())
    if news is News.ESCALATED:
        await _escalate(request, desk)
    await desk.announcer.reply(request, news)
    await begin(request, desk)


async def approvers_of(request: ChangeRequest, desk: Desk) -> tuple[str, ...]:
    """Return the Slack ids of those who may still vote as far as Slack knows; groups are read this moment."""
    listed = desk.rules.approvers
    found = {name for name in listed if not name.startswith("S")}
    for group in sorted(listed - found):
        found |= await desk.workspace.members(group, fresh=True)
    found -= {request.wish.requester.slack_id, *(vote.person.slack_id for vote in request.votes)}
    return tuple(sorted(found))


async def _pending(request_id: str, desk: Desk) -> ChangeRequest | None:
    try:
        request = await desk.requests.get(request_id)
    except NotAllowed as error:
        if error.denial is not Denial.UNKNOWN_REQUEST:
            raise
        return None
    return request if request.state is State.PENDING else None


def _due(request: ChangeRequest, share: float) -> datetime:
    wish = request.wish
    lifetime: timedelta = wish.expires_at - wish.created_at
    return wish.created_at + lifetime * share


def _news_by_now(request: ChangeRequest, planned: News, now: datetime) -> News:
    """What the latest step that is due says: a job that comes late does not fall behind."""
    due = [news for share, news in STEPS if _due(request, share) <= now]
    return due[-1] if due else planned


async def _escalate(request: ChangeRequest, desk: Desk) -> None:
    """One job for each approver: nobody is told twice because somebody else could not be reached."""
    for slack_id in await approvers_of(request, desk):
        body = {"request_id": request.id, "slack_id": slack_id}
        await desk.schedule.put(REMIND, f"{request.id}:{slack_id}", desk.now(), body)


async def _tell_approver(slack_id: str, request: ChangeRequest, desk: Desk) -> None:
    """Tell an approver who could vote: not the target, nor the requester's second account."""
    try:
        approver = await admit(slack_id, Right.APPROVE, desk)
    except NotAllowed as error:
        if error.denial is Denial.CANNOT_CHECK:
            raise
        log.info("request %s: %s is not told: %s", request.id, slack_id, error.denial)
        return
    wish = request.wish
    voted = {vote.person.object_id for vote in request.votes}
    if approver.object_id not in {wish.requester.object_id, wish.target.object_id, *voted}:
        await tell(slack_id, request, News.ESCALATED, desk)


SCHEDULED = {REMIND: carry_out_reminder}
"""The kind of scheduled jobs that belongs here, and who carries it out."""
