"""What alerting keeps, in a real store."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot.adapters.store.alerts import alert_store, outbox_of
from bot.adapters.store.alerts.intake import RedisIntake
from bot.adapters.store.alerts.records import id_bytes
from bot.adapters.store.connection import Link, store_link
from bot.adapters.store.embedded import embedded_store
from bot.alert_ports import Admitted, Lease, Loaded
from bot.domain.alerts import Acknowledgement, Changes, Fixed, GroupState, StoredGroup
from bot.errors import StoreUnavailable
from tests.adapters.alerts_contract import (
    LONG,
    MOST_QUEUED,
    AlertsContract,
    Replica,
    a_message,
    a_state,
    leading,
    queued,
    sightings,
)
from tests.adapters.store.conftest import new_id
from tests.alert_fakes import FakeIntake, a_group, a_quieted, a_sighting, a_silence, some_alerts, some_members
from tests.fakes import NOON, FakeClock

KEPT = timedelta(days=8) / timedelta(milliseconds=1)


def a_replica(link: Link, clock: FakeClock, tenant: str = "contoso") -> Replica:
    ports = alert_store(link, tenant, now=clock, new_id=new_id)
    ports["intake"] = RedisIntake(link.background, tenant, clock, most_queued=MOST_QUEUED)
    return Replica(**ports, outbox=outbox_of(link, tenant))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def replica(link: Link, clock: FakeClock) -> Replica:
    return a_replica(link, clock)


@pytest.fixture
async def other(store_url: str, link: Link, clock: FakeClock) -> AsyncIterator[Replica]:
    async with store_link(store_url) as theirs:
        yield a_replica(theirs, clock)


class TestRedisAlerts(AlertsContract):
    pass


async def test_every_key_carries_the_tenants_hash_tag_and_most_end_by_themselves(
    link: Link, replica: Replica
) -> None:
    await replica.intake.admit(sightings(2))
    lease, closed = await leading(replica), a_group(state=GroupState.ENDED, closed_at=NOON)
    changes = Changes(
        groups=(a_group(id="g-open"), closed),
        members={"g-open": some_members(2), closed.id: some_members(2)},
        deliver=(closed.id,),
        quieted=(a_quieted(),),
        failed=(("2026-11-23", "PER_USER_MFA"),),
    )
    await replica.groups.commit(lease, "1-0", changes)
    await replica.messages.begin("g-2", "a", LONG)
    await replica.messages.shown("g-1", "a", a_message())
    await replica.silences.add(a_silence())
    await replica.ledger.count("2026-11-23", "posted")
    await replica.poll_marks.write(lease, a_state(NOON))
    await replica.pace.turn("C0ALERTS")

    keys = await link.actions.command("KEYS", "*")
    lasting = {key for key in keys if await link.actions.command("PTTL", key) < 0}

    assert all(key.startswith("{t:contoso}:") for key in keys)
    assert {key.removeprefix("{t:contoso}:") for key in lasting} == {
        "lease:alerts-group",
        *(f"alerts:{name}" for name in ("sightings", "position", "live", "closed", "outbox", "quiet")),
        *(f"alerts:{name}" for name in ("group:g-open", "members:g-open", "poll")),
        *(f"alerts:{name}" for name in ("silences", "silences:ends")),
    }
    assert 0 < await link.actions.command("PTTL", f"{{t:contoso}}:alerts:group:{closed.id}") <= KEPT


async def test_ids_are_remembered_27_hours_after_their_hour(link: Link, replica: Replica) -> None:
    await replica.intake.admit([a_sighting(at=NOON + timedelta(minutes=20))])

    (key,) = await link.actions.command("KEYS", "*:seen:*")
    assert await link.actions.command("PTTL", key) / 3_600_000 == pytest.approx(28, abs=0.01)
    assert await link.actions.command("SCARD", key) == 1


def test_an_id_is_16_bytes_however_it_is_written() -> None:
    uuid = "5ca1ab1e-0000-4000-8000-0000000000ff"

    assert id_bytes(uuid) == id_bytes(uuid.upper()) == bytes.fromhex(uuid.replace("-", ""))
    others = {id_bytes(other) for other in (uuid[:-1], f"{uuid[:-1]}g", "", "Łódź", "x" * 36)}
    assert len(others) == 5
    assert all(len(other) == 16 for other in others)


async def test_tenants_are_strangers(link: Link, clock: FakeClock, replica: Replica) -> None:
    fabrikam = a_replica(link, clock, "fabrikam")
    await replica.intake.admit(sightings(2))
    await replica.groups.commit(await leading(replica), "1-0", Changes(groups=(a_group(),)))

    assert (await fabrikam.intake.admit(sightings(2))).new == 2
    assert await fabrikam.groups.live() == ()
    assert (await leading(fabrikam, "somebody")).fence == 1


async def test_unreadable_sighting_is_reported_and_does_not_stop_the_queue(
    link: Link, replica: Replica, caplog: pytest.LogCaptureFixture
) -> None:
    await link.actions.command("XADD", "{t:contoso}:alerts:sightings", "*", "s", '{"id": 1}')
    await replica.intake.admit(sightings(1))
    with caplog.at_level(logging.ERROR):
        assert [s for _, s in await replica.groups.after("0-0", 1, 0.0)] == sightings(1)

    assert "Sighting cannot be read" in caplog.text


async def test_unreadable_group_does_not_hide_the_others(link: Link, replica: Replica) -> None:
    groups = (a_group(), a_group(id="g-2"))
    await replica.groups.commit(await leading(replica), "1-0", Changes(groups=groups))
    await link.actions.command("SET", "{t:contoso}:alerts:group:g-2", "{}")

    assert [stored.group for stored in (await replica.groups.load()).groups] == [a_group()]
    assert await replica.groups.live() == (a_group(),)


async def test_what_a_newer_version_adds_does_no_harm(link: Link, replica: Replica) -> None:
    await replica.groups.commit(await leading(replica), "1-0", Changes(groups=(a_group(),)))
    key = f"{{t:contoso}}:alerts:group:{a_group().id}"
    text = await link.actions.command("GET", key)
    await link.actions.command("SET", key, text[:-1] + ',"severity":"high"}')

    assert await replica.groups.get(a_group().id) == a_group()


async def test_lost_store_is_no_lost_queue(link: Link, replica: Replica) -> None:
    lease = await leading(replica)
    await replica.intake.admit(sightings(2))
    await link.actions.command("FLUSHALL")

    assert not await replica.groups.commit(lease, "99-0", Changes(groups=(a_group(),)))
    assert (await replica.intake.admit(sightings(2))).new == 2
    assert await queued(replica.groups, (await replica.groups.load()).position) == sightings(2)


async def test_repeated_call_is_entered_once(link: Link) -> None:
    ledger = alert_store(link, "contoso", now=FakeClock(), new_id=lambda: "the same call")["ledger"]
    await ledger.count("2026-11-23", "posted")
    await ledger.count("2026-11-23", "posted")

    assert await ledger.counts(["2026-11-23"]) == {"2026-11-23": {"posted": 1}}


async def test_repeated_lifting_gets_the_first_answer(link: Link) -> None:
    silences = alert_store(link, "contoso", now=FakeClock(), new_id=lambda: "the same call")["silences"]
    await silences.add(a_silence())

    assert [await silences.lift(a_silence().id) for _ in range(2)] == [a_silence(), a_silence()]


async def test_silences_that_are_over_are_swept_out(link: Link, replica: Replica, clock: FakeClock) -> None:
    await replica.silences.add(a_silence())
    clock.advance(2 * 86_400)
    await replica.silences.add(a_silence(id="silence-2", since=clock(), until=clock() + LONG))

    assert await link.actions.command("HKEYS", "{t:contoso}:alerts:silences") == ["silence-2"]


async def test_two_thousand_fixes_a_day_are_kept(link: Link, replica: Replica) -> None:
    await link.actions.command("RPUSH", "{t:contoso}:alerts:fixed:2026-11-23", *(["1.0"] * 2_000))
    fixed = (Fixed("PER_USER_MFA", NOON, NOON),)
    await replica.groups.commit(await leading(replica), "1-0", Changes(fixed=fixed))

    (day,) = await replica.ledger.days(["2026-11-23"])
    assert day.seconds_to_fix == (1.0,) * 2_000


async def test_restart_loses_nothing_that_was_committed(tmp_path: Path, clock: FakeClock) -> None:
    group, members = a_group(), some_members(3)
    async with embedded_store(tmp_path) as url, store_link(url) as link:
        before = a_replica(link, clock)
        await before.intake.admit(sightings(3))
        position = (await before.groups.after("0-0", 2, 0.0))[-1][0]
        changes = Changes(groups=(group,), members={group.id: members}, deliver=(group.id,))
        assert await before.groups.commit(await leading(before), position, changes)

    async with embedded_store(tmp_path) as url, store_link(url) as link:
        after = a_replica(link, clock)
        assert await after.groups.load() == Loaded(position, (StoredGroup(group, members),))
        assert await queued(after.groups, position) == sightings(1, 2)
        assert await after.intake.admit(sightings(3)) == Admitted(0, 3)
        assert [job.body for job in await after.outbox.take("worker", 5, 0.0)] == [{"group_id": group.id}]
        assert await after.leases.hold("alerts-group", "replica-b", LONG) is None
        assert (await leading(after)).fence == 1


class Walk:
    """A random story of two replicas who read the same sign-ins, and take turns in leading."""

    def __init__(self, seed: int, replica: Replica) -> None:
        self._random = Random(seed)
        self._replica = replica
        self._leases: list[Lease] = []
        self._ids = ["g-1", "g-2", "g-3", "g-4"]
        self._steps = (self.hold, self.release, self.admit, self.commit, self.commit, self.look, self.deliver)

    async def step(self) -> object:
        return await self._random.choice(self._steps)()

    async def hold(self) -> object:
        lease = await self._replica.leases.hold("alerts-group", self._random.choice("ab"), LONG)
        self._leases += [lease] if lease else []
        return lease

    async def release(self) -> object:
        if self._leases:
            await self._replica.leases.release(self._random.choice(self._leases))
        return None

    async def admit(self) -> object:
        return await self._replica.intake.admit(sightings(6, self._random.randrange(60)))

    async def commit(self) -> object:
        waiting = await self._replica.groups.after("0-0", 50, 0.0)
        pick, row, group_id = (
            self._random.random(),
            self._random.randrange(50),
            self._random.choice(self._ids),
        )
        state, members = self._random.choice(tuple(GroupState)), some_members(self._random.randrange(9))
        if not self._leases:
            return None
        position = waiting[row % len(waiting)][0] if waiting and pick < 0.8 else "0-0"
        closed = None if state is GroupState.OPEN else NOON + timedelta(seconds=row)
        made = a_group(id=group_id, state=state, version=row, closed_at=closed)
        if closed:  # a group never opens again
            self._ids[self._ids.index(group_id)] = f"{group_id}'"
        quieted, notes = (a_quieted(detail=str(row)),), {f"n-{row % 5}": str(row) if row % 3 else ""}
        changes = Changes((made,), {made.id: members}, (made.id,), quieted, notes=notes)
        return await self._replica.groups.commit(self._random.choice(self._leases), position, changes)

    async def look(self) -> object:
        groups = self._replica.groups
        live = {one.group: frozenset(one.members) for one in (await groups.load()).groups}
        closed = {group.id: group.version for group in await groups.closed_since(NOON - LONG)}
        rows = [sighting.id for _, sighting in await groups.after("0-0", 50, 0.0)]
        ledger = self._replica.ledger
        return (
            live,
            closed,
            rows,
            await groups.notes(),
            await ledger.quiet(9),
            await ledger.counts(["2026-11-23"]),
        )

    async def deliver(self) -> object:
        jobs = await self._replica.outbox.take("worker", 3, 0.0)
        for job in jobs:
            await self._replica.outbox.done(job)
        return [dict(job.body) for job in jobs]


@pytest.mark.parametrize("seed", range(4))
async def test_fake_and_store_tell_the_same_story(replica: Replica, clock: FakeClock, seed: int) -> None:
    fakes = some_alerts(clock=clock, intake=FakeIntake(now=clock, most=MOST_QUEUED))
    ours = Walk(seed, replica)
    theirs = Walk(seed, Replica(**{each.name: getattr(fakes, each.name) for each in fields(Replica)}))
    for _ in range(150):
        told = [await told_by(ours), await told_by(theirs)]
        assert told[0] == told[1]


async def told_by(walk: Walk) -> object:
    try:
        return await walk.step()
    except StoreUnavailable:
        return "the queue is full"


LEASE = Lease("poll", "a", 1)
CALLS: dict[str, Any] = {
    "hold": lambda r: r.leases.hold("poll", "a", LONG),
    "release": lambda r: r.leases.release(LEASE),
    "admit": lambda r: r.intake.admit(sightings(1)),
    "load": lambda r: r.groups.load(),
    "after": lambda r: r.groups.after("0-0", 1, 0.1),
    "commit": lambda r: r.groups.commit(LEASE, "1-0", Changes()),
    "get": lambda r: r.groups.get("g-1"),
    "live": lambda r: r.groups.live(),
    "closed_since": lambda r: r.groups.closed_since(NOON),
    "backlog": lambda r: r.groups.backlog(),
    "message": lambda r: r.messages.get("g-1"),
    "begin": lambda r: r.messages.begin("g-1", "a", LONG),
    "shown": lambda r: r.messages.shown("g-1", "a", a_message()),
    "let_go": lambda r: r.messages.let_go("g-1", "a"),
    "acknowledge": lambda r: r.messages.acknowledge("g-1", Acknowledgement("U0ADA", NOON)),
    "acknowledged": lambda r: r.messages.acknowledged("g-1"),
    "add": lambda r: r.silences.add(a_silence()),
    "standing": lambda r: r.silences.standing(NOON),
    "lift": lambda r: r.silences.lift("silence-1"),
    "note": lambda r: r.ledger.note([a_quieted()]),
    "quiet": lambda r: r.ledger.quiet(5),
    "count": lambda r: r.ledger.count("2026-11-23", "posted"),
    "counts": lambda r: r.ledger.counts(["2026-11-23"]),
    "days": lambda r: r.ledger.days(["2026-11-23"]),
    "read": lambda r: r.poll_marks.read(),
    "write": lambda r: r.poll_marks.write(LEASE, a_state(NOON)),
    "turn": lambda r: r.pace.turn("C0ALERTS"),
    "hold_off": lambda r: r.pace.hold_off("C0ALERTS", 1),
}


@pytest.mark.parametrize("call", CALLS)
async def test_store_that_is_gone_is_said_to_be(call: str, clock: FakeClock) -> None:
    async with store_link("unix:///nowhere/store.sock") as link:
        with pytest.raises(StoreUnavailable):
            await CALLS[call](a_replica(link, clock))
