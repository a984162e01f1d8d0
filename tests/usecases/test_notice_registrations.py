"""Who has registered of those who are blocked: asked by name while they are few, read for everybody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from bot.domain.alerts import Member
from bot.domain.polling import LOOK_BACK, OVERLAP
from bot.errors import GraphMalformed, GraphThrottled, GraphUnreachable
from bot.usecases.notice_registrations import AT_ONCE, FEW, MOST_CALLS, MOST_PAGES, PASS_EVERY
from tests.alert_fakes import a_group
from tests.fakes import an_object_id
from tests.usecases.test_poll_sign_ins import Watch

REFUSED = GraphMalformed("the sign-in log", status=400, code="BadRequest", message="Invalid filter clause")
SHORT = GraphThrottled("the sign-in log", code="own budget", retry_after=4)
DEAF = GraphUnreachable("the sign-in log", timed_out=True)
STAY = range(500_000, 500_000 + FEW + 1)
"""These never register: as long as they are blocked there is a crowd."""

FAR = 1_000_000
"""Numbers of people from here on are nobody's who is blocked."""


class Trouble(Watch):
    """People are blocked, until a registration of theirs is handed on: the grouping in a nutshell."""

    def __init__(self, **rules: Any) -> None:
        super().__init__(**rules)
        self.desk.alerts.groups.groups["g"] = replace(a_group(), id="g")

    def blocks(self, *numbers: int, minutes_ago: float = 0) -> None:
        at = self.clock() - timedelta(minutes=minutes_ago)
        members = self.desk.alerts.groups.members.setdefault("g", {})
        members.update({an_object_id(n): Member(an_object_id(n), at) for n in numbers})

    def registers(self, *numbers: int, seconds_ago: float = 0, visible_in: float = 0) -> None:
        for number in numbers:
            row_id = f"ok-{number}-{len(self.feed.rows)}"
            self.fail(seconds_ago / 60, number, visible_in, id=row_id, error_code=0)

    async def turn(self, after: float = 60) -> tuple[int, int]:
        """Poll, let what was found have its effect, and return the pages and the questions it cost."""
        pages, questions = self.feed.success_pages, self.feed.calls.count("registrations")
        assert await self.poll(after) is None
        members = self.desk.alerts.groups.members["g"]
        for _, sighting in self.desk.alerts.intake.queue:
            assert sighting.user_id in members, "somebody who is not blocked was handed on"
            if sighting.registered:
                members[sighting.user_id] = replace(members[sighting.user_id], registered_at=sighting.at)
        return self.feed.success_pages - pages, self.feed.calls.count("registrations") - questions

    def blocked(self) -> int:
        return sum(one.registered_at is None for one in self.desk.alerts.groups.members["g"].values())


@pytest.fixture
def trouble() -> Trouble:
    return Trouble()


@pytest.fixture
def hasty() -> Trouble:
    """It polls every 5 seconds."""
    return Trouble(poll_every=timedelta(seconds=5))


async def test_as_many_as_three_polls_get_through_are_asked_about_by_name(trouble: Trouble) -> None:
    trouble.blocks(*range(1, FEW + 1))
    trouble.clock.advance(60)
    trouble.registers(*range(1, FEW + 1))

    costs = [await trouble.turn() for _ in range(3)]

    assert costs == [(0, MOST_CALLS)] * 3
    assert trouble.blocked() == 0
    assert trouble.feed.asked_successes == []


async def test_an_outage_is_over_within_a_poll_or_two(trouble: Trouble) -> None:
    trouble.blocks(*range(1, 5001), minutes_ago=11)
    for number in range(1, 5001):
        trouble.registers(number, seconds_ago=number * 0.12)

    costs = [await trouble.turn() for _ in range(3)]

    assert trouble.blocked() == 0
    assert costs == [(MOST_PAGES, 0), (1, 0), (0, 0)]


