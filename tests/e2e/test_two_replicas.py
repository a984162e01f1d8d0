"""Two bots on one store, two approvers at the same moment, every click delivered twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
import pytest
import pytest_asyncio

from bot.adapters.store.embedded import embedded_store
from sandbox.demo.entra import Tenant
from sandbox.demo.processes import bot, running
from sandbox.slack.people import Workspace
from tests.e2e.conftest import CHANNEL, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTTO, MIRA = "U0OTTO", "U0MIRA"
ADA = "ada.lind@contoso.com"
DAG = "dag.holm@contoso.com"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Two bots with one state directory and one store, which neither of them started."""
    folder = tmp_path_factory.mktemp("replicas")
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(embedded_store(folder / "store"))
        settings = {"REDIS_URL": url, "PSSO_APPROVAL_SECONDS_MIN": "0", "PSSO_LOG": "info"}
        stage = await stack.enter_async_context(running(folder / "state", folder / "a.log", **settings))
        await stack.enter_async_context(bot(stage.bot_environment, folder / "b.log"))
        slack = await stack.enter_async_context(Workspace(stage.slack_url))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        await slack.rate_limits(enabled=False)
        yield World(stage, slack, Tenant(stage.entra_url, session), folder / "a.log")


async def card_of(world: World, ts: str) -> str:
    return str(next(card for card in await world.cards() if card["ts"] == ts)["plain"])


async def ended(world: World, ts: str) -> str:
    """Return the card once it has no buttons to decide with any more, and nothing is under way."""
    async with asyncio.timeout(20):
        while True:
            shown = await card_of(world, ts)
            if "Done and read back" in shown or "Denied" in shown or "Nothing changed" in shown:
                return shown
            await asyncio.sleep(0.1)


async def new_answers(world: World, before: dict[str, int]) -> dict[str, list[str]]:
    """Return what each person was told privately since, once at least one of them was."""
    async with asyncio.timeout(15):
        while True:
            answers = {user: (await world.private(user))[count:] for user, count in before.items()}
            if any(answers.values()):
                return answers
            await asyncio.sleep(0.1)


async def clicked_at_once(world: World, ts: str) -> dict[str, list[str]]:
    """Let both approve in the same moment; return what each was told privately."""
    before = {user: len(await world.private(user)) for user in (OTTO, MIRA)}
    await world.slack.socket(duplicate_next=2)
    async with asyncio.TaskGroup() as clicks:
        for user in (OTTO, MIRA):
            clicks.create_task(world.slack.click(user, "Approve", channel=CHANNEL, message_ts=ts))
    return await new_answers(world, before)


async def test_both_replicas_listen(world: World) -> None:
    assert (await world.slack.socket())["connections"] >= 2


async def test_two_approvers_at_once_make_one_change_and_the_other_is_told(world: World) -> None:
    ada = await world.id_of(ADA)
    await world.tenant.try_registration(ADA)
    ts = await world.opens(ADA)

    answers = await clicked_at_once(world, ts)
    card = await ended(world, ts)

    assert [entry["body"] for entry in await world.patches(ada)] == [{"perUserMfaState": "disabled"}]
    assert await world.tenant.state(ADA) == "disabled"
    winner, loser = (OTTO, MIRA) if "Approved by @otto" in card else (MIRA, OTTO)
    assert answers[winner] == []
    assert "This click did nothing" in answers[loser][0]
    assert "Ada Lind" in answers[loser][0]
    assert f"Approved by @{winner[2:].lower()}" in answers[loser][0]


async def test_approve_and_deny_at_once_have_one_outcome(world: World) -> None:
    dag = await world.id_of(DAG)
    ts = await world.opens(DAG)
    await world.slack.click(MIRA, "Deny", channel=CHANNEL, message_ts=ts)
    await world.slack.wait_for(MIRA, "Reason", 10)
    before = {user: len(await world.private(user)) for user in (OTTO, MIRA)}

    await world.slack.socket(duplicate_next=2)
    async with asyncio.TaskGroup() as people:
        people.create_task(world.slack.click(OTTO, "Approve", channel=CHANNEL, message_ts=ts))
        people.create_task(world.slack.submit(MIRA, {"reason": {"reason": "The caller was not verified"}}))
    card = await ended(world, ts)
    answers = await new_answers(world, before)

    denied = "Denied" in card
    assert await world.tenant.state(DAG) == ("enforced" if denied else "disabled")
    assert len(await world.patches(dag)) == (0 if denied else 1)
    loser = OTTO if denied else MIRA
    assert "This click did nothing" in answers[loser][-1]
