"""The allowance of scarce Graph calls that all replicas share.

https://learn.microsoft.com/graph/throttling-limits
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.adapters.graph.budget import (
    NAMES,
    OTHERS_LEFT,
    POLICIES_BURST,
    POLICIES_PER_SECOND,
    REPORTS_LEFT,
    REPORTS_WINDOW,
    TRIALS_BURST,
    TRIALS_PER_SECOND,
    left_to_others,
    reports_of_background,
)
from bot.adapters.store.connection import StoreClient, load_script
from bot.adapters.store.keyspace import Keyspace
from bot.errors import GraphThrottled
from bot.ports import BudgetUse, Pause, Scarce, Urgency

_SPEND = load_script("spend")
_DRAIN = load_script("drain")

ASK_AGAIN = 1.0  # seconds; how often a caller that waits shows that it still does


@dataclass(frozen=True, slots=True)
class Allowance:
    """`calls` in any `window` milliseconds; without a window, a bucket refilled at `rate` a second.

    `of_background`: how many of the calls in a window may be the background's own.
    """

    calls: int
    window: int = 0
    rate: float = 1.0
    left: tuple[int, int, int] = OTHERS_LEFT
    of_background: int = 0


class RedisBudget:
    """The port Budget, kept in the store. `reports_per_10s` is PSSO_GRAPH_REPORTS_PER_10S."""

    def __init__(
        self,
        client: StoreClient,
        tenant: str,
        *,
        monotonic: Callable[[], float],
        pause: Pause,
        new_id: Callable[[], str],
        reports_per_10s: int = 5,
    ) -> None:
        self._client = client
        self._keys = Keyspace(tenant)
        self._monotonic = monotonic
        self._pause = pause
        self._new_id = new_id
        self._allowances = {
            Scarce.REPORTS: Allowance(
                reports_per_10s,
                window=round(REPORTS_WINDOW * 1000),
                left=REPORTS_LEFT,
                of_background=reports_of_background(reports_per_10s),
            ),
            Scarce.POLICIES: Allowance(POLICIES_BURST, rate=POLICIES_PER_SECOND),
            Scarce.TRIALS: Allowance(TRIALS_BURST, rate=TRIALS_PER_SECOND),
        }

    async def spend(self, bucket: Scarce, urgency: Urgency, max_wait: float) -> None:
        """Take one call, waiting at most `max_wait` seconds; else raise GraphThrottled at once."""
        token, deadline = self._new_id(), self._monotonic() + max_wait
        while True:
            patience = max(0.0, deadline - self._monotonic())
            wait = await self._ask(bucket, urgency, patience, token)
            if wait == 0:
                return
            if wait > patience:
                raise GraphThrottled(NAMES[bucket], code="own budget", retry_after=wait)
            await self._pause(min(wait, ASK_AGAIN))

    async def drained(self, bucket: Scarce, seconds: float) -> None:
        """Nobody spends from `bucket` for `seconds`."""
        milliseconds = math.ceil(seconds * 1000)
        if milliseconds > 0:
            await self._client.run(_DRAIN, [self._keys.named("budget", bucket, "drained")], [milliseconds])

    async def in_use(self) -> BudgetUse:
        """Return how many calls of the sign-in log were made within its window, by the store's clock."""
        allowance = self._allowances[Scarce.REPORTS]
        seconds, microseconds = await self._client.command("TIME")
        since = int(seconds) * 1000 + int(microseconds) / 1000 - allowance.window
        key = self._keys.named("budget", Scarce.REPORTS)
        used = int(await self._client.command("ZCOUNT", key, f"({since:.3f}", "+inf"))
        return BudgetUse(used, allowance.calls, timedelta(milliseconds=allowance.window))

    async def _ask(self, bucket: Scarce, urgency: Urgency, patience: float, token: str) -> float:
        """Return 0 when a call was taken, else the seconds to wait."""
        allowance = self._allowances[bucket]
        parts = ((), ("drained",), ("waiting", "0"), ("waiting", "1"), ("background",))
        keys = [self._keys.named("budget", bucket, *part) for part in parts]
        args: list[str | float] = [int(urgency), round(patience * 1000)]
        args += [allowance.calls, allowance.window, allowance.rate, token, round(ASK_AGAIN * 1000)]
        args += [left_to_others(allowance.left, urgency, allowance.calls), allowance.of_background]
        return int(await self._client.run(_SPEND, keys, args)) / 1000
