"""From a call to a reply: faults, token, permission, throttling, handler; and the record of what came."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sandbox.entra import batch
from sandbox.entra.faults import Fault, Faults
from sandbox.entra.routes import Route, bound, bucket_of, find
from sandbox.entra.tenant import Tenant
from sandbox.entra.throttle import Limits, Throttle
from sandbox.entra.wire import (
    JSON_TYPE,
    Call,
    CutConnection,
    Json,
    Refusal,
    Reply,
    insufficient_privileges,
    no_such_segment,
)

WRITES = frozenset({"PATCH", "POST", "PUT", "DELETE"})
LOGGED = 20_000
_COSTS = {"users": 2, "users/{}": 2, "users/{}/checkMemberGroups": 4, "subscribedSkus": 3}


@dataclass(slots=True)
class Graph:
    """The service behind both /v1.0 and /beta."""

    tenant: Tenant
    token: str
    throttle: Throttle
    faults: Faults
    requests: deque[Json]
    counts: Counter[str]
    pause: Callable[[float], Awaitable[None]]
    shuffle: Callable[[list[Any]], None]

    @classmethod
    def over(
        cls,
        tenant: Tenant,
        token: str,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        shuffle: Callable[[list[Any]], None] = lambda _: None,
    ) -> Graph:
        """Put the service in front of a tenant."""
        scope = f"Tenant_Application/ReadWrite/{tenant.app.app_id}/{tenant.id}"
        throttle = Throttle(Limits(), tenant.seconds, scope)
        return cls(tenant, token, throttle, Faults(), deque(maxlen=LOGGED), Counter(), pause, shuffle)

    async def answer(self, call: Call) -> Reply:
        """Answer one call; raises CutConnection when a fault says so."""
        self.counts["requests"] += 1
        started = self.tenant.seconds()
        try:
            reply = await self._with_faults(call)
        except Refusal as refusal:
            reply = refusal.reply(call, self.tenant.now())
        except CutConnection:
            self._record(call, None, started)
            raise
        if reply.status == 429:
            self.counts["throttled"] += 1
        self._add_headers(call, reply)
        self._record(call, reply.status, started)
        return reply

    async def _with_faults(self, call: Call) -> Reply:
        fault = self.faults.take(call)
        if fault is None:
            return await self._plain(call)
        if fault.delay:
            await self.pause(fault.delay)
        if not fault.replaces_answer:
            return await self._plain(_with_empty_pages(call, fault))
        if fault.apply_first:
            await self._plain(call)
        return fault.reply(call)

    async def _plain(self, call: Call) -> Reply:
        self._check_token(call)
        if call.version not in ("v1.0", "beta"):
            raise Refusal(400, "BadRequest", "Invalid version.")
        if call.path == ("$batch",):
            if call.in_batch or call.method != "POST":
                raise no_such_segment("$batch")
            return await batch.answer_batch(call, self.answer, self.shuffle)
        route, free = find(call)
        self.counts[route.bucket] += 1
        self.counts[f"{call.method} {route.address}"] += 1
        self._check_permissions(route)
        self.throttle.spend(route.bucket)
        reply = bound(route, free)(self.tenant, call)
        reply.headers.setdefault("x-ms-resource-unit", str(_resource_units(route, call)))
        return reply

    def _check_token(self, call: Call) -> None:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.casefold() == "bearer" and token == self.token:
            return
        message = (
            "IDX14100: JWT is not well formed, there are no dots (.)." if token else "Access token is empty."
        )
        challenge = (
            'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", '
            'client_id="00000003-0000-0000-c000-000000000000"'
        )
        raise Refusal(401, "InvalidAuthenticationToken", message, WWW_Authenticate=challenge)

    def _check_permissions(self, route: Route) -> None:
        if not all(self.tenant.app.permissions & any_of for any_of in route.permissions):
            raise insufficient_privileges()

    def _add_headers(self, call: Call, reply: Reply) -> None:
        ids = {"request-id": call.request_id, "client-request-id": call.client_request_id}
        if not call.in_batch:
            ids["Date"] = self.tenant.now().strftime("%a, %d %b %Y %H:%M:%S GMT")
            ids["x-ms-ags-diagnostic"] = '{"ServerInfo":{"DataCenter":"Sandbox","Slice":"E","Ring":"1"}}'
            ids["Strict-Transport-Security"] = "max-age=31536000"
        if isinstance(reply.body, dict):
            ids |= {
                "Content-Type": JSON_TYPE if reply.status < 400 else "application/json",
                "OData-Version": "4.0",
            }
        given = {name.casefold() for name in reply.headers}
        reply.headers.update({name: value for name, value in ids.items() if name.casefold() not in given})

    def _record(self, call: Call, status: int | None, started: float) -> None:
        entry: Json = {
            "time": self.tenant.now().isoformat(),
            "method": call.method,
            "path": call.readable_target,
            "status": status,
            "request_id": call.request_id,
            "client_request_id": call.headers.get("client-request-id"),
            "in_batch": call.in_batch,
        }
        if call.method in WRITES:
            entry["body"] = _readable(call.content)
        self.requests.append(entry)
        ms = round((self.tenant.seconds() - started) * 1000, 1)
        called = {name: entry.get(name) for name in ("method", "path", "status", "in_batch", "body")}
        called |= {"n": self.counts["requests"], "at": self.tenant.now().timestamp(), "ms": ms}
        called["bucket"] = bucket_of(call)
        self.tenant.feed.add("graph", call=called, budget=self.budget())

    def budget(self) -> Json:
        """Return the state of the scarce bucket; times in Unix seconds."""
        usage, now = self.throttle.usage(), self.tenant.now().timestamp()
        for name, later in (("frees_in", "frees_at"), ("throttling_for", "throttling_until")):
            left = usage.pop(name)
            usage[later] = None if left is None else now + left
        return usage


def _with_empty_pages(call: Call, fault: Fault) -> Call:
    fields = {name: getattr(call, name) for name in Call.__slots__}
    return Call(**{**fields, "empty_pages": fault.empty_pages})


def _resource_units(route: Route, call: Call) -> int:
    """https://learn.microsoft.com/graph/throttling-limits, identity and access."""
    cost = _COSTS.get(route.address, 2 if "emberOf" in route.address else 1)
    cost -= "$select" in call.query
    return max(1, cost - (call.query.get("$top", "").isdigit() and int(call.query["$top"]) < 20))


def _readable(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode("utf-8", "replace")
