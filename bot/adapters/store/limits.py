"""How often something was done lately, counted for all replicas at once by the store's clock."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from bot.adapters.store.connection import StoreClient, load_script
from bot.adapters.store.keyspace import Keyspace

_LIMIT = load_script("limit")


class RedisLimits:
    """The port Limits. A `name` is always used with the same window: it is also how long a use is kept."""

    def __init__(self, client: StoreClient, tenant: str) -> None:
        self._client = client
        self._keys = Keyspace(tenant)

    async def admit(self, name: str, key: str, most: int, window: timedelta, op_id: str) -> bool:
        """Count one use, once an `op_id`; False when that would be more than `most` in `window`."""
        return bool(await self._run("admit", name, key, window, most, _mark(op_id)))

    async def count(self, name: str, key: str, window: timedelta) -> int:
        """Return how many uses were counted in `window`."""
        return int(await self._run("count", name, key, window))

    async def _run(self, verb: str, name: str, key: str, window: timedelta, *more: str | int) -> int:
        milliseconds = max(1, window // timedelta(milliseconds=1))
        keys = [self._keys.named("limit", name, key)]
        answer: int = await self._client.run(_LIMIT, keys, [verb, milliseconds, *more])
        return answer


def _mark(op_id: str) -> str:
    """Whatever made the operation's id, its mark has 32 characters."""
    return hashlib.sha256(op_id.encode()).hexdigest()[:32]
