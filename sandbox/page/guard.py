"""Who may talk to the page: this machine's browser, from the page itself.

A name that resolves to 127.0.0.1 (DNS rebinding) fails at the Host, another site's form or
script at the Origin.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from aiohttp import web

from sandbox.slack.people import CannotDo

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
LOOPBACK = "127.0.0.1"
NAMES = (LOOPBACK, "localhost")

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Told(Exception):
    """An answer that is not the asked one: HTTP status, code and a sentence for a reader."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text

    def response(self) -> web.Response:
        """Return it as JSON."""
        body: dict[str, Any] = {"ok": False, "error": self.code, "text": self.text}
        return web.json_response(body, status=self.status)


@web.middleware
async def only_from_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse other hosts and origins, and put errors into words."""
    try:
        _check(request)
        return await handler(request)
    except (Told, CannotDo, KeyError, ValueError, aiohttp.ClientError, OSError, web.HTTPException) as error:
        return _told(error).response()


def _told(error: Exception) -> Told:
    match error:
        case Told():
            return error
        case CannotDo():
            return Told(400, error.code, f"Slack would not let this person do that: {error.code}.")
        case KeyError():
            return Told(400, "missing_field", f"The request needs {error}.")
        case ValueError():
            return Told(400, "bad_value", f"That cannot be read: {error}.")
        case web.HTTPException():
            return Told(error.status, error.reason.lower().replace(" ", "_"), error.reason)
    return Told(502, "sandbox_gone", f"A sandbox does not answer: {type(error).__name__}.")


def _check(request: web.Request) -> None:
    sockname = request.transport.get_extra_info("sockname") if request.transport else None
    here = {f"{name}:{sockname[1]}" for name in NAMES} if sockname else set()
    if request.headers.get("Host", "") not in here:
        raise Told(403, "wrong_host", "This page answers at its own address only.")
    if request.method in {"GET", "HEAD"}:
        return
    if request.headers.get("Origin", "") not in {f"http://{one}" for one in here}:
        raise Told(403, "wrong_origin", "Only the page itself may do that.")
    if request.content_type != "application/json":
        raise Told(415, "not_json", "Send application/json.")


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Put the safety headers on every answer, before it is sent."""
    response.headers.update(HEADERS)
