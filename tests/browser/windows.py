"""Browser windows on the page, and what one person does in a column of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from bot.render import labels
from sandbox.demo.bot_process import BotProcess
from sandbox.demo.entra import Tenant
from sandbox.slack.people import Workspace

PATIENCE_MS = 20_000
# Fonts that come with Debian's fontconfig, so that lines break alike on every machine.
ONE_FONT = ':root { --body: "DejaVu Sans", "Noto Color Emoji"; --mono: "DejaVu Sans Mono"; }'
REFUSED = "responded with a status of 400"  # the browser's note beside what the page says in words
CALM = "*, *::before, *::after { animation: none !important; transition: none !important; }"

# A form outlives its window: one that another test left open would lie over this one's page.
LEAVE_FORMS = """async () => {
  const { state } = await import("/static/state.js");
  const { act } = await import("/static/api.js");
  for (const [person, { modals }] of state.slacks)
    if (modals.length) await act(person, "close", { view_id: modals.at(-1).id, all: true });
}"""


@dataclass(frozen=True)
class Stage:
    """What runs behind the page."""

    url: str
    slack: Workspace
    tenant: Tenant
    bot: BotProcess


@dataclass
class Windows:
    """Opens windows, each a browser of its own; collects what any of them complains of."""

    browser: Browser
    url: str
    slow: float = 1.0  # times slower is the page's processor
    complaints: list[str] = field(default_factory=list)
    _open: list[BrowserContext] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        expect.set_options(timeout=PATIENCE_MS)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for context in self._open:
            await context.close()
        assert not self.complaints

    async def open(
        self, *people: str, width: int = 1280, height: int = 860, one_font: bool = False, **address: str
    ) -> Page:
        """Open the page as these people; `address` holds theme, pane and guide."""
        context = await self.browser.new_context(
            viewport={"width": width, "height": height},
            bypass_csp=one_font,
            reduced_motion="reduce",
            timezone_id="Europe/Berlin",
            locale="en-US",
        )
        context.set_default_timeout(PATIENCE_MS)
        self._open.append(context)
        page = await context.new_page()
        if self.slow > 1:
            devtools = await context.new_cdp_session(page)
            await devtools.send("Emulation.setCPUThrottlingRate", {"rate": self.slow})
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._heard)
        query = {"people": ",".join(people), "theme": "light", "pane": "0", "guide": "0", **address}
        await page.goto(f"{self.url}/?{urlencode(query)}")
        await page.locator("body.ready").wait_for()
        await page.evaluate(LEAVE_FORMS)
        await expect(page.locator(".dialog-modal")).to_have_count(0)
        if one_font:
            await page.add_style_tag(content=ONE_FONT + CALM)
            await page.evaluate("document.fonts.ready")
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and REFUSED not in message.text:
            self.complaints.append(message.text)


class Seat:
    """One person's column."""

    def __init__(self, page: Page, person: str) -> None:
        self.page = page
        self.node = page.locator(f'.seat[data-person="{person}"]')
        self.composer = self.node.locator(".conv .composer-field")
        self.modal = self.node.locator(".dialog-modal")
        self.sure = self.node.locator("[role=alertdialog] .dialog-foot button:last-child")

    async def says(self, text: str) -> None:
        """Type into the composer and send."""
        await self.composer.fill(text)
        await self.composer.press("Enter")

    async def goes_to(self, channel: str) -> None:
        """Open a channel: by the sidebar, or by the menu of a narrow column."""
        row = self.node.locator(f'.sidebar [data-channel="{channel}"]')
        if await row.is_visible():
            await row.click()
            return
        name = await row.locator(".side-name").text_content()
        await self.node.locator("[data-action=switch-channel]").click()
        await self.page.get_by_role("menuitemradio").filter(has_text=name or channel).first.click()

    def message(self, *words: str) -> Locator:
        """The newest message with all of these words."""
        found = self.node.locator(".conv .msg")
        for word in words:
            found = found.filter(has_text=word)
        return found.last

    def button(self, action: str, *about: str) -> Locator:
        """The newest button with that action, in a message with these words."""
        found = self.node.locator(".conv .msg", has=self.page.locator(f'[data-action="{action}"]'))
        for word in about:
            found = found.filter(has_text=word)
        return found.last.locator(f'[data-action="{action}"]')

    def field(self, block: str) -> Locator:
        """An input block of the open form."""
        return self.modal.locator(f'[data-block="{block}"]')

    async def chooses(self, block: str, label: str) -> None:
        """Choose an option of a select in the open form."""
        await self.field(block).locator(".picker-face").click()
        await self.modal.locator(".picker-option").filter(has_text=label).first.click()

    async def sends(self) -> None:
        """Send the open form and wait until it is gone."""
        await self.modal.locator(".dialog-submit").click()
        await expect(self.modal).to_have_count(0)

    async def asks_why(self, user: str) -> None:
        """Type /psso why and wait for the answer."""
        await self.says(f"/psso why {user}")
        await expect(self.button(labels.ON_CHECK_AGAIN, user)).to_be_visible()

    async def requests_disable(self, user: str) -> None:
        """Press Request disable on the answer about somebody, fill in the form, send it."""
        await self.button(labels.ON_REQUEST_DISABLE, user).click()
        await self.field(labels.REASON_FIELD).locator("textarea").fill("It will not register")
        await self.chooses(labels.IDENTITY_FIELD, "Seen in person")
        await self.sends()

    async def approves(self, user: str) -> None:
        """Press Approve on the card about somebody and say yes once more."""
        await self.button(labels.ON_APPROVE, user).click()
        await self.sure.click()

    async def becomes(self, person: str, name: str) -> Seat:
        """Let somebody else sit in this column."""
        await self.node.locator("[data-action=switch-person]").click()
        await self.page.get_by_role("menuitemradio").filter(has_text=name).click()
        other = Seat(self.page, person)
        await expect(other.node).to_be_visible()
        return other


async def apply(page: Page, *events: dict[str, Any]) -> None:
    """Let the page hear of events that nobody sent, all at once."""
    await page.evaluate(APPLY, list(events))


APPLY = """async (events) => {
  const { applyEvent } = await import("/static/events.js");
  events.forEach(applyEvent);
}"""
