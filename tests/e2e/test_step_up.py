"""A change that wants each approver's own sign-in: Slack, the bot's pages and Entra as processes."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from html import unescape
from urllib.parse import urljoin

import aiohttp
import pytest
import pytest_asyncio

from sandbox.demo.entra import Tenant
from sandbox.demo.processes import running
from sandbox.entra.sign_in_pages import CLIENT_SECRET
from sandbox.slack.people import Workspace
from tests.e2e.conftest import CHANNEL, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

TENANT_ID = "7a9c1f52-3e0b-4c8d-9b66-2f1d5a0e8c31"
APP_ID = "b3f0a6de-51c4-4f0a-8b6e-9d27c1e4f805"
NEEDS_TWO = "ada.lind@contoso.com"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("step-up")
    log = folder / "bot.log"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    settings = {
        "PSSO_STEP_UP": "1",
        "PSSO_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "PSSO_HTTP_PORT": port,
        "AZURE_TENANT_ID": TENANT_ID,
        "AZURE_CLIENT_ID": APP_ID,
        "AZURE_CLIENT_SECRET": CLIENT_SECRET,
        "PSSO_APPROVAL_SECONDS_MIN": "0",
        "PSSO_LOG": "info",
        "PSSO_HOURS": "Mon-Sun 00:00-00:01 UTC",
    }
    async with (
        running(folder / "state", log, **settings) as stage,
        Workspace(stage.slack_url) as slack,
        aiohttp.ClientSession() as session,
    ):
        await slack.rate_limits(enabled=False)
        yield World(stage, slack, Tenant(stage.entra_url, session), log)


async def _link(world: World, user: str, ts: str) -> str:
    """Click Approve and return the link in the private answer."""
    before = len(await world.private(user))
    await world.slack.click(user, "Approve", channel=CHANNEL, message_ts=ts)
    async with asyncio.timeout(15):
        while len(await world.private(user)) == before:
            await asyncio.sleep(0.05)
    shown = (await world.slack.screen(user))["ephemerals"][-1]
    found = re.search(r"http://127\.0\.0\.1:\d+/step-up/[0-9a-f]{32}", str(shown))
    assert found is not None, shown
    return found[0]


async def _signed_in(link: str, upn: str) -> str:
    """Follow the link as a browser does and return the last page's words."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        async with browser.get(link) as page:
            found = re.search(r'href="([^"]+)"', await page.text())
            assert found is not None
        async with browser.get(urljoin(link, unescape(found[1])), allow_redirects=False) as sent:
            entra = sent.headers["Location"]
        async with browser.get(f"{entra}&as={upn}") as counted:
            return re.sub(r"<[^>]+>", " ", await counted.text())


async def test_two_sign_ins_make_the_change(world: World) -> None:
    target = await world.id_of(NEEDS_TWO)
    await world.tenant.try_registration(NEEDS_TWO)
    ts = await world.opens(NEEDS_TWO)

    otto = await _link(world, "U0OTTO", ts)
    assert "Somebody else" in await _signed_in(otto, "mira.sand@contoso.com")
    otto = await _link(world, "U0OTTO", ts)
    assert "1 of 2" in await _signed_in(otto, "otto.falk@contoso.com")
    assert "used already" in await _signed_again(otto)
    assert await world.patches(target) == []

    mira = await _link(world, "U0MIRA", ts)
    assert "2 of 2" in await _signed_in(mira, "mira.sand@contoso.com")
    async with asyncio.timeout(15):
        while not await world.patches(target):
            await asyncio.sleep(0.1)
    assert await world.tenant.state(NEEDS_TWO) == "disabled"


async def _signed_again(link: str) -> str:
    async with aiohttp.ClientSession() as browser, browser.get(link) as page:
        return await page.text()
