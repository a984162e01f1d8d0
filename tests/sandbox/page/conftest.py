"""The page over HTTP: on sandboxes in this process, or on a whole stage with the real bot."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from sandbox.entra import EntraSandbox
from sandbox.page.server import Page
from sandbox.slack.people import Workspace
from sandbox.slack.server import SlackSandbox

Json = dict[str, Any]
PATIENCE = 20.0


@dataclass
class Stream:
    """One open event stream: what came so far, and how to wait for more."""

    response: aiohttp.ClientResponse
    seen: list[Json] = field(default_factory=list)

    async def until(self, wanted: Callable[[Json], bool], seconds: float = PATIENCE) -> Json:
        """Return the first event that fits, seen or still to come."""
        async with asyncio.timeout(seconds):
            at = 0
            while True:
                while at < len(self.seen):
                    if wanted(self.seen[at]):
                        return self.seen[at]
                    at += 1
                await self._more()

    async def to_the_end(self, seconds: float = PATIENCE) -> list[Json]:
        """Read until the server ends the stream."""
        async with asyncio.timeout(seconds):
            while await self._more():
                pass
        return self.seen

    async def _more(self) -> bool:
        line = await self.response.content.readline()
        if line.startswith(b"data: "):
            self.seen.append(json.loads(line.removeprefix(b"data: ")))
        return bool(line)


@dataclass
class Visitor:
    """A browser on the page, without a screen."""

    url: str
    session: aiohttp.ClientSession

    async def get(self, path: str, **query: str) -> Json:
        async with self.session.get(f"{self.url}{path}", params=query) as response:
            said: Json = await response.json()
            assert response.status == 200, said
            return said

    async def state(self, person: str) -> Json:
        return await self.get("/api/state", person=person)

    async def tries(self, path: str, /, **body: Any) -> tuple[int, Json]:
        headers = {"Origin": self.url}
        async with self.session.post(f"{self.url}/api/{path}", json=body, headers=headers) as response:
            return response.status, await response.json()

    async def does(self, path: str, /, **body: Any) -> Json:
        status, said = await self.tries(path, **body)
        assert status == 200, said
        return said

    @asynccontextmanager
    async def stream(self, person: str, last: str | None = None, **query: str) -> AsyncIterator[Stream]:
        headers = {"Last-Event-ID": last} if last else {}
        asked = {"person": person, **query}
        timeout = aiohttp.ClientTimeout(total=None)
        # A line may be a whole card: more than aiohttp's readline takes by default.
        async with self.session.get(
            f"{self.url}/api/events", params=asked, headers=headers, timeout=timeout, read_bufsize=2**20
        ) as response:
            assert response.status == 200
            assert response.content_type == "text/event-stream"
            yield Stream(response)


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    async with SlackSandbox(redelivery=(), rate_limits=False) as sandbox:
        yield sandbox


@pytest.fixture
async def people(slack: SlackSandbox) -> AsyncIterator[Workspace]:
    async with Workspace(slack.url) as workspace:
        yield workspace


@pytest.fixture
async def entra() -> AsyncIterator[EntraSandbox]:
    async with EntraSandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def page(slack: SlackSandbox, entra: EntraSandbox) -> AsyncIterator[Page]:
    async with Page(slack.url, entra.url) as running:
        yield running


@pytest.fixture
async def visitor(page: Page) -> AsyncIterator[Visitor]:
    async with aiohttp.ClientSession() as session:
        yield Visitor(page.url, session)
