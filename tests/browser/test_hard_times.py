"""A storm of messages, a killed bot, and the dark."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import expect
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.page.server import Page
from tests.browser.windows import Seat, Stage, Windows

pytestmark = pytest.mark.asyncio(loop_scope="session")

STORM = 1_000
AT_ONCE = 25
LONGEST_FRAME_MS = 1_000  # with 267 ms measured on two cores that others kept busy
FRAMES = """() => {
  const seen = { longest: 0, last: performance.now(), runs: true };
  window.storm = seen;
  const tick = (now) => {
    seen.longest = Math.max(seen.longest, now - seen.last);
    seen.last = now;
    if (seen.runs) requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}"""


async def test_a_storm_does_not_freeze_the_page(
    quiet_page: Page, windows_on_quiet_page: Windows, record_property: Callable[[str, object], None]
) -> None:
    page = await windows_on_quiet_page.open("U0HANA", "U0OTTO", width=1600)
    hana = Seat(page, "U0HANA")
    bot = AsyncWebClient(token="xoxb-sandbox", base_url=f"{quiet_page.slack_url}/api/")
    await page.evaluate(FRAMES)
    began = time.monotonic()
    last = await _storm(bot)
    await hana.composer.fill("still here")  # the page listens while it draws
    await hana.node.locator(f'.msg[data-ts="{last}"]').wait_for()
    took = time.monotonic() - began
    longest = await page.evaluate("() => { window.storm.runs = false; return window.storm.longest }")
    figures = {"messages": STORM, "seconds": round(took, 1), "longest_frame_ms": round(longest)}
    record_property("storm", json.dumps(figures))
    assert longest < LONGEST_FRAME_MS
    await expect(hana.composer).to_have_value("still here")
    assert await hana.node.locator(".msg").count() < STORM  # what is far away is not kept in the page


async def _storm(bot: AsyncWebClient) -> str:
    """Let the bot post as fast as it can; return the ts of the newest message."""
    posted: list[str] = []
    for start in range(0, STORM, AT_ONCE):
        async with asyncio.TaskGroup() as posting:
            numbers = range(start, start + AT_ONCE)
            tasks = [posting.create_task(bot.chat_postMessage(**_message(number))) for number in numbers]
        posted += [str(task.result()["ts"]) for task in tasks]
    return max(posted)


def _message(number: int) -> dict[str, Any]:
    text = f"Failure {number} of a Mac: AADSTS50076, correlation id 00000000-0000-4000-8000-{number:012d}"
    button = {"type": "button", "action_id": "look", "text": {"type": "plain_text", "text": "Diagnose"}}
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": text}},
        {"type": "actions", "elements": [button]},
    ]
    return {"channel": "C0GENERAL", "text": text, "blocks": blocks}


async def test_the_bot_is_killed_and_started_again_from_the_page(stage: Stage, windows: Windows) -> None:
    page = await windows.open("U0HANA", pane="1", width=1400)
    killed = stage.bot.pid
    await page.locator("[data-story=kill-the-bot]").click()
    await expect(page.locator(".bot-starting, .bot-stopped")).to_be_visible()
    await expect(page.locator(".bot-running")).to_be_visible()
    assert stage.bot.pid not in (killed, None)
    await expect(page.locator(".stories-said")).to_contain_text(f"Process {killed} was killed")
    hana = Seat(page, "U0HANA")
    await hana.says("/psso explain 50076")
    await expect(hana.message("AADSTS50076", "Only visible to you")).to_be_visible()


async def test_the_theme_changes_the_ground_and_is_kept(windows: Windows) -> None:
    page = await windows.open("U0HANA", theme="dark")
    ground = "node => getComputedStyle(node).backgroundColor"
    seat = page.locator(".seat")
    dark = await seat.evaluate(ground)
    await page.locator("[data-action=theme]").click()
    await page.locator("[data-action=theme]").click()
    await expect(page.locator("[data-action=theme]")).to_contain_text("Light")
    assert await seat.evaluate(ground) != dark
    await page.goto(page.url.replace("&theme=dark", ""))
    await expect(page.locator("[data-action=theme]")).to_contain_text("Light")
