"""What people write into the modals: read, and checked field by field. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.risk import problem_with_note, problem_with_reason
from bot.render import labels

IDENTITY_MISSING = "empty: say how you made sure who is asking"

Body = Mapping[str, Any]


def _problem_with_identity_check(text: str) -> str | None:
    return problem_with_note(text) if len(text) > 2 else IDENTITY_MISSING


CHECKS: dict[str, Callable[[str], str | None]] = {
    labels.REASON_FIELD: problem_with_reason,
    labels.TICKET_FIELD: problem_with_note,
    labels.IDENTITY_FIELD: _problem_with_identity_check,
}


@dataclass(frozen=True, slots=True)
class Remembered:
    """The ids a form was opened with."""

    value: str
    channel: str
    message_ts: str


def remembered(body: Body) -> Remembered:
    """Read the ids from `private_metadata`; what is not ours becomes empty and is refused later."""
    try:
        ids = json.loads(str((body.get("view") or {}).get("private_metadata") or "{}"))
    except ValueError:
        ids = {}
    found = ids if isinstance(ids, dict) else {}
    return Remembered(*(str(found.get(name) or "") for name in ("value", "channel", "message_ts")))


def written(body: Body, field: str) -> str:
    """Return what was written into a field, without space around it."""
    values = ((body.get("view") or {}).get("state") or {}).get("values") or {}
    cell = (values.get(field) or {}).get(field) or {}
    return str(cell.get("value") or "").strip()


def problems(body: Body, *fields: str) -> dict[str, str]:
    """Return a sentence for each field that cannot be used, keyed as Slack wants it."""
    found = {field: CHECKS[field](written(body, field)) for field in fields}
    return {field: f"That is {problem}." for field, problem in found.items() if problem}
