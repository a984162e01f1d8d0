"""The bot as a process that can be killed and started again on the same state."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sandbox.demo.processes import first_line, on_a_tether

ENDED_SECONDS = 10.0


@dataclass
class BotProcess:
    """Starts `psso-bot serve`; `changed` is called whenever `shown` says something else."""

    environment: Mapping[str, str]
    log: Path
    changed: Callable[[], None] = lambda: None
    state: str = "stopped"
    pid: int | None = None
    since: float = field(default_factory=time.time)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _process: Process | None = None
    _watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def shown(self) -> dict[str, Any]:
        """Return state, pid and since when."""
        return {"state": self.state, "pid": self.pid, "since": self.since}

    async def start(self) -> None:
        """Start the bot and wait until it is ready; raise RuntimeError when it is not."""
        self._become("starting", None)
        command = [sys.executable, "-m", "bot", "serve"]
        tether = ["sandbox.demo.tethered_bot", self.environment["PSSO_STATE_DIR"], *command]
        with self.log.open("ab") as sink:
            running = on_a_tether(tether, self.environment, sink.fileno())
            self._process = await self._stack.enter_async_context(running)
        pid = int(json.loads(await first_line(self._process))["pid"])
        self._become("starting", pid)
        if "ready" not in await first_line(self._process):
            await self.stop()
            raise RuntimeError(f"the bot did not start; its log is {self.log}")
        self._become("running", pid)
        self._watch = asyncio.create_task(self._until_it_ends(self._process))

    async def kill(self) -> int | None:
        """SIGKILL; return the pid that is no more, or None when none ran."""
        if self._process is None or self._process.returncode is not None or self.pid is None:
            return None
        killed = self.pid
        os.kill(killed, signal.SIGKILL)
        await asyncio.wait_for(self._process.wait(), ENDED_SECONDS)
        await self.stop()
        return killed

    async def stop(self) -> None:
        """Let the bot drain and end."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
            self._watch = None
        await self._stack.aclose()
        self._become("stopped", None)

    async def _until_it_ends(self, process: Process) -> None:
        await process.wait()
        self._become("stopped", None)

    def _become(self, state: str, pid: int | None) -> None:
        self.state, self.pid, self.since = state, pid, time.time()
        self.changed()
