"""`/_admin/`: what a test or a demo drives the workspace with. JSON in, JSON out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, fields

from aiohttp import web

from sandbox.feed import serve_lines
from sandbox.slack.acting import Acting
from sandbox.slack.clicking import click, suggest
from sandbox.slack.client_state import client_state, messages_seen
from sandbox.slack.delivery import Delivery
from sandbox.slack.errors import Refused
from sandbox.slack.http_mode import HttpMode
from sandbox.slack.screen import all_plain, screen
from sandbox.slack.shapes import group_json, person_json
from sandbox.slack.socket_mode import SocketMode
from sandbox.slack.state import Json, Person, UserGroup, Workspace
from sandbox.slack.submitting import close, submit
from sandbox.slack.web_api import WebApi

Act = Callable[[Json], Awaitable[Json]]
MOST_WAIT = 60.0
TOLD_SECONDS = 0.25


@dataclass
class Admin:
    """The doors of one workspace."""

    workspace: Workspace
    api: WebApi
    acting: Acting
    delivery: Delivery
    sockets: SocketMode
    connect_http: Callable[[str, str], HttpMode]

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        posts: dict[str, Act] = {
            "command": self.acting.command,
            "shortcut": self.acting.shortcut,
            "message": self.acting.message,
            "home": self.acting.home,
            "click": lambda asked: click(self.acting, asked),
            "options": lambda asked: suggest(self.acting, asked),
            "submit": lambda asked: submit(self.acting, asked),
            "close": lambda asked: close(self.acting, asked),
            "event": lambda asked: self.acting.event(asked.get("event", asked)),
            "faults": self._add_fault,
            "socket": self._socket,
            "http": self._http,
            "clock": self._clock,
            "app": self._change_app,
            "rate_limits": self._rate_limits,
            "people/{id}": self._change_person,
            "usergroups/{id}": self._change_group,
            "channels/{id}": self._change_channel,
        }
        for path, act in posts.items():
            app.router.add_post(f"/_admin/{path}", _door(act))
        gets: dict[str, Act] = {
            "screen": self._screen,
            "wait": self._wait,
            "calls": self._calls,
            "deliveries": self._deliveries,
            "deliveries/{n}": self._delivery,
            "calls/{n}": self._call,
            "client": self._client,
            "client/messages": self._messages,
            "socket": self._socket,
            "clock": self._clock,
        }
        for path, act in gets.items():
            app.router.add_get(f"/_admin/{path}", _door(act))
        app.router.add_get("/_admin/feed", self._feed)
        app.router.add_delete("/_admin/calls", _door(self._forget_calls))
        app.router.add_delete("/_admin/faults", _door(self._forget_faults))

    async def _feed(self, request: web.Request) -> web.StreamResponse:
        return await serve_lines(self.workspace.feed, request)

    async def _screen(self, asked: Json) -> Json:
        return screen(self.workspace, self.acting.person(str(asked["user"]), force=True).id)

    async def _wait(self, asked: Json) -> Json:
        user, wanted = str(asked["user"]), str(asked["contains"])
        seconds = min(float(asked.get("timeout", 5)), MOST_WAIT)
        try:
            async with asyncio.timeout(seconds):
                while wanted not in all_plain(screen(self.workspace, user)):
                    await self.workspace.changed()
        except TimeoutError:
            return {"found": False, "screen": screen(self.workspace, user)}
        return {"found": True, "screen": screen(self.workspace, user)}

    async def _calls(self, asked: Json) -> Json:
        method = asked.get("method")
        return {"calls": [call for call in self.api.calls if method in {None, call["method"]}]}

    async def _forget_calls(self, _asked: Json) -> Json:
        self.api.calls.clear()
        return {"ok": True}

    async def _deliveries(self, _asked: Json) -> Json:
        return {"deliveries": list(self.delivery.log)}

    async def _delivery(self, asked: Json) -> Json:
        return _numbered(self.delivery.log, asked["n"])

    async def _call(self, asked: Json) -> Json:
        return _numbered(self.api.calls, asked["n"])

    async def _client(self, asked: Json) -> Json:
        return client_state(self.workspace, self.acting.person(str(asked["user"]), force=True).id)

    async def _messages(self, asked: Json) -> Json:
        user = self.acting.person(str(asked["user"]), force=True).id
        limit, before = int(asked.get("limit", 100)), str(asked.get("before", ""))
        return messages_seen(self.workspace, user, str(asked["channel"]), before, limit)

    async def _add_fault(self, asked: Json) -> Json:
        self.api.faults.add(asked)
        return {"ok": True}

    async def _forget_faults(self, _asked: Json) -> Json:
        self.api.faults.waiting.clear()
        return {"ok": True}

    async def _socket(self, asked: Json) -> Json:
        sockets = self.sockets
        sockets.duplicate_next = int(asked.get("duplicate_next", sockets.duplicate_next))
        sockets.drop_next = int(asked.get("drop_next", sockets.drop_next))
        sockets.enabled = bool(asked.get("enabled", sockets.enabled))
        if "disconnect" in asked:
            await sockets.disconnect(str(asked["disconnect"]))
        if asked.get("abort"):
            sockets.abort()
        return {"ok": True, "connections": len(sockets.connections), "enabled": sockets.enabled}

    async def _http(self, asked: Json) -> Json:
        if not asked.get("request_url"):
            self.delivery.transport = self.sockets
            return {"ok": True, "mode": "socket"}
        secret = str(asked.get("signing_secret") or self.workspace.app.signing_secret)
        http_mode = self.connect_http(str(asked["request_url"]), secret)
        if asked.get("verify", True):
            await http_mode.verify_url()
        self.delivery.transport = http_mode
        return {"ok": True, "mode": "http"}

    async def _clock(self, asked: Json) -> Json:
        self.workspace.clock.advance(float(asked.get("advance_seconds", 0)))
        return {"ok": True, "now": self.workspace.clock.now()}

    async def _rate_limits(self, asked: Json) -> Json:
        self.api.limits.switch(enabled=bool(asked["enabled"]))
        return {"ok": True}

    async def _change_app(self, asked: Json) -> Json:
        for name in ("scopes", "events", "commands", "shortcuts", "bot_token", "app_token"):
            if name in asked:
                setattr(self.workspace.app, name, asked[name])
        return {"ok": True}

    async def _change_person(self, asked: Json) -> Json:
        user = str(asked.pop("id"))
        known = {one.name for one in fields(Person)} & asked.keys()
        if user not in self.workspace.people:
            base: Json = {"name": user.lower(), "real_name": user, "team_id": self.workspace.team_id}
            self.workspace.people[user] = Person(id=user, **base)
        person = self.workspace.people[user]
        for name in known:
            setattr(person, name, asked[name])
        self.workspace.tell("people")
        await self._tell("user_change", {"user": person_json(person, with_email=True)})
        return {"ok": True}

    async def _change_group(self, asked: Json) -> Json:
        group_id, users = str(asked["id"]), list(asked["users"])
        group = self.workspace.groups.setdefault(
            group_id, UserGroup(group_id, group_id.lower(), group_id, [])
        )
        before, group.users = group.users, users
        shown = {
            "subteam_id": group_id,
            "team_id": self.workspace.team_id,
            "added_users": [user for user in users if user not in before],
            "removed_users": [user for user in before if user not in users],
        }
        await self._tell("subteam_members_changed", shown)
        self.workspace.tell("people")
        changed = group_json(group, self.workspace, with_users=True)
        await self._tell("subteam_updated", {"subteam": changed})
        return {"ok": True}

    async def _change_channel(self, asked: Json) -> Json:
        channel = self.workspace.channels.get(str(asked.pop("id")))
        if channel is None:
            raise Refused("channel_not_found")
        for name in (
            "members",
            "is_archived",
            "is_shared",
            "is_ext_shared",
            "is_pending_ext_shared",
            "is_private",
        ):
            if name in asked:
                setattr(channel, name, asked[name])
        self.workspace.tell("channel", channel_id=channel.id)
        return {"ok": True}

    async def _tell(self, kind: str, event: Json) -> None:
        self.workspace.touch()
        if kind in self.workspace.app.events and (self.sockets.connections or self._uses_http()):
            told = self.acting.event({"type": kind, "event_ts": self.workspace.next_ts(), **event})
            # An app that handles the event acks at once; one that does not is not worth 3 s of waiting.
            await asyncio.wait([self.delivery.start(told)], timeout=TOLD_SECONDS)

    def _uses_http(self) -> bool:
        return self.delivery.transport is not self.sockets


def _numbered(rows: Sequence[Json], number: object) -> Json:
    found = next((row for row in reversed(rows) if str(row["n"]) == str(number)), None)
    if found is None:
        raise Refused("not_kept")
    return found


def _door(act: Act) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        asked: Json = {**request.query, **request.match_info}
        if request.can_read_body:
            asked |= json.loads(await request.text() or "{}")
        try:
            return web.json_response(await act(asked))
        except Refused as refusal:
            return web.json_response({"ok": False, "error": refusal.code}, status=400)
        except KeyError as missing:
            return web.json_response({"ok": False, "error": f"missing {missing}"}, status=400)

    return handle
