"""How everything looks: compared with golden screenshots, and measured, in light and dark."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page

from bot.adapters.chart import draw
from bot.render.digest import chart_of
from tests.browser import gallery
from tests.browser.gallery import Piece
from tests.browser.pictures import Pictures
from tests.browser.windows import Windows, apply
from tests.render.cards import NOW
from tests.render.test_digest import a_week

pytestmark = pytest.mark.asyncio(loop_scope="session")

GEOMETRY = (Path(__file__).parent / "geometry.js").read_text()
CHANNEL, READER = "C0GENERAL", "U0HANA"
WIDE, NARROW = 940, 420
HIGH = 3400  # the longest tab is shown whole
PICTURED = {"why", "request", "alert", "form-request"}
THEMES = ("light", "dark")
SET_THEME = "theme => { document.documentElement.dataset.theme = theme }"


async def _page(windows: Windows, width: int) -> Page:
    page = await windows.open(READER, width=width, height=HIGH, one_font=True)
    await page.clock.set_fixed_time(NOW)
    return page


MESSAGE: dict[str, Any] = {
    "channel": CHANNEL,
    "user": "U0BOT",
    "text": "",
    "attachments": [],
    "files": [],
    "thread_ts": None,
    "edited": False,
    "ephemeral": False,
}


@dataclass
class Easel:
    """Shows one piece at a time on a page."""

    page: Page
    shown: int = 0

    async def show(self, piece: Piece) -> Locator:
        """Put a piece on the page and return it once it is drawn."""
        self.shown += 1
        node = await self._put(piece)
        await node.wait_for()
        return node

    async def _put(self, piece: Piece) -> Locator:
        if piece.kind == "message":
            ts = self._ts(self.shown)
            message = {**MESSAGE, "ts": ts, "blocks": piece.blocks, **piece.rest}
            await apply(self.page, {"kind": "message", "what": "posted", "message": message, "to": None})
            return self.page.locator(f'.conv .msg[data-ts="{ts}"]')
        view = {"id": f"V{self.shown}", "hash": "1", "type": piece.kind, "blocks": piece.blocks, **piece.rest}
        if piece.kind == "home":
            await apply(self.page, {"kind": "home", "person": READER, "home": view})
            return self.page.locator(f'.home-body[data-view="{view["id"]}"]')
        await apply(self.page, {"kind": "modals", "person": READER, "what": "opened", "modals": [view]})
        return self.page.locator(f'.dialog-modal:has([data-view="{view["id"]}"])')

    async def clear(self, piece: Piece) -> None:
        """Take a piece off the page; a tab is replaced by the next one."""
        if piece.kind == "message":
            gone = {"kind": "message_deleted", "channel": CHANNEL, "ts": self._ts(self.shown)}
            await apply(self.page, gone)
        elif piece.kind == "modal":
            await apply(self.page, {"kind": "modals", "person": READER, "what": "closed", "modals": []})

    async def open_home(self) -> None:
        """Open the app's home tab, wherever the way there is."""
        await self.page.locator(".side-row:has(.side-app)").evaluate("row => row.click()")

    def _ts(self, number: int) -> str:
        return f"{NOW.timestamp() + number / 1000:.6f}"


async def test_every_card_form_and_tab_looks_as_it_did(
    windows_on_quiet_page: Windows, pictures: Pictures
) -> None:
    easel = Easel(await _page(windows_on_quiet_page, WIDE))
    chart = await draw(chart_of(a_week()))
    assert chart is not None
    problems = []
    async for piece in _hung(easel, [*gallery.ordinary(), gallery.weekly(chart)]):
        node = await easel.show(piece)
        for theme in THEMES:
            await easel.page.evaluate(SET_THEME, theme)
            png = await node.screenshot(animations="disabled", caret="hide")
            problems.append(pictures.problem(f"{piece.name}-{theme}", png))
            problems += [f"{piece.name}, {theme}: {said}" for said in await node.evaluate(GEOMETRY)]
        await easel.clear(piece)
    assert not (found := [said for said in problems if said]), "\n".join(found)


@pytest.mark.parametrize("words", gallery.HARD)
@pytest.mark.parametrize("width", [WIDE, NARROW])
async def test_words_of_others_break_nothing(
    windows_on_quiet_page: Windows, pictures: Pictures, words: str, width: int
) -> None:
    easel = Easel(await _page(windows_on_quiet_page, width))
    problems = []
    async for piece in _hung(easel, [*gallery.hard(gallery.HARD[words])]):
        node = await easel.show(piece)
        problems += [f"{piece.name}: {said}" for said in await node.evaluate(GEOMETRY)]
        if width == WIDE and piece.name in PICTURED:
            png = await node.screenshot(animations="disabled", caret="hide")
            problems.append(pictures.problem(f"{piece.name}-{words}", png))
        await easel.clear(piece)
    assert not (found := [said for said in problems if said]), "\n".join(found)


async def _hung(easel: Easel, pieces: Sequence[Piece]) -> AsyncIterator[Piece]:
    """Go through the pieces, home tabs last: they live in another conversation."""
    for piece in pieces:
        if piece.kind != "home":
            yield piece
    await easel.open_home()
    for piece in pieces:
        if piece.kind == "home":
            yield piece
