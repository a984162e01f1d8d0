from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.errors import AuditUnavailable, GraphThrottled, GraphUnreachable, StoreUnavailable
from bot.render import labels
from sandbox.slack.screen import all_plain
from tests.handlers.conftest import APPROVALS, Office

ASK = "why ada.lind@contoso.com"
VERDICT = "Per-user MFA blocks Platform SSO"


async def ephemerals(office: Office, user: str) -> list[str]:
    shown = await office.people.screen(user)
    return [message["plain"] for message in shown["ephemerals"]]


async def test_why_answers_the_asker_alone(office: Office) -> None:
    assert (await office.people.command("U0HANA", ASK))["acked"]
    shown = await office.people.wait_for("U0HANA", VERDICT)
    card = shown["ephemerals"][-1]["plain"]
    for words in ("■ Blocked", "Ada Lind", "50076", "What to do", "Newest broker sign-in 20 min ago"):
        assert words in card
    assert "[Request disable] [Check again] [Show sign-ins]" in card
    assert VERDICT not in all_plain(await office.people.screen("U0OTTO"))


@pytest.mark.parametrize(
    "typed",
    [
        "ada.lind@contoso.com",
        "why <@U0ADA>",
        "<@U0ADA|ada>",
        "WHY <mailto:ada.lind@contoso.com|ada.lind@contoso.com>",
        "why “Ada.Lind@contoso.com”",
        "why 00000000-0000-4000-8000-000000000015",
    ],
)
async def test_a_person_can_be_named_in_many_ways(office: Office, typed: str) -> None:
    await office.people.command("U0HANA", typed)
    await office.people.wait_for("U0HANA", VERDICT)


async def test_a_pinned_mention_wins_over_the_address(office: Office) -> None:
    await office.people.person("U0ADA", email="someone.else@contoso.com")
    pins: Any = office.desk.rules.pins
    pins["U0ADA"] = "00000000-0000-4000-8000-000000000015"
    await office.people.command("U0HANA", "why <@U0ADA>")
    await office.people.wait_for("U0HANA", VERDICT)


async def test_a_mention_without_an_address_asks_for_one(office: Office) -> None:
    await office.people.command("U0HANA", "why <@U0NOMAIL>")
    await office.people.wait_for("U0HANA", "type the address instead")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("help", "Apple Business"),
        ("why", "a command without a person"),
    ],
)
async def test_answers_that_need_no_work_come_with_the_ack(listening: Office, typed: str, words: str) -> None:
    typed_it = await listening.people.command("U0HANA", typed)
    assert typed_it["acked"]
    await listening.people.wait_for("U0HANA", words)
    assert listening.desk.inbox.recorded == set()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("explain AADSTS50076", "What to do"),
        ("50076", "What to do"),
        ("explain good morning", "nothing with an AADSTS code in it"),
        ("pending", "Nothing waits for a decision"),
        ("history ada.lind@contoso.com", "There was no request for this person before"),
        ("history nobody@contoso.com", "Nobody in the tenant answers to"),
        ("status", "Everything answers"),
        ("alerts", "no channel is set"),
        ("alerts ada.lind@contoso.com", "no channel is set"),
    ],
)
async def test_other_questions(office: Office, typed: str, words: str) -> None:
    await office.people.command("U0HANA", typed)
    await office.people.wait_for("U0HANA", words)


async def test_status_names_what_does_not_answer(office: Office) -> None:
    office.desk.policies.troubles["security_defaults"] = GraphThrottled("security defaults", retry_after=9)
    await office.people.command("U0HANA", "status")
    await office.people.wait_for("U0HANA", "■ Trouble: Microsoft Graph")


async def test_status_does_not_take_what_was_kept_for_an_answer(office: Office) -> None:
    office.desk.directory.troubles["search"] = GraphUnreachable("users", 503)
    await office.people.command("U0HANA", "status")
    await office.people.wait_for("U0HANA", "■ Trouble: Microsoft Graph")


async def test_recorded_before_it_is_acknowledged_and_without_graph(listening: Office) -> None:
    assert (await listening.people.command("U0HANA", ASK))["acked"]
    (job,) = listening.desk.inbox.waiting
    assert (job.kind, job.body["asked"]) == ("why", "ada.lind@contoso.com")
    assert listening.desk.directory.calls == []
    assert listening.desk.sign_in_log.calls == []


async def test_a_store_that_fails_is_said_at_once(listening: Office) -> None:
    listening.desk.inbox.troubles["record"] = StoreUnavailable()
    typed = await listening.people.command("U0HANA", ASK)
    assert typed["acked"]
    assert "not recorded" in typed["response"]["text"]
    assert "Reference" in typed["response"]["text"]


async def test_a_store_that_hangs_is_given_up_in_time(listening: Office) -> None:
    listening.desk.inbox.delays["record"] = 30
    typed = await listening.people.command("U0HANA", ASK)
    assert typed["acked"]
    assert typed["ack_ms"] < 3000
    assert "not recorded" in typed["response"]["text"]


