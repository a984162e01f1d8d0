"""Everybody is answered in the language of their own Slack; channels have the organisation's."""

from __future__ import annotations

import asyncio

import pytest

from bot.errors import SlackError
from bot.ports import Rules, SlackPerson
from bot.render import labels
from bot.usecases.locale import ENGLISH, locale_of
from tests.fakes import FakeWorkspace
from tests.handlers.conftest import APPROVALS, Office, rules_with
from tests.handlers.test_approving import values

ASK = "why ada.lind@contoso.com"
ENGLISH_VERDICT = "Per-user MFA blocks Platform SSO"
GERMAN_VERDICT = "Per-User-MFA verhindert Platform SSO"


async def reads_german(office: Office, *users: str) -> None:
    for user in users:
        await office.people.person(user, locale="de-DE")


async def answer(office: Office, user: str, words: str) -> str:
    shown = await office.people.wait_for(user, words)
    text: str = shown["ephemerals"][-1]["plain"]
    return text


async def modal(office: Office, user: str, words: str) -> str:
    shown = await office.people.wait_for(user, words)
    text: str = shown["modal"]["plain"]
    return text


async def test_a_german_reader_gets_a_german_card_beside_an_english_colleague(office: Office) -> None:
    await reads_german(office, "U0HANA")
    await office.people.command("U0HANA", ASK)
    german = await answer(office, "U0HANA", GERMAN_VERDICT)
    for words in (
        "■ Blockiert",
        "Ada Lind",
        "50076",
        "Was zu tun ist",
        "Letzte Anmeldung des Brokers vor 20 min",
    ):
        assert words in german
    assert "[Abschalten beantragen] [Erneut prüfen] [Anmeldungen zeigen]" in german
    await office.people.command("U0OTTO", ASK)
    english = await answer(office, "U0OTTO", ENGLISH_VERDICT)
    assert "[Request disable] [Check again] [Show sign-ins]" in english


async def test_a_german_request_is_an_english_card_and_each_decides_in_their_language(office: Office) -> None:
    await reads_german(office, "U0HANA", "U0MIRA")
    await office.people.command("U0HANA", ASK)
    await answer(office, "U0HANA", GERMAN_VERDICT)
    await office.people.click("U0HANA", "Abschalten beantragen")
    form = await modal(office, "U0HANA", "Wie wurde die Identität geprüft?")
    assert "[Schließen] [Senden]" in form
    await office.people.submit("U0HANA", values())
    assert "eine Genehmigung" in await answer(office, "U0HANA", "An die Genehmigenden gesendet")
    shown = await office.people.wait_for("U0OTTO", "Waiting for approval")
    (card,) = shown["channels"][APPROVALS]["messages"]
    assert "[Approve] [Deny] [Cancel request]" in card["plain"]
    assert "Identity of the caller: Called back on the number in the HR record" in card["plain"]
    office.desk.clock.advance(30)
    await office.people.click("U0MIRA", labels.DENY)
    assert "Warum nicht?" in await modal(office, "U0MIRA", "Antrag ablehnen")
    await office.people.submit("U0MIRA", {labels.REASON_FIELD: {labels.REASON_FIELD: "Not today, please"}})
    told = await office.people.wait_for("U0HANA", "Ihr Antrag „Per-User-MFA abschalten“ für Ada Lind")
    assert "Grund: Not today, please" in told["direct_messages"][-1]["plain"]
    await office.people.wait_for("U0OTTO", "Denied by @mira. Reason: Not today, please. Nothing changed.")


async def test_what_is_stored_stays_english(office: Office) -> None:
    await reads_german(office, "U0HANA")
    await office.people.command("U0HANA", ASK)
    await answer(office, "U0HANA", GERMAN_VERDICT)
    await office.people.click("U0HANA", "Abschalten beantragen")
    await modal(office, "U0HANA", "Wie wurde die Identität geprüft?")
    await office.people.submit("U0HANA", values())
    await office.people.wait_for("U0OTTO", "Waiting for approval")
    (request,) = office.desk.requests.records.values()
    assert request.wish.identity_check == "Called back on the number in the HR record"
    assert request.wish.summary.startswith("Legacy per-user MFA blocks registration")


