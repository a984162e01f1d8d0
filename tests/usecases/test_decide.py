"""Approve, deny, cancel: who may, from where, and what is written down."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.approval import TERMINAL, CardRef, ChangeRequest, Decision, State, has_quorum
from bot.domain.people import User
from bot.errors import (
    AuditUnavailable,
    BadInput,
    Conflict,
    Denial,
    GraphThrottled,
    NotAllowed,
    SlackError,
    StoreUnavailable,
)
from bot.ports import SwitchState
from bot.usecases.decide import approve, cancel, deny
from tests.fakes import (
    APPROVER,
    APPROVER_2,
    BYSTANDER,
    HELPDESK,
    NOON,
    TARGET,
    FakeDesk,
    FakeSwitches,
    a_desk,
    a_person,
    a_slack_person,
    some_rules,
)
from tests.usecases.requests import a_click, a_pending_request, a_wish

EVERYONE = frozenset({"U0PAUL", "U0PIA", "U0HANNA", "U0MIRA", "U0BORIS"})
WHY = "The caller could not be verified"


async def test_two_approvals_approve() -> None:
    desk = a_desk()
    await a_pending_request(desk)

    first = await approve(a_click(desk), desk)
    second = await approve(a_click(desk, APPROVER_2), desk)

    assert (first.state, second.state) == (State.PENDING, State.APPROVED)
    assert [vote.person.object_id for vote in second.approvals] == [APPROVER.id, APPROVER_2.id]
    assert desk.journal.kinds == ["vote.approve", "vote.approve"]
    assert desk.journal.entries[0].actor == second.votes[0].person
    assert desk.journal.entries[0].target == TARGET.id


async def test_one_denial_denies_with_its_reason() -> None:
    desk = a_desk()
    await a_pending_request(desk)

    request = await deny(a_click(desk), f"  {WHY} ", desk)

    assert request.state is State.DENIED
    assert (request.votes[0].decision, request.votes[0].reason) == (Decision.DENY, WHY)
    assert desk.journal.kinds == ["vote.deny"]


@pytest.mark.parametrize("reason", ["", "   ", "no", "x" * 501, "password: hunter22"])
async def test_a_denial_needs_a_usable_reason(reason: str) -> None:
    desk = a_desk()
    await a_pending_request(desk)

    with pytest.raises(BadInput) as caught:
        await deny(a_click(desk), reason, desk)

    assert caught.value.field == "reason"
    assert desk.requests.records["req-1"].votes == ()
    assert "hunter22" not in str(desk.journal.entries)


# --- every denial -------------------------------------------------------------------------------------


def _group_unreadable(desk: FakeDesk) -> FakeDesk:
    desk.workspace.troubles["members"] = SlackError("usergroups.users.list", "ratelimited")
    return replace(desk, rules=some_rules(approvers=frozenset({"S0"})))


def _graph_throttled(desk: FakeDesk) -> FakeDesk:
    desk.directory.troubles["find_user"] = GraphThrottled("the user")
    return desk


def _just_removed(desk: FakeDesk) -> FakeDesk:
    desk.workspace.groups["S0"] = frozenset({"U0PIA"})
    return replace(desk, rules=some_rules(approvers=frozenset({"S0"})))


def _guest(desk: FakeDesk) -> FakeDesk:
    desk.workspace.change(APPROVER, is_guest=True)
    return desk


def _stranger(desk: FakeDesk) -> FakeDesk:
    desk.workspace.change(APPROVER, is_stranger=True)
    return desk


def _deactivated(desk: FakeDesk) -> FakeDesk:
    desk.workspace.change(APPROVER, is_deleted=True)
    return desk


def _nobody_in_entra(desk: FakeDesk) -> FakeDesk:
    desk.directory.users.remove(APPROVER)
    return desk


def _second_account_of_requester(desk: FakeDesk) -> FakeDesk:
    desk.workspace.people["U0PAUL"] = replace(a_slack_person(HELPDESK), id="U0PAUL")
    return desk


def _pinned_to_target(desk: FakeDesk) -> FakeDesk:
    return replace(desk, rules=replace(desk.rules, pins={"U0PAUL": TARGET.id}))


def _requester_is_approver(desk: FakeDesk) -> FakeDesk:
    return replace(desk, rules=some_rules(approvers=EVERYONE))


def _as_it_is(desk: FakeDesk) -> FakeDesk:
    return desk


@pytest.mark.parametrize("decision", list(Decision))
@pytest.mark.parametrize(
    ("change", "click", "denial"),
    [
        (_group_unreadable, {}, Denial.CANNOT_CHECK),
        (_graph_throttled, {}, Denial.CANNOT_CHECK),
        (_just_removed, {}, Denial.NOT_APPROVER),
        (_guest, {}, Denial.GUEST),
        (_stranger, {}, Denial.OUTSIDER),
        (_deactivated, {}, Denial.DEACTIVATED),
        (_nobody_in_entra, {}, Denial.NO_ENTRA_PERSON),
        (_second_account_of_requester, {}, Denial.IS_REQUESTER),
        (_pinned_to_target, {}, Denial.IS_TARGET),
        (_requester_is_approver, {"slack_id": "U0HANNA"}, Denial.IS_REQUESTER),
        (_requester_is_approver, {"slack_id": "U0MIRA"}, Denial.IS_TARGET),
        (_as_it_is, {"slack_id": "U0BORIS"}, Denial.NOT_APPROVER),
        (_as_it_is, {"slack_id": "U0NOBODY"}, Denial.OUTSIDER),
        (_as_it_is, {"request_id": "req-2"}, Denial.UNKNOWN_REQUEST),
        (_as_it_is, {"request_id": "{t}:req-1*\0" + "x" * 2000}, Denial.UNKNOWN_REQUEST),
        (_as_it_is, {"channel": "C0ELSEWHERE"}, Denial.STALE_CARD),
        (_as_it_is, {"message_ts": "1764.999999"}, Denial.STALE_CARD),
        (_as_it_is, {"version": 7}, Denial.STALE_CARD),
        (_as_it_is, {"version": 0}, Denial.STALE_CARD),
        (_as_it_is, {"version": None}, Denial.STALE_CARD),
        (_as_it_is, {"clicked_at": NOON}, Denial.TOO_SOON),
    ],
)
async def test_a_refused_click_changes_nothing_and_is_written_down(
    decision: Decision, change: Any, click: dict[str, Any], denial: Denial
) -> None:
    desk = a_desk()
    before = await a_pending_request(desk)
    desk = change(desk)

    clicked = a_click(desk, **click)

    with pytest.raises(NotAllowed) as caught:
        await (approve(clicked, desk) if decision is Decision.APPROVE else deny(clicked, WHY, desk))

    assert caught.value.denial is denial
    assert desk.requests.records == {"req-1": before}
    assert desk.journal.kinds == ["refused"]
    assert desk.journal.entries[0].detail["because"] == denial
    assert desk.mfa_states.calls == []


async def test_a_card_that_was_never_stored_is_not_trusted() -> None:
    desk = a_desk()
    request = await a_pending_request(desk)
    desk.requests.records["req-1"] = replace(request, card=None)

    with pytest.raises(NotAllowed) as caught:
        await approve(a_click(desk), desk)

    assert caught.value.denial is Denial.STALE_CARD


async def test_group_membership_is_read_at_the_click() -> None:
    desk = a_desk(rules=some_rules(approvers=frozenset({"S0"})))
    desk.workspace.groups["S0"] = frozenset({"U0PAUL"})
    await a_pending_request(desk)

    await approve(a_click(desk), desk)

    assert desk.workspace.fresh_reads == ["S0"]


def _with_employee_id(desk: FakeDesk, user: User) -> None:
    desk.directory.users = [
        replace(one, employee_id=" e-17") if one.id == user.id else one for one in desk.directory.users
    ]


async def test_another_account_of_the_requester_or_target_is_the_same_person() -> None:
    number = "E-17"
    for story, denial in (
        ({"requester": replace(a_person(HELPDESK), employee_id=number)}, Denial.IS_REQUESTER),
        ({"target": replace(a_wish().target, employee_id=number)}, Denial.IS_TARGET),
    ):
        desk = a_desk()
        _with_employee_id(desk, APPROVER)
        await a_pending_request(desk, **story)

        with pytest.raises(NotAllowed) as caught:
            await approve(a_click(desk), desk)

        assert caught.value.denial is denial


async def test_one_person_with_two_accounts_has_one_vote() -> None:
    desk = a_desk()
    _with_employee_id(desk, APPROVER)
    _with_employee_id(desk, APPROVER_2)
    await a_pending_request(desk, quorum=2)
    request = await approve(a_click(desk), desk)

    with pytest.raises(NotAllowed) as caught:
        await approve(a_click(desk, APPROVER_2), desk)

    assert caught.value.denial is Denial.ALREADY_VOTED
    twice = (
        *request.votes,
        replace(request.votes[0], person=replace(request.votes[0].person, object_id=APPROVER_2.id)),
    )
    assert not has_quorum(replace(request, votes=twice))


async def test_the_slack_account_is_read_at_the_click() -> None:
    desk = a_desk()
    await a_pending_request(desk)

    await approve(a_click(desk), desk)
    with pytest.raises(NotAllowed):
        await cancel(a_click(desk, APPROVER_2), desk)

    assert desk.workspace.fresh_people == ["U0PAUL", "U0PIA"]


async def test_a_requester_who_was_pinned_to_somebody_else_is_still_the_requester() -> None:
    desk = a_desk(rules=some_rules(approvers=EVERYONE, pins={"U0HANNA": BYSTANDER.id}))
    await a_pending_request(desk)

    with pytest.raises(NotAllowed) as caught:
        await approve(a_click(desk, HELPDESK), desk)

    assert caught.value.denial is Denial.IS_REQUESTER


async def test_one_person_has_one_vote() -> None:
    desk = a_desk()
    await a_pending_request(desk)
    await approve(a_click(desk), desk)

    with pytest.raises(NotAllowed) as caught:
        await approve(a_click(desk, op_id="another click"), desk)

    assert caught.value.denial is Denial.ALREADY_VOTED
    assert len(desk.requests.records["req-1"].votes) == 1


async def test_two_slack_accounts_of_one_person_have_one_vote() -> None:
    desk = a_desk()
    desk.workspace.people["U0PIA"] = replace(a_slack_person(APPROVER), id="U0PIA")
    await a_pending_request(desk)
    await approve(a_click(desk), desk)

    with pytest.raises(NotAllowed) as caught:
        await approve(a_click(desk, APPROVER_2), desk)

    assert caught.value.denial is Denial.ALREADY_VOTED


async def test_a_vote_on_the_card_as_it_was_before_the_first_vote_counts() -> None:
    desk = a_desk()
    await a_pending_request(desk)
    await approve(a_click(desk), desk)

    request = await approve(a_click(desk, APPROVER_2, version=1), desk)

    assert request.state is State.APPROVED


# --- a request that is over ---------------------------------------------------------------------------


@pytest.mark.parametrize("state", sorted(TERMINAL | {State.APPROVED, State.EXECUTING}))
async def test_a_click_after_the_end_is_told_how_it_ended(state: State) -> None:
    desk = a_desk()
    request = await a_pending_request(desk)
    desk.requests.records["req-1"] = ended = replace(request, state=state)

    for decide in (approve(a_click(desk), desk), deny(a_click(desk), WHY, desk)):
        with pytest.raises(Conflict) as caught:
            await decide
        assert caught.value.state == state

    assert desk.requests.records["req-1"] == ended
    assert desk.journal.kinds == ["refused", "refused"]


async def test_a_click_after_the_time_finds_the_request_expired() -> None:
    desk = a_desk()
    await a_pending_request(desk)
    desk.clock.advance(1800)

    with pytest.raises(Conflict, match="expired"):
        await approve(a_click(desk), desk)


# --- deliveries, races, the journal -------------------------------------------------------------------


async def test_the_same_click_delivered_again_gets_the_same_answer() -> None:
    desk = a_desk()
    await a_pending_request(desk)
    await approve(a_click(desk), desk)
    click = a_click(desk, APPROVER_2)

    first = await approve(click, desk)
    again = await approve(click, desk)

    assert again == first
    assert again.state is State.APPROVED


async def test_a_winner_whose_reply_got_lost_learns_that_they_won() -> None:
    desk = a_desk()
    await a_pending_request(desk)
    await approve(a_click(desk), desk)
    desk.requests.lost_replies.append("vote")
    click = a_click(desk, APPROVER_2)
    with pytest.raises(StoreUnavailable):
        await approve(click, desk)

    assert (await approve(click, desk)).state is State.APPROVED


async def test_approve_and_deny_at_once_have_one_outcome() -> None:
    desk = a_desk()
    desk.requests.delays["vote"] = 0.001
    await a_pending_request(desk, quorum=1)

    results = await asyncio.gather(
        approve(a_click(desk), desk), deny(a_click(desk, APPROVER_2), WHY, desk), return_exceptions=True
    )

    assert sorted(type(result).__name__ for result in results) == ["ChangeRequest", "Conflict"]
    assert len(desk.requests.records["req-1"].votes) == 1


@pytest.mark.parametrize("kind", ["vote.approve", "refused"])
async def test_without_the_journal_nothing_is_decided(kind: str) -> None:
    desk = a_desk()
    await a_pending_request(desk)
    desk.journal.troubles[kind] = AuditUnavailable()
    click = a_click(desk) if kind == "vote.approve" else a_click(desk, BYSTANDER)

    with pytest.raises(AuditUnavailable):
        await approve(click, desk)

    assert desk.requests.records["req-1"].votes == ()


@pytest.mark.parametrize("decision", list(Decision))
async def test_a_click_that_counted_is_not_refused_when_it_is_carried_out_again(decision: Decision) -> None:
    """Two processes may carry out one click; meanwhile its giver was removed from the approvers."""
    desk = a_desk()
    await a_pending_request(desk)

    async def decide(desk: FakeDesk) -> ChangeRequest:
        if decision is Decision.APPROVE:
            return await approve(a_click(desk), desk)
        return await deny(a_click(desk), WHY, desk)

    counted = await decide(desk)

    assert await decide(_just_removed(desk)) == counted
    assert desk.journal.kinds == [f"vote.{decision}"]


async def test_a_click_that_was_refused_does_not_count_when_it_is_carried_out_again() -> None:
    desk = a_desk()
    await a_pending_request(desk)
    with pytest.raises(NotAllowed):
        await approve(a_click(desk), _just_removed(desk))

    with pytest.raises(NotAllowed) as caught:
        await approve(a_click(desk), desk)

    assert caught.value.denial is Denial.NOT_APPROVER
    assert desk.requests.records["req-1"].votes == ()
    assert (await approve(a_click(desk, op_id="another click"), desk)).votes


async def test_a_freeze_between_two_processes_that_carry_out_one_click_gives_one_answer() -> None:
    """Whether the vote or the freeze comes first: the two say the same, and so does the card."""
    for delays in ({"vote": 0.002}, {"refuse": 0.002}):
        desk = a_desk()
        await a_pending_request(desk, quorum=1)
        desk.requests.delays.update(delays)
        frozen = replace(desk, switches=FakeSwitches())
        await frozen.switches.throw("freeze", SwitchState(True, "U0PIA", "too many", desk.now()))

        answers = await asyncio.gather(
            approve(a_click(desk), desk), approve(a_click(desk), frozen), return_exceptions=True
        )

        counted = bool(desk.requests.records["req-1"].votes)
        assert [isinstance(answer, ChangeRequest) for answer in answers] == [counted, counted]
        assert counted or {str(answer) for answer in answers} == {"frozen: too many"}


async def test_two_accounts_of_one_person_voting_in_the_same_instant_count_once() -> None:
    desk = a_desk()
    _with_employee_id(desk, APPROVER)
    _with_employee_id(desk, APPROVER_2)
    await a_pending_request(desk, quorum=2)
    desk.requests.delays["vote"] = 0.002  # both have read the request before either votes

    results = await asyncio.gather(
        approve(a_click(desk), desk), approve(a_click(desk, APPROVER_2), desk), return_exceptions=True
    )

    denials = [result.denial for result in results if isinstance(result, NotAllowed)]
    assert denials == [Denial.ALREADY_VOTED]
    request = desk.requests.records["req-1"]
    assert (request.state, len(request.votes), request.intact) == (State.PENDING, 1, True)


async def test_a_withdrawal_that_was_made_is_not_refused_when_it_is_carried_out_again() -> None:
    desk = a_desk()
    await a_pending_request(desk)
    click = a_click(desk, HELPDESK)
    withdrawn = await cancel(click, desk)
    desk.workspace.change(HELPDESK, is_guest=True)

    assert await cancel(click, desk) == withdrawn


# --- cancel -------------------------------------------------------------------------------------------


async def test_the_requester_cancels_from_any_message() -> None:
    desk = a_desk()
    await a_pending_request(desk)

    request = await cancel(a_click(desk, HELPDESK, channel="D0HANNA", message_ts="1"), desk)

    assert request.state is State.CANCELLED
    assert desk.journal.kinds == ["request.cancelled"]


@pytest.mark.parametrize("user", [APPROVER, TARGET, BYSTANDER], ids=lambda user: user.display_name)
async def test_nobody_else_cancels(user: Any) -> None:
    desk = a_desk()
    await a_pending_request(desk)

    with pytest.raises(NotAllowed) as caught:
        await cancel(a_click(desk, user), desk)

    assert caught.value.denial is Denial.NOT_REQUESTER
    assert desk.requests.records["req-1"].state is State.PENDING
    assert desk.journal.kinds == ["refused"]


async def test_cancel_after_the_decision_is_told_how_it_stands() -> None:
    desk = a_desk()
    await a_pending_request(desk)
    await deny(a_click(desk), WHY, desk)

    with pytest.raises(Conflict) as caught:
        await cancel(a_click(desk, HELPDESK), desk)

    assert (caught.value.state, caught.value.by) == (State.DENIED, "Paul Aster")


async def test_cancel_delivered_again_gets_the_same_answer() -> None:
    desk = a_desk()
    await a_pending_request(desk)
    click = a_click(desk, HELPDESK)

    results: list[ChangeRequest] = [await cancel(click, desk), await cancel(click, desk)]

    assert results[0] == results[1]


def test_the_card_of_the_story_was_posted_at_noon() -> None:
    assert CardRef("C", "1", NOON).posted_at == NOON
