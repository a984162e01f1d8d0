"""Slack does not take an alert: it appears elsewhere, plainer or later, once, and /readyz says what to do.

PSSO_TEST_SLACK_AWAY sets for how many seconds Slack is away: 10 unless it says 30.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.conftest import CHANNEL
from tests.e2e.watching import ALERTS, Bot, Json, Watched, ago, one_of_many, watched

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.long]

AWAY = float(os.environ.get("PSSO_TEST_SLACK_AWAY", "10"))
MEMBERS = ["U0BOT", "U0OTTO", "U0MIRA", "U0NILS"]


@dataclass
class Trouble:
    """A world with one bot, in which everybody fails once."""

    world: Watched
    bot: Bot
    pattern: Json
    chance: random.Random = field(default_factory=lambda: random.Random(5))
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def somebody_fails(self) -> str:
        number = next(self.numbers)
        await self.world.write_log(
            [one_of_many(self.pattern, number, ago(2), self.chance, f"10.{number}.0.1")]
        )
        return f"Person Number {number} "

    async def about(self, who: str) -> list[Json]:
        found = [*await self.world.messages(), *await self.world.messages(CHANNEL)]
        return [one for one in found if who in one["plain"]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def trouble(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trouble]:
    async with watched(tmp_path_factory.mktemp("trouble")) as world:
        pattern = await world.pattern(lane="prt", code=50076, provider="user")
        yield Trouble(world, await world.start(), pattern)


async def ready_again(bot: Bot) -> None:
    async with asyncio.timeout(75):  # what is known of a channel is kept for a minute
        while await bot.readiness():
            await asyncio.sleep(0.5)


LOST: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "archived": ({"is_archived": True}, {"is_archived": False}, "it is archived; restore it"),
    "without the bot": ({"members": MEMBERS[1:]}, {"members": MEMBERS}, "invite the bot"),
}


@pytest.mark.parametrize("how", LOST)
async def test_an_alert_whose_channel_is_lost_goes_to_the_approvers(trouble: Trouble, how: str) -> None:
    lose, restore, remedy = LOST[how]
    await trouble.world.slack.channel(ALERTS, **lose)

    who = await trouble.somebody_fails()
    card = await trouble.world.alert(who, channel=CHANNEL)

    assert "This was meant for #psso-alerts, which did not take it" in card["plain"]
    assert "[Acknowledge]" in card["plain"]
    problem = (await trouble.bot.readiness())["alerts"]
    assert ALERTS in problem
    assert remedy in problem
    await trouble.world.slack.channel(ALERTS, **restore)
    again = await trouble.somebody_fails()
    await trouble.world.alert(again)
    assert len(await trouble.about(who)) == 1
    assert len(await trouble.about(again)) == 1


async def test_a_card_that_slack_refuses_is_posted_plainer(trouble: Trouble) -> None:
    await trouble.world.slack.fault("chat.postMessage", error="invalid_blocks")
    who = await trouble.somebody_fails()
    card = await trouble.world.alert(who.strip())
    assert "[Acknowledge]" in card["plain"]
    assert "Since" not in card["plain"]


async def test_nothing_but_text_is_posted_when_slack_takes_no_blocks(trouble: Trouble) -> None:
    await trouble.world.slack.fault("chat.postMessage", error="invalid_blocks", count=2)
    who = await trouble.somebody_fails()
    card = await trouble.world.alert(who.strip())
    assert card["blocks"] == []


async def test_a_limit_is_waited_out(trouble: Trouble) -> None:
    await trouble.world.slack.fault("chat.postMessage", retry_after=3, count=2)
    who = await trouble.somebody_fails()
    await trouble.world.alert(who, patience=30)
    posts = [
        call["at"]
        for call in await trouble.world.slack.calls("chat.postMessage")
        if who.strip() in str(call["args"])
    ]
    assert len(posts) == 3
    assert posts[1] - posts[0] >= 3
    assert posts[2] - posts[1] >= 3


async def test_an_answer_that_was_lost_loses_no_alert(trouble: Trouble) -> None:
    """Slack took the message, and nobody can tell: twice is better than never."""
    await trouble.world.slack.fault("chat.postMessage", cut="after")
    who = await trouble.somebody_fails()
    await trouble.world.alert(who)


async def test_alerts_wait_for_a_token_that_works_again(trouble: Trouble) -> None:
    token = trouble.world.stage.bot_environment["SLACK_BOT_TOKEN"]
    await trouble.world.slack.app(bot_token="xoxb-another")
    whose = [await trouble.somebody_fails() for _ in range(3)]
    await asyncio.sleep(8)
    await trouble.world.slack.app(bot_token=token)
    for who in whose:
        await trouble.world.alert(who, patience=40)
    assert [len(await trouble.about(who)) for who in whose] == [1, 1, 1]


async def test_alerts_wait_while_slack_is_away(trouble: Trouble) -> None:
    await trouble.world.slack.fault("*", cut="before", count=1_000_000)
    whose = [await trouble.somebody_fails() for _ in range(3)]
    await asyncio.sleep(AWAY)
    await trouble.world.slack.forget_faults()
    for who in whose:
        await trouble.world.alert(who, patience=60)
    assert [len(await trouble.about(who)) for who in whose] == [1, 1, 1]
    await ready_again(trouble.bot)


async def test_no_alert_is_shown_to_another_organisation(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = {"PSSO_ALERT_CHANNEL": "C0SHARED"}
    async with watched(tmp_path_factory.mktemp("shared"), **settings) as world:
        shared = Trouble(world, await world.start(), await world.pattern(lane="prt", code=50076))
        who = await shared.somebody_fails()
        await world.alert(who, "shared with another organisation", channel=CHANNEL)
        assert await world.messages("C0SHARED") == []
        assert "shared with another organisation" in (await shared.bot.readiness())["alerts"]
