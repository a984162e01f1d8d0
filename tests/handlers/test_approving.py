from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.approval import ChangeRequest, State
from bot.errors import AuditUnavailable, BotError, NotAllowed, StoreUnavailable
from bot.render import labels
from bot.usecases.deliver import deliver
from handlers import kinds
from sandbox.slack.screen import all_plain
from tests.handlers.conftest import ADA, APPROVALS, HANA, Office
from tests.usecases.requests import a_wish

VERDICT = "Per-user MFA blocks Platform SSO"
FORM = {
    labels.REASON_FIELD: "Cannot register the new Mac",
    labels.TICKET_FIELD: "INC-4711",
    labels.IDENTITY_FIELD: "hr_number",
    labels.TIME_BOX_FIELD: "no",
}


def values(**changes: str) -> dict[str, dict[str, str]]:
    return {field: {field: text} for field, text in {**FORM, **changes}.items()}


async def open_form(office: Office) -> None:
    await office.people.command("U0HANA", "why ada.lind@contoso.com")
    await office.people.wait_for("U0HANA", VERDICT)
    await office.people.click("U0HANA", labels.REQUEST_DISABLE)
    await office.people.wait_for("U0HANA", "How was their identity checked?")


async def ask(office: Office) -> ChangeRequest:
    """Ask for the change as Hana does, and let the approvers have time to read."""
    await open_form(office)
    sent = await office.people.submit("U0HANA", values())
    assert sent["acked"]
    await office.people.wait_for("U0OTTO", "Waiting for approval")
    await office.wait_until_quiet()
    office.desk.clock.advance(30)
    (request,) = office.desk.requests.records.values()
    return request


def a_young_account(office: Office) -> None:
    """Make Ada's account new, so that two have to approve."""
    directory = office.desk.directory
    ada = next(user for user in directory.users if user.id == ADA)
    directory.change(ada, created_at=office.desk.clock() - timedelta(days=1))


async def card(office: Office) -> str:
    shown = await office.people.screen("U0OTTO")
    (message,) = shown["channels"][APPROVALS]["messages"]
    text: str = message["plain"]
    return text


def state_of(office: Office) -> State:
    (request,) = office.desk.requests.records.values()
    return request.state


async def click(office: Office, user: str, label: str, **how: Any) -> None:
    assert (await office.people.click(user, label, channel=APPROVALS, **how))["acked"]
    await office.wait_until_quiet()


async def test_a_request_goes_to_the_approvers(office: Office) -> None:
    request = await ask(office)
    assert request.wish.target.object_id == ADA
    assert request.wish.requester.object_id == HANA
    assert request.card is not None
    shown = await card(office)
    for words in (
        "Cannot register the new Mac",
        "INC-4711",
        "Called back on the number in the HR record",
        "Needs 1 approval",
        "[Approve] [Deny] [Cancel request]",
    ):
        assert words in shown
    await office.people.wait_for("U0HANA", "Sent to the approvers; it needs one approval")
    await office.people.wait_for("U0HANA", f"Request {request.id}")


async def test_the_modal_opens_without_asking_graph(listening: Office, office: Office) -> None:
    await office.people.command("U0HANA", "why ada.lind@contoso.com")
    await office.people.wait_for("U0HANA", VERDICT)
    office.desk.directory.calls.clear()
    office.desk.sign_in_log.calls.clear()
    await office.people.click("U0HANA", labels.REQUEST_DISABLE)
    await office.people.wait_for("U0HANA", "How was their identity checked?")
    assert office.desk.directory.calls == office.desk.sign_in_log.calls == []


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        (labels.REASON_FIELD, "x", "too short"),
        (labels.REASON_FIELD, "password: hunter2", "password, key or token"),
        (labels.TICKET_FIELD, "xoxb-123456-abcdef", "password, key or token"),
        (labels.IDENTITY_FIELD, "trust me", "to make sure who is asking"),
        (labels.TIME_BOX_FIELD, "0.01", "not one of the choices"),
    ],
)
async def test_a_field_that_cannot_be_used_is_said_in_the_form(
    office: Office, field: str, text: str, words: str
) -> None:
    await open_form(office)
    sent = await office.people.submit("U0HANA", values(**{field: text}))
    assert words in sent["errors"][field]
    assert office.desk.requests.records == {}