async def test_a_command_delivered_twice_is_answered_once(office: Office) -> None:
    await office.people.socket(duplicate_next=1)
    await office.people.command("U0HANA", ASK)
    await office.people.wait_for("U0HANA", VERDICT)
    await office.wait_until_quiet()
    assert len(office.desk.inbox.finished) == 1
    assert len([text for text in await ephemerals(office, "U0HANA") if VERDICT in text]) == 1


async def test_a_bug_shows_a_reference_and_nothing_else(listening: Office) -> None:
    troubles: Any = listening.desk.inbox.troubles
    troubles["record"] = ValueError("secret inside xoxb-1")
    typed = await listening.people.command("U0HANA", ASK)
    assert typed["acked"]
    shown = all_plain(await listening.people.screen("U0HANA"))
    assert "Reference id-" in shown
    assert "secret inside" not in shown
    assert "Traceback" not in shown


async def test_a_bug_in_the_work_is_told_once_and_tried_again(office: Office) -> None:
    troubles: Any = office.desk.directory.troubles
    troubles["find_user"] = KeyError("a bug")
    await office.people.command("U0HANA", ASK)
    await office.people.wait_for("U0HANA", "did not foresee")
    shown = all_plain(await office.people.screen("U0HANA"))
    assert "Reference id-" in shown
    assert "KeyError" not in shown


async def test_a_slow_answer_is_announced_first(office: Office) -> None:
    office.desk.sign_in_log.delays["of_user"] = 1.5
    await office.people.command("U0HANA", ASK)
    await office.people.wait_for("U0HANA", "Looking up")
    await office.people.wait_for("U0HANA", VERDICT)
    shown = await ephemerals(office, "U0HANA")
    assert "Looking up" in shown[0]
    assert VERDICT in shown[-1]


@pytest.mark.parametrize(
    ("user", "because"),
    [
        ("U0GUEST", "guest"),
        ("U0ULTRA", "guest"),
        ("U0STRANGER", "outsider"),
        ("U0PARTNER", "outsider"),
        ("U0GONE", "deactivated"),
        ("U0OTHERBOT", "bot"),
    ],
)
async def test_who_is_no_full_member_is_refused(office: Office, user: str, because: str) -> None:
    await office.people.command(user, ASK, force=True)
    await office.wait_until_quiet()
    assert office.desk.sign_in_log.calls == []
    assert [entry.kind for entry in office.desk.journal.entries] == ["refused"]
    detail = office.desk.journal.entries[0].detail
    assert detail["slack_id"] == user
    # A stranger's payload names their own team, which is refused before anything is recorded.
    assert detail["because"] in (because, "wrong_workspace")


async def test_a_refusal_is_private_and_says_what_next(office: Office) -> None:
    await office.people.command("U0GUEST", ASK)
    await office.people.wait_for("U0GUEST", "Guest accounts cannot use this. Ask a full member")
    assert "Guest accounts" not in all_plain(await office.people.screen("U0HANA"))


async def test_only_the_helpdesk_may_ask_when_there_is_one(office: Office) -> None:
    object.__setattr__(office.desk.rules, "helpdesk", frozenset({"S0HELPDESK"}))
    await office.people.command("U0IVO", ASK)
    await office.people.wait_for("U0IVO", "Only the helpdesk can ask this")
    await office.people.command("U0HANA", ASK)
    await office.people.wait_for("U0HANA", VERDICT)


async def test_nothing_is_answered_in_a_channel_shared_with_others(office: Office) -> None:
    await office.people.command("U0HANA", ASK, channel="C0SHARED")
    await office.people.wait_for("U0HANA", "shared with another organisation")
    assert office.desk.sign_in_log.calls == []


async def test_a_private_answer_works_where_the_bot_is_not(office: Office) -> None:
    await office.people.command("U0HANA", ASK, channel="C0NOBOT")
    await office.people.wait_for("U0HANA", VERDICT)


async def test_slack_not_answering_refuses(office: Office) -> None:
    await office.people.fault("users.info", error="fatal_error", count=9)
    await office.people.command("U0HANA", ASK)
    await office.people.wait_for("U0HANA", "could not be checked just now")
    assert office.desk.sign_in_log.calls == []


async def test_a_refusal_stands_although_the_journal_is_down(office: Office) -> None:
    office.desk.journal.troubles["write"] = AuditUnavailable()
    await office.people.command("U0GUEST", ASK, force=True)
    await office.people.wait_for("U0GUEST", "Guest accounts cannot use this")


async def test_a_used_up_response_url_is_no_dead_end(office: Office) -> None:
    await office.people.fault("response_url", status=404, error="used_url", count=9)
    await office.people.command("U0HANA", ASK)
    await office.people.wait_for("U0HANA", VERDICT)
    assert await office.people.calls("chat.postEphemeral")


