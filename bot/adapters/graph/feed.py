"""The SignInFeed port: the tenant's registration sign-ins, by time.

Graph beta, for the reasons that `sign_ins` names. What can be filtered, and how:
https://learn.microsoft.com/graph/api/resources/signin?view=graph-rest-beta (createdDateTime eq, le, ge;
appId, resourceId, userId eq; status/errorCode eq, and ne in Microsoft's own samples).
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from bot.adapters.graph.calls import SIGN_INS
from bot.adapters.graph.gateway import Gateway, Within
from bot.adapters.graph.sign_ins import sign_in
from bot.adapters.graph.wire import QUERY_SAFE, Row, instant, texts
from bot.domain.light import may_matter
from bot.domain.people import object_id
from bot.domain.sign_ins import BROKER_APP, DEVICE_REGISTRATION_RESOURCE, SignIn
from bot.errors import BadInput, GraphMalformed
from bot.ports import Urgency

MOST_USERS = 10
MOST_PAGES = 200
REGISTRATION_PAGES = 3

BOTH_KINDS = "signInEventTypes/any(t: t eq 'interactiveUser' or t eq 'nonInteractiveUser')"
"""Without a filter on the kind Graph returns interactive ones alone."""

BROKER = f"appId eq '{BROKER_APP}'"
REGISTRATION = f"({BROKER} or resourceId eq '{DEVICE_REGISTRATION_RESOURCE}')"
FAILED, SUCCEEDED = "status/errorCode ne 0", "status/errorCode eq 0"

FAILURES = ((REGISTRATION, FAILED), (REGISTRATION,), ())
SUCCESSES = ((BROKER, SUCCEEDED), (BROKER,), ())

log = logging.getLogger(__name__)


@dataclass
class _Narrowing:
    """From narrow to wide: a cloud that refuses a condition is asked without it, and we filter ourselves."""

    steps: tuple[tuple[str, ...], ...]
    refused: int = 0  # how many of them this cloud does not take

    @property
    def conditions(self) -> tuple[str, ...]:
        return self.steps[self.refused]

    def widened(self) -> bool:
        """Ask for more from now on; False when there is no more."""
        has_more = self.refused + 1 < len(self.steps)
        self.refused += has_more
        return has_more


class GraphSignInFeed:
    """Reads registration sign-ins of everybody, in the background."""

    def __init__(self, graph: Gateway) -> None:
        self._graph = graph
        self._failures = _Narrowing(FAILURES)
        self._successes = _Narrowing(SUCCESSES)
        self._of_users = _Narrowing(SUCCESSES)  # beside people by name: another filter, which may be refused

    async def failures(self, since: datetime, until: datetime) -> AsyncIterator[tuple[SignIn, ...]]:
        """Yield pages of failures created in [since, until), newest first. Raises GraphError.

        A page can be empty: what cannot matter is left out before it is read as a whole.
        """
        async for page in self._between(since, until, self._failures):
            yield tuple(row for row in page if not row.succeeded)

    async def successes(self, since: datetime, until: datetime) -> AsyncIterator[tuple[SignIn, ...]]:
        """Yield pages of everybody's broker successes created in [since, until), newest first.

        Raises GraphError. A page can be empty.
        """
        async for page in self._between(since, until, self._successes):
            yield tuple(row for row in page if row.succeeded and row.is_broker)

    async def registrations(self, users: Sequence[str], since: datetime) -> tuple[SignIn, ...]:
        """Return the broker's successes of at most 10 users since a moment, newest first, each once."""
        if len(users) > MOST_USERS:
            raise BadInput(f"more than {MOST_USERS} users at once")
        if not users:
            return ()
        these = " or ".join(f"userId eq '{object_id(user)}'" for user in users)
        asked = (f"createdDateTime ge {instant(since)}", f"({these})")
        found: dict[str, SignIn] = {}
        async for page in self._narrowed(asked, self._of_users, REGISTRATION_PAGES):
            for row in page:
                found.setdefault(row.id, row)
        successes = [row for row in found.values() if row.succeeded and row.is_broker]
        return tuple(sorted(successes, key=lambda row: row.created_at, reverse=True))

    async def _between(
        self, since: datetime, until: datetime, narrowing: _Narrowing
    ) -> AsyncIterator[list[SignIn]]:
        if since >= until:
            return
        times = f"createdDateTime ge {instant(since)} and createdDateTime le {instant(_ceiled(until))}"
        async for page in self._narrowed((times,), narrowing, MOST_PAGES):
            yield [row for row in page if since <= row.created_at < until]

    async def _narrowed(
        self, asked: tuple[str, ...], narrowing: _Narrowing, most: int
    ) -> AsyncIterator[list[SignIn]]:
        """Ask as narrowly as this cloud lets us; what was read before an error stands."""
        while True:
            begun = False
            try:
                async for page in self._pages((*asked, *narrowing.conditions, BOTH_KINDS), most):
                    begun = True
                    yield page
            except GraphMalformed as error:
                if begun or error.status != 400 or not narrowing.widened():
                    raise
                log.warning("Graph does not take a filter of the sign-in log, reading more: %s", error)
            else:
                return

    async def _pages(self, conditions: Sequence[str], most: int) -> AsyncIterator[list[SignIn]]:
        """Every page is paid from the shared budget, after everybody else."""
        condition = quote(" and ".join(conditions), safe=QUERY_SAFE)
        path = f"/beta/auditLogs/signIns?$filter={condition}&$top=1000"
        limits = Within(Urgency.BACKGROUND, pages=most, must_end=most == MOST_PAGES)
        async for page in self._graph.pages(SIGN_INS, path, _read, limits):
            yield [row for row in page if row is not None]


def _read(row: Row) -> SignIn | None:
    """Read one record, or skip it cheaply; ValueError when it cannot be understood."""
    if not may_matter(row.get("appId"), row.get("resourceId")):
        return None
    return sign_in(row, interactive="nonInteractiveUser" not in texts(row, "signInEventTypes"))


def _ceiled(at: datetime) -> datetime:
    """Graph knows only "le", and records may carry fractions of a second."""
    return at + timedelta(seconds=1) if at.microsecond else at