async def test_one_approval_carries_in_the_ordinary_case(office: Office) -> None:
    await ask(office)
    await click(office, "U0OTTO", labels.APPROVE)
    assert state_of(office) is State.APPROVED
    shown = await card(office)
    assert "[Approve]" not in shown
    assert "Approved by @otto" in shown


async def test_two_approvals_carry_what_needs_two(office: Office) -> None:
    a_young_account(office)
    await ask(office)
    assert "Needs 2 approvals of different people (the account is younger than 7 days)" in await card(office)
    await click(office, "U0OTTO", labels.APPROVE)
    assert state_of(office) is State.PENDING
    assert "Approved by @otto" in await card(office)
    await office.people.wait_for("U0OTTO", "Your approval is counted: 1 of 2")
    await click(office, "U0MIRA", labels.APPROVE)
    assert state_of(office) is State.APPROVED
    shown = await card(office)
    assert "[Approve]" not in shown
    assert "▷ Approved" in shown


async def test_a_click_delivered_twice_is_one_vote(office: Office) -> None:
    a_young_account(office)
    await ask(office)
    await office.people.socket(duplicate_next=1)
    await click(office, "U0OTTO", labels.APPROVE)
    (request,) = office.desk.requests.records.values()
    assert len(request.votes) == 1


@pytest.mark.parametrize(
    ("user", "words"),
    [("U0HANA", "Only approvers can decide this"), ("U0OTTO2", "Only approvers can decide this")],
)
async def test_who_may_not_approve_is_told_so_privately(office: Office, user: str, words: str) -> None:
    await ask(office)
    await click(office, user, labels.APPROVE)
    await office.people.wait_for(user, words)
    assert words not in all_plain(await office.people.screen("U0MIRA"))
    (request,) = office.desk.requests.records.values()
    assert request.votes == ()
    assert "refused" in office.desk.journal.kinds


async def test_the_requester_cannot_approve_although_an_approver(office: Office) -> None:
    await ask(office)
    await office.people.usergroup("S0APPROVERS", ["U0HANA", "U0OTTO"])
    await click(office, "U0HANA", labels.APPROVE)
    await office.people.wait_for("U0HANA", "somebody else decides it")


async def test_somebody_removed_a_second_ago_cannot_approve(office: Office) -> None:
    a_young_account(office)
    await ask(office)
    await click(office, "U0OTTO", labels.APPROVE)
    await office.people.usergroup("S0APPROVERS", ["U0OTTO", "U0NILS"])
    await click(office, "U0MIRA", labels.APPROVE)
    await office.people.wait_for("U0MIRA", "Only approvers")
    assert state_of(office) is State.PENDING


async def test_groups_that_cannot_be_read_refuse(office: Office) -> None:
    await ask(office)
    await office.people.fault("usergroups.users.list", error="plan_upgrade_required", count=3)
    await click(office, "U0OTTO", labels.APPROVE)
    await office.people.wait_for("U0OTTO", "could not be checked just now")
    assert state_of(office) is State.PENDING


async def test_nothing_is_decided_once_the_channel_is_shared_outside(office: Office) -> None:
    await ask(office)
    await office.people.channel(APPROVALS, is_ext_shared=True)  # looked at within the last minute
    await click(office, "U0OTTO", labels.APPROVE)
    await office.people.wait_for("U0OTTO", "shared with another organisation")
    assert state_of(office) is State.PENDING


@pytest.mark.parametrize(
    "value", ["other:1", "", "nonsense", ":", "x" * 1900, "{t}:1", "req\x00:1", "id-1:-5"]
)
async def test_an_invented_value_decides_nothing(office: Office, value: str) -> None:
    await ask(office)
    await click(office, "U0OTTO", labels.APPROVE, value=value)
    await office.people.wait_for("U0OTTO", "Reference")
    (request,) = office.desk.requests.records.values()
    assert request.votes == ()
    assert len(office.desk.requests.records) == 1


async def test_a_later_version_than_was_shown_is_invented(office: Office) -> None:
    request = await ask(office)
    await click(office, "U0OTTO", labels.APPROVE, value=f"{request.id}:99")
    await office.people.wait_for("U0OTTO", "out of date")


async def test_a_click_right_after_the_card_appeared_is_too_soon(office: Office) -> None:
    await ask(office)
    office.desk.clock.advance(-30)
    await click(office, "U0OTTO", labels.APPROVE)
    await office.people.wait_for("U0OTTO", "That was very fast")


