"""What the app says back to a person: command answers and response URLs.

https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sandbox.slack.errors import Refused
from sandbox.slack.faults import Faults
from sandbox.slack.posting import content_of, post, remove, rewrite
from sandbox.slack.state import Json, Message, Workspace
from sandbox.slack.tickets import ResponseTicket, Tickets


@dataclass
class Answers:
    """Shows what arrives at response URLs and in command acks."""

    workspace: Workspace
    tickets: Tickets
    faults: Faults
    log: Callable[..., None]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one POST to a response URL; Slack replies `ok` or an error code as text."""
        faulted = await self._faulted(request)
        if faulted is not None:
            return faulted
        said: Json = {}
        error: str | None = None
        try:
            said = _said(await request.text())
            self.respond(request.match_info["key"], said)
        except Refused as refusal:
            error = refusal.code
        self.log("response_url", said, ok=error is None, error=error)
        if error is None:
            return web.Response(text="ok")
        return web.Response(status=404 if error.endswith("_url") else 400, text=error)

    async def _faulted(self, request: web.Request) -> web.Response | None:
        fault = self.faults.next_for("response_url")
        if fault is None:
            return None
        await asyncio.sleep(fault.delay)
        if fault.cut and request.transport is not None:
            request.transport.abort()
        elif fault.error is None and fault.status is None:
            return None
        return web.Response(status=fault.status or 500, text=fault.error or "server_error")

    def respond(self, key: str, said: Mapping[str, Any]) -> None:
        """Use a response URL once."""
        ticket = self.tickets.spend_response(key)
        clicked = self._clicked(ticket)
        if said.get("delete_original"):
            if clicked is not None:
                remove(self.workspace, clicked)
            return
        if said.get("replace_original") and clicked is not None:
            rewrite(self.workspace, clicked, content_of(said, self.workspace))
            return
        self.say(ticket.user, ticket.channel, said)

    def say(self, user: str, channel_id: str, said: Mapping[str, Any]) -> Message:
        """Show an answer: to the person alone unless `response_type` is `in_channel`."""
        channel = self.workspace.channels[channel_id]
        shown_to = None if said.get("response_type") == "in_channel" else user
        content = content_of(said, self.workspace)
        return post(self.workspace, channel, content, thread_ts=said.get("thread_ts"), shown_to=shown_to)

    def _clicked(self, ticket: ResponseTicket) -> Message | None:
        found = (m for m in self.workspace.messages if m.ts == ticket.message_ts and not m.deleted)
        return next((m for m in found if m.channel == ticket.channel), None)


def _said(body: str) -> Json:
    try:
        said = json.loads(body)
    except json.JSONDecodeError:
        said = None
    if not isinstance(said, dict):
        raise Refused("invalid_payload")
    return said
