"""What is read when: nothing is missed but what Entra publishes later than anybody looks."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.alerts import PollState
from bot.domain.polling import (
    AHEAD,
    FIRST_SPAN,
    IDLE,
    LONG_EVERY,
    LONG_SPAN,
    LOOK_BACK,
    OVERLAP,
    SHORT_EVERY,
    SHORT_SPAN,
    SLICE,
    SMALLEST_SLICE,
    Purpose,
    Read,
    Successes,
    Window,
    after,
    after_pass,
    begin,
    begin_pass,
    plan,
    unread,
)
from tests.fakes import NOON

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ENDED = Read(True)
FAILED = Read(False)


def polled(at: datetime = NOON, **changes: object) -> PollState:
    """The state after a complete poll that saw a row of the same minute."""
    made = PollState(at, short_sweep_at=at, long_sweep_at=at, polled_at=at)
    return replace(made, **changes)  # type: ignore[arg-type]


def purposes(windows: tuple[Window, ...]) -> list[Purpose]:
    return [window.purpose for window in windows]


def read_all(state: PollState, now: datetime) -> PollState:
    for window in plan(state, now):
        state = after(state, window, Read(True, window.until, window.since), now)
    return state


# --- single steps -----------------------------------------------------------------------------------------


def test_the_first_poll_reads_little_history() -> None:
    (newest,) = plan(begin(NOON), NOON)

    assert newest == Window(Purpose.NEWEST, NOON - FIRST_SPAN, NOON + AHEAD)


def test_every_poll_reads_the_last_minutes_again() -> None:
    (newest,) = plan(polled(), NOON + MINUTE)

    assert newest.since == NOON - OVERLAP


def test_the_watermark_is_the_newest_row_seen() -> None:
    state, now = polled(), NOON + 2 * MINUTE
    (newest,) = plan(state, now)

    seen = after(state, newest, Read(True, newest=NOON + MINUTE, oldest=NOON), now)
    ahead_of_us = after(state, newest, Read(True, newest=now + MINUTE, oldest=NOON), now)

    assert (seen.watermark, seen.polled_at, seen.gaps) == (NOON + MINUTE, now, ())
    assert ahead_of_us.watermark == now


def test_where_nothing_fails_the_watermark_follows_at_a_distance() -> None:
    state = polled()
    for minute in range(1, 200):
        now = NOON + minute * MINUTE
        assert now - plan(state, now)[0].since <= timedelta(minutes=41)
        state = read_all(state, now) if minute % 15 == 0 else after(state, plan(state, now)[0], ENDED, now)
        assert state.gaps == ()


def test_sweeps_come_in_their_time_and_overlap_nothing() -> None:
    now = NOON + SHORT_EVERY
    newest, sweep = plan(polled(now - MINUTE, short_sweep_at=NOON, long_sweep_at=NOON), now)
    assert sweep == Window(Purpose.SHORT_SWEEP, now - SHORT_SPAN, newest.since)

    later = NOON + LONG_EVERY
    windows = plan(polled(later - MINUTE, short_sweep_at=NOON, long_sweep_at=NOON), later)
    assert purposes(windows) == [Purpose.NEWEST, Purpose.SHORT_SWEEP, Purpose.LONG_SWEEP]
    assert windows[2] == Window(Purpose.LONG_SWEEP, later - LONG_SPAN, windows[1].since)


def test_a_sweep_is_due_again_only_when_it_was_read() -> None:
    now = NOON + SHORT_EVERY
    state = polled(now - MINUTE, short_sweep_at=NOON, long_sweep_at=NOON)
    _, sweep = plan(state, now)

    assert after(state, sweep, FAILED, now) == state
    assert after(state, sweep, ENDED, now).short_sweep_at == now


def test_after_an_outage_the_newest_goes_first_and_the_rest_in_pieces() -> None:
    now = NOON + 5 * HOUR
    state = polled(short_sweep_at=now, long_sweep_at=now)

    windows = plan(state, now)

    assert windows[0] == Window(Purpose.NEWEST, now - OVERLAP, now + AHEAD)
    assert set(purposes(windows[1:])) == {Purpose.GAP}
    assert windows[1].until == now - OVERLAP
    assert windows[-1].since == NOON - OVERLAP
    assert all(one.since == other.until for one, other in pairwise(windows))
    assert all(window.until - window.since <= SLICE for window in windows[1:])


def test_a_restart_in_the_middle_of_making_up_goes_on() -> None:
    now = NOON + 5 * HOUR
    state = polled(short_sweep_at=now, long_sweep_at=now)
    first, *pieces = plan(state, now)
    state = after(state, first, ENDED, now)
    assert state.gaps == tuple(piece.span for piece in pieces)
    for piece in pieces[:4]:
        state = after(state, piece, ENDED, now)

    resumed = plan(state, now + MINUTE)

    assert [window.span for window in resumed[1:]] == [piece.span for piece in pieces[4:]]


def test_an_outage_in_which_even_the_newest_cannot_be_read_changes_nothing() -> None:
    state = polled()
    for minute in range(1, 600):
        now = NOON + minute * MINUTE
        assert after(state, plan(state, now)[0], FAILED, now) == state


def test_older_than_the_long_sweep_is_given_up() -> None:
    now = NOON + timedelta(days=5)

    windows = plan(polled(), now)

    assert min(window.since for window in windows) == now - LONG_SPAN
    assert read_all(polled(), now).gaps == ()


def test_what_was_not_reached_becomes_a_gap() -> None:
    state, now = polled(), NOON + MINUTE
    (newest,) = plan(state, now)
    reached = NOON - 4 * MINUTE

    cut = after(state, newest, Read(False, newest=now, oldest=reached), now)

    assert cut.gaps == ((NOON - OVERLAP, reached + timedelta(seconds=1)),)
    assert cut.watermark == cut.polled_at == now
    assert purposes(plan(cut, now + MINUTE)) == [Purpose.NEWEST, Purpose.GAP]
    assert unread(cut) == 6 * MINUTE + timedelta(seconds=1)
    assert read_all(cut, now + MINUTE).gaps == ()


def test_a_sweep_that_takes_too_long_is_halved_down_to_small_pieces() -> None:
    now = NOON + LONG_EVERY
    state = polled(now - MINUTE, short_sweep_at=now, long_sweep_at=NOON)
    too_much = Read(False, too_much=True)
    _, sweep = plan(state, now)

    state = after(state, sweep, too_much, now)
    assert state.long_sweep_at == now
    assert unread(state) == sweep.until - sweep.since
    assert len(state.gaps) == 2
    for _ in range(200):
        state = after(state, Window(Purpose.GAP, *state.gaps[0]), too_much, now)

    newest = state.gaps[0]
    assert SMALLEST_SLICE <= newest[1] - newest[0] < 2 * SMALLEST_SLICE
    assert unread(state) == sweep.until - sweep.since


# --- properties -------------------------------------------------------------------------------------------


@dataclass
class Coverage:
    """Which seconds after `start` were read while they were over; a row is visible at once."""

    start: datetime
    read: list[tuple[datetime, datetime]] = field(default_factory=list)

    def note(self, window: Window, since: datetime, now: datetime) -> None:
        self.read.append((since, min(window.until, now)))

    def hole(self, until: datetime) -> datetime | None:
        """The first moment that nobody read."""
        reached = self.start
        for since, end in sorted(self.read):
            if since > reached:
                break
            reached = max(reached, end)
        return None if reached >= until else reached


STEPS = st.lists(
    st.tuples(
        st.sampled_from([20, 60, 61, 300, 900, 4000, 30_000]),  # seconds until the next poll
        st.integers(0, 6),  # windows read to their end before one fails
        st.sampled_from(["ends", "fails", "too much", "half way"]),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_every_moment_is_read_or_known_to_be_missing(steps: list[tuple[int, int, str]]) -> None:
    now = NOON
    state = begin(now)
    coverage = Coverage(NOON - FIRST_SPAN)
    for seconds, good, ending in steps:
        for number, window in enumerate(plan(state, now)):
            read = _how_far(window, "ends" if number < good else ending)
            if read.ended:
                coverage.note(window, window.since, now)
            elif read.oldest is not None:
                coverage.note(window, read.oldest + timedelta(seconds=1), now)
            state = after(state, window, read, now)
            _is_orderly(state)
            if not read.ended:
                break
        now += timedelta(seconds=seconds)
    for _ in range(2):
        for window in plan(state, now):
            coverage.note(window, window.since, now)
            state = after(state, window, Read(True, window.until, window.since), now)
        now += MINUTE

    coverage.start = max(coverage.start, now - LONG_SPAN)
    assert coverage.hole(now - MINUTE) is None
    assert state.gaps == ()


def _how_far(window: Window, ending: str) -> Read:
    middle = window.since + (window.until - window.since) / 2
    if ending == "half way":
        return Read(False, newest=window.until - timedelta(seconds=1), oldest=middle)
    return Read(ending == "ends", too_much=ending == "too much")


def _is_orderly(state: PollState) -> None:
    """Gaps are disjoint, newest first, not empty, and few."""
    assert all(since < until for since, until in state.gaps)
    assert all(one[0] >= other[1] for one, other in pairwise(state.gaps))
    assert len(state.gaps) < 400


# --- how late Entra is ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LateRows:
    """Rows by the second of their creation, and when each becomes visible: seconds from the start."""

    created: list[float]
    visible: list[float]

    def in_window(self, since: float, until: float, now: float) -> Iterator[int]:
        for row in range(bisect_left(self.created, since), bisect_left(self.created, until)):
            if self.visible[row] <= now:
                yield row


def published_lag(chance: random.Random) -> float:
    """95 % within 2 minutes, 99 % within 5; 0.9 % take up to 2 hours and 0.1 % up to a day."""
    drawn = chance.random()
    for share, shortest, longest in ((0.95, 15, 120), (0.99, 120, 300), (0.999, 300, 7200)):
        if drawn < share:
            return chance.uniform(shortest, longest)
    return chance.uniform(7200, 86400)


def late_rows(count: int, seconds: float) -> LateRows:
    chance = random.Random(5)
    created = sorted(chance.uniform(0, seconds) for _ in range(count))
    return LateRows(created, [at + published_lag(chance) for at in created])


def found_by_plan(rows: LateRows, end: float, every: float) -> dict[int, float]:
    found: dict[int, float] = {}
    state, now = begin(NOON), 0.0
    while now < end:
        moment = NOON + timedelta(seconds=now)
        for window in plan(state, moment):
            since, until = ((at - NOON).total_seconds() for at in window.span)
            seen = list(rows.in_window(since, until, now))
            for row in seen:
                found.setdefault(row, now)
            newest = NOON + timedelta(seconds=rows.created[seen[-1]]) if seen else None
            state = after(state, window, Read(True, newest), moment)
        now += every
    return found


def found_by_newest_row(rows: LateRows, end: float, every: float) -> dict[int, float]:
    """What many pollers do: ask for rows after the newest one seen."""
    found: dict[int, float] = {}
    newest = now = 0.0
    while now < end:
        for row in rows.in_window(newest, now, now):
            found.setdefault(row, now)
            newest = max(newest, rows.created[row])
        now += every
    return found


def test_late_rows_are_found_where_the_usual_way_misses_most() -> None:
    days = 4.0
    rows = late_rows(100_000, days * 86400)
    end = (days + 1.5) * 86400

    ours, naive = found_by_plan(rows, end, 60), found_by_newest_row(rows, end, 60)

    missed, missed_naive = (1 - len(found) / len(rows.created) for found in (ours, naive))
    waited = sorted(at - rows.created[row] for row, at in ours.items())
    assert missed <= 0.0002
    assert missed_naive > 0.3
    assert waited[len(waited) // 2] < 130
    assert waited[int(len(waited) * 0.95)] < 200
    assert waited[int(len(waited) * 0.99)] < 400


# --- everybody's successes, in passes ---------------------------------------------------------------------


def test_the_first_pass_begins_with_the_oldest_failure() -> None:
    began = begin_pass(Successes(), [NOON - HOUR, NOON - MINUTE], NOON - HOUR, NOON)

    assert began.left == ((NOON - HOUR, NOON + AHEAD),)


def test_a_pass_begins_some_minutes_before_what_the_last_one_saw() -> None:
    read = Successes(mark=NOON - MINUTE)

    assert begin_pass(read, [], NOON - HOUR, NOON).left == ((NOON - MINUTE - OVERLAP, NOON + AHEAD),)
    assert begin_pass(read, [NOON - HOUR], NOON - HOUR, NOON).left == ((NOON - HOUR, NOON + AHEAD),)
    assert begin_pass(read, [], NOON - MINUTE, NOON).left == ((NOON - MINUTE, NOON + AHEAD),)
    assert begin_pass(read, [], NOON + HOUR, NOON).left == ()
    old = NOON - 2 * LOOK_BACK
    assert begin_pass(read, [old], old, NOON).left == ((NOON - LOOK_BACK, NOON + AHEAD),)


def test_the_mark_moves_when_a_pass_is_over_to_what_it_saw() -> None:
    began = begin_pass(Successes(), [NOON - HOUR], NOON - HOUR, NOON)

    halfway = after_pass(began, Read(False, NOON - MINUTE, NOON - 20 * MINUTE))
    over = after_pass(halfway, Read(True, NOON - 30 * MINUTE, NOON - HOUR))

    assert halfway.mark is None
    assert [since for since, _ in halfway.left] == [NOON - HOUR]
    assert (over.mark, over.left) == (NOON - MINUTE, ())
    assert after_pass(began, ENDED).mark == NOON - IDLE
    assert after_pass(began, Read(True, NOON + MINUTE, NOON)).mark == NOON


def test_a_span_that_gave_nothing_is_kept_and_halved_when_it_was_too_much() -> None:
    began = begin_pass(Successes(), [NOON - HOUR], NOON - HOUR, NOON)
    tiny = replace(began, left=((NOON - SMALLEST_SLICE, NOON),))

    assert after_pass(began, FAILED) == began
    assert after_pass(tiny, Read(False, too_much=True)) == tiny
    newer, older = after_pass(began, Read(False, too_much=True)).left
    assert (older[0], newer[1]) == began.left[0]
    assert older[1] == newer[0]


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(st.integers(0, 3600), st.integers(0, 540)), max_size=60),
    st.lists(st.integers(1, 12), min_size=1, max_size=30),
)
def test_every_success_that_becomes_visible_within_the_overlap_is_read(
    log: list[tuple[int, int]], reads: list[int]
) -> None:
    """Whatever a poll manages, a row visible within nine minutes of its time is read at last."""
    rows = [(NOON + timedelta(seconds=at), NOON + timedelta(seconds=at + late)) for at, late in log]
    state, found = Successes(), set[int]()
    for poll in range(180):
        now = NOON + poll * MINUTE
        if not state.left:
            state = begin_pass(state, [] if state.mark else [NOON], NOON, now)
        since, until = state.left[0]
        seen = [n for n, (at, visible) in enumerate(rows) if since <= at < until and visible <= now]
        seen.sort(key=lambda n: rows[n][0], reverse=True)
        most = len(rows) if poll > 120 else reads[poll % len(reads)]
        taken = [n for n in seen if rows[n][0] >= rows[seen[most - 1]][0]] if most <= len(seen) else seen
        found.update(taken)
        times = [rows[n][0] for n in taken]
        newest, oldest = max(times, default=None), min(times, default=None)
        state = after_pass(state, Read(len(taken) == len(seen), newest, oldest))

    assert found == set(range(len(rows)))
