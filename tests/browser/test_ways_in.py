"""Forms and their errors, the bare command, the message shortcut, keys alone, and who is refused."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Locator, Page, Route, expect

from bot.render import labels
from tests.browser.windows import Seat, Stage, Windows, apply

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_form_says_what_is_wrong_and_keeps_what_was_typed(windows: Windows) -> None:
    page = await windows.open("U0HANA")
    hana = Seat(page, "U0HANA")
    await hana.asks_why("bo.ahlgren@contoso.com")
    await hana.button(labels.ON_REQUEST_DISABLE, "bo.ahlgren@contoso.com").click()
    submit = hana.modal.locator(".dialog-submit")
    reason, ticket = hana.field(labels.REASON_FIELD), hana.field(labels.TICKET_FIELD)
    await ticket.locator("input").fill("INC-1")
    await submit.click()
    for field in (reason, hana.field(labels.IDENTITY_FIELD)):
        await expect(field.get_by_role("alert")).to_be_visible()  # Slack's client: nothing was sent
    await reason.locator("textarea").fill("x")
    await hana.chooses(labels.IDENTITY_FIELD, "Seen in person")
    await submit.click()
    await expect(reason.get_by_role("alert")).to_contain_text("too short")  # the bot's own word
    await expect(reason.locator("textarea")).to_have_value("x")
    await expect(reason.locator("textarea")).to_be_focused()
    await expect(ticket.locator("input")).to_have_value("INC-1")
    await expect(hana.field(labels.IDENTITY_FIELD)).to_contain_text("Seen in person")
    await page.keyboard.press("Escape")
    await expect(hana.modal).to_have_count(0)


async def test_a_list_stays_open_however_the_news_of_a_form_come(windows: Windows) -> None:
    page = await windows.open("U0HANA")
    hana, answer_may_come = Seat(page, "U0HANA"), asyncio.Event()

    async def hold(route: Route) -> None:
        answer = await route.fetch()
        await answer_may_come.wait()
        await route.fulfill(response=answer)

    await page.route("**/api/submit", hold)
    await hana.asks_why("bo.ahlgren@contoso.com")
    await hana.button(labels.ON_REQUEST_DISABLE, "bo.ahlgren@contoso.com").click()
    identity = hana.field(labels.IDENTITY_FIELD)
    await hana.modal.locator(".dialog-submit").click()
    await page.wait_for_function(NEWS_OF_WRONG_FIELDS, arg="U0HANA")
    answer_may_come.set()
    await expect(identity.get_by_role("alert")).to_be_visible()
    await identity.locator(".picker-face").click()
    news = await page.evaluate(NEWS_OF_WRONG_FIELDS, "U0HANA")
    await apply(page, {"kind": "modals", "person": "U0HANA", "modals": news})  # the same once more
    await hana.modal.locator(".picker-option").filter(has_text="Seen in person").click()
    await expect(identity).to_contain_text("Seen in person")


NEWS_OF_WRONG_FIELDS = """async (person) => {
  const { state } = await import("/static/state.js");
  const { modals } = state.slacks.get(person);
  return modals.some((view) => Object.keys(view.errors ?? {}).length) && structuredClone(modals);
}"""


async def test_a_bare_command_opens_a_form_with_a_picker(windows: Windows) -> None:
    page = await windows.open("U0HANA")
    hana = Seat(page, "U0HANA")
    await hana.says("/psso")
    await hana.chooses(labels.PERSON_FIELD, "Ada Lind")
    await hana.sends()
    await expect(hana.message("ada.lind@contoso.com")).to_contain_text("Only visible to you")


async def test_a_message_shortcut_diagnoses_who_is_named(stage: Stage, windows: Windows) -> None:
    await stage.slack.message("U0IVO", "C0GENERAL", "freja.lang@contoso.com cannot register her Mac, help!")
    page = await windows.open("U0HANA")
    hana = Seat(page, "U0HANA")
    asked = hana.message("cannot register her Mac, help!")
    await asked.hover()
    await asked.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem").filter(has_text=labels.DIAGNOSE_SHORTCUT).click()
    await expect(hana.button(labels.ON_CHECK_AGAIN, "Freja Lang", "Only visible to you")).to_be_visible()


async def test_from_question_to_request_with_keys_alone(windows: Windows) -> None:
    page = await windows.open("U0HANA")
    hana = Seat(page, "U0HANA")
    await page.keyboard.press("/")
    await expect(hana.composer).to_be_focused()
    await page.keyboard.type("psso why noor.alhadid@contoso.com")
    await page.keyboard.press("Enter")
    request = hana.button(labels.ON_REQUEST_DISABLE, "noor.alhadid@contoso.com")
    await _walks(page, request, key="Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(hana.field(labels.REASON_FIELD).locator("textarea")).to_be_focused()
    await page.keyboard.type("It will not register")
    await _walks(page, hana.field(labels.IDENTITY_FIELD).locator(".picker-face"))
    await page.keyboard.press("Enter")
    await page.keyboard.type("in pers")
    await page.keyboard.press("Enter")
    await expect(hana.field(labels.IDENTITY_FIELD)).to_contain_text("Seen in person")
    await _walks(page, hana.modal.locator(".dialog-submit"))
    await page.keyboard.press("Enter")
    await expect(hana.modal).to_have_count(0)
    await _walks(page, hana.node.locator(".side-row.current"), key="Shift+F6")
    await _walks(page, hana.node.locator('.sidebar [data-channel="C0APPROVE"]'))
    await page.keyboard.press("Enter")
    cancel = hana.button(labels.ON_CANCEL, "noor.alhadid@contoso.com")
    await _walks(page, cancel)
    await expect(cancel).to_be_in_viewport()


async def _walks(page: Page, target: Locator, key: str = "Tab", most: int = 80) -> None:
    """Press a key until the focus is there; each stop on the way shows where it is."""
    await target.wait_for()
    way = []
    for _ in range(most):
        if await target.evaluate("node => node === document.activeElement"):
            return
        await page.keyboard.press(key)
        way.append(await page.evaluate(FOCUS))
        assert await page.evaluate(FOCUS_SHOWS), f"nobody can see that the focus is on {way[-1]}"
    raise AssertionError(f"{most} times {key} did not reach it: {', '.join(way)}")


FOCUS = "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent.slice(0, 30)"
FOCUS_SHOWS = """() => {
  const one = document.activeElement, style = getComputedStyle(one);
  if (one === document.body) return true;
  const box = one.closest('.composer-box');
  const ring = style.outlineStyle !== 'none' || style.boxShadow !== 'none'
    || (box !== null && getComputedStyle(box).boxShadow !== 'none');
  return ring && one.getClientRects().length > 0;
}"""


@pytest.mark.parametrize(
    ("person", "channel", "words"),
    [
        ("U0GUEST", "C0GENERAL", "Guest accounts cannot use this"),
        ("U0PARTNER", "C0SHARED", "not available to people of another organisation"),
    ],
)
async def test_guests_and_outsiders_are_refused_in_words(
    windows: Windows, person: str, channel: str, words: str
) -> None:
    page = await windows.open(person)
    seat = Seat(page, person)
    await seat.goes_to(channel)
    await seat.says("/psso why ada.lind@contoso.com")
    await expect(seat.node.locator(".conv")).to_contain_text(words)
    await expect(seat.button(labels.ON_REQUEST_DISABLE)).to_have_count(0)
