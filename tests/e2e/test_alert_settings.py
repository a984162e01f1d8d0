"""What the settings say about alerts, seen in Slack and in what was asked of Graph."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import LOOK_AGAIN
from tests.e2e.watching import ALERTS, Bot, Json, Watched, ago, one_of_many, watched

pytestmark = pytest.mark.long

PER_COUNTRY, PER_DEVICE, PER_GROUP = "C0GENERAL", "C0APPROVE", "C0AUDIT"


async def fails(world: Watched, pattern: Json, number: int, **differs: Any) -> str:
    row = one_of_many(pattern, number, ago(2), random.Random(number), f"10.{number}.0.1")
    await world.write_log([{**row, **differs}])
    return f"Person Number {number} "


async def polled(bot: Bot, times: int = 2) -> None:
    """Wait until the log was read from its beginning to its end so many times more."""
    before = await bot.metric("psso_polls_total")
    async with asyncio.timeout(30):
        while await bot.metric("psso_polls_total") < before + times:
            await asyncio.sleep(LOOK_AGAIN)


async def sign_ins_read(world: Watched) -> int:
    return sum("auditLogs/signIns" in call["path"] for call in await world.tenant.asked())


async def test_alerts_go_where_the_routes_lead(tmp_path: Path) -> None:
    async with watched(tmp_path) as world:
        cast = await world.look("cast")
        field_team = next(one["id"] for one in cast["groups"] if one["displayName"] == "Field team")
        freja = next(one for one in cast["people"] if one["key"] == "freja.lang")
        pattern = await world.pattern(lane="prt", code=50076, provider="user")
        routes = [
            f"country=DE -> {PER_COUNTRY}",
            f"cause=PER_USER_MFA device=FIN- -> {PER_DEVICE}",
            f"group={field_team} -> {PER_GROUP}",
        ]
        await world.start(PSSO_ALERT_ROUTES="; ".join(routes))
        places = {**pattern["location"], "countryOrRegion": "DE"}
        in_germany = await fails(world, pattern, 1, location=places)
        of_finance = await fails(
            world, pattern, 2, deviceDetail={**pattern["deviceDetail"], "displayName": "FIN-0042"}
        )
        elsewhere = await fails(world, pattern, 3)
        await fails(world, pattern, 4, userId=freja["id"], userDisplayName="Freja Lang")

        await world.alert(in_germany, channel=PER_COUNTRY)
        await world.alert(of_finance, channel=PER_DEVICE)
        await world.alert(elsewhere, channel=ALERTS)
        await world.alert("Freja Lang", channel=PER_GROUP)
        assert len(await world.messages(ALERTS)) == 1


async def test_quiet_hours_hold_alerts_back_and_an_outage_breaks_through(tmp_path: Path) -> None:
    """The hours open at the next full minute: what waited for them comes as one digest."""
    opens = ago(-75)
    opens = opens.replace(second=0, microsecond=0)
    closes = opens + timedelta(hours=20)
    hours = f"Mon-Sun {opens:%H:%M}-{closes:%H:%M} UTC"
    async with watched(tmp_path, PSSO_ALERT_HOURS=hours) as world:
        pattern = await world.pattern(lane="prt", code=50076, provider="user")
        bot = await world.start()
        whose = [await fails(world, pattern, number) for number in (1, 2, 3)]
        policy = "Block sign-ins from other countries"
        crowd = {"users": 60, "code": 53003, "policy": policy, "lane": "broker", "over": 60}
        await world.admin("crowd", crowd)
        await world.alert(policy, "Outage, 60 people")
        await polled(bot)
        assert len(await world.messages()) == 1
        card = await world.alert(*whose, patience=110)
        assert datetime.fromtimestamp(float(card["ts"]), UTC) >= opens
        assert len(await world.messages()) == 2


async def test_shadow_mode_posts_nothing_and_counts_what_it_would_have(tmp_path: Path) -> None:
    async with watched(tmp_path, PSSO_SHADOW="1") as world:
        pattern = await world.pattern(lane="prt", code=50076, provider="user")
        bot = await world.start()
        for number in range(3):
            await fails(world, pattern, number)
        async with asyncio.timeout(20):
            while await bot.metric("psso_alerts_quiet_total") < 3:
                await asyncio.sleep(LOOK_AGAIN)
        await polled(bot)
        assert await world.slack.calls("chat.postMessage") == []


async def test_without_a_channel_or_an_interval_nobody_reads_the_log(tmp_path: Path) -> None:
    for nth, settings in enumerate(({"PSSO_POLL_SECONDS": "0"}, {"PSSO_ALERT_CHANNEL": ""})):
        async with watched(tmp_path / str(nth)) as world:
            pattern = await world.pattern(lane="prt", code=50076, provider="user")
            bot = await world.start(**settings)
            await fails(world, pattern, 1)
            await asyncio.sleep(4)
            assert await sign_ins_read(world) == 0
            assert await world.slack.calls("chat.postMessage") == []
            assert await bot.readiness() == {}
            assert "Looking up" not in await world.asks("U0HANA", "why person.1@contoso.com")
