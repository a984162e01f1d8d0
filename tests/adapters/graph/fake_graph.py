"""A Graph that answers what a test tells it to, over real HTTP on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from bot.adapters.graph.budget import LocalBudget
from bot.adapters.graph.credentials import Access, FixedToken
from bot.adapters.graph.gateway import Gateway, connect

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TOKEN = "a-fixed-token"
ADA = "15dc174b-f34c-4588-ac45-61d6e05dce93"


@dataclass(frozen=True)
class Heard:
    """A request as it arrived: `target` is the address as it was on the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Says:
    """One answer. `cut` drops the connection, `torn` does so within the body, `hang` never answers."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    cut: bool = False
    torn: bool = False
    hang: bool = False


def refusing(status: int, code: str, message: str = "", **headers: str) -> Says:
    """Return an error answer in Graph's form."""
    error = {"code": code, "message": message, "innerError": {"request-id": "inner-request-id"}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Says({"error": error}, status, named)


class FakeGraph:
    """Answers from a list of scripts by path prefix, the longest first; the last answer repeats."""

    def __init__(self) -> None:
        self.url = ""
        self.heard: list[Heard] = []
        self._scripts: dict[str, list[Says]] = {}
        self._released = asyncio.Event()

    def on(self, path: str, *answers: Says) -> None:
        """Script the answers to requests whose path begins with `path`."""
        self._scripts[path] = list(answers)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        heard = Heard(
            request.method,
            request.raw_path,
            {name.lower(): value for name, value in request.headers.items()},
            await request.read(),
        )
        self.heard.append(heard)
        says = self._next(heard.target)
        if says.hang:
            await self._released.wait()
        if says.cut and request.transport is not None:
            request.transport.abort()
        body = says.body
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if says.torn:
            return await _torn(request)
        headers = {"request-id": f"request-{len(self.heard)}", **says.headers}
        if body is not None:
            headers.setdefault("Content-Type", says.content_type)
        return web.Response(status=says.status, headers=headers, body=body)

    def _next(self, target: str) -> Says:
        for path in sorted(self._scripts, key=len, reverse=True):
            if target.startswith(path):
                answers = self._scripts[path]
                return answers.pop(0) if len(answers) > 1 else answers[0]
        return refusing(404, "ResourceNotFound", f"no script for {target}")

    def release(self) -> None:
        """Let hanging answers go."""
        self._released.set()


async def _torn(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"id": "1", "perUserMfaState": "disabled"}')
    if request.transport is not None:
        request.transport.abort()
    return response


@asynccontextmanager
async def fake_graph() -> AsyncIterator[FakeGraph]:
    """Serve a FakeGraph on a free loopback port."""
    graph = FakeGraph()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", graph.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    graph.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield graph
    finally:
        graph.release()
        await runner.cleanup()


class Pauses:
    """A clock that only pauses move: waiting costs a test no time."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.waited: list[float] = []

    def monotonic(self) -> float:
        return self.seconds

    async def pause(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)


def counter(prefix: str = "id") -> Callable[[], str]:
    """Return a maker of ids that can be told apart."""
    made = iter(range(1, 10**6))
    return lambda: f"{prefix}-{next(made)}"


@asynccontextmanager
async def gateway_to(
    url: str,
    *,
    timeout: float = 5.0,
    pauses: Pauses | None = None,
    writer: str | None = None,
    token: str = TOKEN,
) -> AsyncIterator[Gateway]:
    """Open a gateway to a loopback Graph, with a budget large enough not to matter."""
    pauses = pauses or Pauses()
    access = Access(url, FixedToken(token), FixedToken(writer) if writer else None, timeout)
    budget = LocalBudget(1000, pauses.monotonic, pauses.pause)
    async with connect(
        access, budget=budget, now=lambda: NOW, pause=pauses.pause, new_id=counter()
    ) as gateway:
        yield gateway