async def test_refusals_and_wrong_fields_are_in_the_callers_language(office: Office) -> None:
    await reads_german(office, "U0GUEST", "U0HANA")
    await office.people.command("U0GUEST", ASK, force=True)
    await office.people.wait_for("U0GUEST", "Gastkonten können dies nicht benutzen")
    await office.people.command("U0HANA", "why")
    await office.people.wait_for("U0HANA", "Das ist nicht verwendbar: ein Befehl ohne Person")
    await office.people.message("U0HANA", "C0GENERAL", "<@U0BOT> explain")
    await office.people.wait_for("U0HANA", "Das ist nicht verwendbar: ein Befehl ohne Code")
    await office.people.home("U0HANA")
    await office.people.wait_for("U0HANA", "Geltende Regeln")


async def test_help_and_the_form_of_the_bare_command_are_german(listening: Office) -> None:
    await reads_german(listening, "U0HANA")
    await listening.people.command("U0HANA", "help")
    assert "was Sie fragen können" in await answer(listening, "U0HANA", "Apple-Business")
    await listening.people.command("U0HANA", "")
    assert "[Schließen] [Diagnose]" in await modal(listening, "U0HANA", "Wer kann sich nicht registrieren?")


async def test_a_locale_without_a_catalogue_reads_english(office: Office) -> None:
    await office.people.person("U0HANA", locale="ja-JP")
    await office.people.command("U0HANA", ASK)
    await answer(office, "U0HANA", ENGLISH_VERDICT)


class TestAGermanOrganisation:
    """Channels are German then; an English approver still gets English windows and messages."""

    @pytest.fixture
    def rules(self) -> Rules:
        return rules_with(language="de")

    async def test_cards_are_german_for_all(self, office: Office) -> None:
        await office.people.command("U0HANA", ASK)
        await answer(office, "U0HANA", ENGLISH_VERDICT)
        await office.people.click("U0HANA", labels.REQUEST_DISABLE)
        await modal(office, "U0HANA", "How was their identity checked?")
        await office.people.submit("U0HANA", values())
        shown = await office.people.wait_for("U0OTTO", "Wartet auf Genehmigung")
        (card,) = shown["channels"][APPROVALS]["messages"]
        assert "[Genehmigen] [Ablehnen] [Antrag zurückziehen]" in card["plain"]
        assert "Rückruf unter der Nummer aus der Personalakte" in card["plain"]
        office.desk.clock.advance(30)
        await office.people.click("U0OTTO", "Ablehnen")
        assert "Why not?" in await modal(office, "U0OTTO", "Deny request")

    async def test_a_shared_verdict_is_german(self, office: Office) -> None:
        await office.people.command("U0HANA", ASK)
        await answer(office, "U0HANA", ENGLISH_VERDICT)
        await office.people.click("U0HANA", labels.SHARE)
        await office.people.wait_for("U0OTTO", "Geteilt von @hana")


class Waiting(FakeWorkspace):
    """Slack takes its time."""

    async def person(self, slack_id: str, *, fresh: bool = False) -> SlackPerson:
        await asyncio.Event().wait()
        raise AssertionError(slack_id)


class Failing(FakeWorkspace):
    """Slack does not know."""

    async def person(self, slack_id: str, *, fresh: bool = False) -> SlackPerson:
        raise SlackError("users.info", "fatal_error")


@pytest.mark.parametrize("workspace", [Waiting(), Failing()], ids=["slow", "failing"])
async def test_a_slack_that_does_not_say_means_english_within_a_second(workspace: FakeWorkspace) -> None:
    async with asyncio.timeout(1):
        assert await locale_of("U0HANA", workspace) == ENGLISH
