"""Changes on hold: who puts them there, who lifts it, what still works meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.approval import CardRef, ChangeKind, State, Target
from bot.domain.people import PerUserMfaState, User
from bot.errors import AuditUnavailable, BadInput, Denial, NotAllowed, SlackError, StoreUnavailable
from bot.ports import News, SwitchState
from bot.usecases.decide import APPROVALS_WITHIN, MOST_APPROVALS, Click, approve, cancel, deny
from bot.usecases.freeze import (
    FREEZE,
    HOUR,
    SCHEDULED,
    HoldAsk,
    LiftAsk,
    freeze,
    frozen,
    lift,
    put_on_hold,
    too_many_disables,
)
from bot.usecases.throw_switch import MOST_LOOKS
from tests.fakes import (
    APPROVAL_CHANNEL,
    APPROVER,
    APPROVER_2,
    BYSTANDER,
    HELPDESK,
    NOON,
    FakeDesk,
    a_desk,
    an_object_id,
    slack_id_of,
    some_rules,
)
from tests.usecases.requests import CARD_TS, a_click, a_pending_request, a_wish

WHY = "Eleven disables within an hour"
LOOKED = LiftAsk(slack_id_of(APPROVER), "Looked at all eleven: a new office", "op-lift", NOON)


async def run_due(desk: FakeDesk) -> None:
    """Do everything that is due, as the schedule's worker does."""
    for job in await desk.schedule.take_due(100, timedelta(minutes=1)):
        await SCHEDULED[job.kind](job, desk)
        await desk.schedule.done(job)


# --- on and off ---------------------------------------------------------------------------------------


async def test_a_freeze_is_journalled_and_announced_once() -> None:
    desk = a_desk()

    await freeze("", WHY, desk)
    await freeze("", "again", desk)
    await run_due(desk)
    await run_due(desk)

    state = await frozen(desk)
    assert state is not None
    assert (state.by, state.reason, state.at) == ("", WHY, desk.now())
    assert desk.journal.kinds == ["freeze.on"]
    assert desk.announcer.announced == [(News.FROZEN, WHY, "")]


async def test_an_approver_puts_changes_on_hold_with_a_reason() -> None:
    desk = a_desk()
    ask = HoldAsk(slack_id_of(APPROVER), "A token was stolen", "op-hold")

    await put_on_hold(ask, desk)
    await put_on_hold(HoldAsk(slack_id_of(APPROVER_2), "The same again", "op-2"), desk)
    await run_due(desk)

    state = await frozen(desk)
    assert state is not None
    assert (state.by, state.reason) == (ask.slack_id, ask.reason)
    (entry,) = desk.journal.entries
    assert (entry.kind, entry.actor and entry.actor.object_id) == ("freeze.on", APPROVER.id)
    assert desk.announcer.announced == [(News.FROZEN, ask.reason, ask.slack_id)]


async def test_nobody_else_puts_changes_on_hold() -> None:
    desk = a_desk()
    with pytest.raises(NotAllowed):
        await put_on_hold(HoldAsk(slack_id_of(HELPDESK), "A token was stolen", "op-1"), desk)
    with pytest.raises(BadInput):
        await put_on_hold(HoldAsk(slack_id_of(APPROVER), "no", "op-2"), desk)
    desk.journal.troubles["freeze.on"] = AuditUnavailable()
    with pytest.raises(AuditUnavailable):
        await put_on_hold(HoldAsk(slack_id_of(APPROVER), "A token was stolen", "op-3"), desk)
    assert await frozen(desk) is None
    assert desk.journal.kinds == ["refused", "refused"]


async def test_an_approver_lifts_it_with_a_reason() -> None:
    desk = a_desk()
    await freeze("", WHY, desk)
    await run_due(desk)

    await lift(LOOKED, desk)
    await lift(LOOKED, desk)
    await run_due(desk)

    assert await frozen(desk) is None
    assert desk.journal.kinds == ["freeze.on", "freeze.lifted"]
    assert desk.journal.entries[-1].detail["reason"] == LOOKED.reason
    assert desk.announcer.announced[1:] == [(News.LIFTED, LOOKED.reason, LOOKED.slack_id)]


