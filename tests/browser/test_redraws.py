"""Whatever arrives while somebody uses the page: nothing is taken out of their hands."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from sandbox.page.server import Page as ServedPage
from sandbox.slack.people import Workspace
from tests.browser.windows import Seat, Windows, apply

pytestmark = pytest.mark.asyncio(loop_scope="session")

HANA, GENERAL = "U0HANA", "C0GENERAL"
BUTTONS = [
    {"type": "section", "block_id": "words", "text": {"type": "mrkdwn", "text": "Who may it be?"}},
    {
        "type": "actions",
        "block_id": "both",
        "elements": [
            {
                "type": "button",
                "action_id": "lift",
                "value": str(n),
                "text": {"type": "plain_text", "text": "Lift"},
            }
            for n in (1, 2, 3)
        ],
    },
]
DRAWN = """async () => {
  const { listen, touch } = await import("/static/state.js");
  await new Promise((done) => {
    const stop = listen(() => {
      stop();
      setTimeout(done);
    });
    touch("drawn");
  });
}"""
TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
UNDER = "document.activeElement.closest('.seat-head, .seat-body') !== null"
VIEW = {"id": "V1", "hash": "1", "type": "modal", "title": "Old", "blocks": []}
FOCUSED = "node => node === document.activeElement"
READ_AGAIN = """async () => {
  const { follow } = await import("/static/loading.js");
  await follow(["U0HANA"], true);
}"""
_numbers = itertools.count(1)


def _message(text: str, **rest: Any) -> dict[str, Any]:
    ts = f"1999999{next(_numbers):03d}.000100"
    made = {"channel": GENERAL, "ts": ts, "user": "U0BOT", "text": text, "blocks": BUTTONS, "attachments": []}
    return {**made, "files": [], "thread_ts": None, "edited": False, "ephemeral": False, **rest}


async def _tell(page: Page, message: dict[str, Any]) -> Locator:
    await apply(page, {"kind": "message", "what": "posted", "message": message, "to": None})
    await page.evaluate(DRAWN)
    return page.locator(f'.conv .msg[data-ts="{message["ts"]}"]')


async def _press(page: Page, control: Locator) -> None:
    box = await control.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await page.mouse.down()


async def test_a_press_is_not_lost_to_what_is_drawn_anew(windows_on_quiet_page: Windows) -> None:
    page = await windows_on_quiet_page.open(HANA)
    seat = Seat(page, HANA)
    await _press(page, seat.node.locator(".sidebar .side-row").last)
    wanted = await seat.node.locator(".sidebar .side-row").last.get_attribute("data-channel")
    news = _message("unread elsewhere", channel=wanted)
    await apply(page, {"kind": "message", "what": "posted", "message": news, "to": None})
    await page.evaluate(TWO_FRAMES)
    await page.mouse.up()
    await expect(seat.node.locator(f'.sidebar .current[data-channel="{wanted}"]')).to_be_visible()


async def test_an_open_menu_goes_with_its_message(windows_on_quiet_page: Windows) -> None:
    page = await windows_on_quiet_page.open(HANA)
    message = _message("first")
    row = await _tell(page, message)
    await row.hover()
    await row.get_by_role("button", name="More actions").click()
    await _tell(page, {**message, "text": "second", "edited": True, "blocks": [*BUTTONS, BUTTONS[0]]})
    more = row.get_by_role("button", name="More actions")
    await expect(more).to_have_attribute("aria-expanded", "true")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("menu")).to_have_count(0)
    await expect(more).to_be_focused()
    await more.press("Enter")
    await apply(page, {"kind": "message_deleted", "channel": GENERAL, "ts": message["ts"]})
    await expect(page.get_by_role("menu")).to_have_count(0)  # its message is gone


async def test_the_focus_stays_on_the_same_control(windows_on_quiet_page: Windows) -> None:
    page = await windows_on_quiet_page.open(HANA)
    message = _message("first")
    row = await _tell(page, message)
    for control in (
        row.get_by_role("button", name="Lift").nth(1),
        row.get_by_role("button", name="More actions"),
    ):
        await control.focus()
        await _tell(page, {**message, "text": f"another {next(_numbers)}", "edited": True})
        await expect(control).to_be_focused()
    below = await _tell(page, _message("below"))
    await apply(page, {"kind": "message_deleted", "channel": GENERAL, "ts": message["ts"]})
    await page.evaluate(DRAWN)
    await expect(below).to_be_focused()


async def test_what_is_read_stays_where_it_is_when_its_message_changes(
    windows_on_quiet_page: Windows,
) -> None:
    page = await windows_on_quiet_page.open(HANA)
    message = _message("tall", blocks=[BUTTONS[0]] * 40)
    row = await _tell(page, message)
    before = await row.evaluate("row => row.getBoundingClientRect().top")
    await row.hover()
    await page.mouse.wheel(0, -300)
    await expect(page.locator(".conv .msg-scroller:not(.at-end)")).to_be_visible()
    scrolled = await row.evaluate("row => row.getBoundingClientRect().top")
    assert scrolled > before + 200
    await _tell(page, {**message, "edited": True})
    assert abs(await row.evaluate("row => row.getBoundingClientRect().top") - scrolled) < 3


async def test_what_is_read_again_and_says_the_same_is_not_drawn_again(
    windows_on_quiet_page: Windows, quiet_page: ServedPage
) -> None:
    async with Workspace(quiet_page.slack_url) as slack:
        await slack.message(HANA, GENERAL, "these words are being selected")
    page = await windows_on_quiet_page.open(HANA)
    words = page.locator(".conv .msg .b-text").last
    await words.select_text()
    await page.evaluate(READ_AGAIN)
    await page.evaluate(DRAWN)
    assert await page.evaluate("getSelection().toString()") == "these words are being selected"


async def test_a_stream_that_repeats_opens_no_form_again(windows_on_quiet_page: Windows) -> None:
    page = await windows_on_quiet_page.open(HANA)
    now = await page.evaluate(
        "async () => (await import('/static/state.js')).state.slacks.get('U0HANA').cursor"
    )
    await apply(page, {"id": now, "kind": "modals", "person": HANA, "modals": [VIEW]})
    await page.evaluate(DRAWN)
    await expect(Seat(page, HANA).modal).to_have_count(0)


async def test_the_focus_comes_back_from_a_form_though_its_message_changed(
    windows_on_quiet_page: Windows,
) -> None:
    page = await windows_on_quiet_page.open(HANA)
    message = _message("first")
    row = await _tell(page, message)
    await row.get_by_role("button", name="Lift").nth(1).focus()
    await apply(page, {"kind": "modals", "person": HANA, "modals": [VIEW]})
    modal = Seat(page, HANA).modal
    await expect(modal).to_be_visible()
    await _tell(page, {**message, "edited": True})
    await page.evaluate("document.activeElement.blur()")
    for _ in range(40):  # wherever Tab goes, it does not go under the form
        await page.keyboard.press("Tab")
        assert await page.evaluate(UNDER) is False
    await apply(page, {"kind": "modals", "person": HANA, "modals": []})
    await expect(modal).to_have_count(0)
    await expect(row.get_by_role("button", name="Lift").nth(1)).to_be_focused()


async def test_the_pane_keeps_what_was_opened_said_and_filtered(windows_on_quiet_page: Windows) -> None:
    page = await windows_on_quiet_page.open(HANA, pane="1", width=1600)
    await page.get_by_role("searchbox", name="Filter people").fill("edda")
    row = page.locator(".tenant-row")
    await expect(row).to_have_count(1)
    await row.locator("summary").click()
    await row.get_by_text("Mac tries to register").click()
    await expect(row.get_by_role("status")).to_contain_text("Did not register: AADSTS")
    menu = row.get_by_role("button", name="Set per-user MFA")
    await menu.click()
    await page.evaluate("import('/static/loading.js').then((one) => one.readEntra())")
    await page.evaluate(DRAWN)
    await expect(row.get_by_role("status")).to_contain_text("Did not register: AADSTS")
    await page.get_by_role("menuitemradio").filter(has_text="disabled").click()
    await expect(row.locator("summary")).to_contain_text("MFA disabled")
    await expect(menu).to_be_focused()


async def test_a_row_of_the_pane_keeps_the_focus(windows_on_quiet_page: Windows) -> None:
    page = await windows_on_quiet_page.open(HANA, pane="1", width=1600)
    await page.get_by_role("tab", name="Sign-ins").click()
    row = page.locator(".pane-panel .row").first
    await row.focus()
    held = await row.element_handle()
    again = {"id": "sign-in-new", "at": "2099-01-01T00:00:00Z", "user_id": "", "upn": "ada.lind@contoso.com"}
    more = {"failed": False, "app": "Mac", "resource": "Graph", "reason": ""}
    await apply(page, {"kind": "sign_in", "row": {**again, **more}})
    await page.evaluate(DRAWN)
    assert await held.evaluate(FOCUSED)


async def test_what_was_begun_waits_in_its_channel(windows_on_quiet_page: Windows) -> None:
    page = await windows_on_quiet_page.open(HANA)
    seat = Seat(page, HANA)
    await seat.composer.fill("for the approvers only")
    await seat.goes_to("C0APPROVE")
    await expect(seat.composer).to_have_value("")
    await seat.goes_to(GENERAL)
    await expect(seat.composer).to_have_value("for the approvers only")


async def test_who_becomes_somebody_else_keeps_the_keyboard(windows_on_quiet_page: Windows) -> None:
    page = await windows_on_quiet_page.open(HANA)
    mira = await Seat(page, HANA).becomes("U0MIRA", "Mira Sand")
    await expect(mira.node.locator("[data-action=switch-person]")).to_be_focused()
