"""Addresses, and every failure of redis-py turned into one of ours."""

from __future__ import annotations

import asyncio
import inspect
from contextlib import suppress

import pytest
from redis import exceptions as vendor
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.sentinel import SentinelConnectionPool

from bot.adapters.store.connection import ACTIONS, Link, cancellable, client_of, reason_of, translated
from bot.errors import SettingsError, StoreUnavailable

ERRORS = [
    kind for _, kind in inspect.getmembers(vendor, inspect.isclass) if issubclass(kind, vendor.RedisError)
]


@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_of_the_library_is_translated(kind: type[vendor.RedisError]) -> None:
    error = kind.__new__(kind)
    Exception.__init__(error, "said")

    with pytest.raises(StoreUnavailable), translated():
        raise error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (vendor.OutOfMemoryError("command not allowed when used memory > 'maxmemory'."), "memory"),
        (vendor.ResponseError("OOM command not allowed"), "memory"),
        (vendor.ReadOnlyError("You can't write against a read only replica."), "replica"),
        (vendor.ResponseError("MISCONF Errors writing to the AOF file"), "disk"),
        (vendor.ResponseError("NOREPLICAS Not enough good replicas"), "too few replicas"),
        (vendor.BusyLoadingError("Redis is loading the dataset in memory"), "loading"),
        (vendor.AuthenticationError("invalid password"), "password"),
        (vendor.MaxConnectionsError("Too many connections"), "busy"),
        (vendor.TimeoutError("Timeout reading from socket"), "in time"),
        (TimeoutError(), "in time"),
        (vendor.ConnectionError("Error 111"), "reached"),
        (OSError("gone"), "reached"),
        (vendor.ResponseError("ERR unknown command"), "refused"),
    ],
)
def test_reason_says_what_is_wrong(error: Exception, reason: str) -> None:
    assert reason in reason_of(error)


async def test_writes_are_refused_and_reads_answered_when_memory_is_full(link: Link) -> None:
    await link.actions.command("SET", "name", "value")
    await link.actions.command("CONFIG SET", "maxmemory", 1)
    try:
        with pytest.raises(StoreUnavailable, match="memory is full"):
            await link.actions.command("SET", "name", "other")
        assert await link.actions.command("GET", "name") == "value"
    finally:
        await link.actions.command("CONFIG SET", "maxmemory", 0)


async def test_nobody_there_is_unavailable_at_once() -> None:
    client = client_of("redis://127.0.0.1:1/0", ACTIONS)

    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        await client.command("PING")

    await client.close()


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "http://localhost",
        "redis://localhost:port",
        "redis+sentinel://localhost:26379",
        "redis+cluster://",
    ],
)
def test_address_that_makes_no_sense_names_the_setting(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        client_of(url, ACTIONS)

    assert refused.value.key == "REDIS_URL"


def test_sentinel_address_names_hosts_service_and_database() -> None:
    client = client_of("rediss+sentinel://bot:p%40ss@one:26379,two/main/3", ACTIONS)

    pool = client._redis.connection_pool
    assert isinstance(pool, SentinelConnectionPool)
    assert pool.service_name == "main"
    assert pool.connection_kwargs["db"] == 3
    assert (pool.connection_kwargs["username"], pool.connection_kwargs["password"]) == ("bot", "p@ss")


async def test_cluster_address_makes_a_cluster_client() -> None:
    client = client_of("redis+cluster://one:7000,two:7001", ACTIONS)

    assert isinstance(client._redis, RedisCluster)
    assert {(node.host, node.port) for node in client._redis.startup_nodes} == {("one", 7000), ("two", 7001)}


async def test_cancelled_call_leaves_no_stranger_s_answer_behind(link: Link) -> None:
    for number in range(50):
        await link.actions.command("SET", f"name-{number}", number)
        abandoned = asyncio.create_task(link.actions.command("GET", "name-0"))
        await asyncio.sleep(0)
        abandoned.cancel()
        assert await link.actions.command("GET", f"name-{number}") == str(number)


async def _deaf(began: asyncio.Event) -> str:
    """Do what redis-py does at times: swallow a cancellation and go on."""
    with cancellable(), translated():
        with suppress(asyncio.CancelledError):
            began.set()
            await asyncio.sleep(10)
        return "went on"
    return "never"


async def test_a_cancellation_that_was_swallowed_inside_goes_on() -> None:
    began = asyncio.Event()
    task = asyncio.create_task(_deaf(began))
    await began.wait()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_deadline_of_ours_is_no_cancellation() -> None:
    with pytest.raises(StoreUnavailable), cancellable(), translated():
        async with asyncio.timeout(0.001):
            await asyncio.sleep(10)
