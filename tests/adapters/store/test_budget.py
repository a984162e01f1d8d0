"""The shared allowance in a real store: the promises of every Budget, and that replicas share one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from bot.adapters.store.budget import RedisBudget
from bot.adapters.store.connection import Link, store_link
from bot.errors import GraphThrottled
from bot.ports import Budget, Scarce, Urgency
from tests.adapters.budget_contract import PROMISES, World
from tests.adapters.store.conftest import new_id

AGE = """
for _, key in ipairs(redis.call('KEYS', '{t:contoso}:budget:*')) do
  local kind, ms = redis.call('TYPE', key).ok, tonumber(ARGV[1])
  if kind == 'zset' then
    for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do redis.call('ZINCRBY', key, -ms, member) end
  elseif kind == 'hash' then
    redis.call('HINCRBYFLOAT', key, 'at', -ms)
  end
  redis.call('PEXPIRE', key, redis.call('PTTL', key) - ms)
end
"""
"""Makes everything in the allowance older: the store's own clock cannot be moved."""


class StoreWorld:
    """A budget in the store, and a clock that jumps."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._skipped = 0.0
        self._jumped = asyncio.Event()
        self.budget: Budget = RedisBudget(
            link.actions, "contoso", monotonic=self._monotonic, pause=self._pause, new_id=new_id
        )

    def _monotonic(self) -> float:
        return time.monotonic() + self._skipped

    async def _pause(self, seconds: float) -> None:
        until = self._monotonic() + seconds
        while self._monotonic() < until:
            await self._jumped.wait()

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass, and everybody who waits ask again."""
        await self._link.actions.command("EVAL", AGE, 0, round(seconds * 1000))
        self._skipped += seconds
        self._jumped.set()
        self._jumped = asyncio.Event()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
async def test_shared_budget_keeps_the_promises(
    link: Link, promise: Callable[[World], Awaitable[None]]
) -> None:
    await promise(StoreWorld(link))


def a_budget(link: Link, reports_per_10s: int = 5) -> RedisBudget:
    return RedisBudget(
        link.actions,
        "contoso",
        monotonic=time.monotonic,
        pause=asyncio.sleep,
        new_id=new_id,
        reports_per_10s=reports_per_10s,
    )


async def spent_at_once(budget: RedisBudget, urgency: Urgency) -> int:
    """How many calls can be had without waiting, asked for all at once."""
    calls = (budget.spend(Scarce.REPORTS, urgency, 0.0) for _ in range(10))
    results = await asyncio.gather(*calls, return_exceptions=True)
    return sum(not isinstance(result, GraphThrottled) for result in results)


async def test_replicas_share_one_allowance(store_url: str, link: Link) -> None:
    async with store_link(store_url) as other:
        assert await spent_at_once(a_budget(link), Urgency.ACTION) == 5
        assert await spent_at_once(a_budget(other), Urgency.ACTION) == 0


async def test_even_an_allowance_of_one_reaches_the_background(link: Link) -> None:
    assert await spent_at_once(a_budget(link, 1), Urgency.BACKGROUND) == 1


async def test_waiting_is_real_when_the_pause_is(link: Link) -> None:
    budget = a_budget(link)
    await budget.drained(Scarce.REPORTS, 0.05)

    await budget.spend(Scarce.REPORTS, Urgency.ACTION, 1.0)


async def test_everybody_sees_how_much_is_used(link: Link) -> None:
    world = StoreWorld(link)
    gauge = RedisBudget(link.actions, "contoso", monotonic=time.monotonic, pause=asyncio.sleep, new_id=new_id)
    assert (await gauge.in_use()).used == 0
    for _ in range(3):
        await world.budget.spend(Scarce.REPORTS, Urgency.ACTION, 0)
    use = await gauge.in_use()
    assert (use.used, use.calls, round(use.window.total_seconds())) == (3, 5, 10)
    await world.advance(10.3)
    assert (await gauge.in_use()).used == 0
