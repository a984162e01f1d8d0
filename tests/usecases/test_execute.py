"""Set, then read back: what Graph answers to the write never decides, what it shows afterwards does."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from bot.domain.approval import ChangeKind, ChangeRequest, Failure, State
from bot.domain.people import PerUserMfaState
from bot.errors import (
    AuditUnavailable,
    BotError,
    Conflict,
    GraphError,
    GraphMalformed,
    GraphNotFound,
    GraphRefused,
    GraphThrottled,
    GraphUnreachable,
    RefusalKind,
    SlackError,
    StoreUnavailable,
)
from bot.usecases.execute import LEASE, carry_out, execute
from tests.fakes import (
    APPROVER,
    APPROVER_2,
    HELPDESK,
    TARGET,
    FakeDesk,
    FakeMfaStates,
    PatchStep,
    a_desk,
    some_rules,
    virtual_time,
)
from tests.usecases.requests import a_wish, an_approved_request

ENFORCED, DISABLED, ENABLED = PerUserMfaState.ENFORCED, PerUserMfaState.DISABLED, PerUserMfaState.ENABLED

THROTTLED = GraphThrottled("the change", 429)
THROTTLED_LONG = GraphThrottled("the change", 429, retry_after=300)
BAD_GATEWAY = GraphUnreachable("the change", 502)
TIMED_OUT = GraphUnreachable("the change", timed_out=True)
FORBIDDEN = GraphRefused("the change", 403, "Authorization_RequestDenied", request_id="r-1")
RESTRICTED = GraphRefused("the change", 403, kind=RefusalKind.RESTRICTED)
MISSING = GraphNotFound("the change", 404)
BAD_REQUEST = GraphError("the change", 400, "badRequest")
HTML = GraphMalformed("the change", 200)
UNREADABLE = GraphMalformed("the state", 200)

NO = PatchStep(applied=False)


def lost(error: BotError) -> PatchStep:
    """The write took effect, its answer got lost."""
    return PatchStep(applied=True, trouble=error)


def not_taken(error: BotError) -> PatchStep:
    return PatchStep(applied=False, trouble=error)


@dataclass(frozen=True)
class Case:
    """Answers to PATCHes and to reads, and what has to come out of them."""

    name: str
    script: tuple[PatchStep, ...] = ()
    reads: tuple[BotError | None, ...] = ()  # the first read comes before the PATCH
    lag: int = 0
    ends: Failure | None = None
    patches: int = 1


CASES = (
    Case("204, shown at once"),
    Case("204, one stale read", lag=1),
    Case("204, ten stale reads", lag=10),
    Case("204, stale for ever", lag=1000, ends=Failure.UNVERIFIED),
    Case("204 without effect", script=(NO,), ends=Failure.UNVERIFIED),
    Case("204, read-back throttled", reads=(None, THROTTLED, THROTTLED)),
    Case("204, read-back cut or unknown", reads=(None, UNREADABLE, UNREADABLE, UNREADABLE)),
    Case("204, read-back refused, then fine", reads=(None, FORBIDDEN)),
    Case("204, read-back not found, then fine", reads=(None, MISSING)),
    Case("204, read-back never readable", reads=(None, *[UNREADABLE] * 100), ends=Failure.UNVERIFIED),
    Case("403", script=(not_taken(FORBIDDEN),), ends=Failure.PERMISSION),
    Case("403 restricted", script=(not_taken(RESTRICTED),), ends=Failure.PERMISSION),
    Case("404", script=(not_taken(MISSING),), ends=Failure.GONE),
    Case("400", script=(not_taken(BAD_REQUEST),), ends=Failure.PERMISSION),
    Case("429 applied", script=(lost(THROTTLED),)),
    Case("429 once", script=(not_taken(THROTTLED),), patches=2),
    Case("429 with a long wait", script=(not_taken(THROTTLED_LONG),), patches=2),
    Case("429 twice", script=(not_taken(THROTTLED), not_taken(THROTTLED)), patches=3),
    Case("502 applied", script=(lost(BAD_GATEWAY),)),
    Case("502 applied, one stale read", script=(lost(BAD_GATEWAY),), lag=1),
    Case("502 once", script=(not_taken(BAD_GATEWAY),), patches=2),
    Case("timeout after it applied", script=(lost(TIMED_OUT),)),
    Case("timeout before it applied", script=(not_taken(TIMED_OUT),), patches=2),
    Case("timeout after it applied, read-back down", script=(lost(TIMED_OUT),), reads=(None, BAD_GATEWAY)),
    Case("an answer of HTML, applied", script=(lost(HTML),)),
    Case("state unreadable at first", reads=(UNREADABLE, BAD_GATEWAY, THROTTLED)),
    Case("state never readable", reads=(UNREADABLE,) * 100, ends=Failure.RETRYABLE, patches=0),
    Case("reading refused", reads=(FORBIDDEN,), ends=Failure.PERMISSION, patches=0),
    Case("account gone before", reads=(MISSING,), ends=Failure.GONE, patches=0),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_what_is_read_back_decides(case: Case) -> None:
    states = FakeMfaStates(
        states={TARGET.id: ENFORCED},
        lag=case.lag,
        script=list(case.script),
        troubles={"per_user_mfa_state": list(case.reads)},
    )
    desk = a_desk(mfa_states=states)
    await an_approved_request(desk)

    request = await execute("req-1", "w1", desk)

    assert (request.state, request.failure) == (State.FAILED if case.ends else State.VERIFIED, case.ends)
    assert len(states.patches) == case.patches
    assert request.outcome.endswith(".")
    assert desk.journal.kinds == ["execute.intent", "execute.finished"]
    assert (TARGET.id in desk.change_log.changes) is (case.ends is None)


@pytest.mark.parametrize("error", [THROTTLED, BAD_GATEWAY, TIMED_OUT], ids=str)
async def test_an_outage_ends_within_ten_minutes_as_retryable(error: BotError) -> None:
    states = FakeMfaStates(states={TARGET.id: ENFORCED}, always=not_taken(error))
    desk = a_desk(mfa_states=states)
    await an_approved_request(desk)
    began = desk.now()

    request = await execute("req-1", "w1", desk)

    assert request.failure is Failure.RETRYABLE
    assert "still shows enforced" in request.outcome
    assert desk.now() - began <= timedelta(minutes=10)
    assert 5 <= len(states.patches) <= 15


@virtual_time
async def test_a_patch_that_hangs_is_cut_and_read_back() -> None:
    desk = a_desk()
    desk.mfa_states.delays["set_per_user_mfa_state"] = 3600
    await an_approved_request(desk)
    loop = asyncio.get_running_loop()
    began = loop.time()

    request = await execute("req-1", "w1", desk)

    assert request.state is State.VERIFIED
    assert len(desk.mfa_states.patches) == 1
    assert loop.time() - began < 16


async def test_a_refusal_is_final_at_once() -> None:
    desk = a_desk()
    desk.mfa_states.script = [not_taken(FORBIDDEN)]
    await an_approved_request(desk)

    request = await execute("req-1", "w1", desk)

    assert desk.clock.pauses == []
    assert "r-1" in request.outcome
    assert "403 Authorization_RequestDenied" in request.outcome


@pytest.mark.parametrize(
    ("reads", "words"),
    [((None, *[UNREADABLE] * 100), "could not be read back"), ((None,), "still shows enforced")],
)
async def test_an_unverified_change_says_what_was_seen(
    reads: tuple[BotError | None, ...], words: str
) -> None:
    desk = a_desk()
    desk.mfa_states.script = [NO]
    desk.mfa_states.troubles["per_user_mfa_state"] = list(reads)
    await an_approved_request(desk)

    assert words in (await execute("req-1", "w1", desk)).outcome


async def test_each_patch_carries_the_object_id_and_a_reference_of_its_own() -> None:
    desk = a_desk()
    desk.mfa_states.script = [not_taken(THROTTLED)]
    await an_approved_request(desk)

    await execute("req-1", "w1", desk)

    first, second = desk.mfa_states.patches
    assert (first.user, first.state) == (TARGET.id, DISABLED)
    assert first.client_request_id != second.client_request_id


async def test_what_is_disabled_already_is_verified_without_a_patch() -> None:
    desk = a_desk()
    await an_approved_request(desk)
    desk.mfa_states.states[TARGET.id] = DISABLED

    request = await execute("req-1", "w1", desk)

    assert request.state is State.VERIFIED
    assert "already disabled" in request.outcome
    assert desk.mfa_states.patches == []
    assert desk.change_log.changes == {}


async def test_a_state_that_changed_since_the_request_is_left_alone() -> None:
    desk = a_desk()
    await an_approved_request(desk)
    desk.mfa_states.states[TARGET.id] = ENABLED

    request = await execute("req-1", "w1", desk)

    assert request.failure is Failure.POLICY
    assert "was enforced at the request and is enabled now" in request.outcome
    assert desk.mfa_states.patches == []


async def test_a_restored_enabled_may_read_back_as_enforced() -> None:
    states = FakeMfaStates(states={TARGET.id: DISABLED}, read_as={ENABLED: ENFORCED})
    desk = a_desk(mfa_states=states)
    await an_approved_request(desk, kind=ChangeKind.RESTORE, before=DISABLED, wanted=ENABLED)

    request = await execute("req-1", "w1", desk)

    assert request.state is State.VERIFIED
    assert "enforced" in request.outcome


# --- policy directly before the change -------------------------------------------------------------------


def _not_approver(desk: FakeDesk) -> FakeDesk:
    return replace(desk, rules=some_rules(approvers=frozenset({"U0PAUL"})))


def _break_glass(desk: FakeDesk) -> FakeDesk:
    return replace(desk, rules=replace(desk.rules, break_glass=frozenset({"mira.holm@contoso.com"})))


def _approver_left(desk: FakeDesk) -> FakeDesk:
    desk.workspace.change(APPROVER_2, is_deleted=True)
    return desk


def _approver_disabled(desk: FakeDesk) -> FakeDesk:
    desk.directory.change(APPROVER, account_enabled=False)
    return desk


def _requester_left_helpdesk(desk: FakeDesk) -> FakeDesk:
    return replace(desk, rules=replace(desk.rules, helpdesk=frozenset({"U0BORIS"})))


def _requester_is_another(desk: FakeDesk) -> FakeDesk:
    return replace(desk, rules=replace(desk.rules, pins={"U0HANNA": APPROVER.id}))


def _target_disabled(desk: FakeDesk) -> FakeDesk:
    desk.directory.change(TARGET, account_enabled=False)
    return desk


def _target_unclear(desk: FakeDesk) -> FakeDesk:
    desk.directory.change(TARGET, account_enabled=None)
    return desk


def _target_guest(desk: FakeDesk) -> FakeDesk:
    desk.directory.change(TARGET, user_type="Guest")
    return desk


@pytest.mark.parametrize(
    "change",
    [
        _not_approver,
        _break_glass,
        _approver_left,
        _approver_disabled,
        _requester_left_helpdesk,
        _requester_is_another,
        _target_disabled,
        _target_unclear,
        _target_guest,
    ],
)
async def test_what_changed_since_the_approval_stops_the_change(change: object) -> None:
    assert callable(change)
    desk = a_desk()
    await an_approved_request(desk)
    desk = change(desk)

    request = await execute("req-1", "w1", desk)

    assert request.failure is Failure.POLICY
    assert request.outcome.startswith("Not changed")
    assert desk.mfa_states.patches == []


async def test_a_target_that_is_gone_ends_as_gone() -> None:
    desk = a_desk()
    await an_approved_request(desk)
    desk.directory.users.remove(TARGET)

    assert (await execute("req-1", "w1", desk)).failure is Failure.GONE
    assert desk.mfa_states.patches == []


async def _tampered(desk: FakeDesk, **changes: object) -> ChangeRequest:
    request = await an_approved_request(desk)
    desk.requests.records[request.id] = replace(request, **changes)  # type: ignore[arg-type]
    return await execute("req-1", "w1", desk)


async def test_a_record_without_our_signature_is_not_executed() -> None:
    desk = a_desk()
    assert (await _tampered(desk, intact=False)).failure is Failure.INTEGRITY
    assert desk.mfa_states.patches == []


async def test_a_record_without_enough_votes_is_not_executed() -> None:
    desk = a_desk()
    assert (await _tampered(desk, votes=())).failure is Failure.INTEGRITY
    assert desk.mfa_states.patches == []


async def test_votes_of_requester_and_target_do_not_count() -> None:
    desk = a_desk()
    await an_approved_request(desk)
    approved = desk.requests.records["req-1"]
    wish = a_wish(requester=approved.votes[0].person)
    desk.requests.records["req-1"] = replace(approved, wish=wish)

    assert (await execute("req-1", "w1", desk)).failure is Failure.INTEGRITY


async def test_approvers_who_cannot_be_checked_are_waited_for() -> None:
    rules = some_rules(approvers=frozenset({"S0APPROVERS"}))
    desk = a_desk(rules=rules)
    desk.workspace.groups["S0APPROVERS"] = frozenset({"U0PAUL", "U0PIA"})
    desk.workspace.troubles["members"] = [SlackError("usergroups.users.list", "ratelimited")] * 2
    await an_approved_request(desk)

    request = await execute("req-1", "w1", desk)

    assert request.state is State.VERIFIED
    assert len(desk.mfa_states.patches) == 1


async def test_approvers_who_can_never_be_checked_fail_closed() -> None:
    desk = a_desk(rules=some_rules(approvers=frozenset({"S0APPROVERS"})))
    desk.workspace.troubles["members"] = SlackError("usergroups.users.list", "fatal_error")
    await an_approved_request(desk)

    request = await execute("req-1", "w1", desk)

    assert request.failure is Failure.RETRYABLE
    assert "Nothing was sent" in request.outcome
    assert desk.mfa_states.patches == []


# --- journal, lease, crashes ------------------------------------------------------------------------------


async def test_no_journal_no_change() -> None:
    desk = a_desk()
    desk.journal.troubles["write"] = AuditUnavailable()
    await an_approved_request(desk)

    with pytest.raises(AuditUnavailable):
        await execute("req-1", "w1", desk)

    assert desk.mfa_states.patches == []
    assert desk.requests.records["req-1"].state is State.EXECUTING


async def test_a_journal_lost_before_the_end_leaves_the_request_to_the_next_claim() -> None:
    desk = a_desk()
    desk.journal.troubles["execute.finished"] = [AuditUnavailable()]
    await an_approved_request(desk)
    with pytest.raises(AuditUnavailable):
        await execute("req-1", "w1", desk)
    desk.clock.advance(LEASE.total_seconds())

    request = await execute("req-1", "w2", desk)

    assert request.state is State.VERIFIED
    assert len(desk.mfa_states.patches) == 1
    assert TARGET.id in desk.change_log.changes


@virtual_time
async def test_two_workers_make_one_change() -> None:
    desk = a_desk()
    desk.mfa_states.delays["per_user_mfa_state"] = 1
    await an_approved_request(desk)

    results = await asyncio.gather(
        execute("req-1", "w1", desk), execute("req-1", "w2", desk), return_exceptions=True
    )

    assert [type(result) for result in results] == [ChangeRequest, Conflict]
    assert len(desk.mfa_states.patches) == 1


async def test_a_worker_that_lost_its_lease_after_the_patch_does_not_finish() -> None:
    desk = a_desk()
    await an_approved_request(desk)
    results: list[ChangeRequest] = []

    async def another_takes_over() -> None:
        desk.mfa_states.on_patch = None
        desk.clock.advance(LEASE.total_seconds() + 1)
        results.append(await execute("req-1", "w2", desk))

    desk.mfa_states.on_patch = another_takes_over

    with pytest.raises(Conflict):
        await execute("req-1", "w1", desk)

    assert results[0].state is State.VERIFIED
    assert results[0].fence == 2
    assert len(desk.mfa_states.patches) == 1
    assert desk.requests.records["req-1"].version == results[0].version
    assert desk.journal.kinds.count("execute.finished") == 1


async def test_a_worker_without_lease_never_patches() -> None:
    desk = a_desk()
    await an_approved_request(desk)
    desk.requests.troubles["renew"] = StoreUnavailable()

    with pytest.raises(StoreUnavailable):
        await execute("req-1", "w1", desk)

    assert desk.mfa_states.patches == []


async def test_a_paused_worker_whose_lease_ended_never_patches() -> None:
    desk = a_desk()
    await an_approved_request(desk)

    class SleepyDirectory(type(desk.directory)):  # type: ignore[misc]
        async def find_user(self, asked: str) -> object:
            desk.clock.advance(LEASE.total_seconds())
            return await super().find_user(asked)

    with pytest.raises(Conflict):
        await execute("req-1", "w1", replace(desk, directory=SleepyDirectory()))

    assert desk.mfa_states.patches == []


@pytest.mark.parametrize("method", ["claim", "finish"])
async def test_a_lost_reply_of_the_store_is_found_out_by_the_next_claim(method: str) -> None:
    desk = a_desk()
    await an_approved_request(desk)
    desk.requests.lost_replies.append(method)
    with pytest.raises(StoreUnavailable):
        await execute("req-1", "w1", desk)
    desk.clock.advance(LEASE.total_seconds())

    if method == "finish":
        with pytest.raises(Conflict, match="verified"):
            await execute("req-1", "w2", desk)
    else:
        assert (await execute("req-1", "w2", desk)).state is State.VERIFIED
    assert len(desk.mfa_states.patches) == 1


async def test_the_lease_is_held_through_a_long_wait() -> None:
    desk = a_desk()
    desk.mfa_states.script = [not_taken(THROTTLED_LONG)]
    await an_approved_request(desk)

    request = await execute("req-1", "w1", desk)

    assert request.fence == 1
    assert request.state is State.VERIFIED
    assert max(desk.clock.pauses) < LEASE.total_seconds() / 2


async def test_the_lease_is_held_through_checks_that_take_longer_than_it() -> None:
    """Otherwise the next claim would begin them anew, and so on without end."""
    desk = a_desk()
    await an_approved_request(desk)

    class SlowDirectory(type(desk.directory)):  # type: ignore[misc]
        async def find_user(self, asked: str) -> object:
            desk.clock.advance(LEASE.total_seconds() * 0.9)
            return await super().find_user(asked)

    request = await execute("req-1", "w1", replace(desk, directory=SlowDirectory()))

    assert (request.state, request.fence) == (State.VERIFIED, 1)
    assert desk.now() - request.wish.created_at > 2 * LEASE


@pytest.mark.parametrize("times", [1, 3])
async def test_a_lease_that_cannot_be_extended_between_two_checks_stops_nothing(times: int) -> None:
    desk = a_desk()
    desk.requests.troubles["renew"] = [StoreUnavailable()] * times
    await an_approved_request(desk)

    assert (await execute("req-1", "w1", desk)).state is State.VERIFIED


# --- jobs ---------------------------------------------------------------------------------------------


async def test_only_news_of_an_approval_is_carried_out_and_repeating_it_is_harmless() -> None:
    desk = a_desk()
    await an_approved_request(desk)
    jobs = await desk.approved.take("w1", 10, 0)
    assert [job.body["state"] for job in jobs] == ["pending", "pending", "approved"]

    for job in (*jobs, *jobs):
        await carry_out(job, "w1", desk)

    assert desk.requests.records["req-1"].state is State.VERIFIED
    assert len(desk.mfa_states.patches) == 1


async def test_a_job_that_another_worker_is_at_comes_back() -> None:
    desk = a_desk()
    await an_approved_request(desk)
    *_, job = await desk.approved.take("w1", 10, 0)
    await desk.requests.claim("req-1", "w2", LEASE)

    with pytest.raises(Conflict):
        await carry_out(job, "w1", desk)


def test_people_of_the_story_are_different() -> None:
    assert len({TARGET.id, HELPDESK.id, APPROVER.id, APPROVER_2.id}) == 4
