"""When a sign-in becomes visible: Entra publishes a record some time after it was made.

https://learn.microsoft.com/entra/identity/monitoring-health/reference-log-latency
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import datetime, timedelta

from sandbox.entra.filters import Both, Compare, Node, parse
from sandbox.entra.tenant import Tenant
from sandbox.entra.wire import Call, Json, timestamp

_MARGIN = timedelta(seconds=1)  # records may carry fractions of a second


def published(tenant: Tenant, call: Call) -> list[Json]:
    """Return the sign-ins that are visible by now, oldest first.

    Where the filter names times, only about those: a log of a hundred thousand is not matched row by row.
    """
    text = call.query.get("$filter")
    first, last = _about(tenant.sign_ins, parse(text)) if text else (0, len(tenant.sign_ins))
    rows = tenant.sign_ins[first:last]
    if not tenant.published_at:
        return rows
    now, later = tenant.now(), tenant.published_at
    return [row for row in rows if row["id"] not in later or later[row["id"]] <= now]


def is_published(tenant: Tenant, row_id: str) -> bool:
    """Tell whether one sign-in is visible by now."""
    return tenant.published_at.get(row_id, tenant.now()) <= tenant.now()


def _about(rows: list[Json], node: Node) -> tuple[int, int]:
    first, last = 0, len(rows)
    for compare in _demands(node):
        value = compare.value
        if compare.path != "createdDateTime" or not isinstance(value, datetime):
            continue
        if compare.operator in ("ge", "eq"):
            first = max(first, bisect_left(rows, timestamp(value - _MARGIN), key=_created))
        if compare.operator in ("le", "eq"):
            last = min(last, bisect_right(rows, timestamp(value + _MARGIN), key=_created))
    return first, last


def _demands(node: Node) -> Iterator[Compare]:
    """Yield the comparisons that every row has to satisfy."""
    if isinstance(node, Both):
        yield from _demands(node.left)
        yield from _demands(node.right)
    elif isinstance(node, Compare):
        yield node


def _created(row: Json) -> str:
    return str(row["createdDateTime"])
