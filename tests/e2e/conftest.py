"""The bot as a process of its own, between the sandbox's Slack and Entra, spoken to over HTTP alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from sandbox.demo.entra import Tenant
from sandbox.demo.processes import Stage, running
from sandbox.slack.people import Workspace

CHANNEL = "C0APPROVE"
PATIENCE = 20.0
LOOK_AGAIN = 0.05


@dataclass(frozen=True)
class World:
    """Everything a dialogue needs."""

    stage: Stage
    slack: Workspace
    tenant: Tenant
    log: Path

    async def private(self, user: str) -> list[str]:
        """Return what only this person sees, oldest first."""
        return [str(message["plain"]) for message in (await self.slack.screen(user))["ephemerals"]]

    async def asks(self, user: str, text: str) -> str:
        """Type a /psso command; return the answer (not the "Looking up …" before it)."""
        before = len(await self.private(user))
        acknowledged = await self.slack.command(user, text)
        assert acknowledged["acked"], acknowledged
        return await self.answer(user, before)

    async def answer(self, user: str, before: int) -> str:
        """Return the next private answer after the first `before`."""
        async with asyncio.timeout(PATIENCE):
            while True:
                new = [text for text in (await self.private(user))[before:] if not text.startswith("Looking")]
                if new:
                    return new[-1]
                await asyncio.sleep(LOOK_AGAIN)

    async def clicks(self, user: str, label: str, ts: str, **how: Any) -> str:
        """Click a card's button; return the private answer."""
        before = len(await self.private(user))
        await self.slack.click(user, label, channel=CHANNEL, message_ts=ts, **how)
        return await self.answer(user, before)

    async def presses(self, user: str, label: str, ts: str) -> None:
        """Click a card's button, without waiting for an answer."""
        await self.slack.click(user, label, channel=CHANNEL, message_ts=ts)

    async def requests(self, user: str, *, by: str = "U0HANA", reason: str = "It will not register") -> str:
        """Ask why, fill in the form; return the private answer."""
        await self.asks(by, f"why {user}")
        await self.slack.click(by, "Request disable")
        await self.slack.wait_for(by, "Reason", PATIENCE)
        before = len(await self.private(by))
        sent = await self.slack.submit(by, filled_in(reason))
        assert sent["acked"], sent
        assert not sent["errors"], sent
        return await self.answer(by, before)

    async def opens(self, user: str, *, by: str = "U0HANA", reason: str = "It will not register") -> str:
        """Request a change; return the ts of the card it makes."""
        before = {card["ts"] for card in await self.cards()}
        await self.requests(user, by=by, reason=reason)
        async with asyncio.timeout(PATIENCE):
            while not (new := [card["ts"] for card in await self.cards() if card["ts"] not in before]):
                await asyncio.sleep(LOOK_AGAIN)
        return str(new[0])

    async def cards(self) -> list[dict[str, Any]]:
        """Return the messages of the approval channel, oldest first."""
        shown = await self.slack.screen("U0OTTO")
        messages: list[dict[str, Any]] = shown["channels"][CHANNEL]["messages"]
        return messages

    async def card(self, ts: str) -> str:
        """Return a card of the approval channel as it reads now."""
        return next(str(card["plain"]) for card in await self.cards() if card["ts"] == ts)

    async def until_card(self, ts: str, *words: str) -> str:
        """Wait until a card says one of these; return how it reads."""
        text = ""
        try:
            async with asyncio.timeout(PATIENCE):
                while not any(word in text for word in words):
                    text = await self.card(ts)
                    await asyncio.sleep(LOOK_AGAIN)
        except TimeoutError:
            raise AssertionError(f"the card never said any of {words}; it says: {text}") from None
        return text

    async def patches(self, user_id: str) -> list[dict[str, Any]]:
        """Return the writes that Graph received for a user."""
        asked = await self.tenant.asked()
        return [entry for entry in asked if entry["method"] == "PATCH" and user_id in entry["path"]]

    async def id_of(self, user: str) -> str:
        """Return a person's object id."""
        people = await self.tenant.people()
        return str(next(one["id"] for one in people if one["userPrincipalName"] == user))


def filled_in(reason: str, ticket: str = "INC-4711") -> dict[str, Any]:
    """Return the values of the request form."""
    fields = {"reason": reason, "ticket": ticket, "identity_check": "hr_number"}
    return {name: {name: value} for name, value in fields.items()}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One bot and one sandbox for the dialogues of a module; each uses people of its own."""
    folder = tmp_path_factory.mktemp("e2e")
    log = folder / "bot.log"
    settings = {"PSSO_APPROVAL_SECONDS_MIN": "0", "PSSO_LOG": "info", "PSSO_GRAPH_REPORTS_PER_10S": "500"}
    async with (
        running(folder / "state", log, **settings) as stage,
        Workspace(stage.slack_url) as slack,
        aiohttp.ClientSession() as session,
    ):
        tenant = Tenant(stage.entra_url, session)
        await slack.rate_limits(enabled=False)
        await tenant.throttle(reports_per_10s=None, policies_per_s=None)
        yield World(stage, slack, tenant, log)
