"""Faults a test or a person scripts: errors, garbage, delays, lost connections, empty pages."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sandbox.entra.wire import Call, CutConnection, Json, Refusal, Reply

FOREVER = -1


@dataclass(slots=True)
class Fault:
    """What happens to calls whose path and query match `path`; `left` counts down, -1 means until removed."""

    path: re.Pattern[str]
    method: str | None = None
    left: int = 1
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    delay: float = 0.0
    cut: bool = False
    apply_first: bool = False
    empty_pages: int = 0

    @property
    def replaces_answer(self) -> bool:
        """Whether the caller gets something else than Graph's answer."""
        return self.cut or self.status is not None or self.body is not None

    def reply(self, call: Call) -> Reply:
        """Return the scripted answer, or drop the connection."""
        if self.cut:
            raise CutConnection
        status = self.status or 200
        body: Json | str | None = self.body
        if body is None and status >= 400:
            body = _plain_error(status, call)
        return Reply(status, body, dict(self.headers))


_CODES = {
    401: ("InvalidAuthenticationToken", "Access token has expired or is not yet valid."),
    403: ("Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
    404: ("Request_ResourceNotFound", "Resource does not exist."),
    429: ("TooManyRequests", "Please retry again later."),
    500: ("InternalServerError", "An internal server error occurred."),
    503: ("ServiceUnavailable", "The service is temporarily unavailable."),
    504: ("GatewayTimeout", "The request timed out."),
}


def _plain_error(status: int, call: Call) -> Json:
    code, message = _CODES.get(status, ("UnknownError", ""))
    ids = {"request-id": call.request_id, "client-request-id": call.client_request_id}
    return {"error": {"code": code, "message": message, "innerError": ids}}


def fault_from(script: Json) -> Fault:
    """Read a fault as the admin endpoint takes it."""
    try:
        pattern = re.compile(str(script["path"]))
    except (KeyError, re.error):
        raise Refusal(400, "BadRequest", "A fault needs `path`, a regular expression.") from None
    return Fault(
        path=pattern,
        method=script.get("method"),
        left=int(script.get("count", 1)),
        status=script.get("status"),
        headers={name: str(value) for name, value in (script.get("headers") or {}).items()},
        body=script.get("body"),
        delay=float(script.get("delay", 0)),
        cut=bool(script.get("cut")),
        apply_first=bool(script.get("apply_first")),
        empty_pages=int(script.get("empty_pages", 0)),
    )


class Faults:
    """The scripted faults, oldest first; the first that matches is used."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Add a fault after the ones already there."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Remove every fault."""
        self._faults.clear()

    def take(self, call: Call) -> Fault | None:
        """Return the fault for this call, counting it down."""
        for fault in self._faults:
            if fault.method and fault.method.upper() != call.method:
                continue
            if not (fault.path.search(call.target) or fault.path.search(call.readable_target)):
                continue
            if fault.left > 0:
                fault.left -= 1
                self._faults = [kept for kept in self._faults if kept.left]
            return fault
        return None
