"""How alerting stands: whether the log is read, what is live, what stayed quiet, and how much it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.alert_delivery import OUTAGES, fits
from bot.domain.alerts import (
    Acknowledgement,
    AlertGroup,
    DayCounts,
    MessageRef,
    PollState,
    Quiet,
    Quieted,
    Scope,
    Silence,
)
from bot.domain.people import User
from bot.domain.poll_health import PollHealth
from bot.domain.stream_health import StreamHealth
from bot.errors import BotError, GraphRefused

KEPT = timedelta(days=8)
"""How long closed groups, and what was decided about a person, are kept."""


# --- sources ------------------------------------------------------------------------------------------------


class Reading(StrEnum):
    """How a source of sign-ins does."""

    OFF = "off"
    STARTING = "starting"  # nothing was read yet
    GOOD = "good"
    UNSTEADY = "unsteady"  # the last try failed and is repeated: nothing is lost
    BEHIND = "behind"  # failures may go unnoticed
    REFUSED = "refused"  # Graph refuses: somebody has to act


@dataclass(frozen=True, slots=True)
class PollStanding:
    """How the polling of the sign-in log does, seen from this replica."""

    reading: Reading
    read_at: datetime | None = None  # the last complete poll, of any replica
    watermark: datetime | None = None  # the newest createdDateTime that was seen
    gaps: int = 0  # spans of time that are still to be read
    trouble: BotError | None = None


@dataclass(frozen=True, slots=True)
class StreamStanding:
    """How the stream of sign-ins does, seen from this replica."""

    reading: Reading
    backlog: int | None = None  # messages that wait; None: not known
    trouble: str = ""
    since: datetime | None = None  # since when there is trouble


NO_POLL = PollStanding(Reading.OFF)
NO_STREAM = StreamStanding(Reading.OFF)


def poll_standing(
    health: PollHealth | None, state: PollState | None, every: timedelta, now: datetime
) -> PollStanding:
    """Judge the polling by the shared state, and by what this replica met if it is the one that polls."""
    seen = PollHealth(every=every, since=health.since if health else None, state=state)
    seen.trouble = health.trouble if health is not None and health.is_leader else None
    if isinstance(seen.trouble, GraphRefused):
        reading = Reading.REFUSED
    elif state is None or state.polled_at is None:
        reading = Reading.BEHIND if seen.is_degraded(now) else Reading.STARTING
    elif seen.is_degraded(now):
        reading = Reading.BEHIND
    else:
        reading = Reading.UNSTEADY if seen.trouble else Reading.GOOD
    if state is None:
        return PollStanding(reading, trouble=seen.trouble)
    return PollStanding(reading, state.polled_at, state.watermark, len(state.gaps), seen.trouble)


def stream_standing(health: StreamHealth | None, now: datetime) -> StreamStanding:
    """Judge the stream by what this replica met."""
    if health is None or (not health.batches and not health.trouble):
        return StreamStanding(Reading.STARTING)
    if not health.trouble:
        return StreamStanding(Reading.GOOD, health.backlog)
    reading = Reading.BEHIND if health.is_degraded(now) else Reading.UNSTEADY
    return StreamStanding(reading, health.backlog, health.trouble, health.trouble_since)


# --- groups -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A group with what people see of it."""

    group: AlertGroup
    message: MessageRef | None = None
    acknowledged: Acknowledgement | None = None
    silence: Silence | None = None
    quiet: Quieted | None = None  # why it has no message, as last noted


def ranked(groups: Iterable[AlertGroup]) -> list[AlertGroup]:
    """Return groups in the order that somebody should look at them: outages, then the most blocked people."""
    return sorted(
        groups,
        key=lambda group: (group.scope not in OUTAGES, -group.still_blocked, -group.last_at.timestamp()),
    )


def is_about(group: AlertGroup, user_id: str) -> bool:
    """Tell whether a person is known to be in a group: it is theirs, or it names them."""
    if group.scope is Scope.PERSON and group.fingerprint.subject == user_id:
        return True
    return user_id in {group.newest.user_id, *(one.user_id for one in group.people)}


