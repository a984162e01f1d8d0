"""Ask whether people of live groups have registered since, so that their cards close by themselves.

Failures are read for everybody at once; successes are many, so a few blocked people are asked about by name.
When more are blocked than that gets through in a few polls, everybody's successes are read after all, since
the last such reading, and those of blocked people are kept. What this misses since it became visible late
is found by name: with what calls are left, and for everybody once few are blocked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.alert_ports import AlertGroups, Loaded, SignInFeed
from bot.domain.people import is_object_id
from bot.domain.polling import SAME_SECOND, Read, Successes, after_pass, begin_pass
from bot.domain.sign_ins import SignIn
from bot.errors import GraphError, GraphMalformed, GraphThrottled, GraphUnreachable
from bot.ports import Clock

AT_ONCE = 10
MOST_CALLS = 2
"""Scarce calls a poll for people by name."""

FEW = 3 * AT_ONCE * MOST_CALLS
"""So many are asked about by name within three polls."""

MOST_PAGES = 5
"""Scarce calls a poll when many are blocked, those by name included."""

ROUND = timedelta(minutes=5)
"""A round over everybody is begun anew after this long, so that people who joined a group get their turn."""

PASS_EVERY = timedelta(seconds=30)
"""Where polls follow each other faster, everybody's successes are not read at each."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a poll gives along: the time, where rows go, and whether there is time for another page."""

    feed: SignInFeed
    now: Clock
    take: Callable[[Sequence[SignIn]], Awaitable[None]]
    goes_on: Callable[[], Awaitable[bool]]


@dataclass
class Round:
    """Who is still to be asked about: whoever was asked about longest ago comes first."""

    _asked: dict[str, datetime] = field(default_factory=dict)
    _left: deque[tuple[str, datetime]] = field(default_factory=deque)
    _begun: datetime | None = None

    def next_calls(
        self, blocked: Mapping[str, datetime], calls: int, now: datetime
    ) -> list[list[tuple[str, datetime]]]:
        """Return at most so many calls of at most ten people, each with the time of the first failure."""
        self._left = deque((user, at) for user, at in self._left if user in blocked)
        if not self._left or self._begun is None or now - self._begun >= ROUND:
            self._begin(blocked, now)
        people = list(self._left)[: AT_ONCE * calls]
        return [people[start : start + AT_ONCE] for start in range(0, len(people), AT_ONCE)]

    def asked(self, people: Sequence[tuple[str, datetime]], now: datetime) -> None:
        """Note that these people, the first of the round, were asked about."""
        for _ in people:
            user, _failed_at = self._left.popleft()
            self._asked[user] = now

    def _begin(self, blocked: Mapping[str, datetime], now: datetime) -> None:
        self._asked = {user: at for user, at in self._asked.items() if user in blocked}
        long_ago = now - timedelta(days=365)
        order = sorted(blocked, key=lambda user: (self._asked.get(user, long_ago), user))
        self._left = deque((user, blocked[user]) for user in order)
        self._begun = now


