"""How many sign-ins a second one core takes from bytes to alert groups, beside bare parsing of the bytes.

Rows are as Graph beta sends them, with four Conditional Access policies each, in pages of 1,000, or as event
hub messages of 200 records. Of all rows 2 %, 10 % or 100 % are about registration; of those 40 % are the
broker's tokens, the rest failures, some of them late. One row in ten comes twice. They are parsed, judged,
de-duplicated and grouped; once with a set in memory, once with the store's own ports and an embedded Valkey,
whose CPU time is added to ours: so the figure is for everything on one core.

Prints JSON. Budgets: 20,000 sign-ins a second on one core; memory flat between 100,000 and a million rows.

    python -m benchmarks.alert_pipeline [--rows 100000] [--no-store] [--memory]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Protocol
from uuid import UUID, uuid4

from pydantic_core import from_json

from benchmarks.parse_sign_ins import a_record
from bot.adapters.graph.calls import SIGN_INS
from bot.adapters.graph.feed import _read as read_row
from bot.adapters.graph.pages import read_page
from bot.adapters.store.alerts import alert_store
from bot.adapters.store.alerts.records import id_bytes
from bot.adapters.store.connection import Link, store_link
from bot.adapters.store.embedded import embedded_store
from bot.adapters.stream.records import Reading
from bot.alert_ports import AlertGroups, Intake, Leases
from bot.domain.alerts import Sighting, Source, Thresholds
from bot.domain.grouping import Grouping
from bot.domain.light import sighting_of
from bot.domain.sign_ins import SignIn

PAGE = 1_000
MESSAGE = 200
AT_ONCE = 400
MIXES = {"2 %": 0.02, "10 %": 0.10, "100 %": 1.0}
TWICE = 0.1
FEW_PEOPLE = 2_000
OTHER_APP = "d3590ed6-52b3-4102-aeff-aad2292ab01c"
CODES = (50076, 50076, 50076, 53003, 50126, 50079, 700003, 500121)


@dataclass(slots=True)
class Rows:
    """An endless log, the same for the same seed. Generating it is not what is measured."""

    share: float
    people: int = 20_000
    random: Random = field(default_factory=lambda: Random(7))
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    _before: list[str] = field(default_factory=list)
    _form: str = field(init=False)

    def __post_init__(self) -> None:
        record = json.dumps(a_record(1, 4), separators=(",", ":"))
        for name, text in (
            ("id", "00000001-8579-43a7-966a-0f35583c1300"),
            ("at", "2026-11-20T16:34:32.3097429Z"),
            ("who", "26be570a-ae82-4189-b4e2-a37c6808512d"),
            ("name", "ada@contoso.com"),
            ("app", "29d9ed98-a469-4536-ade2-f981bc1d605e"),
            ("ip", "203.0.113.37"),
            ("correlation", "00000001-3b0e-4f8f-9a44-0f35583c1300"),
            ("code", '"errorCode":50076'),
        ):
            record = record.replace(text, f"@{name}@")
        self._form = record.replace("%", "%%").replace("@code@", '"errorCode":%(code)d')
        for name in ("id", "at", "who", "name", "app", "ip", "correlation"):
            self._form = self._form.replace(f"@{name}@", f"%({name})s")

    def take(self, count: int) -> list[str]:
        """Return so many records as JSON."""
        return [self._one() for _ in range(count)]

    def _one(self) -> str:
        random = self.random
        if self._before and random.random() < TWICE:
            return random.choice(self._before)
        matters = random.random() < self.share
        person = random.randrange(self.people)
        seconds = random.randrange(5_400) if random.random() < 0.02 else random.randrange(300)
        record = self._form % {
            "id": UUID(int=random.getrandbits(128)),
            "at": (self.now - timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z"),
            "who": f"26be570a-ae82-4189-b4e2-{person:012x}",
            "name": f"person{person}@contoso.com",
            "app": "29d9ed98-a469-4536-ade2-f981bc1d605e" if matters else OTHER_APP,
            "ip": f"203.0.{person % 200}.{person % 250}",
            "correlation": UUID(int=random.getrandbits(128)),
            "code": 0 if random.random() < 0.4 else CODES[person % len(CODES)],
        }
        self._before.append(record)
        if len(self._before) > 2_000:
            del self._before[:1_000]
        return record


class Feeding(Protocol):
    """One way that bytes come in."""

    def bodies(self, rows: Rows, count: int) -> Iterator[bytes]:
        """Yield so many rows as they come."""

    async def read(self, body: bytes) -> Sequence[SignIn]:
        """Return the sign-ins that may matter."""


class GraphPages:
    """Pages of the sign-in log."""

    def bodies(self, rows: Rows, count: int) -> Iterator[bytes]:
        for _ in range(count // PAGE):
            yield ('{"@odata.context":"…","value":[' + ",".join(rows.take(PAGE)) + "]}").encode()

    async def read(self, body: bytes) -> Sequence[SignIn]:
        found, _ = await read_page(SIGN_INS, body, read_row)
        return [row for row in found if row is not None]


class HubMessages:
    """Messages of an event hub."""

    def bodies(self, rows: Rows, count: int) -> Iterator[bytes]:
        start = (
            '{"time":"2026-11-20T16:34:32.3097429Z","resourceId":"/tenants/contoso/providers/Microsoft.aadiam",'
            '"operationName":"Sign-in activity","category":"NonInteractiveUserSignInLogs","Level":4,'
            '"resultType":"50076","resultDescription":"…","callerIpAddress":"203.0.113.37","properties":'
        )
        for _ in range(count // MESSAGE):
            yield ('{"records":[' + ",".join(f"{start}{row}}}" for row in rows.take(MESSAGE)) + "]}").encode()

    async def read(self, body: bytes) -> Sequence[SignIn]:
        reading = Reading()
        reading.add(body)
        return reading.sign_ins


class Sink(Protocol):
    """Where sightings go."""

    async def take(self, sightings: Sequence[Sighting]) -> None:
        """De-duplicate and group."""

    async def flush(self) -> None:
        """Do what was put off to be done at once."""

    async def cpu_seconds(self) -> float:
        """CPU time spent elsewhere for it."""

    @property
    def groups(self) -> int:
        """How many groups were drawn."""


class InMemory:
    """De-duplication by a set, and grouping."""

    def __init__(self, now: datetime) -> None:
        self._seen: set[bytes] = set()
        self._now = now
        self.grouping = Grouping(Thresholds())
        self.groups = 0

    async def take(self, sightings: Sequence[Sighting]) -> None:
        for sighting in sightings:
            known = id_bytes(sighting.id)
            if known not in self._seen:
                self._seen.add(known)
                self.grouping.take(sighting, self._now)
        self.grouping.tick(self._now)
        self.groups += len(self.grouping.changes().groups)

    async def flush(self) -> None:
        """Nothing was put off."""

    async def cpu_seconds(self) -> float:
        return 0.0


class InStore:
    """The store's own ports: admitted, queued, read back, grouped, committed."""

    def __init__(self, link: Link, now: datetime) -> None:
        ports = alert_store(link, "contoso", now=lambda: now, new_id=lambda: uuid4().hex)
        self._link = link
        self._now = now
        self._intake: Intake = ports["intake"]
        self._groups: AlertGroups = ports["groups"]
        self._leases: Leases = ports["leases"]
        self._position = "0-0"
        self._waiting: list[Sighting] = []
        self.grouping = Grouping(Thresholds())
        self.groups = 0

    async def take(self, sightings: Sequence[Sighting]) -> None:
        self._waiting += sightings
        if len(self._waiting) >= AT_ONCE:
            await self.flush()

    async def flush(self) -> None:
        if not self._waiting:
            return
        await self._intake.admit(self._waiting)
        self._waiting.clear()
        lease = await self._leases.hold("alerts-group", "one", timedelta(hours=1))
        assert lease is not None
        while found := await self._groups.after(self._position, AT_ONCE, 0.0):
            for self._position, sighting in found:
                self.grouping.take(sighting, self._now)
            self.grouping.tick(self._now)
            changes = self.grouping.changes()
            self.groups += len(changes.groups)
            assert await self._groups.commit(lease, self._position, changes)

    async def cpu_seconds(self) -> float:
        found = await self._link.background.command("INFO", "cpu")
        figures = found if isinstance(found, dict) else dict(_pairs(found))
        return float(figures["used_cpu_user"]) + float(figures["used_cpu_sys"])