async def test_a_late_second_delivery_lifts_no_hold_that_began_since() -> None:
    desk = a_desk()
    await freeze("", WHY, desk)
    await lift(LOOKED, desk)
    desk.clock.advance(60)
    await freeze("", "Eleven more", desk)

    with pytest.raises(NotAllowed) as caught:
        await lift(LOOKED, desk)

    assert caught.value.denial is Denial.STALE_CARD
    state = await frozen(desk)
    assert state is not None
    assert state.reason == "Eleven more"
    assert desk.journal.kinds == ["freeze.on", "freeze.lifted", "freeze.on", "refused"]


@pytest.mark.parametrize("reason", ["", "    ", "ok", "password: hunter22"])
async def test_lifting_needs_a_usable_reason(reason: str) -> None:
    desk = a_desk()
    await freeze("", WHY, desk)

    with pytest.raises(BadInput):
        await lift(replace(LOOKED, reason=reason), desk)

    assert await frozen(desk) is not None
    assert desk.journal.kinds == ["freeze.on", "refused"]


@pytest.mark.parametrize("who", [HELPDESK, BYSTANDER])
async def test_only_approvers_lift(who: User) -> None:
    desk = a_desk()
    await freeze("", WHY, desk)

    with pytest.raises(NotAllowed) as caught:
        await lift(replace(LOOKED, slack_id=slack_id_of(who)), desk)

    assert caught.value.denial is Denial.NOT_APPROVER
    assert await frozen(desk) is not None


async def test_whether_an_approver_still_is_one_is_read_this_moment() -> None:
    desk = a_desk(rules=some_rules(approvers=frozenset({"S0APPROVERS"})))
    desk.workspace.groups["S0APPROVERS"] = frozenset({LOOKED.slack_id})
    await freeze("", WHY, desk)

    await lift(LOOKED, desk)

    assert desk.workspace.fresh_reads == ["S0APPROVERS"]


async def test_a_lift_that_took_effect_is_not_refused_when_it_is_carried_out_again() -> None:
    """Two processes may carry out one form; meanwhile its giver was removed from the approvers."""
    desk = a_desk()
    await freeze("", WHY, desk)
    lifted = await lift(LOOKED, desk)
    removed = replace(desk, rules=some_rules(approvers=frozenset({"U0PIA"})))

    assert await lift(LOOKED, removed) == lifted
    assert desk.journal.kinds == ["freeze.on", "freeze.lifted"]
    with pytest.raises(NotAllowed):
        await lift(replace(LOOKED, op_id="op-other", at=desk.now() + timedelta(seconds=1)), removed)


async def test_without_a_journal_nothing_is_lifted() -> None:
    desk = a_desk()
    await freeze("", WHY, desk)
    desk.journal.troubles["freeze.lifted"] = AuditUnavailable()

    with pytest.raises(AuditUnavailable):
        await lift(LOOKED, desk)

    assert await frozen(desk) is not None


async def test_slack_may_be_down_when_the_freeze_is_thrown() -> None:
    desk = a_desk()
    desk.announcer.troubles["announce"] = [SlackError("chat.postMessage", "fatal_error")]
    await freeze("", WHY, desk)

    with pytest.raises(SlackError):
        await run_due(desk)
    desk.clock.advance(61)
    await run_due(desk)

    assert [news for news, _, _ in desk.announcer.announced] == [News.FROZEN]


async def test_a_freeze_whose_thrower_dies_at_once_is_announced_all_the_same() -> None:
    desk = a_desk()
    desk.schedule.troubles["put"] = [None, StoreUnavailable()]
    with pytest.raises(StoreUnavailable):
        await freeze("", WHY, desk)

    desk.clock.advance(31)
    await run_due(desk)

    assert [news for news, _, _ in desk.announcer.announced] == [News.FROZEN]


