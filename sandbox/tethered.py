"""Run a command for as long as our standard input stays open: `python -m sandbox.tethered COMMAND…`.

Whoever holds the other end of the pipe may die in any way, even by SIGKILL: the command is stopped
with SIGTERM, and after 25 s with SIGKILL. Ctrl-C at a terminal does not reach it (own session).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

PATIENCE_SECONDS = 25


def main(command: list[str], started: Callable[[int], None] = lambda _pid: None) -> int:
    """Run `command` to its end, or to the end of our standard input; return its exit code."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 -- the demo's own commands
    started(child.pid)

    def stop_at_end_of_input() -> None:
        while os.read(0, 4096):
            pass
        _stop(child)

    threading.Thread(target=stop_at_end_of_input, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: _stop(child))
    return child.wait()


def _stop(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.terminate()
        threading.Timer(PATIENCE_SECONDS, child.kill).start()


if __name__ == "__main__":
    code = main(sys.argv[1:])
    os._exit(code if code >= 0 else 128 - code)  # not waiting for the timer of a child that is gone