def _pairs(info: str | bytes) -> Iterator[tuple[str, str]]:
    text = info.decode() if isinstance(info, bytes) else info
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            yield name, value


async def measured(feeding: Feeding, share: float, count: int, sink: Sink) -> dict[str, Any]:
    """Send so many rows through everything; return figures for one core."""
    rows, megabytes, relevant = Rows(share), 0.0, 0
    ours = wall = bare = loads = 0.0
    before = await sink.cpu_seconds()
    for body in feeding.bodies(rows, count):
        megabytes += len(body) / 1e6
        cpu, clock = time.process_time(), time.perf_counter()
        found = await feeding.read(body)
        judged = [sighting_of(row, Source.STREAM, rows.now) for row in found]
        sightings = [sighting for sighting in judged if sighting is not None]
        await sink.take(sightings)
        ours, wall = ours + time.process_time() - cpu, wall + time.perf_counter() - clock
        relevant += len(sightings)
        bare += cpu_of(partial(from_json, body))
        loads += cpu_of(partial(json.loads, body))
    cpu, clock = time.process_time(), time.perf_counter()
    await sink.flush()
    ours, wall = ours + time.process_time() - cpu, wall + time.perf_counter() - clock
    theirs = await sink.cpu_seconds() - before
    return {
        "rows": count,
        "megabytes": round(megabytes),
        "matter": relevant,
        "groups_drawn": sink.groups,
        "sign_ins_a_second_on_one_core": round(count / (ours + theirs)),
        "sign_ins_a_second_wall": round(count / wall),
        "bare_from_json_a_second": round(count / bare),
        "bare_json_loads_a_second": round(count / loads),
        "times_bare_from_json": round((ours + theirs) / bare, 2),
        "server_share": round(theirs / (ours + theirs), 2),
    }


