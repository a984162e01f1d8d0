"""What alerts would have been worth: a week in which they were recorded and not posted.

An alert is right when somebody stayed blocked after it; it is noise when people were through by themselves
before anybody could have helped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.alerts import AlertGroup, GroupState

WATCHED_FOR = timedelta(days=7)
BY_THEMSELVES = timedelta(minutes=10)
"""Who registers within it did not need the alert."""


class Worth(StrEnum):
    """What an alert would have been."""

    RIGHT = "right"
    NOISE = "noise"
    TOO_FRESH = "too_fresh"


@dataclass(frozen=True, slots=True)
class CauseWorth:
    """The alerts of one cause."""

    verdict: str
    alerts: int
    people: int
    noise: int


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """The week. `alerts` is exact; the other figures are of the `judged` and `too_fresh` ones still kept."""

    since: datetime
    until: datetime
    alerts: int
    people: int
    right: int
    noise: int
    too_fresh: int
    causes: tuple[CauseWorth, ...]  # the most frequent first

    @property
    def judged(self) -> int:
        """Alerts of which it is known what they would have been."""
        return self.right + self.noise

    @property
    def precision(self) -> float | None:
        """The share of right ones; None when none could be judged."""
        return self.right / self.judged if self.judged else None

    @property
    def is_sample(self) -> bool:
        """Whether there were more than are kept."""
        return self.alerts > self.judged + self.too_fresh


def worth_of(group: AlertGroup, now: datetime) -> Worth:
    """Judge one group: when was everybody of it through?"""
    if group.state is GroupState.OPEN:
        return Worth.RIGHT if now - group.first_at > BY_THEMSELVES else Worth.TOO_FRESH
    if group.state is not GroupState.RESOLVED:
        return Worth.RIGHT
    seen = [one.registered_at for one in group.people if one.registered_at]
    through = max(seen) if len(seen) == group.count else group.closed_at or now
    return Worth.NOISE if through - group.first_at <= BY_THEMSELVES else Worth.RIGHT


def shadow_report(
    groups: Iterable[AlertGroup], alerts: int, since: datetime, until: datetime
) -> ShadowReport:
    """Judge the groups that would have been posted. `alerts`: how many there were, kept or not."""
    kept = list(groups)
    worths = [worth_of(group, until) for group in kept]
    causes: dict[str, CauseWorth] = {}
    for group, worth in zip(kept, worths, strict=True):
        verdict = group.fingerprint.verdict
        known = causes.get(verdict, CauseWorth(verdict, 0, 0, 0))
        causes[verdict] = CauseWorth(
            verdict, known.alerts + 1, known.people + group.count, known.noise + (worth is Worth.NOISE)
        )
    return ShadowReport(
        since=since,
        until=until,
        alerts=max(alerts, len(kept)),
        people=sum(group.count for group in kept),
        right=worths.count(Worth.RIGHT),
        noise=worths.count(Worth.NOISE),
        too_fresh=worths.count(Worth.TOO_FRESH),
        causes=tuple(sorted(causes.values(), key=lambda cause: (-cause.alerts, cause.verdict))),
    )
