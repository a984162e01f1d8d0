"""Socket Mode: connections, envelopes, acks. https://docs.slack.dev/apis/events-api/using-socket-mode"""

from __future__ import annotations

import asyncio
import json
import random
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode

from aiohttp import WSMsgType, web

from sandbox.slack.delivery import ACK_SECONDS, Ack, Envelope
from sandbox.slack.errors import Refused
from sandbox.slack.state import Json, Workspace

MOST_CONNECTIONS = 10


@dataclass
class SocketMode:
    """The app's open connections; each payload goes to one of them, an ack may come on any."""

    workspace: Workspace
    choose: random.Random
    base_url: str = ""
    connections: list[web.WebSocketResponse] = field(default_factory=list)
    tickets: set[str] = field(default_factory=set)
    duplicate_next: int = 0
    drop_next: int = 0
    enabled: bool = True
    frames: list[Json] = field(default_factory=list)
    _transports: dict[web.WebSocketResponse, asyncio.Transport] = field(default_factory=dict)
    _waiting: dict[str, asyncio.Future[Json]] = field(default_factory=dict)

    def open_url(self) -> str:
        """Return a one-time WebSocket URL."""
        if not self.enabled:
            raise Refused("socket_mode_not_enabled")
        ticket = self.workspace.next_id("ticket-")
        self.tickets.add(ticket)
        query = urlencode({"ticket": ticket, "app_id": self.workspace.app.id})
        return f"{self.base_url.replace('http', 'ws', 1)}/link/?{query}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it closes."""
        ticket = request.query.get("ticket", "")
        if ticket not in self.tickets:
            return web.Response(status=401, text="invalid ticket")
        self.tickets.discard(ticket)
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        if len(self.connections) >= MOST_CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        self.connections.append(socket)
        if isinstance(request.transport, asyncio.Transport):
            self._transports[socket] = request.transport
        try:
            await socket.send_json(self._hello())
            await self._read(socket)
        finally:
            self._forget(socket)
        return socket

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.connections),
            "connection_info": {"app_id": self.workspace.app.id},
            "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18060},
        }

    async def _read(self, socket: web.WebSocketResponse) -> None:
        async for frame in socket:
            if frame.type == WSMsgType.TEXT:
                self._answered(json.loads(frame.data))

    def _answered(self, frame: Json) -> None:
        self.frames.append(frame)
        waiting = self._waiting.get(str(frame.get("envelope_id")))
        if waiting is not None and not waiting.done():
            waiting.set_result(frame)

    def _forget(self, socket: web.WebSocketResponse) -> None:
        if socket in self.connections:
            self.connections.remove(socket)
        self._transports.pop(socket, None)

    async def send(self, envelope: Envelope) -> Ack:
        """Deliver to one connection at random and wait 3 s for its ack."""
        if not self.connections:
            return Ack(acked=False, error="dispatch_failed")
        envelope_id = self.workspace.next_id("envelope-")
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = answer
        started = time.perf_counter()
        try:
            await self._write(_frame(envelope, envelope_id))
            frame = await asyncio.wait_for(answer, ACK_SECONDS)
        except TimeoutError:
            return Ack(acked=False, ms=_since(started), error="operation_timeout")
        except ConnectionError:
            return Ack(acked=False, ms=_since(started), error="dispatch_failed")
        finally:
            self._waiting.pop(envelope_id, None)
        return Ack(acked=True, ms=_since(started), payload=frame.get("payload"))

    async def _write(self, frame: Json) -> None:
        if self.drop_next > 0:
            self.drop_next -= 1
            return
        await self.choose.choice(self.connections).send_json(frame)
        if self.duplicate_next > 0:
            self.duplicate_next -= 1
            await self.choose.choice(self.connections).send_json(frame)

    async def disconnect(self, reason: str) -> None:
        """Tell every connection that it must go; `link_disabled` also closes them."""
        for socket in list(self.connections):
            self._forget(socket)
            await socket.send_json(
                {"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}}
            )
            if reason == "link_disabled":
                await socket.close()

    def abort(self) -> None:
        """Reset every connection's TCP stream without a word."""
        for transport in list(self._transports.values()):
            transport.abort()

    async def close(self) -> None:
        """Close every connection, at the sandbox's end."""
        for socket in list(self.connections):
            await socket.close()


def _frame(envelope: Envelope, envelope_id: str) -> Json:
    frame: Json = {
        "envelope_id": envelope_id,
        "type": envelope.kind,
        "accepts_response_payload": envelope.answerable,
        "payload": envelope.payload,
    }
    if envelope.kind == "events_api":
        frame |= {"retry_attempt": envelope.attempt, "retry_reason": envelope.reason or ""}
    return frame


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
