"""The embedded server: one per state directory, private, and still there after the bot was killed."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.adapters.store.connection import ACTIONS, Link, client_of, store_link
from bot.adapters.store.embedded import embedded_store, last_words, server_binary
from bot.errors import StoreUnavailable

BOT = """
import asyncio, pathlib, sys
from bot.adapters.store.connection import store_link
from bot.adapters.store.embedded import embedded_store

async def main():
    async with embedded_store(pathlib.Path(sys.argv[1])) as url, store_link(url) as link:
        print((await link.actions.command("INFO", "server"))["process_id"], flush=True)
        await link.actions.command("INCR", "starts")
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


class Bot:
    """A process of its own that uses the embedded store until its stdin closes."""

    def __init__(self, state_dir: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", BOT, str(state_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    async def server(self) -> int:
        """The server's process id, once the bot is ready."""
        return await asyncio.to_thread(self._server)

    def _server(self) -> int:
        assert self._process.stdout is not None
        server = int(self._process.stdout.readline())
        assert self._process.stdout.readline() == "ready\n"
        return server

    def kill(self) -> None:
        self._process.kill()
        self._end()

    def leave(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._end()

    def _end(self) -> None:
        self._process.wait(20)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def is_running(pid: int) -> bool:
    """Not ended; a process that nobody has collected yet has ended all the same."""
    status = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], check=False, stdout=subprocess.PIPE, text=True
    ).stdout
    return bool(status.strip()) and not status.startswith("Z")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def store(state_dir: Path) -> AsyncIterator[Link]:
    async with embedded_store(state_dir) as url, store_link(url) as link:
        yield link


async def server_of(link: Link) -> int:
    return int((await link.actions.command("INFO", "server"))["process_id"])


async def end(pid: int) -> None:
    """Stop a server that was left without its bot on purpose."""
    os.kill(pid, signal.SIGTERM)
    await until(lambda: not is_running(pid))


async def test_data_outlives_the_server(state_dir: Path) -> None:
    async with store(state_dir) as link:
        first = await server_of(link)
        await link.actions.command("SET", "name", "value")
    assert not is_running(first)

    async with store(state_dir) as link:
        assert await link.actions.command("GET", "name") == "value"


async def test_everything_is_private(state_dir: Path) -> None:
    async with store(state_dir) as link:
        await link.actions.command("SET", "name", "value")
        modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in (state_dir, *state_dir.rglob("*"))}

    folders = {mode for path, mode in modes.items() if path.is_dir()}
    files = {mode for path, mode in modes.items() if not path.is_dir()}
    assert folders == {0o700}
    assert files == {0o600}


async def test_settings_keep_what_was_acknowledged(state_dir: Path) -> None:
    async with store(state_dir) as link:
        wanted = ("appendonly", "appendfsync", "maxmemory-policy", "save", "port", "enable-debug-command")
        found = [(await link.actions.command("CONFIG GET", name))[name] for name in wanted]

    assert found == ["yes", "always", "noeviction", "", "0", "no"]


async def test_four_cold_starts_at_once_make_one_server(state_dir: Path) -> None:
    bots = [Bot(state_dir) for _ in range(4)]
    try:
        servers = {await bot.server() for bot in bots}
        async with store(state_dir) as link:
            starts = await link.actions.command("GET", "starts")
    finally:
        for bot in bots:
            bot.kill()

    assert len(servers) == 1
    assert starts == "4"
    await end(servers.pop())


async def test_server_of_a_killed_bot_is_attached_to_with_its_data(state_dir: Path) -> None:
    bot = Bot(state_dir)
    orphan = await bot.server()
    bot.kill()

    async with store(state_dir) as link:
        assert await server_of(link) == orphan
        assert await link.actions.command("GET", "starts") == "1"

    assert is_running(orphan)  # it was not ours to stop
    await end(orphan)


async def test_server_is_left_to_those_who_still_use_it(state_dir: Path) -> None:
    owner = Bot(state_dir)
    server = await owner.server()
    async with store(state_dir) as link:
        owner.leave()

        assert await link.actions.command("GET", "starts") == "1"

    await end(server)


async def test_server_is_stopped_when_the_bot_fails(state_dir: Path) -> None:
    servers = []

    async def bot_that_fails() -> None:
        async with store(state_dir) as link:
            servers.append(await server_of(link))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await bot_that_fails()
    assert not is_running(*servers)


async def test_long_path_gets_a_short_private_socket(tmp_path: Path) -> None:
    state_dir = tmp_path / ("long" * 20) / ("path" * 20)

    async with embedded_store(state_dir) as url, store_link(url) as link:
        socket = Path(url.removeprefix("unix://"))
        await link.actions.command("SET", "name", "value")

        assert len(os.fsencode(socket)) < 104
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        async with store(state_dir) as again:
            assert await again.actions.command("GET", "name") == "value"

    socket.parent.rmdir()


async def test_damaged_data_says_why_it_cannot_start(state_dir: Path) -> None:
    async with store(state_dir) as link:
        for number in range(10):
            await link.actions.command("SET", f"name-{number}", "value")
    (log,) = (state_dir / "store" / "appendonlydir").glob("*.incr.aof")
    log.write_bytes(b"nonsense" + log.read_bytes()[8:])

    with pytest.raises(StoreUnavailable, match=r"ended: .*aof"):
        async with embedded_store(state_dir):
            pass

    assert last_words(state_dir)


async def test_state_directory_that_is_a_file_is_a_reason(state_dir: Path) -> None:
    state_dir.write_text("")

    with pytest.raises(StoreUnavailable, match="state directory"):
        async with embedded_store(state_dir):
            pass


async def test_hung_server_is_unavailable_in_time_and_well_again_afterwards(state_dir: Path) -> None:
    clock = asyncio.get_running_loop().time
    async with embedded_store(state_dir) as url:
        client = client_of(url, ACTIONS)
        server = int((await client.command("INFO", "server"))["process_id"])
        os.kill(server, signal.SIGSTOP)
        began = clock()
        try:
            with pytest.raises(StoreUnavailable, match="in time"):
                await client.command("GET", "name")
        finally:
            os.kill(server, signal.SIGCONT)
        assert clock() - began < 3

        assert await client.command("GET", "name") is None
        await client.close()


async def test_killed_server_is_unavailable_at_once(state_dir: Path) -> None:
    async with store(state_dir) as link:
        server = await server_of(link)
        os.kill(server, signal.SIGKILL)

        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            await link.actions.command("GET", "name")


async def test_server_that_ended_is_started_again_with_its_data(state_dir: Path) -> None:
    async with embedded_store(state_dir, restart_after=0.02) as url, store_link(url) as link:
        await link.actions.command("SET", "name", "value")
        first = await server_of(link)
        os.kill(first, signal.SIGKILL)

        async with asyncio.timeout(10):
            while (second := await answering_server(link)) is None:
                await asyncio.sleep(0.01)

        assert second != first
        assert await link.actions.command("GET", "name") == "value"
    assert not is_running(second)


async def answering_server(link: Link) -> int | None:
    try:
        return await server_of(link)
    except StoreUnavailable:
        return None


def test_server_binary_is_found() -> None:
    assert os.access(server_binary(), os.X_OK)
