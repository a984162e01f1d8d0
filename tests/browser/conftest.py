"""Chromium on the page: one browser and one stage with the real bot for all, a window for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from sandbox.demo.bot_process import BotProcess
from sandbox.demo.entra import Tenant
from sandbox.demo.processes import stage_for
from sandbox.entra import EntraSandbox
from sandbox.page.server import Page
from sandbox.slack.people import Workspace
from sandbox.slack.server import SlackSandbox
from tests.browser.pictures import Illustrations, Pictures
from tests.browser.windows import Stage, Windows

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
NO_CHROMIUM = "The browser tests need Chromium: install the Debian packages chromium and fonts-dejavu-core."


def pytest_addoption(parser: pytest.Parser) -> None:
    words = "write the golden screenshots and the images of the documentation anew instead of comparing"
    parser.addoption("--renew", action="store_true", help=words)
    slow = "make the page's processor so many times slower, to find what only slow machines show"
    parser.addoption("--slow", type=float, default=1.0, metavar="TIMES", help=slow)


def pytest_configure(config: pytest.Config) -> None:
    """Say it once when these tests are asked for and cannot run."""
    asked = any("tests/browser" in argument for argument in config.args)
    if asked and _chromium() is None:
        raise pytest.UsageError(NO_CHROMIUM)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured."""
    for report in terminalreporter.getreports("passed"):
        for name, figures in report.user_properties:
            terminalreporter.write_line(f"{name}: {figures}")


def _chromium() -> str | None:
    return next((path for path in map(shutil.which, CHROMIUM) if path), None)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is; fails, never skips, when it is not installed."""
    found = _chromium()
    if found is None:
        pytest.fail(NO_CHROMIUM, pytrace=False)
    return found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    # Chromium refuses its sandbox to root; a shared memory of a container's size is too small for it.
    flags = ["--disable-dev-shm-usage", "--font-render-hinting=none", "--disable-lcd-text"]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=chromium, args=flags)
        yield running
        await running.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Both sandboxes, the bot and the page; every test changes people of its own."""
    folder = tmp_path_factory.mktemp("browser")
    settings = {"PSSO_GRAPH_REPORTS_PER_10S": "500", "PSSO_APPROVAL_SECONDS_MIN": "0"}
    async with (
        stage_for(folder / "state", **settings) as stage,
        Workspace(stage.slack_url) as slack,
        BotProcess(stage.bot_environment, folder / "bot.log") as bot,
        Page(stage.slack_url, stage.entra_url, bot) as page,
        aiohttp.ClientSession() as session,
    ):
        tenant = Tenant(stage.entra_url, session)
        await slack.rate_limits(enabled=False)
        await tenant.throttle(reports_per_10s=None, policies_per_s=None)
        yield Stage(page.url, slack, tenant, bot)


@pytest.fixture(scope="session")
def slow(request: pytest.FixtureRequest) -> float:
    """How many times slower the page's processor is made."""
    return float(request.config.getoption("--slow"))


@pytest_asyncio.fixture(loop_scope="session")
async def windows(browser: Browser, stage: Stage, slow: float) -> AsyncIterator[Windows]:
    """Opens windows on the stage; afterwards none of them may have complained."""
    async with Windows(browser, stage.url, slow) as opened:
        yield opened


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def quiet_page() -> AsyncIterator[Page]:
    """The page on sandboxes where nothing happens by itself: for what is shown by hand."""
    async with (
        SlackSandbox(redelivery=(), rate_limits=False) as slack,
        EntraSandbox() as entra,
        Page(slack.url, entra.url) as page,
    ):
        yield page


@pytest_asyncio.fixture(loop_scope="session")
async def windows_on_quiet_page(browser: Browser, quiet_page: Page, slow: float) -> AsyncIterator[Windows]:
    """Opens windows on the page where nothing happens by itself."""
    async with Windows(browser, quiet_page.url, slow) as opened:
        yield opened


@pytest.fixture(scope="session")
def pictures(request: pytest.FixtureRequest) -> Pictures:
    """Compares screenshots with the committed ones, or writes them anew."""
    return Pictures(Path(__file__).parent / "golden", renew=bool(request.config.getoption("--renew")))


@pytest.fixture(scope="session")
def illustrations(request: pytest.FixtureRequest) -> Illustrations:
    """Writes the images of the documentation when they are renewed."""
    folder = request.config.rootpath / "docs" / "images"
    return Illustrations(folder, renew=bool(request.config.getoption("--renew")))
