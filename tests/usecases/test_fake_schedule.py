"""The fake keeps the promises of every Schedule, so that use cases tested on it work on the real one."""

from __future__ import annotations

import pytest

from bot.ports import Clock, Pause
from tests.adapters.schedule_contract import ScheduleContract
from tests.fakes import FakeClock, FakeSchedule


class TestFakeSchedule(ScheduleContract):
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def schedule(self, clock: FakeClock) -> FakeSchedule:
        return FakeSchedule(now=clock)

    @pytest.fixture
    def now(self, clock: FakeClock) -> Clock:
        return clock

    @pytest.fixture
    def pass_time(self, clock: FakeClock) -> Pause:
        return clock.pause
