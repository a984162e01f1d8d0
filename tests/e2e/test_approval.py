"""The main job as dialogues: what each person did, what each person saw, what Graph received."""

from __future__ import annotations

import asyncio

import pytest

from tests.e2e.conftest import CHANNEL, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADA = "ada.lind@contoso.com"
BO = "bo.ahlgren@contoso.com"
FREJA = "freja.lang@contoso.com"  # covered outside trusted places alone
SPECIAL = {
    "sana.iqbal@contoso.com": "may activate the directory role “Privileged Role Administrator”",
    "tor.eng@contoso.com": "“Helpdesk admins”, a group that can hold roles",
    "viktor.stein@contoso.com": "restrict",
    "rune.storm@contoso.com": "Entra admin center",
}
CLEO = "cleo.marsh@contoso.com"
NOOR = "noor.alhadid@contoso.com"
ORLA = "orla.o'brien@contoso.com"


async def test_asked_requested_approved_changed_once_and_read_back(world: World) -> None:
    ada = await world.id_of(ADA)
    await world.tenant.try_registration(ADA)
    ts = await world.opens(ADA, reason="New MacBook does not register")
    shown = await world.card(ts)
    parts = ("Ada Lind", ada, "INC-4711", "Require MFA - all users", "[Approve]", "New MacBook")
    assert [part for part in parts if part not in shown] == []

    assert await world.patches(ada) == []

    await world.presses("U0OTTO", "Approve", ts)
    done = await world.until_card(ts, "Done and read back", "Failed")
    assert "Done and read back" in done
    assert "[Approve]" not in done
    assert [entry["body"] for entry in await world.patches(ada)] == [{"perUserMfaState": "disabled"}]
    assert await world.tenant.state(ADA) == "disabled"
    await world.slack.wait_for("U0HANA", "Now let the person register again", 10)

    late = await world.clicks("U0NILS", "Approve", ts, stale=True)
    assert "carried out already" in late
    assert len(await world.patches(ada)) == 1


async def test_a_person_with_gaps_in_their_coverage_needs_two_approvers(world: World) -> None:
    freja = await world.id_of(FREJA)
    ts = await world.opens(FREJA)
    assert "some sign-ins of this user would not be asked for MFA" in await world.card(ts)

    assert "1 of 2" in await world.clicks("U0OTTO", "Approve", ts)
    assert "already counted" in await world.clicks("U0OTTO", "Approve", ts)
    assert await world.patches(freja) == []
    await world.presses("U0MIRA", "Approve", ts)
    await world.until_card(ts, "Done and read back", "Failed")
    assert len(await world.patches(freja)) == 1


@pytest.mark.parametrize("user", SPECIAL)
async def test_administrators_and_restricted_people_are_refused(world: World, user: str) -> None:
    card = await world.asks("U0HANA", f"why {user}")
    said = await world.requests(user) if "[Request disable]" in card else card

    assert SPECIAL[user] in said
    assert await world.patches(await world.id_of(user)) == []


async def test_who_may_not_approve_is_told_privately_and_nothing_happens(world: World) -> None:
    cleo = await world.id_of(CLEO)
    ts = await world.opens(CLEO, by="U0OTTO")
    everyone = ["U0OTTO", "U0OTTO2", "U0MIRA", "U0NILS", "U0GUEST", "U0NOMATCH"]
    await world.slack.usergroup("S0APPROVERS", everyone)
    refused = {
        "U0OTTO": "You asked for this change",
        "U0OTTO2": "You asked for this change",  # the same person through a second account
        "U0GUEST": "Guest accounts cannot",
        "U0NOMATCH": "belongs to nobody we can find in Entra",
        "U0HANA": "Only approvers can decide",
    }
    for user, words in refused.items():
        await world.slack.channel(CHANNEL, members=["U0BOT", "U0HANA", *everyone])
        assert words in await world.clicks(user, "Approve", ts), user
    assert "Approved by" not in await world.card(ts)

    assert "no such request" in await world.clicks("U0MIRA", "Approve", ts, value="somebody-elses:99")
    assert await world.patches(cleo) == []


async def test_the_target_cannot_approve_and_a_denial_needs_a_reason(world: World) -> None:
    await world.slack.usergroup("S0APPROVERS", ["U0OTTO", "U0MIRA", "U0NILS", "U0ADA"])
    members = ["U0BOT", "U0HANA", "U0OTTO", "U0MIRA", "U0NILS", "U0ADA"]
    await world.slack.channel(CHANNEL, members=members)
    await world.tenant.set_state(ADA, "enforced")
    await asyncio.sleep(1.1)  # sign-in records count in whole seconds; this try must be after the change
    await world.tenant.try_registration(ADA)
    ts = await world.opens(ADA)
    assert "your own account" in await world.clicks("U0ADA", "Approve", ts)

    await world.slack.click("U0OTTO", "Deny", channel=CHANNEL, message_ts=ts)
    await world.slack.wait_for("U0OTTO", "Why not?", 10)
    assert (await world.slack.submit("U0OTTO", {"reason": {"reason": "no"}}))["errors"]
    await world.slack.submit("U0OTTO", {"reason": {"reason": "The ticket does not exist"}})
    assert "[Approve]" not in await world.until_card(ts, "Denied")
    await world.slack.wait_for("U0HANA", "The ticket does not exist", 10)
    assert await world.tenant.state(ADA) == "enforced"


async def test_only_the_requester_cancels(world: World) -> None:
    ts = await world.opens(ORLA)
    assert "Only the person who asked" in await world.clicks("U0OTTO", "Cancel request", ts)
    await world.clicks("U0HANA", "Cancel request", ts)
    assert "[Approve]" not in await world.until_card(ts, "Cancelled")


async def test_one_open_request_for_a_person_is_enough(world: World) -> None:
    await world.opens(BO)
    assert "waiting for a decision" in await world.requests(BO, by="U0NILS")


async def test_two_approvers_in_the_same_moment_make_one_change(world: World) -> None:
    noor = await world.id_of(NOOR)
    await world.slack.usergroup("S0APPROVERS", ["U0OTTO", "U0MIRA", "U0NILS"])
    ts = await world.opens(NOOR)
    async with asyncio.TaskGroup() as clicks:
        for user in ("U0NILS", "U0MIRA", "U0OTTO"):
            clicks.create_task(world.presses(user, "Approve", ts))
    assert "Done" in await world.until_card(ts, "Done and read back", "Failed")
    assert len(await world.patches(noor)) == 1
