"""`/api/{method}`: reads arguments in all three spellings, checks token, scope, limit and faults, logs."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import web

from sandbox.slack.errors import RateLimited, Refused
from sandbox.slack.faults import Fault, Faults
from sandbox.slack.methods import METHODS, Call, Method
from sandbox.slack.rate_limits import RateLimits
from sandbox.slack.state import Json, Workspace
from sandbox.slack.tickets import Tickets

# Arguments that forms and query strings carry as JSON text.
_JSON_ARGUMENTS = {"blocks", "attachments", "metadata", "view", "files", "message"}
LOGGED = 20_000


@dataclass
class WebApi:
    """The Web API of one workspace; `calls` is what the app asked, without tokens."""

    workspace: Workspace
    tickets: Tickets
    limits: RateLimits
    faults: Faults
    open_socket: Callable[[], str]
    base_url: str = ""
    calls: deque[Json] = field(default_factory=lambda: deque(maxlen=LOGGED))
    _numbers: Iterator[int] = field(default_factory=count)

    def log(self, name: str, args: Json, *, ok: bool, error: str | None, **more: Any) -> None:
        """Keep a call of the app's."""
        told = {"method": name, "ok": ok, "error": error, **more}
        number = next(self._numbers)
        self.calls.append({**told, "args": args, "at": self.workspace.clock.now(), "n": number})
        self.workspace.feed.add("web_api", n=number, **{"status": 200, **told})

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one HTTP request."""
        name = request.match_info["method"]
        args, problem = await _arguments(request)
        token = _token(request, args)
        fault = self.faults.next_for(name)
        if fault and fault.delay:
            await asyncio.sleep(fault.delay)
        if fault and fault.cut == "before":
            return self._cut(request, name, args, "cut_before")
        response = self._faulted(fault) if fault else None
        if response is None:
            response = self._answer(name, token, args, problem)
        self._log(name, args, response)
        if fault and fault.cut == "after":
            return self._cut(request, name, None, "cut_after")
        return response

    def _answer(self, name: str, token: str | None, args: Json, problem: str | None) -> web.Response:
        method = METHODS.get(name)
        try:
            answer = {"ok": True, **self._run(method, name, token, args, problem)}
        except Refused as refusal:
            answer = {"ok": False, "error": refusal.code, **refusal.details}
        except RateLimited as limited:
            return _rate_limited(limited.retry_after)
        return web.json_response(answer, headers=self._headers(method))

    def _run(
        self, method: Method | None, name: str, token: str | None, args: Json, problem: str | None
    ) -> Json:
        if method is None:
            raise Refused("unknown_method", req_method=name)
        if problem:
            raise Refused(problem)
        self._authorise(method, token)
        self._limit(name, method, args)
        return method.answer(Call(args, self.workspace, self.tickets, self.base_url, self.open_socket))

    def _authorise(self, method: Method, token: str | None) -> None:
        if method.token == "none":
            return
        app = self.workspace.app
        if token is None:
            raise Refused("not_authed")
        if token not in {app.bot_token, app.app_token}:
            raise Refused("invalid_auth")
        if token != (app.app_token if method.token == "app" else app.bot_token):
            raise Refused("not_allowed_token_type")
        granted = ["connections:write"] if method.token == "app" else app.scopes
        for scope in method.scopes:
            if scope not in granted:
                raise Refused("missing_scope", needed=scope, provided=",".join(granted))

    def _limit(self, name: str, method: Method, args: Json) -> None:
        key = f"{name} {args.get('channel')}" if method.per_channel else name
        self.limits.take(key, method.tier)

    def _headers(self, method: Method | None) -> dict[str, str]:
        token_kind = method.token if method else "bot"
        scopes = ["connections:write"] if token_kind == "app" else self.workspace.app.scopes
        return {
            "x-oauth-scopes": ",".join(scopes),
            "x-accepted-oauth-scopes": ",".join(method.scopes) if method else "",
            "x-slack-req-id": self.workspace.next_id("req"),
        }

    def _faulted(self, fault: Fault) -> web.Response | None:
        if fault.retry_after is not None or fault.status == 429:
            return _rate_limited(fault.retry_after or 1)
        if fault.error is not None:
            return web.json_response({"ok": False, "error": fault.error}, status=fault.status or 200)
        if fault.status is not None:
            return web.Response(
                text="<html>upstream error</html>", status=fault.status, content_type="text/html"
            )
        return None

    def _cut(self, request: web.Request, name: str, args: Json | None, error: str) -> web.Response:
        if args is not None:
            self._record(name, args, ok=False, error=error, status=0)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    def _log(self, name: str, args: Json, response: web.Response) -> None:
        text = response.text or ""
        answer = json.loads(text) if text.startswith("{") else {}
        ok, error = bool(answer.get("ok")), answer.get("error")
        self._record(name, args, ok=ok, error=error, status=response.status)

    def _record(self, name: str, args: Json, *, ok: bool, error: str | None, status: int) -> None:
        self.log(name, args, ok=ok, error=error, status=status)


def _rate_limited(retry_after: int) -> web.Response:
    headers = {"Retry-After": str(retry_after)}
    return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)


def _token(request: web.Request, args: Json) -> str | None:
    header = request.headers.get("Authorization", "")
    in_arguments = args.pop("token", None)
    if header.startswith("Bearer ") and header != "Bearer ":
        return header.removeprefix("Bearer ")
    return str(in_arguments) if in_arguments else None


async def _arguments(request: web.Request) -> tuple[Json, str | None]:
    """Return the arguments and, when they cannot be read, Slack's error for it."""
    args: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = await request.json() if request.can_read_body else {}
        except json.JSONDecodeError:
            return args, "invalid_json"
        if not isinstance(body, dict):
            return args, "json_not_object"
        return _decoded(args | body)
    args |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    return _decoded(args)


def _decoded(args: Json) -> tuple[Json, str | None]:
    for name in _JSON_ARGUMENTS & args.keys():
        try:
            args[name] = json.loads(args[name]) if isinstance(args[name], str) else args[name]
        except json.JSONDecodeError:
            return args, "invalid_blocks_format" if name == "blocks" else "invalid_arguments"
    return args, None
