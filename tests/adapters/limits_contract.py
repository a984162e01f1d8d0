"""What every Limits promises. Subclass and provide the fixtures.

class TestMyLimits(LimitsContract):
    @pytest.fixture
    def limits(self) -> Limits: ...           # fresh and empty
    @pytest.fixture
    def pass_time(self) -> Pause: ...         # let so many seconds go by for it
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.ports import Limits, Pause

SHORT = timedelta(milliseconds=60)
LONG = timedelta(minutes=10)


class LimitsContract:
    async def test_nothing_was_counted_yet(self, limits: Limits) -> None:
        assert await limits.count("approve", "ada", LONG) == 0

    async def test_as_many_as_allowed_and_no_more(self, limits: Limits) -> None:
        admitted = [await limits.admit("approve", "ada", 3, LONG, f"op-{number}") for number in range(5)]

        assert admitted == [True, True, True, False, False]
        assert await limits.count("approve", "ada", LONG) == 3

    async def test_one_operation_counts_once_and_stays_admitted(self, limits: Limits) -> None:
        for _ in range(3):
            assert await limits.admit("approve", "ada", 1, LONG, "op-1")

        assert await limits.count("approve", "ada", LONG) == 1
        assert not await limits.admit("approve", "ada", 1, LONG, "op-2")
        assert await limits.admit("approve", "ada", 1, LONG, "op-1")

    async def test_keys_and_names_are_counted_apart(self, limits: Limits) -> None:
        await limits.admit("approve", "ada", 1, LONG, "op-1")

        assert await limits.admit("approve", "grace", 1, LONG, "op-1")
        assert await limits.admit("disable", "ada", 1, LONG, "op-1")

    async def test_the_window_slides(self, limits: Limits, pass_time: Pause) -> None:
        assert await limits.admit("approve", "ada", 1, SHORT, "op-1")
        assert not await limits.admit("approve", "ada", 1, SHORT, "op-2")

        await pass_time(0.08)

        assert await limits.count("approve", "ada", SHORT) == 0
        assert await limits.admit("approve", "ada", 1, SHORT, "op-2")

    async def test_what_was_refused_does_not_count(self, limits: Limits, pass_time: Pause) -> None:
        await limits.admit("approve", "ada", 1, SHORT, "op-1")
        await pass_time(0.04)
        assert not await limits.admit("approve", "ada", 1, SHORT, "op-2")
        await pass_time(0.04)

        assert await limits.admit("approve", "ada", 1, SHORT, "op-3")

    async def test_of_many_at_once_only_so_many_are_admitted(self, limits: Limits) -> None:
        tried = [limits.admit("disable", "tenant", 10, LONG, f"op-{number}") for number in range(40)]

        assert sum(await asyncio.gather(*tried)) == 10

    async def test_none_are_allowed(self, limits: Limits) -> None:
        assert not await limits.admit("approve", "ada", 0, LONG, "op-1")
