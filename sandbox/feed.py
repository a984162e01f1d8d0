"""What happened, numbered, for whoever watches: a ring of the newest facts.

Readers keep their own place in it, so a slow reader costs no memory; one that falls out of the ring is told.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from aiohttp import web

Json = dict[str, Any]

KEPT = 4_096
AT_ONCE = 256
BEAT_SECONDS = 15.0


class Feed:
    """The newest `keep` facts, numbered from 1; `now` dates them in Unix seconds."""

    def __init__(self, now: Callable[[], float], keep: int = KEPT) -> None:
        self.last = 0
        self._now = now
        self._kept: deque[Json] = deque(maxlen=keep)
        self._more = asyncio.Event()
        self.closed = False

    def __len__(self) -> int:
        return len(self._kept)

    def close(self) -> None:
        """Let every reader go."""
        self.closed = True
        self._more.set()

    def add(self, kind: str, to: Sequence[str] | None = None, **facts: Any) -> Json:
        """Record a fact; `to` names the people it shows to, None everybody."""
        self.last += 1
        fact = {"id": self.last, "kind": kind, "at": self._now(), "to": None if to is None else list(to)}
        fact |= facts
        self._kept.append(fact)
        self._more.set()
        self._more = asyncio.Event()
        return fact

    def after(self, number: int) -> list[Json] | None:
        """Return the facts that follow a number, at most 256; None when some of them are gone."""
        gone = self.last - len(self._kept)
        if not gone <= number <= self.last:
            return None
        return list(islice(self._kept, number - gone, number - gone + AT_ONCE))

    async def wait(self, number: int, seconds: float = BEAT_SECONDS) -> bool:
        """Return True as soon as facts follow the number, False when none came in time."""
        if self.last > number:
            return True
        try:
            await asyncio.wait_for(self._more.wait(), seconds)
        except TimeoutError:
            return False
        return True


async def serve_lines(feed: Feed, request: web.Request) -> web.StreamResponse:
    """Stream JSON lines from `?after=` on; `{"kind": "lost"}` ends it, an empty line is a heartbeat."""
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await response.prepare(request)
    place = int(request.query.get("after", feed.last))
    try:
        await response.write(b"\n")
        while not feed.closed and (facts := feed.after(place)) is not None:
            lines = "".join(json.dumps(fact) + "\n" for fact in facts)
            await response.write((lines or "\n").encode())
            place += len(facts)
            await feed.wait(place)
        if not feed.closed:
            await response.write(b'{"kind": "lost"}\n')
    except ConnectionError:  # the reader is gone
        pass
    return response
