from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from bot.adapters.slack.transport import HttpTransport, SocketTransport, bolt_app
from bot.adapters.slack.workspace import SlackWorkspace
from bot.errors import SlackError
from sandbox.slack.people import Workspace as People
from sandbox.slack.server import SlackSandbox


def wall_clock() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 -- the sandbox signs with the wall clock


class Echo:
    """An app whose command says what was typed, after a wait that a test may hold open."""

    def __init__(self, client: AsyncWebClient, workspace: SlackWorkspace, secret: str | None = None) -> None:
        self.app: AsyncApp = bolt_app(client, workspace.installation, secret)
        self.app.command("/psso")(self._on_command)
        self.may_finish = asyncio.Event()
        self.may_finish.set()
        self.begun = asyncio.Event()
        self.finished: list[str] = []

    async def _on_command(self, ack: Callable[..., object], body: dict[str, str]) -> None:
        await ack(text=f"heard {body['text']}")  # type: ignore[misc]
        self.begun.set()
        await self.may_finish.wait()
        self.finished.append(body["text"])


@asynccontextmanager
async def socket_mode(slack: SlackSandbox, echo: Echo) -> AsyncIterator[SocketTransport]:
    transport = SocketTransport(echo.app, slack.app_token)
    await transport.start()
    try:
        yield transport
    finally:
        await transport.stop()


async def test_two_connections_serve(
    slack: SlackSandbox, people: People, client: AsyncWebClient, workspace: SlackWorkspace
) -> None:
    async with socket_mode(slack, Echo(client, workspace)) as transport:
        assert await transport.is_connected()
        assert (await people.socket())["connections"] == 2
        heard = await people.command("U0HANA", "one")
        assert heard["acked"]
        await people.wait_for("U0HANA", "heard one")
    assert not await transport.is_connected()


async def test_nobody_waits_for_auth_test(
    slack: SlackSandbox, people: People, client: AsyncWebClient, workspace: SlackWorkspace
) -> None:
    async with socket_mode(slack, Echo(client, workspace)):
        await people.command("U0HANA", "one")
    assert len(await people.calls("auth.test")) == 1


async def test_stop_waits_for_a_listener_that_runs(
    slack: SlackSandbox, people: People, client: AsyncWebClient, workspace: SlackWorkspace
) -> None:
    echo = Echo(client, workspace)
    echo.may_finish.clear()
    async with socket_mode(slack, echo) as transport:
        await people.command("U0HANA", "slow")
        await echo.begun.wait()
        stopping = asyncio.ensure_future(transport.stop())
        echo.may_finish.set()
        await stopping
        assert echo.finished == ["slow"]


async def test_a_refused_app_token_is_said_at_once(
    slack: SlackSandbox, client: AsyncWebClient, workspace: SlackWorkspace
) -> None:
    transport = SocketTransport(Echo(client, workspace).app, "xapp-wrong")
    with pytest.raises(SlackError) as refused:
        await transport.start()
    await transport.stop()
    assert refused.value.code == "invalid_auth"


async def test_http_mode_serves_what_slack_signs(
    slack: SlackSandbox, people: People, client: AsyncWebClient, workspace: SlackWorkspace
) -> None:
    echo = Echo(client, workspace, slack.signing_secret)
    transport = HttpTransport(echo.app, slack.signing_secret, "127.0.0.1", 0, wall_clock)
    await transport.start()
    try:
        assert await transport.is_connected()
        await people.http(f"http://127.0.0.1:{transport.port}/slack/events")
        assert (await people.command("U0HANA", "two"))["acked"]
        await people.wait_for("U0HANA", "heard two")
    finally:
        await transport.stop()
    assert not await transport.is_connected()


async def test_what_claims_to_be_compressed_is_not_unpacked(
    slack: SlackSandbox, client: AsyncWebClient, workspace: SlackWorkspace
) -> None:
    echo = Echo(client, workspace, slack.signing_secret)
    transport = HttpTransport(echo.app, slack.signing_secret, "127.0.0.1", 0, wall_clock)
    await transport.start()
    try:
        url = f"http://127.0.0.1:{transport.port}/slack/events"
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/x-www-form-urlencoded"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=b"no gzip at all", headers=headers) as response,
        ):
            assert response.status == 401
    finally:
        await transport.stop()


async def test_http_mode_serves_pages_for_browsers_beside_what_slack_signs(
    slack: SlackSandbox, client: AsyncWebClient, workspace: SlackWorkspace
) -> None:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text="a page")

    pages = web.Application()
    pages.router.add_get("/one", page)
    transport = HttpTransport(
        Echo(client, workspace, slack.signing_secret).app, slack.signing_secret, "127.0.0.1", 0, wall_clock
    )
    transport.mount("/step-up", pages)
    await transport.start()
    root = f"http://127.0.0.1:{transport.port}"
    found = []
    async with aiohttp.ClientSession() as browser:
        for method, path in (
            ("GET", "/step-up/one"),
            ("GET", "/step-up/two"),
            ("POST", "/slack/events"),
            ("POST", "/step-up/..%2fslack/events"),
            ("GET", "/elsewhere"),
        ):
            async with browser.request(method, URL(root + path, encoded=True)) as answer:
                found.append(answer.status)
    await transport.stop()
    assert found == [200, 404, 401, 404, 401]