async def test_where_no_ephemeral_is_possible_a_direct_message_is(office: Office) -> None:
    await office.people.fault("response_url", status=404, error="expired_url", count=9)
    await office.people.command("U0HANA", ASK, channel="C0NOBOT")
    shown = await office.people.wait_for("U0HANA", VERDICT)
    assert VERDICT in shown["direct_messages"][-1]["plain"]


async def test_check_again_replaces_the_card_with_fresh_evidence(office: Office) -> None:
    await office.people.command("U0HANA", ASK)
    await office.people.wait_for("U0HANA", VERDICT)
    office.desk.clock.advance(120)
    await office.people.click("U0HANA", labels.CHECK_AGAIN)
    await office.wait_until_quiet()
    cards = [text for text in await ephemerals(office, "U0HANA") if VERDICT in text]
    assert len(cards) == 1
    assert "Newest broker sign-in 22 min ago" in cards[0]


async def test_show_sign_ins(office: Office) -> None:
    await office.people.command("U0HANA", ASK)
    await office.people.wait_for("U0HANA", VERDICT)
    await office.people.click("U0HANA", labels.SHOW_SIGN_INS)
    shown = await office.people.wait_for("U0HANA", "newest first")
    assert "AADSTS50076" in shown["modal"]["plain"]
    assert "Device Registration Service" in shown["modal"]["plain"]


async def test_sign_ins_are_shown_to_nobody_who_may_not_ask(office: Office) -> None:
    await office.people.command("U0HANA", ASK)
    await office.people.wait_for("U0HANA", VERDICT)
    object.__setattr__(office.desk.rules, "helpdesk", frozenset({"S0APPROVERS"}))
    await office.people.click("U0HANA", labels.SHOW_SIGN_INS)
    shown = await office.people.wait_for("U0HANA", "Only the helpdesk")
    assert "AADSTS50076" not in shown["modal"]["plain"]


async def test_an_old_answers_buttons_say_so(office: Office) -> None:
    await office.people.command("U0HANA", ASK)
    await office.people.wait_for("U0HANA", VERDICT)
    office.desk.clock.advance(timedelta(days=1).total_seconds())
    await office.people.click("U0HANA", labels.CHECK_AGAIN)
    await office.people.wait_for("U0HANA", "out of date")
    await office.people.click("U0HANA", labels.SHOW_SIGN_INS)
    shown = await office.people.wait_for("U0HANA", "Sign-ins")
    assert "out of date" in shown["modal"]["plain"]


async def test_share_shows_everyone_the_name_and_no_more(office: Office) -> None:
    await office.people.command("U0HANA", ASK)
    await office.people.wait_for("U0HANA", VERDICT)
    await office.people.click("U0HANA", labels.SHARE)
    shown = await office.people.wait_for("U0OTTO", VERDICT)
    (shared,) = shown["channels"]["C0GENERAL"]["messages"]
    assert "Ada Lind" in shared["plain"]
    assert "contoso.com" not in str(shared["blocks"])


async def test_nothing_is_shared_where_the_bot_cannot_see_who_reads(office: Office) -> None:
    await office.people.command("U0NILS", ASK, channel="C0SECRET")
    await office.people.wait_for("U0NILS", VERDICT)
    await office.people.click("U0NILS", labels.SHARE)
    shown = await office.people.wait_for("U0NILS", "could not be checked")
    assert shown["channels"]["C0SECRET"]["messages"] == []


async def test_what_the_mac_says_can_be_pasted(office: Office) -> None:
    await office.people.command("U0HANA", ASK)
    await office.people.wait_for("U0HANA", VERDICT)
    await office.people.click("U0HANA", labels.PASTE_APP_SSO)
    await office.people.wait_for("U0HANA", "app-sso platform -s")
    pasted = (
        'Device Configuration:\n {\n  "registrationCompleted" : false,\n  "loginType" : "Password (1)"\n }\n'
    )
    sent = await office.people.submit("U0HANA", {labels.PASTE_FIELD: {labels.PASTE_FIELD: pasted}})
    assert sent["acked"]
    await office.wait_until_quiet()
    cards = [text for text in await ephemerals(office, "U0HANA") if "What to do" in text]
    assert len(cards) == 2


async def test_approvals_are_not_answered_by_listeners(listening: Office) -> None:
    await listening.people.command("U0HANA", "pending", channel=APPROVALS)
    assert [job.kind for job in listening.desk.inbox.waiting] == ["pending"]


async def test_asking_in_the_bots_own_direct_message(office: Office) -> None:
    await office.people.command("U0HANA", ASK, channel="U0BOT")
    await office.people.wait_for("U0HANA", VERDICT)


async def test_events_nobody_asked_for_are_left_alone(office: Office) -> None:
    heard = await office.people.message("U0HANA", "C0GENERAL", "hello <@U0BOT>")
    assert all(event["acked"] for event in heard["events"])
