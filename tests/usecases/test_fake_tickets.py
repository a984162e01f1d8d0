"""The fake keeps the promises of the real tickets."""

from __future__ import annotations

import pytest

from bot.ports import Pause
from tests.adapters.tickets_contract import TicketsContract
from tests.fakes import FakeClock, FakeTickets


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def tickets(clock: FakeClock) -> FakeTickets:
    return FakeTickets(now=clock)


@pytest.fixture
def pass_time(clock: FakeClock) -> Pause:
    return clock.pause


class TestFakeTickets(TicketsContract):
    pass
