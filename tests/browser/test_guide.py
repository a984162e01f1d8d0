"""The guided story as a newcomer meets it, every setting as it comes; it poses for the docs' images."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bot.render import labels
from sandbox.demo.bot_process import BotProcess
from sandbox.demo.processes import stage_for
from sandbox.page.server import Page as ServedPage
from sandbox.page.stories import READING_SECONDS
from tests.browser.pictures import Illustrations
from tests.browser.windows import Seat, Windows

pytestmark = pytest.mark.asyncio(loop_scope="session")

APPROVALS = "C0APPROVE"
EDDA = "edda.holt@contoso.com"
STEPS = 6
CARD_HIGH, HOME_HIGH = 1500, 2600


@pytest_asyncio.fixture(loop_scope="session")
async def windows(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, slow: float
) -> AsyncIterator[Windows]:
    """Opens windows on a stage of its own, untouched."""
    folder = tmp_path_factory.mktemp("guide")
    async with (
        stage_for(folder / "state") as stage,
        BotProcess(stage.bot_environment, folder / "bot.log") as bot,
        ServedPage(stage.slack_url, stage.entra_url, bot) as page,
        Windows(browser, page.url, slow) as opened,
    ):
        yield opened


async def test_the_guide_ticks_six_steps(windows: Windows, illustrations: Illustrations) -> None:
    page = await windows.open("U0HANA", width=1600, height=1040, guide="1", pane="1")
    hana = Seat(page, "U0HANA")
    await _asks_and_requests(page, hana, windows, illustrations)
    await _is_approved(page, windows, illustrations)
    await _is_undone(page)
    await expect(page.locator(".coach-step.done")).to_have_count(STEPS)
    await expect(page.locator(".coach-step.now")).to_have_count(0)
    await page.locator("[data-action=coach-restart]").click()
    await _now(page, 0)


async def _asks_and_requests(page: Page, hana: Seat, windows: Windows, images: Illustrations) -> None:
    await _now(page, 0)
    await _show_me(page)
    await expect(hana.composer).to_have_value(f"/psso why {EDDA}")
    await hana.composer.press("Enter")
    await _now(page, 1)
    await _show_me(page)
    await expect(hana.button(labels.ON_REQUEST_DISABLE)).to_be_focused()
    reader = Seat(await windows.open("U0HANA", width=1000), "U0HANA")
    await images.take("diagnosis-card", reader.message(EDDA), CARD_HIGH)
    await hana.requests_disable(EDDA)
    await _now(page, 3)


async def _is_approved(page: Page, windows: Windows, images: Illustrations) -> None:
    await _show_me(page)
    otto = Seat(page, "U0OTTO")
    await expect(otto.button(labels.ON_APPROVE)).to_be_focused()
    reader = Seat(await windows.open("U0MIRA", width=1000), "U0MIRA")
    await reader.goes_to(APPROVALS)
    card = reader.message("Edda Holt")
    await images.take("request-card", card, CARD_HIGH)
    for theme in ("dark", "light"):
        await page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        await images.take(f"page-{theme}", page)
    await _read(otto)
    await otto.approves(EDDA)
    await _now(page, 4)
    await expect(otto.button(labels.ON_UNDO)).to_be_visible()
    await images.take("done-card", card, CARD_HIGH)
    await reader.goes_to("D0MIRA")
    await expect(reader.node.locator(".home-body")).to_contain_text("Tenant health")
    await images.take("app-home", reader.node.locator(".home-body"), HOME_HIGH)
    await _show_me(page)
    await _now(page, 5)


async def _is_undone(page: Page) -> None:
    otto, mira = Seat(page, "U0OTTO"), Seat(page, "U0MIRA")
    await _show_me(page)
    await otto.button(labels.ON_UNDO).click()
    await otto.field(labels.REASON_FIELD).locator("textarea").fill("It was the old Mac")
    await otto.sends()
    await expect(page.locator(".coach-words")).to_contain_text("be Mira")
    await _show_me(page)
    await expect(mira.button(labels.ON_APPROVE)).to_be_focused()
    await _read(mira)
    await mira.approves(EDDA)


async def _read(seat: Seat) -> None:
    """Let the newest card become as old as the bot wants it before anybody decides."""
    card = seat.button(labels.ON_APPROVE).locator("xpath=ancestor::article")
    posted = await card.get_attribute("data-ts")
    assert posted
    await asyncio.sleep(max(0.0, READING_SECONDS - (time.time() - float(posted))))


async def _show_me(page: Page) -> None:
    await page.locator("[data-action=coach-show]").click()


async def _now(page: Page, number: int) -> None:
    await expect(page.locator(".coach-step").nth(number)).to_have_attribute("aria-current", "step")
    await expect(page.locator(".coach-step.done")).to_have_count(number)
    await expect(page.locator("[data-action=coach-show]")).to_be_visible()
