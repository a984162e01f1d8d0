"""Invented sightings for tests of grouping: a test names only what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from bot.domain.alerts import (
    AlertGroup,
    Changes,
    GroupState,
    Member,
    Sighting,
    Source,
    StoredGroup,
    Thresholds,
)
from bot.domain.grouping import Grouping
from bot.domain.sign_ins import BROKER_APP
from tests.domain.builders import AAD_GRAPH, NOW

OFFICE = "203.0.113.0/24"
BACKGROUND = f"{BROKER_APP}/{AAD_GRAPH}/background"
IN_FRONT = f"{BROKER_APP}/{AAD_GRAPH}/interactive"

_numbers = count(1)


def after(minutes: float) -> datetime:
    """Return the time so many minutes after NOW."""
    return NOW + timedelta(minutes=minutes)


def a_failure(who: str = "ada", minutes: float = 0, **change: Any) -> Sighting:
    """Return a failure that per-user MFA caused, read at once; everybody is at a place of their own."""
    at = after(minutes)
    facts: dict[str, Any] = {
        "id": f"failure-{next(_numbers)}",
        "at": at,
        "read_at": at,
        "source": Source.STREAM,
        "user_id": who,
        "user_principal_name": f"{who}@contoso.com",
        "user_name": who.title(),
        "verdict": "PER_USER_MFA",
        "rule": "D08",
        "summary": "Legacy per-user MFA blocks registration.",
        "error_code": 50076,
        "app_id": BROKER_APP,
        "network": f"net-of-{who}",
        "device_name": f"Mac of {who}",
        "lane": BACKGROUND,
    }
    return Sighting(**(facts | change))


def a_registration(who: str = "ada", minutes: float = 0, **change: Any) -> Sighting:
    """Return the broker's token."""
    facts = {"registered": True, "verdict": "", "rule": "", "summary": "", "error_code": 0}
    return a_failure(who, minutes, **(facts | change))


class Desk:
    """Groups as a store would keep them: takes changes, and gives them back to a new `Grouping`."""

    def __init__(self, thresholds: Thresholds | None = None) -> None:
        self.thresholds = thresholds or Thresholds()
        self.groups: dict[str, AlertGroup] = {}
        self.members: dict[str, dict[str, Member]] = {}
        self.notes: dict[str, str] = {}
        self.all_changes: list[Changes] = []
        self.grouping = Grouping(self.thresholds)

    def take(self, *sightings: Sighting, now: datetime | None = None) -> Changes:
        """Group sightings, each when it was read unless `now` says otherwise, and keep what comes of it."""
        for sighting in sightings:
            self.grouping.take(sighting, now or sighting.read_at)
        return self.keep()

    def tick(self, now: datetime) -> Changes:
        """Let time pass."""
        self.grouping.tick(now)
        return self.keep()

    def keep(self) -> Changes:
        """Commit."""
        changes = self.grouping.changes()
        self.all_changes.append(changes)
        for group in changes.groups:
            before = self.groups.get(group.id)
            assert before is None or before.version < group.version
            self.groups[group.id] = group
        for group_id, members in changes.members.items():
            assert self.groups[group_id].state is GroupState.OPEN
            self.members.setdefault(group_id, {}).update({member.user_id: member for member in members})
        for name, text in changes.notes.items():
            if text:
                self.notes[name] = text
            else:
                self.notes.pop(name, None)
        return changes

    def restart(self) -> None:
        """Lose everything that was not kept."""
        stored = [StoredGroup(group, tuple(self.members[group.id].values())) for group in self.open]
        self.grouping = Grouping(self.thresholds, stored, dict(self.notes))

    @property
    def open(self) -> list[AlertGroup]:
        """Groups that are open, as they were kept."""
        return [group for group in self.groups.values() if group.state is GroupState.OPEN]

    def where(self, who: str, verdict: str = "PER_USER_MFA") -> list[AlertGroup]:
        """Open groups of a verdict in which somebody is still blocked."""
        return [
            group
            for group in self.open
            if group.fingerprint.verdict == verdict
            if who in self.members[group.id] and self.members[group.id][who].registered_at is None
        ]


def same(sighting: Sighting, **change: Any) -> Sighting:
    """Return the sighting with something changed."""
    return replace(sighting, **change)
