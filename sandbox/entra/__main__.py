"""`python -m sandbox.entra`: prints one JSON line when ready, then serves until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import threading

from sandbox.entra.cast import cast_names
from sandbox.entra.server import TOKEN, EntraSandbox


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.entra", description=__doc__)
    parser.add_argument("--cast", default="contoso", help=f"{', '.join(cast_names())} or a JSON file")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--watch-stdin", action="store_true", help="stop when standard input is closed")
    return parser.parse_args()


def _stop_at_end_of_input(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Set `stop` when standard input ends; a thread, because not every input can be polled."""

    def read() -> None:
        while os.read(0, 4096):
            pass
        with contextlib.suppress(RuntimeError):  # the loop is closed: we are stopping already
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=read, daemon=True).start()


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    entra = EntraSandbox(options.cast, token=options.token)
    await entra.start(options.port)
    try:
        sys.stdout.write(json.dumps({"ready": True, "url": entra.url, "token": entra.token}) + "\n")
        sys.stdout.flush()
        if options.watch_stdin:
            _stop_at_end_of_input(loop, stop)
        await stop.wait()
    finally:
        await entra.stop()


if __name__ == "__main__":
    asyncio.run(_serve(_arguments()))