async def test_deny_needs_a_reason_and_tells_it(office: Office) -> None:
    await ask(office)
    await office.people.click("U0OTTO", labels.DENY, channel=APPROVALS)
    await office.people.wait_for("U0OTTO", "Why not?")
    assert "client_errors" in await office.people.submit("U0OTTO", {})
    refused = await office.people.submit("U0OTTO", {"reason": {"reason": "no"}})
    assert "too short" in refused["errors"]["reason"]
    sent = await office.people.submit("U0OTTO", {"reason": {"reason": "Call the person first"}})
    assert sent["acked"]
    await office.wait_until_quiet()
    assert state_of(office) is State.DENIED
    shown = await card(office)
    assert "■ Denied" in shown
    assert "Call the person first" in shown
    await office.people.wait_for("U0HANA", "Reason: Call the person first")


async def test_somebody_without_the_right_can_open_deny_but_not_use_it(office: Office) -> None:
    await ask(office)
    await office.people.click("U0HANA", labels.DENY, channel=APPROVALS)
    await office.people.wait_for("U0HANA", "Why not?")
    await office.people.submit("U0HANA", {"reason": {"reason": "I changed my mind"}})
    await office.people.wait_for("U0HANA", "Only approvers can decide this")
    assert state_of(office) is State.PENDING


async def test_the_requester_can_cancel(office: Office) -> None:
    await ask(office)
    await click(office, "U0OTTO", labels.CANCEL_REQUEST)
    await office.people.wait_for("U0OTTO", "Only the person who asked can cancel")
    await click(office, "U0HANA", labels.CANCEL_REQUEST)
    assert state_of(office) is State.CANCELLED
    assert "□ Cancelled" in await card(office)
    await office.people.wait_for("U0HANA", "The request is withdrawn")


async def test_a_decided_request_says_so_to_late_clicks(office: Office) -> None:
    await ask(office)
    await click(office, "U0HANA", labels.CANCEL_REQUEST)
    await click(office, "U0OTTO", labels.APPROVE, stale=True)
    await office.people.wait_for("U0OTTO", "was withdrawn already")
    await office.people.wait_for("U0OTTO", "@hana withdrew it")


async def test_an_expired_request_cannot_be_approved(office: Office) -> None:
    await ask(office)
    office.desk.clock.advance(31 * 60)
    await click(office, "U0OTTO", labels.APPROVE)
    await office.people.wait_for("U0OTTO", "has expired")
    assert state_of(office) is State.EXPIRED


async def test_no_journal_no_vote(office: Office) -> None:
    await ask(office)
    office.desk.journal.troubles["write"] = AuditUnavailable()
    await click(office, "U0OTTO", labels.APPROVE)
    await office.people.wait_for("U0OTTO", "The journal could not be written")
    (request,) = office.desk.requests.records.values()
    assert request.votes == ()


async def test_a_click_that_cannot_be_recorded_is_said(listening: Office, office: Office) -> None:
    await ask(office)
    office.desk.inbox.troubles["record"] = StoreUnavailable()
    await office.people.click("U0OTTO", labels.APPROVE, channel=APPROVALS)
    await office.people.wait_for("U0OTTO", "not recorded")
    (request,) = office.desk.requests.records.values()
    assert request.votes == ()


async def test_a_form_that_comes_again_is_answered_as_before_whatever_holds_by_now(office: Office) -> None:
    """Its answer may have been lost with the process that gave it."""
    await ask(office)
    (form,) = [job for job in office.desk.inbox.finished if job.kind == kinds.REQUEST_DISABLE]
    await office.people.channel(APPROVALS, is_ext_shared=True)
    assert office.desk.answers is not None
    office.desk.answers.kept.clear()
    before = all_plain(await office.people.screen("U0HANA")).count("Sent to the approvers")

    office.desk.inbox.taken[form.id] = form
    office.desk.inbox.abandon()
    await office.wait_until_quiet()

    shown = all_plain(await office.people.screen("U0HANA"))
    assert shown.count("Sent to the approvers") == before + 1
    assert "Nothing was sent" not in shown
    assert len(office.desk.requests.records) == 1


