"""Everybody blocked is alerted once: sign-ins come mixed, twice, late, out of order, and bots die meanwhile.

PSSO_TEST_ALERT_SIGN_INS sets how many sign-ins there are: 8,000 unless it says 100000. From 50,000 on so many
people are blocked that digests list most of them, a minute each.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.conftest import LOOK_AGAIN
from tests.e2e.watching import ALERTS, Bot, Json, Watched, ago, watched, what_differs

pytestmark = pytest.mark.long

SIGN_INS = int(os.environ.get("PSSO_TEST_ALERT_SIGN_INS", "8000"))
ALONE = 20 if SIGN_INS < 50_000 else SIGN_INS // 250
CROWD = 40 if SIGN_INS < 50_000 else SIGN_INS // 200
PLACE_AT = 8
ELSEWHERE = "C0GENERAL"
LATEST = 12.0  # seconds until the last record is visible
PATIENCE = 150 + ALONE / 3  # what a killed bot had begun is taken up after a minute or two

TRICKLING = "10.200.2."  # nobody is seen there at once, so some have cards before they are many
CHUNK = 1500  # records a request

BY_USER_MFA: Json = {"lane": "prt", "code": 50076, "provider": "user"}
BY_POLICY: Json = {"lane": "broker", "code": 53003}
NOISE: tuple[tuple[float, Json], ...] = (
    (0.45, {"lane": "prt", "code": 0}),
    (0.20, {"lane": "drs", "code": 0}),
    (0.30, {"lane": "outlook", "code": 50076}),
    (0.02, {"lane": "broker", "code": 50058}),
    (0.03, {"lane": "prt", "code": 50076, "provider": "user", "os": "Windows 11"}),
)


@dataclass
class Day:
    """The sign-ins, and who must be alerted how."""

    chance: random.Random
    patterns: list[Json] = field(default_factory=list)
    rows: list[tuple[int, Json]] = field(default_factory=list)  # the pattern's place, and what differs
    later: dict[str, float] = field(default_factory=dict)
    alone: set[str] = field(default_factory=set)  # addresses
    crowds: list[str] = field(default_factory=list)  # networks of CROWD people each

    def write(self, pattern: int, number: int, network: str) -> Json:
        row = what_differs(number, ago(self.chance.uniform(1, 400)), self.chance, network)
        self.rows.append((pattern, row))
        if network.startswith(TRICKLING):
            self.later[row["id"]] = self.chance.uniform(3, LATEST)
        elif self.chance.random() < 0.6:
            self.later[row["id"]] = self.chance.uniform(0, LATEST)
        if self.chance.random() < 0.15:
            self.rows.append((pattern, {**row, "riskDetail": "hidden"}))  # published again
        return row

    def fail(self, pattern: int, number: int, network: str) -> str:
        for _ in range(self.chance.choice((1, 1, 2, 5))):
            row = self.write(pattern, number, network)
        return str(row["userPrincipalName"])


async def a_day(world: Watched) -> Day:
    day = Day(random.Random(11))
    for described in (BY_USER_MFA, BY_POLICY, *(one for _, one in NOISE)):
        day.patterns.append(await world.pattern(**described))
    for number in range(ALONE):
        day.alone.add(day.fail(number % 2, number, f"10.{number // 250}.{number % 250}.1"))
    for nth, pattern in enumerate((0, 1, 1)):
        day.crowds.append(f"10.200.{nth}.0/24")
        for number in range(CROWD):
            day.fail(pattern, 10_000 * (nth + 1) + number, f"10.200.{nth}.{number % 250 + 1}")
    shares = [share for share, _ in NOISE]
    for noise in day.chance.choices(range(2, 2 + len(NOISE)), shares, k=SIGN_INS - len(day.rows)):
        day.write(noise, day.chance.randrange(50_000, 60_000), "10.201.0.1")
    return day


async def write_log(world: Watched, day: Day) -> None:
    """Write it pattern by pattern, so out of order."""
    for nth, pattern in enumerate(day.patterns):
        rows = [row for place, row in day.rows if place == nth]
        for at in range(0, len(rows), CHUNK):
            chunk = rows[at : at + CHUNK]
            later = {row["id"]: day.later[row["id"]] for row in chunk if row["id"] in day.later}
            await world.admin("log", {"rows": chunk, "like": pattern, "in": later})


def alerted(messages: list[Json]) -> tuple[Counter[str], Counter[str]]:
    """Count who has a card or a digest's line of their own, and the networks or sizes of wide cards."""
    alone: Counter[str] = Counter()
    wide: Counter[str] = Counter()
    for message in messages:
        text = message["plain"]
        if "in one place" in text.splitlines()[0]:
            wide[network_of(text)] += 1
            assert f"{CROWD} people:" in text, text
        else:
            alone.update(re.findall(r"person\.\d+@contoso\.com", text))
            wide.update(re.findall(rf"■ .*in one place, ({CROWD}) people", text))
    return alone, wide


def network_of(text: str) -> str:
    found = re.search(r"Behind the network (\S+)", text)
    assert found, text
    return found[1]


def is_complete(day: Day, messages: list[Json]) -> bool:
    try:
        alone, wide = alerted(messages)
    except AssertionError:
        return False  # a wide card still counts on
    return alone.keys() >= day.alone and wide.total() >= len(day.crowds)


async def every_message(world: Watched) -> list[Json]:
    return [*await world.messages(ALERTS), *await world.messages(ELSEWHERE)]


async def the_poller(bots: list[Bot]) -> Bot:
    async with asyncio.timeout(20):
        while True:
            for one in bots:
                if await one.metric("psso_poll_leader"):
                    return one
            await asyncio.sleep(LOOK_AGAIN)


async def test_everybody_is_alerted_once_through_three_kills_and_a_paused_leader(tmp_path: Path) -> None:
    settings = {
        "PSSO_ALERT_PLACE_AT": str(PLACE_AT),
        "PSSO_ALERT_OUTAGE_AT": "1000000",
        "PSSO_ALERT_ROUTES": f"cause=PER_USER_MFA -> {ALERTS}; -> {ELSEWHERE}",
    }
    async with watched(tmp_path, **settings) as world:
        day = await a_day(world)
        bots = [await world.start(), await world.start()]
        leader = await the_poller(bots)
        (other,) = [one for one in bots if one is not leader]
        await write_log(world, day)
        await asyncio.sleep(3)  # the leader has read a part, and posted a part of that
        leader.pause()
        for _ in range(3):
            await other.kill()
            other = await world.start()
            await asyncio.sleep(4)  # long enough to begin with something
        leader.resume()

        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not is_complete(day, await every_message(world)):
            if asyncio.get_running_loop().time() > deadline:
                break  # what is missing is said below
            await asyncio.sleep(0.5)
        await asyncio.sleep(3)  # whatever is repeated would be by now
        alone, wide = alerted(await every_message(world))

        assert {address for address in day.alone if alone[address] != 1} == set()
        assert max(alone.values()) == 1
        assert wide.total() == len(day.crowds)
        assert max(wide[network] for network in day.crowds) <= 1
        assert {len(message["thread"]) for message in await every_message(world)} <= set(range(8))
        for one in (leader, other):
            assert await one.readiness() == {}
