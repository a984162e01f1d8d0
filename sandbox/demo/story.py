"""The story: a Mac that cannot register, the question, the request, the approval, the change, the undo."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from rich.rule import Rule

from sandbox.demo.entra import Tenant
from sandbox.demo.processes import APPROVAL_CHANNEL
from sandbox.demo.screens import Screens
from sandbox.slack.people import Workspace

ADA = "ada.lind@contoso.com"
FORM = {
    "reason": "New MacBook, registration stops without a word. Ada is at the desk.",
    "ticket": "INC-4711",
    "identity_check": "in_person",
}
PATIENCE = 15.0
REGISTERING = 12.0  # the sign-ins of one registration spread over some seconds, all after the change
BEFORE_A_CLICK = 3.2  # the bot refuses a click that comes sooner after the card: nobody reads that fast


async def play(slack: Workspace, tenant: Tenant, screens: Screens, title: Mapping[int, Rule]) -> None:
    """Play every act in order; raise when something is not seen in time."""
    await _a_mac_fails(tenant, screens, title[1])
    await _helpdesk_asks(slack, screens, title[2])
    await _helpdesk_requests(slack, screens, title[3])
    await _an_approver_decides(slack, screens, title[4])
    await _it_was_changed(slack, tenant, screens, title[5])
    await _the_mac_registers(slack, tenant, screens, title[6])
    await _it_is_taken_back(slack, tenant, screens, title[7])


async def _a_mac_fails(tenant: Tenant, screens: Screens, title: Rule) -> None:
    screens.show(title)
    screens.does(
        "U0ADA", "clicks Register on her new Mac, signs in, and … nothing happens. No error anywhere."
    )
    for row in await tenant.try_registration(ADA):
        code = row["status"]["errorCode"]
        result = "success" if code == 0 else f"AADSTS{code}"
        screens.note(
            f"Entra's sign-in log, unseen: {row['appDisplayName']} → {row['resourceDisplayName']}: {result}"
        )


async def _helpdesk_asks(slack: Workspace, screens: Screens, title: Rule) -> None:
    screens.show(title)
    screens.does("U0HANA", f"types  /psso why {ADA}")
    await slack.command("U0HANA", f"why {ADA}")
    await slack.wait_for("U0HANA", "[Request disable]", PATIENCE)
    screens.sees("U0HANA", "only visible to her", await screens.ephemeral("U0HANA"))


async def _helpdesk_requests(slack: Workspace, screens: Screens, title: Rule) -> None:
    screens.show(title)
    screens.does("U0HANA", "clicks Request disable and fills in why")
    await slack.click("U0HANA", "Request disable")
    shown = await slack.wait_for("U0HANA", "Reason", PATIENCE)
    screens.sees("U0HANA", "a form", shown["modal"]["plain"])
    await slack.submit("U0HANA", {name: {name: value} for name, value in FORM.items()})
    await slack.wait_for("U0OTTO", "[Approve]", PATIENCE)
    card = await screens.card("U0OTTO", APPROVAL_CHANNEL)
    screens.sees("U0OTTO", "#psso-approvals", card["plain"])


async def _an_approver_decides(slack: Workspace, screens: Screens, title: Rule) -> None:
    screens.show(title)
    card = await screens.card("U0OTTO", APPROVAL_CHANNEL)
    where = {"channel": APPROVAL_CHANNEL, "message_ts": card["ts"]}
    await asyncio.sleep(BEFORE_A_CLICK)
    screens.does("U0HANA", "tries to approve her own request")
    before = await screens.ephemeral("U0HANA")
    await slack.click("U0HANA", "Approve", **where)
    screens.sees("U0HANA", "only visible to her", await _changed(screens, "U0HANA", before))
    screens.does("U0OTTO", "clicks Approve")
    await slack.click("U0OTTO", "Approve", **where)


async def _it_was_changed(slack: Workspace, tenant: Tenant, screens: Screens, title: Rule) -> None:
    screens.show(title)
    await slack.wait_for("U0OTTO", "Done and read back", PATIENCE)
    card = await screens.card("U0OTTO", APPROVAL_CHANNEL)
    screens.sees("U0OTTO", "#psso-approvals", card["plain"])
    await slack.wait_for("U0HANA", "register", PATIENCE)
    screens.sees("U0HANA", "direct message", await screens.direct("U0HANA"))
    writes = [entry for entry in await tenant.asked() if entry["method"] == "PATCH"]
    screens.note(f"Graph received {len(writes)} PATCH: {writes[0]['path']} {writes[0]['body']}")
    screens.note(f"Ada's per-user MFA state now reads {await tenant.state(ADA)!r}")


async def _the_mac_registers(slack: Workspace, tenant: Tenant, screens: Screens, title: Rule) -> None:
    screens.show(title)
    screens.does("U0ADA", "clicks Register once more; signing in and joining take some seconds")
    await asyncio.sleep(REGISTERING)
    await tenant.try_registration(ADA)
    screens.does("U0HANA", f"types  /psso why {ADA}")
    before = await screens.ephemeral("U0HANA")
    await slack.command("U0HANA", f"why {ADA}")
    screens.sees("U0HANA", "only visible to her", await _changed(screens, "U0HANA", before))
    await slack.wait_for("U0HANA", "Already registered", PATIENCE)


async def _it_is_taken_back(slack: Workspace, tenant: Tenant, screens: Screens, title: Rule) -> None:
    screens.show(title)
    screens.does("U0OTTO", "sees that it was Ada's old Mac, and clicks Undo")
    done = await _card_with(screens, "U0OTTO", "[Undo]")
    await slack.click("U0OTTO", "Undo", channel=APPROVAL_CHANNEL, message_ts=done["ts"])
    shown = await slack.wait_for("U0OTTO", "Why is it taken back?", PATIENCE)
    screens.sees("U0OTTO", "a form", shown["modal"]["plain"])
    await slack.submit("U0OTTO", {"reason": {"reason": "It was the old Mac. The new one comes on Monday."}})
    undo = await _card_with(screens, "U0MIRA", "set per-user MFA back")
    where = {"channel": APPROVAL_CHANNEL, "message_ts": undo["ts"]}
    await asyncio.sleep(BEFORE_A_CLICK)
    screens.does("U0OTTO", "is an approver, and tries to approve his own request")
    before = await screens.ephemeral("U0OTTO")
    await slack.click("U0OTTO", "Approve", **where)
    screens.sees("U0OTTO", "only visible to him", await _changed(screens, "U0OTTO", before))
    screens.does("U0MIRA", "clicks Approve")
    await slack.click("U0MIRA", "Approve", **where)
    undone = await _card_with(screens, "U0MIRA", "Done and read back: set per-user MFA back")
    screens.sees("U0MIRA", "#psso-approvals", undone["plain"])
    screens.note(f"Ada's per-user MFA state now reads {await tenant.state(ADA)!r}")


async def _card_with(screens: Screens, user: str, words: str) -> dict[str, Any]:
    """Wait until the newest card says that; return it."""
    async with asyncio.timeout(PATIENCE):
        while True:
            card = await screens.card(user, APPROVAL_CHANNEL)
            if words in card["plain"]:
                return card
            await asyncio.sleep(0.1)


async def _changed(screens: Screens, user: str, before: str) -> str:
    """Wait until the person's newest private message is another one, and not the first “Looking up …”."""
    async with asyncio.timeout(PATIENCE):
        while True:
            now = await screens.ephemeral(user)
            if now != before and not now.startswith("Looking"):
                return now
            await asyncio.sleep(0.1)
