"""Asking without the command's words: the form, shortcuts, mentions, direct messages, and typed names."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.errors import GraphThrottled
from bot.render import labels
from sandbox.slack.screen import all_plain
from tests.fakes import a_user
from tests.handlers.conftest import ADA, Office

VERDICT = "Per-user MFA blocks Platform SSO"


async def top_modal(office: Office, user: str) -> dict[str, Any]:
    """Return the form on top; Slack has the acknowledgement before the form."""
    async with asyncio.timeout(5):
        while not (top := (await office.people.screen(user))["modal"]):
            await asyncio.sleep(0.02)
    return dict(top)


def picked(slack_id: str) -> dict[str, Any]:
    return {labels.PERSON_FIELD: {labels.PERSON_FIELD: slack_id}}


def typed(account: str) -> dict[str, Any]:
    return {labels.ACCOUNT_FIELD: {labels.ACCOUNT_FIELD: account}}


async def test_a_bare_command_asks_whom_it_is_about(office: Office) -> None:
    assert (await office.people.command("U0HANA", ""))["acked"]
    assert "Who cannot register?" in (await top_modal(office, "U0HANA"))["plain"]
    await office.people.submit("U0HANA", picked("U0ADA"))
    shown = await office.people.wait_for("U0HANA", VERDICT)
    assert shown["modal"] is None
    assert VERDICT not in all_plain(await office.people.screen("U0OTTO"))


async def test_the_form_takes_an_account_as_well(office: Office) -> None:
    await office.people.shortcut("U0HANA", labels.ON_SHORTCUT)
    await office.people.submit("U0HANA", typed("ada.lind@contoso.com"))
    await office.people.wait_for("U0HANA", VERDICT)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "Choose a colleague above, or type an account here."),
        (picked("U0ADA") | typed("ivo@contoso.com"), "not both"),
    ],
)
async def test_the_form_wants_exactly_one_person(office: Office, values: dict[str, Any], words: str) -> None:
    await office.people.shortcut("U0HANA", labels.ON_SHORTCUT)
    answer = await office.people.submit("U0HANA", values)
    assert words in answer["errors"][labels.ACCOUNT_FIELD]
    assert office.desk.inbox.recorded == set()


async def test_a_form_that_does_not_open_becomes_help(office: Office) -> None:
    await office.people.fault("views.open", error="expired_trigger_id", times=1)
    await office.people.command("U0HANA", "")
    await office.people.wait_for("U0HANA", "Platform SSO: what can be asked")


async def test_a_message_shortcut_finds_the_account(office: Office) -> None:
    said = await office.people.message("U0IVO", "C0GENERAL", "ada.lind@contoso.com cannot register, help")
    await office.people.shortcut(
        "U0HANA", labels.ON_MESSAGE_SHORTCUT, channel="C0GENERAL", message_ts=said["ts"]
    )
    await office.people.wait_for("U0HANA", VERDICT)
    assert VERDICT not in all_plain(await office.people.screen("U0IVO"))


async def test_a_message_shortcut_explains_a_code(office: Office) -> None:
    said = await office.people.message("U0IVO", "C0GENERAL", "my Mac says AADSTS50076, what now?")
    await office.people.shortcut(
        "U0HANA", labels.ON_MESSAGE_SHORTCUT, channel="C0GENERAL", message_ts=said["ts"]
    )
    await office.people.wait_for("U0HANA", "What to do")


async def test_a_message_that_names_nobody_offers_its_author(office: Office) -> None:
    said = await office.people.message("U0ADA", "C0GENERAL", "my Mac asks me to register and nothing happens")
    await office.people.shortcut(
        "U0HANA", labels.ON_MESSAGE_SHORTCUT, channel="C0GENERAL", message_ts=said["ts"]
    )
    assert "Whom is it about?" in (await top_modal(office, "U0HANA"))["plain"]
    await office.people.submit("U0HANA", picked("U0ADA"))
    await office.people.wait_for("U0HANA", VERDICT)


async def test_a_mention_is_answered_for_the_asker_alone(office: Office) -> None:
    await office.people.message("U0HANA", "C0GENERAL", "<@U0BOT> why ada.lind@contoso.com")
    await office.people.wait_for("U0HANA", VERDICT)
    assert VERDICT not in all_plain(await office.people.screen("U0OTTO"))


async def test_a_direct_message_is_answered_there(office: Office) -> None:
    await office.people.message("U0HANA", "U0BOT", "ada.lind@contoso.com")
    await office.people.wait_for("U0HANA", VERDICT)
    await office.people.message("U0HANA", "U0BOT", "help")
    await office.people.wait_for("U0HANA", "Platform SSO: what can be asked")


async def test_who_asks_in_a_thread_is_answered_there(office: Office) -> None:
    said = await office.people.message("U0IVO", "C0GENERAL", "my Mac is stuck")
    asked = "<@U0BOT> explain 50076"
    await office.people.message("U0HANA", "C0GENERAL", asked, thread_ts=said["ts"])
    shown = await office.people.wait_for("U0HANA", "What to do")
    assert shown["ephemerals"][-1]["thread_ts"] == said["ts"]

    direct = await office.people.message("U0HANA", "U0BOT", "help")
    await office.people.message("U0HANA", "U0BOT", "why", thread_ts=direct["ts"])
    shown = await office.people.wait_for("U0HANA", "a command without a person")
    (thread,) = [one["thread"] for one in shown["direct_messages"] if one["ts"] == direct["ts"]]
    assert "a command without a person" in thread[-1]["plain"]


async def test_a_thread_that_takes_no_answer_is_no_dead_end(office: Office) -> None:
    said = await office.people.message("U0IVO", "C0GENERAL", "my Mac is stuck")
    await office.people.fault("chat.postEphemeral", error="user_not_in_channel", count=1)
    await office.people.message("U0HANA", "C0GENERAL", "<@U0BOT> explain 50076", thread_ts=said["ts"])
    shown = await office.people.wait_for("U0HANA", "What to do")
    assert shown["direct_messages"][-1]["thread_ts"] is None


@pytest.mark.parametrize(
    ("more", "is_heard"),
    [
        ({"subtype": "file_share", "files": [{"id": "F1"}]}, True),
        ({"subtype": "message_changed"}, False),
        ({"subtype": "bot_message"}, False),
        ({"bot_id": "B0OTHER"}, False),
    ],
)
async def test_only_what_people_write_is_heard(
    office: Office, more: dict[str, Any], *, is_heard: bool
) -> None:
    written = {"type": "message", "channel": "D0HANA", "channel_type": "im", "user": "U0HANA"}
    said = {"team": "T0CONTOSO", "text": "explain 50076", "ts": "1.2", "event_ts": "1.2"}
    await office.people.event({**written, **said, **more})
    await office.wait_until_quiet()
    assert ("What to do" in all_plain(await office.people.screen("U0HANA"))) is is_heard


async def test_a_greeting_is_answered_with_what_can_be_asked(office: Office) -> None:
    await office.people.message("U0HANA", "U0BOT", "Hello!")
    await office.people.wait_for("U0HANA", "Platform SSO: what can be asked")


async def test_a_colleague_can_be_mentioned_in_a_direct_message(office: Office) -> None:
    await office.people.message("U0HANA", "U0BOT", "<@U0ADA>")
    await office.people.wait_for("U0HANA", VERDICT)


async def test_the_bot_can_be_mentioned_anywhere_in_a_sentence(office: Office) -> None:
    await office.people.message("U0HANA", "C0GENERAL", "hey <@U0BOT>, why ada.lind@contoso.com?")
    await office.people.wait_for("U0HANA", VERDICT)


async def test_a_message_with_several_accounts_is_a_choice(office: Office) -> None:
    office.desk.directory.users.append(a_user(77, "Bo Ahlgren"))
    text = "ada.lind@contoso.com and bo.ahlgren@contoso.com both fail, says partner@fabrikam.example"
    said = await office.people.message("U0IVO", "C0GENERAL", text)
    await office.people.shortcut(
        "U0HANA", labels.ON_MESSAGE_SHORTCUT, channel="C0GENERAL", message_ts=said["ts"]
    )
    shown = await office.people.wait_for("U0HANA", "Whom do you mean?")
    assert [name for name in ("Ada Lind", "Bo Ahlgren") if name not in shown["ephemerals"][-1]["plain"]] == []


@pytest.mark.parametrize(
    "account", ["“Ada Lind”", "@Ada Lind", "ada.lind@contoso.com.", " (ada.lind@contoso.com)"]
)
async def test_the_form_forgives_marks_around_an_account(office: Office, account: str) -> None:
    await office.people.shortcut("U0HANA", labels.ON_SHORTCUT)
    await office.people.submit("U0HANA", typed(account))
    await office.people.wait_for("U0HANA", VERDICT)


@pytest.mark.parametrize(
    ("asked", "words"), [("history Ada Lind", "ada.lind@contoso.com"), ("history Ada", "fits several")]
)
async def test_a_history_can_be_asked_for_by_name(office: Office, asked: str, words: str) -> None:
    office.desk.directory.users.append(a_user(77, "Ada Lindqvist"))
    await office.people.command("U0HANA", asked)
    await office.people.wait_for("U0HANA", words)


async def test_a_direct_message_that_cannot_be_used_says_so(office: Office) -> None:
    await office.people.message("U0HANA", "U0BOT", "why")
    await office.people.wait_for("U0HANA", "a command without a person")


@pytest.mark.parametrize(("who", "where"), [("U0GUEST", "C0GENERAL"), ("U0STRANGER", "C0SHARED")])
async def test_others_learn_nothing_by_a_mention(office: Office, who: str, where: str) -> None:
    await office.people.message(who, where, "<@U0BOT> why ada.lind@contoso.com")
    await office.wait_until_quiet()
    assert VERDICT not in all_plain(await office.people.screen(who))
    assert office.desk.sign_in_log.calls == []


async def test_a_name_is_looked_up(office: Office) -> None:
    await office.people.command("U0HANA", "why Ada Lind")
    await office.people.wait_for("U0HANA", VERDICT)


async def test_several_people_of_a_name_are_a_choice(office: Office) -> None:
    office.desk.directory.users.append(a_user(77, "Ada Lindqvist"))
    await office.people.command("U0HANA", "why Ada")
    shown = await office.people.wait_for("U0HANA", "Several people fit “Ada”")
    assert "Ada Lindqvist" in shown["ephemerals"][-1]["plain"]
    await office.people.click("U0HANA", labels.DIAGNOSE, value=ADA)
    await office.people.wait_for("U0HANA", VERDICT)


async def test_a_name_that_cannot_be_looked_up_is_still_answered(office: Office) -> None:
    office.desk.directory.troubles["search"] = GraphThrottled("the user", retry_after=3)
    await office.people.command("U0HANA", "why Ada Lind")
    await office.people.wait_for("U0HANA", "Ada Lind")
    shown = all_plain(await office.people.screen("U0HANA"))
    assert "could not be looked up" in shown
    assert "No such account" not in shown


async def test_a_history_of_a_name_that_cannot_be_looked_up_names_nobody(office: Office) -> None:
    office.desk.directory.troubles["search"] = GraphThrottled("the user", retry_after=3)
    await office.people.command("U0HANA", "history Ada Lind")
    await office.people.wait_for("U0HANA", "asked us to slow down")


async def test_a_button_with_no_person_in_it_diagnoses_nobody(office: Office) -> None:
    office.desk.directory.users.append(a_user(77, "Ada Lindqvist"))
    await office.people.command("U0HANA", "why Ada")
    await office.people.wait_for("U0HANA", "Several people fit “Ada”")
    await office.people.click("U0HANA", labels.DIAGNOSE, value="../users", force=True)
    await office.people.wait_for("U0HANA", "object id")
    assert office.desk.sign_in_log.calls == []
