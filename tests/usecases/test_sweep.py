from __future__ import annotations

import asyncio

from bot.domain.people import PerUserMfaState
from bot.domain.sweep import Swept
from bot.errors import GraphThrottled
from bot.usecases.sweep import FIRST_NAMES, SharedSweeps
from tests.fakes import FakeClock, FakeMfaSweep, an_object_id


def people(count: int) -> list[Swept]:
    states = (PerUserMfaState.ENFORCED, PerUserMfaState.DISABLED, PerUserMfaState.ENABLED)
    return [
        Swept(an_object_id(number), f"p{number}@contoso.com", f"P {number}", states[number % 3])
        for number in range(count)
    ]


async def test_a_sweep_is_counted_and_the_first_are_named() -> None:
    report = await SharedSweeps(FakeMfaSweep(people(90)), FakeClock()).latest(5)

    assert report.ended
    assert (report.tally.read, report.tally.hits, report.tally.disabled) == (90, 60, 30)
    assert len(report.first) == FIRST_NAMES
    assert all(one.is_hit for one in report.first)


async def test_those_who_ask_together_share_one_sweep() -> None:
    sweep = FakeMfaSweep(people(3))
    shared = SharedSweeps(sweep, FakeClock())

    reports = await asyncio.gather(*(shared.latest(5) for _ in range(5)))

    assert sweep.times == 1
    assert all(report.ended for report in reports)


async def test_a_result_is_kept_for_ten_minutes() -> None:
    sweep, clock = FakeMfaSweep(people(3)), FakeClock()
    shared = SharedSweeps(sweep, clock)
    first = await shared.latest(5)

    clock.advance(599)
    assert await shared.latest(5) is first
    clock.advance(1)
    assert (await shared.latest(5)).at == clock()
    assert sweep.times == 2


async def test_nobody_waits_longer_than_they_will_and_the_sweep_goes_on() -> None:
    sweep = FakeMfaSweep(people(3))
    sweep.goes_on.clear()
    shared = SharedSweeps(sweep, FakeClock())

    early = await shared.latest(0.01)
    assert early.is_reading
    sweep.goes_on.set()
    assert (await shared.latest(5)).ended
    assert sweep.times == 1


async def test_a_failure_is_told_and_tried_again_after_a_minute() -> None:
    sweep, clock = FakeMfaSweep(people(3), GraphThrottled("the list of users")), FakeClock()
    shared = SharedSweeps(sweep, clock)

    for _ in range(2):
        report = await shared.latest(5)
        assert isinstance(report.trouble, GraphThrottled)
        assert report.tally.read == 3
    assert sweep.times == 1
    sweep.trouble = None
    clock.advance(60)
    assert (await shared.latest(5)).ended


async def test_closing_ends_what_goes_on() -> None:
    sweep = FakeMfaSweep(people(3))
    sweep.goes_on.clear()
    shared = SharedSweeps(sweep, FakeClock())
    await shared.latest(0.01)

    await shared.close()
    await shared.close()

    sweep.goes_on.set()
    await asyncio.sleep(0)
    report = shared.last()
    assert report is not None
    assert (report.is_reading, report.tally.read) == (True, 1)  # nobody reads on
