"""How Slack reaches us: Socket Mode with two connections, or HTTP behind a reverse proxy.

Both stop in the same order: take nothing new, let listeners that run finish, then close.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Protocol

import aiohttp
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.client import MALFORMED, translated
from bot.adapters.slack.incoming import MOST_BYTES, PATH, IncomingCheck, unless_for
from bot.adapters.slack.workspace import Installation
from bot.domain.loopback import is_loopback
from bot.errors import SlackError
from bot.ports import Clock

log = logging.getLogger(__name__)

CONNECTIONS = 2  # while Slack renews one, the other receives
PING_SECONDS = 3
CONNECT_SECONDS = 30
CLOSE_SECONDS = 5
DRAIN_SECONDS = 20
LISTENER = "run_ack_function"  # the coroutine Bolt runs a listener in


class Transport(Protocol):
    """Receives from Slack until it is stopped."""

    async def start(self) -> None:
        """Begin to receive; raise SlackError when Slack does not let us."""

    async def stop(self) -> None:
        """Take nothing new, wait for running listeners, close."""

    async def is_connected(self) -> bool:
        """Tell whether Slack can reach us now."""


def bolt_app(client: AsyncWebClient, who: Installation, signing_secret: str | None = None) -> AsyncApp:
    """Return a Bolt app that knows its installation already: no request waits for auth.test."""
    result = AuthorizeResult(
        enterprise_id=who.enterprise_id or None,
        team_id=who.team_id,
        bot_id=who.bot_id,
        bot_user_id=who.bot_user_id,
        bot_token=client.token,
    )

    async def authorize() -> AuthorizeResult:
        return result

    # Bolt warns that the client's token gives way to `authorize`; it is the same token.
    logging.getLogger("slack_bolt.AsyncApp").addFilter(_is_no_token_notice)
    return AsyncApp(client=client, signing_secret=signing_secret or "", authorize=authorize)


def _is_no_token_notice(record: logging.LogRecord) -> bool:
    return "will be ignored" not in record.getMessage()


class Listeners:
    """Keeps running tasks alive (the loop holds weak references only) and waits for Bolt's listeners."""

    def __init__(self) -> None:
        self._live: set[asyncio.Task[Any]] = set()

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hold every task that `loop` starts from now on."""
        start: Any = self._start  # typeshed wants a task that knows its loop's own future type
        loop.set_task_factory(start)

    def running(self) -> set[asyncio.Task[Any]]:
        """Return the tasks in which listeners run."""
        return {task for task in self._live if LISTENER in getattr(task.get_coro(), "__qualname__", "")}

    async def finished(self, seconds: float) -> None:
        """Wait until no listener runs, at most `seconds`."""
        tasks = self.running()
        if tasks:
            _, left = await asyncio.wait(tasks, timeout=seconds)
            if left:
                log.warning("%d listeners did not finish in time", len(left))

    def _start(
        self, loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any], **options: Any
    ) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=loop, **options)
        self._live.add(task)
        task.add_done_callback(self._live.discard)
        return task


class SocketTransport:
    """Socket Mode. https://docs.slack.dev/apis/events-api/using-socket-mode"""

    def __init__(self, app: AsyncApp, app_token: str, connections: int = CONNECTIONS) -> None:
        self._app = app
        self._token = app_token
        self._connections = connections
        self._handlers: list[AsyncSocketModeHandler] = []
        self._listeners = Listeners()

    async def start(self) -> None:
        """Open the connections one after the other."""
        self._listeners.watch(asyncio.get_running_loop())
        for _ in range(self._connections):
            await self._connect()

    async def stop(self) -> None:
        """Close the sockets, then wait for the listeners that run."""
        for handler in self._handlers:
            await _closed(handler)
        self._handlers.clear()
        await self._listeners.finished(DRAIN_SECONDS)
        asyncio.get_running_loop().set_task_factory(None)

    async def is_connected(self) -> bool:
        """Tell whether at least one connection lives."""
        states = [await handler.client.is_connected() for handler in self._handlers]
        return any(states)

    async def _connect(self) -> None:
        url = await self._first_url()
        handler = AsyncSocketModeHandler(self._app, self._token, ping_interval=PING_SECONDS)
        self._handlers.append(handler)
        if is_loopback(str(self._app.client.base_url)):
            handler.client.proxy = None
        handler.client.wss_uri = url
        with translated("apps.connections.open"):
            async with asyncio.timeout(CONNECT_SECONDS):
                await handler.client.connect()  # type: ignore[no-untyped-call]

    async def _first_url(self) -> str:
        """Ask for the first address ourselves: the SDK would retry a refused token for ever."""
        with translated("apps.connections.open"):
            answer = await self._app.client.apps_connections_open(app_token=self._token)
        url = answer.get("url")
        if not isinstance(url, str):
            raise SlackError("apps.connections.open", MALFORMED)
        return url


class HttpTransport:
    """HTTP: one path serves commands, buttons and submissions. Port 0 takes any free port."""

    def __init__(self, app: AsyncApp, signing_secret: str, host: str, port: int, now: Clock) -> None:
        self._app = app
        self._check = IncomingCheck(signing_secret, now)
        self._host = host
        self._wanted_port = port
        self._pages: list[tuple[str, web.Application]] = []
        self._runner: web.AppRunner | None = None
        self._listeners = Listeners()
        self.port = 0

    def mount(self, prefix: str, pages: web.Application) -> None:
        """Serve pages for browsers too, on the same port; Slack's signature is not asked of them."""
        self._pages.append((prefix, pages))

    async def start(self) -> None:
        """Listen."""
        self._listeners.watch(asyncio.get_running_loop())
        bolt = self._app.web_app(path=PATH)
        check = unless_for([pages for _, pages in self._pages], self._check.middleware)
        site_app = web.Application(middlewares=[check], client_max_size=MOST_BYTES)
        site_app.add_routes(list(_routes(bolt)))
        for prefix, pages in self._pages:
            site_app.add_subapp(prefix, pages)
        # Slack compresses nothing; what claims to be compressed is not unpacked before it is checked.
        self._runner = web.AppRunner(site_app, access_log=None, auto_decompress=False)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._wanted_port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening, then wait for the listeners that run."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        await self._listeners.finished(DRAIN_SECONDS)
        asyncio.get_running_loop().set_task_factory(None)

    async def is_connected(self) -> bool:
        """Tell whether we listen."""
        return self._runner is not None


def _routes(bolt: web.Application) -> list[web.RouteDef]:
    return [web.post(PATH, route.handler) for route in bolt.router.routes() if route.method == "POST"]


async def _closed(handler: AsyncSocketModeHandler) -> None:
    """Close one connection; during an outage the SDK's close can hang, so it gets a deadline."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await handler.client.close()  # type: ignore[no-untyped-call]
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        log.warning("a Slack connection did not close cleanly: %s", type(error).__name__)
