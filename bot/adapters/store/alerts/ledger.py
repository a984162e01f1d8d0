"""Counts of what happened, day by day, and why something stayed quiet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from bot.adapters.store.alerts.keys import AlertKeys
from bot.adapters.store.alerts.records import QUIETED, milliseconds
from bot.adapters.store.connection import Argument, StoreClient, load_script
from bot.domain.alerts import DayCounts, Fixed, Quieted

_NOTE = load_script("enter", "note", package=__package__)

DAYS_KEPT = timedelta(days=40)
PERSON_KEPT = timedelta(days=8)
CALL_REMEMBERED = timedelta(minutes=2)
MOST_QUIETED = 1_000
MOST_OF_PERSON = 20
MOST_FIXES = 2_000  # of a day; enough for a median
AT_ONCE = 1_000


class RedisAlertLedger:
    """The port AlertLedger. `new_id` names each call, so that a repeated one counts once."""

    def __init__(
        self, client: StoreClient, background: StoreClient, tenant: str, new_id: Callable[[], str]
    ) -> None:
        self._client = client
        self._background = background
        self._keys = AlertKeys(tenant)
        self._new_id = new_id

    async def note(self, quieted: Sequence[Quieted]) -> None:
        """Remember why events stayed quiet: counted per day, the newest 1,000 kept whole."""
        for start in range(0, len(quieted), AT_ONCE):
            await self._enter(entries(self._keys, quieted[start : start + AT_ONCE]))

    async def quiet(self, most: int, user_id: str = "") -> tuple[Quieted, ...]:
        """Return the newest ones, newest first; with `user_id` those about one person, at most 20."""
        key = self._keys.quieted_of(user_id) if user_id else self._keys.quieted
        return QUIETED.read_all(await self._client.command("LRANGE", key, 0, most - 1)) if most > 0 else ()

    async def count(self, day: str, name: str, by: int = 1) -> None:
        """Add to a counter of a day."""
        await self._enter(entries(self._keys, counted={(day, name): by}))

    async def counts(self, days: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """Return the counters of days, by day."""
        return {day: await self._counters("day", day) for day in days}

    async def days(self, days: Sequence[str]) -> tuple[DayCounts, ...]:
        """Return failures and fixes of days, in the order asked."""
        found = []
        for day in days:
            fixes = await self._client.command("LRANGE", self._keys.day("fixed", day), 0, -1)
            found.append(DayCounts(day, await self._counters("failed", day), tuple(map(float, fixes))))
        return tuple(found)

    async def _counters(self, what: str, day: str) -> dict[str, int]:
        found = await self._client.command("HGETALL", self._keys.day(what, day))
        return {name: int(number) for name, number in found.items()}

    async def _enter(self, what: Iterator[Argument]) -> None:
        keys = [self._keys.named("entered", self._new_id()), self._keys.quieted]
        await self._background.run(_NOTE, keys, [milliseconds(CALL_REMEMBERED), *what])


def entries(
    keys: AlertKeys,
    quieted: Sequence[Quieted] = (),
    failed: Sequence[tuple[str, str]] = (),
    fixed: Sequence[Fixed] = (),
    counted: Mapping[tuple[str, str], int] = MappingProxyType({}),
) -> Iterator[Argument]:
    """Return what scripts/enter.lua takes; `counted` goes by day and name."""
    kept = milliseconds(DAYS_KEPT)
    counters = Counter(("failed", day, verdict) for day, verdict in failed)
    counters.update(("day", _day(one.at), f"quiet:{one.why}") for one in quieted)
    counters.update({("day", day, name): by for (day, name), by in counted.items()})
    yield len(counters)
    for (what, day, name), by in counters.items():
        yield from (keys.day(what, day), name)
        yield from (by, kept)
    yield len(fixed)
    for fix in fixed:
        seconds = (fix.registered_at - fix.failed_at).total_seconds()
        yield from (keys.day("fixed", _day(fix.registered_at)), f"{seconds:.3f}")
        yield from (MOST_FIXES, kept)
    yield from _quieted(keys, quieted)


def _quieted(keys: AlertKeys, quieted: Sequence[Quieted]) -> Iterator[Argument]:
    yield len(quieted)
    yield from map(QUIETED.text, quieted)
    yield MOST_QUIETED
    people: dict[str, list[int]] = {}
    for place, one in enumerate(quieted, 1):
        if one.user_id:
            people.setdefault(one.user_id, []).append(place)
    yield len(people)
    for user_id, places in people.items():
        newest = places[-MOST_OF_PERSON:]
        yield keys.quieted_of(user_id)
        yield from (len(newest), *newest, MOST_OF_PERSON, milliseconds(PERSON_KEPT))


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}"
