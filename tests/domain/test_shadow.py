"""What alerts would have been worth."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.alerts import AlertGroup, GroupState
from bot.domain.shadow import Worth, shadow_report, worth_of
from tests.alert_fakes import a_group, a_sighting
from tests.fakes import NOON

WEEK_AGO = NOON - timedelta(days=7)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def resolved(after: float, **changes: object) -> AlertGroup:
    """Return a group whose one person registered so many minutes after the first failure."""
    first = NOON - timedelta(days=1)
    group = a_group(
        a_sighting(at=first), state=GroupState.RESOLVED, first_at=first, closed_at=first + minutes(after)
    )
    people = tuple(replace(one, registered_at=first + minutes(after)) for one in group.people)
    return replace(replace(group, people=people), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("group", "worth"),
    [
        (resolved(3), Worth.NOISE),
        (resolved(10), Worth.NOISE),
        (resolved(10.1), Worth.RIGHT),
        (resolved(3, closed_at=NOON), Worth.NOISE),  # closed late, registered early
        (resolved(30, people=(), closed_at=NOON), Worth.RIGHT),
        (a_group(state=GroupState.ENDED, closed_at=NOON), Worth.RIGHT),
        (a_group(first_at=NOON - minutes(11)), Worth.RIGHT),
        (a_group(first_at=NOON - minutes(9)), Worth.TOO_FRESH),
    ],
)
def test_an_alert_is_right_when_somebody_stayed_blocked(group: AlertGroup, worth: Worth) -> None:
    assert worth_of(group, NOON) is worth


def test_the_report() -> None:
    groups = [resolved(3), resolved(60), a_group(count=40, first_at=NOON - minutes(2))]

    report = shadow_report(groups, 3, WEEK_AGO, NOON)

    assert (report.alerts, report.right, report.noise, report.too_fresh) == (3, 1, 1, 1)
    assert report.precision == 0.5
    assert report.people == 42
    assert not report.is_sample
    assert sum(cause.alerts for cause in report.causes) == 3


def test_more_than_is_kept_is_a_sample() -> None:
    report = shadow_report([resolved(60)], 700, WEEK_AGO, NOON)

    assert report.alerts == 700
    assert report.is_sample


def test_nothing_to_judge() -> None:
    report = shadow_report([], 0, WEEK_AGO, NOON)

    assert (report.alerts, report.precision, report.causes) == (0, None, ())
