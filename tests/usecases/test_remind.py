"""Reminders: when, to whom, and when no longer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.approval import CardRef
from bot.errors import SlackError
from bot.ports import News
from bot.usecases.decide import approve, cancel, deny
from bot.usecases.deliver import deliver
from bot.usecases.remind import REMIND, SCHEDULED
from tests.fakes import (
    APPROVAL_CHANNEL,
    APPROVER,
    APPROVER_2,
    HELPDESK,
    NOON,
    TARGET,
    FakeDesk,
    a_desk,
    slack_id_of,
    some_rules,
)
from tests.usecases.requests import CARD_TS, a_click, a_wish
from tests.usecases.test_deliver import deliver_all

QUARTER = timedelta(minutes=30) / 4
GROUP = some_rules(approvers=frozenset({"S0APPROVERS"}))


async def opened_desk(**overrides: object) -> FakeDesk:
    """A desk with one request of thirty minutes, opened at noon and shown."""
    desk = a_desk(**overrides)
    await desk.requests.open(a_wish(), "op")
    await desk.requests.show_on("req-1", CardRef(APPROVAL_CHANNEL, CARD_TS, desk.now()))
    await deliver_all(desk)
    desk.announcer.replies.clear()
    return desk


async def run_due(desk: FakeDesk) -> None:
    """Do everything that is due, and what becomes due by it, as the schedule's worker does."""
    while jobs := await desk.schedule.take_due(100, timedelta(minutes=1)):
        for job in jobs:
            await SCHEDULED[job.kind](job, desk)
            await desk.schedule.done(job)


async def at(desk: FakeDesk, since_noon: timedelta) -> None:
    desk.clock.time = NOON + since_noon
    await run_due(desk)


def told(desk: FakeDesk) -> set[str]:
    assert all(news is News.ESCALATED for _, _, news in desk.announcer.told)
    assert len({who for who, _, _ in desk.announcer.told}) == len(desk.announcer.told)
    return {who for who, _, _ in desk.announcer.told}


async def test_a_request_that_waits_is_brought_to_mind_twice_and_then_to_every_approver() -> None:
    desk = await opened_desk()
    assert desk.schedule.due(REMIND) == NOON + QUARTER

    said = []
    for quarter in (0.9, 1, 1.5, 2, 2.5, 3, 3.9):
        await at(desk, QUARTER * quarter)
        said.append((quarter, len(desk.announcer.replies), len(desk.announcer.told)))

    assert said == [(0.9, 0, 0), (1, 1, 0), (1.5, 1, 0), (2, 2, 0), (2.5, 2, 0), (3, 3, 2), (3.9, 3, 2)]
    assert [news for _, news in desk.announcer.replies] == [News.REMINDER, News.REMINDER, News.ESCALATED]
    assert told(desk) == {"U0PAUL", "U0PIA"}
    assert desk.schedule.jobs == {}


async def test_members_of_the_groups_are_read_at_that_moment() -> None:
    desk = await opened_desk(rules=GROUP)
    desk.workspace.groups["S0APPROVERS"] = frozenset({slack_id_of(APPROVER_2)})

    await at(desk, QUARTER * 3)

    assert told(desk) == {"U0PIA"}
    assert desk.workspace.fresh_reads == ["S0APPROVERS"]


async def test_requester_target_and_who_voted_are_not_told() -> None:
    desk = await opened_desk(rules=GROUP)
    everyone = (HELPDESK, TARGET, APPROVER, APPROVER_2)
    desk.workspace.groups["S0APPROVERS"] = frozenset(slack_id_of(user) for user in everyone)
    desk.clock.advance(5)
    await approve(a_click(desk), desk)

    await at(desk, QUARTER * 3)

    assert told(desk) == {"U0PIA"}


async def test_who_may_not_approve_any_more_is_not_told() -> None:
    desk = await opened_desk()
    desk.workspace.change(APPROVER, is_deleted=True)

    await at(desk, QUARTER * 3)

    assert told(desk) == {"U0PIA"}


@pytest.mark.parametrize("ending", ["denied", "approved", "cancelled", "expired"])
async def test_a_decided_request_is_not_mentioned_again(ending: str) -> None:
    desk = await opened_desk()
    desk.clock.advance(5)
    if ending == "denied":
        await deny(a_click(desk), "Not verified", desk)
    elif ending == "cancelled":
        await cancel(a_click(desk, HELPDESK), desk)
    elif ending == "approved":
        await approve(a_click(desk), desk)
        await approve(a_click(desk, APPROVER_2), desk)
    else:
        desk.clock.time = NOON + timedelta(minutes=31)
        await desk.requests.expire_due()
    before = list(desk.schedule.jobs)

    await run_due(desk)  # a job that was on its way
    desk.announcer.told.clear()
    await deliver_all(desk)

    assert before == ["remind:req-1"]
    assert News.REMINDER not in [news for _, news in desk.announcer.replies]
    assert "remind:req-1" not in desk.schedule.jobs


async def test_a_job_on_its_way_says_nothing_once_the_request_is_decided() -> None:
    desk = await opened_desk()
    desk.clock.time = NOON + QUARTER * 3
    (job,) = await desk.schedule.take_due(10, timedelta(minutes=1))
    await deny(a_click(desk), "Not verified", desk)

    await SCHEDULED[job.kind](job, desk)

    assert (desk.announcer.replies, desk.announcer.told) == ([], [])


async def test_what_was_missed_is_said_once() -> None:
    desk = await opened_desk()

    await at(desk, QUARTER * 2.5)

    assert [news for _, news in desk.announcer.replies] == [News.REMINDER]
    assert desk.schedule.due(REMIND) == NOON + QUARTER * 3


async def test_news_that_is_delivered_again_starts_no_second_row_of_reminders() -> None:
    desk = await opened_desk()
    await at(desk, QUARTER)
    job = desk.outbox.finished[0]

    await deliver(job, desk)
    await at(desk, QUARTER * 1.9)

    assert [news for _, news in desk.announcer.replies] == [News.REMINDER]
    assert desk.schedule.due(REMIND) == NOON + QUARTER * 2


async def test_slack_that_fails_for_one_approver_does_not_tell_the_others_twice() -> None:
    desk = await opened_desk()
    desk.announcer.troubles["tell"] = [None, SlackError("chat.postMessage", "fatal_error")]
    desk.clock.time = NOON + QUARTER * 3

    with pytest.raises(SlackError):
        await run_due(desk)
    desk.clock.advance(61)
    await run_due(desk)

    assert told(desk) == {"U0PAUL", "U0PIA"}


async def test_an_approver_who_cannot_be_written_to_is_left_out() -> None:
    desk = await opened_desk()
    desk.announcer.troubles["tell"] = [SlackError("conversations.open", "user_disabled")]

    await at(desk, QUARTER * 3)

    assert len(told(desk)) == 1
    assert desk.schedule.jobs == {}


async def test_a_request_that_is_no_longer_kept_is_forgotten() -> None:
    desk = await opened_desk()
    desk.requests.records.clear()

    await at(desk, QUARTER)

    assert desk.schedule.jobs == {}
