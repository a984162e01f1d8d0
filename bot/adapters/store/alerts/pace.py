"""At most one message a second and channel, all replicas together, by the store's clock.

https://docs.slack.dev/apis/web-api/rate-limits/
"""

from __future__ import annotations

import math

from bot.adapters.store.alerts.keys import AlertKeys
from bot.adapters.store.connection import StoreClient, load_script

_PACE = load_script("pace", package=__package__)

EVERY_MS = 1_050  # a little more than Slack asks for: two processes do not share a clock


class RedisPace:
    """The port Pace. A turn whose answer was lost is skipped, not taken twice."""

    def __init__(self, client: StoreClient, tenant: str) -> None:
        self._client = client
        self._keys = AlertKeys(tenant)

    async def turn(self, channel: str) -> float:
        """Take the next turn in a channel, and return how many seconds to wait for it."""
        return int(await self._run(channel, "turn", EVERY_MS)) / 1000

    async def hold_off(self, channel: str, seconds: float) -> None:
        """Slack answered 429: nobody posts there for so long."""
        await self._run(channel, "hold_off", max(0, math.ceil(seconds * 1000)))

    async def _run(self, channel: str, verb: str, milliseconds: int) -> int:
        answer: int = await self._client.run(_PACE, [self._keys.named("pace", channel)], [verb, milliseconds])
        return answer
