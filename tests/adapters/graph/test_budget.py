"""LocalBudget keeps the Budget promises, and never lets more through than Graph allows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.graph.budget import REPORTS_WINDOW, LocalBudget
from bot.errors import GraphThrottled
from bot.ports import Scarce, Urgency
from tests.adapters.budget_contract import PROMISES, SHARES, World
from tests.adapters.graph.fake_graph import Pauses


class Sleepers:
    """Time that stands still until the test moves it, and wakes those whose pause is over."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._asleep: list[tuple[float, asyncio.Event]] = []
        self.budget = LocalBudget(5, lambda: self.seconds, self.pause)

    async def pause(self, seconds: float) -> None:
        woken = asyncio.Event()
        self._asleep.append((self.seconds + seconds, woken))
        await woken.wait()

    async def advance(self, seconds: float) -> None:
        self.seconds += seconds
        for until, woken in self._asleep:
            if until <= self.seconds:
                woken.set()
        self._asleep = [sleeper for sleeper in self._asleep if not sleeper[1].is_set()]
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
async def test_local_budget_keeps(promise: Callable[[World], Awaitable[None]]) -> None:
    await promise(Sleepers())


async def test_waiting_takes_as_long_as_told() -> None:
    pauses = Pauses()
    budget = LocalBudget(2, pauses.monotonic, pauses.pause)

    for _ in range(6):
        await budget.spend(Scarce.REPORTS, Urgency.ACTION, 60)

    assert sum(pauses.waited) == pytest.approx(2 * REPORTS_WINDOW)


@pytest.mark.parametrize(("size", "shares"), SHARES)
async def test_what_each_may_have_of_an_allowance(size: int, shares: tuple[int, int, int]) -> None:
    for urgency, share in zip(Urgency, shares, strict=True):
        budget = LocalBudget(size, lambda: 0.0, Pauses().pause)
        for _ in range(share):
            await budget.spend(Scarce.REPORTS, urgency, 0)
        with pytest.raises(GraphThrottled):
            await budget.spend(Scarce.REPORTS, urgency, 0)


@given(
    st.lists(st.tuples(st.sampled_from(Urgency), st.floats(0, 7), st.floats(0, 30)), max_size=40),
    st.integers(1, 6),
)
def test_no_ten_seconds_hold_more_than_the_limit(
    calls: list[tuple[Urgency, float, float]], limit: int
) -> None:
    pauses = Pauses()
    budget = LocalBudget(limit, pauses.monotonic, pauses.pause)
    made: list[float] = []

    async def run() -> None:
        for urgency, gap, max_wait in calls:
            pauses.seconds += gap
            try:
                await budget.spend(Scarce.REPORTS, urgency, max_wait)
            except GraphThrottled:
                continue
            made.append(pauses.seconds)

    asyncio.run(run())
    for start in made:
        assert sum(start <= at < start + 9.999 for at in made) <= limit
