"""HTTP mode: signed POSTs. https://docs.slack.dev/authentication/verifying-requests-from-slack"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from urllib.parse import urlencode

import aiohttp

from sandbox.slack.delivery import ACK_SECONDS, Ack, Envelope
from sandbox.slack.errors import Refused
from sandbox.slack.state import Json, Workspace

_FORM = "application/x-www-form-urlencoded"


@dataclass
class HttpMode:
    """Posts to the app's request URL, signed with its secret."""

    workspace: Workspace
    session: aiohttp.ClientSession
    request_url: str
    signing_secret: str

    async def verify_url(self) -> None:
        """Send the challenge Slack sends when a request URL is saved; refuse a URL that does not echo it."""
        body = {"type": "url_verification", "token": "sandbox-verification-token", "challenge": "sandbox"}
        ack = await self._post(json.dumps(body), "application/json", {})
        if (ack.payload or {}).get("challenge") != "sandbox":
            raise Refused("url_verification_failed")

    async def send(self, envelope: Envelope) -> Ack:
        """Deliver once and wait 3 s for HTTP 200."""
        if envelope.kind == "slash_commands":
            return await self._post(urlencode(envelope.payload), _FORM, {})
        if envelope.kind == "interactive":
            return await self._post(urlencode({"payload": json.dumps(envelope.payload)}), _FORM, {})
        headers = {}
        if envelope.attempt:
            reason = "http_timeout" if envelope.reason == "timeout" else "http_error"
            headers = {"X-Slack-Retry-Num": str(envelope.attempt), "X-Slack-Retry-Reason": reason}
        return await self._post(json.dumps(envelope.payload), "application/json", headers)

    async def _post(self, body: str, content_type: str, extra: dict[str, str]) -> Ack:
        # The app checks this against its own clock, which a test's `advance` does not move.
        timestamp = str(int(self.workspace.clock.base()))
        signature = sign(self.signing_secret, timestamp, body)
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            **extra,
        }
        started = time.perf_counter()
        try:
            async with asyncio.timeout(ACK_SECONDS):
                return await self._exchange(body, headers, started)
        except TimeoutError:
            return Ack(acked=False, ms=_since(started), error="operation_timeout")
        except aiohttp.ClientError:
            return Ack(acked=False, ms=_since(started), error="dispatch_failed")

    async def _exchange(self, body: str, headers: dict[str, str], started: float) -> Ack:
        async with self.session.post(self.request_url, data=body.encode(), headers=headers) as answer:
            text = await answer.text()
            if answer.status != 200:
                return Ack(acked=False, ms=_since(started), error="dispatch_failed")
            return Ack(acked=True, ms=_since(started), payload=_payload(text))


def _payload(text: str) -> Json | None:
    if not text.strip():
        return None
    if text.lstrip().startswith("{"):
        payload: Json = json.loads(text)
        return payload
    return {"text": text}


def sign(secret: str, timestamp: str, body: str) -> str:
    """Return `v0=` and the HMAC-SHA256 of `v0:{timestamp}:{body}`."""
    base = f"v0:{timestamp}:{body}".encode()
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
