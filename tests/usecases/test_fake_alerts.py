"""The fakes keep the promises of alerting's stores: what is tested on them works on the real ones."""

from __future__ import annotations

from dataclasses import fields

import pytest

from bot.ports import Pause
from tests.adapters.alerts_contract import MOST_QUEUED, AlertsContract, Replica
from tests.alert_fakes import FakeIntake, some_alerts
from tests.fakes import FakeClock


class TestFakeAlerts(AlertsContract):
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def replica(self, clock: FakeClock) -> Replica:
        alerts = some_alerts(clock=clock, intake=FakeIntake(now=clock, most=MOST_QUEUED))
        return Replica(**{each.name: getattr(alerts, each.name) for each in fields(Replica)})

    @pytest.fixture
    def other(self, replica: Replica) -> Replica:
        return replica

    @pytest.fixture
    def pass_time(self, clock: FakeClock) -> Pause:
        return clock.pause
