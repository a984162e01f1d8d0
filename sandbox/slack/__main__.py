"""`python -m sandbox.slack`: the workspace as a process; one JSON line says where it listens."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from typing import Any

from sandbox.slack.server import SlackSandbox


async def _closed_stdin() -> None:
    """Return when standard input ends: the parent is gone."""
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while await reader.read(4096):
        pass


async def run(workspace: str, port: int, *, watch_stdin: bool) -> None:
    """Serve until SIGTERM, SIGINT or, when watched, the end of standard input."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    sandbox = SlackSandbox(workspace)
    await sandbox.start(port)
    try:
        ready = {
            "ready": True,
            "url": sandbox.url,
            "api_url": sandbox.api_url,
            "bot_token": sandbox.bot_token,
            "app_token": sandbox.app_token,
        }
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await _until(stop, watch_stdin=watch_stdin)
    finally:
        await sandbox.stop()


async def _until(stop: asyncio.Event, *, watch_stdin: bool) -> None:
    ends: list[asyncio.Task[Any]] = [asyncio.create_task(stop.wait())]
    if watch_stdin:
        ends.append(asyncio.create_task(_closed_stdin()))
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for end in ends:
        end.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await end


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.slack", description=__doc__)
    parser.add_argument("--workspace", default="contoso")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--watch-stdin", action="store_true")
    asked = parser.parse_args()
    asyncio.run(run(asked.workspace, asked.port, watch_stdin=asked.watch_stdin))


if __name__ == "__main__":
    main()
