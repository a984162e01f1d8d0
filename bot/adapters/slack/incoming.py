"""What an HTTP request must look like before Bolt sees it: signed, recent, seen once, well formed.

https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.typedefs import Middleware

from bot.adapters.metrics import REPLAYS_REJECTED
from bot.ports import Clock

PATH = "/slack/events"
MOST_BYTES = 256 * 1024
MOST_FIELDS = 100
OLDEST_SECONDS = 300
NEWEST_SECONDS = 60
REMEMBERED_SECONDS = 660
MOST_REMEMBERED = 50_000

_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_CONTENT_TYPES = ("application/json", "application/x-www-form-urlencoded")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class IncomingCheck:
    """Refuses what Slack did not sign just now, and answers a repeated request without its effect."""

    def __init__(self, signing_secret: str, now: Clock) -> None:
        self._secret = signing_secret.encode()
        self._now = now
        self._seen: OrderedDict[str, float] = OrderedDict()

    @property
    def middleware(self) -> Middleware:
        """The aiohttp middleware."""

        @web.middleware
        async def checked(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._checked(request, handler)

        return checked

    async def _checked(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        body = await request.read()
        if _is_ssl_check(body):
            return web.Response()
        signature = request.headers.get("X-Slack-Signature", "")
        timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
        if not self._is_signed(signature, timestamp, body):
            raise web.HTTPUnauthorized
        if request.content_type not in _CONTENT_TYPES or not _is_utf_8(request.charset):
            raise web.HTTPUnsupportedMediaType
        if not _is_well_formed(request.content_type, body):
            raise web.HTTPBadRequest
        return await self._once(signature, request, handler)

    async def _once(self, signature: str, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Run the handler for a signature's first arrival; a failed run may be repeated."""
        if not self._remember(signature):
            REPLAYS_REJECTED.inc()
            return web.Response()
        answer: web.StreamResponse | None = None
        try:
            answer = await handler(request)
        finally:
            if answer is None or answer.status >= 500:
                self._seen.pop(signature, None)
        return answer

    def _remember(self, signature: str) -> bool:
        now = self._now().timestamp()
        while self._seen:
            oldest = next(iter(self._seen))
            if len(self._seen) < MOST_REMEMBERED and self._seen[oldest] > now - REMEMBERED_SECONDS:
                break
            del self._seen[oldest]
        if signature in self._seen:
            return False
        self._seen[signature] = now
        return True

    def _is_signed(self, signature: str, timestamp: str, body: bytes) -> bool:
        if not _SIGNATURE.fullmatch(signature) or not _TIMESTAMP.fullmatch(timestamp):
            return False
        age = self._now().timestamp() - int(timestamp)
        if age > OLDEST_SECONDS or age < -NEWEST_SECONDS:
            return False
        signed = hmac.new(self._secret, b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256)
        return hmac.compare_digest(f"v0={signed.hexdigest()}", signature)


def unless_for(pages: Sequence[web.Application], check: Middleware) -> Middleware:
    """Return `check` for everything but what these pages answer."""

    @web.middleware
    async def checked(request: web.Request, handler: Handler) -> web.StreamResponse:
        if any(application in pages for application in request.match_info.apps):
            return await handler(request)
        return await check(request, handler)

    return checked


def _is_utf_8(charset: str | None) -> bool:
    return charset is None or charset.lower() in ("utf-8", "utf8")


def _is_ssl_check(body: bytes) -> bool:
    return len(body) < 1000 and b"ssl_check=1" in body.split(b"&")


def _is_well_formed(content_type: str, body: bytes) -> bool:
    try:
        text = body.decode("utf-8")
        if content_type == "application/json":
            return isinstance(json.loads(text), dict)
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
        payloads = [value for name, value in fields if name == "payload"]
        return len(payloads) < 2 and all(isinstance(json.loads(value), dict) for value in payloads)
    except (ValueError, RecursionError):
        return False
