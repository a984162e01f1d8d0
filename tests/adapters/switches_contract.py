"""What every Switches promises. Subclass and provide the fixture.

class TestMySwitches(SwitchesContract):
    @pytest.fixture
    def switches(self) -> Switches: ...       # fresh: nobody ever threw one
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.ports import Switches, SwitchState

AT = datetime(2026, 11, 23, 9, 30, 1, 123456, tzinfo=UTC)
ON = SwitchState(True, "", "11 disables within an hour “Räume|;--", AT)
OFF = SwitchState(False, "U0PAUL", "Looked at all of them: a new office opened", AT)


class SwitchesContract:
    async def test_nobody_threw_it(self, switches: Switches) -> None:
        assert await switches.read("freeze") is None

    async def test_it_stands_as_it_was_thrown(self, switches: Switches) -> None:
        await switches.throw("freeze", ON)

        assert await switches.read("freeze") == ON
        assert await switches.read("shadow") is None

    async def test_the_last_word_stands(self, switches: Switches) -> None:
        for state in (ON, OFF, ON, OFF):
            await switches.throw("freeze", state)
            assert await switches.read("freeze") == state

    async def test_it_keeps_until_when_it_stands(self, switches: Switches) -> None:
        timed = replace(ON, until=AT + timedelta(hours=4))
        await switches.throw("alerts_paused", timed)

        assert await switches.read("alerts_paused") == timed
        assert timed.stands(AT + timedelta(hours=3))
        assert not timed.stands(AT + timedelta(hours=4))

    async def test_throwing_it_again_changes_nothing(self, switches: Switches) -> None:
        await switches.throw("freeze", ON)
        await switches.throw("freeze", ON)

        assert await switches.read("freeze") == ON

    async def test_of_many_at_once_one_stands(self, switches: Switches) -> None:
        states = [SwitchState(number % 2 == 0, f"U{number}", "at once", AT) for number in range(4)]

        await asyncio.gather(*(switches.throw("freeze", state) for state in states))

        assert await switches.read("freeze") in states
