"""After a change: registered, still blocked by something else, or never tried. Old failures blame nobody."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from bot.domain.approval import Decision, Vote
from bot.domain.people import AuthenticationMethod
from bot.errors import GraphRefused, GraphThrottled, GraphUnreachable, SlackError
from bot.ports import News
from bot.usecases.execute import execute
from bot.usecases.undo import UndoAsk, request_undo
from tests.fakes import (
    APPROVER,
    HELPDESK,
    NOON,
    TARGET,
    FakeDesk,
    a_blocked_registration,
    a_desk,
    a_person,
    some_rules,
)
from tests.usecases.later import a_failure, a_token, a_verified_request, deliver_all, let_pass, work_off_due


def followed(desk: FakeDesk) -> list[News]:
    """What the thread was told."""
    return [news for _, news in desk.announcer.replies]


async def test_a_token_of_the_broker_means_registered() -> None:
    desk = a_desk()
    request = await a_verified_request(desk, restore_after_hours=8.0)
    assert request.finished_at is not None
    at = request.finished_at + timedelta(minutes=4)

    await let_pass(desk, minutes=3.5)
    assert followed(desk) == []
    desk.sign_in_log.rows.append(a_token(at))
    await let_pass(desk, hours=24)

    assert desk.announcer.details == [
        (News.REGISTERED, f"Registered at {at:%H:%M} UTC: the broker got its token on MH-MacBook.")
    ]
    assert desk.announcer.told == [("U0HANNA", "req-1", News.REGISTERED)]
    assert "follow.registered" in desk.journal.kinds
    assert desk.schedule.jobs == {}  # neither followed nor restored any more


async def test_a_new_key_means_registered_too() -> None:
    desk = a_desk()
    old = AuthenticationMethod("k0", "platformCredential", "Old Mac", NOON - timedelta(days=9), "macOS")
    desk.directory.methods_of[TARGET.id] = (old,)
    request = await a_verified_request(desk)
    assert request.finished_at is not None
    at = request.finished_at + timedelta(seconds=90)
    new = AuthenticationMethod("k1", "platformCredential", "Mac", at, "macOS")

    await let_pass(desk, seconds=65)
    assert followed(desk) == []
    desk.directory.methods_of[TARGET.id] = (old, new)
    await let_pass(desk, minutes=2)

    assert followed(desk) == [News.REGISTERED]
    assert desk.sign_in_log.calls.count("interactive") == 1  # the key was enough the second time


@pytest.mark.parametrize(
    "row",
    [
        {"resource_id": "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9"},  # device registration itself proves nothing
        {"is_interactive": True},  # the person's own sign-in comes before the request that may fail
        {"operating_system": "Ios 18"},
        {"app_id": "other"},
    ],
    ids=["device registration", "in the foreground", "another device", "another app"],
)
async def test_not_every_success_is_a_registration(row: dict[str, str]) -> None:
    desk = a_desk()
    request = await a_verified_request(desk)
    assert request.finished_at is not None
    desk.sign_in_log.rows.append(a_token(request.finished_at + timedelta(seconds=30), **row))

    await let_pass(desk, minutes=70)

    assert followed(desk) == [News.NOT_TRIED]


async def test_a_new_failure_names_what_blocks_now() -> None:
    desk = a_desk()
    request = await a_verified_request(desk)
    assert request.finished_at is not None
    at = request.finished_at + timedelta(minutes=2)
    await let_pass(desk, minutes=2)
    desk.sign_in_log.rows.append(a_failure(at))

    await let_pass(desk, minutes=3)

    (news, detail) = desk.announcer.details[0]
    assert news is News.STILL_BLOCKED
    assert f"AADSTS53000 at {at:%H:%M} UTC, stopped by the Conditional Access policy" in detail
    assert "“Require a compliant Mac”" in detail
    assert " Next: " in detail
    assert desk.announcer.told == [("U0HANNA", "req-1", News.STILL_BLOCKED)]


async def test_a_sign_in_before_the_failure_is_no_registration() -> None:
    desk = a_desk()
    request = await a_verified_request(desk)
    done = request.finished_at
    assert done is not None
    desk.sign_in_log.rows += [
        a_token(done + timedelta(seconds=10), is_interactive=True),
        a_token(done + timedelta(seconds=15)),
        a_failure(done + timedelta(seconds=30)),
    ]

    await let_pass(desk, minutes=2)

    assert followed(desk) == [News.STILL_BLOCKED]


async def test_each_cause_is_said_once_and_a_later_success_still_counts() -> None:
    desk = a_desk()
    request = await a_verified_request(desk)
    done = request.finished_at
    assert done is not None
    rows = desk.sign_in_log.rows
    rows += [a_failure(done + timedelta(seconds=30)), a_failure(done + timedelta(seconds=40))]
    await let_pass(desk, minutes=10)
    rows.append(a_failure(done + timedelta(minutes=10)))  # the same once more
    await let_pass(desk, minutes=10)
    rows.append(a_failure(done + timedelta(minutes=20), policy="Block legacy"))
    await let_pass(desk, minutes=10)
    rows.append(a_token(done + timedelta(minutes=30)))
    await let_pass(desk, minutes=60)

    assert followed(desk) == [News.STILL_BLOCKED, News.STILL_BLOCKED, News.REGISTERED]
    said = [detail for _, detail in desk.announcer.details]
    assert "Require a compliant Mac" in said[0]
    assert "Block legacy" in said[1]


async def test_old_failures_blame_nobody() -> None:
    desk = a_desk()
    request = await a_verified_request(desk)
    assert request.finished_at is not None
    late_in_the_log = a_failure(request.finished_at - timedelta(seconds=1))
    desk.sign_in_log.rows += [late_in_the_log, a_blocked_registration(minutes_ago=1)]

    await let_pass(desk, minutes=59)
    assert followed(desk) == []
    await let_pass(desk, minutes=2)

    assert followed(desk) == [News.NOT_TRIED]
    assert "shows no try" in desk.announcer.details[0][1]
    assert desk.schedule.due("follow") is None


async def test_who_tried_in_vain_is_not_called_idle() -> None:
    desk = a_desk()
    request = await a_verified_request(desk)
    assert request.finished_at is not None
    desk.sign_in_log.rows.append(a_failure(request.finished_at + timedelta(minutes=1)))

    await let_pass(desk, minutes=90)

    assert followed(desk) == [News.STILL_BLOCKED]


async def test_looks_are_cheap_and_become_rarer() -> None:
    desk = a_desk()
    await a_verified_request(desk)
    desk.sign_in_log.calls.clear()
    desk.policies.calls.clear()
    done = desk.now()
    looks = []
    while (due := desk.schedule.due("follow")) is not None:
        looks.append((due - done).total_seconds())
        await let_pass(desk, seconds=(due - desk.now()).total_seconds())

    rests = [round(later - earlier) for earlier, later in pairwise([0, *looks])]
    assert rests[:5] == [60, 60, 120, 120, 300]
    assert max(rests) == 300
    assert looks[-1] == pytest.approx(3600, abs=1)
    reads = [call for call in desk.sign_in_log.calls if call != "of_user"]
    assert len(reads) == 2 * len(looks)  # one of each log
    assert desk.policies.calls == []


async def test_judging_a_failure_reads_the_log_no_further() -> None:
    desk = a_desk()
    request = await a_verified_request(desk)
    assert request.finished_at is not None
    desk.sign_in_log.rows.append(a_failure(request.finished_at + timedelta(seconds=10)))
    desk.sign_in_log.calls.clear()

    await let_pass(desk, seconds=61)

    assert followed(desk) == [News.STILL_BLOCKED]
    assert desk.sign_in_log.calls.count("of_user") == 2
    assert desk.answers.calls == []  # nobody else is given this answer


@pytest.mark.parametrize(
    "trouble", [GraphThrottled("the sign-in log", 429), GraphUnreachable("the sign-in log", 503)], ids=str
)
async def test_an_outage_only_costs_looks(trouble: GraphThrottled | GraphUnreachable) -> None:
    desk = a_desk()
    request = await a_verified_request(desk)
    assert request.finished_at is not None
    desk.sign_in_log.troubles["of_user"] = trouble
    await let_pass(desk, minutes=20)
    del desk.sign_in_log.troubles["of_user"]
    desk.sign_in_log.rows.append(a_token(request.finished_at + timedelta(minutes=3)))

    await let_pass(desk, minutes=10)

    assert followed(desk) == [News.REGISTERED]


async def test_what_could_not_be_read_is_not_called_idle() -> None:
    desk = a_desk()
    await a_verified_request(desk)
    desk.sign_in_log.troubles["of_user"] = GraphRefused("the sign-in log", 403)

    await let_pass(desk, minutes=70)

    (news, detail) = desk.announcer.details[0]
    assert news is News.NOT_TRIED
    assert detail.startswith("It is not certain: the sign-in log could not be read")


async def test_without_the_right_to_read_methods_the_log_decides() -> None:
    desk = a_desk()
    request = await a_verified_request(desk)
    assert request.finished_at is not None
    desk.directory.troubles["methods"] = GraphRefused("the methods", 403)
    desk.sign_in_log.rows.append(a_token(request.finished_at + timedelta(seconds=20)))

    await let_pass(desk, seconds=61)

    assert followed(desk) == [News.REGISTERED]


async def test_a_bot_that_was_down_looks_once_and_says_what_it_missed() -> None:
    desk = a_desk()
    request = await a_verified_request(desk)
    assert request.finished_at is not None
    desk.sign_in_log.rows.append(a_token(request.finished_at + timedelta(minutes=5)))
    desk.clock.advance(3 * 3600)

    await work_off_due(desk)

    assert followed(desk) == [News.REGISTERED]


async def test_a_bot_that_was_down_all_the_time_ends_the_watch_at_once() -> None:
    desk = a_desk()
    await a_verified_request(desk)
    desk.clock.advance(3 * 3600)

    await work_off_due(desk)

    assert followed(desk) == [News.NOT_TRIED]
    assert desk.schedule.due("follow") is None


async def test_following_can_be_turned_off() -> None:
    desk = a_desk(rules=some_rules(follow_for=timedelta()))
    await a_verified_request(desk)

    assert desk.schedule.due("follow") is None
    assert desk.schedule.due("watch") is not None


async def test_an_outage_of_slack_does_not_end_the_watch() -> None:
    desk = a_desk()
    request = await a_verified_request(desk)
    assert request.finished_at is not None
    desk.sign_in_log.rows.append(a_token(request.finished_at + timedelta(seconds=20)))
    desk.announcer.troubles["reply"] = SlackError("chat.postMessage", "fatal_error")
    await let_pass(desk, hours=2)
    assert followed(desk) == []
    del desk.announcer.troubles["reply"]

    await let_pass(desk, minutes=6)

    assert followed(desk) == [News.REGISTERED]


async def test_a_change_that_was_taken_back_is_followed_no_more() -> None:
    desk = a_desk()
    await a_verified_request(desk)
    desk.clock.advance(5)
    undo = await request_undo(UndoAsk("req-1", a_person(HELPDESK), "It was not the cause", "undo-1"), desk)
    await desk.requests.vote(undo.id, Vote(a_person(APPROVER), Decision.APPROVE, desk.now()), "vote-undo")
    await let_pass(desk, seconds=70)  # approved, not carried out yet: the first look already leaves it alone
    assert desk.schedule.due("follow") is None
    await execute(undo.id, "w1", desk)
    await deliver_all(desk)
    desk.announcer.replies.clear()

    await let_pass(desk, hours=30)

    assert followed(desk) == []
