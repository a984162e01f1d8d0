"""Reads a hub until it is killed and marks nothing as read: `python -m tests.adapters.stream.reader AT`."""

from __future__ import annotations

import asyncio
import sys

from bot.adapters.stream.event_hubs import EventHubStream
from bot.errors import StreamUnavailable
from tests.adapters.stream.conftest import SESSION, hub_at


async def main(address: str) -> None:
    stream = EventHubStream(hub_at(address), session=SESSION)
    while True:
        try:
            batch = await stream.take(1)
        except StreamUnavailable:
            continue
        for row in batch.sign_ins if batch else ():
            print(row.id, flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
