"""The one way to Microsoft Graph: msgraph-sdk's adapter, middleware and credentials, asked for bytes.

The SDK signs calls in, answers claims challenges and carries the middleware; retries, time limits and
paging are ours, because the SDK repeats writes, waits up to minutes and loses pages. Only msgraph_core and
kiota are loaded, never the generated models: a page of sign-ins takes seconds through those.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from bot.adapters.graph.calls import Call
from bot.adapters.graph.credentials import Access
from bot.adapters.graph.pages import read_page
from bot.adapters.graph.replies import Message, Reply, refusal_of
from bot.adapters.graph.wire import Row
from bot.errors import GraphError, GraphMalformed, GraphThrottled, GraphUnreachable
from bot.ports import Budget, Clock, Pause, Scarce, Urgency

if TYPE_CHECKING:
    from bot.adapters.graph.wiring import Wire

T = TypeVar("T")

PRIORITY = {Urgency.ACTION: "high", Urgency.PERSON: "high", Urgency.BACKGROUND: "low"}
"""x-ms-throttle-priority: https://learn.microsoft.com/graph/throttling"""

UNSAID_WAIT = {Scarce.REPORTS: 10.0, Scarce.POLICIES: 1.1, Scarce.TRIALS: 1.1, None: 2.0}
"""Seconds to wait on a 429 that names no time; Conditional Access never names one."""

AFTER_LOSS_WAIT = 0.5
RETRIES = 2
PACED = frozenset({Scarce.POLICIES, Scarce.TRIALS})
"""One call a second for the whole tenant: of several refused at once all but one are refused again."""

PACED_RETRIES = 12


@dataclass(frozen=True, slots=True)
class _Ask:
    """One request, ready to be sent any number of times."""

    call: Call
    method: str
    url: str
    urgency: Urgency
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Within:
    """Limits of a paged read: how urgent, how many pages, and whether having more is an error."""

    urgency: Urgency = Urgency.PERSON
    pages: int = 100
    must_end: bool = True


@asynccontextmanager
async def connect(
    access: Access, *, budget: Budget, now: Clock, pause: Pause, new_id: Callable[[], str]
) -> AsyncIterator[Gateway]:
    """Open a connection to Graph for the current event loop; SettingsError for an unusable credential."""
    from bot.adapters.graph.wiring import wires  # noqa: PLC0415  half a second, and `--help` needs none of it

    async with wires(access, now) as (reader, writer):
        yield Gateway(reader, writer, access, budget, now, pause, new_id)


