"""The main story on the page, as two people side by side."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from bot.render import labels
from tests.browser.windows import Seat, Stage, Windows

pytestmark = pytest.mark.asyncio(loop_scope="session")

APPROVALS = "C0APPROVE"


async def test_two_people_fix_a_mac_and_take_it_back(stage: Stage, windows: Windows) -> None:
    user = "cleo.marsh@contoso.com"
    page = await windows.open("U0HANA", "U0OTTO", width=1600, pane="1")
    hana, otto = Seat(page, "U0HANA"), Seat(page, "U0OTTO")
    await hana.asks_why(user)
    await hana.requests_disable(user)
    await otto.goes_to(APPROVALS)
    await otto.button(labels.ON_APPROVE, user).click()
    await expect(otto.node.get_by_role("alertdialog")).to_contain_text("Cleo Marsh")
    await otto.sure.click()
    await expect(otto.button(labels.ON_UNDO, user)).to_be_visible()
    assert await stage.tenant.state(user) == "disabled"

    row = page.locator(f'.tenant-row[data-upn="{user}"]')
    await row.locator("summary").click()
    await row.get_by_text("Mac tries to register").click()
    await expect(row.locator("summary")).to_contain_text("● registered")

    await otto.button(labels.ON_UNDO, user).click()
    await otto.field(labels.REASON_FIELD).locator("textarea").fill("It was the old Mac")
    await otto.sends()
    mira = await otto.becomes("U0MIRA", "Mira Sand")
    await mira.goes_to(APPROVALS)
    await mira.approves(user)
    # "enabled" is put back; Entra makes "enforced" of it at once for whoever has a method registered.
    await expect(row.locator("summary")).to_contain_text("MFA enforced")
    assert await stage.tenant.state(user) == "enforced"
