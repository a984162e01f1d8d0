"""Getting payloads to the app and its answer back: the 3 s clock, and the retries events get.

https://docs.slack.dev/apis/events-api and https://docs.slack.dev/interactivity/handling-user-interaction
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

from sandbox.slack.client_state import delivery_told
from sandbox.slack.state import Json, Workspace

ACK_SECONDS = 3.0
LOGGED = 20_000


@dataclass(frozen=True, slots=True)
class Envelope:
    """One payload for the app. `kind` is slash_commands, interactive or events_api."""

    kind: str
    payload: Json
    answerable: bool = False
    attempt: int = 0
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Ack:
    """The app's answer; without `acked`, `error` is operation_timeout or dispatch_failed."""

    acked: bool
    ms: float = 0.0
    payload: Json | None = None
    error: str | None = None


class Transport(Protocol):
    """Socket Mode or signed HTTP."""

    async def send(self, envelope: Envelope) -> Ack:
        """Deliver once and wait for the answer, at most 3 s."""


@dataclass
class Delivery:
    """Delivers by the transport in use; an unacked event comes again after each pause."""

    workspace: Workspace
    transport: Transport
    redelivery: tuple[float, ...] = (0.0, 60.0, 300.0)
    log: deque[Json] = field(default_factory=lambda: deque(maxlen=LOGGED))
    _numbers: Iterator[int] = field(default_factory=count)
    _running: set[asyncio.Task[Any]] = field(default_factory=set)

    async def interact(self, envelope: Envelope) -> Ack:
        """Deliver a command or an interaction: once, as Slack does."""
        ack = await self.transport.send(envelope)
        self._record(envelope, ack)
        return ack

    async def event(self, payload: Json) -> Ack:
        """Deliver an event; the first attempt is awaited, retries go on behind."""
        envelope = Envelope("events_api", payload)
        ack = await self.transport.send(envelope)
        self._record(envelope, ack)
        if not ack.acked:
            _ = self.start(self._again(payload, ack))
        return ack

    async def _again(self, payload: Json, failed: Ack) -> None:
        ack = failed
        for attempt, pause in enumerate(self.redelivery, start=1):
            await asyncio.sleep(pause)
            reason = "timeout" if ack.error == "operation_timeout" else "connection_failed"
            envelope = Envelope("events_api", payload, attempt=attempt, reason=reason)
            ack = await self.transport.send(envelope)
            self._record(envelope, ack)
            if ack.acked:
                return

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run in the background until done or the sandbox stops."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def stop(self) -> None:
        """Cancel what still runs."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _record(self, envelope: Envelope, ack: Ack) -> None:
        row: Json = {"kind": envelope.kind, "attempt": envelope.attempt, "acked": ack.acked, "ack_ms": ack.ms}
        row |= {"error": ack.error, "n": next(self._numbers)}
        self.log.append(row | {"payload": envelope.payload, "response": ack.payload})
        about = delivery_told(envelope.kind, envelope.payload)
        shown = {name: value for name, value in row.items() if name != "kind"}
        self.workspace.feed.add("delivery", type=envelope.kind, **shown, **about)
