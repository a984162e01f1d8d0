"""How far the sign-in log has been read; only the newest holder of the poller's lease may say so."""

from __future__ import annotations

from bot.adapters.store.alerts.keys import AlertKeys
from bot.adapters.store.alerts.records import POLL_STATE
from bot.adapters.store.connection import Argument, StoreClient, load_script
from bot.alert_ports import Lease
from bot.domain.alerts import PollState

_MARK = load_script("fence", "mark", package=__package__)


class RedisPollMarks:
    """The port PollMarks."""

    def __init__(self, client: StoreClient, tenant: str) -> None:
        self._client = client
        self._keys = AlertKeys(tenant)

    async def read(self) -> PollState | None:
        """Return the state, or None before the first poll."""
        return POLL_STATE.read(await self._client.command("GET", self._keys.named("poll")))

    async def write(self, lease: Lease, state: PollState) -> bool:
        """Replace the state; False, and nothing written, when the fence is old."""
        keys = [self._keys.lease(lease.name), self._keys.named("poll")]
        args: list[Argument] = [lease.holder, lease.fence, POLL_STATE.text(state)]
        return bool(await self._client.run(_MARK, keys, args))