async def test_pages_are_bounded_and_the_next_poll_goes_on_where_this_one_stopped(trouble: Trouble) -> None:
    trouble.feed.page_size = 100
    trouble.blocks(*range(1, 501))
    trouble.clock.advance(60)
    for number in range(1, 501):  # of each five successes four are of people who were never blocked
        trouble.registers(number, *(FAR + 4 * number + nth for nth in range(4)))
        trouble.clock.advance(0.1)

    costs = [await trouble.turn() for _ in range(7)]

    assert trouble.blocked() == 0
    assert all(pages + asked <= MOST_PAGES for pages, asked in costs)
    assert 25 <= trouble.feed.success_pages <= 32  # a poll reads again what shares a second with its last row
    ends = [until for _, until in trouble.feed.asked_successes]
    assert all(later < sooner for sooner, later in pairwise(ends[:5]))


async def test_calls_that_are_left_ask_by_name(trouble: Trouble) -> None:
    """So that those whose registration becomes visible late are found while many are still blocked."""
    trouble.blocks(*range(1, FEW + 41))
    trouble.clock.advance(60)
    trouble.registers(*range(1, FEW + 41), visible_in=90)
    await trouble.turn()
    trouble.blocks(*range(10_000, 10_000 + FEW))  # who keep it a crowd

    for _ in range(110):
        await trouble.turn()
    found = await trouble.turn()

    assert found[1] == MOST_CALLS
    assert trouble.blocked() == FEW


async def test_a_row_that_becomes_visible_late_is_found_in_the_overlap(trouble: Trouble) -> None:
    trouble.blocks(*range(1, 201))
    trouble.clock.advance(60)
    trouble.registers(*range(1, 101))
    trouble.registers(*range(101, 201), visible_in=OVERLAP.total_seconds() / 60 - 3)

    await trouble.turn()
    assert trouble.blocked() <= 100
    trouble.feed.troubles["registrations"] = SHORT
    for _ in range(8):
        await trouble.turn()

    assert trouble.blocked() == 0


async def test_a_log_that_is_behind_as_a_whole_is_read_again(trouble: Trouble) -> None:
    """The mark is the newest row that was seen, as with failures, and not the time of the reading."""
    trouble.feed.troubles["registrations"] = SHORT
    trouble.blocks(*range(1, 201), minutes_ago=1)
    trouble.blocks(*STAY)
    trouble.registers(FAR)
    await trouble.turn()
    for number in range(1, 201):
        trouble.registers(number, visible_in=25)
        if number % 20 == 0:
            await trouble.turn()

    for _ in range(40):
        await trouble.turn()

    assert trouble.blocked() == len(STAY)


async def test_who_is_read_as_blocked_after_they_registered_is_found(trouble: Trouble) -> None:
    trouble.feed.troubles["registrations"] = SHORT
    trouble.blocks(*range(1, 101))
    trouble.registers(5000, seconds_ago=-60)
    trouble.registers(*range(FAR, FAR + 3), seconds_ago=-3600)
    for _ in range(60):
        await trouble.turn()

    trouble.blocks(5000, minutes_ago=60)  # failed an hour ago; the record came only now
    await trouble.turn()

    assert trouble.blocked() == 100


async def test_nobody_reads_further_back_than_an_alert_counts(trouble: Trouble) -> None:
    trouble.blocks(*range(1, 101), minutes_ago=60 * 20)

    await trouble.turn()

    ((since, _),) = trouble.feed.asked_successes
    assert trouble.clock() - since == LOOK_BACK


async def test_a_registration_before_the_failure_is_not_handed_on(trouble: Trouble) -> None:
    trouble.registers(*range(1, 101), seconds_ago=300)
    trouble.blocks(*range(1, 101))
    trouble.blocks(5000, minutes_ago=10)

    await trouble.turn()

    assert trouble.admitted == []


async def test_another_replica_begins_anew_and_nothing_counts_twice(trouble: Trouble) -> None:
    trouble.feed.page_size = 100
    trouble.blocks(*range(1, 1001))
    trouble.clock.advance(60)
    for number in range(1, 1001):
        trouble.registers(number, seconds_ago=number / 20)
    await trouble.turn()
    assert 0 < trouble.blocked() < 1000
    members = trouble.desk.alerts.groups.members["g"]
    for user in list(members):  # the grouping is behind: all of them are blocked, as far as the store knows
        members[user] = replace(members[user], registered_at=None)

    trouble.poller = trouble.replica("two", trouble.health)
    for _ in range(5):
        await trouble.turn(61)

    assert trouble.blocked() == 0
    assert len(trouble.admitted) == len(set(trouble.admitted)) == 1000


