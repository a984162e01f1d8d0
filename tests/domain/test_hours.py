"""Opening hours: what is written, and what is within."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from bot.domain.hours import open_hours
from bot.errors import BadInput


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Mon-Fri 07:00-19:00 Europe/Berlin", {0, 1, 2, 3, 4}),
        ("mon-fri 7:00-19:00 Europe/Berlin", {0, 1, 2, 3, 4}),
        ("Mon,Wed,Friday 07:00-19:00 Europe/Berlin", {0, 2, 4}),
        ("Mon-Tue,Thurs-Sat 07:00-19:00 Europe/Berlin", {0, 1, 3, 4, 5}),
        ("Sat-Mon 07:00-19:00 Europe/Berlin", {5, 6, 0}),
        ("Sun 07:00-19:00 Europe/Berlin", {6}),
        ("Mon-Sun 07:00-19:00 Europe/Berlin", set(range(7))),
    ],
)
def test_days_are_read(text: str, days: set[int]) -> None:
    hours = open_hours(text)

    assert hours.days == days
    assert (hours.opens, hours.closes, hours.zone.key) == (time(7), time(19), "Europe/Berlin")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Mon-Fri 07:00-19:00",
        "07:00-19:00 Europe/Berlin",
        "Mon-Fri 07:00 - 19:00 Europe/Berlin",
        "Mo-Fr 07:00-19:00 Europe/Berlin",
        "M 07:00-19:00 Europe/Berlin",
        "Mon- 07:00-19:00 Europe/Berlin",
        "Mon,,Tue 07:00-19:00 Europe/Berlin",
        "Mondays 07:00-19:00 Europe/Berlin",
        "Mon-Fri 07-19 Europe/Berlin",
        "Mon-Fri 07:00-25:00 Europe/Berlin",
        "Mon-Fri 07:60-19:00 Europe/Berlin",
        "Mon-Fri 24:00-19:00 Europe/Berlin",
        "Mon-Fri 07:00-07:00 Europe/Berlin",
        "Mon-Fri 07:00-19:00 Europe/Berlinn",
        "Mon-Fri 07:00-19:00 Europe",
        "Mon-Fri 07:00-19:00 ../../etc/passwd",
        "Mon-Fri 07:00-19:00 /etc/passwd",
    ],
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        open_hours(text)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-23T06:00:00", True),  # Monday 07:00 in Berlin, in winter
        ("2026-11-23T05:59:59", False),
        ("2026-11-23T17:59:59", True),
        ("2026-11-23T18:00:00", False),
        ("2026-11-22T12:00:00", False),  # Sunday
        ("2026-11-27T17:00:00", True),  # Friday
        ("2026-11-28T12:00:00", False),  # Saturday
    ],
)
def test_a_working_day_in_winter(moment: str, is_open: bool) -> None:
    assert open_hours("Mon-Fri 07:00-19:00 Europe/Berlin").include(at(moment)) is is_open


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-03-27T05:59:00", False),  # the Friday before the clocks change: UTC+1
        ("2026-03-27T06:00:00", True),
        ("2026-03-30T04:59:00", False),  # the Monday after: UTC+2
        ("2026-03-30T05:00:00", True),
        ("2026-10-23T05:00:00", True),  # and back in autumn
        ("2026-10-26T05:00:00", False),
        ("2026-10-26T06:00:00", True),
    ],
)
def test_local_time_follows_the_change_of_clocks(moment: str, is_open: bool) -> None:
    assert open_hours("Mon-Fri 07:00-19:00 Europe/Berlin").include(at(moment)) is is_open


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-23T22:00:00", True),  # Monday night
        ("2026-11-24T05:59:00", True),  # still Monday's night
        ("2026-11-24T06:00:00", False),
        ("2026-11-28T03:00:00", True),  # Saturday early: Friday's night
        ("2026-11-28T22:00:00", False),  # Saturday's own night
        ("2026-11-23T03:00:00", False),  # Monday early: Sunday's night
    ],
)
def test_a_span_past_midnight_belongs_to_its_first_day(moment: str, is_open: bool) -> None:
    assert open_hours("Mon-Fri 22:00-06:00 UTC").include(at(moment)) is is_open


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-03-28T23:30:00", True),  # 00:30 on the Sunday on which 02:00 becomes 03:00
        ("2026-03-29T01:00:00", False),  # 03:00: the hour of closing was skipped
        ("2026-10-25T00:15:00", True),  # 02:15, the first of two
        ("2026-10-25T01:15:00", True),  # 02:15, the second
        ("2026-10-25T01:30:00", False),
    ],
)
def test_a_night_shift_over_the_change_of_clocks(moment: str, is_open: bool) -> None:
    assert open_hours("Sat 22:00-02:30 Europe/Berlin").include(at(moment)) is is_open


@pytest.mark.parametrize("text", ["Mon-Fri 00:00-24:00 UTC", "Mon-Fri 00:00-24:00 Etc/UTC"])
def test_a_whole_day_has_no_gap(text: str) -> None:
    hours = open_hours(text)

    assert hours.include(at("2026-11-23T00:00:00"))
    assert hours.include(at("2026-11-27T23:59:59.999999"))
    assert not hours.include(at("2026-11-28T00:00:00"))


def test_until_midnight() -> None:
    hours = open_hours("Mon 12:00-24:00 UTC")

    assert hours.include(at("2026-11-23T23:59:59"))
    assert not hours.include(at("2026-11-24T00:00:00"))
