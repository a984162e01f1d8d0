"""Which parts of the sign-in log to read next, and what is known of it after a read.

A row keeps the time of its sign-in but becomes visible later: most within minutes, a few within a day.
https://learn.microsoft.com/entra/identity/monitoring-health/reference-log-latency
So every poll reads ten minutes that it has read before, every quarter of an hour the last two hours are
read anew, and every six hours the last 26. Whoever stores what comes must know a row by its id.

Nothing is given up silently: a time that was not read to its end stays in `PollState.gaps`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from bot.domain.alerts import PollState

OVERLAP = timedelta(minutes=10)
IDLE = timedelta(minutes=30)
"""The watermark trails at most this far where nothing fails: reading so much of nothing costs one call."""

SHORT_EVERY, SHORT_SPAN = timedelta(minutes=15), timedelta(hours=2)
LONG_EVERY, LONG_SPAN = timedelta(hours=6), timedelta(hours=26)
SLICE = timedelta(minutes=30)
"""What was missed is made up for in pieces of this size, the newest first."""

SMALLEST_SLICE = timedelta(minutes=5)
FIRST_SPAN = timedelta(minutes=30)
"""Where a tenant's first poll begins."""

LOOK_BACK = timedelta(hours=5)
"""How far back successes are read for everybody: an alert counts for four hours, and begins a little late."""

AHEAD = timedelta(minutes=5)
"""Entra's clock may be this far before ours."""

SAME_SECOND = timedelta(seconds=1)

Span: TypeAlias = tuple[datetime, datetime]
"""Times from the first up to, not including, the second."""


class Purpose(StrEnum):
    """Why a part of the log is read."""

    NEWEST = "newest"
    SHORT_SWEEP = "short sweep"
    LONG_SWEEP = "long sweep"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Window:
    """Sign-ins created in [since, until), to be read newest first."""

    purpose: Purpose
    since: datetime
    until: datetime

    @property
    def span(self) -> Span:
        """Both ends."""
        return (self.since, self.until)


@dataclass(frozen=True, slots=True)
class Read:
    """How far the reading of a window came. `newest` and `oldest`: the rows that were seen."""

    ended: bool
    newest: datetime | None = None
    oldest: datetime | None = None
    too_much: bool = False  # the service did not answer in time: ask for less


def begin(now: datetime) -> PollState:
    """Return the state before a tenant's first poll: little history, and no sweep due at once."""
    return PollState(now - FIRST_SPAN + OVERLAP, short_sweep_at=now, long_sweep_at=now)


def plan(state: PollState, now: datetime) -> tuple[Window, ...]:
    """Return what to read now, in this order; no two windows overlap."""
    newest = Window(Purpose.NEWEST, _newest_since(state, now), now + AHEAD)
    windows = [newest]
    for purpose, span, due in (
        (Purpose.SHORT_SWEEP, SHORT_SPAN, now - state.short_sweep_at >= SHORT_EVERY),
        (Purpose.LONG_SWEEP, LONG_SPAN, now - state.long_sweep_at >= LONG_EVERY),
    ):
        if due and now - span < windows[-1].since:
            windows.append(Window(purpose, now - span, windows[-1].since))
    gaps = _gaps_with_hole(state, newest, now)
    for window in windows:
        gaps = _minus(gaps, window.span)
    return (*windows, *(Window(Purpose.GAP, *span) for span in _tidied(gaps)))


def after(state: PollState, window: Window, read: Read, now: datetime) -> PollState:
    """Return the state once `window`, planned at `now`, was read as far as `read` says."""
    done_since = window.since if read.ended else _reached(window, read)
    if done_since == window.until and not read.ended:
        return _after_nothing(state, window, read, now)
    gaps = _gaps_with_hole(state, window, now) if window.purpose is Purpose.NEWEST else list(state.gaps)
    gaps = _with(_minus(gaps, (done_since, window.until)), (window.since, done_since))
    return _noted(replace(state, gaps=_tidied(gaps)), window.purpose, read, now)


def unread(state: PollState) -> timedelta:
    """Return how much time is still to be made up for."""
    return sum((until - since for since, until in state.gaps), timedelta(0))


@dataclass(frozen=True, slots=True)
class Successes:
    """How far everybody's successes are read: in passes, each of which is ended before the next one begins.

    A pass is read from its newest end and may take several polls. To begin a next one before would be to
    read the same overlap over and over where successes are many, and never what lies before it.
    """

    mark: datetime | None = None  # the newest that an ended pass saw
    begun: datetime | None = None
    seen: datetime | None = None  # the newest that this pass saw
    left: tuple[Span, ...] = ()  # what this pass has still to read, newest first


