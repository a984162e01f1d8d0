"""Run the bot tethered, so that it may be killed: `python -m sandbox.demo.tethered_bot STATE_DIR COMMAND…`.

The first line on standard output is the bot's pid as JSON. A killed bot leaves its embedded store running for
the next one; here nobody comes after the tether, so the store is ended with it. Its data stays.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import sys
import time
from pathlib import Path

from sandbox import tethered

GONE_SECONDS = 10.0


def main(state_dir: Path, command: list[str]) -> int:
    """Run `command` to its end, or to the end of our standard input; return its exit code."""
    code = tethered.main(command, _say_pid)
    lock = state_dir / "store" / "server.lock"
    if _is_held(lock):
        asyncio.run(_end_store(state_dir))
        deadline = time.monotonic() + GONE_SECONDS
        while _is_held(lock) and time.monotonic() < deadline:
            time.sleep(0.02)
    return code


def _say_pid(pid: int) -> None:
    sys.stdout.write(json.dumps({"pid": pid}) + "\n")
    sys.stdout.flush()


def _is_held(lock: Path) -> bool:
    """The store's server holds this lock for as long as it lives."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


async def _end_store(state_dir: Path) -> None:
    from redis.asyncio import Redis  # noqa: PLC0415 - a tether is light until it has something to end

    from bot.adapters.store.embedded import embedded_store  # noqa: PLC0415

    async with embedded_store(state_dir) as address, Redis.from_url(address) as store:
        await store.shutdown(nosave=True)


if __name__ == "__main__":
    code = main(Path(sys.argv[1]), sys.argv[2:])
    os._exit(code if code >= 0 else 128 - code)  # not waiting for the timer of a child that is gone
