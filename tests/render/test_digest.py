"""The weekly digest and the shadow report in words."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.alerts import DayCounts
from bot.domain.digest import CauseDays, Spread, Week, days_before, week_of
from bot.domain.rules import RULES
from bot.domain.shadow import CauseWorth, ShadowReport
from bot.render import digest
from bot.render.shadow import shadow_card
from sandbox.slack.block_kit import validate_message

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
VERDICTS = sorted({rule.verdict for rule in RULES})


def a_week(causes: int = 2, before: int | None = 10, **changes: object) -> Week:
    """Return a week; the n-th cause stopped 10, 9, 8… people on Tuesday."""
    counts = [DayCounts(day) for day in days_before(MONDAY, weeks=2)]
    people = {verdict: 10 - nth for nth, verdict in enumerate(VERDICTS[:causes])}
    counts[8] = DayCounts(counts[8].day, people, (720.0, 2520.0, 10800.0) if causes else ())
    counts[1] = DayCounts(counts[1].day, {"PER_USER_MFA": before or 0})
    return replace(week_of(counts), **changes)  # type: ignore[arg-type]


def test_the_comment_says_how_many_why_and_how_long() -> None:
    said = digest.comment(a_week())

    assert said.startswith("*Blocked registrations, 16–22 Nov 2026*")
    assert "19 times, 90 % more than the week before (10)" in said
    assert "• " in said
    assert "42 min at the median (3 people, half of them between 27 min and 2 h)" in said
    assert len(said) < 3000


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (19, "as many as the week before (19)"),
        (38, "50 % fewer than the week before (38)"),
        (10, "90 % more than the week before (10)"),
        (2, "about 10 times as many as the week before (2)"),
    ],
)
def test_the_change(before: int, words: str) -> None:
    assert words in digest.comment(a_week(before=before))


def test_without_a_week_before_nothing_is_compared() -> None:
    said = digest.comment(a_week(before=None))

    assert "People were kept from registering 19 times." in said
    assert "week before" not in said


def test_one_failure_is_one() -> None:
    cause = CauseDays("PER_USER_MFA", (0, 0, 1, 0, 0, 0, 0))
    said = digest.comment(replace(a_week(before=None), causes=(cause,), fix=Spread(60, 60, 60, 1)))

    assert "Somebody was kept from registering once." in said
    assert "it took 60 s (1 person)" in said


def test_a_quiet_week_is_calm() -> None:
    week = a_week(causes=0)

    assert "A quiet week" in digest.comment(week)
    assert "A quiet week" in digest.alt_text(week)
    assert digest.chart_of(week)["empty"]
    assert digest.chart_of(week)["subtitle"] == "None, after 10 the week before"


@pytest.mark.parametrize("causes", [0, 1, 2, 6, 8, len(VERDICTS)])
def test_the_alt_text_tells_the_picture(causes: int) -> None:
    week = a_week(causes)
    said = digest.alt_text(week)

    assert len(said) <= 1000
    if causes in (1, 2, 6):
        assert "Tue " in said
        assert all(str(cause.total) in said for cause in week.causes)


@pytest.mark.parametrize("causes", [0, 1, 8])
def test_the_chart_is_json_and_adds_up(causes: int) -> None:
    chart = digest.chart_of(a_week(causes))

    assert json.loads(json.dumps(chart)) == chart
    assert chart["totals"] == [sum(cause["counts"][day] for cause in chart["causes"]) for day in range(7)]
    assert [cause["is_rest"] for cause in chart["causes"]].count(True) == (causes > 6)


@pytest.mark.parametrize(
    ("first", "words"),
    [
        ("2026-11-16", "16–22 Nov 2026"),
        ("2026-11-30", "30 Nov – 6 Dec 2026"),
        ("2026-12-28", "28 Dec 2026 – 3 Jan 2027"),
    ],
)
def test_dates(first: str, words: str) -> None:
    start = datetime.fromisoformat(first).date()
    week = a_week(days=tuple(start + timedelta(days=nth) for nth in range(7)))

    assert digest.title(week) == f"Blocked registrations, {words}"


NOTHING: dict[str, object] = {
    **dict.fromkeys(("alerts", "people", "right", "noise", "too_fresh"), 0),
    "causes": (),
}


def a_report(**changes: object) -> ShadowReport:
    causes = (CauseWorth("PER_USER_MFA", 40, 52, 3), CauseWorth("CA_MFA", 2, 300, 0))
    report = ShadowReport(MONDAY - timedelta(days=7), MONDAY, 42, 352, 38, 3, 1, causes)
    return replace(report, **changes)  # type: ignore[arg-type]


def test_the_shadow_card_says_its_share_first() -> None:
    card = shadow_card(a_report())

    assert card.text == "Shadow mode: 92 % of the alerts would have been right"
    shown = json.dumps(card.blocks, ensure_ascii=False)
    for words in (
        "*Alerts*\\n42",
        "*People*\\n352",
        "40 alerts, 52 people, 3 of them through by themselves",
        "PSSO_SHADOW",
    ):
        assert words in shown
    assert "newest" not in shown
    assert validate_message({"text": card.text, "blocks": card.blocks}) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (NOTHING, "no alert would have been posted"),
        ({"alerts": 1, "right": 0, "noise": 0, "too_fresh": 1}, "1 alert would have been posted, too fresh"),
        ({"right": 41, "noise": 0}, "100 %"),
        ({"right": 999, "noise": 1, "alerts": 1001}, "99 %"),  # never rounded up to all
    ],
)
def test_every_shadow_card_is_valid(changes: dict[str, object], words: str) -> None:
    card = shadow_card(a_report(**changes))

    assert words in card.text
    assert validate_message({"text": card.text, "blocks": card.blocks}) == []


def test_a_sample_says_so() -> None:
    assert "newest 42 alerts" in json.dumps(shadow_card(a_report(alerts=700)).blocks)
