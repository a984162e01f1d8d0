"""The bot as a process of its own, between the sandbox's Slack and Entra, spoken to over HTTP alone."""

from __future__ import annotations

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


def filled_in(reason: str, ticket: str) -> dict[str, Any]:
    """Return the values of the request form."""
    fields = {"reason": reason, "ticket": ticket, "identity_check": "Called back on the number in the HR system"}
    return {name: {name: value} for name, value in fields.items()}


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

    async def cards(self) -> list[dict[str, Any]]:
        """Return the messages of the approval channel, oldest first."""
        shown = await self.slack.screen("U0OTTO")
        messages: list[dict[str, Any]] = shown["channels"][CHANNEL]["messages"]
        return messages

    async def patches(self, user_id: str) -> list[dict[str, Any]]:
        """Return the writes that Graph received for a user."""
        asked = await self.tenant.asked()
        return [entry for entry in asked if entry["method"] == "PATCH" and user_id in entry["path"]]

    async def id_of(self, user: str) -> str:
        """Return a person's object id."""
        people = await self.tenant.people()
        return str(next(one["id"] for one in people if one["userPrincipalName"] == user))

    async def request(self, user: str, reason: str = "The Mac does not register", ticket: str = "INC-1") -> str:
        """Let Hana ask why and request the change; return the ts of the new card."""
        before = {card["ts"] for card in await self.cards()}
        await self.slack.command("U0HANA", f"why {user}")
        await self.slack.wait_for("U0HANA", "[Request disable]", 15)
        await self.slack.click("U0HANA", "Request disable")
        await self.slack.wait_for("U0HANA", "Reason", 10)
        answer = await self.slack.submit("U0HANA", filled_in(reason, ticket))
        assert answer["acked"], answer
        assert not answer["errors"], answer
        async for cards in self._looking():
            new = [card["ts"] for card in cards if card["ts"] not in before]
            if new:
                return str(new[0])
        raise AssertionError("no card appeared")

    async def _looking(self) -> AsyncIterator[list[dict[str, Any]]]:
        for _ in range(100):
            yield await self.cards()
            await self.slack.get("wait", user="U0OTTO", contains="\x00never", timeout="0.1")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One bot and one sandbox for the dialogues of a module; each uses people of its own."""
    folder = tmp_path_factory.mktemp("e2e")
    log = folder / "bot.log"
    async with (
        running(folder / "state", log, PSSO_APPROVAL_SECONDS_MIN="0", PSSO_LOG="info") as stage,
        Workspace(stage.slack_url) as slack,
        aiohttp.ClientSession() as session,
    ):
        await slack.rate_limits(enabled=False)
        yield World(stage, slack, Tenant(stage.entra_url, session), log)
