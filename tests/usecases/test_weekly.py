"""The weekly digest and the report of shadow mode: posted once, whatever starts, stops or fails."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.alerts import AlertGroup, GroupState, Quiet
from bot.domain.digest import Week
from bot.domain.hours import weekly_time
from bot.domain.shadow import ShadowReport
from bot.errors import SlackError
from bot.ports import Job
from bot.usecases.scheduled import DueJobs, carry_out_scheduled
from bot.usecases.shadow_report import begin_shadow
from bot.usecases.weekly_digest import begin_digests
from tests.alert_fakes import (
    ALERT_CHANNEL,
    FakeWatchingDesk,
    a_group,
    a_quieted,
    a_sighting,
    a_watching_desk,
    some_alerts,
)
from tests.fakes import FakeClock, Scripted, some_rules

SUNDAY = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass
class FakeReports(Scripted):
    """`alert_ports.Reports`."""

    weeks: list[tuple[str, Week]] = field(default_factory=list)
    shadows: list[tuple[str, ShadowReport]] = field(default_factory=list)

    async def week(self, channel: str, week: Week) -> None:
        await self._called("week")
        self.weeks.append((channel, week))

    async def shadow(self, channel: str, report: ShadowReport) -> None:
        await self._called("shadow")
        self.shadows.append((channel, report))


@dataclass
class Watched:
    desk: FakeWatchingDesk
    clock: FakeClock
    reports: FakeReports


def watched(now: datetime = SUNDAY, digest: str = "Mon 08:00 UTC", **rules: object) -> Watched:
    clock, reports = FakeClock(now), FakeReports()
    made = some_rules(alert_channel=ALERT_CHANNEL, digest_at=weekly_time(digest) if digest else None, **rules)
    alerts = some_alerts(clock=clock, reports=reports)
    return Watched(a_watching_desk(clock=clock, rules=made, alerts=alerts), clock, reports)


async def work(world: Watched) -> None:
    """Carry out what is due."""
    due = DueJobs(world.desk.schedule, world.desk.journal, world.desk.pause)
    for job in await due.take("one", 10, 0):
        await carry_out_scheduled(job, world.desk)
        await due.done(job)


async def pass_time(world: Watched, span: timedelta, step: timedelta = HOUR) -> None:
    """Let time pass, and work every `step`."""
    end = world.clock() + span
    while world.clock() < end:
        world.clock.advance(step.total_seconds())
        await work(world)


async def test_it_is_posted_every_week_and_covers_the_week_before() -> None:
    world = watched()
    world.desk.alerts.ledger.failed["2026-11-16"] = Counter({"PER_USER_MFA": 4})
    await begin_digests(world.desk)

    await pass_time(world, timedelta(days=15))

    assert [channel for channel, _ in world.reports.weeks] == [ALERT_CHANNEL] * 3
    first, second, _ = [week for _, week in world.reports.weeks]
    assert (str(first.days[0]), str(first.days[-1])) == ("2026-11-16", "2026-11-22")
    assert first.total == 4
    assert (second.total, second.before) == (0, 4)


async def test_starting_again_and_on_two_replicas_doubles_none() -> None:
    world = watched()
    for _ in range(12):
        await begin_digests(world.desk)
        await begin_digests(replace(world.desk))
        await pass_time(world, timedelta(hours=2))

    assert len(world.reports.weeks) == 1


async def test_after_three_weeks_away_it_is_posted_once() -> None:
    world = watched()
    await begin_digests(world.desk)
    world.clock.advance(timedelta(days=22).total_seconds())

    await begin_digests(world.desk)
    await work(world)
    await pass_time(world, timedelta(hours=3))

    assert len(world.reports.weeks) == 1
    assert str(world.reports.weeks[0][1].days[-1]) == "2026-11-22"


async def test_what_slack_does_not_take_comes_again_and_once() -> None:
    world = watched()
    world.reports.troubles["week"] = [
        SlackError("files.upload", "timed_out"),
        SlackError("m", "ratelimited", 30),
    ]
    await begin_digests(world.desk)

    await pass_time(world, timedelta(hours=14), timedelta(minutes=5))

    assert len(world.reports.weeks) == 1


async def test_a_job_that_is_carried_out_twice_posts_once() -> None:
    world = watched()
    due = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    world.clock.advance(timedelta(hours=13).total_seconds())
    job = Job("digest:2026-11-23T08:00Z", "digest", "1", {"due": due.isoformat()})

    await carry_out_scheduled(job, world.desk)
    await carry_out_scheduled(job, world.desk)

    assert len(world.reports.weeks) == 1


@pytest.mark.parametrize("digest", ["", "Tue 08:00 UTC", "Mon 09:00 UTC"])
async def test_a_changed_setting_holds_at_once(digest: str) -> None:
    world = watched()
    await begin_digests(world.desk)
    later = weekly_time(digest) if digest else None
    world.desk = replace(world.desk, rules=replace(world.desk.rules, digest_at=later))

    await begin_digests(world.desk)
    await pass_time(world, timedelta(hours=12, minutes=30), timedelta(minutes=30))

    assert world.reports.weeks == []


@pytest.mark.parametrize("rules", [{"shadow": True}, {"digest": ""}])
async def test_nothing_is_posted_in_shadow_mode_or_when_it_is_off(rules: dict[str, object]) -> None:
    world = watched(**rules)  # type: ignore[arg-type]
    await begin_digests(world.desk)

    await pass_time(world, timedelta(days=8))

    assert world.reports.weeks == []


def a_shadowed(world: Watched, nth: int, minutes: float) -> AlertGroup:
    """Keep a group that shadow mode kept quiet, fixed after so many minutes."""
    first = world.clock() - timedelta(hours=2)
    group = a_group(
        a_sighting(id=f"s{nth}", at=first),
        id=f"g{nth}",
        state=GroupState.RESOLVED,
        first_at=first,
        closed_at=first + timedelta(minutes=minutes),
    )
    people = tuple(replace(one, registered_at=group.closed_at) for one in group.people)
    world.desk.alerts.groups.groups[group.id] = replace(group, people=people)
    return group


async def test_shadow_mode_reports_once_after_seven_days() -> None:
    world = watched(shadow=True)
    ledger = world.desk.alerts.ledger
    await begin_shadow(world.desk)
    await pass_time(world, 5 * DAY)
    for nth, minutes in enumerate((3, 45, 90)):
        a_shadowed(world, nth, minutes)
        await ledger.note([a_quieted(Quiet.SHADOW, group_id=f"g{nth}", at=world.clock())])
        await ledger.count(f"{world.clock():%Y-%m-%d}", "shadowed")
    a_shadowed(world, 9, 45)  # silenced, so it would not have been posted
    await ledger.note([a_quieted(Quiet.SILENCED, group_id="g9", at=world.clock())])
    assert world.reports.shadows == []

    await pass_time(world, 40 * DAY, timedelta(hours=6))

    ((channel, report),) = world.reports.shadows
    assert channel == ALERT_CHANNEL
    assert (report.alerts, report.right, report.noise) == (3, 2, 1)
    assert report.until - report.since == 7 * DAY
    assert report.until.date() == SUNDAY.date() + 7 * DAY


async def test_restarts_do_not_put_the_report_off() -> None:
    world = watched(shadow=True)
    for _ in range(60):
        await begin_shadow(world.desk)
        await pass_time(world, 4 * HOUR)

    assert len(world.reports.shadows) == 1


async def test_a_break_begins_a_new_week() -> None:
    world = watched(shadow=True)
    await begin_shadow(world.desk)
    await pass_time(world, 4 * DAY)
    shadow, open_mode = world.desk, replace(world.desk, rules=replace(world.desk.rules, shadow=False))
    world.desk = open_mode
    await pass_time(world, 3 * DAY)
    world.desk = shadow
    await begin_shadow(world.desk)

    await pass_time(world, 6 * DAY)
    assert world.reports.shadows == []
    await pass_time(world, 2 * DAY)
    assert len(world.reports.shadows) == 1