def silences_over(groups: Sequence[AlertGroup], user_id: str, standing: Iterable[Silence]) -> list[Silence]:
    """Return the silences that concern a person: those that name them, and those over their groups."""
    return [
        one
        for one in standing
        if one.matcher.user_id == user_id or any(fits(one.matcher, group) for group in groups)
    ]


# --- what stayed quiet --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QuietRow:
    """An event that did not become a message, and the group that spoke for it, where one did."""

    quieted: Quieted
    speaker: AlertGroup | None = None


def speaker_of(quieted: Quieted) -> str:
    """Return the id of the group that spoke for an event; empty when none did."""
    return quieted.detail if quieted.why in (Quiet.SAME_GROUP, Quiet.ABSORBED) else ""


def telling(quieted: Iterable[Quieted], most: int) -> list[Quieted]:
    """Return the newest events (given newest first), of those alike only one: a storm repeats itself."""
    found: dict[tuple[str, ...], Quieted] = {}
    for one in quieted:
        person = "" if one.why is Quiet.SAME_GROUP else one.user_id
        found.setdefault((one.why, one.detail, one.verdict, person), one)
    return list(found.values())[:most]


# --- figures ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figures:
    """What alerting did in some days. `quiet`: the most frequent reason first."""

    posted: int = 0
    edited: int = 0
    in_digest: int = 0
    shadowed: int = 0
    quiet: tuple[tuple[Quiet, int], ...] = ()


def figures_of(days: Iterable[Mapping[str, int]]) -> Figures:
    """Add up the counters of days, by the ledger's names."""
    total: Counter[str] = Counter()
    for day in days:
        total.update(day)
    quiet = [(why, total[f"quiet:{why}"]) for why in Quiet if total[f"quiet:{why}"] > 0]
    return Figures(
        posted=total["posted"],
        edited=total["edited"],
        in_digest=total["in_digest"],
        shadowed=total["shadowed"],
        quiet=tuple(sorted(quiet, key=lambda pair: -pair[1])),
    )


# --- everything together ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Overview:
    """Alerting at one moment. `live` holds the first of `live_count`; `failed` the last seven days."""

    at: datetime
    poll: PollStanding = NO_POLL
    stream: StreamStanding = NO_STREAM
    live: tuple[Row, ...] = ()
    live_count: int = 0
    last_failure: datetime | None = None  # the newest that is on record
    silences: tuple[Silence, ...] = ()
    today: Figures = Figures()
    week: Figures = Figures()
    quiet: tuple[QuietRow, ...] = ()
    failed: tuple[DayCounts, ...] = ()

    @property
    def reads(self) -> bool:
        """Whether any source is on."""
        return self.poll.reading is not Reading.OFF or self.stream.reading is not Reading.OFF


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a person's failures once: a message, or quiet for a reason."""

    at: datetime
    posted: Row | None = None
    quiet: QuietRow | None = None


@dataclass(frozen=True, slots=True)
class AboutPerson:
    """What alerting knows of one person. `user` is None when Entra could not be asked."""

    at: datetime
    asked: str
    user: User | None
    poll: PollStanding = NO_POLL
    stream: StreamStanding = NO_STREAM
    open: tuple[Row, ...] = ()
    decisions: tuple[Decision, ...] = ()
    silences: tuple[Silence, ...] = ()

    @property
    def name(self) -> str:
        """How to call them."""
        return self.user.display_name if self.user else self.asked


def decisions_of(rows: Iterable[Row], quiet: Iterable[QuietRow], most: int) -> tuple[Decision, ...]:
    """Return messages and silent events of one person together, the newest first."""
    found = [Decision(row.message.posted_at, posted=row) for row in rows if row.message is not None]
    found += [Decision(one.quieted.at, quiet=one) for one in quiet]
    return tuple(sorted(found, key=lambda decision: decision.at, reverse=True)[:most])


def with_reason(row: Row, quieted: Iterable[Quieted]) -> Row:
    """Return a row that says why its group has no message, when that was noted (newest first)."""
    if row.message is not None:
        return row
    # one that says "counted on this very group" explains nothing: the group only waits for its turn
    said = (one for one in quieted if one.group_id == row.group.id and one.why is not Quiet.SAME_GROUP)
    return replace(row, quiet=next(said, None))
