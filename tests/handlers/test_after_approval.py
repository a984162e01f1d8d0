"""Dialogues around a decided request: late clicks, undo, the hold, step-up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.approval import ChangeKind, ChangeRequest, State
from bot.domain.people import PerUserMfaState
from bot.errors import StoreUnavailable
from bot.ports import News, SwitchState
from bot.render import labels
from bot.usecases.freeze import FREEZE
from sandbox.slack.people import CannotDo
from sandbox.slack.screen import all_plain
from tests.handlers.conftest import ADA, APPROVALS, Office
from tests.handlers.test_approving import ask, click, open_form, state_of, values

WHY = {labels.REASON_FIELD: {labels.REASON_FIELD: "It was the wrong person"}}
LEASE = timedelta(minutes=1)


async def change_made(office: Office) -> ChangeRequest:
    """Ask, approve, and let the change be made and read back."""
    asked = await ask(office)
    await click(office, "U0OTTO", labels.APPROVE)
    requests = office.desk.requests
    claimed = await requests.claim(asked.id, "worker", LEASE)
    office.desk.mfa_states.states[ADA] = PerUserMfaState.DISABLED
    made = await requests.finish(asked.id, claimed.fence, State.VERIFIED, None, "")
    await office.wait_until_quiet()
    return made


async def newest_card(office: Office) -> str:
    shown = await office.people.screen("U0OTTO")
    return str(shown["channels"][APPROVALS]["messages"][-1]["plain"])


def restores(office: Office) -> list[ChangeRequest]:
    return [r for r in office.desk.requests.records.values() if r.wish.kind is ChangeKind.RESTORE]


def put_on_hold(office: Office, by: str = "U0NILS") -> None:
    office.desk.switches.thrown[FREEZE] = SwitchState(True, by, "eleven changes", office.desk.clock())


# --- what was filled in ---------------------------------------------------------------------------------


async def test_the_form_names_the_person_and_keeps_the_words_that_were_picked(office: Office) -> None:
    await open_form(office)
    shown = (await office.people.screen("U0HANA"))["modal"]["plain"]
    assert "Ada Lind  ·  ada.lind@contoso.com" in shown
    assert ADA in shown
    picked = {labels.IDENTITY_FIELD: "Video call with photo ID", labels.TIME_BOX_FIELD: "Yes, after 3 days"}
    await office.people.submit("U0HANA", values(**picked))
    await office.wait_until_quiet()
    (request,) = office.desk.requests.records.values()
    assert request.wish.identity_check == "Video call with photo ID"
    assert request.wish.restore_after_hours == 72.0
    assert "restored after 3 days unless the Mac has registered" in await newest_card(office)


async def test_the_form_cannot_be_sent_without_a_way_of_checking(office: Office) -> None:
    await open_form(office)
    sent = await office.people.submit("U0HANA", values(**{labels.IDENTITY_FIELD: ""}))
    assert labels.IDENTITY_FIELD in {**(sent.get("client_errors") or {}), **(sent.get("errors") or {})}
    assert office.desk.requests.records == {}


# --- late clicks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", [labels.APPROVE, labels.DENY, labels.CANCEL_REQUEST])
async def test_a_late_click_learns_the_state_by_whom_and_when(office: Office, label: str) -> None:
    await change_made(office)
    who = "U0HANA" if label == labels.CANCEL_REQUEST else "U0MIRA"
    await click(office, who, label, stale=True)
    shown = await office.people.wait_for(who, "was carried out already")
    said = shown["ephemerals"][-1]["plain"]
    assert "Approved by @otto" in said
    assert "UTC" in said
    assert shown["modal"] is None
    assert len(office.desk.requests.records) == 1


async def test_a_decided_card_has_no_buttons_but_undo(office: Office) -> None:
    await change_made(office)
    shown = await newest_card(office)
    assert "[Approve]" not in shown
    assert "[Undo]" in shown
    with pytest.raises(CannotDo):
        await office.people.click("U0OTTO", labels.APPROVE, channel=APPROVALS)


# --- undo -----------------------------------------------------------------------------------------------


async def undo(office: Office, user: str) -> None:
    await office.people.click(user, labels.UNDO, channel=APPROVALS)
    await office.people.wait_for(user, "Why is it taken back?")
    assert (await office.people.submit(user, WHY))["acked"]
    await office.wait_until_quiet()


async def test_undo_is_asked_for_with_a_reason_and_decided_by_another(office: Office) -> None:
    made = await change_made(office)
    await undo(office, "U0OTTO")
    (restore,) = restores(office)
    assert restore.wish.undoes == made.id
    assert restore.wish.wanted is PerUserMfaState.ENFORCED
    await office.people.wait_for("U0OTTO", "it needs one approval")
    shown = await newest_card(office)
    for words in ("set per-user MFA back to enforced", "It was the wrong person", f"request {made.id}"):
        assert words in shown
    office.desk.clock.advance(30)
    await click(office, "U0OTTO", labels.APPROVE)
    await office.people.wait_for("U0OTTO", "somebody else decides it")
    await click(office, "U0MIRA", labels.APPROVE)
    assert restores(office)[0].state is State.APPROVED


async def test_the_undo_form_names_the_person_and_wants_a_real_reason(office: Office) -> None:
    await change_made(office)
    await office.people.click("U0HANA", labels.UNDO, channel=APPROVALS)
    shown = await office.people.wait_for("U0HANA", "Why is it taken back?")
    assert "Ada Lind" in shown["modal"]["plain"]
    secret = {labels.REASON_FIELD: {labels.REASON_FIELD: "password: hunter2"}}
    sent = await office.people.submit("U0HANA", secret)
    assert "password, key or token" in sent["errors"][labels.REASON_FIELD]
    assert restores(office) == []


async def test_an_undo_sent_twice_is_one_request(office: Office) -> None:
    await change_made(office)
    await office.people.click("U0MIRA", labels.UNDO, channel=APPROVALS)
    await office.people.wait_for("U0MIRA", "Why is it taken back?")
    await office.people.socket(duplicate_next=1)
    await office.people.submit("U0MIRA", WHY)
    await office.wait_until_quiet()
    assert len(restores(office)) == 1


async def test_what_was_taken_back_already_is_refused_with_the_reason(office: Office) -> None:
    await change_made(office)
    office.desk.mfa_states.states[ADA] = PerUserMfaState.ENFORCED
    await undo(office, "U0MIRA")
    await office.people.wait_for("U0MIRA", "per-user MFA reads enforced already")
    assert restores(office) == []


async def test_an_undo_that_cannot_be_recorded_is_said_in_the_form(office: Office) -> None:
    await change_made(office)
    await office.people.click("U0MIRA", labels.UNDO, channel=APPROVALS)
    await office.people.wait_for("U0MIRA", "Why is it taken back?")
    office.desk.inbox.troubles["record"] = StoreUnavailable()
    await office.people.submit("U0MIRA", WHY)
    await office.people.wait_for("U0MIRA", "not recorded")


async def test_a_form_whose_store_hangs_says_so_in_time(office: Office) -> None:
    await change_made(office)
    office.desk.requests.delays["get"] = 10
    await office.people.click("U0MIRA", labels.UNDO, channel=APPROVALS)
    await office.people.wait_for("U0MIRA", "The bot's store did not answer")


# --- the hold -------------------------------------------------------------------------------------------


async def test_a_hold_is_announced_and_an_approver_lifts_it_with_a_reason(office: Office) -> None:
    put_on_hold(office)
    await office.desk.announcer.announce(News.FROZEN, "eleven changes within an hour", by="U0NILS")
    assert "■ Changes are on hold. " in await newest_card(office)
    await office.people.click("U0OTTO", labels.LIFT, channel=APPROVALS)
    shown = await office.people.wait_for("U0OTTO", "What did you find?")
    assert "by @nils: eleven changes" in shown["modal"]["plain"]
    found = {labels.REASON_FIELD: {labels.REASON_FIELD: "A planned migration"}}
    assert (await office.people.submit("U0OTTO", found))["acked"]
    await office.people.wait_for("U0OTTO", "Changes are no longer on hold")
    assert office.desk.switches.thrown[FREEZE].on is False
    assert "freeze.lifted" in office.desk.journal.kinds


async def test_only_approvers_lift_a_hold(office: Office) -> None:
    put_on_hold(office)
    await office.desk.announcer.announce(News.FROZEN, "eleven changes", by="U0NILS")
    await office.people.click("U0HANA", labels.LIFT, channel=APPROVALS)
    await office.people.wait_for("U0HANA", "What did you find?")
    await office.people.submit("U0HANA", WHY)
    await office.people.wait_for("U0HANA", "Only approvers can decide this")
    assert office.desk.switches.thrown[FREEZE].on is True


async def test_a_hold_that_is_over_needs_no_lifting(office: Office) -> None:
    await office.desk.announcer.announce(News.FROZEN, "eleven changes")
    await office.people.click("U0OTTO", labels.LIFT, channel=APPROVALS)
    await office.people.wait_for("U0OTTO", "There is nothing to lift")


async def test_nothing_is_approved_while_changes_are_on_hold(office: Office) -> None:
    await ask(office)
    put_on_hold(office)
    await click(office, "U0OTTO", labels.APPROVE)
    await office.people.wait_for("U0OTTO", "Changes are on hold")
    assert state_of(office) is State.PENDING
    await office.people.command("U0OTTO", "status")
    await office.people.wait_for("U0OTTO", "■ Trouble: changes")


# --- step-up --------------------------------------------------------------------------------------------


async def test_an_approval_that_needs_a_sign_in_brings_a_private_link(office: Office) -> None:
    request = await ask(office)
    records = office.desk.requests.records
    records[request.id] = replace(request, wish=replace(request.wish, step_up=True))
    await click(office, "U0OTTO", labels.APPROVE)
    shown = await office.people.wait_for("U0OTTO", "Not counted yet")
    said = shown["ephemerals"][-1]
    assert "turn per-user MFA off for Ada Lind" in said["plain"]
    assert "works once" in said["plain"]
    (buttons,) = [block for block in said["blocks"] if block["type"] == "actions"]
    assert buttons["elements"][0]["url"].startswith("https://bot.contoso.com/step-up/")
    assert state_of(office) is State.PENDING
    assert "Not counted yet" not in all_plain(await office.people.screen("U0MIRA"))
    before = len(shown["ephemerals"])
    assert (await office.people.click("U0OTTO", labels.SIGN_IN))["acked"]
    assert len((await office.people.screen("U0OTTO"))["ephemerals"]) == before
    assert office.desk.inbox.waiting == []


# --- news -----------------------------------------------------------------------------------------------


async def test_news_reach_the_thread_and_the_person_with_their_detail(office: Office) -> None:
    made = await change_made(office)
    await office.desk.announcer.reply(made, News.METHODS_CHANGED, "A phone was added.")
    await office.desk.announcer.tell("U0HANA", made, News.METHODS_CHANGED, "A phone was added.")
    thread = (await office.people.screen("U0OTTO"))["channels"][APPROVALS]["messages"][-1]["thread"]
    assert "A phone was added." in thread[-1]["plain"]
    told = (await office.people.screen("U0HANA"))["direct_messages"]
    assert "A phone was added." in told[-1]["plain"]
