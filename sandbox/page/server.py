"""The page as an aiohttp server on 127.0.0.1."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web

from sandbox.demo.bot_process import BotProcess
from sandbox.feed import Json
from sandbox.page.cast import SUBJECT, menus
from sandbox.page.doors import Doors
from sandbox.page.entra_side import EntraSide
from sandbox.page.guard import LOOPBACK, add_headers, only_from_here
from sandbox.page.hub import KEPT, Hub
from sandbox.page.progress import Progress
from sandbox.page.slack_side import SlackSide
from sandbox.page.stories import Stories
from sandbox.slack.people import Workspace


class CannotServe(Exception):
    """The page cannot start; the text says what to do."""


def asked_port(environment: Mapping[str, str]) -> int:
    """Return PSSO_PAGE_PORT, 0 (any free port) when it is not set; raise CannotServe when it is no port."""
    asked = environment.get("PSSO_PAGE_PORT") or "0"
    if not asked.isdigit() or int(asked) > 65_535:
        raise CannotServe(f"PSSO_PAGE_PORT is {asked!r}: give a port from 0 to 65535, or leave it out.")
    return int(asked)


@dataclass
class Page:
    """Serves both sandboxes to browsers; `bot` is the process it may kill, if it is ours."""

    slack_url: str
    entra_url: str
    bot: BotProcess | None = None
    port: int = 0
    keep: int = KEPT
    url: str = ""
    hub: Hub = field(init=False)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    def __post_init__(self) -> None:
        """Give this run's facts a name of their own."""
        self.hub = Hub(secrets.token_hex(3), self.keep)

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Follow both sandboxes and listen; port 0 takes any free one. Raises CannotServe."""
        session = await self._stack.enter_async_context(aiohttp.ClientSession())
        workspace = await self._stack.enter_async_context(Workspace(self.slack_url))
        slack = SlackSide(workspace, self.hub, menus(), session)
        entra = EntraSide(self.entra_url, session)
        await slack.menus.install(workspace)
        seen, tenant = await workspace.get("client", user="U0HANA"), await entra.get("pane")
        entra.learn_accounts(seen["people"])
        subject = await entra.person(SUBJECT)
        progress = Progress(subject["upn"], subject["name"], subject["id"], subject["slack"])
        stories = Stories(self.hub, workspace, entra, progress, self.bot)
        self._stack.push_async_callback(stories.stop)
        doors = Doors(self.hub, slack, entra, progress, stories, self.bot)
        self._watch(doors)
        self._in_background(self.hub.follow(self.slack_url, session, seen["at"]))
        self._in_background(self.hub.follow(self.entra_url, session, tenant["at"], entra.complete))
        await self._listen(doors)

    async def stop(self) -> None:
        """Let every browser go and stop listening; the sandboxes and the bot are left alone."""
        await self._stack.aclose()

    def _watch(self, doors: Doors) -> None:
        def advance(fact: Json) -> None:
            for name in doors.progress.observe(fact):
                self.hub.tell("progress", fact=name, progress=doors.progress.shown())

        self.hub.watch(advance)
        if self.bot is not None:
            bot, unwatched = self.bot, self.bot.changed
            bot.changed = lambda: self.hub.tell("bot", bot=doors.bot_shown())
            self._stack.callback(setattr, bot, "changed", unwatched)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)

        async def end() -> None:
            task.cancel()
            await asyncio.wait([task])

        self._stack.push_async_callback(end)

    async def _listen(self, doors: Doors) -> None:
        app = web.Application(middlewares=[only_from_here], client_max_size=1024**2)
        app.on_response_prepare.append(add_headers)
        doors.add_to(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        try:
            await web.TCPSite(runner, LOOPBACK, self.port).start()
        except OSError as error:
            sentence = f"The page cannot listen on port {self.port}: set PSSO_PAGE_PORT to a free one."
            raise CannotServe(sentence) from error
        self._stack.enter_context(closing(self.hub.feed))
        self.url = f"http://{LOOPBACK}:{runner.addresses[0][1]}"
