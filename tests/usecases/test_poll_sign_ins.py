"""The poller: one leader, nothing lost, nothing twice, and it steps back when calls are short."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from bot.domain.alerts import Member
from bot.domain.poll_health import PollHealth
from bot.domain.polling import FIRST_SPAN
from bot.domain.sign_ins import SignIn
from bot.errors import BotError, GraphRefused, GraphThrottled, GraphUnreachable, StoreUnavailable
from bot.usecases.poll_sign_ins import LEASE, LEASE_NAME, Poller, poll_sign_ins
from tests.alert_fakes import (
    FakeSignInFeed,
    FakeWatchingDesk,
    a_group,
    a_watching_desk,
    some_alerts,
    some_members,
)
from tests.fakes import (
    NOON,
    FakeClock,
    a_blocked_registration,
    an_object_id,
    some_rules,
)

THROTTLED = GraphThrottled("the sign-in log", code="own budget", retry_after=4)
DEAF = GraphUnreachable("the sign-in log", timed_out=True)
NO_LICENCE = GraphRefused("the sign-in log", 403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant")


class Watch:
    """A desk with a feed, and replicas that poll it when the test says so."""

    def __init__(self, **rules: Any) -> None:
        self.clock = FakeClock()
        self.feed = FakeSignInFeed(now=self.clock)
        alerts = some_alerts(clock=self.clock, feed=self.feed)
        self.desk: FakeWatchingDesk = a_watching_desk(
            clock=self.clock, alerts=alerts, rules=some_rules(alert_channel="C1", **rules)
        )
        self.health = PollHealth()
        self.poller = self.replica("one", self.health)

    def replica(self, name: str, health: PollHealth | None = None) -> Poller:
        alerts = self.desk.alerts
        return Poller(self.desk, alerts, self.feed, name, asyncio.Event(), health or PollHealth())

    def fail(self, minutes_ago: float, number: int = 1, visible_in: float = 0, **changes: Any) -> SignIn:
        """Somebody fails so many minutes before now; the row appears in so many minutes."""
        at = self.clock() - timedelta(minutes=minutes_ago)
        row_id = changes.pop("id", f"row-{len(self.feed.rows)}")
        row = a_blocked_registration(
            id=row_id, created_at=at, user_id=an_object_id(number), resource_id="aad", **changes
        )
        self.feed.rows.append(row)
        self.feed.visible_at[row.id] = self.clock() + timedelta(minutes=visible_in)
        return row

    async def poll(self, after: float = 60, poller: Poller | None = None) -> BotError | None:
        """Let so many seconds pass, and a replica have its turn; return what went wrong."""
        self.clock.advance(after)
        which = poller or self.poller
        (error,) = await asyncio.gather(which.turn(), return_exceptions=True)
        which.note(error)
        assert error is None or isinstance(error, BotError), error
        return error

    @property
    def admitted(self) -> list[str]:
        """Ids in the order of their admission."""
        return [sighting.id for _, sighting in self.desk.alerts.intake.queue]

    @property
    def state(self) -> Any:
        return self.desk.alerts.poll_marks.state


@pytest.fixture
def watch() -> Watch:
    return Watch()


# --- what is read -----------------------------------------------------------------------------------------


async def test_a_failure_is_admitted_once_however_often_it_is_read(watch: Watch) -> None:
    watch.fail(1)

    for _ in range(5):
        assert await watch.poll() is None

    assert watch.admitted == ["row-0"]
    assert watch.health.dedup_hits == 4
    assert watch.health.polls == 5
    assert watch.health.last_complete == watch.clock()


async def test_the_first_poll_leaves_history_alone(watch: Watch) -> None:
    watch.fail(FIRST_SPAN.total_seconds() / 60 + 5)
    watch.fail(10)

    await watch.poll(0)

    assert watch.admitted == ["row-1"]
    assert watch.feed.asked[0][0] == NOON - FIRST_SPAN


async def test_what_does_not_matter_is_not_admitted(watch: Watch) -> None:
    watch.fail(1, operating_system="Windows 11")
    watch.fail(1, error_code=50058)
    watch.fail(1, error_code=50140)

    await watch.poll()

    assert watch.admitted == []


async def test_a_row_that_appears_late_is_found_and_counted_as_late(watch: Watch) -> None:
    await watch.poll(0)
    watch.fail(0, visible_in=40)
    watch.fail(0, visible_in=5)

    for _ in range(60):
        await watch.poll()

    assert sorted(watch.admitted) == ["row-0", "row-1"]
    assert watch.health.late_events == 1
    assert sum(watch.health.lag_counts) == 2


async def test_an_outage_is_made_up_for_newest_first(watch: Watch) -> None:
    await watch.poll(0)
    for number in range(24):
        watch.fail(-10 * number, number + 1, visible_in=10 * number)

    await watch.poll(4 * 3600)

    assert watch.admitted == [f"row-{number}" for number in reversed(range(24))]
    assert watch.state.gaps == ()


async def test_a_restart_in_the_middle_of_making_up_goes_on(watch: Watch) -> None:
    await watch.poll(0)
    for number in range(24):
        watch.fail(-10 * number, number + 1, visible_in=10 * number)
    watch.clock.advance(4 * 3600)
    watch.feed.troubles["failures"] = [None, None, None, DEAF]
    assert await watch.poll(0) is DEAF
    left = watch.state.gaps
    assert left

    watch.feed.asked.clear()
    await watch.poll(70, watch.replica("two"))

    assert sorted(watch.admitted) == sorted(f"row-{number}" for number in range(24))
    assert watch.feed.asked[0][1] > watch.clock()  # the newest goes first, then what was left
    assert sum((until - since for since, until in watch.feed.asked[1:]), timedelta(0)) <= sum(
        (until - since for since, until in left), timedelta(0)
    )


async def test_much_to_make_up_for_does_not_keep_the_newest_waiting() -> None:
    watch = Watch()
    await watch.poll(0)
    watch.clock.advance(5 * 3600)
    watch.feed = SlowFeed(watch.feed, watch.clock, seconds=25)
    watch.poller.feed = watch.feed

    await watch.poll(0)
    assert watch.state.gaps
    watch.fail(0)
    await watch.poll(watch.poller.seconds_to_wait())

    assert watch.admitted == ["row-0"]


class SlowFeed(FakeSignInFeed):
    """Every window takes its time."""

    def __init__(self, feed: FakeSignInFeed, clock: FakeClock, seconds: float) -> None:
        super().__init__(now=clock, rows=feed.rows, visible_at=feed.visible_at)
        self._clock, self._seconds = clock, seconds

    async def failures(self, since: datetime, until: datetime) -> AsyncIterator[tuple[SignIn, ...]]:
        self._clock.advance(self._seconds)
        async for page in super().failures(since, until):
            yield page


# --- trouble ----------------------------------------------------------------------------------------------


async def test_a_throttled_poll_steps_back_and_loses_nothing(watch: Watch) -> None:
    await watch.poll(0)
    before = watch.state
    watch.fail(0)
    watch.feed.troubles["failures"] = [THROTTLED]

    assert await watch.poll() is THROTTLED
    assert watch.state == before
    assert not watch.health.is_degraded(watch.clock())

    assert await watch.poll() is None
    assert watch.admitted == ["row-0"]


async def test_what_was_read_before_the_calls_ran_out_stands(watch: Watch) -> None:
    await watch.poll(0)
    for number in range(30):
        watch.fail(-number / 10, number + 1)
    watch.feed.page_size, watch.feed.pages_before_trouble = 10, 2
    watch.feed.troubles["failures"] = [THROTTLED]

    await watch.poll(300)

    assert watch.admitted == [f"row-{number}" for number in range(29, 9, -1)]
    assert len(watch.state.gaps) == 1

    await watch.poll()
    assert sorted(watch.admitted) == sorted(f"row-{number}" for number in range(30))
    assert watch.state.gaps == ()


@pytest.mark.parametrize("hours", [0.5, 3, 20])
async def test_an_outage_of_graph_loses_nothing(watch: Watch, hours: float) -> None:
    await watch.poll(0)
    watch.feed.troubles["failures"] = DEAF
    for number in range(int(hours * 60)):
        watch.fail(0, number + 1)
        await watch.poll()

    watch.feed.troubles.clear()
    await watch.poll()

    assert len(watch.admitted) == len(set(watch.admitted)) == int(hours * 60)
    assert watch.state.gaps == ()


async def test_a_store_that_is_away_loses_nothing(watch: Watch) -> None:
    await watch.poll(0)
    watch.fail(0)
    watch.desk.alerts.intake.troubles["admit"] = [StoreUnavailable("away")]
    watch.desk.alerts.poll_marks.troubles["write"] = [None, StoreUnavailable("away")]

    assert isinstance(await watch.poll(), StoreUnavailable)
    assert await watch.poll() is None
    assert isinstance(await watch.poll(), StoreUnavailable)
    assert await watch.poll() is None

    assert watch.admitted == ["row-0"]


async def test_a_refusal_is_logged_once_and_shown_until_it_is_over(
    watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    watch.feed.troubles["failures"] = NO_LICENCE

    with caplog.at_level(logging.INFO):
        for _ in range(5):
            await watch.poll()
        assert watch.health.is_degraded(watch.clock())
        watch.feed.troubles["failures"] = DEAF
        await watch.poll()
        await watch.poll()
        watch.feed.troubles.clear()
        await watch.poll()
        await watch.poll()

    said = [record.getMessage() for record in caplog.records]
    assert ["NonPremium" in line for line in said] == [True, False, False]
    assert said[-1] == "sign-ins are polled again"
    assert not watch.health.is_degraded(watch.clock())


async def test_a_bug_ends_the_poll_and_not_the_bot(caplog: pytest.LogCaptureFixture) -> None:
    watch = Watch()
    watch.fail(1, operating_system=None)  # what no adapter makes
    stop = asyncio.Event()

    await run_for(watch, stop, polls=3)

    assert "polling sign-ins failed" in caplog.text


# --- one leader -------------------------------------------------------------------------------------------


async def test_only_one_replica_polls(watch: Watch) -> None:
    other = watch.replica("two")
    await watch.poll(0)
    await watch.poll(0, other)

    assert len(watch.feed.asked) == 1
    assert not other.health.is_leader
    assert other.health.watermark_age(watch.clock()) == timedelta(0)


async def test_a_leader_that_dies_is_followed(watch: Watch) -> None:
    other = watch.replica("two")
    await watch.poll(0)
    watch.fail(0)

    await watch.poll(LEASE.total_seconds() + 1, other)

    assert watch.admitted == ["row-0"]
    assert other.health.is_leader


async def test_a_leader_that_slept_writes_nothing(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    other = watch.replica("two")
    await watch.poll(0)
    watch.fail(0)
    watch.clock.advance(60)
    sleeper = Sleeper(watch.feed, lambda: watch.poll(LEASE.total_seconds() + 60, other))
    watch.poller.feed = sleeper

    with caplog.at_level(logging.INFO):
        await watch.poll(0)

    assert watch.state.polled_at == watch.clock()
    assert watch.admitted == ["row-0"]
    assert not watch.health.is_leader
    assert "another replica polls sign-ins now" in caplog.text


class Sleeper(FakeSignInFeed):
    """Something happens while the first page is on its way."""

    def __init__(self, feed: FakeSignInFeed, meanwhile: Callable[[], Any]) -> None:
        super().__init__(now=feed.now, rows=feed.rows, visible_at=feed.visible_at)
        self._meanwhile = meanwhile

    async def failures(self, since: datetime, until: datetime) -> AsyncIterator[tuple[SignIn, ...]]:
        async for page in super().failures(since, until):
            await self._meanwhile()
            yield page


async def test_the_loop_polls_in_time_renews_and_leaves(watch: Watch) -> None:
    stop = asyncio.Event()

    await run_for(watch, stop, polls=4)

    assert LEASE_NAME not in watch.desk.alerts.leases.held
    assert watch.desk.alerts.leases.calls.count("hold") > len(watch.feed.asked)
    newest = [until for _, until in watch.feed.asked if until > NOON]
    gaps = {(later - earlier).total_seconds() for earlier, later in pairwise(newest)}
    assert gaps == {60.0}


async def run_for(watch: Watch, stop: asyncio.Event, polls: int) -> None:
    """Run the loop until so much time has passed by its own pauses."""
    end = watch.clock() + timedelta(seconds=60 * polls)

    async def pause(seconds: float) -> None:
        if watch.clock() >= end:
            stop.set()
        await watch.clock.pause(seconds)

    await asyncio.wait_for(poll_sign_ins(replace(watch.desk, pause=pause), "one", stop, watch.health), 10)


async def test_a_store_that_is_away_is_not_asked_without_end(watch: Watch) -> None:
    leases = watch.desk.alerts.leases
    leases.troubles["hold"] = [None] * 9 + [StoreUnavailable("away")] * 1000

    await run_for(watch, asyncio.Event(), polls=10)

    assert 20 < leases.calls.count("hold") < 60


@pytest.mark.parametrize("off", ["no alerts", "no feed", "no interval"])
async def test_polling_that_is_off_does_nothing(off: str) -> None:
    watch = Watch(**({"poll_every": timedelta(0)} if off == "no interval" else {}))
    desk: Any = watch.desk
    if off != "no interval":
        desk = replace(desk, alerts=None if off == "no alerts" else replace(desk.alerts, feed=None))

    await asyncio.wait_for(poll_sign_ins(desk, "one", asyncio.Event()), 1)

    assert watch.feed.asked == []


# --- registrations ----------------------------------------------------------------------------------------


def blocked(watch: Watch, people: int, group_id: str = "g") -> None:
    groups = watch.desk.alerts.groups
    groups.groups[group_id] = replace(a_group(), id=group_id, count=people)
    groups.members[group_id] = {member.user_id: member for member in some_members(people)}


def registered(watch: Watch, number: int, minutes_ago: float = 0) -> None:
    watch.fail(minutes_ago, number, id=f"ok-{number}-{minutes_ago}", error_code=0)


async def test_a_blocked_person_who_registers_is_noticed(watch: Watch) -> None:
    blocked(watch, 1)
    await watch.poll()
    registered(watch, 1)

    await watch.poll()

    (_, sighting) = watch.desk.alerts.intake.queue[0]
    assert (sighting.user_id, sighting.registered) == (an_object_id(1), True)


async def test_a_success_before_the_failure_is_not_the_fix(watch: Watch) -> None:
    blocked(watch, 1)
    registered(watch, 1, minutes_ago=5)

    await watch.poll()

    assert watch.admitted == []


async def test_nobody_blocked_is_no_call(watch: Watch) -> None:
    blocked(watch, 1)
    member = watch.desk.alerts.groups.members["g"][an_object_id(1)]
    watch.desk.alerts.groups.members["g"] = {an_object_id(1): replace(member, registered_at=NOON)}
    watch.desk.alerts.groups.members["other"] = {"": Member("", NOON)}

    await watch.poll()

    assert "registrations" not in watch.feed.calls


async def test_everybody_has_their_turn_with_two_calls_a_poll(watch: Watch) -> None:
    blocked(watch, 45)
    for number in range(1, 46):
        registered(watch, number)

    noticed = []
    for _ in range(3):
        calls = watch.feed.calls.count("registrations")
        await watch.poll(60)
        noticed.append(len(watch.admitted))
        assert watch.feed.calls.count("registrations") - calls <= 2

    assert noticed == [20, 40, 45]


async def test_without_calls_left_people_wait_for_their_turn(watch: Watch) -> None:
    blocked(watch, 15)
    for number in range(1, 16):
        registered(watch, number)
    watch.feed.troubles["registrations"] = [None, THROTTLED]

    assert await watch.poll() is None
    assert len(watch.admitted) == 10
    await watch.poll()

    assert len(watch.admitted) == 15


# --- how it goes ------------------------------------------------------------------------------------------


def test_health_says_when_nobody_polls() -> None:
    health = PollHealth(since=NOON)

    assert not health.is_degraded(NOON + timedelta(minutes=7))
    assert health.is_degraded(NOON + timedelta(minutes=9))
