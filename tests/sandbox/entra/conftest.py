"""A sandbox with a stopped clock, and a small client that speaks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from sandbox.entra import EntraSandbox

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class Hands:
    """Both clocks of a sandbox, moved by hand."""

    passed: float = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.passed)

    def seconds(self) -> float:
        return self.passed


@dataclass
class Answer:
    status: int
    headers: Any
    text: str
    json: Any = None

    @property
    def value(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.json["value"]
        return rows

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])

    @property
    def message(self) -> str:
        return str(self.json["error"]["message"])


@dataclass
class Client:
    """Sends calls with the right token."""

    sandbox: EntraSandbox
    session: aiohttp.ClientSession
    hands: Hands
    ids: dict[str, str] = field(default_factory=dict)

    def id_of(self, key: str) -> str:
        return next(one.id for one in self.sandbox.tenant.people.values() if one.key == key)

    async def send(
        self, method: str, path: str, body: Any = None, token: str | None = None, **headers: str
    ) -> Answer:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        names.setdefault("Authorization", f"Bearer {token or self.sandbox.token}")
        url = path if path.startswith("http") else self.sandbox.url + path
        async with self.session.request(method, url, json=body, headers=names) as response:
            text = await response.text()
            is_json = response.content_type == "application/json" and text
            return Answer(response.status, response.headers, text, await response.json() if is_json else None)

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.send("GET", path, **headers)

    async def admin(self, path: str, body: Any = None, method: str = "POST") -> Any:
        answer = await self.send(method, f"/_admin/{path}", {} if body is None and method == "POST" else body)
        assert answer.status == 200, answer.text
        return answer.json

    async def state(self, key: str) -> str:
        answer = await self.get(f"/beta/users/{self.id_of(key)}/authentication/requirements")
        return str(answer.json["perUserMfaState"])

    async def set_state(self, key: str, state: str) -> Answer:
        path = f"/beta/users/{self.id_of(key)}/authentication/requirements"
        return await self.send("PATCH", path, {"perUserMfaState": state})


async def _client(cast: str) -> AsyncIterator[Client]:
    hands = Hands()
    async with (
        EntraSandbox(cast, hands.now, seconds=hands.seconds) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        yield Client(sandbox, session, hands)


@pytest.fixture
async def graph() -> AsyncIterator[Client]:
    """The contoso tenant."""
    async for client in _client("contoso"):
        yield client


@pytest.fixture
async def free() -> AsyncIterator[Client]:
    """A small tenant without a premium licence, with security defaults on."""
    async for client in _client("fabrikam-free"):
        yield client
