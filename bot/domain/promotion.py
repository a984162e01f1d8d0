"""When failures of many people are one event: who met the same error at about the same time.

A person stands in a crowd with their newest failure, and leaves it when they register. So a crowd can be
made again from the groups that are open, and restarts change nothing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from bot.domain.alerts import Fingerprint, Scope

Key: TypeAlias = tuple[Scope, str, str, int]
"""Scope, verdict, place or app, and error: what makes failures of several people the same event."""

_ONE_POLICY = 0.9
_LAST = "\U0010ffff"


def place_key(verdict: str, network: str, error_code: int) -> Key:
    """Return what failures behind one network have in common."""
    return (Scope.PLACE, verdict, network, error_code)


def outage_key(verdict: str, app_id: str, error_code: int) -> Key:
    """Return what failures anywhere in the tenant have in common."""
    return (Scope.TENANT, verdict, app_id, error_code)


def fingerprint_of(key: Key, policies: Iterable[str]) -> Fingerprint:
    """Return what the wider group is about. `policies`: the id, or empty, of the policy that stopped each.

    An outage is the policy's when one stopped at least 90 % of the people.
    """
    scope, verdict, subject, error_code = key
    if scope is Scope.PLACE:
        return Fingerprint(Scope.PLACE, verdict, subject)
    stopped = Counter(policies)
    policy, people = max(stopped.items(), key=lambda item: (item[1], item[0]))
    if policy and people >= _ONE_POLICY * stopped.total():
        return Fingerprint(Scope.POLICY, verdict, policy)
    return Fingerprint(Scope.TENANT, verdict, f"{subject}:{error_code}")


@dataclass(slots=True)
class Crowd:
    """People with one key, each with the time of their newest failure, in that order."""

    at: dict[str, datetime] = field(default_factory=dict)
    order: list[tuple[datetime, str]] = field(default_factory=list)

    def put(self, who: str, at: datetime) -> None:
        """Move somebody to the time of their newest failure."""
        if self.at.get(who) == at:
            return
        self.drop(who)
        self.at[who] = at
        insort(self.order, (at, who))

    def drop(self, who: str) -> None:
        """Let somebody go."""
        at = self.at.pop(who, None)
        if at is not None:
            del self.order[bisect_left(self.order, (at, who))]

    def together(self, at: datetime, within: timedelta, least: int) -> tuple[str, ...]:
        """Return the most people around a moment who failed within so long; () for fewer than `least`."""
        if len(self.order) < least:
            return ()
        start = bisect_left(self.order, (at - within, ""))
        end = bisect_right(self.order, (at + within, _LAST))
        best, left = (start, start), start
        for right in range(start, end):
            while self.order[right][0] - self.order[left][0] > within:
                left += 1
            if right + 1 - left > best[1] - best[0]:
                best = (left, right + 1)
        found = self.order[best[0] : best[1]]
        return tuple([who for _, who in found]) if len(found) >= least else ()


class Crowds:
    """All crowds; a person stands in at most one of each scope and verdict."""

    def __init__(self) -> None:
        self._crowds: dict[Key, Crowd] = {}
        self._stands: dict[tuple[str, str], tuple[Key, ...]] = {}

    def put(self, who: str, verdict: str, keys: tuple[Key, ...], at: datetime) -> None:
        """Let somebody stand in these crowds, and in no others with this verdict."""
        before = self._stands.get((who, verdict), ())
        if before != keys:
            self._leave(who, [key for key in before if key not in keys])
            self._stands[who, verdict] = keys
        for key in keys:
            crowd = self._crowds.get(key)
            if crowd is None:
                crowd = self._crowds[key] = Crowd()
            crowd.put(who, at)

    def drop(self, who: str, verdict: str) -> None:
        """Let somebody go: registered, or spoken for by an outage."""
        self._leave(who, self._stands.pop((who, verdict), ()))

    def _leave(self, who: str, keys: Iterable[Key]) -> None:
        for key in keys:
            crowd = self._crowds[key]
            crowd.drop(who)
            if not crowd.at:
                del self._crowds[key]

    def together(self, key: Key, at: datetime, within: timedelta, least: int) -> tuple[str, ...]:
        """Return the people of a key who failed within so long around a moment; () for fewer than `least`."""
        crowd = self._crowds.get(key)
        return crowd.together(at, within, least) if crowd else ()

    def everybody(self, key: Key) -> tuple[str, ...]:
        """Return all who stand in a crowd, the oldest failure first."""
        crowd = self._crowds.get(key)
        return tuple([who for _, who in crowd.order]) if crowd else ()

    def sizes(self) -> Mapping[Key, int]:
        """Return how many people stand in each."""
        return {key: len(crowd.at) for key, crowd in self._crowds.items()}
