"""The schedule as a queue: everything has somebody who carries it out, and trouble ends nothing silently."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.errors import AuditUnavailable, SlackError
from bot.ports import Job
from bot.usecases import (
    aftercare,
    alert_digest,
    deliver_alerts,
    freeze,
    pause_alerts,
    remind,
    shadow_report,
    weekly_digest,
)
from bot.usecases.scheduled import KINDS, LEASE, MOST_SLACK_TRIES, DueJobs, carry_out_scheduled
from bot.usecases.workers import MOST_DELIVERIES, work_off
from tests.fakes import FakeClock, FakeDesk, a_desk, virtual_time
from tests.usecases.later import a_verified_request


def due_jobs(desk: FakeDesk) -> DueJobs:
    return DueJobs(desk.schedule, desk.journal, desk.pause)


async def worked_off(desk: FakeDesk, until: timedelta) -> None:
    """Let a worker run on the desk's clock."""
    stop = asyncio.Event()
    end = desk.now() + until

    async def carry_out(job: Job) -> None:
        await carry_out_scheduled(job, desk)

    async def stops_at_the_end() -> None:
        while desk.now() < end:
            await asyncio.sleep(0)
        stop.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work_off(due_jobs(desk), "w", carry_out, stop=stop, pause=desk.pause))
        tasks.create_task(stops_at_the_end())


def test_every_kind_has_one_owner() -> None:
    alerts = (deliver_alerts, alert_digest, pause_alerts, weekly_digest, shadow_report)
    owners = (aftercare, remind, freeze, *alerts)
    assert len(KINDS) == sum(len(owner.SCHEDULED) for owner in owners)
    assert {"watch", "follow", "restore", "methods", "remind", "announce_freeze"} <= set(KINDS)


@virtual_time
async def test_a_worker_does_everything_at_its_time() -> None:
    desk = a_desk()
    await a_verified_request(desk)

    await worked_off(desk, timedelta(hours=2))

    assert [kind for kind in desk.schedule.jobs] == ["watch:req-1"]  # the look after six hours
    assert "follow.not_tried" in desk.journal.kinds


async def test_an_unknown_kind_is_dropped() -> None:
    desk = a_desk()

    await carry_out_scheduled(Job("dance:1", "dance", "1", {}), desk)

    assert (desk.schedule.jobs, desk.journal.entries) == ({}, [])


@virtual_time
async def test_alerts_left_from_before_they_were_switched_off_are_given_up_in_words() -> None:
    desk = a_desk()
    assert desk.alerts is None
    await desk.schedule.put("alert", "g-1", desk.now(), {"group_id": "g-1"})
    await desk.schedule.put("alert_digest", "C0ALERTS", desk.now(), {"channel": "C0ALERTS"})

    await worked_off(desk, LEASE * (MOST_DELIVERIES + 1))

    assert desk.schedule.jobs == {}
    why = {entry.detail["job"]: entry.detail["why"] for entry in desk.journal.entries}
    assert set(why) == {"alert:g-1", "alert_digest:C0ALERTS"}
    assert all("PSSO_ALERT_CHANNEL: is not set" in words for words in why.values())


async def test_a_request_that_is_no_longer_kept_ends_its_jobs() -> None:
    desk = a_desk()
    for kind in ("watch", "follow", "restore", "methods"):
        await carry_out_scheduled(
            Job(f"{kind}:gone", kind, "1", {"request_id": "gone", "methods": "{}"}), desk
        )

    assert desk.schedule.jobs == {}


async def test_slack_is_tried_for_a_day() -> None:
    desk = a_desk()
    await a_verified_request(desk)
    desk.clock.advance(3 * 3600)
    desk.announcer.troubles["reply"] = SlackError("chat.postMessage", "fatal_error")
    body = {"request_id": "req-1"}

    await carry_out_scheduled(Job("follow:req-1", "follow", "1", body), desk)
    due, again = desk.schedule.jobs["follow:req-1"]
    assert (due - desk.now(), again.body["slack_tries"]) == (timedelta(minutes=5), "1")

    body["slack_tries"] = str(MOST_SLACK_TRIES)
    with pytest.raises(SlackError):
        await carry_out_scheduled(Job("follow:req-1", "follow", "1", body), desk)


async def test_what_is_given_up_is_written_down() -> None:
    desk = a_desk()
    await desk.schedule.put("watch", "req-1", desk.now(), {"request_id": "req-1"})
    (job,) = await desk.schedule.take_due(1, LEASE)
    desk.journal.troubles["write"] = [AuditUnavailable("disk full")]

    await due_jobs(desk).bury(job, "a bug")
    assert desk.schedule.jobs
    await due_jobs(desk).bury(job, "a bug")

    assert not desk.schedule.jobs
    entry = desk.journal.entries[-1]
    assert (entry.kind, entry.request_id) == ("schedule.given_up", "req-1")
    assert entry.detail == {"job": "watch:req-1", "why": "a bug"}


@virtual_time
async def test_a_job_that_always_fails_is_given_up_and_holds_up_no_other() -> None:
    clock = FakeClock()
    desk = a_desk(clock=clock)
    await desk.schedule.put("methods", "broken", clock(), {})  # a job without a request, as a bug would make
    await desk.schedule.put("watch", "fine", clock(), {"request_id": "gone"})

    await worked_off(desk, LEASE * (MOST_DELIVERIES + 1))

    assert desk.schedule.jobs == {}
    assert [entry.detail["job"] for entry in desk.journal.entries] == ["methods:broken"]
