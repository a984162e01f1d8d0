"""Taking a change back: who may ask, when, and what is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.approval import ChangeKind, Decision, State, Vote
from bot.domain.people import PerUserMfaState
from bot.errors import BadInput, Conflict, Denial, GraphRefused, GraphUnreachable, NoSuchUser, NotAllowed
from bot.usecases.execute import execute
from bot.usecases.undo import UndoAsk, request_undo
from tests.fakes import (
    APPROVAL_CHANNEL,
    APPROVER,
    APPROVER_2,
    BYSTANDER,
    HELPDESK,
    TARGET,
    FakeDesk,
    a_desk,
    a_person,
    some_rules,
)
from tests.usecases.later import a_verified_request
from tests.usecases.requests import a_pending_request

ENFORCED, ENABLED, DISABLED = PerUserMfaState.ENFORCED, PerUserMfaState.ENABLED, PerUserMfaState.DISABLED

ASK = UndoAsk("req-1", a_person(HELPDESK), "It was not the cause", "undo-1")


async def refused(desk: FakeDesk, ask: UndoAsk = ASK) -> NotAllowed:
    with pytest.raises(NotAllowed) as refusal:
        await request_undo(ask, desk)
    assert desk.journal.kinds[-1] == "refused"
    return refusal.value


async def test_an_undo_that_cannot_be_posted_to_the_approvers_is_not_asked_for() -> None:
    desk = a_desk()
    await a_verified_request(desk)
    channel = desk.workspace.channels[APPROVAL_CHANNEL]
    desk.workspace.channels[APPROVAL_CHANNEL] = replace(channel, is_external=True)

    assert (await refused(desk)).denial is Denial.NOT_POSTABLE


async def test_an_undo_asks_for_the_state_before() -> None:
    desk = a_desk()
    await a_verified_request(desk)

    undo = await request_undo(ASK, desk)

    wish = undo.wish
    assert (undo.state, wish.kind, wish.undoes) == (State.PENDING, ChangeKind.RESTORE, "req-1")
    assert (wish.before, wish.wanted, wish.quorum) == (DISABLED, ENFORCED, 1)
    assert (wish.target.object_id, wish.requester.object_id) == (TARGET.id, HELPDESK.id)
    assert wish.reason == "It was not the cause"
    entry = desk.journal.entries[-1]
    assert (entry.kind, entry.request_id, entry.detail["undoes"]) == ("request.opened", undo.id, "req-1")


async def test_one_approver_is_enough_and_the_state_comes_back() -> None:
    desk = a_desk()
    await a_verified_request(desk)
    undo = await request_undo(ASK, desk)

    await desk.requests.vote(undo.id, Vote(a_person(APPROVER), Decision.APPROVE, desk.now()), "v-undo")
    done = await execute(undo.id, "w1", desk)

    assert done.state is State.VERIFIED
    assert desk.mfa_states.states[TARGET.id] is ENFORCED


async def test_an_enabled_that_reads_back_enforced_is_a_success() -> None:
    desk = a_desk()
    desk.mfa_states.states[TARGET.id] = ENABLED
    desk.mfa_states.read_as = {ENABLED: ENFORCED}
    await a_verified_request(desk, before=ENABLED)
    undo = await request_undo(ASK, desk)
    await desk.requests.vote(undo.id, Vote(a_person(APPROVER), Decision.APPROVE, desk.now()), "v-undo")

    assert (await execute(undo.id, "w1", desk)).state is State.VERIFIED


async def test_an_approver_may_ask_and_somebody_else_decides() -> None:
    desk = a_desk(rules=some_rules(helpdesk=frozenset({"U0HANNA"})))
    await a_verified_request(desk)

    undo = await request_undo(replace(ASK, requester=a_person(APPROVER)), desk)
    with pytest.raises(NotAllowed) as own:
        await desk.requests.vote(undo.id, Vote(a_person(APPROVER), Decision.APPROVE, desk.now()), "own")
    approved = await desk.requests.vote(
        undo.id, Vote(a_person(APPROVER_2), Decision.APPROVE, desk.now()), "v"
    )

    assert own.value.denial is Denial.IS_REQUESTER
    assert approved.state is State.APPROVED


async def test_who_is_neither_helpdesk_nor_approver_may_not() -> None:
    desk = a_desk(rules=some_rules(helpdesk=frozenset({"U0HANNA"})))
    await a_verified_request(desk)

    assert (await refused(desk, replace(ASK, requester=a_person(BYSTANDER)))).denial is Denial.NOT_HELPDESK


async def test_the_target_may_not() -> None:
    desk = a_desk()
    await a_verified_request(desk)

    assert (await refused(desk, replace(ASK, requester=a_person(TARGET)))).denial is Denial.IS_TARGET


async def test_only_a_change_that_was_made_can_be_undone() -> None:
    desk = a_desk()
    await a_pending_request(desk)

    assert (await refused(desk)).denial is Denial.NOT_REQUESTABLE


async def test_an_undo_is_not_undone_by_an_undo() -> None:
    desk = a_desk()
    await a_verified_request(desk)
    undo = await request_undo(ASK, desk)
    await desk.requests.vote(undo.id, Vote(a_person(APPROVER), Decision.APPROVE, desk.now()), "v-undo")
    await execute(undo.id, "w1", desk)

    assert (await refused(desk, UndoAsk(undo.id, ASK.requester, ASK.reason, "x"))).denial is (
        Denial.NOT_REQUESTABLE
    )
    again = await refused(desk, replace(ASK, op_id="undo-2"))
    assert (again.denial, again.detail) == (
        Denial.NOT_REQUESTABLE,
        f"request {undo.id} has changed the state since",
    )


async def test_an_altered_request_is_no_ground() -> None:
    desk = a_desk()
    request = await a_verified_request(desk)
    desk.requests.records["req-1"] = replace(request, intact=False)

    assert (await refused(desk)).denial is Denial.NOT_REQUESTABLE


async def test_what_somebody_switched_back_needs_no_undo() -> None:
    desk = a_desk()
    await a_verified_request(desk)
    desk.mfa_states.states[TARGET.id] = ENFORCED

    refusal = await refused(desk)

    assert (refusal.denial, refusal.detail) == (Denial.NOT_REQUESTABLE, "per-user MFA reads enforced already")


async def test_while_one_is_open_a_second_is_a_conflict() -> None:
    desk = a_desk()
    await a_verified_request(desk)
    undo = await request_undo(ASK, desk)

    with pytest.raises(Conflict) as conflict:
        await request_undo(replace(ASK, op_id="undo-2"), desk)

    assert (conflict.value.request_id, conflict.value.state) == (undo.id, State.PENDING)
    assert desk.journal.kinds[-1] == "refused"


async def test_a_repeated_delivery_opens_no_second_one() -> None:
    desk = a_desk()
    await a_verified_request(desk)

    assert await request_undo(ASK, desk) == await request_undo(ASK, desk)


@pytest.mark.parametrize("reason", ["", "no", "password: hunter22"])
async def test_a_reason_is_needed(reason: str) -> None:
    desk = a_desk()
    await a_verified_request(desk)

    with pytest.raises(BadInput) as problem:
        await request_undo(replace(ASK, reason=reason), desk)

    assert problem.value.field == "reason"


async def test_an_unknown_request_cannot_be_undone() -> None:
    assert (await refused(a_desk())).denial is Denial.UNKNOWN_REQUEST


async def test_the_untouchable_stay_untouched() -> None:
    desk = a_desk()
    await a_verified_request(desk)
    desk = replace(desk, rules=some_rules(break_glass=frozenset({TARGET.id})))

    assert (await refused(desk)).denial is Denial.BREAK_GLASS


@pytest.mark.parametrize(
    ("port", "call", "error", "denial"),
    [
        ("mfa_states", "per_user_mfa_state", GraphUnreachable("the state", 503), Denial.CANNOT_CHECK),
        ("directory", "find_user", [None, GraphRefused("the user", 403)], Denial.CANNOT_CHECK),
        ("directory", "find_user", [None, NoSuchUser("x")], Denial.NOT_REQUESTABLE),
    ],
)
async def test_what_cannot_be_checked_is_refused(port: str, call: str, error: object, denial: Denial) -> None:
    desk = a_desk()
    await a_verified_request(desk)
    getattr(desk, port).troubles[call] = error

    assert (await refused(desk)).denial is denial


async def test_an_undo_that_was_opened_is_not_refused_when_its_form_is_carried_out_again() -> None:
    """Meanwhile it was approved and made: the first delivery took effect, whatever holds by now."""
    desk = a_desk()
    await a_verified_request(desk)
    undo = await request_undo(ASK, desk)
    await desk.requests.vote(undo.id, Vote(a_person(APPROVER), Decision.APPROVE, desk.now()), "v-undo")
    await execute(undo.id, "w1", desk)
    refusals = desk.journal.kinds.count("refused")

    assert (await request_undo(ASK, desk)).id == undo.id
    assert desk.journal.kinds.count("refused") == refusals
