"""Silences, acknowledgements and the pause switch: who may, what is kept, and what follows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from bot.domain.alert_delivery import fits
from bot.domain.alerts import AlertGroup, Fingerprint, GroupState, Scope
from bot.domain.silencing import LENGTHS, Reach, matcher_for, needs_approver, reaches
from bot.errors import AuditUnavailable, BadInput, Denial, NotAllowed
from bot.ports import Job
from bot.usecases.acknowledge_alert import AcknowledgeAsk, acknowledge
from bot.usecases.deliver_alerts import carry_out
from bot.usecases.pause_alerts import PauseAsk, pause, paused, resume
from bot.usecases.scheduled import carry_out_scheduled
from bot.usecases.silence_alerts import LiftSilenceAsk, SilenceAsk, lift, silence
from tests.alert_fakes import ALERT_CHANNEL, FakeWatchingDesk, a_group, a_sighting, a_watching_desk
from tests.fakes import APPROVER, BYSTANDER, HELPDESK, NOON, TARGET, slack_id_of, some_rules

HANNA, PAUL, BORIS = slack_id_of(HELPDESK), slack_id_of(APPROVER), slack_id_of(BYSTANDER)
GROUP = a_group(a_sighting(policy_id="policy-1", policy_name="Require MFA"))


def a_desk() -> FakeWatchingDesk:
    rules = some_rules(alert_channel=ALERT_CHANNEL, helpdesk=frozenset({HANNA}))
    desk = a_watching_desk(rules=rules)
    desk.alerts.groups.groups[GROUP.id] = GROUP
    return desk


def an_ask(by: str = HANNA, reach: str = "person", **changes: Any) -> SilenceAsk:
    made = SilenceAsk(
        group_id=GROUP.id,
        reach=reach,
        length=timedelta(hours=1),
        reason="The laptop is replaced today",
        subject="Mira Holm",
        slack_id=by,
        at=NOON,
        op_id="view:1",
    )
    return replace(made, **changes)


async def deliver(desk: FakeWatchingDesk) -> None:
    """Carry out what the group's news and the schedule ask for."""
    await carry_out(Job("1", "alert", "1", {"group_id": GROUP.id}), desk)
    await due(desk)


async def due(desk: FakeWatchingDesk) -> None:
    while jobs := await desk.schedule.take_due(100, timedelta(minutes=2)):
        for job in jobs:
            await carry_out_scheduled(job, desk)
            await desk.schedule.done(job)


# --- what can be silenced -----------------------------------------------------------------------------------


def test_every_reach_that_is_offered_covers_its_own_group() -> None:
    for scope in Scope:
        subjects = {
            Scope.PERSON: TARGET.id,
            Scope.PLACE: "203.0.113.0/24",
            Scope.POLICY: "policy-1",
            Scope.TENANT: "app:50076",
        }
        group = replace(GROUP, fingerprint=Fingerprint(scope, "PER_USER_MFA", subjects[scope]))
        offered = reaches(group)
        assert offered[-1] is Reach.CAUSE
        assert (Reach.PERSON in offered) is (scope is Scope.PERSON)
        for reach in offered:
            matcher = matcher_for(group, reach)
            assert not matcher.is_empty
            assert fits(matcher, group)
            assert needs_approver(matcher) is (reach is not Reach.PERSON)


def test_what_is_not_known_is_not_offered() -> None:
    bare = a_group(a_sighting(network="", policy_id="", user_id=""))
    assert reaches(bare) == (Reach.CAUSE,)
    assert list(LENGTHS.values()) == [timedelta(hours=1), timedelta(days=1), timedelta(days=7)]


# --- silence ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("by", "reach"), list(product((HANNA, PAUL, BORIS), Reach)))
async def test_who_may_silence_what(by: str, reach: Reach) -> None:
    desk = a_desk()
    allowed = by == PAUL or (by == HANNA and reach is Reach.PERSON)
    if allowed:
        await silence(an_ask(by, reach), desk)
        assert desk.journal.kinds == ["alert.silenced"]
        assert len(desk.alerts.silences.silences) == 1
        return
    with pytest.raises(NotAllowed) as refused:
        await silence(an_ask(by, reach), desk)
    wanted = Denial.NOT_HELPDESK if reach is Reach.PERSON else Denial.NOT_APPROVER
    assert refused.value.denial is wanted
    assert desk.journal.kinds == ["refused"]
    assert desk.alerts.silences.silences == {}


async def test_the_same_form_twice_is_one_silence() -> None:
    desk = a_desk()
    first = await silence(an_ask(), desk)
    desk.clock.advance(70)
    assert await silence(an_ask(), desk) == first
    assert len(desk.alerts.silences.silences) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"length": timedelta(days=8)}, "length"),
        ({"length": timedelta(0)}, "length"),
        ({"reach": "everything"}, "reach"),
    ],
)
async def test_what_cannot_be_silenced(changes: dict[str, Any], field: str) -> None:
    desk = a_desk()
    with pytest.raises(BadInput) as wrong:
        await silence(an_ask(PAUL, **changes), desk)
    assert wrong.value.field == field
    assert desk.alerts.silences.silences == {}


