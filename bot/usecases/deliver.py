"""Tell people what happened to a request: its card first, then the thread, then those who wait for it.

A job may come twice, and jobs may overtake each other; the card always ends as the record stands.
"""

from __future__ import annotations

import logging

from bot.domain.approval import ChangeRequest, State
from bot.errors import Denial, NotAllowed, SlackError
from bot.ports import Desk, Job, News

IN_THREAD = frozenset({News.APPROVED, News.DENIED, News.CANCELLED, News.EXPIRED, News.VERIFIED, News.FAILED})
TO_REQUESTER = frozenset({News.APPROVED, News.DENIED, News.EXPIRED, News.VERIFIED, News.FAILED})
TO_APPROVERS = frozenset({News.VERIFIED, News.FAILED})

UNREACHABLE = frozenset(
    {
        "account_inactive",
        "cannot_dm_bot",
        "channel_not_found",
        "messages_tab_disabled",
        "not_allowed_token_type",
        "user_disabled",
        "user_not_found",
        "user_not_visible",
        "users_not_found",
    }
)
"""Slack's words for a person who cannot be written to, now or later."""

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
    if int(job.body["version"]) >= request.version:
        request = await _bring_card_up_to_date(request, desk)
    news = news_of(State(job.body["state"]), int(job.body["version"]))
    if news in IN_THREAD:
        await desk.announcer.reply(request, news)
    for slack_id in _listeners(request, news):
        await _tell(slack_id, request, news, desk)


def news_of(state: State, version: int) -> News:
    """Name the news of a move: the first version of a request is its opening, a later pending one a vote."""
    if state is State.PENDING:
        return News.OPENED if version <= 1 else News.APPROVED_ONE
    return News(state.value)


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


async def _tell(slack_id: str, request: ChangeRequest, news: News, desk: Desk) -> None:
    """A person who cannot be written to must not hold up the others; the thread has the news too."""
    try:
        await desk.announcer.tell(slack_id, request, news)
    except SlackError as error:
        if error.code not in UNREACHABLE:
            raise
        log.warning("request %s: %s cannot be told: %s", request.id, slack_id, error.code)
