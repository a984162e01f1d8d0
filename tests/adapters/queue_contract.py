"""What every implementation of the ports Queue and Inbox must do. Subclass and provide the fixtures.

class TestMyInbox(InboxContract):
    @pytest.fixture
    def inbox(self) -> Inbox: ...             # fresh and empty; a job is abandoned after 50 ms
    @pytest.fixture
    def pass_time(self) -> Pause: ...         # let so many seconds go by on its clock
"""

from __future__ import annotations

import asyncio

from bot.ports import Inbox, Pause

ABANDONED_AFTER = 0.05


class InboxContract:
    async def test_recorded_job_is_handed_out_as_it_was(self, inbox: Inbox) -> None:
        assert await inbox.record("click", "op-1", {"who": "U1", "text": "Łódź: {}"})

        (job,) = await inbox.take("a", 10, 0.0)

        assert (job.kind, job.op_id, job.deliveries) == ("click", "op-1", 1)
        assert dict(job.body) == {"who": "U1", "text": "Łódź: {}"}

    async def test_operation_is_recorded_once(self, inbox: Inbox) -> None:
        assert await inbox.record("click", "op-1", {"n": "1"})
        assert not await inbox.record("click", "op-1", {"n": "2"})

        assert [dict(job.body) for job in await inbox.take("a", 10, 0.0)] == [{"n": "1"}]

    async def test_operation_stays_known_after_it_is_done(self, inbox: Inbox) -> None:
        await inbox.record("click", "op-1", {})
        (job,) = await inbox.take("a", 10, 0.0)
        await inbox.done(job)

        assert not await inbox.record("click", "op-1", {})

    async def test_ten_at_once_record_one(self, inbox: Inbox) -> None:
        recorded = await asyncio.gather(*(inbox.record("click", "op-1", {}) for _ in range(10)))

        assert sorted(recorded) == [False] * 9 + [True]
        assert len(await inbox.take("a", 10, 0.0)) == 1

    async def test_jobs_come_in_order_and_no_more_than_asked(self, inbox: Inbox) -> None:
        for number in range(5):
            await inbox.record("click", f"op-{number}", {})

        first = await inbox.take("a", 3, 0.0)
        rest = await inbox.take("b", 3, 0.0)

        assert [job.op_id for job in (*first, *rest)] == [f"op-{number}" for number in range(5)]
        assert len(first) == 3

    async def test_empty_queue_gives_nothing_after_the_wait(self, inbox: Inbox) -> None:
        assert await inbox.take("a", 10, 0.02) == ()

    async def test_waiting_consumer_gets_a_job_as_it_comes(self, inbox: Inbox) -> None:
        async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
            taken = tasks.create_task(inbox.take("a", 10, 5.0))
            tasks.create_task(inbox.record("click", "op-1", {}))

        assert [job.op_id for job in taken.result()] == ["op-1"]

    async def test_job_in_hand_is_nobody_elses(self, inbox: Inbox) -> None:
        await inbox.record("click", "op-1", {})
        await inbox.take("a", 10, 0.0)

        assert await inbox.take("b", 10, 0.0) == ()

    async def test_abandoned_job_goes_to_another_with_its_count(self, inbox: Inbox, pass_time: Pause) -> None:
        await inbox.record("click", "op-1", {"n": "1"})
        (first,) = await inbox.take("a", 10, 0.0)
        await pass_time(ABANDONED_AFTER * 2)

        (again,) = await inbox.take("b", 10, 0.0)

        assert (again.id, again.body, again.deliveries) == (first.id, first.body, 2)

    async def test_finished_job_never_comes_back(self, inbox: Inbox, pass_time: Pause) -> None:
        await inbox.record("click", "op-1", {})
        (job,) = await inbox.take("a", 10, 0.0)
        await inbox.done(job)
        await inbox.done(job)
        await pass_time(ABANDONED_AFTER * 2)

        assert await inbox.take("b", 10, 0.0) == ()

    async def test_buried_job_never_comes_back_and_others_flow(self, inbox: Inbox, pass_time: Pause) -> None:
        await inbox.record("click", "poison", {})
        await inbox.record("click", "fine", {})
        poison, fine = await inbox.take("a", 10, 0.0)
        await inbox.bury(poison, "cannot be read")
        await inbox.done(fine)
        await pass_time(ABANDONED_AFTER * 2)

        assert await inbox.take("b", 10, 0.0) == ()
