"""The audit log is asked once for what a card shows for hours."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.alerts import PolicyChange
from bot.errors import GraphThrottled
from bot.usecases.policy_changes import RememberedChanges
from tests.alert_fakes import FakePolicyAudits
from tests.fakes import NOON, FakeClock

SINCE = NOON - timedelta(days=1)
CHANGE = PolicyChange("p-1", "Require MFA", NOON, "Paul Aster")


async def test_many_who_ask_at_once_ask_graph_once() -> None:
    audits = FakePolicyAudits(changes={"p-1": CHANGE}, delays={"last_change": 0.01})
    remembered = RememberedChanges(audits, FakeClock())
    answers = await asyncio.gather(*(remembered.last_change("p-1", SINCE) for _ in range(20)))
    assert answers == [CHANGE] * 20
    assert audits.calls == ["last_change"]


async def test_no_change_is_asked_again_for_the_log_is_late() -> None:
    clock, audits = FakeClock(), FakePolicyAudits()
    remembered = RememberedChanges(audits, clock)
    assert await remembered.last_change("p-1", SINCE) is None
    audits.changes["p-1"] = CHANGE
    assert await remembered.last_change("p-1", SINCE) is None
    clock.advance(600)
    assert await remembered.last_change("p-1", SINCE) == CHANGE


async def test_an_alert_that_turns_out_to_have_begun_earlier_asks_nothing_anew() -> None:
    clock, audits = FakeClock(), FakePolicyAudits(changes={"p-1": CHANGE})
    remembered = RememberedChanges(audits, clock)
    for minutes in range(0, 200, 20):
        assert await remembered.last_change("p-1", SINCE - timedelta(minutes=minutes)) == CHANGE
        clock.advance(60)
    assert audits.calls == ["last_change"]


async def test_one_answer_serves_a_later_time_while_it_is_fresh_and_shows_nothing_from_before_it() -> None:
    clock, audits = FakeClock(), FakePolicyAudits(changes={"p-1": CHANGE})
    remembered = RememberedChanges(audits, clock)
    assert await remembered.last_change("p-1", SINCE) == CHANGE
    assert await remembered.last_change("p-1", CHANGE.at) == CHANGE
    assert await remembered.last_change("p-1", CHANGE.at + timedelta(seconds=1)) is None
    assert audits.calls == ["last_change"]


async def test_a_later_alert_learns_of_a_later_change_and_then_so_does_the_earlier() -> None:
    clock, audits = FakeClock(), FakePolicyAudits(changes={"p-1": CHANGE})
    remembered, later = RememberedChanges(audits, clock), SINCE + timedelta(hours=1)
    assert await remembered.last_change("p-1", SINCE) == CHANGE
    clock.advance(3600)
    again = replace(CHANGE, at=clock.time, by="Olga Reh")
    audits.changes["p-1"] = again
    assert await remembered.last_change("p-1", SINCE) == CHANGE
    assert await remembered.last_change("p-1", later) == again
    assert await remembered.last_change("p-1", SINCE) == again
    assert len(audits.calls) == 2


async def test_that_nothing_changed_since_a_time_says_nothing_of_the_time_before() -> None:
    audits = FakePolicyAudits(changes={"p-1": CHANGE})
    remembered = RememberedChanges(audits, FakeClock())
    assert await remembered.last_change("p-1", CHANGE.at + timedelta(seconds=1)) is None
    assert await remembered.last_change("p-1", SINCE) == CHANGE
    assert len(audits.calls) == 2


async def test_a_failure_is_not_repeated_for_minutes() -> None:
    clock, audits = FakeClock(), FakePolicyAudits(troubles={"last_change": [GraphThrottled("audits")]})
    remembered = RememberedChanges(audits, clock)
    for _ in range(3):
        with pytest.raises(GraphThrottled):
            await remembered.last_change("p-1", SINCE)
    assert audits.calls == ["last_change"]
    clock.advance(300)
    assert await remembered.last_change("p-1", SINCE) is None


async def test_what_is_remembered_stays_bounded() -> None:
    audits = FakePolicyAudits()
    remembered = RememberedChanges(audits, FakeClock())
    for number in range(450):
        await remembered.last_change(f"p-{number}", SINCE)
    assert len(remembered._known) <= 200