async def test_no_journal_no_silence() -> None:
    desk = a_desk()
    desk.journal.troubles["alert.silenced"] = AuditUnavailable()
    with pytest.raises(AuditUnavailable):
        await silence(an_ask(), desk)
    assert desk.alerts.silences.silences == {}


async def test_an_alert_that_is_no_longer_kept_cannot_be_silenced() -> None:
    desk = a_desk()
    with pytest.raises(NotAllowed) as refused:
        await silence(an_ask(group_id="g-old"), desk)
    assert refused.value.denial is Denial.STALE_CARD


async def test_a_silence_keeps_new_alerts_quiet_and_lifting_it_posts_them() -> None:
    desk = a_desk()
    made = await silence(an_ask(), desk)
    await deliver(desk)
    assert desk.alerts.board.posts == []
    lifted = await lift(LiftSilenceAsk(made.id, HANNA, "click:1"), desk)
    assert lifted == made
    assert desk.journal.kinds == ["alert.silenced", "alert.silence_lifted"]
    await due(desk)
    assert [view.group.id for _, view in desk.alerts.board.posts] == [GROUP.id]


async def test_lifting_redraws_a_card_that_is_there() -> None:
    desk = a_desk()
    await deliver(desk)
    desk.clock.advance(60)
    made = await silence(an_ask(at=desk.clock()), desk)
    await due(desk)
    desk.clock.advance(60)
    await lift(LiftSilenceAsk(made.id, HANNA, "click:1"), desk)
    await due(desk)
    assert [view.silence for _, _, view in desk.alerts.board.edits] == [made, None]


async def test_a_wide_silence_is_lifted_by_an_approver_alone() -> None:
    desk = a_desk()
    made = await silence(an_ask(PAUL, "cause"), desk)
    with pytest.raises(NotAllowed):
        await lift(LiftSilenceAsk(made.id, HANNA, "click:1"), desk)
    assert len(desk.alerts.silences.silences) == 1
    assert await lift(LiftSilenceAsk(made.id, PAUL, "click:2"), desk) == made


async def test_a_silence_that_is_over_is_no_longer_lifted() -> None:
    desk = a_desk()
    assert await lift(LiftSilenceAsk("silence-9", HANNA, "click:1"), desk) is None
    with pytest.raises(NotAllowed):
        await lift(LiftSilenceAsk("silence-9", BORIS, "click:2"), desk)


# --- acknowledge --------------------------------------------------------------------------------------------


def ack(by: str, **changes: Any) -> AcknowledgeAsk:
    return replace(AcknowledgeAsk(GROUP.id, by, NOON, f"click:{by}"), **changes)


async def test_the_first_one_looks_after_it() -> None:
    desk = a_desk()
    first, second = await acknowledge(ack(HANNA), desk), await acknowledge(ack(PAUL), desk)
    assert first.by is not None
    assert (first.by.by, second.by) == (HANNA, first.by)
    assert desk.journal.kinds == ["alert.acknowledged"]


async def test_only_helpdesk_and_approvers_look_after_alerts() -> None:
    desk = a_desk()
    with pytest.raises(NotAllowed):
        await acknowledge(ack(BORIS), desk)
    assert (desk.journal.kinds, desk.alerts.messages.acknowledgements) == (["refused"], {})


@pytest.mark.parametrize("state", [GroupState.RESOLVED, GroupState.ENDED, GroupState.ABSORBED])
async def test_a_closed_alert_is_looked_after_by_nobody(state: GroupState) -> None:
    desk = a_desk()
    closed: AlertGroup = replace(GROUP, state=state)
    desk.alerts.groups.groups[GROUP.id] = closed
    looked = await acknowledge(ack(HANNA), desk)
    assert (looked.group, looked.by) == (closed, None)
    assert (await acknowledge(ack(HANNA, group_id="g-old"), desk)).group is None


# --- pause --------------------------------------------------------------------------------------------------


async def test_an_approver_pauses_alerts_and_lets_them_go_on() -> None:
    desk = a_desk()
    state = await pause(PauseAsk(PAUL, "Planned maintenance", "c1"), desk)
    assert await paused(desk) == state
    await deliver(desk)
    assert desk.alerts.board.posts == []
    await resume(PauseAsk(PAUL, "Maintenance is over", "c2"), desk)
    assert await paused(desk) is None
    await due(desk)
    assert len(desk.alerts.board.posts) == 1
    assert desk.journal.kinds == ["alerts.paused", "alerts.resumed"]


async def test_pausing_takes_an_approver_and_a_reason() -> None:
    desk = a_desk()
    with pytest.raises(NotAllowed):
        await pause(PauseAsk(HANNA, "Planned maintenance", "c1"), desk)
    with pytest.raises(BadInput):
        await pause(PauseAsk(PAUL, "", "c2"), desk)
    assert await paused(desk) is None
