"""A week in figures, and weekly moments."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from bot.domain.alerts import DayCounts
from bot.domain.digest import MOST_CAUSES, CauseDays, days_before, week_of
from bot.domain.hours import weekly_time
from bot.errors import BadInput

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
DAYS = days_before(MONDAY, weeks=2)


def fortnight(**by_day: DayCounts) -> list[DayCounts]:
    """Return fourteen days; `d0` is the oldest of last week."""
    found = [DayCounts(day) for day in DAYS]
    for name, counts in by_day.items():
        at = 7 + int(name[1:]) if name[0] == "d" else int(name[1:])
        found[at] = DayCounts(DAYS[at], counts.people_by_verdict, counts.seconds_to_fix)
    return found


def a_day(seconds: tuple[float, ...] = (), **people: int) -> DayCounts:
    return DayCounts("", people, seconds)


def test_the_days_are_whole_ones_before_the_moment() -> None:
    assert DAYS[0] == "2026-11-09"
    assert DAYS[-1] == "2026-11-22"
    assert len(days_before(MONDAY)) == 7


def test_causes_by_day_the_most_frequent_first() -> None:
    week = week_of(fortnight(d0=a_day(CA_MFA=1, PER_USER_MFA=4), d6=a_day(PER_USER_MFA=2)))

    assert week.causes == (
        CauseDays("PER_USER_MFA", (4, 0, 0, 0, 0, 0, 2)),
        CauseDays("CA_MFA", (1, 0, 0, 0, 0, 0, 0)),
    )
    assert week.by_day == (5, 0, 0, 0, 0, 0, 2)
    assert week.total == 7
    assert week.days[0] == date(2026, 11, 16)


def test_rare_causes_are_one() -> None:
    causes = {f"CAUSE_{nth}": 20 - nth for nth in range(8)}
    week = week_of(fortnight(d1=DayCounts("", causes)))

    assert len(week.causes) == MOST_CAUSES
    assert week.causes[-1] == CauseDays("", (0, 15 + 14 + 13, 0, 0, 0, 0, 0), causes=3)
    assert week.total == sum(causes.values())


def test_six_causes_are_all_named() -> None:
    week = week_of(fortnight(d1=DayCounts("", {f"CAUSE_{nth}": 1 for nth in range(6)})))

    assert all(cause.verdict for cause in week.causes)


@pytest.mark.parametrize(
    ("before", "now", "change"), [(10, 8, -0.2), (10, 10, 0.0), (5, 15, 2.0), (0, 3, None), (4, 0, -1.0)]
)
def test_the_week_before(before: int, now: int, change: float | None) -> None:
    week = week_of(fortnight(b3=a_day(CA_MFA=before), d3=a_day(CA_MFA=now)))

    assert week.change == change
    assert week.before == (before or None)


def test_the_time_to_fix() -> None:
    week = week_of(fortnight(d0=a_day((60, 120, 180, 240, 300)), d2=a_day((7200,)), b1=a_day((10.0, 20.0))))

    assert week.fixes[0] is not None
    assert (week.fixes[0].low, week.fixes[0].middle, week.fixes[0].high) == (120, 180, 240)
    assert week.fixes[1] is None
    assert week.fixes[2] is not None
    assert week.fixes[2].low == week.fixes[2].high == 7200
    assert week.fix is not None
    assert (week.fix.middle, week.fix.people) == (210, 6)
    assert week.fix_before is not None
    assert week.fix_before.middle == 15


def test_an_empty_week() -> None:
    week = week_of(fortnight())

    assert (week.total, week.causes, week.fix, week.change) == (0, (), None, None)


@pytest.mark.parametrize(
    ("text", "after", "due"),
    [
        ("Mon 08:00 UTC", "2026-11-23T07:59:59", "2026-11-23T08:00:00"),
        ("Mon 08:00 UTC", "2026-11-23T08:00:00", "2026-11-30T08:00:00"),
        ("monday 8:00 UTC", "2026-11-24T00:00:00", "2026-11-30T08:00:00"),
        ("Sun 23:30 UTC", "2026-11-23T08:00:00", "2026-11-29T23:30:00"),
        ("Mon 08:00 Europe/Berlin", "2026-11-20T08:00:00", "2026-11-23T07:00:00"),
        ("Mon 08:00 Europe/Berlin", "2026-03-28T12:00:00", "2026-03-30T06:00:00"),  # after the change
        ("Mon 00:30 Pacific/Auckland", "2026-11-21T08:00:00", "2026-11-22T11:30:00"),
        ("Sun 02:30 Europe/Berlin", "2026-03-28T12:00:00", "2026-03-29T01:30:00"),  # no clock shows it
    ],
)
def test_the_next_weekly_moment(text: str, after: str, due: str) -> None:
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)

    assert weekly_time(text).after(moment) == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_weekly_moments_go_on_week_by_week() -> None:
    at, moment = weekly_time("Wed 09:15 America/New_York"), MONDAY
    for _ in range(60):
        following = at.after(moment)
        assert timedelta(days=6, hours=22) <= following - moment or moment == MONDAY
        assert following.astimezone(at.zone).time() == time(9, 15)
        moment = following


@pytest.mark.parametrize(
    "text",
    ["", "Mon 08:00", "08:00 UTC", "Mo 08:00 UTC", "Mon 8 UTC", "Mon 24:00 UTC", "Mon 08:00 Mars", "on"],
)
def test_what_is_no_weekly_moment(text: str) -> None:
    with pytest.raises(BadInput):
        weekly_time(text)
