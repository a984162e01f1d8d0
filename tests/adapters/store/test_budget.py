"""The shared allowance in a real store: the promises of every Budget, and that replicas share one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import pytest

from bot.adapters.store.budget import RedisBudget
from bot.adapters.store.connection import Argument, Link, Script, StoreClient, store_link
from bot.errors import GraphThrottled
from bot.ports import Budget, Scarce, Urgency
from tests.adapters.budget_contract import PROMISES, SHARES, World
from tests.adapters.store.conftest import new_id

STOPPED_CLOCK = """
local now, ends, real = {now}, '{{t:contoso}}:ends', redis
local ended = {{}}
for i, word in ipairs(real.call('HGETALL', ends)) do
  ended[i] = word
  if i % 2 == 0 and tonumber(word) <= now then
    real.call('DEL', ended[i - 1])
    real.call('HDEL', ends, ended[i - 1])
  end
end

local redis = {{}}
function redis.call(name, key, ...)
  if name == 'TIME' then
    return {{ math.floor(now / 1000), now % 1000 * 1000 }}
  elseif name == 'PTTL' then
    return (real.call('HGET', ends, key) or now - 2) - now
  elseif name == 'DEL' then
    real.call('HDEL', ends, key)
  end
  local answer = real.call(name, key, ...)
  local left = real.call('PTTL', key)
  if left > 0 then
    real.call('PERSIST', key)
    real.call('HSET', ends, key, now + left)
  end
  return answer
end
"""
"""Goes before a script: time, and the end of what lasts for a time, are the test's and not the store's."""


class StoreWorld:
    """A budget in the store, whose time stands still until the test moves it."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._now = 1_700_000_000_000
        self._under_way = 0
        self._jumped = asyncio.Event()
        self.client = cast(StoreClient, self)
        self.budget: Budget = RedisBudget(
            self.client, "contoso", monotonic=self._monotonic, pause=self._pause, new_id=new_id
        )

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        self._under_way += 1
        try:
            text = STOPPED_CLOCK.format(now=self._now) + script.text
            return await self._link.actions.command("EVAL", text, len(keys), *keys, *args)
        finally:
            self._under_way -= 1

    async def command(self, *parts: Argument) -> Any:
        if parts == ("TIME",):
            return [str(self._now // 1000), str(self._now % 1000 * 1000)]
        return await self._link.actions.command(*parts)

    def _monotonic(self) -> float:
        return self._now / 1000

    async def _pause(self, seconds: float) -> None:
        until = self._monotonic() + seconds
        while self._monotonic() < until:
            await self._jumped.wait()

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass, and everybody who waits ask again and hear the answer."""
        self._now += round(seconds * 1000)
        self._jumped.set()
        self._jumped = asyncio.Event()
        async with asyncio.timeout(30):
            await self._everybody_waits()

    async def _everybody_waits(self) -> None:
        turns = 0
        while turns < 10:  # who wakes asks within a few turns of the event loop
            await asyncio.sleep(0.001 if self._under_way else 0)
            turns = 0 if self._under_way else turns + 1


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


async def spent_at_once(budget: RedisBudget, urgency: Urgency, tries: int = 10) -> int:
    """How many calls can be had without waiting, asked for all at once."""
    calls = (budget.spend(Scarce.REPORTS, urgency, 0.0) for _ in range(tries))
    results = await asyncio.gather(*calls, return_exceptions=True)
    return sum(not isinstance(result, GraphThrottled) for result in results)


async def test_replicas_share_one_allowance(store_url: str, link: Link) -> None:
    async with store_link(store_url) as other:
        assert await spent_at_once(a_budget(link), Urgency.ACTION) == 5
        assert await spent_at_once(a_budget(other), Urgency.ACTION) == 0


@pytest.mark.parametrize(("size", "shares"), SHARES)
async def test_what_each_may_have_of_an_allowance(
    link: Link, size: int, shares: tuple[int, int, int]
) -> None:
    for urgency, share in zip(Urgency, shares, strict=True):
        await link.actions.command("FLUSHALL")
        assert await spent_at_once(a_budget(link, size), urgency, tries=size + 1) == share


async def test_waiting_is_real_when_the_pause_is(link: Link) -> None:
    budget = a_budget(link)
    await budget.drained(Scarce.REPORTS, 0.05)

    await budget.spend(Scarce.REPORTS, Urgency.ACTION, 1.0)


async def test_everybody_sees_how_much_is_used(link: Link) -> None:
    world = StoreWorld(link)
    gauge = RedisBudget(world.client, "contoso", monotonic=time.monotonic, pause=asyncio.sleep, new_id=new_id)
    assert (await gauge.in_use()).used == 0
    for _ in range(3):
        await world.budget.spend(Scarce.REPORTS, Urgency.ACTION, 0)
    use = await gauge.in_use()
    assert (use.used, use.calls, round(use.window.total_seconds())) == (3, 5, 10)
    await world.advance(10.3)
    assert (await gauge.in_use()).used == 0
