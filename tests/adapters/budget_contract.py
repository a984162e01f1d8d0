"""What every Budget promises. Give it a way to make one, and to let time pass for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import pytest

from bot.errors import GraphThrottled
from bot.ports import Budget, Scarce, Urgency

REPORTS, POLICIES = Scarce.REPORTS, Scarce.POLICIES
ACTION, PERSON, BACKGROUND = Urgency.ACTION, Urgency.PERSON, Urgency.BACKGROUND


class World(Protocol):
    """A budget of 5 reports per 10 s, with time that the test moves."""

    @property
    def budget(self) -> Budget:
        """The budget under test."""

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass for the budget, and everybody who waits notice it."""


async def spend(world: World, bucket: Scarce, urgency: Urgency, times: int = 1) -> None:
    for _ in range(times):
        await world.budget.spend(bucket, urgency, 0)


async def refused(world: World, bucket: Scarce, urgency: Urgency, max_wait: float = 0) -> float | None:
    with pytest.raises(GraphThrottled) as throttled:
        await world.budget.spend(bucket, urgency, max_wait)
    return throttled.value.retry_after


async def reports_are_five_in_any_ten_seconds(world: World) -> None:
    await spend(world, REPORTS, ACTION, 3)
    await world.advance(6)
    await spend(world, REPORTS, ACTION, 2)
    assert await refused(world, REPORTS, ACTION) == pytest.approx(4.2, abs=0.2)
    await world.advance(4.3)
    await spend(world, REPORTS, ACTION, 3)
    await refused(world, REPORTS, ACTION)


async def policies_are_one_a_second_and_five_at_once(world: World) -> None:
    await spend(world, POLICIES, PERSON, 5)
    assert await refused(world, POLICIES, PERSON) == pytest.approx(1, abs=0.2)
    await world.advance(1.1)
    await spend(world, POLICIES, PERSON)
    await refused(world, POLICIES, PERSON)


async def the_buckets_are_strangers(world: World) -> None:
    await spend(world, REPORTS, ACTION, 5)
    await spend(world, POLICIES, ACTION, 5)


async def calls_are_left_to_who_is_more_urgent(world: World) -> None:
    await spend(world, REPORTS, BACKGROUND, 2)
    await refused(world, REPORTS, BACKGROUND)
    await spend(world, REPORTS, PERSON, 2)  # what one answer takes
    await refused(world, REPORTS, PERSON)
    await spend(world, REPORTS, ACTION)
    await spend(world, POLICIES, BACKGROUND, 4)
    await refused(world, POLICIES, BACKGROUND)
    await spend(world, POLICIES, PERSON)


async def an_answer_now_and_then_does_not_end_the_background(world: World) -> None:
    await spend(world, REPORTS, PERSON, 2)
    await spend(world, REPORTS, BACKGROUND)
    assert await refused(world, REPORTS, BACKGROUND) == pytest.approx(10.2, abs=0.2)
    for _ in range(3):
        await world.advance(10.3)
        await spend(world, REPORTS, PERSON, 2)
        await spend(world, REPORTS, BACKGROUND)


async def a_throttled_bucket_is_closed_to_all(world: World) -> None:
    await world.budget.drained(REPORTS, 30)
    await world.budget.drained(REPORTS, 5)  # a shorter wait does not open it sooner
    assert await refused(world, REPORTS, ACTION, max_wait=10) == pytest.approx(30, abs=0.5)
    await spend(world, POLICIES, ACTION)
    await world.advance(30.1)
    await spend(world, REPORTS, ACTION)


async def a_wait_that_is_too_long_is_refused_at_once(world: World) -> None:
    await spend(world, REPORTS, ACTION, 5)
    await refused(world, REPORTS, ACTION, max_wait=3)
    await world.advance(10.3)
    await spend(world, REPORTS, ACTION, 5)  # the refused one took nothing


async def the_urgent_go_first(world: World) -> None:
    await spend(world, POLICIES, PERSON, 5)
    served: list[Urgency] = []

    async def wait_as(urgency: Urgency) -> None:
        await world.budget.spend(POLICIES, urgency, 60)
        served.append(urgency)

    async with asyncio.TaskGroup() as tasks:
        for urgency in (BACKGROUND, PERSON, ACTION):
            tasks.create_task(wait_as(urgency))
            await world.advance(0)
        for _ in range(100):
            if len(served) == 3:
                break
            await world.advance(0.25)

    assert served == [ACTION, PERSON, BACKGROUND]


async def who_gives_up_makes_room(world: World) -> None:
    await spend(world, REPORTS, ACTION, 5)
    waiting = asyncio.create_task(world.budget.spend(REPORTS, ACTION, 60))
    await world.advance(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await world.advance(10.3)
    await spend(world, REPORTS, ACTION, 5)


SHARES = [
    (1, (1, 1, 1)),
    (2, (2, 1, 1)),
    (3, (3, 2, 1)),
    (4, (4, 3, 1)),
    (5, (5, 4, 2)),
    (1000, (1000, 999, 997)),
]
"""What actions, people and the background may have of so many reports per 10 s."""

PROMISES: tuple[Callable[[World], Awaitable[None]], ...] = (
    reports_are_five_in_any_ten_seconds,
    policies_are_one_a_second_and_five_at_once,
    the_buckets_are_strangers,
    calls_are_left_to_who_is_more_urgent,
    an_answer_now_and_then_does_not_end_the_background,
    a_throttled_bucket_is_closed_to_all,
    a_wait_that_is_too_long_is_refused_at_once,
    the_urgent_go_first,
    who_gives_up_makes_room,
)
"""Parametrize over these: `await promise(world)`."""
