"""A week of failures in figures: by cause and day, how long it took to fix them, and how the week before was.

What is counted are people, each once a day and cause.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.domain.alerts import DayCounts

DAYS = 7
MOST_CAUSES = 6
"""Causes that are told apart; with more of them the rarest are one."""


@dataclass(frozen=True, slots=True)
class CauseDays:
    """How many people one cause stopped on each day. `verdict` is empty for `causes` rare ones together."""

    verdict: str
    counts: tuple[int, ...]
    causes: int = 1

    @property
    def total(self) -> int:
        """The whole week."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Spread:
    """How long people took from the first failure to the registration, in seconds: a half is within."""

    low: float
    middle: float
    high: float
    people: int


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days, by UTC. `before`: last week's total; None when nothing is known of that week."""

    days: tuple[date, ...]
    causes: tuple[CauseDays, ...]  # the most frequent first
    fixes: tuple[Spread | None, ...]  # by day of the registration
    fix: Spread | None
    before: int | None = None
    fix_before: Spread | None = None

    @property
    def total(self) -> int:
        """How often people were stopped, a person once a day and cause."""
        return sum(cause.total for cause in self.causes)

    @property
    def by_day(self) -> tuple[int, ...]:
        """The same, day by day."""
        return tuple(sum(cause.counts[nth] for cause in self.causes) for nth in range(len(self.days)))

    @property
    def change(self) -> float | None:
        """The share by which the total grew (or shrank, below 0); None without a week to compare with."""
        return (self.total - self.before) / self.before if self.before else None


def days_before(moment: datetime, weeks: int = 1) -> tuple[str, ...]:
    """Return the names of the whole UTC days before a moment, oldest first."""
    last = moment.date()
    return tuple(str(last - timedelta(days=back)) for back in range(DAYS * weeks, 0, -1))


def week_of(counts: Sequence[DayCounts]) -> Week:
    """Return the figures of the last seven of fourteen days (oldest first), beside those of the others."""
    before, days = counts[:-DAYS], counts[-DAYS:]
    total_before = sum(sum(day.people_by_verdict.values()) for day in before)
    return Week(
        days=tuple(date.fromisoformat(day.day) for day in days),
        causes=_causes(days),
        fixes=tuple(_spread(day.seconds_to_fix) for day in days),
        fix=_spread(second for day in days for second in day.seconds_to_fix),
        before=total_before or None,
        fix_before=_spread(second for day in before for second in day.seconds_to_fix),
    )


def _causes(days: Sequence[DayCounts]) -> tuple[CauseDays, ...]:
    totals: Counter[str] = Counter()
    for day in days:
        totals.update({verdict: number for verdict, number in day.people_by_verdict.items() if number > 0})
    order = sorted(totals, key=lambda verdict: (-totals[verdict], verdict))
    shown = order if len(order) <= MOST_CAUSES else order[: MOST_CAUSES - 1]
    rest = order[len(shown) :]
    found = [CauseDays(verdict, _counts(days, (verdict,))) for verdict in shown]
    return tuple(found + ([CauseDays("", _counts(days, rest), len(rest))] if rest else []))


def _counts(days: Sequence[DayCounts], verdicts: Sequence[str]) -> tuple[int, ...]:
    return tuple(sum(day.people_by_verdict.get(verdict, 0) for verdict in verdicts) for day in days)


def _spread(seconds: Iterable[float]) -> Spread | None:
    known = sorted(max(0.0, second) for second in seconds)
    if not known:
        return None
    low, middle, high = (
        statistics.quantiles(known, n=4, method="inclusive") if len(known) > 1 else known[:1] * 3
    )
    return Spread(low, middle, high, len(known))
