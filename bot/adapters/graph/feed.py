"""The SignInFeed port: the tenant's registration sign-ins, by time.

Graph beta, for the reasons that `sign_ins` names. What can be filtered, and how:
https://learn.microsoft.com/graph/api/resources/signin?view=graph-rest-beta (createdDateTime eq, le, ge;
appId, resourceId, userId eq; status/errorCode eq, and ne in Microsoft's own samples).
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
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

REGISTRATION = f"(appId eq '{BROKER_APP}' or resourceId eq '{DEVICE_REGISTRATION_RESOURCE}')"
FAILED = "status/errorCode ne 0"
NARROWING = ((REGISTRATION, FAILED), (REGISTRATION,), ())
"""From narrow to wide: a cloud that refuses a condition is asked without it, and we filter ourselves."""

log = logging.getLogger(__name__)


class GraphSignInFeed:
    """Reads failed registration sign-ins of everybody, in the background."""

    def __init__(self, graph: Gateway) -> None:
        self._graph = graph
        self._refused = 0  # how many of NARROWING this cloud does not take

    async def failures(self, since: datetime, until: datetime) -> AsyncIterator[tuple[SignIn, ...]]:
        """Yield pages of failures created in [since, until), newest first. Raises GraphError.

        A page can be empty: what cannot matter is left out before it is read as a whole.
        """
        if since >= until:
            return
        times = f"createdDateTime ge {instant(since)} and createdDateTime le {instant(_ceiled(until))}"
        while True:
            conditions = (times, *NARROWING[self._refused], BOTH_KINDS)
            begun = False
            try:
                async for page in self._pages(conditions, MOST_PAGES):
                    begun = True
                    yield tuple(row for row in page if _is_failure_within(row, since, until))
            except GraphMalformed as error:
                if begun or error.status != 400 or self._refused + 1 == len(NARROWING):
                    raise
                self._refused += 1
                log.warning("Graph does not take a filter of the sign-in log, reading more: %s", error)
            else:
                return

    async def registrations(self, users: Sequence[str], since: datetime) -> tuple[SignIn, ...]:
        """Return the broker's successes of at most 10 users since a moment, newest first, each once."""
        if len(users) > MOST_USERS:
            raise BadInput(f"more than {MOST_USERS} users at once")
        if not users:
            return ()
        these = " or ".join(f"userId eq '{object_id(user)}'" for user in users)
        conditions = (
            f"createdDateTime ge {instant(since)}",
            f"({these})",
            f"appId eq '{BROKER_APP}'",
            "status/errorCode eq 0",
            BOTH_KINDS,
        )
        found: dict[str, SignIn] = {}
        async for page in self._pages(conditions, REGISTRATION_PAGES):
            for row in page:
                found.setdefault(row.id, row)
        successes = [row for row in found.values() if row.succeeded and row.is_broker]
        return tuple(sorted(successes, key=lambda row: row.created_at, reverse=True))

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


def _is_failure_within(row: SignIn, since: datetime, until: datetime) -> bool:
    return not row.succeeded and since <= row.created_at < until


def _ceiled(at: datetime) -> datetime:
    """Graph knows only "le", and records may carry fractions of a second."""
    return at + timedelta(seconds=1) if at.microsecond else at
