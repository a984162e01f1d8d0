"""The SignInLog port.

Graph beta: v1.0 has neither non-interactive sign-ins nor the property that names who demanded MFA.
https://learn.microsoft.com/graph/api/signin-list?view=graph-rest-beta
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache, partial
from urllib.parse import quote

from bot.adapters.graph.calls import SIGN_INS
from bot.adapters.graph.fresh import SingleFlight
from bot.adapters.graph.gateway import Gateway, Within
from bot.adapters.graph.wire import (
    QUERY_SAFE,
    Row,
    flag,
    instant,
    moment_in,
    part,
    parts,
    required,
    text,
    texts_in_order,
    whole_number,
)
from bot.domain.people import ObjectId, object_id
from bot.domain.sign_ins import AppliedPolicy, AuthenticationStep, RequirementSource, SignIn, SignIns
from bot.ports import Urgency

MOST_PAGES = 3
NON_INTERACTIVE = "signInEventTypes/any(t: t eq 'nonInteractiveUser')"

log = logging.getLogger(__name__)


class GraphSignInLog:
    """Reads one user's sign-ins, at most 3,000 of each kind."""

    def __init__(self, graph: Gateway) -> None:
        self._graph = graph
        self._flight: SingleFlight[SignIns] = SingleFlight()

    async def of_user(
        self, user: ObjectId, since: datetime, *, interactive: bool, urgency: Urgency
    ) -> SignIns:
        """Return a user's sign-ins of one kind since `since`, newest first, each once.

        Whoever asks the same while a read is under way shares it: the log allows few calls. "The same" is
        the same window to the minute.
        """
        window = round((self._graph.now() - since).total_seconds() / 60)
        return await self._flight.share(
            lambda: self._of_user(user, since, interactive=interactive, urgency=urgency),
            (user, interactive, urgency, window),
        )

    async def _of_user(
        self, user: ObjectId, since: datetime, *, interactive: bool, urgency: Urgency
    ) -> SignIns:
        """The log republishes records, so the same id may come twice; the first is the newer copy."""
        condition = f"userId eq '{object_id(user)}' and createdDateTime ge {instant(since)}"
        if not interactive:  # without a filter on the kind Graph returns interactive ones alone
            condition += f" and {NON_INTERACTIVE}"
        path = f"/beta/auditLogs/signIns?$filter={quote(condition, safe=QUERY_SAFE)}&$top=1000"
        read: Callable[[Row], SignIn | None] = partial(_readable, interactive=interactive)
        limits = Within(urgency, pages=MOST_PAGES, must_end=False)
        found: dict[str, SignIn] = {}
        rows = await self._graph.rows(SIGN_INS, path, read, limits)
        for row in filter(None, rows):
            found.setdefault(row.id, row)
        left_out = rows.count(None)
        if left_out:
            log.warning("left out %d unreadable rows of %s", left_out, SIGN_INS.what)
        return SignIns(sorted(found.values(), key=lambda row: row.created_at, reverse=True), left_out)


def _readable(row: Row, *, interactive: bool) -> SignIn | None:
    """Read one record; None stands for one that cannot be understood, so that it is counted."""
    try:
        return sign_in(row, interactive=interactive)
    except (ValueError, AttributeError):  # AttributeError: the row is not an object
        return None


def sign_in(row: Row, *, interactive: bool) -> SignIn:
    """Read one record; ValueError without an id, a time or an error code.

    `interactive` is what was asked for, in case the record does not say.
    """
    status, device, location = part(row, "status"), part(row, "deviceDetail"), part(row, "location")
    created_at, error_code = moment_in(row.get("createdDateTime")), whole_number(status, "errorCode")
    if created_at is None or error_code is None:
        raise ValueError("createdDateTime or status/errorCode is missing")
    said_interactive = flag(row, "isInteractive")
    return SignIn(
        id=required(row, "id"),
        created_at=created_at,
        user_id=text(row, "userId").lower(),
        app_id=text(row, "appId").lower(),
        app_name=text(row, "appDisplayName"),
        resource_id=text(row, "resourceId").lower(),
        resource_name=text(row, "resourceDisplayName"),
        error_code=error_code,
        is_interactive=interactive if said_interactive is None else said_interactive,
        failure_reason=text(status, "failureReason"),
        correlation_id=text(row, "correlationId"),
        ip_address=text(row, "ipAddress"),
        country=text(location, "countryOrRegion"),
        operating_system=text(device, "operatingSystem"),
        device_id=text(device, "deviceId").lower(),
        device_name=text(device, "displayName"),
        user_agent=text(row, "userAgent"),
        risk_level=text(row, "riskLevelDuringSignIn"),
        conditional_access_status=text(row, "conditionalAccessStatus"),
        applied_policies=_applied(parts(row, "appliedConditionalAccessPolicies")),
        requirement_sources=_sources(parts(row, "authenticationRequirementPolicies")),
        steps=_steps(parts(row, "authenticationDetails")),
        user_principal_name=text(row, "userPrincipalName"),
        user_display_name=text(row, "userDisplayName"),
    )


def _applied(rows: list[Row] | None) -> tuple[AppliedPolicy, ...] | None:
    """Graph leaves the property out for callers that may not read policies: None is not "no policy"."""
    if rows is None:
        return None
    return tuple(
        [
            _policy(
                text(row, "id"),
                text(row, "displayName"),
                text(row, "result"),
                texts_in_order(row, "enforcedGrantControls"),
            )
            for row in rows
        ]
    )


@lru_cache(4_096)
def _policy(policy_id: str, name: str, result: str, controls: tuple[str, ...]) -> AppliedPolicy:
    """Rows of a page list the same few policies again and again."""
    return AppliedPolicy(policy_id, name, result, controls)


def _sources(rows: list[Row] | None) -> tuple[RequirementSource, ...] | None:
    if rows is None:
        return None
    return tuple([RequirementSource(text(row, "requirementProvider"), text(row, "detail")) for row in rows])


def _steps(rows: list[Row] | None) -> tuple[AuthenticationStep, ...]:
    return tuple(
        [
            AuthenticationStep(
                text(row, "authenticationMethod"),
                flag(row, "succeeded"),
            )
            for row in rows or ()
        ]
    )
