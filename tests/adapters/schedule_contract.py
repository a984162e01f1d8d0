"""What every Schedule promises. Subclass and provide the fixtures.

class TestMySchedule(ScheduleContract):
    @pytest.fixture
    def schedule(self) -> Schedule: ...       # fresh and empty
    @pytest.fixture
    def now(self) -> Clock: ...               # the time it goes by
    @pytest.fixture
    def pass_time(self) -> Pause: ...         # let so many seconds go by for it
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.ports import Clock, Job, Pause, Schedule

LEASE = timedelta(minutes=2)
BODY = {"request_id": "req-1", "said": "CA “Räume”|50076"}


async def due(schedule: Schedule, count: int = 10) -> list[str]:
    """Return the ids of what is due, in order."""
    return [job.id for job in await schedule.take_due(count, LEASE)]


async def the_one(schedule: Schedule) -> Job:
    (job,) = await schedule.take_due(10, LEASE)
    return job


class ScheduleContract:
    async def test_nothing_is_due_on_an_empty_schedule(self, schedule: Schedule) -> None:
        assert await schedule.take_due(10, LEASE) == ()

    async def test_a_job_comes_when_it_is_due_and_not_before(
        self, schedule: Schedule, now: Clock, pass_time: Pause
    ) -> None:
        await schedule.put("follow", "req-1", now() + timedelta(seconds=60), BODY)
        assert await due(schedule) == []

        await pass_time(59)
        assert await due(schedule) == []

        await pass_time(1.5)
        job = await the_one(schedule)
        assert (job.kind, dict(job.body), job.deliveries) == ("follow", BODY, 1)

    async def test_what_was_due_long_ago_comes_first(self, schedule: Schedule, now: Clock) -> None:
        for number in (3, 1, 2):
            await schedule.put("drift", str(number), now() - timedelta(hours=4 - number), {})

        jobs = await schedule.take_due(2, LEASE)

        assert [job.id for job in jobs] == ["drift:1", "drift:2"]
        assert await due(schedule) == ["drift:3"]

    async def test_putting_it_again_moves_it(self, schedule: Schedule, now: Clock, pass_time: Pause) -> None:
        await schedule.put("follow", "req-1", now(), {"looks": "1"})
        await schedule.put("follow", "req-1", now() + timedelta(seconds=60), {"looks": "2"})
        assert await due(schedule) == []

        await pass_time(61)

        assert dict((await the_one(schedule)).body) == {"looks": "2"}

    async def test_kinds_and_keys_do_not_mix(self, schedule: Schedule, now: Clock) -> None:
        for kind, key in (("follow", "1"), ("follow", "2"), ("tug", "1")):
            await schedule.put(kind, key, now(), {})
        await schedule.drop("follow", "1")

        assert sorted(await due(schedule)) == ["follow:2", "tug:1"]

    async def test_what_is_done_does_not_come_again(
        self, schedule: Schedule, now: Clock, pass_time: Pause
    ) -> None:
        await schedule.put("drift", "req-1", now(), {})
        job = await the_one(schedule)

        await schedule.done(job)
        await schedule.done(job)
        await pass_time(LEASE.total_seconds() + 1)

        assert await due(schedule) == []

    async def test_an_abandoned_job_comes_again_after_its_lease(
        self, schedule: Schedule, now: Clock, pass_time: Pause
    ) -> None:
        await schedule.put("drift", "req-1", now(), BODY)
        first = await the_one(schedule)

        await pass_time(LEASE.total_seconds() - 1)
        assert await due(schedule) == []
        await pass_time(1.5)
        second = await the_one(schedule)

        assert (first.deliveries, second.deliveries) == (1, 2)
        assert dict(second.body) == BODY

    async def test_done_spares_what_was_put_again_meanwhile(self, schedule: Schedule, now: Clock) -> None:
        await schedule.put("follow", "req-1", now(), {"looks": "1"})
        job = await the_one(schedule)
        await schedule.put("follow", "req-1", now(), {"looks": "2"})

        await schedule.done(job)

        again = await the_one(schedule)
        assert (dict(again.body), again.deliveries) == ({"looks": "2"}, 1)

    async def test_done_spares_what_was_put_again_alike(self, schedule: Schedule, now: Clock) -> None:
        at = now()
        await schedule.put("follow", "req-1", at, BODY)
        job = await the_one(schedule)
        await schedule.put("follow", "req-1", at, BODY)

        await schedule.done(job)

        assert await due(schedule) == ["follow:req-1"]

    async def test_a_dropped_job_is_gone_even_while_it_is_handed_out(
        self, schedule: Schedule, now: Clock, pass_time: Pause
    ) -> None:
        await schedule.put("restore", "req-1", now(), {})
        await the_one(schedule)

        await schedule.drop("restore", "req-1")
        await schedule.drop("restore", "req-1")
        await pass_time(LEASE.total_seconds() + 1)

        assert await due(schedule) == []

    async def test_two_takers_never_get_the_same_job(self, schedule: Schedule, now: Clock) -> None:
        for number in range(20):
            await schedule.put("drift", str(number), now(), {})

        shares = await asyncio.gather(*(due(schedule, 7) for _ in range(4)))

        taken = [job_id for share in shares for job_id in share]
        assert len(taken) == len(set(taken)) == 20
