"""What the store says about itself."""

from __future__ import annotations

from bot.adapters.store.connection import Link
from bot.adapters.store.inspection import inspect_store


async def test_embedded_store_is_as_it_should_be(link: Link) -> None:
    facts = await inspect_store(link.actions)

    assert facts.version.split(".")[0].isdigit()
    assert (facts.is_old, facts.evicts_by) == (False, "")


async def test_evicting_store_is_noticed(link: Link) -> None:
    await link.actions.command("CONFIG SET", "maxmemory-policy", "allkeys-lru")
    try:
        assert (await inspect_store(link.actions)).evicts_by == "allkeys-lru"
    finally:
        await link.actions.command("CONFIG SET", "maxmemory-policy", "noeviction")
