"""The PolicyAudits port: who changed a Conditional Access policy last.

https://learn.microsoft.com/graph/api/directoryaudit-list
https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from bot.adapters.graph.audits import initiator
from bot.adapters.graph.calls import DIRECTORY_AUDITS
from bot.adapters.graph.gateway import Gateway, Within
from bot.adapters.graph.wire import (
    QUERY_SAFE,
    Row,
    instant,
    moment_in,
    part,
    parts,
    required,
    text,
)
from bot.domain.alerts import PolicyChange
from bot.domain.people import object_id
from bot.errors import GraphMalformed
from bot.ports import Urgency

MOST_PAGES = 3

CHANGES = ("add", "update", "delete", "restore", "hard delete")
"""How activities that change a policy begin: "Update conditional access policy", "Update policy"…"""


class GraphPolicyAudits:
    """Reads the directory audit log, Graph v1.0: one scarce call as a rule, in the background."""

    def __init__(self, graph: Gateway) -> None:
        self._graph = graph

    async def last_change(self, policy_id: str, since: datetime) -> PolicyChange | None:
        """Return the newest change of one policy since a moment; failed tries left out.

        One change is written twice, by Conditional Access and by the directory: the former says more.
        """
        asked = object_id(policy_id)
        when = f"activityDateTime ge {instant(since)}"
        try:
            rows = await self._rows(f"{when} and targetResources/any(t:t/id eq '{asked}')")
        except GraphMalformed as error:
            if error.status != 400:
                raise
            rows = await self._rows(f"{when} and category eq 'Policy'")  # not every cloud filters on targets
        changes = (change for change in _changes(rows, asked) if change.at >= since)
        return max(changes, key=_rank, default=None)

    async def _rows(self, condition: str) -> list[Any]:
        path = f"/v1.0/auditLogs/directoryAudits?$filter={quote(condition, safe=QUERY_SAFE)}&$top=100"
        limits = Within(Urgency.BACKGROUND, pages=MOST_PAGES, must_end=False)
        return await self._graph.rows(DIRECTORY_AUDITS, path, lambda row: row, limits)


def _rank(change: PolicyChange) -> tuple[datetime, bool]:
    return change.at.replace(microsecond=0), "conditional access" in change.activity.lower()


def _changes(rows: Iterable[Any], policy_id: str) -> Iterable[PolicyChange]:
    for row in rows:
        try:
            targets = [one for one in parts(row, "targetResources") or () if _is(one, policy_id)]
            if targets and _is_change(row):
                yield policy_change(row, targets[0])
        except (ValueError, AttributeError):  # AttributeError: the row is not an object
            raise GraphMalformed(DIRECTORY_AUDITS.what, message="a record cannot be understood") from None


def _is(target: Row, policy_id: str) -> bool:
    return text(target, "id").lower() == policy_id


def _is_change(row: Row) -> bool:
    named = text(row, "activityDisplayName").strip().lower()
    return named.startswith(CHANGES) and text(row, "result").lower() != "failure"


def policy_change(row: Row, target: Row) -> PolicyChange:
    """Read one record about a policy; ValueError without a time or an activity."""
    at = moment_in(row.get("activityDateTime"))
    if at is None:
        raise ValueError("activityDateTime is missing")
    return PolicyChange(
        policy_id=text(target, "id").lower(),
        policy_name=text(target, "displayName"),
        at=at,
        by=initiator(part(row, "initiatedBy")),
        activity=required(row, "activityDisplayName"),
    )
