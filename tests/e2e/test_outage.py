"""A policy breaks thousands: one card that counts them and names who changed it, and nobody else waits.

PSSO_TEST_OUTAGE_PEOPLE sets how many: 5,000 unless it says otherwise.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.e2e.outages import ADMIN, POLICY, a_burst, break_sign_ins, headline, traffic
from tests.e2e.watching import watched

pytestmark = pytest.mark.long

PEOPLE = int(os.environ.get("PSSO_TEST_OUTAGE_PEOPLE", "5000"))
OVER = 12.0


async def test_an_outage_is_one_card_and_approvals_go_on(tmp_path: Path) -> None:
    async with watched(tmp_path, PSSO_POLL_SECONDS="2") as world:
        await world.start()
        await world.slack.rate_limits(enabled=True)
        ts = await world.opens_unseen("ada.lind")

        await break_sign_ins(world, PEOPLE, OVER)
        await world.alert(POLICY, "Outage")
        await world.presses("U0OTTO", "Approve", ts)
        await world.until_card(ts, "Done and read back")
        acks: list[float] = []
        for number in range(4):
            acks += await a_burst(world, number, ts)
            await asyncio.sleep(1)
        card = await world.alert(headline(PEOPLE), patience=60)

        cards = [one["plain"] for one in await world.messages()]
        assert len(cards) == 1, cards
        assert f"Changed by {ADMIN}@contoso.com" in card["plain"]
        assert f"{PEOPLE} people: {PEOPLE} still blocked" in card["plain"]
        seen = await traffic(world)
        assert seen.least_gap >= 1
        assert seen.least_edit_gap >= 30
        assert seen.limited == 0
        assert sorted(acks)[int(0.99 * len(acks)) - 1] < 1000
