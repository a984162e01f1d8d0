"""Dialogues of `/psso pending`, the app's home tab and the help: each person sees what concerns them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.errors import GraphUnreachable, StoreUnavailable
from bot.ports import SwitchState
from bot.render import labels
from bot.usecases.freeze import FREEZE
from tests.handlers.conftest import Office
from tests.handlers.test_approving import ask


async def home_of(office: Office, user: str, words: str = "") -> str:
    await office.people.home(user)
    await office.wait_until_quiet()
    shown = await office.people.wait_for(user, words) if words else await office.people.screen(user)
    return str(shown["home"]["plain"])


@pytest.mark.parametrize(
    ("user", "heading"),
    [("U0OTTO", "Waiting for you (1)"), ("U0HANA", "Asked by you (1)"), ("U0IVO", "Others (1)")],
)
async def test_pending_is_grouped_for_whom_it_waits(office: Office, user: str, heading: str) -> None:
    request = await ask(office)
    await office.people.command(user, "pending")
    shown = await office.people.wait_for(user, heading)
    said = shown["ephemerals"][-1]
    assert request.id in said["plain"]
    assert "Open the card" in said["plain"]
    assert "slack.com/archives/" in str(said["blocks"])


async def test_pending_goes_without_links_that_slack_does_not_give(office: Office) -> None:
    await ask(office)
    await office.people.fault("chat.getPermalink", error="fatal_error", count=3)
    await office.people.command("U0OTTO", "pending")
    shown = await office.people.wait_for("U0OTTO", "Waiting for you (1)")
    assert "Open the card" not in shown["ephemerals"][-1]["plain"]


async def test_the_home_tab_shows_requests_who_one_is_and_the_rules(office: Office) -> None:
    request = await ask(office)
    shown = await home_of(office, "U0OTTO", "Waiting for you (1)")
    for words in (
        request.id,
        "In Entra you are Otto Falk",
        "30 min",
        "decide what others requested",
        "/psso why",
    ):
        assert words in shown
    journal = len(office.desk.journal.entries)
    shown = await home_of(office, "U0HANA", "Asked by you (1)")
    assert "Approvers decide" in shown
    assert labels.LIFT not in shown
    assert len(office.desk.journal.entries) == journal


async def test_an_empty_home_tab_says_so(office: Office) -> None:
    assert "Nothing waits for a decision" in await home_of(office, "U0HANA", "Open requests")


async def test_the_home_tab_is_brought_up_to_date_each_time(office: Office) -> None:
    await home_of(office, "U0OTTO", "Nothing waits")
    await ask(office)
    await home_of(office, "U0OTTO", "Waiting for you (1)")


@pytest.mark.parametrize("user", ["U0GUEST", "U0ULTRA"])
async def test_guests_see_one_polite_sentence(office: Office, user: str) -> None:
    request = await ask(office)
    shown = await home_of(office, user, "for full members of it")
    assert request.id not in shown
    assert len(shown.splitlines()) == 1
    await office.people.command(user, "help", channel="C0GUEST")
    helped = await office.people.wait_for(user, "for full members of it")
    assert "Request disable" not in helped["ephemerals"][-1]["plain"]
    assert "refused" not in office.desk.journal.kinds


async def test_who_is_not_matched_in_entra_learns_why(office: Office) -> None:
    shown = await home_of(office, "U0NOMATCH", "Nobody in Entra is matched to you")
    assert "PSSO_PINS" in shown


async def test_an_entra_that_cannot_be_asked_does_not_mean_nobody(office: Office) -> None:
    office.desk.directory.troubles["find_user"] = GraphUnreachable("the user", 503)
    shown = await home_of(office, "U0HANA", "could not be read just now")
    assert "Nobody in Entra" not in shown


async def test_a_hold_stands_on_top_and_approvers_can_lift_it_there(office: Office) -> None:
    office.desk.switches.thrown[FREEZE] = SwitchState(True, "U0NILS", "eleven changes", office.desk.clock())
    assert (await home_of(office, "U0OTTO", "on hold")).startswith("■ Changes are on hold")
    await office.people.click("U0OTTO", labels.LIFT)
    await office.people.wait_for("U0OTTO", "What did you find?")
    found = {labels.REASON_FIELD: {labels.REASON_FIELD: "A planned migration"}}
    await office.people.submit("U0OTTO", found)
    await office.people.wait_for("U0OTTO", "Changes are no longer on hold")


async def test_a_home_tab_without_the_store_says_so(office: Office) -> None:
    office.desk.requests.troubles["open_requests"] = StoreUnavailable()
    assert "could not be brought up to date" in await home_of(office, "U0HANA", "could not be")


async def test_a_home_tab_that_cannot_be_recorded_says_so(listening: Office) -> None:
    listening.desk.inbox.troubles["record"] = StoreUnavailable()
    await listening.people.home("U0HANA")
    await listening.people.wait_for("U0HANA", "could not be brought up to date")


async def test_the_messages_tab_fills_nothing(listening: Office) -> None:
    await listening.people.post("home", {"user": "U0HANA", "tab": "messages"})
    await listening.people.home("U0HANA")
    async with asyncio.timeout(5):
        while not listening.desk.inbox.waiting:
            await asyncio.sleep(0.01)
    (job,) = listening.desk.inbox.waiting
    assert job.kind == "home"


@pytest.mark.parametrize(("user", "sees"), [("U0HANA", False), ("U0OTTO", True)])
async def test_help_fits_the_rights(listening: Office, user: str, *, sees: bool) -> None:
    await listening.people.command(user, "help")
    shown = await listening.people.wait_for(user, "To have something changed")
    assert ("For approvers" in shown["ephemerals"][-1]["plain"]) is sees
    assert listening.desk.directory.calls == []


async def test_help_outside_the_helpdesk_names_the_helpdesk(listening: Office) -> None:
    rules: Any = listening.desk.rules
    object.__setattr__(rules, "helpdesk", frozenset({"S0HELPDESK"}))
    await listening.people.command("U0IVO", "help")
    await listening.people.wait_for("U0IVO", "the helpdesk uses it")


async def test_help_comes_although_slack_does_not_say_who_asks(listening: Office) -> None:
    await listening.people.fault("users.info", error="fatal_error", count=5)
    await listening.people.command("U0HANA", "help")
    await listening.people.wait_for("U0HANA", "For approvers")
