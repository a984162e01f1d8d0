"""The sandbox as an HTTP server on loopback."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType

from aiohttp import web

from sandbox.entra.admin import Admin
from sandbox.entra.cast import load_tenant
from sandbox.entra.outage import Outage
from sandbox.entra.service import Graph
from sandbox.entra.sign_in_pages import SignInPages
from sandbox.entra.tenant import Tenant
from sandbox.entra.wire import JSON_TYPE, Call, Clock, CutConnection, Reply, Seconds, split_target

TOKEN = "sandbox-graph-token"


def utc_now() -> datetime:
    """Return the real time."""
    return datetime.fromtimestamp(time.time(), UTC)


class EntraSandbox:
    """A whole Entra tenant behind Microsoft Graph's address space, on 127.0.0.1.

    `now` dates the records; `seconds` is a steady clock for throttling and lag.
    """

    def __init__(
        self,
        cast: str = "contoso",
        now: Clock = utc_now,
        *,
        token: str = TOKEN,
        seconds: Seconds = time.monotonic,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self.token = token
        self.url = ""
        self._new_id = new_id
        self.tenant: Tenant = load_tenant(cast, now, seconds)
        self._graph = Graph.over(self.tenant, token, shuffle=random.Random(cast).shuffle)
        self.pages = SignInPages(self.tenant)
        self._runner: web.AppRunner | None = None

    async def start(self, port: int = 0) -> str:
        """Listen on 127.0.0.1 and return the root address, without a version."""
        app = web.Application(client_max_size=8 * 1024**2)
        Admin(self._graph).add_to(app)
        Outage(self.tenant).add_to(app)
        self.pages.add_to(app)
        app.router.add_route("*", "/{tail:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self.url

    async def stop(self) -> None:
        """Close every connection."""
        self.tenant.feed.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> EntraSandbox:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        target = request.raw_path
        version, path, query = split_target(target)
        call = Call(
            version=version,
            method=request.method,
            path=path,
            query=query,
            headers={name.casefold(): value for name, value in request.headers.items()},
            content=await request.read(),
            base=f"{request.scheme}://{request.host}",
            target=target,
            request_id=self._new_id(),
        )
        try:
            return _response(await self._graph.answer(call))
        except CutConnection:
            return _cut(request)


def _response(reply: Reply) -> web.Response:
    if reply.body is None:
        return web.Response(status=reply.status, headers=reply.headers)
    if isinstance(reply.body, str):
        kind = JSON_TYPE if reply.body[:1] in ("{", "[") else "text/html; charset=utf-8"
        headers = {"Content-Type": kind, **reply.headers}
        return web.Response(status=reply.status, headers=headers, body=reply.body.encode())
    text = json.dumps(reply.body, ensure_ascii=False, separators=(",", ":"))
    return web.Response(status=reply.status, headers=reply.headers, body=text.encode())


def _cut(request: web.Request) -> web.Response:
    """Drop the connection under the caller's feet; the response object is never sent."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
