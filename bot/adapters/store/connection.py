"""How the bot talks to Redis or Valkey: addresses, deadlines, and failures turned into StoreUnavailable.

redis-py repeats commands after a lost answer, so everything that changes state runs as a script that
knows its operation. https://redis.io/docs/latest/develop/clients/redis-py/
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, TypeAlias, cast
from urllib.parse import SplitResult, unquote, urlsplit

from redis import exceptions as vendor
from redis.asyncio import BlockingConnectionPool, Redis, Sentinel
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode

from bot.errors import SettingsError, StoreUnavailable

REASONS: tuple[tuple[type[Exception] | str, str], ...] = (
    ("OOM", "its memory is full; raise maxmemory"),
    ("READONLY", "it is a replica that takes no writes; a failover may be under way"),
    ("MISCONF", "it cannot write to its disk"),
    ("NOREPLICAS", "too few replicas are connected"),
    ("LOADING", "it is still loading its data"),
    ("NOAUTH", "it wants a password"),
    ("WRONGPASS", "it does not accept the password"),
    ("NOPERM", "its access rules forbid what the bot needs"),
    ("CLUSTERDOWN", "the cluster is down"),
    ("MASTERDOWN", "its primary is down"),
    (vendor.OutOfMemoryError, "its memory is full; raise maxmemory"),
    (vendor.ReadOnlyError, "it is a replica that takes no writes; a failover may be under way"),
    (vendor.BusyLoadingError, "it is still loading its data"),
    (vendor.AuthorizationError, "its access rules forbid what the bot needs"),
    (vendor.AuthenticationError, "it does not accept the password"),
    (vendor.NoPermissionError, "its access rules forbid what the bot needs"),
    (vendor.MaxConnectionsError, "all connections are busy"),
    (vendor.TimeoutError, "it did not answer in time"),
    (TimeoutError, "it did not answer in time"),
    (vendor.ConnectionError, "it cannot be reached"),
    (OSError, "it cannot be reached"),
    (vendor.ClusterError, "the cluster did not answer as one"),
    (vendor.RedisClusterException, "the cluster did not answer as one"),
    (vendor.RedisError, "it refused a command"),
)
"""The first row that fits names the reason: an answer's first word, or the error's class."""


def reason_of(error: Exception) -> str:
    """Say in words why the store failed."""
    text = str(error)
    for sign, reason in REASONS:
        if text.startswith(sign) if isinstance(sign, str) else isinstance(error, sign):
            return reason
    return "it failed"


@contextmanager
def translated() -> Iterator[None]:
    """Turn every failure of redis-py, and running out of time, into StoreUnavailable."""
    try:
        yield
    except (vendor.RedisError, OSError) as error:
        raise StoreUnavailable(f"the store is unavailable: {reason_of(error)} ({error})") from error


@contextmanager
def cancellable() -> Iterator[None]:
    """Let a cancellation go on that got lost inside.

    Before Python 3.12 `asyncio.wait_for`, which redis-py sends with, swallows one that comes as it ends: a
    worker that was told to stop would work on for ever. https://github.com/python/cpython/issues/86296
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        yield
    finally:
        if task is not None and task.cancelling() > before:
            raise asyncio.CancelledError


Argument: TypeAlias = str | bytes | float


@dataclass(frozen=True)
class Script:
    """One Lua script."""

    text: str
    sha: str


def load_script(*names: str, package: str = __package__, shared: Sequence[str] = ()) -> Script:
    """Read scripts/<name>.lua of a package; of several, the later ones use what the earlier ones define.

    `shared` are scripts of this package that come before them.
    """
    found = [(__package__, name) for name in shared] + [(package, name) for name in names]
    text = "\n".join(
        files(of).joinpath("scripts", f"{name}.lua").read_text(encoding="utf-8") for of, name in found
    )
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


