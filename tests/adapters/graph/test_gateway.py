"""Reads and writes over real HTTP: headers, retries, time limits, hosts."""

from __future__ import annotations

import asyncio
import base64
import gzip
import zlib
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime

import pytest
from azure.core.credentials import AccessToken

from bot.adapters.graph.budget import LocalBudget
from bot.adapters.graph.calls import MFA_CHANGE, MFA_STATE, POLICIES, SIGN_INS, USER
from bot.adapters.graph.credentials import Access, FixedToken
from bot.adapters.graph.gateway import PACED_RETRIES, Gateway, Within
from bot.adapters.graph.wire import Row, required
from bot.adapters.graph.wiring import Wire, http_client
from bot.errors import (
    GraphError,
    GraphMalformed,
    GraphNotFound,
    GraphRefused,
    GraphThrottled,
    GraphUnreachable,
    RefusalKind,
)
from bot.ports import Urgency
from tests.adapters.graph.fake_graph import (
    NOW,
    TOKEN,
    FakeGraph,
    Pauses,
    Says,
    counter,
    fake_graph,
    gateway_to,
    refusing,
)


def an_id(row: Row) -> str:
    return required(row, "id")


async def test_a_read_carries_the_headers_graph_asks_for(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on("/v1.0/users", Says({"id": "1"}))

    await gateway.get(USER, "/v1.0/users/1?$select=id", Urgency.PERSON)
    await gateway.get(USER, "/v1.0/users/1?$select=id", Urgency.BACKGROUND)

    first, second = (heard.headers for heard in graph.heard)
    assert graph.heard[0].target == "/v1.0/users/1?$select=id"
    assert first["authorization"] == f"Bearer {TOKEN}"
    assert first["prefer"] == "include-unknown-enum-members"
    assert first["accept"] == "application/json"
    assert (first["client-request-id"], second["client-request-id"]) == ("id-1", "id-2")
    assert (first["x-ms-throttle-priority"], second["x-ms-throttle-priority"]) == ("high", "low")


REFUSALS = [
    (refusing(403, "Authorization_RequestDenied", "Insufficient privileges"), RefusalKind.PERMISSION),
    (refusing(401, "InvalidAuthenticationToken", "Access token has expired."), RefusalKind.PERMISSION),
    (
        refusing(
            403,
            "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
            "Neither tenant is B2C or tenant doesn't have premium license",
        ),
        RefusalKind.LICENCE,
    ),
    (refusing(400, "Authentication_RequestFromNonPremiumTenantOrB2CTenant"), RefusalKind.LICENCE),
    (
        refusing(
            403,
            "Authorization_RequestDenied",
            "Insufficient privileges: the user is in a restricted management administrative unit.",
        ),
        RefusalKind.RESTRICTED,
    ),
    (Says(b"<html>no</html>", 403, content_type="text/html"), RefusalKind.PERMISSION),
]


@pytest.mark.parametrize(("says", "kind"), REFUSALS)
async def test_a_refusal_says_why_and_what_is_needed(
    graph: FakeGraph, gateway: Gateway, says: Says, kind: RefusalKind
) -> None:
    graph.on("/", says)

    with pytest.raises(GraphRefused) as refused:
        await gateway.get(MFA_STATE, "/beta/x")

    assert refused.value.kind is kind
    assert refused.value.needs == ("Policy.Read.All" if kind is RefusalKind.PERMISSION else None)
    assert refused.value.request_id == "request-1"
    assert len(graph.heard) == 1


ANSWERS: list[tuple[Says, type[GraphError], int]] = [
    (refusing(404, "Request_ResourceNotFound"), GraphNotFound, 1),
    (Says(None, 404), GraphNotFound, 1),
    (Says(b"<html>", 404, content_type="text/html"), GraphMalformed, 1),
    (refusing(400, "BadRequest", "Invalid filter clause"), GraphMalformed, 1),
    (Says(b"<html>Bad gateway", 502, content_type="text/html"), GraphUnreachable, 1),
    (refusing(500, "InternalServerError"), GraphUnreachable, 1),
    (refusing(503, "ServiceUnavailable"), GraphUnreachable, 2),
    (refusing(504, "GatewayTimeout"), GraphUnreachable, 2),
    (Says(cut=True), GraphUnreachable, 4),  # aiohttp repeats a GET on a lost connection once itself
    (Says(torn=True), GraphUnreachable, 2),
    (Says(b"<html>maintenance</html>", content_type="text/html"), GraphMalformed, 1),
    (Says(None, 204), GraphMalformed, 1),
    (Says(b""), GraphMalformed, 1),
    (Says({"error": "unauthorized_client"}, 403), GraphRefused, 1),
    (Says([1, 2], 400), GraphMalformed, 1),
    (Says({"odata.error": {"code": "x", "message": {"lang": "en", "value": "y"}}}, 400), GraphMalformed, 1),
]


@pytest.mark.parametrize(("says", "kind", "requests"), ANSWERS)
async def test_every_answer_becomes_one_of_our_errors(
    graph: FakeGraph, gateway: Gateway, says: Says, kind: type[GraphError], requests: int
) -> None:
    graph.on("/", says)

    with pytest.raises(GraphError) as failure:
        await gateway.get(USER, "/v1.0/users/1")

    assert type(failure.value) is kind
    assert failure.value.what == "the user"
    assert len(graph.heard) == requests


@pytest.mark.parametrize(
    "body", [b'{"value": [{"id": "1"}', b"[]", b"null", b'"text"', b"\xff\xfe", b'{"a":1}']
)
async def test_a_page_that_is_no_page_is_malformed(graph: FakeGraph, gateway: Gateway, body: bytes) -> None:
    graph.on("/", Says(body))

    with pytest.raises(GraphMalformed):
        await gateway.rows(USER, "/v1.0/users", an_id)


async def test_an_answer_that_does_not_come_ends_at_the_time_limit(graph: FakeGraph) -> None:
    graph.on("/", Says(hang=True))

    async with gateway_to(graph.url, timeout=0.2) as gateway:
        with pytest.raises(GraphUnreachable) as failure:
            await gateway.get(USER, "/v1.0/users/1")
        with pytest.raises(GraphUnreachable) as failed_write:
            await gateway.patch(MFA_CHANGE, "/beta/x", {}, "an-id")

    assert failure.value.timed_out
    assert failed_write.value.timed_out
    assert len(graph.heard) == 2


async def test_nobody_listening_is_unreachable() -> None:
    async with fake_graph() as gone:
        url = gone.url
    async with gateway_to(url) as gateway:
        with pytest.raises(GraphUnreachable) as failure:
            await gateway.get(USER, "/v1.0/users/1")

    assert not failure.value.timed_out


async def test_a_lost_connection_is_tried_once_more(
    graph: FakeGraph, gateway: Gateway, pauses: Pauses
) -> None:
    graph.on("/", Says(torn=True), Says({"id": "1"}))

    assert await gateway.get(USER, "/v1.0/users/1") == b'{"id": "1"}'
    assert pauses.waited == [0.5]


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
async def test_a_packed_answer_is_unpacked(
    graph: FakeGraph, gateway: Gateway, pack: Callable[[bytes], bytes]
) -> None:
    kind = "gzip" if pack is gzip.compress else "deflate"
    graph.on("/", Says(pack(b'{"id": "1"}'), headers={"Content-Encoding": kind}))

    assert await gateway.get(USER, "/v1.0/users/1") == b'{"id": "1"}'


async def test_an_answer_that_cannot_be_unpacked_is_no_answer(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on("/", Says(b"not gzip at all", headers={"Content-Encoding": "gzip"}))

    with pytest.raises(GraphError):
        await gateway.get(USER, "/v1.0/users/1")


THROTTLED = [
    (refusing(429, "TooManyRequests", Retry_After="2"), [2.0]),
    (refusing(429, "TooManyRequests", Retry_After="0.4"), [0.4]),
    (refusing(429, "TooManyRequests", Retry_After=format_datetime(NOW + timedelta(seconds=3))), [3.0]),
    (refusing(429, "TooManyRequests", Retry_After="soon"), [2.0]),
    (refusing(429, "TooManyRequests"), [2.0]),
    (Says(b"<html>slow down</html>", 429, {"Retry-After": "1"}, "text/html"), [1.0]),
]


@pytest.mark.parametrize(("says", "waits"), THROTTLED)
async def test_a_throttled_read_waits_as_asked_and_tries_again(
    graph: FakeGraph, gateway: Gateway, pauses: Pauses, says: Says, waits: list[float]
) -> None:
    graph.on("/", says, Says({"id": "1"}))

    await gateway.get(USER, "/v1.0/users/1")

    assert pauses.waited == waits
    assert len(graph.heard) == 2


@pytest.mark.parametrize(("header", "told"), [({"Retry-After": "300"}, 300.0), ({"Retry-After": "5"}, 5.0)])
async def test_a_wait_beyond_the_time_limit_is_told_at_once(
    graph: FakeGraph, gateway: Gateway, pauses: Pauses, header: dict[str, str], told: float
) -> None:
    graph.on("/", Says({}, 429, header))

    with pytest.raises(GraphThrottled) as throttled:
        await gateway.get(USER, "/v1.0/users/1")

    assert throttled.value.retry_after == told
    assert pauses.waited == []


async def test_a_read_that_stays_throttled_ends_after_three_tries(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on("/", refusing(429, "TooManyRequests", Retry_After="1"))

    with pytest.raises(GraphThrottled):
        await gateway.get(USER, "/v1.0/users/1")

    assert len(graph.heard) == 3


async def test_conditional_access_names_no_time_and_is_tried_every_second(
    graph: FakeGraph, gateway: Gateway, pauses: Pauses
) -> None:
    graph.on("/", refusing(429, "TooManyRequests"))

    with pytest.raises(GraphThrottled):
        await gateway.get(POLICIES, "/v1.0/identity/conditionalAccess/policies")

    assert set(pauses.waited) == {1.1}
    assert len(graph.heard) == PACED_RETRIES + 1


async def test_a_throttled_bucket_is_closed_for_everybody(
    graph: FakeGraph, gateway: Gateway, pauses: Pauses
) -> None:
    graph.on("/", refusing(429, "TooManyRequests", Retry_After="60"))

    with pytest.raises(GraphThrottled):
        await gateway.get(SIGN_INS, "/beta/auditLogs/signIns")
    with pytest.raises(GraphThrottled) as refused:
        await gateway.get(SIGN_INS, "/beta/auditLogs/signIns")

    assert len(graph.heard) == 1
    assert refused.value.retry_after == pytest.approx(60)


UNCERTAIN = [
    refusing(429, "TooManyRequests", Retry_After="1"),
    refusing(503, "ServiceUnavailable"),
    refusing(504, "GatewayTimeout"),
    refusing(500, "InternalServerError"),
    refusing(409, "Request_ConcurrencyViolation"),
    Says(cut=True),
    Says(torn=True),
    Says(None, 307, {"Location": "/beta/elsewhere"}),
]


@pytest.mark.parametrize("says", UNCERTAIN)
async def test_a_write_is_sent_exactly_once(
    graph: FakeGraph, gateway: Gateway, pauses: Pauses, says: Says
) -> None:
    graph.on("/", says)

    with pytest.raises(GraphError):
        await gateway.patch(MFA_CHANGE, "/beta/x", {"perUserMfaState": "disabled"}, "our-id")

    assert len(graph.heard) == 1
    assert graph.heard[0].headers["client-request-id"] == "our-id"
    assert pauses.waited == []


async def test_a_write_is_sent_as_the_writer_and_returns_graphs_reference(graph: FakeGraph) -> None:
    graph.on("/", Says(None, 204))

    async with gateway_to(graph.url, writer="the-writer-token") as gateway:
        request_id = await gateway.patch(MFA_CHANGE, "/beta/x", {"perUserMfaState": "disabled"}, "our-id")
        graph.on("/", Says({"id": "1"}))
        await gateway.get(USER, "/v1.0/users/1")

    wrote, read = graph.heard
    assert request_id == "request-1"
    assert (wrote.method, wrote.json) == ("PATCH", {"perUserMfaState": "disabled"})
    assert wrote.headers["content-type"] == "application/json"
    assert wrote.headers["authorization"] == "Bearer the-writer-token"
    assert read.headers["authorization"] == f"Bearer {TOKEN}"


async def test_pages_are_followed_even_when_one_is_empty(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on(
        "/v1.0/users", Says({"value": [{"id": "a"}], "@odata.nextLink": f"{graph.url}/v1.0/p2?$skiptoken=x"})
    )
    graph.on("/v1.0/p2", Says({"value": [], "@odata.nextLink": f"{graph.url}/v1.0/p3"}))
    graph.on("/v1.0/p3", Says({"value": [{"id": "b"}, {"no": "id"}, None]}))

    assert await gateway.rows(USER, "/v1.0/users", an_id) == ["a", "b"]
    assert {heard.headers["prefer"] for heard in graph.heard} == {"include-unknown-enum-members"}
    assert graph.heard[1].target == "/v1.0/p2?$skiptoken=x"


async def test_a_collection_without_end_is_not_taken_for_whole(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on("/", Says({"value": [{"id": "a"}], "@odata.nextLink": f"{graph.url}/again"}))

    with pytest.raises(GraphMalformed):
        await gateway.rows(USER, "/v1.0/users", an_id, Within(pages=4))
    assert len(graph.heard) == 4
    assert await gateway.rows(USER, "/v1.0/users", an_id, Within(pages=2, must_end=False)) == ["a", "a"]


@pytest.mark.parametrize("shape", ["{}/p2", "http://user@{}/p2", "https:{}/p2"])
async def test_a_link_to_another_host_is_refused(graph: FakeGraph, gateway: Gateway, shape: str) -> None:
    async with fake_graph() as stranger:
        stranger.on("/", Says({"value": []}))
        hostless = stranger.url.removeprefix("http:")
        link = {"{}/p2": stranger.url, "https:{}/p2": hostless}.get(shape, hostless.removeprefix("//"))
        graph.on("/", Says({"value": [], "@odata.nextLink": shape.format(link)}))

        with pytest.raises(GraphMalformed, match="foreign host"):
            await gateway.rows(USER, "/v1.0/users", an_id)

        assert stranger.heard == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(graph: FakeGraph, gateway: Gateway, status: int) -> None:
    async with fake_graph() as stranger:
        stranger.on("/", Says({"id": "1"}))
        graph.on("/", Says(None, status, {"Location": f"{stranger.url}/v1.0/users/1"}))

        with pytest.raises(GraphMalformed):
            await gateway.get(USER, "/v1.0/users/1")

        assert stranger.heard == []
    assert len(graph.heard) == 1


async def test_thirty_two_reads_run_side_by_side(graph: FakeGraph) -> None:
    graph.on("/", Says(hang=True, body={"id": "1"}))

    async with gateway_to(graph.url) as gateway, asyncio.TaskGroup() as tasks:
        for nth in range(32):
            tasks.create_task(gateway.get(USER, f"/v1.0/users/{nth}"))
        async with asyncio.timeout(4):
            while len(graph.heard) < 32:
                await asyncio.sleep(0.01)
        graph.release()

    assert len(graph.heard) == 32


class Challenged:
    """A token source that hands out a new token for every claims challenge."""

    def __init__(self) -> None:
        self.claims: list[str | None] = []

    async def get_token(self, *_: str, claims: str | None = None, **__: object) -> AccessToken:
        self.claims.append(claims)
        return AccessToken("after-claims" if claims else "stale", 2**40)

    async def close(self) -> None:
        """Nothing to close."""


async def test_a_claims_challenge_is_answered_once(graph: FakeGraph, pauses: Pauses) -> None:
    claims = base64.b64encode(b'{"access_token":{"nbf":{"value":"1"}}}').decode()
    challenge = {"WWW-Authenticate": f'Bearer realm="", error="insufficient_claims", claims="{claims}"'}
    tokens = Challenged()
    refused = Says({"error": {"code": "InvalidAuthenticationToken", "message": ""}}, 401, challenge)
    access = Access(graph.url, FixedToken(TOKEN))
    budget = LocalBudget(5, pauses.monotonic, pauses.pause)

    async with http_client(access) as client:
        wire = Wire(client, tokens, graph.url)
        gateway = Gateway(wire, wire, access, budget, lambda: NOW, pauses.pause, counter())
        graph.on("/", refused, Says({"id": "1"}))
        assert await gateway.get(USER, "/v1.0/users/1") == b'{"id": "1"}'
        graph.on("/", refused)
        with pytest.raises(GraphRefused):
            await gateway.get(USER, "/v1.0/users/1")

    sent = [heard.headers["authorization"] for heard in graph.heard]
    assert sent == ["Bearer stale", "Bearer after-claims"] * 2
    assert tokens.claims[1] == '{"access_token":{"nbf":{"value":"1"}}}'


async def test_a_challenge_that_cannot_be_read_is_malformed(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on("/", Says({}, 401, {"WWW-Authenticate": 'Bearer claims="%%%"'}))

    with pytest.raises(GraphError):
        await gateway.get(USER, "/v1.0/users/1")
