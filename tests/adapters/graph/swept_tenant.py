"""A tenant of any size that can be read both ways: as a list of users, and singly in batches."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web

from bot.domain.people import ObjectId

Inner = dict[str, Any]
STATES = ("disabled", "disabled", "enforced", "disabled", "enabled")


def an_id(number: int) -> ObjectId:
    return ObjectId(f"00000000-0000-4000-8000-{number:012d}")


def state_of(number: int) -> str:
    return STATES[number % len(STATES)]


@dataclass
class SweptTenant:
    """Users are numbers; their rows are made when asked for, so its own size does not grow."""

    size: int
    page: int = 999
    serves_states: bool = True
    knows_property: bool = True
    lies: bool = False  # the list calls everybody disabled
    empty_pages: frozenset[int] = frozenset()  # an empty page before the one that starts there
    reply: Callable[[int, int], Inner | None] | None = None  # number, how often asked: another answer
    missing: frozenset[int] = frozenset()  # left out of batches
    counts_asked: bool = True
    url: str = ""
    calls: Counter[str] = field(default_factory=Counter)
    asked: Counter[int] = field(default_factory=Counter)
    priorities: set[str] = field(default_factory=set)
    refuse_pages: list[web.Response] = field(default_factory=list)

    async def users(self, request: web.Request) -> web.Response:
        self.calls["users"] += 1
        self.priorities.add(request.headers["x-ms-throttle-priority"])
        if self.refuse_pages:
            return self.refuse_pages.pop(0)
        query = {name: values[-1] for name, values in parse_qs(request.query_string).items()}
        wants_state = "perUserMfaState" in query["$select"]
        if wants_state and not self.knows_property:
            error = {"error": {"code": "BadRequest", "message": "Could not find a property"}}
            return web.json_response(error, status=400)
        start = int(query.get("$skiptoken", "0").removesuffix("e"))
        link = f"{self.url}/v1.0/users?$select={query['$select']}&$top=999&$skiptoken="
        if start in self.empty_pages and "e" not in query.get("$skiptoken", ""):
            return web.json_response({"value": [], "@odata.nextLink": f"{link}{start}e"})
        end = min(start + self.page, self.size)
        body: dict[str, Any] = {"value": [self._row(n, with_state=wants_state) for n in range(start, end)]}
        if end < self.size:
            body["@odata.nextLink"] = f"{link}{end}"
        return web.json_response(body)

    async def batch(self, request: web.Request) -> web.Response:
        self.calls["batch"] += 1
        self.priorities.add(request.headers["x-ms-throttle-priority"])
        steps = json.loads(await request.read())["requests"]
        assert len(steps) <= 20
        answers = []
        for step in steps:
            number = int(step["url"].split("/")[2][-12:])
            if self.counts_asked:
                self.asked[number] += 1
            if number not in self.missing:
                answers.append({"id": step["id"], **self._inner(number)})
        return web.json_response({"responses": answers[::-1]})

    def _inner(self, number: int) -> Inner:
        other = self.reply(number, self.asked[number]) if self.reply else None
        return other or {"status": 200, "body": {"perUserMfaState": state_of(number)}}

    def _row(self, number: int, *, with_state: bool) -> Inner:
        row = {
            "id": an_id(number),
            "userPrincipalName": f"person{number}@contoso.com",
            "displayName": f"Person {number}",
            "accountEnabled": number % 7 != 0,
            "userType": "Member",
        }
        if with_state and self.serves_states:
            row["perUserMfaState"] = "disabled" if self.lies else state_of(number)
        return row


def inner_refusal(status: int, code: str, **headers: str) -> Inner:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"status": status, "headers": named, "body": {"error": {"code": code, "message": ""}}}


@asynccontextmanager
async def served(tenant: SweptTenant) -> AsyncIterator[SweptTenant]:
    app = web.Application(client_max_size=2**22)
    app.router.add_get("/v1.0/users", tenant.users)
    app.router.add_post("/beta/$batch", tenant.batch)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    tenant.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield tenant
    finally:
        await runner.cleanup()
