"""The buttons of an alert, clicked by people on a simulated Slack."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.alert_board import SlackAlertBoard
from bot.domain.alerts import Affected, AlertGroup, Fingerprint, GroupState, Scope
from bot.domain.people import PerUserMfaState
from bot.errors import GraphThrottled
from bot.ports import Job, Rules
from bot.render import labels
from bot.usecases.deliver_alerts import carry_out as deliver_alert
from bot.usecases.scheduled import carry_out_scheduled
from sandbox.slack.screen import all_plain
from tests.alert_fakes import FakeWatchingDesk, a_group, a_sighting, some_alerts
from tests.fakes import FakeDesk, a_user
from tests.handlers.conftest import ADA, HANA, Office, rules_with

ALERTS = "C0ALERTS"
VERDICT = "Per-user MFA blocks Platform SSO"
SILENCE = {
    labels.REASON_FIELD: "The fix is rolled out today",
    labels.SILENCE_LENGTH_FIELD: "24",
    labels.SILENCE_WHAT_FIELD: "person",
}


def values(**changes: str) -> dict[str, dict[str, str]]:
    return {field: {field: text} for field, text in {**SILENCE, **changes}.items()}


@pytest.fixture
def rules() -> Rules:
    return rules_with(alert_channel=ALERTS, helpdesk=frozenset({"S0HELPDESK"}))


@pytest.fixture
async def desk_and_client(
    desk_and_client: tuple[FakeDesk, AsyncWebClient],
) -> tuple[FakeDesk, AsyncWebClient]:
    """The office's desk, watching."""
    desk, client = desk_and_client
    board: Any = SlackAlertBoard(client, desk.workspace)
    alerts = some_alerts(clock=desk.clock, board=board)
    ports = {name: getattr(desk, name) for name in desk.__dataclass_fields__}
    return FakeWatchingDesk(**{**ports, "alerts": alerts, "alert_outbox": alerts.outbox}), client


def watching(office: Office) -> FakeWatchingDesk:
    assert isinstance(office.desk, FakeWatchingDesk)
    return office.desk


def adas_group(office: Office, **changes: Any) -> AlertGroup:
    now = office.desk.clock()
    ada = a_user(15, "Ada Lind")
    sighting = a_sighting(ada, at=now - timedelta(minutes=4), read_at=now - timedelta(minutes=1))
    return a_group(replace(sighting, user_id=ADA), id="g-ada", **changes)


def a_place(office: Office) -> AlertGroup:
    one = adas_group(office)
    people = (
        Affected(ADA, "ada.lind@contoso.com", "Ada Lind", 2, office.desk.clock()),
        Affected(HANA, "hana.berg@contoso.com", "Hana Berg", 1, office.desk.clock()),
    )
    fingerprint = Fingerprint(Scope.PLACE, one.newest.verdict, one.newest.network)
    return replace(one, id="g-place", fingerprint=fingerprint, count=9, people=people)


async def post(office: Office, group: AlertGroup) -> None:
    desk = watching(office)
    desk.alerts.groups.groups[group.id] = group
    await deliver_alert(Job("1", "alert", "1", {"group_id": group.id}), desk)
    await office.people.wait_for("U0OTTO", "■")


async def work(office: Office) -> None:
    """Let the office finish, and then everything that is due."""
    await office.wait_until_quiet()
    desk = watching(office)
    desk.clock.advance(60)
    for job in await desk.schedule.take_due(10, timedelta(minutes=2)):
        await carry_out_scheduled(job, desk)
        await desk.schedule.done(job)


async def click(office: Office, user: str, label: str, **how: Any) -> None:
    assert (await office.people.click(user, label, **{"channel": ALERTS, **how}))["acked"]


async def card(office: Office) -> str:
    shown = await office.people.screen("U0OTTO")
    return str(shown["channels"][ALERTS]["messages"][0]["plain"])


# --- Diagnose -----------------------------------------------------------------------------------------------


async def test_diagnose_answers_the_clicker_alone_and_leaves_the_alert(office: Office) -> None:
    await post(office, adas_group(office))
    await click(office, "U0HANA", labels.DIAGNOSE)
    shown = await office.people.wait_for("U0HANA", "What to do")
    assert any(VERDICT in message["plain"] for message in shown["ephemerals"])
    assert "[Request disable]" in str(shown["ephemerals"])
    assert "■ Blocked" in await card(office)
    assert "What to do" not in all_plain(await office.people.screen("U0OTTO"))


