"""The app's home tab for each role: what it shows, in which order, and that Slack takes it at any load."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.alert_overview import Figures, Overview, Row
from bot.domain.alerts import Acknowledgement, DayCounts, Matcher, Quiet, Route, Scope
from bot.domain.approval import State
from bot.domain.digest import days_before
from bot.domain.hours import open_hours
from bot.domain.sweep import Tally
from bot.errors import GraphUnreachable
from bot.ports import BudgetUse, SweepReport, SwitchState
from bot.render import labels
from bot.render.home import Beside, home_view
from tests.fakes import some_rules
from tests.render.alerts import a_group, a_message
from tests.render.cards import NOW, a_reader, a_request
from tests.render.test_alert_lists import LINKS, a_pause, a_quieted, a_silence, an_overview
from tests.render.test_cards import anything, check_view

HELD = SwitchState(True, "U0PAUL", "eleven changes in an hour", NOW)
WEEK = days_before(NOW + timedelta(days=1))
RULES = some_rules(alert_channel="C0ALERTS")
BUSY = Beside(
    decided=(a_request(id="req-9", state=State.VERIFIED, finished_at=NOW),),
    overview=an_overview(failed=tuple(DayCounts(day, {"PER_USER_MFA": n}) for n, day in enumerate(WEEK))),
    sweep=SweepReport(NOW - timedelta(hours=3), Tally(read=9, disabled=4, enabled=2, enforced=3)),
    budget=BudgetUse(2, 5, timedelta(seconds=10)),
)
ASKER, APPROVER = a_reader(approves=False), a_reader()


def shown(reader: Any = APPROVER, beside: Beside = BUSY, rules: Any = RULES, requests: Any = ()) -> str:
    return check_view(home_view(reader, requests, rules, now=NOW, links=LINKS, beside=beside))


def in_order(text: str, *words: str) -> bool:
    places = [text.index(word) for word in words]
    return places == sorted(places)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(anything, st.integers(0, 60), st.integers(0, 10))
def test_any_load_stays_below_a_hundred_blocks(text: str, requests: int, alerts: int) -> None:
    rows = tuple(
        Row(
            a_group(text, list(Scope)[number % 4], count=900, id=f"g-{number}", registered=3),
            a_message(),
            Acknowledgement(text, NOW),
            a_silence(text),
            a_quieted(Quiet.SILENCED, text, text),
        )
        for number in range(alerts)
    )
    failed = tuple(DayCounts(day, {f"{text[:50]}{n}": n * 90_000 for n in range(20)}) for day in WEEK)
    overview = replace(an_overview(text), live=rows, live_count=alerts * 90, failed=failed)
    tally = Tally(read=10**7, unread_names=[text], refused=5)
    decided = tuple(a_request(text, id=f"d-{n}", state=state) for n, state in enumerate(State))
    open_ones = [a_request(text, id=f"req-{n}", warnings=(text,)) for n in range(requests)]
    rules = some_rules(
        hours=open_hours("Mon-Fri 07:00-19:00 Europe/Berlin"),
        step_up=True,
        shadow=True,
        alert_channel=text,
        alert_routes=(Route(Matcher(text, text, text, text, text, text, text), text),) * 40,
    )
    beside = Beside(
        replace(HELD, reason=text, by=text),
        decided,
        overview,
        a_pause(text, by=text, until=NOW),
        SweepReport(NOW, tally, ended=False, trouble=GraphUnreachable(text)),
        BudgetUse(5, 5, timedelta(seconds=10)),
    )
    links = {row.group.id: text for row in rows} | {request.id: text for request in open_ones}
    for reader in (a_reader(text), a_reader(text, approves=False), a_reader(text, asks=False)):
        for around in (beside, Beside(), replace(beside, held=None, paused=None)):
            view = home_view(reader, open_ones, rules, now=NOW, links=links, beside=around)
            check_view(view)
            assert len(view["blocks"]) < 100


def test_the_helpdesk_asks_first_and_sees_its_own() -> None:
    mine = a_request(id="req-2", requester=replace(a_request().wish.requester, slack_id="U0PAUL"))
    seen = shown(ASKER, requests=[mine])
    assert in_order(
        seen,
        "Whose Mac cannot register",
        f"[{labels.DIAGNOSE}]",
        "Open requests",
        "Asked by you (1)",
        "Your last requests that are over",
        "● Done and read back",
        "Recent failures",
        "■ Blocked: ",
        "21 people stopped",
        "Tue 17  · 0",
        "Wed 18  ███ 1",
        "Mon 23  ██████████████████ 6",
        "• Per-user MFA blocks Platform SSO: 21",
        "In Entra you are",
        "Rules in force",
        "What you can type",
    )
    for words in ("Switches", "Tenant health", labels.HOLD, labels.PAUSE_ALERTS, "all alerts:"):
        assert words not in seen, words


def test_an_approver_sees_first_what_waits_and_then_the_switches_and_health() -> None:
    seen = shown(requests=[a_request()])
    assert in_order(
        seen,
        "Waiting for you (1)",
        "Whose Mac cannot register",
        "Recent failures",
        "Switches",
        "● Changes are made as approved.",
        "● Alerts are posted as they come.",
        f"[{labels.HOLD}]",
        f"[{labels.PAUSE_ALERTS}]",
        "Tenant health",
        "Per-user MFA: enforced for 3, enabled for 2, disabled for 4, counted 3 h ago",
        "● Good: the sign-in log was read 40 s ago",
        "■ 12 alerts are open, 2 posted today",
        "● Free: 2 of 5 calls of the sign-in log used in the last 10 s",
        "Rules in force",
        "all alerts: #C0ALERTS",
    )


def test_a_thrown_switch_stands_on_top_with_the_way_back() -> None:
    thrown = replace(BUSY, held=HELD, paused=a_pause())
    seen = shown(beside=thrown)
    assert seen.startswith("■ Changes are on hold since")
    assert in_order(
        seen, f"[{labels.LIFT}]", "■ Alerts are paused since", f"[{labels.RESUME_ALERTS}]", "Switches"
    )
    assert f"[{labels.HOLD}]" not in seen
    assert f"[{labels.PAUSE_ALERTS}]" not in seen
    asker = shown(ASKER, thrown)
    assert "■ Alerts are paused since" in asker
    for button in (labels.LIFT, labels.RESUME_ALERTS):
        assert f"[{button}]" not in asker


def test_who_may_not_ask_sees_one_sentence() -> None:
    for reader in (a_reader(belongs=False), a_reader(asks=False, approves=False)):
        assert len(shown(reader, replace(BUSY, held=HELD), requests=[a_request()]).splitlines()) == 1


def test_shadow_mode_and_closed_hours_are_said() -> None:
    rules = replace(RULES, shadow=True, alert_hours=open_hours("Mon 01:00-02:00 UTC"))
    seen = shown(rules=rules)
    assert "▷ Alerts are recorded and not posted (shadow mode)." in seen
    assert "◷ Outside the alert hours until 30 Nov 2026, 01:00 UTC: only outages" in seen


def test_without_alerts_the_tab_says_what_to_set() -> None:
    seen = shown(beside=Beside())
    assert "PSSO_ALERT_CHANNEL" in seen
    assert f"[{labels.PAUSE_ALERTS}]" not in seen
    assert f"[{labels.HOLD}]" in seen
    assert "not counted since the bot started; /psso sweep counts" in seen


def test_a_calm_week_needs_no_bars() -> None:
    calm = an_overview(live=(), live_count=0, failed=tuple(DayCounts(day) for day in WEEK), today=Figures())
    seen = shown(beside=Beside(overview=calm))
    assert "Nobody is known to be blocked" in seen
    assert "stopped" not in seen
    assert "● 0 alerts are open" in seen


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (SweepReport(NOW, Tally(refused=2)), "2 could not be read"),
        (SweepReport(NOW, Tally(enforced=1), ended=False), "not counted to the end: enforced for 1"),
    ],
)
def test_an_incomplete_count_says_so(report: SweepReport, words: str) -> None:
    assert words in shown(beside=replace(BUSY, sweep=report))


def test_days_share_one_scale_and_causes_are_counted() -> None:
    failed = tuple(DayCounts(day, {"PER_USER_MFA": 8, "WRONG_PASSWORD": 1}) for day in WEEK)
    overview: Overview = an_overview(failed=failed)
    seen = shown(beside=replace(BUSY, overview=overview))
    assert seen.count("██████████████████ 9") == 7
    assert "• Per-user MFA blocks Platform SSO: 56\n• Wrong password: 7" in seen
    assert "63 people stopped, 17 Nov to 23 Nov" in seen
    assert "A person counts once a day and cause. Days are those of UTC." in seen
