"""What every implementation of the ports of alerting that live in a store must do.

class TestMyAlerts(AlertsContract):
    @pytest.fixture
    def replica(self) -> Replica: ...         # fresh and empty, its intake and silences on `clock`
    @pytest.fixture
    def other(self) -> Replica: ...           # the same store, as another replica sees it
    @pytest.fixture
    def pass_time(self) -> Pause: ...         # let so many seconds go by on the store's clock
    @pytest.fixture
    def clock(self) -> FakeClock: ...         # stands at NOON
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from bot.alert_ports import (
    Admitted,
    AlertGroups,
    AlertLedger,
    AlertMessages,
    Intake,
    Lease,
    Leases,
    Loaded,
    Pace,
    PollMarks,
    Silences,
)
from bot.domain.alerts import (
    Acknowledgement,
    Affected,
    Changes,
    DayCounts,
    Fixed,
    GroupState,
    Matcher,
    Member,
    MessageRef,
    PollState,
    Quiet,
    Sighting,
    StoredGroup,
)
from bot.errors import StoreUnavailable
from bot.ports import Pause, Queue
from tests.alert_fakes import a_group, a_quieted, a_registration, a_sighting, a_silence, some_members
from tests.fakes import NOON, TARGET, FakeClock, a_user, an_object_id

LONG = timedelta(minutes=5)
SHORT = timedelta(milliseconds=40)
MOST_QUEUED = 50
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Replica:
    """The ports of one replica; its queue takes MOST_QUEUED sightings."""

    leases: Leases
    intake: Intake
    groups: AlertGroups
    messages: AlertMessages
    silences: Silences
    ledger: AlertLedger
    poll_marks: PollMarks
    pace: Pace
    outbox: Queue


def sightings(number: int, start: int = 0) -> list[Sighting]:
    return [
        a_sighting(id=f"5ca1ab1e-0000-4000-8000-{n:012d}", at=NOON - timedelta(seconds=n))
        for n in range(start, start + number)
    ]


async def queued(groups: AlertGroups, position: str = "0-0") -> list[Sighting]:
    return [sighting for _, sighting in await groups.after(position, 1000, 0.0)]


async def leading(replica: Replica, holder: str = "replica-a") -> Lease:
    lease = await replica.leases.hold("alerts-group", holder, LONG)
    assert lease is not None
    return lease


def a_message(ts: str = "1795.000001", **changes: object) -> MessageRef:
    made = MessageRef("C0ALERTS", ts, NOON, NOON + MINUTE, shown_version=3)
    return replace(made, **changes)  # type: ignore[arg-type]


class LeasesContract:
    async def test_one_holds_a_lease_and_renewing_keeps_the_fence(
        self, replica: Replica, other: Replica
    ) -> None:
        first = await replica.leases.hold("poll", "a", LONG)

        assert first == Lease("poll", "a", 1)
        assert await other.leases.hold("poll", "b", LONG) is None
        assert await replica.leases.hold("poll", "a", LONG) == first

    async def test_of_many_who_want_it_at_once_one_gets_it(self, replica: Replica, other: Replica) -> None:
        asked = [(replica, f"a{n}") for n in range(8)] + [(other, f"b{n}") for n in range(8)]
        leases = await asyncio.gather(*(each.leases.hold("poll", holder, LONG) for each, holder in asked))

        assert [lease.fence for lease in leases if lease] == [1]

    async def test_new_holder_has_a_higher_fence(
        self, replica: Replica, other: Replica, pass_time: Pause
    ) -> None:
        await replica.leases.hold("poll", "a", SHORT)
        await pass_time(0.08)

        assert await other.leases.hold("poll", "b", LONG) == Lease("poll", "b", 2)
        assert await replica.leases.hold("poll", "a", LONG) is None

    async def test_who_comes_back_before_anybody_else_keeps_the_fence(
        self, replica: Replica, pass_time: Pause
    ) -> None:
        first = await replica.leases.hold("poll", "a", SHORT)
        await pass_time(0.08)

        assert await replica.leases.hold("poll", "a", LONG) == first

    async def test_released_lease_is_free_at_once(self, replica: Replica, other: Replica) -> None:
        lease = await replica.leases.hold("poll", "a", LONG)
        assert lease is not None
        await replica.leases.release(lease)
        await replica.leases.release(lease)

        assert await other.leases.hold("poll", "b", LONG) == Lease("poll", "b", 2)

    async def test_old_holder_releases_nothing(
        self, replica: Replica, other: Replica, pass_time: Pause
    ) -> None:
        old = await replica.leases.hold("poll", "a", SHORT)
        await pass_time(0.08)
        await other.leases.hold("poll", "b", LONG)
        assert old is not None
        await replica.leases.release(old)

        assert await replica.leases.hold("poll", "a", LONG) is None

    async def test_leases_do_not_disturb_each_other(self, replica: Replica, other: Replica) -> None:
        await replica.leases.hold("poll", "a", LONG)

        assert await other.leases.hold("digest", "b", LONG) == Lease("digest", "b", 1)


class IntakeContract:
    async def test_sighting_is_queued_as_it_was(self, replica: Replica) -> None:
        full = a_sighting(
            id="not a UUID – Łódź",
            at=NOON.replace(microsecond=123456),
            policy_id="p-1",
            policy_name='Require "MFA" für alle',
            summary="a\nb",
        )
        assert await replica.intake.admit([full, a_registration()]) == Admitted(2, 0)

        assert await queued(replica.groups) == [full, a_registration()]

    async def test_known_ones_are_not_queued_again(self, replica: Replica, other: Replica) -> None:
        assert await replica.intake.admit(sightings(3)) == Admitted(3, 0)
        assert await other.intake.admit(sightings(4)) == Admitted(1, 3)
        assert await replica.intake.admit(sightings(4)) == Admitted(0, 4)

        assert await queued(replica.groups) == sightings(4)

    async def test_repetition_within_a_batch_counts_once(self, replica: Replica) -> None:
        assert await replica.intake.admit(sightings(2) * 2) == Admitted(2, 2)
        assert await replica.groups.backlog() == 2

    async def test_nothing_is_nothing(self, replica: Replica) -> None:
        assert await replica.intake.admit([]) == Admitted(0, 0)

    async def test_two_who_admit_the_same_at_once_queue_each_once(
        self, replica: Replica, other: Replica
    ) -> None:
        batches = [sightings(10, start) for start in (0, 5, 10, 5, 0)]
        admitted = await asyncio.gather(
            *(each.intake.admit(batch) for each in (replica, other) for batch in batches)
        )

        assert sum(one.new for one in admitted) == 20
        assert sorted(s.id for s in await queued(replica.groups)) == sorted(s.id for s in sightings(20))

    async def test_what_is_too_old_to_be_remembered_counts_as_known(
        self, replica: Replica, clock: FakeClock
    ) -> None:
        old = a_sighting(id="s-old", at=NOON - timedelta(hours=26, minutes=31))
        late = a_sighting(id="s-late", at=NOON - timedelta(hours=26, minutes=29))

        assert await replica.intake.admit([old, late]) == Admitted(1, 1)
        clock.advance(120)
        assert await replica.intake.admit([old, late]) == Admitted(0, 2)

    async def test_full_queue_takes_nothing_and_says_so(self, replica: Replica) -> None:
        await replica.intake.admit(sightings(MOST_QUEUED - 1))
        with pytest.raises(StoreUnavailable):
            await replica.intake.admit(sightings(2, MOST_QUEUED))

        assert await replica.groups.backlog() == MOST_QUEUED - 1
        assert await replica.intake.admit(sightings(MOST_QUEUED - 1)) == Admitted(0, MOST_QUEUED - 1)
        assert await replica.intake.admit(sightings(1, MOST_QUEUED)) == Admitted(1, 0)

    async def test_what_a_full_queue_refused_comes_in_later(self, replica: Replica) -> None:
        await replica.intake.admit(sightings(MOST_QUEUED))
        with pytest.raises(StoreUnavailable):
            await replica.intake.admit(sightings(1, MOST_QUEUED))
        position = (await replica.groups.after("0-0", MOST_QUEUED, 0.0))[-1][0]
        await replica.groups.commit(await leading(replica), position, Changes())

        assert await replica.intake.admit(sightings(1, MOST_QUEUED)) == Admitted(1, 0)


class QueueOfSightingsContract:
    async def test_sightings_come_in_order_from_a_position_on(self, replica: Replica) -> None:
        await replica.intake.admit(sightings(5))
        first = await replica.groups.after("0-0", 2, 0.0)
        rest = await replica.groups.after(first[-1][0], 10, 0.0)

        assert [sighting for _, sighting in (*first, *rest)] == sightings(5)
        assert len(first) == 2

    async def test_reading_takes_nothing_away(self, replica: Replica) -> None:
        await replica.intake.admit(sightings(2))

        assert await queued(replica.groups) == await queued(replica.groups) == sightings(2)

    async def test_empty_queue_gives_nothing_after_the_wait(self, replica: Replica) -> None:
        assert await replica.groups.after("0-0", 10, 0.02) == ()

    async def test_who_waits_gets_a_sighting_as_it_comes(self, replica: Replica, other: Replica) -> None:
        async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(replica.groups.after("0-0", 10, 5.0))
            tasks.create_task(other.intake.admit(sightings(1)))

        assert [sighting for _, sighting in waiting.result()] == sightings(1)


class GroupsContract:
    async def test_empty_store_starts_at_the_beginning(self, replica: Replica) -> None:
        assert await replica.groups.load() == Loaded("0-0", ())
        assert await replica.groups.live() == ()
        assert await replica.groups.get("g-1") is None

    async def test_another_replica_loads_what_was_committed(self, replica: Replica, other: Replica) -> None:
        await replica.intake.admit(sightings(3))
        position = (await replica.groups.after("0-0", 2, 0.0))[-1][0]
        newest = a_sighting(minutes_ago=1)
        person = Affected(TARGET.id, "mira@contoso.com", "Mira", 2, NOON, registered_at=NOON)
        group = a_group(newest, absorbs=("g-8", "g-9"), is_late=True, version=7, people=(person,))
        older = a_group(a_sighting(a_user(2, "Hanna Dorn"), 9), version=2)
        members = (Member(TARGET.id, NOON.replace(microsecond=1)), Member("odd id", NOON, NOON + MINUTE))
        changes = Changes(groups=(older, group), members={group.id: members})

        assert await replica.groups.commit(await leading(replica), position, changes)

        loaded = await other.groups.load()
        assert loaded.position == position
        assert [stored.group for stored in loaded.groups] == [group, older]
        assert sorted(loaded.groups[0].members, key=lambda member: member.user_id) == list(members)
        assert loaded.groups[1].members == ()
        assert await other.groups.live() == (group, older)
        assert await other.groups.get(group.id) == group

    async def test_committed_sightings_are_forgotten_and_stay_known(self, replica: Replica) -> None:
        await replica.intake.admit(sightings(3))
        position = (await replica.groups.after("0-0", 2, 0.0))[-1][0]
        await replica.groups.commit(await leading(replica), position, Changes())

        assert await replica.groups.backlog() == 1
        assert await queued(replica.groups) == sightings(1, 2)
        assert await replica.intake.admit(sightings(3)) == Admitted(0, 3)

    async def test_members_change_one_by_one(self, replica: Replica) -> None:
        lease, group = await leading(replica), a_group()
        first, second, third = some_members(3)
        await replica.groups.commit(
            lease, "1-0", Changes(groups=(group,), members={group.id: (first, second)})
        )
        registered = replace(second, registered_at=NOON)
        await replica.groups.commit(lease, "2-0", Changes(members={group.id: (registered, third)}))

        (stored,) = (await replica.groups.load()).groups
        assert sorted(stored.members, key=lambda member: member.user_id) == [first, registered, third]

    async def test_a_member_is_kept_with_everything_about_the_newest_failure(
        self, replica: Replica, other: Replica
    ) -> None:
        full = Member(TARGET.id, NOON, NOON, NOON + MINUTE, 3, 50076, "pol-1", "app/res/background", "c-1")
        group = a_group()
        await replica.groups.commit(
            await leading(replica), "1-0", Changes(groups=(group,), members={group.id: (full,)})
        )
        assert (await other.groups.load()).groups == (StoredGroup(group, (full,)),)

    async def test_notes_are_kept_until_they_are_forgotten(self, replica: Replica, other: Replica) -> None:
        lease = await leading(replica)
        many = {f"past:PER_USER_MFA:{number}": f'["{number}"]' for number in range(5000)}
        assert await other.groups.notes() == {}
        await replica.groups.commit(lease, "1-0", Changes(notes=many))
        await replica.groups.commit(lease, "2-0", Changes(notes={"past:PER_USER_MFA:7": "", "a": "b"}))
        del many["past:PER_USER_MFA:7"]
        assert await other.groups.notes() == {**many, "a": "b"}

    async def test_deliveries_go_to_the_outbox(self, replica: Replica) -> None:
        changes = Changes(groups=(a_group(),), deliver=(a_group().id, "g-2"))
        await replica.groups.commit(await leading(replica), "1-0", changes)

        jobs = await replica.outbox.take("worker", 10, 0.0)
        assert [(job.kind, dict(job.body)) for job in jobs] == [
            ("alert", {"group_id": a_group().id}),
            ("alert", {"group_id": "g-2"}),
        ]
        assert len({job.op_id for job in jobs}) == 2

    async def test_repeated_commit_changes_nothing(self, replica: Replica) -> None:
        lease, group = await leading(replica), a_group()
        changes = Changes(
            groups=(group,),
            deliver=(group.id,),
            quieted=(a_quieted(),),
            failed=(("2026-11-23", "PER_USER_MFA"),),
        )
        assert await replica.groups.commit(lease, "5-0", changes)
        assert await replica.groups.commit(lease, "5-0", changes)
        assert await replica.groups.commit(lease, "4-9", Changes(groups=(replace(group, tries=9),)))

        assert await replica.groups.load() == Loaded("5-0", (StoredGroup(group, ()),))
        assert len(await replica.outbox.take("worker", 10, 0.0)) == 1
        assert await replica.ledger.quiet(10) == (a_quieted(),)
        assert await replica.ledger.days(["2026-11-23"]) == (DayCounts("2026-11-23", {"PER_USER_MFA": 1}),)

    async def test_time_may_change_groups_while_no_sighting_comes(self, replica: Replica) -> None:
        lease, group = await leading(replica), a_group()
        await replica.groups.commit(lease, "5-0", Changes(groups=(group,)))
        ended = replace(group, state=GroupState.ENDED, closed_at=NOON, version=2)
        await replica.groups.commit(lease, "5-0", Changes(groups=(ended,)))

        assert await replica.groups.load() == Loaded("5-0", ())
        assert await replica.groups.get(group.id) == ended

    async def test_old_fence_writes_nothing(self, replica: Replica, other: Replica, pass_time: Pause) -> None:
        await replica.intake.admit(sightings(2))
        position = (await replica.groups.after("0-0", 2, 0.0))[-1][0]
        old = await replica.leases.hold("alerts-group", "a", SHORT)
        assert old is not None
        await pass_time(0.08)
        new = await other.leases.hold("alerts-group", "b", LONG)
        assert new is not None
        late = Changes(
            groups=(a_group(),),
            members={a_group().id: some_members(2)},
            deliver=(a_group().id,),
            quieted=(a_quieted(),),
            failed=(("2026-11-23", "PER_USER_MFA"),),
        )

        assert not await replica.groups.commit(old, position, late)

        assert await replica.groups.load() == Loaded("0-0", ())
        assert await replica.groups.backlog() == 2
        assert await replica.outbox.take("worker", 10, 0.0) == ()
        assert await replica.ledger.quiet(10) == ()
        assert await replica.ledger.days(["2026-11-23"]) == (DayCounts("2026-11-23"),)
        assert await other.groups.commit(new, position, late)
        assert await replica.groups.backlog() == 0

    async def test_late_holder_whom_nobody_replaced_may_commit(
        self, replica: Replica, pass_time: Pause
    ) -> None:
        lease = await replica.leases.hold("alerts-group", "a", SHORT)
        assert lease is not None
        await pass_time(0.08)

        assert await replica.groups.commit(lease, "1-0", Changes(groups=(a_group(),)))
        assert await replica.groups.live() == (a_group(),)

    async def test_released_lease_commits_nothing(self, replica: Replica) -> None:
        lease = await leading(replica)
        await replica.leases.release(lease)

        assert not await replica.groups.commit(lease, "1-0", Changes(groups=(a_group(),)))
        assert await replica.groups.live() == ()

    async def test_closed_groups_leave_the_live_set(self, replica: Replica) -> None:
        lease = await leading(replica)
        people = [a_user(number, f"Person N{number}") for number in range(1, 5)]
        opened = [
            a_group(a_sighting(person, minutes_ago=person_at)) for person_at, person in enumerate(people)
        ]
        members = {group.id: some_members(2) for group in opened}
        await replica.groups.commit(lease, "1-0", Changes(groups=tuple(opened), members=members))
        states = (GroupState.RESOLVED, GroupState.ENDED, GroupState.ABSORBED)
        closed = [
            replace(group, state=state, closed_at=NOON + n * MINUTE)
            for n, (group, state) in enumerate(zip(opened, states, strict=False))
        ]
        late = {closed[0].id: some_members(3)}
        await replica.groups.commit(lease, "2-0", Changes(groups=tuple(closed), members=late))

        assert await replica.groups.load() == Loaded("2-0", (StoredGroup(opened[3], some_members(2)),))
        assert await replica.groups.closed_since(NOON - MINUTE) == (closed[1], closed[0])
        assert await replica.groups.closed_since(NOON) == (closed[1],)
        assert [await replica.groups.get(group.id) for group in closed] == closed

    async def test_fifty_thousand_people_in_one_group(self, replica: Replica, other: Replica) -> None:
        lease, group, members = await leading(replica), a_group(), some_members(50_000)
        for number in range(25):
            changed = members[number * 2000 : (number + 1) * 2000]
            now = replace(group, count=(number + 1) * 2000, version=number + 1)
            changes = Changes(groups=(now,), members={group.id: changed})
            assert await replica.groups.commit(lease, f"{number + 1}-0", changes)

        (stored,) = (await other.groups.load()).groups
        assert stored.group.count == 50_000
        assert set(stored.members) == set(members)
        assert len(stored.members) == 50_000

    async def test_hundreds_of_groups_are_loaded_each_with_its_people(
        self, replica: Replica, other: Replica
    ) -> None:
        people = [a_user(number, f"Person N{number}") for number in range(500)]
        groups = tuple(a_group(a_sighting(person, minutes_ago=n)) for n, person in enumerate(people))
        members = {group.id: (Member(person.id, NOON),) for group, person in zip(groups, people, strict=True)}
        await replica.groups.commit(await leading(replica), "1-0", Changes(groups=groups, members=members))

        loaded = await other.groups.load()
        assert loaded.groups == tuple(StoredGroup(group, members[group.id]) for group in groups)
        assert await other.groups.live() == groups


class MessagesContract:
    async def test_message_is_found_by_its_group(self, replica: Replica, other: Replica) -> None:
        assert await replica.messages.get("g-1") is None
        await replica.messages.shown("g-1", "worker-a", a_message())

        assert await other.messages.get("g-1") == a_message()
        await replica.messages.shown("g-1", "worker-a", a_message(is_digest=True))
        assert await other.messages.get("g-1") == a_message(is_digest=True)

    async def test_one_worker_at_a_time(self, replica: Replica, other: Replica) -> None:
        assert await replica.messages.begin("g-1", "a", LONG)
        assert await replica.messages.begin("g-1", "a", LONG)
        assert not await other.messages.begin("g-1", "b", LONG)
        assert await other.messages.begin("g-2", "b", LONG)

    async def test_showing_or_letting_go_ends_the_claim(self, replica: Replica, other: Replica) -> None:
        await replica.messages.begin("g-1", "a", LONG)
        await replica.messages.let_go("g-1", "a")
        assert await other.messages.begin("g-1", "b", LONG)
        await other.messages.shown("g-1", "b", a_message())

        assert await replica.messages.begin("g-1", "a", LONG)

    async def test_only_the_holder_ends_a_claim(self, replica: Replica, other: Replica) -> None:
        await replica.messages.begin("g-1", "a", LONG)
        await other.messages.let_go("g-1", "b")
        await other.messages.shown("g-1", "b", a_message())

        assert not await other.messages.begin("g-1", "c", LONG)

    async def test_claim_of_a_silent_worker_ends_by_itself(
        self, replica: Replica, other: Replica, pass_time: Pause
    ) -> None:
        await replica.messages.begin("g-1", "a", SHORT)
        await pass_time(0.08)

        assert await other.messages.begin("g-1", "b", LONG)

    async def test_first_acknowledgement_wins(self, replica: Replica, other: Replica) -> None:
        first, second = Acknowledgement("U0ADA", NOON), Acknowledgement("U0BEN", NOON + MINUTE)
        assert await replica.messages.acknowledged("g-1") is None
        assert await replica.messages.acknowledge("g-1", first) == first
        assert await other.messages.acknowledge("g-1", second) == first

        assert await other.messages.acknowledged("g-1") == first


class SilencesContract:
    async def test_silence_stands_from_its_beginning_to_its_end(self, replica: Replica) -> None:
        silence = a_silence(matcher=Matcher(country="DE", device_prefix="FIN-"))
        await replica.silences.add(silence)

        assert await replica.silences.standing(NOON - MINUTE) == ()
        assert await replica.silences.standing(NOON) == (silence,)
        assert await replica.silences.standing(silence.until - MINUTE) == (silence,)
        assert await replica.silences.standing(silence.until) == ()

    async def test_the_one_that_ends_first_is_at_the_head(self, replica: Replica) -> None:
        made = [a_silence(id=f"s-{hours}", until=NOON + timedelta(hours=hours)) for hours in (24, 1, 168)]
        for silence in made:
            await replica.silences.add(silence)

        standing = await replica.silences.standing(NOON)
        assert [silence.id for silence in standing] == ["s-1", "s-24", "s-168"]

    async def test_adding_again_changes_nothing(self, replica: Replica) -> None:
        await replica.silences.add(a_silence())
        await replica.silences.add(a_silence(until=NOON + timedelta(days=6)))

        assert await replica.silences.standing(NOON) == (a_silence(),)

    async def test_lifted_one_is_over(self, replica: Replica, other: Replica) -> None:
        await replica.silences.add(a_silence())

        assert await other.silences.lift(a_silence().id) == a_silence()
        assert await replica.silences.standing(NOON) == ()
        assert await replica.silences.lift(a_silence().id) is None

    async def test_one_that_ended_cannot_be_lifted(self, replica: Replica, clock: FakeClock) -> None:
        await replica.silences.add(a_silence())
        clock.advance(3600)

        assert await replica.silences.lift(a_silence().id) is None


class LedgerContract:
    async def test_why_it_was_quiet_comes_newest_first(self, replica: Replica, other: Replica) -> None:
        mira, hanna = a_quieted(), a_quieted(Quiet.SILENCED, a_user(2, "Hanna Dorn"), at=NOON + MINUTE)
        nobody = a_quieted(Quiet.DIGEST, user_id="", user_principal_name="")
        await replica.ledger.note([mira, hanna])
        await replica.ledger.note([nobody])

        assert await other.ledger.quiet(10) == (nobody, hanna, mira)
        assert await other.ledger.quiet(1) == (nobody,)
        assert await other.ledger.quiet(10, TARGET.id) == (mira,)
        assert await other.ledger.quiet(10, an_object_id(99)) == ()

    async def test_the_newest_thousand_are_kept(self, replica: Replica) -> None:
        many = [a_quieted(detail=f"event {number}") for number in range(1_100)]
        await replica.ledger.note(many)

        newest = await replica.ledger.quiet(2_000)
        assert [one.detail for one in newest] == [one.detail for one in many[:99:-1]]
        assert [one.detail for one in await replica.ledger.quiet(50, TARGET.id)] == [
            one.detail for one in many[:1079:-1]
        ]
        assert await replica.ledger.counts(["2026-11-23"]) == {"2026-11-23": {"quiet:same_group": 1_100}}

    async def test_counters_go_by_day(self, replica: Replica, other: Replica) -> None:
        await replica.ledger.count("2026-11-23", "posted")
        await other.ledger.count("2026-11-23", "posted", 2)
        await replica.ledger.count("2026-11-22", "edited")
        await replica.ledger.note([a_quieted(Quiet.SHADOW)])

        assert await replica.ledger.counts(["2026-11-22", "2026-11-23", "2026-11-24"]) == {
            "2026-11-22": {"edited": 1},
            "2026-11-23": {"posted": 3, "quiet:shadow": 1},
            "2026-11-24": {},
        }

    async def test_days_tell_failures_and_fixes(self, replica: Replica) -> None:
        late = NOON + timedelta(hours=13)
        changes = Changes(
            failed=(("2026-11-23", "PER_USER_MFA"), ("2026-11-23", "PER_USER_MFA"), ("2026-11-22", "OTHER")),
            fixed=(
                Fixed("PER_USER_MFA", NOON - MINUTE, NOON),
                Fixed("OTHER", NOON - timedelta(seconds=1.5), NOON),
                Fixed("OTHER", NOON, late),
            ),
        )
        await replica.groups.commit(await leading(replica), "1-0", changes)

        assert await replica.ledger.days(["2026-11-24", "2026-11-23", "2026-11-22"]) == (
            DayCounts("2026-11-24", {}, (timedelta(hours=13).total_seconds(),)),
            DayCounts("2026-11-23", {"PER_USER_MFA": 2}, (60.0, 1.5)),
            DayCounts("2026-11-22", {"OTHER": 1}),
        )


class PollMarksContract:
    async def test_state_is_read_as_it_was_written(self, replica: Replica, other: Replica) -> None:
        assert await replica.poll_marks.read() is None
        lease = await replica.leases.hold("poll", "a", LONG)
        assert lease is not None
        gaps = ((NOON - timedelta(hours=2), NOON - timedelta(hours=1)), (NOON - timedelta(days=1), NOON))
        state = PollState(NOON, NOON - MINUTE, NOON - timedelta(hours=5), gaps, polled_at=NOON)

        assert await replica.poll_marks.write(lease, state)
        assert await other.poll_marks.read() == state

    async def test_old_poller_writes_nothing(
        self, replica: Replica, other: Replica, pass_time: Pause
    ) -> None:
        old = await replica.leases.hold("poll", "a", SHORT)
        assert old is not None
        await pass_time(0.08)
        new = await other.leases.hold("poll", "b", LONG)
        assert new is not None

        assert await other.poll_marks.write(new, a_state(NOON))
        assert not await replica.poll_marks.write(old, a_state(NOON - MINUTE))
        assert await replica.poll_marks.read() == a_state(NOON)


def a_state(at: datetime) -> PollState:
    return PollState(at, at, at)


class PaceContract:
    async def test_turns_come_one_a_second_for_all_replicas(self, replica: Replica, other: Replica) -> None:
        waits = [await each.pace.turn("C0ALERTS") for each in (replica, other, replica)]

        assert waits == [0, pytest.approx(1, abs=0.8), pytest.approx(2, abs=0.8)]
        assert await replica.pace.turn("C0OTHERS") == 0

    async def test_a_quiet_second_frees_the_next_turn(self, replica: Replica, pass_time: Pause) -> None:
        await replica.pace.turn("C0ALERTS")
        await pass_time(1.05)

        assert await replica.pace.turn("C0ALERTS") == 0

    async def test_nobody_posts_while_slack_asks_to_wait(self, replica: Replica, other: Replica) -> None:
        await replica.pace.hold_off("C0ALERTS", 30)
        await replica.pace.hold_off("C0ALERTS", 5)

        assert await other.pace.turn("C0ALERTS") == pytest.approx(30, abs=2)
        assert await other.pace.turn("C0ALERTS") == pytest.approx(31, abs=2)
        assert await other.pace.turn("C0OTHERS") == 0


class AlertsContract(
    LeasesContract,
    IntakeContract,
    QueueOfSightingsContract,
    GroupsContract,
    MessagesContract,
    SilencesContract,
    LedgerContract,
    PollMarksContract,
    PaceContract,
):
    """All of them."""
