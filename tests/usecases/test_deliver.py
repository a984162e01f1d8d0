"""Who hears what, and that the card ends as the record stands."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.domain.approval import ChangeRequest, Failure, State
from bot.errors import BotError, Denial, NotAllowed, SlackError
from bot.ports import Job, News
from bot.usecases.deliver import deliver, news_of
from bot.usecases.execute import LEASE, execute
from bot.usecases.expire import expire
from tests.fakes import FakeDesk, a_desk
from tests.usecases.requests import a_pending_request, a_wish, an_approved_request


async def deliver_all(desk: FakeDesk) -> None:
    for job in await desk.outbox.take("w", 100, 0):
        await deliver(job, desk)
        await desk.outbox.done(job)


def a_job(request: ChangeRequest, version: int | None = None, state: State | None = None) -> Job:
    body = {
        "request_id": request.id,
        "state": str(state or request.state),
        "version": str(version or request.version),
    }
    return Job("1-0", "request", "op", body)


async def test_an_opened_request_is_shown_and_its_card_remembered() -> None:
    desk = a_desk()
    await desk.requests.open(a_wish(), "op")

    await deliver_all(desk)

    assert len(desk.announcer.shown) == 1
    card = desk.requests.records["req-1"].card
    assert card is not None
    assert card.posted_at == desk.now()
    assert (desk.announcer.replies, desk.announcer.told) == ([], [])


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (NotAllowed(Denial.SHARED_CHANNEL), "it is shared with another organisation"),
        (SlackError("chat.postMessage", "is_archived"), "it is archived"),
    ],
)
async def test_who_asked_is_told_once_when_the_channel_takes_no_card(trouble: BotError, why: str) -> None:
    desk = a_desk()
    await desk.requests.open(a_wish(), "op")
    desk.announcer.troubles["show"] = trouble

    for _ in range(2):
        for job in await desk.outbox.take("w", 100, 0):
            with pytest.raises(type(trouble)):
                await deliver(job, desk)
        desk.outbox.abandon()

    assert desk.announcer.told == [("U0HANNA", "req-1", News.NOT_POSTED)]
    assert desk.announcer.told_details[-1] == (News.NOT_POSTED, why)


async def test_a_card_that_slack_takes_later_is_no_news() -> None:
    desk = a_desk()
    await desk.requests.open(a_wish(), "op")
    desk.announcer.troubles["show"] = SlackError("chat.postMessage", "ratelimited", 1.0)

    for job in await desk.outbox.take("w", 100, 0):
        with pytest.raises(SlackError):
            await deliver(job, desk)

    assert desk.announcer.told == []


async def test_a_verified_change_is_told_to_requester_and_approvers() -> None:
    desk = a_desk()
    await an_approved_request(desk)
    await execute("req-1", "w1", desk)

    await deliver_all(desk)

    assert [news for _, news in desk.announcer.replies] == [News.APPROVED, News.VERIFIED]
    assert [(who, news) for who, _, news in desk.announcer.told] == [
        ("U0HANNA", News.APPROVED),
        ("U0HANNA", News.VERIFIED),
        ("U0PAUL", News.VERIFIED),
        ("U0PIA", News.VERIFIED),
    ]
    assert [shown.state for shown in desk.announcer.shown] == [State.VERIFIED]  # older versions are skipped


async def test_a_failed_change_is_told_too() -> None:
    desk = a_desk()
    await an_approved_request(desk)
    claimed = await desk.requests.claim("req-1", "w1", LEASE)
    await desk.requests.finish("req-1", claimed.fence, State.FAILED, Failure.GONE, "It is gone.")

    await deliver_all(desk)

    assert {who for who, _, news in desk.announcer.told if news is News.FAILED} == {
        "U0HANNA",
        "U0PAUL",
        "U0PIA",
    }


async def test_an_expired_request_is_told_to_the_requester_and_journalled() -> None:
    desk = a_desk()
    await a_pending_request(desk)
    desk.clock.advance(timedelta(minutes=30).total_seconds())

    expired = await expire(desk)
    await deliver_all(desk)

    assert [request.state for request in expired] == [State.EXPIRED]
    assert desk.journal.kinds == ["request.expired"]
    assert desk.announcer.told == [("U0HANNA", "req-1", News.EXPIRED)]
    assert await expire(desk) == ()


async def test_a_cancelled_request_is_said_in_the_thread_only() -> None:
    desk = a_desk()
    request = await a_pending_request(desk)
    await desk.requests.cancel(request.id, request.wish.requester, "op-c")

    await deliver_all(desk)

    assert [news for _, news in desk.announcer.replies] == [News.CANCELLED]
    assert desk.announcer.told == []


async def test_an_update_that_lands_late_is_followed_by_the_current_one() -> None:
    desk = a_desk()
    executing = await an_approved_request(desk)
    stale = a_job(executing)
    desk.announcer.delays["show"] = 0.01

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(deliver(stale, desk))
        await asyncio.sleep(0.002)
        await execute("req-1", "w1", desk)

    assert desk.announcer.shown[-1].state is State.VERIFIED


async def test_a_repeated_job_updates_the_card_instead_of_posting_another() -> None:
    desk = a_desk()
    request = await desk.requests.open(a_wish(), "op")
    await deliver(a_job(request), desk)
    card = desk.requests.records["req-1"].card

    await deliver(a_job(request), desk)

    assert desk.requests.records["req-1"].card == card
    assert desk.announcer.shown[-1].card == card


@pytest.mark.parametrize("method", ["show", "reply", "tell"])
async def test_when_slack_asks_to_wait_the_job_comes_again(method: str) -> None:
    desk = a_desk()
    request = await an_approved_request(desk)
    desk.announcer.troubles[method] = [SlackError("chat.postMessage", "ratelimited", retry_after=30)]

    with pytest.raises(SlackError):
        await deliver(a_job(request), desk)
    await deliver(a_job(request), desk)

    assert desk.announcer.told == [("U0HANNA", "req-1", News.APPROVED)]


async def test_a_person_who_cannot_be_written_to_does_not_hold_up_the_others() -> None:
    desk = a_desk()
    await an_approved_request(desk)
    request = await execute("req-1", "w1", desk)
    desk.announcer.troubles["tell"] = [SlackError("conversations.open", "user_disabled")]

    await deliver(a_job(request), desk)

    assert [who for who, _, _ in desk.announcer.told] == ["U0PAUL", "U0PIA"]


async def test_news_of_a_request_that_is_no_longer_kept_is_dropped() -> None:
    desk = a_desk()

    await deliver(Job("1-0", "x", "o", {"request_id": "old", "state": "denied", "version": "2"}), desk)

    assert desk.announcer.calls == []


@pytest.mark.parametrize(
    ("state", "version", "news"),
    [
        (State.PENDING, 1, News.OPENED),
        (State.PENDING, 2, News.APPROVED_ONE),
        *[(state, 3, News(state.value)) for state in State if state is not State.PENDING],
    ],
)
def test_every_move_has_a_name(state: State, version: int, news: News) -> None:
    assert news_of(state, version) is news
