"""Queues on real streams."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.adapters.store.connection import Link
from bot.adapters.store.streams import RedisInbox
from bot.ports import Inbox
from tests.adapters.queue_contract import ABANDONED_AFTER, InboxContract
from tests.adapters.store.conftest import new_id


@pytest.fixture
def inbox(link: Link) -> RedisInbox:
    idle = timedelta(seconds=ABANDONED_AFTER)
    return RedisInbox(link.actions, link.background, "contoso", new_id, abandoned_after=idle)


class TestRedisInbox(InboxContract):
    pass


async def test_finished_jobs_leave_no_trace(link: Link, inbox: RedisInbox) -> None:
    for number in range(3):
        await inbox.record("click", f"op-{number}", {})
    for job in await inbox.take("a", 10, 0.0):
        await inbox.done(job)

    assert await link.actions.command("XLEN", "{t:contoso}:inbox") == 0
    assert await inbox.waiting() == 0


async def test_buried_job_lies_among_the_dead_letters_once(link: Link, inbox: RedisInbox) -> None:
    await inbox.record("click", "op-1", {"n": "1"})
    (job,) = await inbox.take("a", 10, 0.0)
    await inbox.bury(job, "cannot be read")
    await inbox.bury(job, "cannot be read")

    letters = await link.actions.command("XRANGE", inbox.dead_letters, "-", "+")

    assert [(fields["why"], fields["op"], fields["body"]) for _, fields in letters] == [
        ("cannot be read", "op-1", '{"n": "1"}')
    ]


async def test_lost_store_is_no_lost_queue(link: Link, inbox: Inbox) -> None:
    await inbox.record("click", "op-1", {})
    await inbox.take("a", 10, 0.0)
    await link.actions.command("FLUSHALL")

    assert await inbox.take("a", 10, 0.0) == ()
    assert await inbox.record("click", "op-1", {})
    assert len(await inbox.take("a", 10, 0.0)) == 1


async def test_an_idle_queue_seldom_looks_for_abandoned_jobs(link: Link) -> None:
    async def looks() -> int:
        ran = await link.actions.command("INFO", "commandstats")
        return int(ran.get("cmdstat_xautoclaim", {"calls": 0})["calls"])

    inbox, before = RedisInbox(link.actions, link.background, "contoso", new_id), await looks()
    for _ in range(20):
        assert await inbox.take("a", 10, 0.0) == ()

    assert await looks() - before <= 1


async def test_repeated_call_of_one_recording_is_no_duplicate(link: Link) -> None:
    inbox = RedisInbox(link.actions, link.background, "contoso", lambda: "the same call")

    assert await inbox.record("click", "op-1", {})
    assert await inbox.record("click", "op-1", {})
    assert len(await inbox.take("a", 10, 0.0)) == 1


async def test_job_with_an_unreadable_body_is_handed_out_all_the_same(link: Link, inbox: Inbox) -> None:
    await link.actions.command("XADD", "{t:contoso}:inbox", "*", "kind", "click", "body", "[1")

    (job,) = await inbox.take("a", 10, 0.0)

    assert (job.kind, job.op_id, dict(job.body)) == ("click", "", {})
