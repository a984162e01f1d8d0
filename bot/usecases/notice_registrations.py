"""Ask whether people of live groups have registered since, so that their cards close by themselves.

Failures are read for everybody at once; successes are many, so they are read for the blocked people alone.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.alert_ports import AlertGroups, Loaded, SignInFeed
from bot.domain.people import is_object_id
from bot.domain.sign_ins import SignIn

AT_ONCE = 10
MOST_CALLS = 2
"""Scarce calls a poll."""

ROUND = timedelta(minutes=5)
"""A round over everybody is begun anew after this long, so that people who joined a group get their turn."""


@dataclass
class Round:
    """Who is still to be asked about: whoever was asked about longest ago comes first."""

    _asked: dict[str, datetime] = field(default_factory=dict)
    _left: deque[tuple[str, datetime]] = field(default_factory=deque)
    _begun: datetime | None = None

    async def next_calls(self, groups: AlertGroups, now: datetime) -> list[list[tuple[str, datetime]]]:
        """Return at most two calls of at most ten people, each with the time of the first failure."""
        if not self._left or self._begun is None or now - self._begun >= ROUND:
            self._begin(await groups.load(), now)
        people = list(self._left)[: AT_ONCE * MOST_CALLS]
        return [people[start : start + AT_ONCE] for start in range(0, len(people), AT_ONCE)]

    def asked(self, people: list[tuple[str, datetime]], now: datetime) -> None:
        """Note that these people, the first of the round, were asked about."""
        for _ in people:
            user, _failed_at = self._left.popleft()
            self._asked[user] = now

    def _begin(self, loaded: Loaded, now: datetime) -> None:
        blocked: dict[str, datetime] = {}
        for stored in loaded.groups:
            for member in stored.members:
                if member.registered_at is None and is_object_id(member.user_id):
                    first_at = blocked.get(member.user_id, member.first_at)
                    blocked[member.user_id] = min(first_at, member.first_at)
        self._asked = {user: at for user, at in self._asked.items() if user in blocked}
        long_ago = now - timedelta(days=365)
        order = sorted(blocked, key=lambda user: (self._asked.get(user, long_ago), user))
        self._left = deque((user, blocked[user]) for user in order)
        self._begun = now


async def registrations_of(feed: SignInFeed, people: list[tuple[str, datetime]]) -> tuple[SignIn, ...]:
    """Read the broker's successes of people, each since that person's first failure."""
    since = dict(people)
    rows = await feed.registrations(list(since), min(since.values()))
    return tuple(row for row in rows if row.created_at >= since.get(row.user_id, row.created_at))