async def test_diagnose_of_many_lists_them_with_a_button_each(office: Office) -> None:
    await post(office, a_place(office))
    await click(office, "U0HANA", labels.DIAGNOSE)
    shown = await office.people.wait_for("U0HANA", "7 more people are not listed")
    listed = shown["ephemerals"][-1]
    assert "Ada Lind" in listed["plain"]
    assert "Hana Berg" in listed["plain"]
    block = next(block for block in listed["blocks"] if "Ada Lind" in str(block))
    await office.people.click("U0HANA", labels.DIAGNOSE, message_ts=listed["ts"], block_id=block["block_id"])
    await office.people.wait_for("U0HANA", "What to do")


@pytest.mark.parametrize("label", [labels.DIAGNOSE, labels.ACKNOWLEDGE])
async def test_a_forgotten_alert_answers_kindly(office: Office, label: str) -> None:
    await post(office, adas_group(office))
    watching(office).alerts.groups.groups.clear()
    await click(office, "U0HANA", label)
    await office.people.wait_for("U0HANA", "This alert is over and no longer kept")


@pytest.mark.parametrize("label", [labels.DIAGNOSE, labels.ACKNOWLEDGE])
async def test_who_is_not_of_the_helpdesk_is_refused_and_it_is_written_down(
    office: Office, label: str
) -> None:
    await post(office, adas_group(office))
    await office.people.channel(ALERTS, members=["U0BOT", "U0OTTO", "U0ADA"])
    await click(office, "U0ADA", label)
    await office.people.wait_for("U0ADA", "Only the helpdesk can ask this")
    assert "refused" in office.desk.journal.kinds
    assert watching(office).alerts.messages.acknowledgements == {}


async def test_a_channel_that_was_shared_meanwhile_refuses_clicks(office: Office) -> None:
    await post(office, adas_group(office))
    await office.people.channel(ALERTS, is_ext_shared=True)
    watching(office).clock.advance(61)  # what Slack said about the channel is kept for a minute
    await click(office, "U0HANA", labels.ACKNOWLEDGE)
    await office.people.wait_for("U0HANA", "shared with another organisation")
    assert watching(office).alerts.messages.acknowledgements == {}


# --- Request disable ----------------------------------------------------------------------------------------


async def test_request_disable_diagnoses_anew_and_opens_the_form(office: Office) -> None:
    await post(office, adas_group(office))
    await click(office, "U0HANA", labels.REQUEST_DISABLE)
    await office.people.wait_for("U0HANA", "How was their identity checked?")
    form = {
        labels.REASON_FIELD: "Cannot register the new Mac",
        labels.TICKET_FIELD: "INC-4711",
        labels.IDENTITY_FIELD: "hr_number",
        labels.TIME_BOX_FIELD: "no",
    }
    await office.people.submit("U0HANA", {field: {field: text} for field, text in form.items()})
    await office.people.wait_for("U0OTTO", "Waiting for approval")
    (request,) = office.desk.requests.records.values()
    assert (request.wish.target.object_id, request.wish.requester.object_id) == (ADA, HANA)


async def test_request_disable_says_why_not_when_things_have_changed(office: Office) -> None:
    await post(office, adas_group(office))
    office.desk.mfa_states.states[ADA] = PerUserMfaState.DISABLED
    await click(office, "U0HANA", labels.REQUEST_DISABLE)
    shown = await office.people.wait_for("U0HANA", "The change cannot be asked for")
    assert "How was their identity checked?" not in str(shown)


@pytest.mark.parametrize(("user", "words"), [("U0ADA", "Only the helpdesk"), ("U0HANA", "no longer kept")])
async def test_request_disable_is_refused_in_its_window(office: Office, user: str, words: str) -> None:
    await post(office, adas_group(office))
    await office.people.channel(ALERTS, members=["U0BOT", "U0OTTO", "U0ADA", "U0HANA"])
    if user == "U0HANA":
        watching(office).alerts.groups.groups.clear()
    await click(office, user, labels.REQUEST_DISABLE)
    await office.people.wait_for(user, words)


async def test_request_disable_while_graph_is_away_says_so(office: Office) -> None:
    await post(office, adas_group(office))
    office.desk.mfa_states.troubles["per_user_mfa_state"] = GraphThrottled("state", retry_after=9)
    await click(office, "U0HANA", labels.REQUEST_DISABLE)
    await office.people.wait_for("U0HANA", "asked us to slow down")


