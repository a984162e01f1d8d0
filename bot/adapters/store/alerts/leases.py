"""One leader among the replicas, by the store's clock; a fence tells a late one that it was replaced.

https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/
"""

from __future__ import annotations

from datetime import timedelta

from bot.adapters.store.alerts.keys import AlertKeys
from bot.adapters.store.alerts.records import milliseconds
from bot.adapters.store.connection import StoreClient, load_script
from bot.alert_ports import Lease

_LEASE = load_script("lease", package=__package__)


class RedisLeases:
    """The port Leases. Who comes back after its time, and before anybody else came, keeps its fence."""

    def __init__(self, client: StoreClient, tenant: str) -> None:
        self._client = client
        self._keys = AlertKeys(tenant)

    async def hold(self, name: str, holder: str, lasting: timedelta) -> Lease | None:
        """Take or renew the lease; None while somebody else holds it."""
        fence = await self._client.run(
            _LEASE, [self._keys.lease(name)], ["hold", holder, milliseconds(lasting)]
        )
        return Lease(name, holder, int(fence)) if fence else None

    async def release(self, lease: Lease) -> None:
        """Give it up, if it is still ours."""
        await self._client.run(_LEASE, [self._keys.lease(lease.name)], ["release", lease.holder, lease.fence])
