"""The pause of alerts: how long it lasts, who hears of it, and what it never does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.alerts import GroupState
from bot.errors import AuditUnavailable, BadInput, Denial, NotAllowed, SlackError, StoreUnavailable
from bot.ports import SwitchState
from bot.usecases.alert_standing import PAUSED, surroundings
from bot.usecases.pause_alerts import PauseAsk, pause, paused, resume
from bot.usecases.scheduled import carry_out_scheduled
from bot.usecases.throw_switch import MOST_LOOKS
from tests.alert_fakes import ALERT_CHANNEL, FakeWatchingDesk, a_group, a_sighting, a_watching_desk
from tests.fakes import APPROVAL_CHANNEL, APPROVER, BYSTANDER, HELPDESK, NOON, TARGET, slack_id_of, some_rules

PAUL, HANNA = slack_id_of(APPROVER), slack_id_of(HELPDESK)
HOUR = timedelta(hours=1)


def an_ask(length: timedelta | None = HOUR, **changes: object) -> PauseAsk:
    fields = {"slack_id": PAUL, "reason": "Entra is being moved", "op_id": "c1", "length": length, **changes}
    return PauseAsk(**fields)  # type: ignore[arg-type]


async def run_due(desk: FakeWatchingDesk) -> None:
    for job in await desk.schedule.take_due(100, timedelta(minutes=1)):
        await carry_out_scheduled(job, desk)
        await desk.schedule.done(job)


def redrawn(desk: FakeWatchingDesk) -> bool:
    return desk.schedule.due("alert", a_group().id) is not None


async def test_a_pause_ends_by_itself_and_what_is_open_is_looked_at_again() -> None:
    desk = a_watching_desk()
    desk.alerts.groups.groups[a_group().id] = a_group()
    state = await pause(an_ask(), desk)
    assert state.until == NOON + HOUR
    assert (await surroundings(desk)).paused
    await run_due(desk)

    desk.clock.advance(HOUR.total_seconds() - 1)
    await run_due(desk)
    assert await paused(desk) == state
    assert not redrawn(desk)

    desk.clock.advance(1)
    assert await paused(desk) is None  # even before anybody carries the end out
    assert not (await surroundings(desk)).paused
    await run_due(desk)
    assert desk.journal.kinds == ["alerts.paused", "alerts.pause_ended"]
    await run_due(desk)
    assert redrawn(desk)
    desk.clock.advance(1)
    await run_due(desk)
    assert [(where, said.on) for where, said in desk.announcer.pauses] == [
        (ALERT_CHANNEL, True),
        (ALERT_CHANNEL, False),
    ]


async def test_a_pause_without_an_end_stays_until_it_is_lifted() -> None:
    desk = a_watching_desk()
    group = a_group()
    over = a_group(a_sighting(BYSTANDER), state=GroupState.ENDED, closed_at=NOON)
    desk.alerts.groups.groups = {one.id: one for one in (group, over)}
    await pause(an_ask(None), desk)
    desk.clock.advance(90 * 86400)
    assert await paused(desk) is not None
    await resume(PauseAsk(PAUL, "The move is over", "c2"), desk)
    assert await paused(desk) is None
    await run_due(desk)
    assert desk.schedule.due("alert", group.id) is not None
    assert desk.schedule.due("alert", over.id) is None
    ((where, said),) = desk.announcer.pauses
    assert (where, said.on, said.reason) == (ALERT_CHANNEL, False, "The move is over")


async def test_a_longer_word_of_another_approver_counts() -> None:
    desk = a_watching_desk()
    await pause(an_ask(), desk)
    desk.clock.advance(60)
    await pause(an_ask(4 * HOUR, op_id="c2"), desk)
    desk.clock.advance(HOUR.total_seconds())
    await run_due(desk)
    state = await paused(desk)
    assert state is not None
    assert state.until == NOON + timedelta(minutes=1) + 4 * HOUR


async def test_a_second_delivery_of_a_click_does_not_undo_what_came_after() -> None:
    desk = a_watching_desk()
    clicked = desk.clock()
    desk.clock.advance(1)
    await pause(an_ask(at=clicked), desk)
    desk.clock.advance(1)
    await resume(PauseAsk(PAUL, "The move is over", "c2", at=desk.clock()), desk)
    await pause(an_ask(at=clicked), desk)
    assert await paused(desk) is None
    assert desk.journal.kinds == ["alerts.paused", "alerts.resumed"]


async def test_resuming_what_goes_on_changes_nothing() -> None:
    desk = a_watching_desk()
    await resume(PauseAsk(PAUL, "The move is over", "c2"), desk)
    assert desk.journal.kinds == []
    assert desk.switches.thrown == {}


@pytest.mark.parametrize("who", [HANNA, slack_id_of(TARGET)])
async def test_only_approvers_pause_and_every_refusal_is_written_down(who: str) -> None:
    desk = a_watching_desk()
    with pytest.raises(NotAllowed) as refused:
        await pause(an_ask(slack_id=who), desk)
    assert refused.value.denial is Denial.NOT_APPROVER
    with pytest.raises(BadInput):
        await pause(an_ask(reason=" "), desk)
    assert desk.journal.kinds == ["refused", "refused"]
    assert await paused(desk) is None


async def test_without_the_journal_nothing_is_paused() -> None:
    desk = a_watching_desk()
    desk.journal.troubles["alerts.paused"] = AuditUnavailable()
    with pytest.raises(AuditUnavailable):
        await pause(an_ask(), desk)
    assert not (await surroundings(desk)).paused


async def test_a_switch_altered_in_the_store_pauses_nothing() -> None:
    desk = a_watching_desk()
    desk.switches.thrown[PAUSED] = SwitchState(True, "", "altered", NOON)
    assert await paused(desk) is None
    assert not (await surroundings(desk)).paused


async def test_a_lost_alert_channel_is_told_in_the_approval_channel() -> None:
    desk = a_watching_desk()
    desk.announcer.troubles["announce_pause"] = [SlackError("chat.postMessage", "is_archived")]
    await pause(an_ask(), desk)
    await run_due(desk)
    assert [where for where, _ in desk.announcer.pauses] == [APPROVAL_CHANNEL]


async def test_without_an_alert_channel_the_approval_channel_hears() -> None:
    desk = a_watching_desk(rules=some_rules(alert_channel=""))
    await pause(an_ask(), desk)
    await run_due(desk)
    assert [where for where, _ in desk.announcer.pauses] == [APPROVAL_CHANNEL]


async def test_slack_being_away_is_no_reason_to_keep_it_secret() -> None:
    desk = a_watching_desk()
    desk.announcer.troubles["announce_pause"] = [SlackError("chat.postMessage", "internal_error")]
    await pause(an_ask(None), desk)
    await run_due(desk)
    assert desk.announcer.pauses == []
    desk.clock.advance(301)
    await run_due(desk)
    assert len(desk.announcer.pauses) == 1


# --- whoever throws it may die ------------------------------------------------------------------------------


async def test_a_pause_whose_thrower_was_held_up_and_then_died_is_announced_all_the_same() -> None:
    """The announcement falls due before the switch is thrown, and nobody puts it again."""
    desk = a_watching_desk()
    desk.switches.troubles["throw"] = [StoreUnavailable()]
    with pytest.raises(StoreUnavailable):
        await pause(an_ask(), desk)
    begun = SwitchState(True, PAUL, "Entra is being moved", desk.now(), desk.now() + HOUR)
    desk.clock.advance(31)
    await run_due(desk)
    assert desk.announcer.pauses == []

    await desk.switches.throw(PAUSED, begun)
    desk.clock.advance(31)
    await run_due(desk)
    await run_due(desk)
    assert desk.announcer.pauses == [(ALERT_CHANNEL, begun)]


async def test_a_pause_that_never_came_is_not_waited_for_for_ever() -> None:
    desk = a_watching_desk()
    desk.switches.troubles["throw"] = [StoreUnavailable()]
    with pytest.raises(StoreUnavailable):
        await pause(an_ask(None), desk)
    for _ in range(MOST_LOOKS + 1):
        desk.clock.advance(31)
        await run_due(desk)
    assert desk.announcer.pauses == []
    assert not desk.schedule.jobs


async def test_what_stood_before_is_not_announced_in_place_of_a_pause_that_is_late() -> None:
    desk = a_watching_desk()
    await pause(an_ask(), desk)
    await resume(PauseAsk(PAUL, "The move is over", "c2"), desk)
    await run_due(desk)
    said = list(desk.announcer.pauses)
    desk.clock.advance(3600)
    desk.switches.troubles["throw"] = [StoreUnavailable()]
    with pytest.raises(StoreUnavailable):
        await pause(an_ask(None, op_id="c3"), desk)
    begun = SwitchState(True, PAUL, "Entra is being moved", desk.now())
    for _ in range(5):
        desk.clock.advance(31)
        await run_due(desk)
    assert desk.announcer.pauses == said

    await desk.switches.throw(PAUSED, begun)
    desk.clock.advance(31)
    await run_due(desk)
    assert desk.announcer.pauses == [*said, (ALERT_CHANNEL, begun)]


async def test_what_was_kept_back_is_posted_although_who_lifted_the_pause_died_at_once() -> None:
    desk = a_watching_desk()
    desk.alerts.groups.groups[a_group().id] = a_group()
    await pause(an_ask(None), desk)
    await run_due(desk)
    desk.schedule.troubles["put"] = [None, None, StoreUnavailable()]
    with pytest.raises(StoreUnavailable):
        await resume(PauseAsk(PAUL, "The move is over", "c2"), desk)
    assert await paused(desk) is None

    desk.clock.advance(31)
    await run_due(desk)
    assert redrawn(desk)
    assert [said.on for _, said in desk.announcer.pauses] == [True, False]


async def test_a_pause_that_is_lifted_and_set_again_at_once_posts_nothing() -> None:
    desk = a_watching_desk()
    desk.alerts.groups.groups[a_group().id] = a_group()
    await pause(an_ask(), desk)
    await resume(PauseAsk(PAUL, "The move is over", "c2"), desk)
    desk.clock.advance(1)
    await pause(an_ask(op_id="c3"), desk)
    await run_due(desk)
    assert not redrawn(desk)
