"""The stream: who sees what, catching up, falling behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.entra import EntraSandbox
from sandbox.page.server import Page
from sandbox.slack.people import Workspace
from sandbox.slack.server import SlackSandbox
from tests.sandbox.page.conftest import Json, Visitor


@pytest.fixture
def client(slack: SlackSandbox) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)


def says(text: str) -> object:
    return lambda event: event["kind"] == "message" and event["message"]["text"] == text


def texts(events: list[Json]) -> list[str]:
    return [event["message"]["text"] for event in events if event["kind"] == "message"]


async def test_a_message_is_posted_changed_and_deleted(visitor: Visitor, client: AsyncWebClient) -> None:
    async with visitor.stream("U0HANA") as stream:
        ts = str((await client.chat_postMessage(channel="C0GENERAL", text="one", unfurl_links=True))["ts"])
        posted = await stream.until(says("one"))  # type: ignore[arg-type]
        assert (posted["what"], posted["message"]["unfurl"]) == ("posted", {"links": True, "media": True})
        await client.chat_update(channel="C0GENERAL", ts=ts, text="two")
        changed = await stream.until(says("two"))  # type: ignore[arg-type]
        assert (changed["what"], changed["message"]["edited"]) == ("changed", True)
        await client.chat_delete(channel="C0GENERAL", ts=ts)
        gone = await stream.until(lambda event: event["kind"] == "message_deleted")
        assert (gone["channel"], gone["ts"]) == ("C0GENERAL", ts)
    assert texts(stream.seen) == ["one", "two"]


async def test_nobody_gets_what_another_alone_may_see(visitor: Visitor, client: AsyncWebClient) -> None:
    async with visitor.stream("U0GUEST,U0ADA") as theirs, visitor.stream("U0HANA") as hers:
        await client.chat_postEphemeral(channel="C0GENERAL", user="U0HANA", text="for Hana")
        await client.chat_postMessage(channel="C0APPROVE", text="for approvers")
        await client.chat_postMessage(channel="U0OTTO", text="for Otto")
        await client.chat_postMessage(channel="C0GENERAL", text="for all")
        await theirs.until(says("for all"))  # type: ignore[arg-type]
        await hers.until(says("for all"))  # type: ignore[arg-type]
    assert texts(theirs.seen) == ["for all"]
    assert texts(hers.seen) == ["for Hana", "for approvers", "for all"]
    assert next(event for event in hers.seen if event["kind"] == "message")["message"]["ephemeral"] is True


async def test_several_windows_share_one_stream(visitor: Visitor, client: AsyncWebClient) -> None:
    async with visitor.stream("U0HANA,U0OTTO") as stream:
        await client.chat_postMessage(channel="U0OTTO", text="for Otto")
        await client.chat_postMessage(channel="U0MIRA", text="for Mira")
        await client.chat_postMessage(channel="U0HANA", text="for Hana")
        await stream.until(says("for Hana"))  # type: ignore[arg-type]
    assert texts(stream.seen) == ["for Otto", "for Hana"]


async def test_after_a_break_everything_missed_follows_once(visitor: Visitor, client: AsyncWebClient) -> None:
    async with visitor.stream("U0HANA") as first:
        await client.chat_postMessage(channel="C0GENERAL", text="one")
        last = (await first.until(says("one")))["id"]  # type: ignore[arg-type]
    for number in range(30):
        await client.chat_postMessage(channel="C0GENERAL", text=f"missed {number}")
    async with visitor.stream("U0HANA", last) as second:
        await second.until(says("missed 29"))  # type: ignore[arg-type]
    assert texts(second.seen) == [f"missed {number}" for number in range(30)]


async def test_a_snapshot_and_its_cursor_leave_no_gap(visitor: Visitor, client: AsyncWebClient) -> None:
    writing = asyncio.create_task(_write(client, 60))
    states = [await visitor.state("U0HANA") for _ in range(10)]
    await writing
    for state in states:
        shown = [one["text"] for one in state["messages"]["C0GENERAL"]["messages"]]
        async with visitor.stream("U0HANA", after=state["cursor"]) as stream:
            if "line 59" not in shown:
                await stream.until(says("line 59"))  # type: ignore[arg-type]
        assert set(shown) | set(texts(stream.seen)) == {f"line {number}" for number in range(60)}


async def _write(client: AsyncWebClient, count: int) -> None:
    for number in range(count):
        await client.chat_postMessage(channel="C0GENERAL", text=f"line {number}")


@pytest.fixture
async def small(slack: SlackSandbox, entra: EntraSandbox) -> AsyncIterator[Page]:
    """A page that keeps 50 facts only."""
    async with Page(slack.url, entra.url, keep=50) as page:
        yield page


async def test_who_fell_behind_is_told_to_reload(small: Page, people: Workspace) -> None:
    async with aiohttp.ClientSession() as session:
        visitor = Visitor(small.url, session)
        cursor = (await visitor.state("U0HANA"))["cursor"]
        for number in range(60):
            await people.message("U0HANA", "C0GENERAL", f"line {number}")
        async with visitor.stream("U0HANA") as now:
            await people.message("U0HANA", "C0GENERAL", "last")
            await now.until(says("last"))  # type: ignore[arg-type]
        async with visitor.stream("U0HANA", cursor) as stream:
            assert [event["kind"] for event in await stream.to_the_end()] == ["reload"]
        async with visitor.stream("U0HANA", stream.seen[0]["id"]) as again:
            await people.message("U0HANA", "C0GENERAL", "after that")
            await again.until(says("after that"))  # type: ignore[arg-type]


@pytest.mark.parametrize("cursor", ["another-3", "nonsense", "-", "3"])
async def test_a_cursor_of_another_run_means_reload(visitor: Visitor, cursor: str) -> None:
    async with visitor.stream("U0HANA", cursor) as stream:
        assert [event["kind"] for event in await stream.to_the_end()] == ["reload"]


async def test_a_storm_is_kept_within_bounds(visitor: Visitor, page: Page, entra: EntraSandbox) -> None:
    async with visitor.stream("U0HANA") as idle:  # opened, and not read
        for _ in range(6_000):
            entra.tenant.feed.add("storm")
            if entra.tenant.feed.last % 200 == 0:
                await asyncio.sleep(0)
        async with visitor.stream("U0HANA") as stream:
            entra.tenant.feed.add("calm")
            await stream.until(lambda event: event["kind"] in {"calm", "reload"})
        assert len(page.hub.feed) <= 4_096
        assert (await idle.until(lambda event: event["kind"] in {"storm", "reload"}))["kind"]


async def test_entra_tells_what_happens(visitor: Visitor, entra: EntraSandbox) -> None:
    async with visitor.stream("U0HANA") as stream:
        headers = {"Authorization": f"Bearer {entra.token}"}
        async with visitor.session.get(
            f"{entra.url}/v1.0/auditLogs/signIns?$top=1", headers=headers
        ) as response:
            assert response.status == 200
        told = await stream.until(lambda event: event["kind"] == "graph")
        assert told["call"]["bucket"] == "reports"
        assert (told["call"]["status"], told["budget"]["used"], told["budget"]["limit"]) == (200, 1, 5)
        await visitor.does("entra/try", user="edda.holt@contoso.com")
        row = (await stream.until(lambda event: event["kind"] == "sign_in" and event["row"]["failed"]))["row"]
        assert (row["code"], row["demanded_by"]) == (50076, ["user"])
        told = await stream.until(lambda event: event["kind"] == "entra_person")
        assert (told["person"]["slack"], told["person"]["registered"]) == ("U0EDDA", False)
        await visitor.does("entra/state", user="edda.holt@contoso.com", state="disabled")
        audit = (await stream.until(lambda event: event["kind"] == "audit"))["row"]
        assert (audit["by"], audit["target"]) == ("rune.storm@contoso.com", "edda.holt@contoso.com")
