"""Asking without the command's words: the form, shortcuts, mentions, direct messages, and typed names."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import GraphThrottled
from bot.render import labels
from sandbox.slack.screen import all_plain
from tests.fakes import a_user
from tests.handlers.conftest import ADA, Office

VERDICT = "Per-user MFA blocks Platform SSO"


async def top_modal(office: Office, user: str) -> dict[str, Any]:
    top: dict[str, Any] | None = (await office.people.screen(user))["modal"]
    assert top, "no form is open"
    return top


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


async def test_a_button_with_no_person_in_it_diagnoses_nobody(office: Office) -> None:
    office.desk.directory.users.append(a_user(77, "Ada Lindqvist"))
    await office.people.command("U0HANA", "why Ada")
    await office.people.wait_for("U0HANA", "Several people fit “Ada”")
    await office.people.click("U0HANA", labels.DIAGNOSE, value="../users", force=True)
    await office.people.wait_for("U0HANA", "object id")
    assert office.desk.sign_in_log.calls == []
