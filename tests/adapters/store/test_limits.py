"""Limits in a real store."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.adapters.store.connection import Link
from bot.adapters.store.limits import RedisLimits
from tests.adapters.limits_contract import LONG, LimitsContract

KEY = "{t:contoso}:limit:approve:ada"


@pytest.fixture
def limits(link: Link) -> RedisLimits:
    return RedisLimits(link.actions, "contoso")


class TestRedisLimits(LimitsContract):
    pass


async def test_what_is_kept_is_bounded_and_ends(link: Link, limits: RedisLimits) -> None:
    for number in range(50):
        await limits.admit("approve", "ada", 10, LONG, f"{'a very long id ' * 100}{number}")

    assert await link.actions.command("ZCARD", KEY) == 10
    assert await link.actions.command("MEMORY USAGE", KEY) < 2000
    assert 0 < await link.actions.command("PTTL", KEY) <= LONG / timedelta(milliseconds=1)


async def test_replicas_count_together(link: Link, limits: RedisLimits) -> None:
    other = RedisLimits(link.background, "contoso")
    await limits.admit("disable", "tenant", 2, LONG, "op-1")
    await other.admit("disable", "tenant", 2, LONG, "op-2")

    assert not await limits.admit("disable", "tenant", 2, LONG, "op-3")
    assert await other.count("disable", "tenant", LONG) == 2


async def test_tenants_count_apart(link: Link, limits: RedisLimits) -> None:
    await limits.admit("approve", "ada", 1, LONG, "op-1")

    assert await RedisLimits(link.actions, "fabrikam").admit("approve", "ada", 1, LONG, "op-2")
