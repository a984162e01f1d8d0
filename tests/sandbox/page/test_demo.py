"""`make demo` and the page as processes: the address, the story on the page, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from sandbox.demo.browser import is_desktop
from sandbox.page.server import CannotServe, Page, asked_port
from tests.sandbox.page.conftest import Json, Visitor

ENDED_SECONDS = 30.0


@pytest.mark.parametrize(
    ("environment", "platform", "desktop"),
    [
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "linux", False),
        ({}, "darwin", True),
        ({"CI": "true"}, "darwin", False),
        ({"DISPLAY": ":0", "CI": "1"}, "linux", False),
        ({"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "a 1 b 2"}, "linux", False),
        ({"SSH_TTY": "/dev/pts/1"}, "darwin", False),
    ],
)
def test_a_browser_opens_where_somebody_sits(
    environment: dict[str, str], platform: str, desktop: bool
) -> None:
    assert is_desktop(environment, platform) is desktop


@pytest.mark.parametrize(
    ("asked", "port"), [({}, 0), ({"PSSO_PAGE_PORT": ""}, 0), ({"PSSO_PAGE_PORT": "8088"}, 8088)]
)
def test_the_port_is_asked_for(asked: dict[str, str], port: int) -> None:
    assert asked_port(asked) == port


@pytest.mark.parametrize("asked", ["http", "-1", "65536", "80 "])
def test_what_is_no_port_is_said_so(asked: str) -> None:
    with pytest.raises(CannotServe, match="PSSO_PAGE_PORT"):
        asked_port({"PSSO_PAGE_PORT": asked})


async def test_a_taken_port_is_said_so(page: Page) -> None:
    taken = int(page.url.rpartition(":")[2])
    with pytest.raises(CannotServe, match=f"port {taken}"):
        async with Page(page.slack_url, page.entra_url, port=taken):
            pass


@asynccontextmanager
async def started(module: str) -> AsyncIterator[tuple[Process, Visitor]]:
    """Run a module until it says where it is; whatever it leaves behind is ended."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module),
        env={**os.environ, "CI": "1", "PSSO_PAGE_PORT": "0"},
        stdin=asyncio.subprocess.DEVNULL, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as session:
            yield process, Visitor(await _address(process), session)
    finally:
        if process.returncode is None:
            process.terminate()
            await asyncio.wait_for(process.communicate(), ENDED_SECONDS)


async def _address(process: Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while line := (await process.stdout.readline()).decode():
            found = re.fullmatch(r"Open (http://127\.0\.0\.1:\d+)/\n", line)
            if found:
                return found.group(1)
    raise AssertionError("no address was printed")


def family(pid: int) -> set[int]:
    """Return every process that descends from one."""
    children = "".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    found = {int(one) for one in children.split()}
    return found.union(*(family(one) for one in found))


async def until_gone(pids: set[int]) -> None:
    async with asyncio.timeout(ENDED_SECONDS):
        while any(Path(f"/proc/{pid}").exists() for pid in pids):
            await asyncio.sleep(0.05)


async def test_the_story_shows_on_the_page_and_ctrl_c_leaves_nothing() -> None:
    async with started("sandbox.demo") as (process, visitor):
        cursor = (await visitor.state("U0HANA"))["cursor"]
        async with visitor.stream("U0HANA", after=cursor) as stream:
            shown = await stream.until(lambda event: _is_answer(event, "ada.lind@contoso.com"))
        assert shown["message"]["ephemeral"] is True
        everybody = family(process.pid)
        assert len(everybody) >= 7  # three tethers, two sandboxes, the bot and its store
        process.send_signal(signal.SIGINT)
        out, errors = await asyncio.wait_for(process.communicate(), ENDED_SECONDS)
        assert (process.returncode, errors) == (0, b"")
        assert out.decode().endswith("Everything is stopped.\n")
        await until_gone(everybody)


def _is_answer(event: Json, about: str) -> bool:
    """Whether it is a private answer; an alert about the same person may come before it."""
    if event["kind"] != "message" or not event["message"]["ephemeral"]:
        return False
    return about in str(event["message"]["blocks"])


async def test_sigkill_leaves_nothing_even_after_the_bot_was_killed() -> None:
    async with started("sandbox.page") as (process, visitor):
        before = family(process.pid)
        said = (await visitor.does("stories/kill-the-bot"))["said"]
        assert "was killed" in said
        everybody = before | family(process.pid)
        process.kill()
        await asyncio.wait_for(process.communicate(), ENDED_SECONDS)
        await until_gone(everybody)
