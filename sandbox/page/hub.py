"""What happens in both sandboxes, as one numbered stream for browsers."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import aiohttp

from sandbox.feed import Feed, Json

KEPT = 4_096
INSPECTED = 200
LOOK_AGAIN_SECONDS = 0.5
DROPPED = frozenset({"id", "kind", "to"})

Watcher = Callable[[Json], None]


class Hub:
    """Facts of both sandboxes and of the page itself; `epoch` tells this run's numbers from another's."""

    def __init__(self, epoch: str, keep: int = KEPT) -> None:
        self.epoch = epoch
        self.feed = Feed(time.time, keep)
        self.deliveries: deque[Json] = deque(maxlen=INSPECTED)
        self.calls: deque[Json] = deque(maxlen=INSPECTED)
        self._watchers: list[Watcher] = []

    @property
    def cursor(self) -> str:
        """The newest fact's id."""
        return f"{self.epoch}-{self.feed.last}"

    def number(self, cursor: str) -> int:
        """Return the number of a cursor; -1 when it is not of this run."""
        epoch, _, number = cursor.rpartition("-")
        return int(number) if epoch == self.epoch and number.isdigit() else -1

    def watch(self, watcher: Watcher) -> None:
        """Call `watcher` with every fact."""
        self._watchers.append(watcher)

    def tell(self, kind: str, to: Sequence[str] | None = None, **facts: Any) -> None:
        """Publish a fact: to some people's windows, or with None to all."""
        said = {"at": time.time(), **facts}
        fact = {"id": f"{self.epoch}-{self.feed.last + 1}", "kind": kind, "to": to, **said}
        self.feed.add(kind, to, line=json.dumps(fact, separators=(",", ":")))
        kept = {"delivery": self.deliveries, "web_api": self.calls}.get(kind)
        if kept is not None:
            kept.append(fact)
        for watcher in self._watchers:
            watcher(fact)

    async def follow(
        self, url: str, session: aiohttp.ClientSession, after: int, change: Watcher = lambda _fact: None
    ) -> None:
        """Read a sandbox's feed for ever; `change` may complete a fact before it is published."""
        place: int | None = after
        timeout = aiohttp.ClientTimeout(total=None, sock_read=None)
        while True:
            query = {} if place is None else {"after": str(place)}
            try:
                async with session.get(f"{url}/_admin/feed", params=query, timeout=timeout) as answer:
                    async for fact in _facts(answer):
                        place = self._relay(fact, change)
            except (aiohttp.ClientError, OSError):
                pass
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    def _relay(self, fact: Json, change: Watcher) -> int | None:
        if fact["kind"] == "lost":
            self.tell("reload")
            return None
        change(fact)
        self.tell(fact["kind"], fact["to"], **{name: fact[name] for name in fact.keys() - DROPPED})
        return int(fact["id"])


async def _facts(answer: aiohttp.ClientResponse) -> Any:
    """Yield the JSON lines of an answer; lines may be longer than aiohttp's readline allows."""
    kept = bytearray()
    async for chunk in answer.content.iter_any():
        kept += chunk
        *lines, rest = kept.split(b"\n")
        kept = bytearray(rest)
        for line in lines:
            if line.strip():
                yield json.loads(line)
