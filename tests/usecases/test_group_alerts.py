"""The leader that groups: one at a time, nothing lost and nothing told twice whatever happens to it."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from bot.domain.alerts import GroupState, Scope, Sighting, Thresholds
from bot.domain.people import User
from bot.errors import BotError, StoreUnavailable
from bot.usecases.group_alerts import AT_ONCE, LEASE, LEASE_NAME, RENEW, Grouper, group_alerts
from tests.alert_fakes import FakeWatchingDesk, a_registration, a_sighting, a_watching_desk
from tests.fakes import NOON, FakeClock, a_desk, a_user, virtual_time

DEAF = StoreUnavailable("the store does not answer")
REPLICAS = ("one", "two", "three")


def person(number: int) -> User:
    return a_user(number, f"Person Number{number}")


class Watch:
    """A desk, and replicas that group when the test says so."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.desk: FakeWatchingDesk = a_watching_desk(clock=self.clock)
        self.groupers = {name: self.replica(name) for name in REPLICAS}

    def replica(self, name: str) -> Grouper:
        return Grouper(self.desk, self.desk.alerts, name)

    async def admit(self, *sightings: Sighting) -> None:
        await self.desk.alerts.intake.admit(sightings)

    async def run(self, name: str = "one", after: float = 0) -> bool | BotError:
        """Let so many seconds pass, and a replica have its turn."""
        self.clock.advance(after)
        grouper = self.groupers[name]
        (worked,) = await asyncio.gather(grouper.run(), return_exceptions=True)
        if isinstance(worked, BaseException):
            grouper.forget(worked)
            assert isinstance(worked, BotError), worked
        return worked

    async def run_all(self, name: str = "one") -> None:
        while self.desk.alerts.intake.queue:
            assert await self.run(name) is True

    @property
    def groups(self) -> list[tuple[str, GroupState]]:
        return [(group.fingerprint.subject, group.state) for group in self.desk.alerts.groups.groups.values()]

    @property
    def to_deliver(self) -> list[str]:
        return [job.body["group_id"] for job in self.desk.alerts.outbox.waiting]


@pytest.fixture
def watch() -> Watch:
    return Watch()


@virtual_time
async def test_what_waits_is_grouped_stored_and_handed_to_delivery(watch: Watch) -> None:
    await watch.admit(a_sighting(person(1)), a_sighting(person(2)), a_sighting(person(2), minutes_ago=1))
    assert await watch.run() is True
    found = list(watch.desk.alerts.groups.groups.values())
    assert sorted(group.tries for group in found) == [1, 2]
    assert sorted(watch.to_deliver) == sorted(group.id for group in found)
    assert watch.desk.alerts.intake.queue == []


@virtual_time
async def test_a_registration_closes_a_group_that_another_replica_opened(watch: Watch) -> None:
    await watch.admit(a_sighting(person(1)))
    await watch.run("one")
    await watch.admit(a_registration(person(1)))
    await watch.groupers["one"].leave()
    assert await watch.run("two") is True
    assert watch.groups == [(person(1).id, GroupState.RESOLVED)]


@virtual_time
async def test_nothing_new_is_not_stored(watch: Watch) -> None:
    watch.desk.alerts.groups.delays["after"] = 0
    await watch.admit(a_sighting(person(1)))
    await watch.run()
    before = len(watch.desk.alerts.groups.committed)
    await watch.run(after=1)
    assert len(watch.desk.alerts.groups.committed) == before


@virtual_time
async def test_time_ends_a_group_without_any_sighting(watch: Watch) -> None:
    await watch.admit(a_sighting(person(1)))
    await watch.run()
    await watch.run(after=Thresholds().window.total_seconds())
    assert watch.groups == [(person(1).id, GroupState.ENDED)]


@virtual_time
async def test_only_the_leader_groups(watch: Watch) -> None:
    await watch.admit(a_sighting(person(1)))
    assert await watch.run("one") is True
    await watch.admit(a_sighting(person(2)))
    assert await watch.run("two") is False
    assert len(watch.groups) == 1


