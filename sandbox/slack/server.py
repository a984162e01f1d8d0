"""The sandbox as one aiohttp server on loopback."""

from __future__ import annotations

import random
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

from sandbox.slack.acting import Acting
from sandbox.slack.admin import Admin
from sandbox.slack.answers import Answers
from sandbox.slack.clock import SteppedClock
from sandbox.slack.delivery import Delivery
from sandbox.slack.faults import Faults
from sandbox.slack.http_mode import HttpMode
from sandbox.slack.rate_limits import RateLimits
from sandbox.slack.socket_mode import SocketMode
from sandbox.slack.state import Workspace, load_workspace
from sandbox.slack.tickets import Tickets
from sandbox.slack.web_api import WebApi

LOOPBACK = "127.0.0.1"


class SlackSandbox:
    """A Slack workspace that unmodified SDKs talk to: give them `api_url`, `bot_token` and `app_token`."""

    def __init__(
        self,
        workspace: str = "contoso",
        *,
        clock: SteppedClock | None = None,
        rate_limits: bool = True,
        redelivery: tuple[float, ...] = (0.0, 60.0, 300.0),
        seed: int = 1,
    ) -> None:
        self.workspace: Workspace = load_workspace(workspace, clock or SteppedClock())
        self.url = ""
        self._tickets = Tickets(self.workspace)
        self._sockets = SocketMode(self.workspace, random.Random(seed))
        limits = RateLimits(self.workspace.clock, enabled=rate_limits)
        self.api = WebApi(self.workspace, self._tickets, limits, Faults(), self._sockets.open_url)
        self.delivery = Delivery(self.workspace, self._sockets, redelivery)
        self._answers = Answers(self.workspace, self._tickets, self.api.faults, self.api.log)
        self.acting = Acting(self.workspace, self._tickets, self.delivery, self._answers)
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    @property
    def api_url(self) -> str:
        """The Web API's root, as `base_url` of an SDK client."""
        return f"{self.url}/api/"

    @property
    def bot_token(self) -> str:
        """The bot's token."""
        return self.workspace.app.bot_token

    @property
    def app_token(self) -> str:
        """The app-level token for Socket Mode."""
        return self.workspace.app.app_token

    @property
    def signing_secret(self) -> str:
        """The secret that HTTP mode signs with."""
        return self.workspace.app.signing_secret

    async def start(self, port: int = 0) -> None:
        """Listen on loopback; port 0 takes any free one."""
        self._session = aiohttp.ClientSession()
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, port)
        await site.start()
        _host, bound = self._runner.addresses[0][:2]
        self.url = f"http://{LOOPBACK}:{bound}"
        self.api.base_url = self._tickets.base_url = self._sockets.base_url = self.url

    async def stop(self) -> None:
        """Close connections and stop listening."""
        self.workspace.feed.close()
        await self.delivery.stop()
        await self._sockets.close()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/api/{method}", self.api.handle)
        app.router.add_get("/link/", self._sockets.handle)
        app.router.add_post("/response/{team}/{key}", self._answers.handle)
        app.router.add_post("/upload/v1/{file_id}", self._upload)
        app.router.add_get("/files/{file_id}", self._download)
        admin = Admin(
            self.workspace,
            self.api,
            self.acting,
            self.delivery,
            self._sockets,
            connect_http=self._connect_http,
        )
        admin.add_to(app)
        return app

    def _connect_http(self, request_url: str, signing_secret: str) -> HttpMode:
        assert self._session is not None
        return HttpMode(self.workspace, self._session, request_url, signing_secret)

    async def _upload(self, request: web.Request) -> web.Response:
        kept = self.workspace.files.get(request.match_info["file_id"])
        if kept is None:
            return web.Response(status=404, text="file_not_found")
        kept.content = await _uploaded(request)
        kept.size = len(kept.content)
        return web.Response(text=f"OK - {kept.size}")

    async def _download(self, request: web.Request) -> web.Response:
        kept = self.workspace.files.get(request.match_info["file_id"])
        if kept is None or kept.content is None:
            return web.Response(status=404, text="file_not_found")
        return web.Response(body=kept.content, content_type=kept.mimetype)


async def _uploaded(request: web.Request) -> bytes:
    """Return the bytes of an upload: the body itself, or the file of a form."""
    if not request.content_type.startswith("multipart/"):
        return await request.read()
    fields = (await request.post()).values()
    file = next((field for field in fields if isinstance(field, web.FileField)), None)
    return file.file.read() if file is not None else b""
