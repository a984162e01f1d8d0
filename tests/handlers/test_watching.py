"""Dialogues of `/psso alerts`, of lifting a silence, and of the switches, on a simulated Slack."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.alert_board import SlackAlertBoard
from bot.domain.alerts import AlertGroup, Matcher, PollState, Quiet, Silence
from bot.errors import StoreUnavailable
from bot.ports import Job, Rules
from bot.render import labels
from bot.usecases.deliver_alerts import carry_out as deliver_alert
from bot.usecases.pause_alerts import PauseAsk, pause, paused
from bot.usecases.scheduled import carry_out_scheduled
from tests.alert_fakes import FakeSignInFeed, FakeWatchingDesk, a_group, a_quieted, a_sighting, some_alerts
from tests.fakes import FakeBudgetGauge, FakeDesk, a_user
from tests.handlers.conftest import ADA, APPROVALS, Office, rules_with
from tests.handlers.test_approving import ask

ALERTS = "C0ALERTS"
WHY = "Entra is being moved"


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
    alerts = some_alerts(clock=desk.clock, board=board, feed=FakeSignInFeed())
    now = desk.clock()
    alerts.poll_marks.state = PollState(now, now, now, polled_at=now - timedelta(seconds=40))
    ports = {name: getattr(desk, name) for name in desk.__dataclass_fields__}
    ports |= {"alerts": alerts, "alert_outbox": alerts.outbox, "budget_gauge": FakeBudgetGauge()}
    return FakeWatchingDesk(**ports), client


def watching(office: Office) -> FakeWatchingDesk:
    assert isinstance(office.desk, FakeWatchingDesk)
    return office.desk


def adas_group(office: Office) -> AlertGroup:
    now = office.desk.clock()
    sighting = a_sighting(a_user(15, "Ada Lind"), at=now - timedelta(minutes=4), read_at=now)
    group = a_group(replace(sighting, user_id=ADA), id="g-ada", opened_at=now - timedelta(minutes=1))
    watching(office).alerts.groups.groups[group.id] = group
    return group


def a_silence(office: Office, **changes: Any) -> Silence:
    now = office.desk.clock()
    made = Silence(
        "silence-1", Matcher(user_id=ADA), "Ada Lind", "U0HANA", "On leave", now, now + timedelta(hours=1)
    )
    made = replace(made, **changes)
    watching(office).alerts.silences.silences[made.id] = made
    return made


async def work(office: Office, seconds: float = 1) -> None:
    """Let the office finish, and then everything that is due."""
    await office.wait_until_quiet()
    desk = watching(office)
    desk.clock.advance(seconds)
    for job in await desk.schedule.take_due(10, timedelta(minutes=2)):
        await carry_out_scheduled(job, desk)
        await desk.schedule.done(job)


async def alerts_of(office: Office, user: str, typed: str, words: str) -> str:
    await office.people.command(user, typed)
    shown = await office.people.wait_for(user, words)
    return str(shown["ephemerals"][-1]["plain"])


# --- /psso alerts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("user", ["U0HANA", "U0OTTO"])
async def test_helpdesk_and_approvers_see_how_alerting_stands(office: Office, user: str) -> None:
    group = adas_group(office)
    await deliver_alert(Job("1", "alert", "1", {"group_id": group.id}), watching(office))
    seen = await alerts_of(office, user, "alerts", "Live (1)")
    for words in ("was read 40 s ago", "Ada Lind", "Open the card", "all alerts: #", "Why quiet"):
        assert words in seen, words


async def test_everybody_else_is_refused(office: Office) -> None:
    adas_group(office)
    await office.people.command("U0IVO", "alerts")
    shown = await office.people.wait_for("U0IVO", "Only the helpdesk can ask this")
    assert "Ada" not in str(shown["ephemerals"])
    assert office.desk.journal.kinds == ["refused"]


async def test_one_person(office: Office) -> None:
    adas_group(office)
    a_silence(office)
    desk = watching(office)
    await desk.alerts.ledger.note(
        [replace(a_quieted(Quiet.SILENCED, detail="Ada Lind", group_id="g-ada"), user_id=ADA)]
    )
    for typed in ("alerts ada.lind@contoso.com", "alerts <@U0ADA|ada>"):
        seen = await alerts_of(office, "U0HANA", typed, "Alerts about Ada Lind")
        for words in (
            "Open (1)",
            "silenced until",
            "Silences that keep them quiet",
            "by the silence over Ada Lind",
        ):
            assert words in seen, words


async def test_somebody_whom_nobody_knows(office: Office) -> None:
    await office.people.command("U0HANA", "alerts nobody@contoso.com")
    await office.people.wait_for("U0HANA", "Nobody in the tenant answers to")


async def test_calm(office: Office) -> None:
    seen = await alerts_of(office, "U0HANA", "alerts", "No failure of a registration is on record")
    assert "was read 40 s ago" in seen
    await alerts_of(office, "U0HANA", "alerts ada.lind@contoso.com", "Nothing failing was seen")


async def test_without_the_store_it_says_so(office: Office) -> None:
    watching(office).alerts.groups.troubles["live"] = StoreUnavailable()
    await office.people.command("U0HANA", "alerts")
    await office.people.wait_for("U0HANA", "Reference")


# --- silences -----------------------------------------------------------------------------------------------


async def test_a_silence_is_lifted_from_the_list(office: Office) -> None:
    adas_group(office)
    a_silence(office)
    await alerts_of(office, "U0HANA", "alerts", "[Lift]")
    assert (await office.people.click("U0HANA", labels.LIFT_SILENCE))["acked"]
    await office.people.wait_for("U0HANA", "Lifted: alerts like this are posted again")
    assert watching(office).alerts.silences.silences == {}
    assert "alert.silence_lifted" in office.desk.journal.kinds
    await work(office)
    await office.people.wait_for("U0OTTO", "■ Blocked")


async def test_a_silence_over_many_is_for_approvers(office: Office) -> None:
    a_silence(office, matcher=Matcher(verdict="PER_USER_MFA"))
    assert "[Lift]" not in await alerts_of(office, "U0HANA", "alerts", "Ada Lind, by")
    assert "[Lift]" in await alerts_of(office, "U0OTTO", "alerts", "Ada Lind, by")


async def test_a_silence_that_is_over_needs_no_lifting(office: Office) -> None:
    silence = a_silence(office)
    await alerts_of(office, "U0HANA", "alerts", "[Lift]")
    del watching(office).alerts.silences.silences[silence.id]
    await office.people.click("U0HANA", labels.LIFT_SILENCE)
    await office.people.wait_for("U0HANA", "over already")


# --- the switches -------------------------------------------------------------------------------------------


async def home(office: Office, user: str, words: str) -> str:
    await office.people.home(user)
    await office.wait_until_quiet()
    return str((await office.people.wait_for(user, words))["home"]["plain"])


async def test_an_approver_pauses_alerts_from_the_home_tab_and_lifts_that_from_the_channel(
    office: Office,
) -> None:
    await home(office, "U0OTTO", labels.PAUSE_ALERTS)
    await office.people.click("U0OTTO", labels.PAUSE_ALERTS)
    await office.people.wait_for("U0OTTO", "For how long?")
    short = {labels.REASON_FIELD: {labels.REASON_FIELD: "no"}}
    assert (await office.people.submit("U0OTTO", short))["acked"]
    await office.people.wait_for("U0OTTO", "too short")
    form = {
        labels.REASON_FIELD: {labels.REASON_FIELD: WHY},
        labels.PAUSE_LENGTH_FIELD: {labels.PAUSE_LENGTH_FIELD: "4"},
    }
    await office.people.submit("U0OTTO", form)
    await office.people.wait_for("U0OTTO", "Alerts are paused until")
    state = await paused(office.desk)
    assert state is not None
    assert state.until == office.desk.clock() + timedelta(hours=4)
    shown = await office.people.wait_for("U0OTTO", f"[{labels.RESUME_ALERTS}]")
    assert labels.RESUME_ALERTS in shown["home"]["plain"]  # brought up to date by itself

    await work(office)
    shown = await office.people.wait_for("U0HANA", "■ Alerts are paused")
    assert len(shown["channels"][ALERTS]["messages"]) == 1
    await office.people.click("U0NILS", labels.RESUME_ALERTS, channel=ALERTS)
    await office.people.wait_for("U0NILS", "Why is it lifted?")
    await office.people.submit("U0NILS", {labels.REASON_FIELD: {labels.REASON_FIELD: "The move is over"}})
    await office.people.wait_for("U0NILS", "Alerts are posted again")
    assert await paused(office.desk) is None
    assert office.desk.journal.kinds == ["alerts.paused", "alerts.resumed"]


async def test_the_helpdesk_cannot_lift_a_pause(office: Office) -> None:
    desk = watching(office)

    await pause(PauseAsk("U0OTTO", WHY, "c1"), desk)
    await work(office)
    await office.people.wait_for("U0HANA", "■ Alerts are paused")
    await office.people.click("U0HANA", labels.RESUME_ALERTS, channel=ALERTS)
    await office.people.wait_for("U0HANA", "Why is it lifted?")
    await office.people.submit("U0HANA", {labels.REASON_FIELD: {labels.REASON_FIELD: "I would like to"}})
    await office.people.wait_for("U0HANA", "Only approvers can decide this")
    assert await paused(desk) is not None


async def test_an_approver_puts_changes_on_hold_from_the_home_tab(office: Office) -> None:
    await home(office, "U0OTTO", labels.HOLD)
    await office.people.click("U0OTTO", labels.HOLD)
    await office.people.wait_for("U0OTTO", "Put changes on hold")
    await office.people.submit("U0OTTO", {labels.REASON_FIELD: {labels.REASON_FIELD: "A token was stolen"}})
    await office.people.wait_for("U0OTTO", "The approval channel is told")
    shown = await office.people.wait_for("U0OTTO", "■ Changes are on hold since")
    assert "A token was stolen" in shown["home"]["plain"]
    assert office.desk.journal.kinds == ["freeze.on"]
    await work(office)
    await office.people.wait_for("U0NILS", "By @")


# --- the home tab -------------------------------------------------------------------------------------------


async def test_the_helpdesk_sees_failures_its_own_requests_and_no_switches(office: Office) -> None:
    group = adas_group(office)
    await deliver_alert(Job("1", "alert", "1", {"group_id": group.id}), watching(office))
    request = await ask(office)
    await office.people.click("U0HANA", labels.CANCEL_REQUEST, channel=APPROVALS)
    await office.wait_until_quiet()
    seen = await home(office, "U0HANA", "Your last requests that are over")
    for words in ("□ Cancelled", "Ada Lind", "Open the card", "Recent failures", f"[{labels.DIAGNOSE}]"):
        assert words in seen, words
    for words in (labels.HOLD, labels.PAUSE_ALERTS, "Tenant health"):
        assert words not in seen, words
    assert request.id in office.desk.requests.records
    assert "Your last requests" not in await home(office, "U0OTTO", "Tenant health")


async def test_an_approver_sees_how_the_tenant_does(office: Office) -> None:
    adas_group(office)
    assert office.desk.sweeps is not None
    await office.desk.sweeps.latest(1)
    seen = await home(office, "U0OTTO", "Tenant health")
    for words in (
        "Per-user MFA: enforced for 0",
        "2 of 5 calls of the sign-in log used",
        "was read 40 s ago",
        "■ 1 alert is open",
        "● Changes are made",
    ):
        assert words in seen, words


async def test_opening_the_tab_counts_nobody(office: Office) -> None:
    assert "not counted since the bot started" in await home(office, "U0OTTO", "Tenant health")
    assert office.desk.sweeps is not None
    assert office.desk.sweeps.last() is None