@pytest.mark.parametrize("error", [SHORT, DEAF])
async def test_what_was_read_before_an_error_stands(
    trouble: Trouble, error: GraphThrottled | GraphUnreachable
) -> None:
    trouble.feed.page_size, trouble.feed.pages_before_trouble = 50, 3
    trouble.blocks(*range(1, 201))
    trouble.clock.advance(60)
    for number in range(1, 201):
        trouble.registers(number, seconds_ago=number / 10)
    trouble.feed.troubles["successes"] = [error]

    said = await trouble.poll()

    assert said is (error if error is DEAF else None)
    assert len(trouble.admitted) == 150
    await trouble.turn()
    assert trouble.blocked() == 0
    assert trouble.feed.asked_successes[1][1] < trouble.feed.asked_successes[0][1]


async def test_what_is_too_much_at_once_is_asked_for_in_halves(trouble: Trouble) -> None:
    trouble.feed.troubles["successes"] = [DEAF, DEAF]
    trouble.blocks(*range(1, 201), minutes_ago=60)
    trouble.registers(*range(1, 201), seconds_ago=1800)

    for _ in range(2):
        assert await trouble.poll() is DEAF
    await trouble.turn()

    assert trouble.blocked() == 0
    widths = [until - since for since, until in trouble.feed.asked_successes]
    assert widths[0] == 2 * widths[1] == 4 * widths[2]


async def test_a_second_with_more_rows_than_a_poll_reads_does_not_stop_it(hasty: Trouble) -> None:
    hasty.feed.page_size = 10
    hasty.feed.troubles["registrations"] = SHORT
    hasty.blocks(*range(1, 101), minutes_ago=5)
    hasty.registers(*range(FAR, FAR + 120), seconds_ago=10)
    hasty.registers(*range(1, 101), seconds_ago=60)

    for _ in range(6):
        await hasty.turn(5)

    assert hasty.blocked() == 0


async def test_a_cloud_that_cannot_be_asked_by_name_is_read_for_few_as_well(trouble: Trouble) -> None:
    trouble.feed.troubles["registrations"] = REFUSED
    trouble.blocks(1, 2)
    trouble.clock.advance(60)
    trouble.registers(1)

    assert [await trouble.turn() for _ in range(2)] == [(0, 1), (1, 0)]

    assert trouble.blocked() == 1


async def test_another_refusal_is_told(trouble: Trouble) -> None:
    trouble.feed.troubles["registrations"] = GraphMalformed("the sign-in log", message="not JSON")
    trouble.blocks(1)

    assert isinstance(await trouble.poll(), GraphMalformed)


async def test_fast_polls_do_not_read_everybody_each_time(hasty: Trouble) -> None:
    hasty.blocks(*range(1, 101))
    hasty.registers(*range(FAR, FAR + 10))

    costs = [await hasty.turn(5) for _ in range(12)]

    assert sum(pages for pages, _ in costs) == 60 / PASS_EVERY.total_seconds()
    assert all(asked == MOST_CALLS for _, asked in costs)


async def test_pages_are_counted(trouble: Trouble) -> None:
    trouble.blocks(*range(1, AT_ONCE * 10 + 1))
    trouble.registers(FAR)
    before = trouble.health.pages

    await trouble.turn()

    assert trouble.health.pages - before == 1


async def test_whoever_registers_and_fails_again_is_found_again(trouble: Trouble) -> None:
    trouble.feed.troubles["registrations"] = SHORT
    trouble.blocks(*range(1, 101))
    trouble.clock.advance(60)
    trouble.registers(1)
    await trouble.turn()
    assert trouble.blocked() == 99
    trouble.desk.alerts.intake.queue.clear()

    trouble.blocks(1)
    trouble.clock.advance(60)
    trouble.registers(1)
    await trouble.turn()

    assert trouble.blocked() == 99
