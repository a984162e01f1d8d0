"""The way in: hourly sets of 16-byte ids, some 40 bytes an id, and the queue that grouping reads.

Ids of one hour lie in one set, which goes as a whole 27 hours after its hour. What is older than the oldest
set was read before, by a sweep of the last 26 hours, or comes too late to be news.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.adapters.store.alerts.keys import AlertKeys
from bot.adapters.store.alerts.records import SIGHTING, id_bytes, since_1970
from bot.adapters.store.connection import Argument, StoreClient, load_script
from bot.alert_ports import Admitted
from bot.domain.alerts import Sighting
from bot.errors import StoreUnavailable
from bot.ports import Clock

_ADMIT = load_script("admit", package=__package__)

MOST_QUEUED = 200_000
AT_ONCE = 1_000
HOUR_MS = 3_600_000
REMEMBERED_MS = 27 * HOUR_MS
OLDEST = timedelta(hours=26, minutes=30)


class RedisIntake:
    """The port Intake. `now` goes by the clock that sightings are read with."""

    def __init__(
        self, client: StoreClient, tenant: str, now: Clock, *, most_queued: int = MOST_QUEUED
    ) -> None:
        self._client = client
        self._keys = AlertKeys(tenant)
        self._now = now
        self._most_queued = most_queued

    async def admit(self, sightings: Sequence[Sighting]) -> Admitted:
        """Remember and queue what is new; a thousand at a time, each thousand all or nothing.

        Raises StoreUnavailable when the queue is full: what was not taken can be read and admitted again.
        """
        oldest = self._now() - OLDEST
        recent = [sighting for sighting in sightings if sighting.at >= oldest]
        new = 0
        for start in range(0, len(recent), AT_ONCE):
            new += await self._admit(recent[start : start + AT_ONCE])
        return Admitted(new, len(sightings) - new)

    async def _admit(self, sightings: Sequence[Sighting]) -> int:
        hours: dict[int, dict[bytes, bytes]] = {}
        for sighting in sightings:
            texts = hours.setdefault(since_1970(sighting.at) // HOUR_MS, {})
            texts[id_bytes(sighting.id)] = SIGHTING.text(sighting)
        now = since_1970(self._now())
        rows: list[Argument] = []
        for hour, texts in hours.items():
            rows += ((hour + 1) * HOUR_MS + REMEMBERED_MS - now, len(texts), *texts, *texts.values())
        keys = [self._keys.queue, *(self._keys.named("seen", str(hour)) for hour in hours)]
        new = int(await self._client.run(_ADMIT, keys, [self._most_queued, *rows]))
        if new < 0:
            raise StoreUnavailable(f"the queue of sightings is full: {self._most_queued} wait for grouping")
        return new
