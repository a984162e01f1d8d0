from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.adapters.health import Health, served
from bot.adapters.slack.incoming import MOST_BYTES, PATH, IncomingCheck
from tests.fakes import FakeClock

SECRET = "sandbox-signing-secret"
FORM = "application/x-www-form-urlencoded"
BODY = urlencode({"command": "/psso", "text": "help"}).encode()


class Behind:
    """A server that only answers what the check let through."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.handled = 0
        self.answer = 200
        app = web.Application(
            middlewares=[IncomingCheck(SECRET, self.clock).middleware], client_max_size=MOST_BYTES
        )
        app.router.add_post(PATH, self._handle)
        self.server = TestServer(app)
        self.session = aiohttp.ClientSession()

    async def _handle(self, _: web.Request) -> web.Response:
        self.handled += 1
        return web.Response(status=self.answer, text="handled")

    def signed(self, body: bytes, age: float = 0) -> dict[str, str]:
        timestamp = str(int((self.clock() - timedelta(seconds=age)).timestamp()))
        base = b"v0:" + timestamp.encode() + b":" + body
        signature = "v0=" + hmac.new(SECRET.encode(), base, hashlib.sha256).hexdigest()
        return {
            "X-Slack-Signature": signature,
            "X-Slack-Request-Timestamp": timestamp,
            "Content-Type": FORM,
        }

    async def post(self, headers: dict[str, str], body: bytes = BODY) -> tuple[int, str]:
        async with self.session.post(self.server.make_url(PATH), data=body, headers=headers) as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def behind() -> AsyncIterator[Behind]:
    made = Behind()
    await made.server.start_server()
    yield made
    await made.session.close()
    await made.server.close()


async def test_a_signed_request_passes(behind: Behind) -> None:
    assert await behind.post(behind.signed(BODY)) == (200, "handled")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "v0=é" + "0" * 62},
        {"X-Slack-Signature": "v1=" + "0" * 64},
        {"X-Slack-Request-Timestamp": "abc"},
        {"X-Slack-Request-Timestamp": ""},
        {"X-Slack-Request-Timestamp": "1e3"},
        {"X-Slack-Request-Timestamp": "-1"},
        {"X-Slack-Request-Timestamp": "9" * 40},
    ],
)
async def test_what_is_not_signed_is_refused(behind: Behind, headers: dict[str, str]) -> None:
    status, _ = await behind.post(behind.signed(BODY) | headers)
    assert status == 401
    assert behind.handled == 0


@pytest.mark.parametrize(("age", "status"), [(299, 200), (301, 401), (-59, 200), (-61, 401)])
async def test_only_recent_requests_count(behind: Behind, age: float, status: int) -> None:
    assert (await behind.post(behind.signed(BODY, age)))[0] == status


async def test_a_repeated_request_has_no_second_effect(behind: Behind) -> None:
    headers = behind.signed(BODY)
    assert await behind.post(headers) == (200, "handled")
    assert await behind.post(headers) == (200, "")
    assert behind.handled == 1


async def test_replays_are_counted_for_metrics(behind: Behind) -> None:
    health, headers = Health({}, lambda: 0.0), behind.signed(BODY, age=7)

    def counted() -> float:
        return health.registry.get_sample_value("psso_replay_rejected_total") or 0.0

    before = counted()
    for _ in range(3):
        await behind.post(headers)
    await behind.post(behind.signed(BODY) | {"X-Slack-Signature": "v0=" + "0" * 64})

    assert counted() - before == 2
    async with (
        served(health, "127.0.0.1", 0) as port,
        behind.session.get(f"http://127.0.0.1:{port}/metrics") as answer,
    ):
        assert f"psso_replay_rejected_total {counted()}" in await answer.text()


async def test_a_request_that_failed_may_come_again(behind: Behind) -> None:
    headers = behind.signed(BODY)
    behind.answer = 500
    assert (await behind.post(headers))[0] == 500
    behind.answer = 200
    assert await behind.post(headers) == (200, "handled")


DEEP = json.dumps({"payload": 1}).replace("1", "[" * 10_000 + "]" * 10_000)


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"x=" + b"y" * (MOST_BYTES + 10), FORM, 413),
        (urlencode({"payload": DEEP}).encode(), FORM, 400),
        (DEEP.encode(), "application/json", 400),
        (urlencode([("payload", "{}"), ("payload", "{}")]).encode(), FORM, 400),
        (b"payload=%ff%fe", FORM, 400),
        (b"\xff\xfe", FORM, 400),
        (b"payload=notjson", FORM, 400),
        (b"[]", "application/json", 400),
        (BODY, "text/plain", 415),
        (BODY, f"{FORM}; charset=utf-16", 415),
        (BODY, f"{FORM}; charset=bogus", 415),
        (b"&".join(b"a%d=1" % n for n in range(500)), FORM, 400),
    ],
    ids=[
        "huge",
        "deep form",
        "deep json",
        "two payloads",
        "bad utf-8 escape",
        "bad utf-8",
        "no json",
        "list",
        "content type",
        "other charset",
        "unknown charset",
        "many fields",
    ],
)
async def test_malformed_bodies_are_refused(
    behind: Behind, body: bytes, content_type: str, status: int
) -> None:
    headers = behind.signed(body) | {"Content-Type": content_type}
    assert (await behind.post(headers, body))[0] == status
    assert behind.handled == 0


async def test_slacks_ssl_check_reaches_no_handler(behind: Behind) -> None:
    assert await behind.post({"Content-Type": FORM}, b"ssl_check=1&token=x") == (200, "")
    assert behind.handled == 0
