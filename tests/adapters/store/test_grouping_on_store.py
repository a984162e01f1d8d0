"""The whole way from the intake to the outbox in a real store, through restarts and a sleeping leader."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any

from bot.adapters.store.alerts import alert_store, outbox_of
from bot.adapters.store.connection import Link
from bot.alert_ports import AlertGroups, Intake
from bot.domain.alerts import GroupState, Scope, Sighting, Source
from bot.domain.light import sighting_of
from bot.domain.sign_ins import SignIn
from bot.errors import BotError
from bot.usecases.group_alerts import LEASE, Grouper
from tests.adapters.store.conftest import new_id
from tests.alert_fakes import some_alerts
from tests.domain.builders import OUTLOOK_APP, PER_USER, a_device_registration, a_sign_in, an_applied_policy
from tests.fakes import NOON, FakeClock, a_desk, an_object_id

ROWS = 4_000
OFFICE = 40  # people behind one network
STOPPED = 300  # people whom one policy stopped


class World:
    """A tenant's log, the literal answer to who is blocked in it, and replicas on one store."""

    def __init__(self, link: Link) -> None:
        self.random = Random(11)
        self.clock = FakeClock()
        ports = alert_store(link, "contoso", now=self.clock, new_id=new_id)
        self.intake: Intake = ports["intake"]
        self.groups: AlertGroups = ports["groups"]
        alerts: Any = replace(some_alerts(clock=self.clock), **ports)
        self.desk = replace(a_desk(clock=self.clock), alerts=alerts)
        self.outbox = outbox_of(link, "contoso")
        self.grouper = self.replica()
        self.rows = list(self._log())

    def replica(self) -> Grouper:
        assert self.desk.alerts is not None
        return Grouper(self.desk, self.desk.alerts, new_id())

    def _log(self) -> Iterator[SignIn]:
        number = 0
        while number < ROWS:
            person = self.random.randrange(1, ROWS // 8)
            for row in self._tries_of(person):
                number += 1
                yield row

    def _tries_of(self, person: int) -> Iterator[SignIn]:
        facts: dict[str, Any] = {
            "user_id": an_object_id(person),
            "user_principal_name": f"person{person}@contoso.com",
            "ip_address": f"10.{person // 250}.{person % 250}.9",
        }
        minutes = self.random.uniform(0, 110)
        yield a_sign_in(0, minutes, app_id=OUTLOOK_APP, **facts)
        yield a_device_registration(0, minutes, **facts)
        if person <= OFFICE:
            yield a_sign_in(53000, minutes % 5, **(facts | {"ip_address": f"203.0.113.{person}"}))
        elif person <= OFFICE + STOPPED:
            policies = (an_applied_policy("failure", "Block", name="Only from the office"),)
            yield a_sign_in(53003, minutes % 9, applied_policies=policies, **facts)
        elif person % 3:
            yield a_sign_in(50076, minutes, requirement_sources=PER_USER, **facts)
            if person % 7 == 0:
                yield a_sign_in(0, self.random.uniform(0, 110), **facts)

    def sightings(self) -> list[Sighting]:
        found = (sighting_of(self._now(row), Source.STREAM, NOON) for row in self.rows)
        return [sighting for sighting in found if sighting is not None]

    def _now(self, row: SignIn) -> SignIn:
        return replace(row, created_at=row.created_at + (NOON - datetime(2026, 9, 10, 9, tzinfo=NOON.tzinfo)))

    async def run(self) -> None:
        """One turn of the leader; trouble makes it load anew."""
        (worked,) = await asyncio.gather(self.grouper.run(), return_exceptions=True)
        if isinstance(worked, BaseException):
            assert isinstance(worked, BotError), worked
            self.grouper.forget(worked)

    async def pass_on(self, batch: list[Sighting]) -> None:
        await self.intake.admit(batch)
        chance = self.random.random()
        if chance < 0.06:  # killed after it took sightings and before it stored anything
            before = self.grouper
            await self.run()
            self.grouper = self.replica()
            self.clock.advance(LEASE.total_seconds() + 1)
            await before.leave()
        elif chance < 0.12:  # asleep while another one leads
            sleeper, self.grouper = self.grouper, self.replica()
            await sleeper.leave()
            await self.run()
            await asyncio.gather(sleeper.run(), return_exceptions=True)
        await self.run()


def blocked(sightings: list[Sighting]) -> set[tuple[str, str]]:
    """Whoever failed after they last registered."""
    registered: dict[str, datetime] = {}
    for one in sightings:
        if one.registered:
            registered[one.user_id] = max(one.at, registered.get(one.user_id, one.at))
    return {
        (one.user_id, one.verdict)
        for one in sightings
        if not one.registered and (one.user_id not in registered or one.at > registered[one.user_id])
    }


async def test_everybody_who_is_blocked_is_told_of_once(link: Link) -> None:
    world = World(link)
    sightings = world.sightings()
    arriving = [*sightings, *world.random.sample(sightings, len(sightings) // 5)]
    world.random.shuffle(arriving)
    for start in range(0, len(arriving), 150):
        await world.pass_on(arriving[start : start + 150])
    while await world.groups.backlog():
        world.clock.advance(LEASE.total_seconds() + 1)
        await world.run()

    loaded = await world.groups.load()
    found = Counter(
        (member.user_id, stored.group.fingerprint.verdict)
        for stored in loaded.groups
        for member in stored.members
        if member.registered_at is None
    )
    assert set(found) == blocked(sightings)
    assert set(found.values()) == {1}
    for stored in loaded.groups:
        assert stored.group.count == len(stored.members)
    wide = {
        stored.group.scope: stored.group for stored in loaded.groups if stored.group.scope is not Scope.PERSON
    }
    in_office = {one.user_id for one in sightings if one.verdict == "CA_DEVICE_STATE"}
    stopped = {one.user_id for one in sightings if one.verdict == "CA_BLOCK"}
    assert wide[Scope.POLICY].count == len(stopped)
    assert wide[Scope.POLICY].newest.policy_name == "Only from the office"
    assert wide[Scope.PLACE].count == len(in_office)


async def test_each_person_was_news_once(link: Link) -> None:
    world = World(link)
    sightings = [one for one in world.sightings() if not one.registered]
    for start in range(0, len(sightings), 150):
        await world.pass_on(sightings[start : start + 150])
    await world.run()
    told: Counter[str] = Counter()
    for job in await _all(world):
        group = await world.groups.get(job)
        assert group is not None
        if group.scope is Scope.PERSON:
            told[group.fingerprint.subject] += 1
            assert group.state in (GroupState.OPEN, GroupState.ABSORBED)
    assert max(told.values()) == 1


async def _all(world: World) -> set[str]:
    found: set[str] = set()
    while jobs := await world.outbox.take("worker", 500, 0.0):
        found.update(job.body["group_id"] for job in jobs)
        for job in jobs:
            await world.outbox.done(job)
    return found