async def test_a_freeze_whose_thrower_was_held_up_and_then_died_is_announced_all_the_same() -> None:
    """The announcement falls due before the switch is thrown, and nobody puts it again."""
    desk = a_desk()
    desk.switches.troubles["throw"] = [StoreUnavailable()]
    with pytest.raises(StoreUnavailable):
        await freeze("", WHY, desk)
    begun = SwitchState(True, "", WHY, desk.now())
    desk.clock.advance(31)
    await run_due(desk)
    assert desk.announcer.announced == []

    await desk.switches.throw(FREEZE, begun)
    desk.clock.advance(31)
    await run_due(desk)
    await run_due(desk)

    assert desk.announcer.announced == [(News.FROZEN, WHY, "")]


async def test_a_throw_that_never_came_is_not_waited_for_for_ever() -> None:
    desk = a_desk()
    desk.switches.troubles["throw"] = [StoreUnavailable()]
    with pytest.raises(StoreUnavailable):
        await freeze("", WHY, desk)

    for _ in range(MOST_LOOKS + 1):
        desk.clock.advance(31)
        await run_due(desk)

    assert desk.announcer.announced == []
    assert not desk.schedule.jobs


async def test_a_hold_is_announced_although_a_lift_that_never_came_took_its_turn() -> None:
    desk = a_desk()
    desk.announcer.troubles["announce"] = [SlackError("chat.postMessage", "fatal_error")]
    await freeze("", WHY, desk)
    with pytest.raises(SlackError):
        await run_due(desk)
    desk.clock.advance(3600)
    desk.switches.troubles["throw"] = [StoreUnavailable()]
    with pytest.raises(StoreUnavailable):
        await lift(replace(LOOKED, at=desk.now()), desk)

    for _ in range(MOST_LOOKS + 1):
        desk.clock.advance(31)
        await run_due(desk)

    assert desk.announcer.announced == [(News.FROZEN, WHY, "")]
    assert not desk.schedule.jobs


async def test_a_word_of_somebody_whose_clock_is_behind_is_announced_all_the_same() -> None:
    desk = a_desk()
    await freeze("", WHY, desk)
    behind = SwitchState(False, LOOKED.slack_id, LOOKED.reason, desk.now() - timedelta(seconds=5))
    await desk.switches.throw(FREEZE, behind)

    for _ in range(MOST_LOOKS + 1):
        await run_due(desk)
        desk.clock.advance(31)

    assert desk.announcer.announced == [(News.LIFTED, LOOKED.reason, LOOKED.slack_id)]


# --- what is on hold ------------------------------------------------------------------------------------


async def test_nobody_approves_a_disable_while_frozen() -> None:
    desk = a_desk()
    await a_pending_request(desk)
    await freeze("", WHY, desk)

    with pytest.raises(NotAllowed) as caught:
        await approve(a_click(desk), desk)

    assert (caught.value.denial, caught.value.detail) == (Denial.FROZEN, WHY)
    assert desk.requests.records["req-1"].votes == ()
    assert desk.journal.entries[-1].detail["because"] == "frozen"

    await lift(replace(LOOKED, at=desk.now()), desk)
    assert len((await approve(a_click(desk, op_id="another click"), desk)).votes) == 1


async def test_a_switch_that_cannot_be_read_stops_an_approval() -> None:
    desk = a_desk()
    await a_pending_request(desk)
    desk.switches.troubles["read"] = StoreUnavailable()

    with pytest.raises(StoreUnavailable):
        await approve(a_click(desk), desk)

    assert desk.requests.records["req-1"].votes == ()


async def test_a_vote_that_counted_before_the_freeze_is_not_called_refused_when_its_click_comes_again() -> (
    None
):
    desk = a_desk()
    await a_pending_request(desk)
    await approve(a_click(desk), desk)
    await freeze("psso-bot", WHY, desk)

    assert len((await approve(a_click(desk), desk)).votes) == 1
    with pytest.raises(NotAllowed) as caught:
        await approve(a_click(desk, op_id="another"), desk)
    assert caught.value.denial is Denial.ALREADY_VOTED


