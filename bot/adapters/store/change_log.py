"""When we last changed someone's per-user MFA state."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.adapters.store.connection import StoreClient
from bot.adapters.store.keyspace import Keyspace
from bot.domain.people import ObjectId

REMEMBERED = timedelta(days=400)


class RedisChangeLog:
    """The port ChangeLog."""

    def __init__(self, client: StoreClient, tenant: str) -> None:
        self._client = client
        self._keys = Keyspace(tenant)

    async def last_change(self, user: ObjectId) -> datetime | None:
        """Return when we last changed this user's state, or None."""
        text = await self._client.command("GET", self._keys.named("changed", user))
        return datetime.fromisoformat(text) if text else None

    async def changed(self, user: ObjectId, at: datetime) -> None:
        """Remember a verified change."""
        seconds = int(REMEMBERED.total_seconds())
        await self._client.command("SET", self._keys.named("changed", user), at.isoformat(), "EX", seconds)