@virtual_time
async def test_the_lease_is_renewed_in_time(watch: Watch) -> None:
    await watch.run()
    for _ in range(10):
        await watch.run(after=1)
    held = watch.desk.alerts.leases.calls.count("hold")
    assert held == 1 + int(10 / RENEW.total_seconds())
    assert await watch.run("two", after=LEASE.total_seconds()) is True


@virtual_time
async def test_a_leader_that_slept_stores_nothing_and_loads_anew(watch: Watch) -> None:
    await watch.admit(a_sighting(person(1)))
    await watch.run("one")
    await watch.admit(a_sighting(person(1), minutes_ago=1))
    watch.clock.advance(LEASE.total_seconds() + 1)
    assert await watch.run("two") is True
    await watch.admit(a_sighting(person(2)))
    sleeper = watch.groupers["one"]
    sleeper._renewed_at = watch.clock()  # it slept after it had looked at its lease
    assert await watch.run("one") is False
    assert len(watch.groups) == 1
    assert await watch.run("one") is False  # the other one leads now
    assert await watch.run("two") is True
    assert [group.tries for group in watch.desk.alerts.groups.groups.values()] == [2, 1]


@pytest.mark.parametrize("where", ["hold", "load", "notes", "after", "commit"])
@virtual_time
async def test_trouble_with_the_store_loses_nothing_and_is_said_once(
    watch: Watch, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    await watch.admit(a_sighting(person(1)))
    await watch.run()
    await watch.admit(a_sighting(person(1), minutes_ago=1))
    store = watch.desk.alerts.leases if where == "hold" else watch.desk.alerts.groups
    watch.groupers["one"].forget(DEAF)
    caplog.clear()
    store.troubles[where] = DEAF
    watch.clock.advance(RENEW.total_seconds())
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            assert await watch.run() is DEAF
        assert [record.levelname for record in caplog.records if "cannot be" in record.message] == []
        del store.troubles[where]
        assert await watch.run() is True
    assert "alerts are grouped again" in caplog.text
    assert [group.tries for group in watch.desk.alerts.groups.groups.values()] == [2]


@virtual_time
async def test_the_first_trouble_is_a_warning(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    watch.desk.alerts.groups.troubles["load"] = DEAF
    for _ in range(3):
        await watch.run()
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1


@virtual_time
async def test_a_commit_whose_answer_was_lost_is_not_made_twice(watch: Watch) -> None:
    groups = watch.desk.alerts.groups
    await watch.admit(a_sighting(person(1)))
    honest = groups.commit

    async def commit_and_lose_the_answer(*args: object) -> bool:
        groups.commit = honest  # type: ignore[method-assign]
        await honest(*args)  # type: ignore[arg-type]
        raise DEAF

    groups.commit = commit_and_lose_the_answer  # type: ignore[method-assign, assignment]
    assert await watch.run() is DEAF
    assert await watch.run() is True
    assert [group.tries for group in groups.groups.values()] == [1]
    assert len(watch.to_deliver) == 1


@virtual_time
async def test_it_ends_when_told_and_lets_another_replica_go_on() -> None:
    watch, stop = Watch(), asyncio.Event()
    await watch.admit(a_sighting(person(1)))
    task = asyncio.create_task(group_alerts(watch.desk, "one", stop))
    await asyncio.sleep(3)
    assert len(watch.groups) == 1
    stop.set()
    await task
    assert LEASE_NAME not in watch.desk.alerts.leases.held


@virtual_time
async def test_a_bug_ends_a_run_and_not_the_bot(caplog: pytest.LogCaptureFixture) -> None:
    watch, stop = Watch(), asyncio.Event()
    watch.desk.alerts.intake.queue.append(("0-1", None))  # type: ignore[arg-type]
    task = asyncio.create_task(group_alerts(watch.desk, "one", stop))
    await asyncio.sleep(2)
    assert "grouping alerts failed" in caplog.text
    watch.desk.alerts.intake.queue.clear()
    await watch.admit(a_sighting(person(1)))
    await asyncio.sleep(3)
    assert len(watch.groups) == 1
    stop.set()
    await task


@virtual_time
async def test_without_alerts_there_is_nothing_to_do() -> None:
    desk = a_desk()
    async with asyncio.timeout(1):  # it returns, and does not wait for the stop
        await group_alerts(desk, "one", asyncio.Event())
    assert desk.clock() == NOON


@virtual_time
async def test_everybody_is_told_of_once_through_restarts_trouble_and_a_sleeping_leader(watch: Watch) -> None:
    random = Random(5)
    people = [person(n) for n in range(1, 401)]
    alerts = watch.desk.alerts
    rows = [
        a_sighting(one, minutes_ago=random.randint(0, 80), id=f"{one.id}-{nth}", network=one.id)
        for one in people
        for nth in range(random.randint(1, 6))
    ]
    rows = [replace(row, error_code=91_000 + int(row.user_id[-4:], 16) % 97, read_at=NOON) for row in rows]
    random.shuffle(rows)
    rows += random.sample(rows, 200)  # duplicates
    leader, retired = "one", 0
    while rows:
        batch, rows = rows[:25], rows[25:]
        await watch.admit(*batch)
        if random.random() < 0.2:
            alerts.groups.troubles["commit"] = [DEAF]
        if random.random() < 0.1:  # killed, and started again
            watch.groupers[leader] = watch.replica(leader)
        if random.random() < 0.1:  # asleep until another one leads
            watch.clock.advance(LEASE.total_seconds() + 1)
            leader = REPLICAS[(REPLICAS.index(leader) + 1) % 3]
            retired += 1
        await watch.run(leader)
        await watch.run(random.choice(REPLICAS))
    await watch.run_all(leader)
    assert retired >= 3
    opened = Counter(group.fingerprint.subject for group in alerts.groups.groups.values())
    assert opened == Counter(one.id for one in people)
    assert {group.scope for group in alerts.groups.groups.values()} == {Scope.PERSON}
    assert sum(group.tries for group in alerts.groups.groups.values()) == len(alerts.intake.known)
    assert set(watch.to_deliver) == set(alerts.groups.groups)


@virtual_time
async def test_a_long_queue_is_worked_off_in_steps(watch: Watch) -> None:
    await watch.admit(*(a_sighting(person(n), id=f"s-{n}") for n in range(1, 2 * AT_ONCE + 2)))
    for _ in range(3):
        await watch.run()
    assert len(watch.desk.alerts.groups.committed) == 3
    (group,) = (group for group in watch.desk.alerts.groups.groups.values() if group.state is GroupState.OPEN)
    assert (group.scope, group.count) == (Scope.TENANT, 2 * AT_ONCE + 1)
    assert group.opened_at - NOON < timedelta(seconds=1)


@virtual_time
async def test_a_leader_without_open_groups_loads_once(
    watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot.usecases.group_alerts")
    for _ in range(5):
        assert await watch.run(after=1) is True
    assert caplog.text.count("this replica groups alerts now") == 1


@virtual_time
async def test_one_sign_in_that_we_fail_on_holds_up_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """Tries at the end of time stand for whatever nobody has thought of."""
    desk = a_watching_desk()
    odd = a_sighting(person(5), at=datetime.max.replace(tzinfo=UTC), id="odd", error_code=50126)
    await desk.alerts.intake.admit([a_sighting(person(1)), a_sighting(person(2)), odd, a_sighting(person(3))])
    stop = asyncio.Event()
    working = asyncio.create_task(group_alerts(desk, "one", stop))
    async with asyncio.timeout(600):
        while len(desk.alerts.groups.groups) < 3:
            await asyncio.sleep(1)
    await desk.alerts.intake.admit([a_sighting(person(4))])
    await asyncio.sleep(10)
    stop.set()
    await working

    found = desk.alerts.groups.groups.values()
    assert Counter(group.newest.user_id for group in found) == Counter(person(n).id for n in range(1, 5))
    assert [group.tries for group in found] == [1, 1, 1, 1]
    assert "is left out of the alerts" in caplog.text
