"""What people write into the modals: read, and checked field by field. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.risk import problem_with_note, problem_with_reason
from bot.domain.silencing import LENGTHS, Reach
from bot.render import labels
from bot.render.choices import IDENTITY_CHECKS, PAUSE_LENGTHS, TIME_BOXES
from bot.render.phrases import phrase
from bot.render.words import N_, _

IDENTITY_MISSING = N_("not one of the ways to make sure who is asking; choose one")
TIME_BOX_MISSING = N_("not one of the choices")

Body = Mapping[str, Any]


def _problem_with_identity_check(picked: str) -> str | None:
    return None if picked in IDENTITY_CHECKS else IDENTITY_MISSING


def _problem_with_time_box(picked: str) -> str | None:
    return None if picked in TIME_BOXES else TIME_BOX_MISSING


def _problem_with_silence_length(picked: str) -> str | None:
    return None if picked in LENGTHS else TIME_BOX_MISSING


def _problem_with_silence_reach(picked: str) -> str | None:
    return None if picked in list(Reach) else TIME_BOX_MISSING


def _problem_with_pause_length(picked: str) -> str | None:
    return None if picked in PAUSE_LENGTHS else TIME_BOX_MISSING


CHECKS: dict[str, Callable[[str], str | None]] = {
    labels.REASON_FIELD: problem_with_reason,
    labels.TICKET_FIELD: problem_with_note,
    labels.IDENTITY_FIELD: _problem_with_identity_check,
    labels.TIME_BOX_FIELD: _problem_with_time_box,
    labels.SILENCE_LENGTH_FIELD: _problem_with_silence_length,
    labels.SILENCE_WHAT_FIELD: _problem_with_silence_reach,
    labels.PAUSE_LENGTH_FIELD: _problem_with_pause_length,
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
    """Return what was written into a field or picked from its menu, without space around it."""
    values = ((body.get("view") or {}).get("state") or {}).get("values") or {}
    cell = (values.get(field) or {}).get(field) or {}
    picked = cell.get("selected_option") or {}
    return str(cell.get("value") or cell.get("selected_user") or picked.get("value") or "").strip()


def problems(body: Body, *fields: str) -> dict[str, str]:
    """Return a sentence for each field that cannot be used, keyed as Slack wants it."""
    found = {field: CHECKS[field](written(body, field)) for field in fields}
    said = _("That is {problem}.")
    return {field: said.format(problem=phrase(problem)) for field, problem in found.items() if problem}