@dataclass
class Registrations:
    """Who is blocked, and how far this replica has looked for their registrations.

    Another replica that takes over begins at the oldest open failure. Read twice is not counted twice: the
    intake knows a sign-in by its id.
    """

    groups: AlertGroups
    pages: int = 0
    _blocked: dict[str, datetime] = field(default_factory=dict)  # by person: the first failure
    _loaded_at: datetime | None = None
    _successes: Successes = field(default_factory=Successes)
    _covered: AbstractSet[str] = frozenset()  # who was blocked when the newest pass began
    _noticed: set[str] = field(default_factory=set)  # whose registrations were handed on since
    _round: Round = field(default_factory=Round)
    _by_name: bool = True

    async def notice(self, turn: Turn) -> None:
        """Use some calls for people who are blocked; there is always a next poll. Raises GraphError.

        To be short of calls is no error.
        """
        before, calls = self.pages, MOST_CALLS
        try:
            for _ in range(2 if self._successes.left else 1):  # the end of one pass, and the next one
                if await self._are_many(turn.now()):
                    calls = await self._read_everybodys(before, turn)
            if self._by_name:
                await self._ask(calls, turn)
        except GraphThrottled:
            return

    async def _are_many(self, now: datetime) -> bool:
        """Look who is blocked, unless a pass goes on for those who were; tell whether they are too many."""
        was_recent = self._loaded_at is not None and now - self._loaded_at < PASS_EVERY
        if not self._successes.left and not (was_recent and self._is_crowd()):
            self._blocked, self._loaded_at = blocked_people(await self.groups.load()), now
            self._noticed = set()
            if self._is_crowd():
                self._begin_pass(now)
        return self._is_crowd()

    def _is_crowd(self) -> bool:
        return len(self._blocked) > (FEW if self._by_name else 0)

    def _begin_pass(self, now: datetime) -> None:
        newcomers = [at for user, at in self._blocked.items() if user not in self._covered]
        self._successes = begin_pass(self._successes, newcomers, min(self._blocked.values()), now)
        self._covered = frozenset(self._blocked)

    async def _read_everybodys(self, before: int, turn: Turn) -> int:
        """Read on in the pass; return how many calls are left for people by name.

        `before`: how many pages were read before this poll.
        """
        while self._successes.left and (self.pages == before or await self._may_read_on(before, turn)):
            read, trouble = await self._read(before, turn)
            self._successes = after_pass(self._successes, read)
            if trouble is not None:
                raise trouble
            if not read.ended:
                return 0
        return 0 if self._successes.left else min(MOST_CALLS, MOST_PAGES - (self.pages - before))

    async def _may_read_on(self, before: int, turn: Turn) -> bool:
        return self.pages - before < MOST_PAGES and await turn.goes_on()

    async def _read(self, before: int, turn: Turn) -> tuple[Read, GraphError | None]:
        """Read the first span of what is left to its end, or as far as pages, time and Graph allow."""
        since, until = self._successes.left[0]
        newest: datetime | None = None
        oldest: datetime | None = None
        try:
            async for page in turn.feed.successes(since, until):
                self.pages += 1
                await self._keep(page, turn)
                for row in page:
                    newest = max(newest or row.created_at, row.created_at)
                    oldest = min(oldest or row.created_at, row.created_at)
                # a second with more rows than that is read to its end, or no poll would ever get past it
                is_further = oldest is not None and oldest + SAME_SECOND < until
                if is_further and not await self._may_read_on(before, turn):
                    return Read(False, newest, oldest), None
        except GraphError as error:
            too_much = isinstance(error, GraphUnreachable) and error.timed_out
            return Read(False, newest, oldest, too_much), error
        return Read(True, newest, oldest), None

    async def _keep(self, rows: Sequence[SignIn], turn: Turn) -> None:
        """Hand on the rows of blocked people: each after that person's first failure."""
        kept = since_first_failure(rows, self._blocked)
        self._noticed.update(row.user_id for row in kept)
        await turn.take(kept)

    async def _ask(self, calls: int, turn: Turn) -> None:
        """Ask about people by name; of a cloud that does not take that question, read everybody's instead."""
        asked = {user: at for user, at in self._blocked.items() if user not in self._noticed}
        for people in self._round.next_calls(asked, calls, turn.now()):
            since = dict(people)
            try:
                rows = await turn.feed.registrations(list(since), min(since.values()))
            except GraphMalformed as error:
                if error.status != 400:
                    raise
                self._by_name, self._loaded_at = False, None
                return
            self._round.asked(people, turn.now())
            await turn.take(since_first_failure(rows, since))


def blocked_people(loaded: Loaded) -> dict[str, datetime]:
    """Return who is blocked in live groups, each with the time of the first failure."""
    blocked: dict[str, datetime] = {}
    for stored in loaded.groups:
        for member in stored.members:
            if member.registered_at is None and is_object_id(member.user_id):
                first_at = blocked.get(member.user_id, member.first_at)
                blocked[member.user_id] = min(first_at, member.first_at)
    return blocked


def since_first_failure(rows: Sequence[SignIn], blocked: Mapping[str, datetime]) -> list[SignIn]:
    """Return the rows of these people, each person's since the first failure."""
    return [row for row in rows if row.user_id in blocked and row.created_at >= blocked[row.user_id]]
