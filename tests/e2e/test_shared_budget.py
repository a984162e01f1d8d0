"""Poller, questions and approvals on Graph's real limits: approvals never wait, people wait a little."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.e2e.watching import Watched, watched

pytestmark = pytest.mark.long

WINDOW = 10.2  # seconds in which Graph counts five calls of the sign-in log
CROWD = 6000
USERS = ("ada.lind", "noor.alhadid")


async def approved(world: Watched, ts: str) -> float:
    began = time.perf_counter()
    await world.presses("U0OTTO", "Approve", ts)
    await world.until_card(ts, "Done and read back")
    return time.perf_counter() - began


async def diagnosed(world: Watched, user: str) -> float:
    began = time.perf_counter()
    await world.asks("U0HANA", f"why {user}@contoso.com")
    return time.perf_counter() - began


async def test_approvals_never_wait_for_the_poller_and_people_at_most_a_window(tmp_path: Path) -> None:
    async with watched(tmp_path, PSSO_GRAPH_REPORTS_PER_10S="5", PSSO_POLL_SECONDS="1") as world:
        requests = {}
        bot = await world.start(PSSO_ALERT_CHANNEL="", PSSO_GRAPH_REPORTS_PER_10S="500")
        for user in USERS:
            requests[user] = await world.opens_unseen(user)
        await bot.stop()
        await world.tenant.throttle(reports_per_10s=5, policies_per_s=1)
        crowd = {"users": CROWD, "code": 53003, "lane": "broker", "over": 500}
        await world.admin("crowd", crowd)  # seven pages of a thousand a poll, so the poller is never done
        bot = await world.start()
        await asyncio.sleep(WINDOW)

        waits, takes = [], []
        for user in USERS:
            takes.append(await diagnosed(world, user))
            waits.append(await approved(world, requests[user]))
        pages = await bot.metric("psso_poll_pages_total")
        refused = (await world.look("metrics"))["throttled"]

        assert max(waits) < 2
        assert max(takes) < WINDOW + 2
        assert pages >= 2
        assert refused == 0
