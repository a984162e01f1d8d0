"""Rows made comparable: merging, clearing, interrupts, staleness, the window."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from random import Random

import pytest

from bot.domain.attempts import Attempts, Relevance, Standing, attempts_in, grouped
from bot.domain.sign_ins import SignIn
from tests.domain.builders import (
    JAMF_REGISTRATION_APP,
    NOW,
    OUTLOOK_APP,
    a_device_registration,
    a_sign_in,
    minutes_ago,
)

WINDOW = timedelta(hours=72)


def of(*rows: SignIn, stale_before: datetime | None = None) -> Attempts:
    return attempts_in(rows, now=NOW, since=NOW - WINDOW, stale_before=stale_before)


def standings(*rows: SignIn) -> list[str]:
    return [row.standing.value for row in of(*rows).rows]


def test_rows_are_merged_once_and_newest_first() -> None:
    first, second = a_sign_in(0, 30), a_sign_in(50076, 20)
    assert [row.sign_in for row in of(first, second, first, second).rows] == [second, first]


def test_order_and_offsets_of_input_do_not_matter() -> None:
    rows = [a_sign_in(50076 if number % 3 else 0, number) for number in range(60)]
    expected = of(*rows)
    there = timezone(timedelta(hours=9, minutes=30))
    moved = [replace(row, created_at=row.created_at.astimezone(there)) for row in rows]
    Random(7).shuffle(moved)
    assert of(*moved) == expected


def test_same_correlation_clears_across_lanes_but_only_later() -> None:
    refusal = a_sign_in(50076, 30)
    same = {"correlation_id": refusal.correlation_id.upper(), "is_interactive": True}
    assert standings(refusal, a_sign_in(0, 29, **same)) == ["succeeded", "cleared"]
    assert standings(a_sign_in(0, 31, **same), refusal) == ["failed", "succeeded"]


@pytest.mark.parametrize(
    "change", [{"is_interactive": True}, {"resource_id": "another"}, {"app_id": OUTLOOK_APP}]
)
def test_another_lane_clears_nothing(change: dict[str, object]) -> None:
    assert standings(a_sign_in(50076, 30), a_sign_in(0, 20, **change)) == ["succeeded", "failed"]


def test_success_at_the_same_instant_is_the_end() -> None:
    for first, second in (("a", "b"), ("b", "a")):
        assert standings(a_sign_in(50076, 30, id=first), a_sign_in(0, 30, id=second)) == [
            "succeeded",
            "cleared",
        ]


def test_interrupt_is_cleared_by_what_follows_soon() -> None:
    interrupt = a_sign_in(50058, 40)
    failure = a_sign_in(50126, 39)
    assert standings(interrupt, failure) == ["failed", "cleared"]
    assert of(interrupt, failure).last_failure == failure


def test_interrupt_is_unresolved_when_nothing_follows_soon() -> None:
    assert standings(a_sign_in(50097, 40)) == ["unresolved"]
    assert standings(a_sign_in(50097, 60), a_sign_in(50126, 40)) == ["failed", "unresolved"]
    assert standings(a_sign_in(50097, 5)) == ["waiting"]
    assert of(a_sign_in(50097, 5)).last_failure is None
    assert of(a_sign_in(50097, 5)).rows[0].outcome == "unresolved"


def test_interrupt_never_hides_a_failure() -> None:
    refusal = a_sign_in(50076, 50)
    assert of(refusal, a_sign_in(50097, 20, is_interactive=True)).last_failure == refusal


def test_stale_rows_are_history() -> None:
    old, new = a_sign_in(50076, 50), a_sign_in(53003, 10, resource_id="other")
    judged = of(old, new, stale_before=minutes_ago(30))
    assert [row.outcome for row in judged.rows] == ["failed", "stale"]
    assert judged.last_failure == new
    assert of(old, stale_before=minutes_ago(30)).last_failure is None
    assert of(old, stale_before=minutes_ago(30)).last_failure_ever == old
    assert of(old, stale_before=old.created_at).last_failure == old


def test_fresh_success_clears_a_stale_failure() -> None:
    judged = of(a_sign_in(50076, 50), a_sign_in(0, 10), stale_before=minutes_ago(30))
    assert judged.last_failure_ever is None


def test_relevance() -> None:
    rows = of(
        a_sign_in(50076, 1),
        a_device_registration(50076, 2, app_id="company-portal"),
        a_sign_in(50076, 3, app_id=OUTLOOK_APP),
        a_sign_in(50076, 4, operating_system="Windows 11"),
        a_sign_in(50076, 5, operating_system="", user_agent="Mozilla/5.0 (Windows NT 10.0; Win64)"),
        a_sign_in(50076, 6, operating_system="", user_agent=""),
        a_sign_in(50076, 7, operating_system="macOS 15"),
    ).rows
    ours, app, device = Relevance.REGISTRATION, Relevance.OTHER_APP, Relevance.OTHER_DEVICE
    assert [row.relevance for row in rows] == [ours, ours, app, device, device, ours, ours]


def test_last_success_is_of_the_lane_of_the_failure() -> None:
    before = a_sign_in(0, 60)
    interactive = a_sign_in(0, 20, is_interactive=True)
    assert of(a_sign_in(50076, 40), before, interactive).last_success == before
    assert of(before, interactive, a_device_registration(0, 10)).last_success == interactive


def test_jamf_registration_app_is_found_by_its_name() -> None:
    row = a_sign_in(
        53000, 20, app_id=JAMF_REGISTRATION_APP, app_name="User Registration App for Device Compliance"
    )
    assert of(row).last_jamf_registration_failure == row
    assert of(row).last_failure is None
    assert of(row, replace(row, id="later", error_code=0)).last_jamf_registration_failure is None


def test_tries_are_grouped_by_correlation_else_by_person_app_and_address() -> None:
    same = [a_sign_in(50058, 30, correlation_id="one"), a_sign_in(0, 29, correlation_id="ONE")]
    bare = [a_sign_in(50076, minutes, correlation_id="") for minutes in (20, 12, 9)]
    elsewhere = a_sign_in(50076, 19, correlation_id="", ip_address="198.51.100.9")
    tries = grouped(of(*same, *bare, elsewhere).rows)
    assert [[row.sign_in.error_code for row in attempt.rows] for attempt in tries] == [
        [50076],
        [50076],
        [50076, 50076],
        [50058, 0],
    ]


def test_a_thousand_rows_stay_linear() -> None:
    rows = [a_sign_in(50076 if n % 2 else 0, n, resource_id=str(n % 9)) for n in range(4_000)]
    judged = of(*rows)
    assert len(judged.rows) == 4_000
    assert {row.standing for row in judged.rows} <= set(Standing)
