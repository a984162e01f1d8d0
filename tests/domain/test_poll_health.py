"""What is counted about the polling, and what is news."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.alerts import PollState
from bot.domain.poll_health import PollHealth
from bot.domain.source_lag import REMEMBERED
from bot.errors import BotError, GraphRefused, GraphThrottled, StoreUnavailable
from tests.alert_fakes import a_sighting
from tests.fakes import NOON

LICENCE = GraphRefused("the sign-in log", 403, "RequestFromNonPremiumTenantOrB2CTenant")
MINUTE = timedelta(minutes=1)


def read(minutes_ago: float, **changes: object) -> PollHealth:
    at = NOON - minutes_ago * MINUTE
    state = PollState(at, at, at, ((at - 60 * MINUTE, at - 30 * MINUTE),), polled_at=at)
    return PollHealth(state=state, since=NOON - timedelta(days=1), **changes)  # type: ignore[arg-type]


def test_a_sighting_is_counted_when_it_is_first_seen() -> None:
    health = PollHealth()
    late, fresh = a_sighting(minutes_ago=16), a_sighting(minutes_ago=1)

    health.took([late, fresh], known=0)
    health.took([late, fresh], known=2)

    assert (health.late_events, health.dedup_hits) == (1, 2)
    assert (sum(health.lag_counts), health.lag_seconds) == (2, 17 * 60)


def test_what_was_seen_is_not_remembered_for_ever() -> None:
    health = PollHealth()
    for start in range(0, 2 * REMEMBERED, 1000):
        health.took([a_sighting(id=f"s-{number}") for number in range(start, start + 1000)], known=0)

    assert len(health._seen) == REMEMBERED


@pytest.mark.parametrize(
    ("before", "now", "news"),
    [
        (None, None, False),
        (None, LICENCE, True),
        (LICENCE, GraphRefused("the sign-in log", 403, LICENCE.code), False),
        (LICENCE, GraphRefused("the sign-in log", 403, "Authorization_RequestDenied"), True),
        (LICENCE, StoreUnavailable(), True),
        (None, GraphThrottled("the sign-in log"), False),
        (StoreUnavailable(), None, True),
    ],
)
def test_only_a_change_is_news(before: BotError | None, now: BotError | None, news: bool) -> None:
    assert PollHealth(trouble=before).is_news(now) is news
