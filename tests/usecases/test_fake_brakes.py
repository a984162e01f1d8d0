"""The fakes keep the promises of every Limits and Switches: what is tested on them works on the real ones."""

from __future__ import annotations

import pytest

from bot.ports import Pause
from tests.adapters.limits_contract import LimitsContract
from tests.adapters.switches_contract import SwitchesContract
from tests.fakes import FakeClock, FakeLimits, FakeSwitches


class TestFakeLimits(LimitsContract):
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def limits(self, clock: FakeClock) -> FakeLimits:
        return FakeLimits(now=clock)

    @pytest.fixture
    def pass_time(self, clock: FakeClock) -> Pause:
        return clock.pause


class TestFakeSwitches(SwitchesContract):
    @pytest.fixture
    def switches(self) -> FakeSwitches:
        return FakeSwitches()
