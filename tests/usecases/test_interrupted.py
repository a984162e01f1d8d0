"""What a process that dies in the middle leaves behind, and what is said about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain.approval import Failure, State
from bot.domain.people import PerUserMfaState
from bot.ports import Job
from bot.usecases.decide import deny
from bot.usecases.deliver import deliver
from bot.usecases.execute import LEASE, execute
from bot.usecases.freeze import freeze
from tests.fakes import TARGET, FakeDesk, a_desk
from tests.usecases.requests import a_click, a_pending_request, an_approved_request
from tests.usecases.test_deliver import a_job


async def a_request_of_a_dead_worker(desk: FakeDesk) -> None:
    """Approved, claimed, perhaps sent; then nothing more was heard, and changes were put on hold."""
    await an_approved_request(desk)
    await desk.requests.claim("req-1", "dead", LEASE)
    desk.clock.advance(LEASE.total_seconds() + 1)
    await freeze("psso-bot", "Too many at once", desk)


async def test_a_change_that_was_made_before_the_hold_is_called_made() -> None:
    desk = a_desk()
    await a_request_of_a_dead_worker(desk)
    desk.mfa_states.states[TARGET.id] = PerUserMfaState.DISABLED

    request = await execute("req-1", "w2", desk)

    assert (request.state, desk.mfa_states.patches) == (State.VERIFIED, [])


async def test_a_change_that_shows_late_is_not_denied_because_of_the_hold() -> None:
    desk = a_desk()
    await a_request_of_a_dead_worker(desk)
    desk.mfa_states.states[TARGET.id] = PerUserMfaState.DISABLED
    desk.mfa_states._stale = [PerUserMfaState.ENFORCED] * 2

    request = await execute("req-1", "w2", desk)

    assert (request.state, desk.mfa_states.patches) == (State.VERIFIED, [])


async def test_what_an_earlier_try_did_is_left_open_when_it_does_not_show() -> None:
    desk = a_desk()
    await a_request_of_a_dead_worker(desk)

    request = await execute("req-1", "w2", desk)

    assert (request.state, request.failure) == (State.FAILED, Failure.POLICY)
    assert "Not changed" not in request.outcome
    assert "Too many at once" in request.outcome
    assert request.outcome.endswith(
        "An earlier try may have been sent; Microsoft Graph shows enforced so far."
    )
    assert desk.mfa_states.patches == []


async def test_news_that_comes_again_brings_the_card_up_to_date() -> None:
    desk = a_desk()
    opened = a_job(await a_pending_request(desk))
    await deny(a_click(desk), "Not verified", desk)
    desk.clock.advance(timedelta(minutes=1).total_seconds())

    await deliver(opened, desk)
    shown_at_first = len(desk.announcer.shown)
    again: Job = replace(opened, deliveries=2)
    await deliver(again, desk)

    assert shown_at_first == 0  # the news of the denial does that
    assert [shown.state for shown in desk.announcer.shown] == [State.DENIED]
