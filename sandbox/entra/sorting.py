"""Order of the two logs: newest first unless $orderby says otherwise."""

from __future__ import annotations

from sandbox.entra.wire import Call, Json, Refusal


def newest_first(call: Call, rows: list[Json], time: str) -> list[Json]:
    """Return rows (kept oldest first) in the asked order; only the time property can be ordered by."""
    parts = call.query.get("$orderby", f"{time} desc").split()
    if (
        not parts
        or parts[0] != time
        or len(parts) > 2
        or (len(parts) == 2 and parts[1] not in ("asc", "desc"))
    ):
        raise Refusal(400, "BadRequest", "Invalid $orderby clause")
    ascending = len(parts) == 1 or parts[1] == "asc"
    return list(rows) if ascending else rows[::-1]
