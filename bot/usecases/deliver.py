"""Tell people what happened to a request: its card first, then the thread, then those who wait for it.

A job may come twice, and jobs may overtake each other; the card always ends as the record stands.
"""

from __future__ import annotations

import logging

from bot.domain.approval import ChangeRequest, State
from bot.errors import Denial, NotAllowed, SlackError
from bot.ports import Desk, Job, News
from bot.usecases import aftercare, remind
from bot.usecases.anchor import receipt
from bot.usecases.approval_channel import obstacle_in
from bot.usecases.record import expiry_recorded
from bot.usecases.tell import tell

IN_THREAD = frozenset({News.APPROVED, News.DENIED, News.CANCELLED, News.EXPIRED, News.VERIFIED, News.FAILED})
TO_REQUESTER = frozenset({News.APPROVED, News.DENIED, News.EXPIRED, News.VERIFIED, News.FAILED})
TO_APPROVERS = frozenset({News.VERIFIED, News.FAILED})

log = logging.getLogger(__name__)


async def deliver(job: Job, desk: Desk) -> None:
    """Carry out one outbox job {request_id, state, version}. Raises SlackError: deliver it again later."""
    try:
        request = await desk.requests.get(job.body["request_id"])
    except NotAllowed as error:
        if error.denial is not Denial.UNKNOWN_REQUEST:
            raise
        log.warning("news of request %s, which is no longer kept", job.body["request_id"])
        return
    if job.body["state"] == State.VERIFIED:
        await aftercare.begin(request, desk)  # before anything that Slack could hold up
    # A first delivery that was cut short may have shown an old state after somebody showed a newer one.
    if int(job.body["version"]) >= request.version or job.deliveries > 1:
        request = await _card_shown(job, request, desk)
    news = news_of(State(job.body["state"]), int(job.body["version"]))
    await remind.keep_up(request, desk)
    if news is News.EXPIRED:
        await expiry_recorded(request, desk, again=job.deliveries > 1)
    if news in IN_THREAD:
        await desk.announcer.reply(request, news, await receipt(desk) if news is News.VERIFIED else "")
    for slack_id in _listeners(request, news):
        await tell(slack_id, request, news, desk)


def news_of(state: State, version: int) -> News:
    """Name the news of a move: the first version of a request is its opening, a later pending one a vote."""
    if state is State.PENDING:
        return News.OPENED if version <= 1 else News.APPROVED_ONE
    return News(state.value)


async def _card_shown(job: Job, request: ChangeRequest, desk: Desk) -> ChangeRequest:
    """Show the card. Who asked is told, once, when the channel has become one that takes none."""
    try:
        return await _bring_card_up_to_date(request, desk)
    except (NotAllowed, SlackError) as error:
        obstacle = obstacle_in(error)
        if obstacle is not None and request.card is None and job.deliveries == 1:
            await tell(request.wish.requester.slack_id, request, News.NOT_POSTED, desk, obstacle)
        raise


async def _bring_card_up_to_date(request: ChangeRequest, desk: Desk) -> ChangeRequest:
    """Show the record, and show it again when it moved on meanwhile: the last one to write looks again."""
    while True:
        card = await desk.announcer.show(request)
        shown = request.version
        if request.card is None:
            request = await desk.requests.show_on(request.id, card)
        else:
            request = await desk.requests.get(request.id)
        if request.version == shown:
            return request


def _listeners(request: ChangeRequest, news: News) -> tuple[str, ...]:
    """Slack ids of those who wait for this news, each once."""
    found = [request.wish.requester.slack_id] if news in TO_REQUESTER else []
    if news in TO_APPROVERS:
        found += [vote.person.slack_id for vote in request.approvals]
    return tuple(dict.fromkeys(found))