def cpu_of(work: Callable[[], object]) -> float:
    """Return the CPU seconds that some work takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


@asynccontextmanager
async def a_store() -> AsyncIterator[Link]:
    """A store of its own, gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        async with embedded_store(Path(folder)) as url, store_link(url) as link:
            yield link


def resident_megabytes() -> float:
    """Return what the process holds in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * 4096 / 1e6, 1)


async def memory(marks: Sequence[int]) -> dict[str, Any]:
    """Return the resident memory after so many rows, a tenth of them about registration.

    It goes by the people who are blocked, not by the rows: so they are few enough to all be seen early.
    """
    rows, feeding, found = Rows(0.1, FEW_PEOPLE), GraphPages(), {}
    async with a_store() as link:
        sink, done = InStore(link, rows.now), 0
        for mark in marks:
            for body in feeding.bodies(rows, mark - done):
                judged = [sighting_of(row, Source.POLL, rows.now) for row in await feeding.read(body)]
                await sink.take([sighting for sighting in judged if sighting is not None])
            await sink.flush()
            done = mark
            found[f"after_{mark}_rows_mb"] = resident_megabytes()
    return found


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--no-store", action="store_true", help="leave out the variant with Valkey")
    parser.add_argument("--memory", action="store_true", help="a million rows: what stays in memory")
    asked = parser.parse_args()
    found: dict[str, Any] = {}
    for name, feeding in (("graph", GraphPages()), ("event hub", HubMessages())):
        for mix, share in MIXES.items():
            key = f"{name}, {mix} matter"
            found[key] = {
                "in memory": await measured(feeding, share, asked.rows, InMemory(datetime.now(UTC)))
            }
            if not asked.no_store:
                async with a_store() as link:
                    sink = InStore(link, datetime.now(UTC))
                    found[key]["in Valkey"] = await measured(feeding, share, asked.rows, sink)
    if asked.memory:
        found["memory"] = await memory((100_000, 1_000_000))
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    asyncio.run(main())
