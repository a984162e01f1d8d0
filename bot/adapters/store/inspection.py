"""What an operator should know about the store."""

from __future__ import annotations

from dataclasses import dataclass

from bot.adapters.store.connection import StoreClient
from bot.errors import StoreUnavailable

OLDEST = (7, 0)
"""XAUTOCLAIM, MINID and the settings of the embedded server need Redis 7.0 or any Valkey."""


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """The server's answer to INFO, as far as it matters here; "" where it does not say."""

    version: str = ""
    is_old: bool = False
    evicts_by: str = ""  # the policy by which it throws keys away when its memory is full


async def inspect_store(client: StoreClient) -> StoreFacts:
    """Ask a server that answers about itself; some operators forbid INFO, and then nothing is known."""
    try:
        info = await client.command("INFO")
    except StoreUnavailable:
        return StoreFacts()
    version = str(info.get("redis_version", ""))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    policy = str(info.get("maxmemory_policy", "noeviction"))
    return StoreFacts(
        version=str(info.get("valkey_version", version)),
        is_old=bool(numbers) and numbers < OLDEST,
        evicts_by="" if policy == "noeviction" else policy,
    )
