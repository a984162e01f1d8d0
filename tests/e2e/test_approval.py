"""The main job as dialogues: what each person did, what each person saw, what Graph received."""

from __future__ import annotations

import asyncio

import pytest

from tests.e2e.conftest import CHANNEL, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLEO = "cleo.marsh@contoso.com"
DAG = "dag.holm@contoso.com"
ADA = "ada.lind@contoso.com"


async def _said_after(world: World, user: str, click: str, ts: str, **how: object) -> str:
    """Click, and return the private answer."""
    before = len(await world.private(user))
    await world.slack.click(user, click, channel=CHANNEL, message_ts=ts, **how)
    async with asyncio.timeout(10):
        while len(answers := await world.private(user)) == before:
            await asyncio.sleep(0.05)
    return answers[-1]


async def test_asked_requested_approved_twice_changed_once_and_read_back(world: World) -> None:
    slack, ada = world.slack, await world.id_of(ADA)
    await world.tenant.try_registration(ADA)
    ts = await world.request(ADA, reason="New MacBook does not register", ticket="INC-4711")

    shown = next(card for card in await world.cards() if card["ts"] == ts)["plain"]
    assert "Ada Lind" in shown
    assert ada in shown
    assert "INC-4711" in shown
    assert "Require MFA - all users" in shown

    await _said_after(world, "U0HANA", "Approve", ts)
    assert await world.patches(ada) == []
    await slack.click("U0OTTO", "Approve", channel=CHANNEL, message_ts=ts)
    await slack.wait_for("U0OTTO", "1 of 2", 10)
    assert await world.patches(ada) == []
    await slack.click("U0MIRA", "Approve", channel=CHANNEL, message_ts=ts)
    await slack.wait_for("U0MIRA", "read back", 15)

    assert [entry["body"] for entry in await world.patches(ada)] == [{"perUserMfaState": "disabled"}]
    assert await world.tenant.state(ADA) == "disabled"
    card = next(card for card in await world.cards() if card["ts"] == ts)
    assert "[Approve]" not in card["plain"]
    assert card["thread"]
    assert (await slack.screen("U0HANA"))["direct_messages"]
