"""A bot ends at the worst moments: nothing that was seen is lost, and nothing that was said is said again."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Literal

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NoConnection

from tests.e2e.watching import Bot, Json, Watched, ago, one_of_many, watched

pytestmark = pytest.mark.long

End = Literal["SIGTERM", "SIGKILL"]
SETTLED = 3.0  # seconds in which a repeated post would have come
LEADERLESS = 40.0


async def fails(world: Watched, pattern: Json, *numbers: int) -> list[str]:
    chance = random.Random(numbers[0])
    rows = [one_of_many(pattern, number, ago(2), chance, f"10.{number}.0.1") for number in numbers]
    await world.write_log(rows)
    return [f"Person Number {number} " for number in numbers]


async def end(bot: Bot, how: End) -> None:
    await (bot.stop() if how == "SIGTERM" else bot.kill())


async def times_told(world: Watched, whose: list[str]) -> list[int]:
    cards = [one["plain"] for one in await world.messages()]
    return [sum(who in card for card in cards) for who in whose]


async def until_refused(world: Watched) -> None:
    async with asyncio.timeout(15):
        while not any(call["error"] == "ratelimited" for call in await world.slack.calls("chat.postMessage")):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("how", ["SIGTERM", "SIGKILL"])
async def test_what_was_grouped_and_not_posted_is_posted_by_the_next_bot(tmp_path: Path, how: End) -> None:
    async with watched(tmp_path) as world:
        pattern = await world.pattern(lane="prt", code=50076, provider="user")
        bot = await world.start()
        await world.slack.fault("chat.postMessage", retry_after=8)
        whose = await fails(world, pattern, 1)
        await until_refused(world)  # so it is grouped, and waits for Slack
        await end(bot, how)
        await world.start()
        await world.alert(whose[0], patience=LEADERLESS)
        await asyncio.sleep(SETTLED)
        assert await times_told(world, whose) == [1]


async def test_a_restart_amid_many_alerts_repeats_none(tmp_path: Path) -> None:
    """Ten alerts, a second apart: some are posted, the others not. (Kills: test_alerts_once.)"""
    async with watched(tmp_path) as world:
        pattern = await world.pattern(lane="prt", code=50076, provider="user")
        bot = await world.start()
        whose = await fails(world, pattern, *range(1, 11))
        await world.until(lambda cards: len(cards) == 4)
        await asyncio.sleep(0.4)  # between two posts
        await bot.stop()
        await world.start()
        await world.until(lambda cards: len(cards) >= 10, patience=LEADERLESS)
        await fails(world, pattern, 11)  # polled after all that was read again
        await world.alert("Person Number 11 ", patience=LEADERLESS)
        await asyncio.sleep(SETTLED)
        assert await times_told(world, whose) == [1] * 10


@pytest.mark.parametrize("how", ["SIGTERM", "SIGKILL"])
async def test_a_store_of_the_bots_own_remembers_what_was_said(tmp_path: Path, how: End) -> None:
    """Without REDIS_URL: the store ends with the bot, or stays behind without it."""
    async with watched(tmp_path, REDIS_URL="") as world:
        try:
            pattern = await world.pattern(lane="prt", code=50076, provider="user")
            bot = await world.start()
            (who,) = await fails(world, pattern, 1)
            await world.alert(who)
            await asyncio.sleep(0.5)
            await end(bot, how)
            again = await world.start()
            (other,) = await fails(world, pattern, 2)
            await world.alert(other, patience=LEADERLESS)
            await asyncio.sleep(SETTLED)
            assert await times_told(world, [who, other]) == [1, 1]
            await again.stop()
        finally:
            end_store(world.stage.state_dir)


def end_store(state_dir: Path) -> None:
    """End the store of a bot that was killed and whose successor did not end it."""
    with Redis(unix_socket_path=str(state_dir / "store" / "valkey.sock")) as store:
        try:
            store.shutdown(nosave=True)
        except NoConnection:
            return
