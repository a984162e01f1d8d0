"""The schedule in a real store: the promises of every Schedule, and that replicas share one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.store.connection import Link, store_link
from bot.adapters.store.schedule import RedisSchedule
from bot.ports import Clock, Pause
from tests.adapters.schedule_contract import LEASE, ScheduleContract

AGE = """
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('ZINCRBY', KEYS[1], -ARGV[1], id) end
"""
"""Brings everything nearer: the store's own clock cannot be moved."""


@pytest.fixture
def schedule(link: Link) -> RedisSchedule:
    return RedisSchedule(link.actions, "contoso")


class TestRedisSchedule(ScheduleContract):
    @pytest.fixture
    def pass_time(self, link: Link) -> Pause:
        async def advance(seconds: float) -> None:
            await link.actions.command("EVAL", AGE, 1, "{t:contoso}:schedule:due", round(seconds * 1000))

        return advance


async def test_a_job_belongs_to_one_replica_at_a_time(
    store_url: str, schedule: RedisSchedule, now: Clock
) -> None:
    async with store_link(store_url) as other:
        for number in range(30):
            await schedule.put("follow", str(number), now(), {})
        replicas = (schedule, RedisSchedule(other.background, "contoso"))

        shares = await asyncio.gather(*(replica.take_due(10, LEASE) for replica in replicas * 3))

    taken = [job.id for share in shares for job in share]
    assert len(taken) == len(set(taken)) == 30


async def test_a_lease_ends_by_the_clock_of_the_store(schedule: RedisSchedule) -> None:
    await schedule.put("drift", "req-1", datetime.now(UTC), {})  # noqa: TID251 - the store goes by it
    taken = await schedule.take_due(1, timedelta(milliseconds=30))

    async with asyncio.timeout(5):
        while not (again := await schedule.take_due(1, LEASE)):
            await asyncio.sleep(0.01)

    assert [job.deliveries for job in (*taken, *again)] == [1, 2]


async def test_tenants_keep_apart(link: Link, schedule: RedisSchedule, now: Clock) -> None:
    await schedule.put("drift", "req-1", now(), {})

    assert await RedisSchedule(link.actions, "fabrikam").take_due(10, LEASE) == ()


async def test_an_id_without_a_record_holds_nobody_up(
    link: Link, schedule: RedisSchedule, now: Clock
) -> None:
    await schedule.put("drift", "1", now() - timedelta(seconds=5), {})
    await schedule.put("drift", "2", now(), {})
    await link.actions.command("HDEL", "{t:contoso}:schedule:jobs", "drift:1")

    assert [job.id for job in await schedule.take_due(10, LEASE)] == ["drift:2"]