def begin_pass(state: Successes, newcomers: Iterable[datetime], oldest: datetime, now: datetime) -> Successes:
    """Return the state with a new pass, from the first failure of people whom no pass looked for yet.

    `oldest`: the first failure of all who are blocked; nothing before it is of any use.
    """
    starts = [*newcomers] if state.mark is None else [*newcomers, state.mark - OVERLAP]
    since = max(min(starts, default=oldest), oldest, now - LOOK_BACK)
    until = now + AHEAD
    return replace(state, begun=now, seen=None, left=((since, until),) if since < until else ())


def after_pass(state: Successes, read: Read) -> Successes:
    """Return the state once the first span of what is left was read as far as `read` says."""
    span, *others = state.left
    window = Window(Purpose.GAP, *span)
    seen = max((at for at in (state.seen, read.newest) if at is not None), default=None)
    since = window.since if read.ended else _reached(window, read)
    rest = [(window.since, since)] if window.since < since else []
    if since == window.until and read.too_much and window.until - window.since >= 2 * SMALLEST_SLICE:
        middle = window.since + (window.until - window.since) / 2
        rest = [(middle, window.until), (window.since, middle)]
    return _ended(replace(state, seen=seen, left=(*rest, *others)))


def _ended(state: Successes) -> Successes:
    """Let the mark follow a pass that is over: to the newest that was seen, and with what is idle."""
    if state.left or state.begun is None:
        return state
    seen = min(state.seen, state.begun) if state.seen is not None else None
    marks = [at for at in (state.mark, seen, state.begun - IDLE) if at is not None]
    return replace(state, mark=max(marks))


def _newest_since(state: PollState, now: datetime) -> datetime:
    """After an outage the newest minutes go first; what lies between becomes gaps."""
    if state.polled_at is not None and now - state.polled_at > OVERLAP:
        return now - OVERLAP
    return min(state.watermark, now) - OVERLAP


def _gaps_with_hole(state: PollState, newest: Window, now: datetime) -> list[Span]:
    """Return the gaps with what nobody read between the watermark and the newest window.

    Older than the long sweep reaches is too old for an alert, and ids are not remembered as long.
    """
    oldest = now - LONG_SPAN
    gaps = [(max(since, oldest), until) for since, until in state.gaps if until > oldest]
    start, end = max(state.watermark - OVERLAP, oldest), newest.since
    while start < end:
        cut = max(start, end - SLICE)
        gaps = _with(gaps, (cut, end))
        end = cut
    return gaps


def _reached(window: Window, read: Read) -> datetime:
    """Return from where on a window was read; rows of one second may stand on two pages."""
    if read.oldest is None:
        return window.until
    return min(max(read.oldest + SAME_SECOND, window.since), window.until)


def _after_nothing(state: PollState, window: Window, read: Read, now: datetime) -> PollState:
    """Nothing came. What is too much at once is halved, a sweep as well: then it is made up for in gaps."""
    if not read.too_much or window.purpose is Purpose.NEWEST:
        return state
    if window.until - window.since < 2 * SMALLEST_SLICE:
        return state
    middle = window.since + (window.until - window.since) / 2
    gaps = _minus(state.gaps, window.span)
    gaps += [(middle, window.until), (window.since, middle)]
    return _swept(replace(state, gaps=tuple(sorted(gaps, reverse=True))), window.purpose, now)


def _noted(state: PollState, purpose: Purpose, read: Read, now: datetime) -> PollState:
    if purpose is not Purpose.NEWEST:
        return _swept(state, purpose, now)
    seen = min(read.newest, now) if read.newest is not None else state.watermark
    return replace(state, watermark=max(state.watermark, seen, now - IDLE), polled_at=now)


def _swept(state: PollState, purpose: Purpose, at: datetime) -> PollState:
    if purpose is Purpose.SHORT_SWEEP:
        return replace(state, short_sweep_at=at)
    return replace(state, long_sweep_at=at) if purpose is Purpose.LONG_SWEEP else state


def _minus(spans: Iterable[Span], cut: Span) -> list[Span]:
    """Return the spans without what `cut` covers."""
    first, last = cut
    pieces = [
        piece for since, until in spans for piece in ((since, min(until, first)), (max(since, last), until))
    ]
    return [(since, until) for since, until in pieces if since < until]


def _with(spans: Sequence[Span], new: Span) -> list[Span]:
    """Return the spans and what of `new` they do not cover."""
    pieces = [new] if new[0] < new[1] else []
    for span in spans:
        pieces = _minus(pieces, span)
    return [*spans, *pieces]


def _tidied(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return disjoint spans newest first; touching crumbs are joined up to the size of a slice."""
    tidy: list[Span] = []
    for since, until in sorted(spans, reverse=True):
        if tidy and until == tidy[-1][0] and tidy[-1][1] - since <= SLICE:
            tidy[-1] = (since, tidy[-1][1])
        else:
            tidy.append((since, until))
    return tuple(tidy)