async def test_denying_and_withdrawing_work_while_frozen() -> None:
    desk = a_desk()
    await a_pending_request(desk)
    await freeze("", WHY, desk)
    assert (await deny(a_click(desk), "Not now, please", desk)).state is State.DENIED

    other = a_desk()
    await a_pending_request(other)
    await freeze("", WHY, other)
    assert (await cancel(a_click(other, HELPDESK), other)).state is State.CANCELLED


async def test_giving_protection_back_works_while_frozen() -> None:
    desk = a_desk()
    await a_pending_request(
        desk,
        kind=ChangeKind.RESTORE,
        before=PerUserMfaState.DISABLED,
        wanted=PerUserMfaState.ENFORCED,
        quorum=1,
    )
    await freeze("", WHY, desk)

    assert (await approve(a_click(desk), desk)).state is State.APPROVED


# --- too many, too fast -----------------------------------------------------------------------------------


async def test_the_eleventh_disable_within_an_hour_is_too_many() -> None:
    desk = a_desk()

    assert not any([await too_many_disables(desk, f"req-{number}") for number in range(10)])
    assert not await too_many_disables(desk, "req-3")  # the same one again
    assert await too_many_disables(desk, "req-10")
    desk.clock.advance(HOUR.total_seconds())
    assert not await too_many_disables(desk, "req-10")


async def one_more(desk: FakeDesk, number: int) -> Click:
    """Open a request about somebody else and return the approver's click on it."""
    request_id = f"req-{number}"
    target = Target(an_object_id(100 + number), f"user{number}@contoso.com", f"User {number}")
    await desk.requests.open(a_wish(id=request_id, target=target, quorum=1), f"open-{number}")
    await desk.requests.show_on(request_id, CardRef(APPROVAL_CHANNEL, CARD_TS, desk.now()))
    desk.clock.advance(5)
    return a_click(desk, request_id=request_id, op_id=f"click-{number}")


async def test_nobody_approves_more_than_ten_in_ten_minutes() -> None:
    desk = a_desk()
    for number in range(MOST_APPROVALS):
        await approve(await one_more(desk, number), desk)
    click = await one_more(desk, MOST_APPROVALS)

    with pytest.raises(NotAllowed) as caught:
        await approve(click, desk)

    assert caught.value.denial is Denial.RATE_LIMITED
    assert desk.requests.records[click.request_id].votes == ()
    somebody_else = replace(click, slack_id=slack_id_of(APPROVER_2), op_id="click-else")
    assert (await approve(somebody_else, desk)).state is State.APPROVED


async def test_a_click_that_is_delivered_again_counts_once() -> None:
    desk = a_desk()
    desk.requests.lost_replies = ["vote"]
    click = await one_more(desk, 0)
    with pytest.raises(StoreUnavailable):
        await approve(click, desk)

    await approve(click, desk)

    assert await desk.limits.count("approve", APPROVER.id, APPROVALS_WITHIN) == 1


async def test_who_approved_too_fast_may_still_deny_and_approves_again_later() -> None:
    desk = a_desk()
    for number in range(MOST_APPROVALS):
        await approve(await one_more(desk, number), desk)

    assert (await deny(await one_more(desk, 50), "That is too many", desk)).state is State.DENIED
    desk.clock.advance(APPROVALS_WITHIN.total_seconds())
    assert (await approve(await one_more(desk, 51), desk)).state is State.APPROVED


async def test_a_refused_click_does_not_use_up_approvals() -> None:
    desk = a_desk()
    await a_pending_request(desk)

    with pytest.raises(NotAllowed):
        await approve(a_click(desk, message_ts="1764.9"), desk)

    assert await desk.limits.count("approve", APPROVER.id, APPROVALS_WITHIN) == 0
    assert FREEZE not in desk.switches.thrown
