"""The whole bot on an event hub: what is published there is an alert within moments, and once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.adapters.stream.conftest import HUB
from tests.adapters.stream.kafka import mock_kafka
from tests.adapters.stream.messages import a_record, envelope
from tests.e2e.watching import Watched, watched

pytestmark = pytest.mark.long

WHO, ELSE = "ada@contoso.com", "bo@contoso.com"
BO = "5a1f0c3e-9f43-4a51-8a3e-9d6b1e0c7f21"


def a_failure(nth: int, **properties: str) -> bytes:
    """A message with one failed registration of just now, and rows that do not matter."""
    at = datetime.now(UTC) - timedelta(seconds=5)  # noqa: TID251 -- the bot under test has the real time
    windows = {"operatingSystem": "Windows 11"}
    return envelope(
        a_record(1000 + nth, deviceDetail=windows),
        a_record(nth, createdDateTime=f"{at:%Y-%m-%dT%H:%M:%S.%f}0+00:00", **properties),
    )


async def about_ada(world: Watched) -> list[str]:
    """Return the cards about her, oldest first."""
    return [one["plain"] for one in await world.messages() if WHO in one["plain"]]


async def test_what_the_stream_brings_is_alerted_once_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    with mock_kafka() as kafka:
        kafka.topic(HUB)
        settings = {
            "PSSO_POLL_SECONDS": "0",
            "PSSO_EVENT_HUB_NAMESPACE": kafka.address,
            "PSSO_EVENT_HUB_NAMES": HUB,
        }
        async with watched(tmp_path, **settings) as world:
            bot = await world.start()
            kafka.produce(HUB, [a_failure(1)])
            await world.alert(WHO, "Blocked")
            await bot.stop()
            other = a_failure(2, userPrincipalName=ELSE, userId=BO)
            kafka.produce(HUB, [a_failure(1), other])  # one of them again, as Azure does
            await world.start()
            await world.alert(ELSE, "Blocked", patience=60)
            (card,) = await about_ada(world)
            assert "1 try" in card


async def test_a_stream_that_is_away_does_not_keep_the_bot_from_starting(tmp_path: Path) -> None:
    with mock_kafka() as kafka:
        kafka.topic(HUB)
        kafka.down()
        settings = {
            "PSSO_POLL_SECONDS": "0",
            "PSSO_EVENT_HUB_NAMESPACE": kafka.address,
            "PSSO_EVENT_HUB_NAMES": HUB,
        }
        async with watched(tmp_path, **settings) as world:
            bot = await world.start()
            async with asyncio.timeout(30):
                while await bot.metric("psso_stream_up"):
                    await asyncio.sleep(0.2)
            kafka.up()
            kafka.produce(HUB, [a_failure(1)])
            await world.alert(WHO, "Blocked", patience=60)