@dataclass(frozen=True, slots=True)
class Gateway:
    """Reads and writes Graph. Paths begin with the version: "/v1.0/users/…". Raises GraphError alone."""

    reader: Wire
    writer: Wire
    access: Access
    budget: Budget
    now: Clock
    pause: Pause
    new_id: Callable[[], str]

    async def get(self, call: Call, path: str, urgency: Urgency = Urgency.PERSON) -> bytes:
        """Return the JSON body of a GET, not yet parsed."""
        return await self._read(_Ask(call, "GET", self._url(call, path), urgency))

    async def ask(self, call: Call, path: str, question: Row, urgency: Urgency = Urgency.PERSON) -> bytes:
        """Return the JSON body of a POST that only asks and changes nothing."""
        body = json.dumps(question).encode()
        return await self._read(_Ask(call, "POST", self._url(call, path), urgency, body))

    async def pages(
        self, call: Call, path: str, read: Callable[[Row], T], within: Within | None = None
    ) -> AsyncIterator[list[T]]:
        """Yield the pages of a collection, each row through `read`.

        A page may be empty although another follows: https://learn.microsoft.com/graph/paging
        """
        limits = within or Within()
        link = path
        for _ in range(limits.pages):
            rows, next_link = await read_page(call, await self.get(call, link, limits.urgency), read)
            yield rows
            if next_link is None:
                return
            link = next_link
        if limits.must_end:
            raise GraphMalformed(call.what, message=f"more than {limits.pages} pages")

    async def rows(
        self, call: Call, path: str, read: Callable[[Row], T], within: Within | None = None
    ) -> list[T]:
        """Return the rows of all pages."""
        return [row async for page in self.pages(call, path, read, within) for row in page]

    async def patch(self, call: Call, path: str, change: Row, client_request_id: str) -> str | None:
        """Send one PATCH as the writer, exactly once, and return Graph's request id.

        Any failure leaves open whether Graph applied it: read back before judging.
        """
        ask = _Ask(
            call,
            "PATCH",
            self._url(call, path),
            Urgency.ACTION,
            json.dumps(change).encode(),
            {"client-request-id": client_request_id},
        )
        reply = await self._send(self.writer, ask, _loop_time() + self.access.timeout)
        return reply.request_id

    async def granted(self, *, as_writer: bool = False) -> frozenset[str] | None:
        """Return the application permissions of the reader or the writer; None when its token is opaque."""
        return await (self.writer if as_writer else self.reader).granted()

    async def _read(self, ask: _Ask) -> bytes:
        """Send a read, again when Graph was only busy and the time limit allows."""
        await self._spend(ask, self.access.timeout)
        deadline = _loop_time() + self.access.timeout
        most = PACED_RETRIES if ask.call.bucket in PACED else RETRIES
        for retry in range(most + 1):
            try:
                reply = await self._send(self.reader, ask, deadline)
            except (GraphThrottled, GraphUnreachable) as error:
                if retry == most:
                    raise
                await self._wait_before_retry(ask, error, retry, deadline)
            else:
                return _json_body(ask.call, reply)
        raise AssertionError("the last try returns or raises")

    async def _spend(self, ask: _Ask, max_wait: float) -> None:
        if ask.call.bucket is not None:
            await self.budget.spend(ask.call.bucket, ask.urgency, max_wait)

    async def _wait_before_retry(self, ask: _Ask, error: GraphError, retry: int, deadline: float) -> None:
        """Wait as long as the failure asks for; raise it when a second try is not worth its time."""
        wait = _retry_wait(ask.call, error, retry)
        bucket = ask.call.bucket
        if bucket is not None and isinstance(error, GraphThrottled):
            await self.budget.drained(bucket, UNSAID_WAIT[bucket] if wait is None else wait)
        left = deadline - _loop_time()
        if wait is None or wait >= left:
            raise error
        await self.pause(wait)
        await self._spend(ask, left - wait)

    async def _send(self, wire: Wire, ask: _Ask, deadline: float) -> Reply:
        """Send once; return a success, raise what another answer or its absence stands for."""
        headers = {
            "Accept": "application/json",
            "Prefer": "include-unknown-enum-members",
            "client-request-id": self.new_id(),
            "x-ms-throttle-priority": PRIORITY[ask.urgency],
            **({"Content-Type": "application/json"} if ask.body is not None else {}),
            **ask.headers,
        }
        reply = await wire.send(Message(ask.call, ask.method, ask.url, headers, ask.body), deadline)
        refusal = refusal_of(ask.call, reply, self.now())
        if refusal is not None:
            raise refusal
        return reply

    def _url(self, call: Call, path: str) -> str:
        """Return the full address; GraphMalformed when it is on a host that must not get the token."""
        root = self.access.root
        url = path if "://" in path else root + path
        asked, ours = urlsplit(url), urlsplit(root)
        if (asked.scheme, asked.netloc.lower()) != (ours.scheme, ours.netloc.lower()):
            raise GraphMalformed(call.what, code="foreign host", message="a link leads to another host")
        return url


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


def _retry_wait(call: Call, error: GraphError, retry: int) -> float | None:
    """Return the seconds to wait before another try of a read, or None when there should be none."""
    if isinstance(error, GraphThrottled):
        if error.retry_after is not None:
            return error.retry_after
        return UNSAID_WAIT[call.bucket] if retry == 0 or call.bucket in PACED else None
    lost = error.status is None and isinstance(error, GraphUnreachable) and not error.timed_out
    return AFTER_LOSS_WAIT if retry == 0 and (lost or error.status in (503, 504)) else None


def _json_body(call: Call, reply: Reply) -> bytes:
    if not reply.body:
        raise GraphMalformed(call.what, status=reply.status, message="the answer is empty")
    if not reply.is_json:
        kind = reply.headers.get("content-type", "unknown")
        raise GraphMalformed(call.what, status=reply.status, message=f"the answer is of type {kind}")
    return reply.body
