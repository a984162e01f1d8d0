"""The whole bot, asked how alerting stands; and the switches of its home tab, with a real store behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.render import labels
from tests.e2e.conftest import LOOK_AGAIN, PATIENCE
from tests.e2e.watching import ALERTS, Watched, watched

CLEO = "cleo.marsh@contoso.com"


async def says(world: Watched, user: str, typed: str, words: str) -> str:
    """Type a command and return the private answer that says `words`."""
    await world.slack.command(user, typed)
    shown = await world.slack.wait_for(user, words)
    return str(next(one["plain"] for one in reversed(shown["ephemerals"]) if words in one["plain"]))


async def test_alerts_are_listed_silenced_and_paused(tmp_path: Path) -> None:
    async with watched(tmp_path) as world:
        await world.start()
        await world.tenant.try_registration(CLEO)
        await world.alert("Cleo Marsh", "Blocked")

        seen = await says(world, "U0OTTO", "alerts", "Live (1)")
        for words in (
            "● Good: the sign-in log was read",
            "Cleo Marsh",
            "Open the card",
            "Today (UTC): 1 posted",
        ):
            assert words in seen, seen
        seen = await says(world, "U0OTTO", f"alerts {CLEO}", "Alerts about Cleo Marsh")
        assert "posted in #" in seen

        form = {
            labels.REASON_FIELD: "On leave",
            labels.SILENCE_LENGTH_FIELD: "1",
            labels.SILENCE_WHAT_FIELD: "person",
        }
        await world.slack.click("U0OTTO", labels.SILENCE, channel=ALERTS)
        await world.slack.wait_for("U0OTTO", "For how long?")
        await world.slack.submit("U0OTTO", {name: {name: text} for name, text in form.items()})
        await world.slack.wait_for("U0OTTO", "Silenced until")
        assert "On leave" in await says(world, "U0OTTO", "alerts", "Silences (1)")
        await world.slack.click("U0OTTO", labels.LIFT_SILENCE)
        await world.slack.wait_for("U0OTTO", "Lifted: alerts like this")

        await world.slack.home("U0OTTO")
        home = str((await world.slack.wait_for("U0OTTO", "Tenant health"))["home"]["plain"])
        for words in ("Cleo Marsh", "1 person stopped", "1 alert is open", "calls of the sign-in log used"):
            assert words in home, home
        await world.slack.click("U0OTTO", labels.PAUSE_ALERTS)
        await world.slack.wait_for("U0OTTO", "not even an outage")
        form = {labels.REASON_FIELD: "Entra is being moved", labels.PAUSE_LENGTH_FIELD: "1"}
        await world.slack.submit("U0OTTO", {name: {name: text} for name, text in form.items()})
        await world.alert("■ Alerts are paused since", "Entra is being moved")
        await world.slack.wait_for("U0OTTO", f"[{labels.RESUME_ALERTS}]")

        await world.tenant.try_registration("bo.ahlgren@contoso.com")
        async with asyncio.timeout(PATIENCE):
            while "an approver had paused alerts" not in (
                seen := await says(world, "U0NILS", "alerts", "Where alerts go")
            ):
                await asyncio.sleep(LOOK_AGAIN)
        assert "Bo Ahlgren" in seen

        await world.slack.click("U0NILS", labels.RESUME_ALERTS, channel=ALERTS)
        await world.slack.wait_for("U0NILS", "Why is it lifted?")
        await world.slack.submit("U0NILS", {labels.REASON_FIELD: {labels.REASON_FIELD: "The move is over"}})
        await world.alert("● Alerts are posted again", "The move is over")
        await world.alert("Bo Ahlgren", "Blocked")
