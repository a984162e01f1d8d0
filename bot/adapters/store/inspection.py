"""What an operator should know about the store."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bot.adapters.store.connection import StoreClient

OLDEST = (7, 0)
"""XAUTOCLAIM, MINID and the settings of the embedded server need Redis 7.0 or any Valkey."""


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """The server's answer to INFO, as far as it matters here."""

    version: str
    is_old: bool
    evicts: bool  # under memory pressure it throws keys away: approvals and jobs could vanish
    persists: bool
    replicas: int
    round_trip_ms: float


async def inspect_store(client: StoreClient) -> StoreFacts:
    """Ask the server about itself; StoreUnavailable when it does not answer."""
    clock = asyncio.get_running_loop().time
    began = clock()
    info = await client.command("INFO")
    took = (clock() - began) * 1000
    version = str(info.get("redis_version", "0"))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    policy = str(info.get("maxmemory_policy", "noeviction"))
    return StoreFacts(
        version=str(info.get("valkey_version", version)),
        is_old=numbers < OLDEST,
        evicts=policy != "noeviction",
        persists=bool(int(info.get("aof_enabled", 0))),
        replicas=int(info.get("connected_slaves", 0)),
        round_trip_ms=round(took, 1),
    )
