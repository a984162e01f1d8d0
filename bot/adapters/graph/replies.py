"""What goes to Graph and what an answer means. Pure: status, headers and body in, an error of ours out.

Error bodies: https://learn.microsoft.com/graph/errors
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from bot.adapters.graph.calls import Call
from bot.errors import (
    GraphError,
    GraphMalformed,
    GraphNotFound,
    GraphRefused,
    GraphThrottled,
    GraphUnreachable,
    RefusalKind,
)

LICENCE_CODES = frozenset(
    {
        "authentication_requestfromnonpremiumtenantorb2ctenant",
        "requestfromnonpremiumtenantorb2ctenant",
    }
)
"""https://learn.microsoft.com/entra/identity/monitoring-health/howto-analyze-activity-logs-with-microsoft-graph"""

PASSING = frozenset({408, 409, 412, 423, 425})
"""Client errors that say "not now", not "not so"."""


@dataclass(frozen=True, slots=True)
class Message:
    """One request as it goes over the wire."""

    call: Call
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer as it came over the wire; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def request_id(self) -> str | None:
        """Graph's own reference of the call."""
        return self.headers.get("request-id")

    @property
    def is_json(self) -> bool:
        """Whether the body claims, or at least looks, to be JSON."""
        kind = self.headers.get("content-type", "")
        return "json" in kind or ("html" not in kind and self.body.lstrip()[:1] == b"{")


def refusal_of(call: Call, reply: Reply, now: datetime) -> GraphError | None:
    """Return the error an answer stands for, or None when it is a success."""
    if 200 <= reply.status < 300:
        return None
    code, message, request_id = _error_in(reply)
    told: dict[str, Any] = {
        "what": call.what,
        "status": reply.status,
        "code": code,
        "message": message[:300],
        "request_id": reply.request_id or request_id,
    }
    if reply.status == 429:
        return GraphThrottled(**told, retry_after=retry_after(reply, now))
    kind = _refusal_kind(reply.status, code, message)
    if kind is not None:
        return GraphRefused(**told, kind=kind, needs=call.needs if kind is RefusalKind.PERMISSION else None)
    if reply.status >= 500 or reply.status in PASSING:
        return GraphUnreachable(**told, timed_out=reply.status in (408, 504))
    if reply.status == 404 and "html" not in reply.headers.get("content-type", ""):
        return GraphNotFound(**told)
    return GraphMalformed(**told)


def retry_after(reply: Reply, now: datetime) -> float | None:
    """Return the wait that Graph asks for in seconds; it writes a number or an HTTP date."""
    value = reply.headers.get("retry-after", "").strip()
    try:
        return min(max(0.0, float(value)), 86_400.0)
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())


def _refusal_kind(status: int, code: str, message: str) -> RefusalKind | None:
    said = message.lower()
    if code.lower() in LICENCE_CODES or "premium license" in said:
        return RefusalKind.LICENCE
    if status not in (401, 403):
        return None
    if "restricted management" in said or "restrictedmanagement" in code.lower():
        return RefusalKind.RESTRICTED
    return RefusalKind.PERMISSION


def _error_in(reply: Reply) -> tuple[str, str, str | None]:
    """Return code, message and request id of an error body; a body of another kind says its content type."""
    error = _error_object(reply.body)
    if error is None:
        return "", f"a body of type {reply.headers.get('content-type') or 'unknown'}", None
    if isinstance(error, str):  # the token service's form: error, error_description
        return error, "", None
    inner = error.get("innerError") or error.get("innererror")
    request_id = inner.get("request-id") if isinstance(inner, dict) else None
    message = error.get("message")
    if isinstance(message, dict):  # older services nest it: {"lang": "en", "value": "…"}
        message = message.get("value")
    return str(error.get("code") or ""), str(message or ""), request_id and str(request_id)


def _error_object(body: bytes) -> dict[str, Any] | str | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    error = found.get("error", found.get("odata.error"))
    return error if isinstance(error, dict | str) else {}
