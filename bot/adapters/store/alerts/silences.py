"""Silences that stand; each ends by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from bot.adapters.store.alerts.keys import AlertKeys
from bot.adapters.store.alerts.records import SILENCE, milliseconds, since_1970
from bot.adapters.store.connection import Argument, StoreClient, load_script
from bot.domain.alerts import Silence
from bot.ports import Clock

_SILENCE = load_script("silence", package=__package__)

LIFT_REMEMBERED = timedelta(minutes=2)


class RedisSilences:
    """The port Silences. `new_id` names each call, so that a repeated one gets the first one's answer."""

    def __init__(self, client: StoreClient, tenant: str, now: Clock, new_id: Callable[[], str]) -> None:
        self._client = client
        self._keys = AlertKeys(tenant)
        self._now = now
        self._new_id = new_id

    async def add(self, silence: Silence) -> None:
        """Keep a silence until it ends; adding the same id again changes nothing."""
        args: list[Argument] = [
            "add",
            silence.id,
            since_1970(self._now()),
            SILENCE.text(silence),
            since_1970(silence.until),
        ]
        await self._client.run(_SILENCE, self._names, args)

    async def standing(self, at: datetime) -> tuple[Silence, ...]:
        """Return those in force at a moment, the one that ends first at the head."""
        ends = self._keys.named("silences", "ends")
        ids = await self._client.command("ZRANGEBYSCORE", ends, since_1970(at), "+inf")
        if not ids:
            return ()
        found = SILENCE.read_all(await self._client.command("HMGET", self._keys.named("silences"), *ids))
        standing = [silence for silence in found if silence.since <= at < silence.until]
        return tuple(sorted(standing, key=lambda silence: silence.until))

    async def lift(self, silence_id: str) -> Silence | None:
        """End a silence; None when it is over already."""
        lifted = self._keys.named("silences", "lifted", self._new_id())
        args: list[Argument] = ["lift", silence_id, since_1970(self._now()), milliseconds(LIFT_REMEMBERED)]
        return SILENCE.read(await self._client.run(_SILENCE, [*self._names, lifted], args))

    @property
    def _names(self) -> list[str]:
        return [self._keys.named("silences"), self._keys.named("silences", "ends")]