# --- Acknowledge --------------------------------------------------------------------------------------------


async def test_the_first_to_acknowledge_looks_after_it_and_the_card_says_so(office: Office) -> None:
    await post(office, adas_group(office))
    await click(office, "U0HANA", labels.ACKNOWLEDGE)
    await office.people.wait_for("U0HANA", "You look after this alert")
    await click(office, "U0OTTO", labels.ACKNOWLEDGE)
    await office.people.wait_for("U0OTTO", "looks after this alert already")
    await work(office)
    shown = await card(office)
    assert "◆ Looked after by @hana" in shown or "◆ Looked after by @Hana" in shown
    assert "[Acknowledge]" not in shown
    assert office.desk.journal.kinds.count("alert.acknowledged") == 1
    (entry,) = [one for one in office.desk.journal.entries if one.kind == "alert.acknowledged"]
    assert (entry.target, entry.detail["group"]) == (ADA, "g-ada")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (GroupState.RESOLVED, "Nothing needs to be done here any more"),
        (GroupState.ENDED, "The time of this alert is over"),
        (GroupState.ABSORBED, "part of a wider one"),
    ],
)
async def test_a_closed_alert_needs_nobody(office: Office, state: GroupState, words: str) -> None:
    group = adas_group(office)
    await post(office, group)
    watching(office).alerts.groups.groups[group.id] = replace(group, state=state)
    await click(office, "U0HANA", labels.ACKNOWLEDGE)
    await office.people.wait_for("U0HANA", words)
    assert watching(office).alerts.messages.acknowledgements == {}


# --- Silence ------------------------------------------------------------------------------------------------


async def test_the_helpdesk_silences_one_person_with_a_reason(office: Office) -> None:
    await post(office, adas_group(office))
    await click(office, "U0HANA", labels.SILENCE)
    shown = await office.people.wait_for("U0HANA", "For how long?")
    for words in ("1 hour", "1 day", "7 days", "This person: Ada Lind", "This cause: Per-user MFA blocks"):
        assert words in str(shown)
    assert (await office.people.submit("U0HANA", values()))["acked"]
    await office.people.wait_for("U0HANA", "Silenced until")
    (silence,) = watching(office).alerts.silences.silences.values()
    assert (silence.matcher.user_id, silence.until - silence.since) == (ADA, timedelta(days=1))
    assert (silence.by, silence.reason) == ("U0HANA", "The fix is rolled out today")
    await work(office)
    assert "◇ New alerts like this are silenced until" in await card(office)
    (entry,) = [one for one in office.desk.journal.entries if one.kind == "alert.silenced"]
    assert (entry.target, entry.detail["reason"]) == (ADA, "The fix is rolled out today")


async def test_silencing_more_than_one_person_takes_an_approver(office: Office) -> None:
    await post(office, adas_group(office))
    await click(office, "U0HANA", labels.SILENCE)
    await office.people.wait_for("U0HANA", "For how long?")
    await office.people.submit("U0HANA", values(**{labels.SILENCE_WHAT_FIELD: "cause"}))
    await office.people.wait_for("U0HANA", "Only approvers")
    assert watching(office).alerts.silences.silences == {}
    assert "refused" in office.desk.journal.kinds
    await click(office, "U0OTTO", labels.SILENCE)
    await office.people.wait_for("U0OTTO", "For how long?")
    await office.people.submit("U0OTTO", values(**{labels.SILENCE_WHAT_FIELD: "cause"}))
    await office.people.wait_for("U0OTTO", "Silenced until")
    (silence,) = watching(office).alerts.silences.silences.values()
    assert (silence.matcher.verdict, silence.subject) == ("PER_USER_MFA", VERDICT)


async def test_a_silence_needs_a_reason(office: Office) -> None:
    await post(office, adas_group(office))
    await click(office, "U0HANA", labels.SILENCE)
    await office.people.wait_for("U0HANA", "For how long?")
    sent = await office.people.submit("U0HANA", values(**{labels.REASON_FIELD: "x"}))
    assert labels.REASON_FIELD in sent["errors"]
    assert watching(office).alerts.silences.silences == {}


async def test_a_closed_alert_offers_no_silence(office: Office) -> None:
    group = adas_group(office)
    await post(office, group)
    watching(office).alerts.groups.groups[group.id] = replace(group, state=GroupState.RESOLVED)
    await click(office, "U0HANA", labels.SILENCE)
    await office.people.wait_for("U0HANA", "Nothing needs to be done here any more")
