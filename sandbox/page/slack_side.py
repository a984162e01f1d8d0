"""Slack's half of the page: one person's window, and what a person does in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from sandbox.feed import Json
from sandbox.page.cast import CAST, Menus, played
from sandbox.page.guard import Told
from sandbox.page.hub import Hub
from sandbox.slack.people import Workspace

MOST_MESSAGES = 500
SECRETS = frozenset({"token", "bot_access_token", "authorization"})
ADDRESSES = frozenset({"response_url", "upload_url"})
SAFE_TO_SHOW = ("image/png", "image/jpeg", "image/gif", "image/webp", "text/plain", "text/csv")


@dataclass
class SlackSide:
    """Speaks to the sandbox's Slack as its people do."""

    slack: Workspace
    hub: Hub
    menus: Menus
    session: aiohttp.ClientSession
    reads: dict[tuple[str, str], str] = field(default_factory=dict)

    async def state(self, person: str) -> Json:
        """Return what one person's client shows; the cursor is older than the state, never newer."""
        cursor = self.hub.cursor
        seen = await self.slack.get("client", user=person)
        people = [played(one) for one in seen["people"]]
        messages = seen["messages"]
        about = self.menus.about
        app = {"description": about.get("description", ""), "color": about.get("background_color", "")}
        return {
            **{name: seen[name] for name in ("team", "groups", "messages", "home", "modals", "notices")},
            "cursor": cursor,
            "simulated": True,
            "app": {**seen["app"], **app},
            "person": next(one for one in people if one["id"] == person),
            "people": people,
            "cast": [one for one in CAST if one in {row["id"] for row in people}],
            "channels": [self._counted(one, person, messages[one["id"]]) for one in seen["channels"]],
            "commands": self.menus.commands,
            "shortcuts": self.menus.shortcuts,
        }

    def _counted(self, channel: Json, person: str, listed: Json) -> Json:
        read = self.reads.get((person, channel["id"]), "0")
        new = [
            one
            for one in listed["messages"]
            if one["ts"] > read and one["user"] != person and not one["ephemeral"] and not one["thread_ts"]
        ]
        named = [one for one in new if channel["kind"] == "dm" or f"<@{person}" in one["text"]]
        return {**channel, "last_read": read, "unread": len(new), "mentions": len(named)}

    async def older(self, request: web.Request) -> Json:
        """Return messages before a timestamp."""
        query = {name: request.query[name] for name in ("channel", "before")}
        limit = str(min(max(int(request.query.get("limit", "100")), 1), MOST_MESSAGES))
        return await self.slack.get("client/messages", user=request.query["person"], limit=limit, **query)

    async def act(self, action: str, asked: Json) -> Json:
        """Let a person do something; returns how it went."""
        if action not in ACTIONS:
            raise Told(404, "no_such_action", f"Nobody can do {action} here.")
        asked = {**asked, "user": asked.pop("person")}
        if str(asked.get("channel", "")).startswith("D"):  # a direct message may not have been opened yet
            asked["channel"] = "U0BOT"
        return {"ok": True, **await ACTIONS[action](self, asked)}

    async def _read(self, asked: Json) -> Json:
        person, ts = str(asked["user"]), str(asked["ts"])
        channel = "D" + person[1:] if asked["channel"] == "U0BOT" else str(asked["channel"])
        read = self.reads[person, channel] = max(self.reads.get((person, channel), "0"), ts)
        self.hub.tell("read", [person], person=person, channel=channel, last_read=read)
        return {"last_read": read}

    async def _post(self, door: str, asked: Json) -> Json:
        for name in ("force", "stale"):  # what only tests may do
            asked.pop(name, None)
        return await self.slack.post(door, asked)

    async def _click(self, asked: Json) -> Json:
        if not asked.get("action_id"):
            raise KeyError("action_id")
        return await self._post("click", asked)

    async def _options(self, asked: Json) -> Json:
        went = await self._post("options", asked)
        answer = went["response"] or {}
        return {**went, **{name: answer.get(name, []) for name in ("options", "option_groups")}}

    async def _submit(self, asked: Json) -> Json:
        went = await self._post("submit", asked)
        refused = went.pop("client_errors", None)
        return {**went, "errors": refused or went.get("errors") or {}}

    async def inspect(self, kind: str, number: str) -> Json:
        """Return one payload or one Web API call, without secrets."""
        row = await self.slack.get(f"{'deliveries' if kind == 'delivery' else 'calls'}/{number}")
        if kind == "delivery":
            row["type"] = row.pop("kind")
        cleaned: Json = without_secrets(row)
        return cleaned

    async def file(self, file_id: str) -> web.Response:
        """Return an uploaded file; what a browser might run is only offered for saving."""
        async with self.session.get(f"{self.slack.url}/files/{file_id}") as answer:
            if answer.status != 200:
                raise Told(404, "file_not_found", "There is no such file.")
            shown = answer.content_type in SAFE_TO_SHOW
            return web.Response(
                body=await answer.read(),
                content_type=answer.content_type if shown else "application/octet-stream",
                headers={} if shown else {"Content-Disposition": "attachment"},
            )


def _door(name: str) -> Callable[[SlackSide, Json], Awaitable[Json]]:
    return lambda side, asked: side._post(name, asked)


ACTIONS: dict[str, Callable[[SlackSide, Json], Awaitable[Json]]] = {
    **{name: _door(name) for name in ("command", "message", "shortcut", "close", "home")},
    "click": SlackSide._click,
    "submit": SlackSide._submit,
    "options": SlackSide._options,
    "read": SlackSide._read,
}


def without_secrets(thing: Any) -> Any:
    """Return a JSON value without tokens, and without addresses that answer for the app."""
    if isinstance(thing, list):
        return [without_secrets(one) for one in thing]
    if not isinstance(thing, dict):
        return thing
    return {
        name: "(taken out)" if name in ADDRESSES and value else without_secrets(value)
        for name, value in thing.items()
        if str(name).lower() not in SECRETS
    }