class StoreClient:
    """One pool of connections, a deadline for every call in seconds, and StoreUnavailable for the rest."""

    def __init__(self, redis: Redis, deadline: float) -> None:
        self._redis = redis
        self._deadline = deadline

    async def command(self, *parts: str | bytes | float) -> Any:
        """Send one command. Only commands that may be repeated: redis-py does so on a lost answer."""
        with cancellable(), translated():
            async with asyncio.timeout(self._deadline):
                try:
                    return await self._redis.execute_command(*parts)  # type: ignore[no-untyped-call]
                except vendor.ReadOnlyError:
                    await self._look_again()
                    raise

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        """Run a script by its hash; send its text when the server does not know it (any more)."""
        with cancellable(), translated():
            async with asyncio.timeout(self._deadline):
                try:
                    return await self._run(script, keys, args)
                except vendor.ReadOnlyError:
                    await self._look_again()
                    raise

    async def _run(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        try:
            return await self._redis.evalsha(script.sha, len(keys), *keys, *args)
        except vendor.NoScriptError:
            return await self._redis.eval(script.text, len(keys), *keys, *args)

    async def _look_again(self) -> None:
        """Drop idle connections, so that the next call finds the new primary behind the same name."""
        if isinstance(self._redis, Redis):
            await self._redis.connection_pool.disconnect(inuse_connections=False)

    async def close(self) -> None:
        """Close the connections."""
        with translated():
            await self._redis.aclose()
            pool = getattr(self._redis, "connection_pool", None)
            for sentinel in (
                pool.sentinel_manager.sentinels if isinstance(pool, SentinelConnectionPool) else ()
            ):
                await sentinel.aclose()


@dataclass(frozen=True, slots=True)
class Tuning:
    """Seconds and numbers of one client."""

    timeout: float
    retries: int
    connections: int
    deadline: float


ACTIONS = Tuning(timeout=1.0, retries=1, connections=16, deadline=2.5)
"""For people who wait: Slack wants its answer within 3 s."""

BACKGROUND = Tuning(timeout=5.0, retries=3, connections=16, deadline=20.0)
"""For workers; a blocking read must block for less than `timeout`."""


@dataclass(frozen=True, slots=True)
class Link:
    """The two clients of one store."""

    actions: StoreClient
    background: StoreClient


@asynccontextmanager
async def store_link(url: str) -> AsyncIterator[Link]:
    """Open both clients for `url` (no connection is made yet) and close them afterwards."""
    link = Link(client_of(url, ACTIONS), client_of(url, BACKGROUND))
    try:
        yield link
    finally:
        await link.actions.close()
        await link.background.close()


def client_of(url: str, tuning: Tuning) -> StoreClient:
    """Make a client for `url`; SettingsError when the address makes no sense.

    redis://, rediss://, unix://, redis+sentinel://host:port,host:port/service[/db], redis+cluster://host:port
    (rediss+… for TLS).
    """
    try:
        return StoreClient(_redis_of(url, tuning), tuning.deadline)
    except (ValueError, vendor.RedisClusterException) as error:
        raise SettingsError("REDIS_URL", f"cannot be used: {error}") from error


def _redis_of(url: str, tuning: Tuning) -> Redis:
    parts = urlsplit(url)
    if parts.scheme in ("redis+sentinel", "rediss+sentinel", "sentinel"):
        return _behind_sentinel(parts, tuning)
    if parts.scheme in ("redis+cluster", "rediss+cluster", "cluster"):
        return _in_cluster(parts, tuning)
    options = _options(tuning)
    pool = BlockingConnectionPool.from_url(url, max_connections=tuning.connections, timeout=1, **options)
    return Redis.from_pool(pool)


def _options(tuning: Tuning) -> dict[str, Any]:
    return {
        "decode_responses": True,
        "protocol": 2,
        "socket_timeout": tuning.timeout,
        "socket_connect_timeout": tuning.timeout,
        "retry": Retry(NoBackoff(), tuning.retries),
    }


def _login(parts: SplitResult) -> dict[str, Any]:
    """User and password as in redis:// addresses."""
    names = {"username": parts.username, "password": parts.password}
    login: dict[str, Any] = {name: unquote(value) for name, value in names.items() if value}
    return login | ({"ssl": True} if parts.scheme.startswith("rediss") else {})


def _hosts(parts: SplitResult, port: int) -> list[tuple[str, int]]:
    """The comma-separated host:port pairs of an address."""
    pairs = [pair for pair in parts.netloc.rpartition("@")[2].split(",") if pair]
    if not pairs:
        raise ValueError("it names no host")
    found = [urlsplit(f"//{pair}") for pair in pairs]
    return [(host.hostname or "", host.port or port) for host in found]


def _behind_sentinel(parts: SplitResult, tuning: Tuning) -> Redis:
    service, _, db = parts.path.strip("/").partition("/")
    if not service:
        raise ValueError("it names no Sentinel service: redis+sentinel://host:26379/service")
    options = _options(tuning) | _login(parts)
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        _hosts(parts, 26379), sentinel_kwargs=_options(tuning), db=int(db or 0), **options
    )
    return cast("Redis", sentinel.master_for(service))


def _in_cluster(parts: SplitResult, tuning: Tuning) -> Redis:
    """A cluster client has the same commands; every script names keys of one slot."""
    nodes = [ClusterNode(*host) for host in _hosts(parts, 6379)]  # type: ignore[no-untyped-call]
    options = _options(tuning) | _login(parts)
    return cast(
        "Redis",
        RedisCluster(startup_nodes=nodes, max_connections=tuning.connections, **options),  # type: ignore[arg-type]
    )