async def test_nothing_is_said_to_be_sent_once_the_approval_channel_is_shared_outside(office: Office) -> None:
    await open_form(office)
    await office.people.channel(APPROVALS, is_ext_shared=True)

    await office.people.submit("U0HANA", values())

    shown = all_plain(await office.people.wait_for("U0HANA", "it is shared with another organisation"))
    assert "Nothing was sent" in shown
    assert "PSSO_APPROVAL_CHANNEL" in shown
    assert "Sent to the approvers" not in shown
    assert office.desk.requests.records == {}


async def test_who_asked_is_told_when_the_channel_was_shared_a_moment_before(listening: Office) -> None:
    """After the request was opened in good faith, and before its card was posted."""
    hana = replace(a_wish().requester, slack_id="U0HANA")
    await listening.desk.requests.open(
        a_wish(requester=hana, expires_at=listening.desk.now() + timedelta(minutes=30)), "op"
    )
    await listening.people.channel(APPROVALS, is_ext_shared=True)

    (job,) = [job for job in await listening.desk.outbox.take("w", 9, 0) if job.body["state"] == "pending"]
    with pytest.raises(NotAllowed):
        await deliver(job, listening.desk)

    shown = all_plain(
        await listening.people.wait_for("U0HANA", "could not be posted to the approval channel")
    )
    assert "because it is shared with another organisation" in shown
    assert "PSSO_APPROVAL_CHANNEL" in shown


async def test_a_vote_whose_answer_got_lost_is_found_out_and_told(office: Office) -> None:
    """It may have counted, so nobody is told that it did not."""
    a_young_account(office)
    await ask(office)
    office.desk.requests.lost_replies.append("vote")
    await office.people.click("U0OTTO", labels.APPROVE, channel=APPROVALS)
    await office.people.wait_for("U0OTTO", "If you see no result within two minutes")

    office.desk.inbox.abandon()

    await office.people.wait_for("U0OTTO", "Your approval is counted: 1 of 2")
    await office.wait_until_quiet()
    (request,) = office.desk.requests.records.values()
    assert len(request.votes) == 1


async def test_a_vote_that_may_have_counted_waits_for_the_journal_too(office: Office) -> None:
    a_young_account(office)
    await ask(office)
    office.desk.requests.lost_replies.append("vote")
    await office.people.click("U0OTTO", labels.APPROVE, channel=APPROVALS)
    await office.people.wait_for("U0OTTO", "If you see no result within two minutes")
    troubles: list[BotError | None] = [AuditUnavailable()]
    office.desk.journal.troubles["write"] = troubles

    office.desk.inbox.abandon()
    async with asyncio.timeout(5):
        while troubles:
            await asyncio.sleep(0.01)
    office.desk.inbox.abandon()

    shown = await office.people.wait_for("U0OTTO", "Your approval is counted: 1 of 2")
    assert "The journal could not be written" not in all_plain(shown)


async def test_a_form_that_cannot_be_recorded_is_said_in_the_form(office: Office) -> None:
    await open_form(office)
    office.desk.inbox.troubles["record"] = StoreUnavailable()
    await office.people.submit("U0HANA", values())
    shown = await office.people.wait_for("U0HANA", "not recorded")
    assert "not recorded" in shown["modal"]["plain"]


async def test_a_second_request_for_the_same_person_is_refused(office: Office) -> None:
    await ask(office)
    await open_form(office)
    await office.people.submit("U0HANA", values())
    await office.people.wait_for("U0HANA", "is still waiting for a decision")
    assert len(office.desk.requests.records) == 1


async def test_pending_and_history_show_it(office: Office) -> None:
    await ask(office)
    await office.people.command("U0OTTO", "pending")
    await office.people.wait_for("U0OTTO", "1 open request")
    await office.people.command("U0OTTO", "history <@U0ADA>")
    await office.people.wait_for("U0OTTO", "Requests for Ada Lind")


async def test_a_bug_in_a_form_does_not_look_like_success(office: Office) -> None:
    await open_form(office)
    troubles: Any = office.desk.inbox.troubles
    troubles["record"] = ValueError("inside")
    assert (await office.people.submit("U0HANA", values()))["acked"]
    shown = await office.people.wait_for("U0HANA", "did not foresee")
    assert "Reference" in shown["modal"]["plain"]
    assert "inside" not in shown["modal"]["plain"]
