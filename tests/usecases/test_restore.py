"""The end of a time box: approved beforehand, carried out like any change, never lost to an outage."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.approval import ChangeKind, ChangeRequest, State
from bot.domain.people import PerUserMfaState
from bot.errors import GraphNotFound, GraphRefused, GraphThrottled, GraphUnreachable
from bot.ports import News
from bot.usecases.execute import execute
from bot.usecases.undo import UndoAsk, request_undo
from tests.fakes import (
    APPROVER,
    APPROVER_2,
    HELPDESK,
    TARGET,
    FakeDesk,
    a_desk,
    a_person,
    some_rules,
)
from tests.usecases.later import a_token, a_verified_request, deliver_all, let_pass, work_off_due

ENFORCED, DISABLED = PerUserMfaState.ENFORCED, PerUserMfaState.DISABLED


def opened(desk: FakeDesk) -> list[ChangeRequest]:
    return [request for request in desk.requests.records.values() if request.id != "req-1"]


def said(desk: FakeDesk) -> list[News]:
    return [news for _, news in desk.announcer.replies if news is not News.NOT_TRIED]


async def test_when_the_time_is_up_the_state_comes_back_without_a_new_vote() -> None:
    desk = a_desk()
    await a_verified_request(desk, restore_after_hours=8.0)
    await let_pass(desk, hours=7.9)
    assert opened(desk) == []

    await let_pass(desk, hours=0.2)
    (restore,) = opened(desk)
    assert restore.state is State.APPROVED
    done = await execute(restore.id, "w1", desk)
    await deliver_all(desk)

    assert done.state is State.VERIFIED
    assert desk.mfa_states.states[TARGET.id] is ENFORCED
    wish = restore.wish
    assert (wish.kind, wish.undoes, wish.before, wish.wanted) == (
        ChangeKind.RESTORE,
        "req-1",
        DISABLED,
        ENFORCED,
    )
    assert (wish.requester.object_id, wish.reason) == (HELPDESK.id, "The time box of 8 hours has ended.")
    assert [vote.person.object_id for vote in restore.approvals] == [APPROVER.id, APPROVER_2.id]
    assert {vote.reason for vote in restore.approvals} == {"Approved with request req-1, time box included"}
    assert said(desk)[0] is News.RESTORE_DUE
    entry = next(entry for entry in desk.journal.entries if entry.kind == "restore.due")
    assert entry.detail == {"restored_by": wish.id, "approved_by": f"{APPROVER.id},{APPROVER_2.id}"}


async def test_nothing_is_left_to_do_afterwards() -> None:
    desk = a_desk()
    await a_verified_request(desk, restore_after_hours=2.0)
    await let_pass(desk, hours=2.1)
    (restore,) = opened(desk)
    await execute(restore.id, "w1", desk)
    await deliver_all(desk)
    desk.announcer.replies.clear()

    await let_pass(desk, hours=48)

    assert said(desk) == []
    assert len(opened(desk)) == 1
    assert desk.schedule.jobs == {}


async def test_a_mac_that_registered_late_needs_no_restore() -> None:
    desk = a_desk()
    request = await a_verified_request(desk, restore_after_hours=8.0)
    assert request.finished_at is not None
    await let_pass(desk, hours=3)  # nobody follows any more
    desk.sign_in_log.rows.append(a_token(request.finished_at + timedelta(hours=5)))

    await let_pass(desk, hours=6)

    assert opened(desk) == []
    assert said(desk) == [News.REGISTERED]
    assert desk.announcer.details[-1][1].endswith("The time box ends without a restore.")
    assert desk.mfa_states.states[TARGET.id] is DISABLED


async def test_what_somebody_restored_already_needs_no_restore() -> None:
    desk = a_desk()
    await a_verified_request(desk, restore_after_hours=0.05)
    desk.mfa_states.states[TARGET.id] = ENFORCED

    await let_pass(desk, minutes=4)

    assert opened(desk) == []
    entry = next(entry for entry in desk.journal.entries if entry.kind == "restore.needless")
    assert entry.detail == {"because": "the state reads enforced"}


async def test_a_deleted_account_needs_no_restore() -> None:
    desk = a_desk()
    await a_verified_request(desk, restore_after_hours=0.05)
    desk.mfa_states.troubles["per_user_mfa_state"] = GraphNotFound("the state", 404)

    await let_pass(desk, minutes=4)

    assert (opened(desk), desk.schedule.due("restore")) == ([], None)


async def test_an_outage_only_delays_it() -> None:
    desk = a_desk()
    await a_verified_request(desk, restore_after_hours=8.0)
    desk.mfa_states.troubles["per_user_mfa_state"] = GraphUnreachable("the state", 503)
    await let_pass(desk, hours=20)
    assert opened(desk) == []
    del desk.mfa_states.troubles["per_user_mfa_state"]

    await let_pass(desk, minutes=6)

    assert [request.state for request in opened(desk)] == [State.APPROVED]


@pytest.mark.parametrize("error", [GraphThrottled("the log", 429), GraphRefused("the log", 403)], ids=str)
async def test_a_log_that_stays_unreadable_does_not_keep_protection_away(
    error: GraphThrottled | GraphRefused,
) -> None:
    desk = a_desk()
    await a_verified_request(desk, restore_after_hours=8.0)
    await let_pass(desk, hours=7)
    desk.sign_in_log.troubles["of_user"] = error

    await let_pass(desk, hours=1.9)
    assert opened(desk) == []
    await let_pass(desk, hours=0.3)

    assert [request.state for request in opened(desk)] == [State.APPROVED]
    assert "restore.unread" in desk.journal.kinds


async def test_approvers_who_left_approved_it_all_the_same() -> None:
    desk = a_desk()
    await a_verified_request(desk, restore_after_hours=8.0)
    desk = replace(desk, rules=some_rules(approvers=frozenset({"U0BORIS"}), helpdesk=frozenset({"U0BORIS"})))
    await let_pass(desk, hours=8.1)
    (restore,) = opened(desk)

    assert (await execute(restore.id, "w1", desk)).state is State.VERIFIED


async def test_an_altered_time_box_restores_nothing() -> None:
    desk = a_desk()
    request = await a_verified_request(desk, restore_after_hours=8.0)
    desk.requests.records["req-1"] = replace(request, intact=False)

    await let_pass(desk, hours=9)

    assert opened(desk) == []


async def test_a_process_that_dies_while_opening_opens_no_second_one() -> None:
    desk = a_desk()
    await a_verified_request(desk, restore_after_hours=8.0)
    await let_pass(desk, hours=7.99)
    (job_id,) = [job_id for job_id in desk.schedule.jobs if job_id.startswith("restore:")]
    due, job = desk.schedule.jobs[job_id]
    await let_pass(desk, hours=0.1)
    (restore,) = opened(desk)

    desk.schedule.jobs[job_id] = (due, job)  # the first worker died before it was done with the job
    await work_off_due(desk)
    assert [request.id for request in opened(desk)] == [restore.id]
    await execute(restore.id, "w1", desk)
    await let_pass(desk, hours=1)

    assert [request.id for request in opened(desk)] == [restore.id]
    assert desk.schedule.due("restore") is None


async def test_it_waits_for_another_open_request_about_the_person() -> None:
    desk = a_desk()
    await a_verified_request(desk, restore_after_hours=0.1)
    await let_pass(desk, minutes=5)
    undo = await request_undo(UndoAsk("req-1", a_person(HELPDESK), "Not the cause", "undo-1"), desk)

    await let_pass(desk, minutes=20)
    assert [request.id for request in opened(desk)] == [undo.id]
    await let_pass(desk, minutes=20)  # the undo expires undecided

    assert [request.state for request in opened(desk)] == [State.EXPIRED, State.APPROVED]
