"""The workspace as a process."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process

import pytest

from sandbox.slack.people import Workspace


async def start(*options: str) -> tuple[Process, dict[str, str]]:
    command = [sys.executable, "-m", "sandbox.slack", *options]
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 20)
    return process, json.loads(line)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_quietly(number: signal.Signals) -> None:
    process, ready = await start()
    assert ready["ready"]
    assert (ready["bot_token"], ready["app_token"]) == ("xoxb-sandbox", "xapp-sandbox")
    async with Workspace(ready["url"]) as people:
        assert (await people.screen("U0HANA"))["modal"] is None
    process.send_signal(number)
    out, err = await asyncio.wait_for(process.communicate(), 10)
    assert (process.returncode, out, err) == (0, b"", b"")


async def test_it_ends_with_its_parents_pipe() -> None:
    process, _ready = await start("--watch-stdin")
    assert process.stdin is not None
    process.stdin.close()
    await asyncio.wait_for(process.wait(), 10)
    assert process.returncode == 0
