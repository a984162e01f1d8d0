"""What follows a verified change survives crashes, notices what others do, and never fights them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain.approval import ChangeKind, Decision, Failure, State, Vote
from bot.domain.people import AuthenticationMethod, PerUserMfaState
from bot.errors import BotError, GraphNotFound, GraphRefused, GraphUnreachable, SlackError, StoreUnavailable
from bot.ports import AuditEvent, News
from bot.usecases.aftercare import begin
from bot.usecases.deliver import deliver
from bot.usecases.execute import LEASE, execute
from bot.usecases.undo import UndoAsk, request_undo
from tests.fakes import (
    APPROVER,
    BYSTANDER,
    HELPDESK,
    TARGET,
    FakeDesk,
    FakeMfaStates,
    PatchStep,
    a_desk,
    a_person,
)
from tests.usecases.later import a_verified_request, deliver_all, let_pass, work_off_due
from tests.usecases.requests import an_approved_request

ENFORCED, DISABLED = PerUserMfaState.ENFORCED, PerUserMfaState.DISABLED


def said(desk: FakeDesk) -> list[News]:
    return [news for _, news in desk.announcer.replies if news is not News.NOT_TRIED]


def enforce(desk: FakeDesk, *, audited: bool = True, at: datetime | None = None) -> None:
    """Let another administrator switch it on again."""
    desk.mfa_states.states[TARGET.id] = ENFORCED
    if audited:
        event = AuditEvent(
            id="a-1",
            at=at or desk.now(),
            activity="Enable Strong Authentication",
            by=BYSTANDER.display_name,
            by_user_id=BYSTANDER.id,
            sets_state=ENFORCED,
        )
        desk.directory_audits.events.setdefault(TARGET.id, []).append(event)


def note_our_change(desk: FakeDesk, at: datetime) -> None:
    event = AuditEvent("a-0", at, "Disable Strong Authentication", "psso-bot", "app-1", None, DISABLED)
    desk.directory_audits.events.setdefault(TARGET.id, []).append(event)


# --- scheduling -------------------------------------------------------------------------------------------


async def test_a_verified_change_is_watched_followed_and_restored_in_time() -> None:
    desk = a_desk()
    request = await a_verified_request(desk, restore_after_hours=8.0)
    done = request.finished_at
    assert done is not None

    assert desk.schedule.due("watch") == done + timedelta(minutes=5)
    assert desk.schedule.due("follow") == done + timedelta(seconds=60)
    assert desk.schedule.due("restore") == done + timedelta(hours=8)


async def test_without_a_time_box_nothing_is_restored() -> None:
    desk = a_desk()
    await a_verified_request(desk)

    assert desk.schedule.due("restore") is None


async def test_a_failed_change_has_no_aftercare() -> None:
    desk = a_desk(mfa_states=FakeMfaStates(states={TARGET.id: ENFORCED}, always=PatchStep(applied=False)))
    await an_approved_request(desk, restore_after_hours=8.0)
    request = await execute("req-1", "w1", desk)
    await deliver_all(desk)

    assert request.failure is Failure.UNVERIFIED
    assert [kind.partition(":")[0] for kind in desk.schedule.jobs] == ["methods"]


async def test_a_process_that_dies_after_finish_leaves_the_aftercare_to_the_next() -> None:
    desk = a_desk()
    await an_approved_request(desk)
    await execute("req-1", "w1", desk)
    for job in await desk.outbox.take("dies", 100, 0):
        if job.body["state"] != State.VERIFIED:
            await desk.outbox.done(job)
    assert desk.schedule.due("follow") is None

    desk.clock.advance(90)
    desk.outbox.abandon()
    await deliver_all(desk)

    assert desk.schedule.due("follow") is not None
    assert desk.schedule.due("watch") is not None


@pytest.mark.parametrize("at_put", [1, 2, 3])
async def test_a_store_that_fails_in_between_is_asked_again(at_put: int) -> None:
    desk = a_desk()
    await an_approved_request(desk, restore_after_hours=8.0)
    request = await execute("req-1", "w1", desk)
    troubles = [None] * (at_put - 1) + [StoreUnavailable("down")]
    desk.schedule.troubles["put"] = list(troubles)

    with pytest.raises(StoreUnavailable):
        await begin(request, desk)
    await begin(request, desk)

    kinds = {job_id.partition(":")[0] for job_id in desk.schedule.jobs}
    assert kinds == {"methods", "watch", "follow", "restore"}


async def test_slack_being_down_delays_no_aftercare_and_begins_none_twice() -> None:
    desk = a_desk()
    await an_approved_request(desk)
    await execute("req-1", "w1", desk)
    jobs = await desk.outbox.take("w", 100, 0)
    verified = next(job for job in jobs if job.body["state"] == State.VERIFIED)
    desk.announcer.troubles["show"] = SlackError("chat.postMessage", "fatal_error")
    with pytest.raises(SlackError):
        await deliver(verified, desk)
    assert desk.schedule.due("follow") is not None

    await let_pass(desk, minutes=70)
    followed = said(desk), list(desk.announcer.replies)
    with pytest.raises(SlackError):
        await deliver(replace(verified, deliveries=2), desk)
    await let_pass(desk, minutes=70)

    assert (said(desk), desk.announcer.replies) == followed
    assert [news for _, news in followed[1]] == [News.NOT_TRIED]


async def test_an_altered_request_gets_no_aftercare() -> None:
    desk = a_desk()
    await an_approved_request(desk)
    request = await execute("req-1", "w1", desk)
    desk.schedule.jobs.clear()

    await begin(replace(request, intact=False), desk)

    assert desk.schedule.jobs == {}


# --- the state afterwards ---------------------------------------------------------------------------------


async def test_a_state_that_lasts_is_read_four_times_and_nothing_is_said() -> None:
    desk = a_desk()
    await a_verified_request(desk)
    desk.mfa_states.calls.clear()
    desk.directory_audits.calls.clear()

    await let_pass(desk, hours=30)

    assert said(desk) == []
    assert desk.mfa_states.calls == ["per_user_mfa_state"] * 4
    assert desk.directory_audits.calls == []
    assert desk.schedule.jobs == {}


@pytest.mark.parametrize(("minutes", "seen_after"), [(2, 5), (40, 60), (180, 360), (1000, 1440)])
async def test_who_enforces_it_again_is_named(minutes: float, seen_after: float) -> None:
    desk = a_desk()
    request = await a_verified_request(desk)
    assert request.finished_at is not None
    note_our_change(desk, request.finished_at - timedelta(seconds=2))
    await let_pass(desk, minutes=minutes)
    enforce(desk)
    at = desk.now()

    await let_pass(desk, minutes=seen_after - minutes - 1)
    assert said(desk) == []
    await let_pass(desk, minutes=2)

    assert desk.announcer.details[-1] == (
        News.RE_ENFORCED,
        f"Boris Linde set it to enforced at {at:%Y-%m-%d %H:%M} UTC "
        "(“Enable Strong Authentication” in Entra's audit log).",
    )
    assert ("U0HANNA", "req-1", News.RE_ENFORCED) in desk.announcer.told
    entry = desk.journal.entries[-1]
    assert (entry.kind, entry.before, entry.after) == ("watch.re_enforced", "disabled", "enforced")
    assert entry.detail["by"] == BYSTANDER.id
    assert len(desk.mfa_states.patches) == 1  # it is reported, not fought


async def test_once_somebody_was_named_it_is_over() -> None:
    desk = a_desk()
    await a_verified_request(desk)
    enforce(desk)

    await let_pass(desk, hours=48)

    assert said(desk) == [News.RE_ENFORCED]
    assert desk.schedule.due("watch") is None


async def test_a_change_without_a_name_is_said_at_once_and_named_later() -> None:
    desk = a_desk()
    request = await a_verified_request(desk)
    assert request.finished_at is not None
    note_our_change(desk, request.finished_at - timedelta(seconds=2))
    enforce(desk, audited=False)
    at = desk.now()

    await let_pass(desk, minutes=6)
    assert desk.announcer.details == [
        (News.DRIFTED, "It reads enforced now. Who changed it is not in the audit log yet.")
    ]
    assert desk.journal.kinds[-1] == "watch.drifted"
    enforce(desk, at=at)
    await let_pass(desk, minutes=15)

    assert said(desk) == [News.DRIFTED, News.RE_ENFORCED]


async def test_drift_that_nobody_explains_is_said_once() -> None:
    desk = a_desk()
    await a_verified_request(desk)
    desk.directory_audits.troubles["about"] = GraphRefused("the directory audit log", 403)
    desk.directory_audits.calls.clear()
    enforce(desk)

    await let_pass(desk, hours=48)

    assert said(desk) == [News.DRIFTED]
    assert "could not be read: the directory audit log" in desk.announcer.details[0][1]
    assert desk.directory_audits.calls == ["about"] * 5  # the four looks, and one soon after the first
    assert desk.schedule.jobs == {}


async def test_an_unreadable_state_is_not_a_changed_one() -> None:
    desk = a_desk()
    await a_verified_request(desk)
    desk.mfa_states.troubles["per_user_mfa_state"] = GraphUnreachable("the state", 503)

    await let_pass(desk, hours=3)
    assert said(desk) == []
    del desk.mfa_states.troubles["per_user_mfa_state"]
    enforce(desk)
    await let_pass(desk, hours=4)

    assert said(desk) == [News.RE_ENFORCED]


async def test_a_deleted_account_is_watched_no_more() -> None:
    desk = a_desk()
    await a_verified_request(desk)
    desk.mfa_states.troubles["per_user_mfa_state"] = GraphNotFound("the state", 404)

    await let_pass(desk, minutes=6)

    assert desk.schedule.due("watch") is None


async def test_a_bot_that_was_down_for_days_says_it_once() -> None:
    desk = a_desk()
    await a_verified_request(desk)
    enforce(desk)
    desk.clock.advance(5 * 86400)

    await work_off_due(desk)

    assert said(desk) == [News.RE_ENFORCED]
    assert desk.schedule.due("watch") is None


async def test_our_own_undo_is_no_tug_of_war() -> None:
    desk = a_desk()
    await a_verified_request(desk)
    ask = UndoAsk("req-1", a_person(HELPDESK), "It was not the cause", "undo-1")
    undo = await request_undo(ask, desk)
    await desk.requests.vote(undo.id, Vote(a_person(APPROVER), Decision.APPROVE, desk.now()), "v-undo")
    await execute(undo.id, "w1", desk)
    await work_off_due(desk)  # before the news of the undo was delivered
    await deliver_all(desk)
    desk.announcer.replies.clear()

    await let_pass(desk, hours=30)

    assert desk.mfa_states.states[TARGET.id] is ENFORCED
    assert said(desk) == []
    assert desk.schedule.jobs == {}


async def test_a_look_waits_while_an_undo_is_carried_out() -> None:
    desk = a_desk()
    await a_verified_request(desk)
    ask = UndoAsk("req-1", a_person(HELPDESK), "It was not the cause", "undo-1")
    undo = await request_undo(ask, desk)
    await desk.requests.vote(undo.id, Vote(a_person(APPROVER), Decision.APPROVE, desk.now()), "v-undo")
    claimed = await desk.requests.claim(undo.id, "w1", LEASE)
    enforce(desk, audited=False)

    await let_pass(desk, minutes=6)
    assert said(desk) == []
    await desk.requests.finish(undo.id, claimed.fence, State.VERIFIED, None, "Back.")
    await let_pass(desk, hours=30)

    assert said(desk) == []


async def test_a_restore_that_does_not_last_is_reported() -> None:
    desk = a_desk()
    await a_verified_request(desk)
    undo = await request_undo(UndoAsk("req-1", a_person(HELPDESK), "Not the cause", "undo-1"), desk)
    assert undo.wish.kind is ChangeKind.RESTORE
    await desk.requests.vote(undo.id, Vote(a_person(APPROVER), Decision.APPROVE, desk.now()), "v-undo")
    await execute(undo.id, "w1", desk)
    await deliver_all(desk)
    desk.announcer.replies.clear()
    desk.mfa_states.states[TARGET.id] = DISABLED

    await let_pass(desk, hours=30)

    assert said(desk) == [News.DRIFTED]


# --- registered methods -----------------------------------------------------------------------------------


PHONE = AuthenticationMethod("m1", "phone")
APP = AuthenticationMethod("m2", "microsoftAuthenticator")
PASS = AuthenticationMethod("m3", "temporaryAccessPass")


async def test_methods_that_are_gone_and_new_ones_raise_an_alarm() -> None:
    desk = a_desk()
    desk.directory.methods_of[TARGET.id] = (PHONE, APP, PASS)
    await a_verified_request(desk)
    desk.directory.methods_of[TARGET.id] = (APP, AuthenticationMethod("m4", "fido2"))

    await let_pass(desk, minutes=3)

    detail = "No longer registered: phone. Newly registered: fido2."
    assert desk.announcer.details == [(News.METHODS_CHANGED, detail)]
    told = [slack_id for slack_id, _, news in desk.announcer.told if news is News.METHODS_CHANGED]
    assert told == ["U0HANNA", "U0PAUL", "U0PIA"]
    lost, gained = (entry for entry in desk.journal.entries if entry.kind.startswith("methods."))
    assert (lost.kind, lost.detail) == ("methods.lost", {"kinds": "phone", "ids": "m1"})
    assert (gained.kind, gained.detail) == ("methods.gained", {"kinds": "fido2", "ids": "m4"})


@pytest.mark.parametrize("kind", ["phone", "temporaryAccessPass", "microsoftAuthenticator"])
async def test_a_method_that_was_added_alone_raises_an_alarm(kind: str) -> None:
    desk = a_desk()
    desk.directory.methods_of[TARGET.id] = (APP,)
    await a_verified_request(desk)
    desk.directory.methods_of[TARGET.id] = (APP, AuthenticationMethod("m9", kind))

    await let_pass(desk, minutes=3)

    assert desk.announcer.details == [(News.METHODS_CHANGED, f"Newly registered: {kind}.")]


async def test_the_key_of_the_registration_and_a_used_up_pass_are_no_alarm() -> None:
    desk = a_desk()
    desk.directory.methods_of[TARGET.id] = (PHONE, PASS)
    await a_verified_request(desk)
    desk.directory.methods_of[TARGET.id] = (AuthenticationMethod("m5", "platformCredential"), PHONE)

    await let_pass(desk, minutes=3)

    assert News.METHODS_CHANGED not in said(desk)
    assert all(not entry.kind.startswith("methods.") for entry in desk.journal.entries)


async def test_a_method_lost_while_the_process_died_is_noticed() -> None:
    """The first worker dies after its PATCH; the second finds the change made, and the methods gone."""
    desk = a_desk()
    desk.directory.methods_of[TARGET.id] = (PHONE, APP)
    await an_approved_request(desk)

    async def dies() -> None:
        desk.directory.methods_of[TARGET.id] = (APP,)
        raise KeyboardInterrupt

    desk.mfa_states.on_patch = dies
    with pytest.raises(KeyboardInterrupt):
        await execute("req-1", "w1", desk)
    desk.mfa_states.on_patch = None
    desk.clock.advance(LEASE.total_seconds() + 1)
    request = await execute("req-1", "w2", desk)
    assert request.state is State.VERIFIED

    await let_pass(desk, minutes=5)

    assert said(desk) == [News.METHODS_CHANGED]


async def test_the_comparison_waits_for_the_change_to_end() -> None:
    desk = a_desk()
    desk.directory.methods_of[TARGET.id] = (PHONE, APP)
    await an_approved_request(desk)
    looked = False

    async def looks_meanwhile() -> None:
        nonlocal looked
        looked = True
        desk.directory.methods_of[TARGET.id] = ()
        desk.clock.advance(50)

    desk.mfa_states.on_patch = looks_meanwhile
    desk.clock.advance(1)
    await execute("req-1", "w1", desk)
    assert looked
    desk.requests.records["req-1"] = replace(desk.requests.records["req-1"], state=State.EXECUTING)
    await let_pass(desk, minutes=3)
    assert said(desk) == []
    desk.requests.records["req-1"] = replace(desk.requests.records["req-1"], state=State.VERIFIED)
    await let_pass(desk, minutes=3)

    assert said(desk) == [News.METHODS_CHANGED]


UNREAD = (GraphUnreachable("the methods", timed_out=True), GraphRefused("the methods", 403))


@pytest.mark.parametrize("error", UNREAD, ids=str)
async def test_a_snapshot_that_cannot_be_taken_holds_no_change_up(error: BotError) -> None:
    desk = a_desk()
    desk.directory.troubles["methods"] = [None, error]  # the checks before it read them, too

    request = await a_verified_request(desk)

    assert request.state is State.VERIFIED
    entry = next(entry for entry in desk.journal.entries if entry.kind == "methods.unread")
    assert entry.detail == {"when": "before", "what": "the methods"}


async def test_a_store_that_cannot_keep_the_snapshot_holds_no_change_up() -> None:
    desk = a_desk()
    desk.schedule.troubles["put"] = [StoreUnavailable("down")]

    request = await a_verified_request(desk)

    assert request.state is State.VERIFIED
    assert "methods.unread" in desk.journal.kinds


async def test_methods_that_stay_unreadable_afterwards_are_noted() -> None:
    desk = a_desk()
    await a_verified_request(desk)
    desk.directory.troubles["methods"] = GraphRefused("the methods", 403)
    desk.clock.advance(125)

    for _ in range(4):
        with pytest.raises(GraphRefused):
            await work_off_due(desk)
        desk.clock.advance(121)
    await work_off_due(desk)

    entry = next(entry for entry in desk.journal.entries if entry.kind == "methods.unread")
    assert entry.detail["when"] == "after"
    assert not [job_id for job_id in desk.schedule.jobs if job_id.startswith("methods:")]
