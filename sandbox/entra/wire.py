"""What travels: a call as Graph sees it, a reply, and Graph's error body.

Error shape: https://learn.microsoft.com/graph/errors
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

Json = dict[str, Any]
Clock = Callable[[], datetime]
Seconds = Callable[[], float]

JSON_TYPE = (
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request, alone or inside a $batch. `path` is decoded and carries no version."""

    version: str
    method: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    content: bytes
    base: str  # "http://127.0.0.1:1234": where this sandbox was reached
    target: str  # path and query as they came
    request_id: str
    in_batch: bool = False
    empty_pages: int = 0

    @property
    def client_request_id(self) -> str:
        """The caller's own id, or Graph's when the caller sent none."""
        return self.headers.get("client-request-id") or self.request_id

    @property
    def root(self) -> str:
        """Address of the version's service root."""
        return f"{self.base}/{self.version}"

    @property
    def readable_target(self) -> str:
        """Path and query with percent-encoding undone."""
        return unquote(self.target.replace("+", " "))

    def body(self) -> Json:
        """Return the JSON object that was sent; refuse anything else."""
        try:
            sent = json.loads(self.content)
        except ValueError:
            raise unreadable_payload() from None
        if not isinstance(sent, dict):
            raise unreadable_payload()
        return sent


@dataclass(slots=True)
class Reply:
    """One answer. `body` is JSON, raw text (scripted faults) or None for an empty body."""

    status: int = 200
    body: Json | str | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """An error answer in Graph's shape."""

    def __init__(
        self, status: int, code: str, message: str, *, inner: Json | None = None, **headers: str
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.inner = inner or {}
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def reply(self, call: Call, now: datetime) -> Reply:
        """Render the error for this call."""
        inner = {
            **self.inner,
            "date": now.strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": call.request_id,
            "client-request-id": call.client_request_id,
        }
        error = {"code": self.code, "message": self.message, "innerError": inner}
        return Reply(self.status, {"error": error}, dict(self.headers))


class CutConnection(Exception):
    """The connection is to be dropped without an answer."""


def unreadable_payload() -> Refusal:
    """Return the refusal of a body that is not a JSON object."""
    message = (
        "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of "
        "valid JSON format."
    )
    return Refusal(400, "BadRequest", message)


def no_such_resource(name: str) -> Refusal:
    """Return the refusal for an object id or UPN that is not in the directory."""
    message = (
        f"Resource '{name}' does not exist or one of its queried reference-property objects are not present."
    )
    return Refusal(404, "Request_ResourceNotFound", message)


def no_such_segment(segment: str) -> Refusal:
    """Return the refusal for an address this version of Graph does not have."""
    return Refusal(400, "BadRequest", f"Resource not found for the segment '{segment}'.")


def insufficient_privileges() -> Refusal:
    """Return the refusal for a missing permission."""
    return Refusal(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def split_target(target: str) -> tuple[str, tuple[str, ...], dict[str, str]]:
    """Split "/v1.0/users/a%40b?$top=1" into version, decoded path and query.

    Empty segments are dropped: SDKs send "/v1.0//users" and Graph answers it.
    """
    path, _, query = target.partition("?")
    segments = [unquote(segment) for segment in path.split("/") if segment]
    version = segments[0] if segments else ""
    return version, tuple(segments[1:]), dict(parse_qsl(query, keep_blank_values=True))


def timestamp(moment: datetime) -> str:
    """Write a time the way Graph does: UTC, whole seconds, "Z"."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
