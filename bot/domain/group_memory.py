"""What grouping remembers beside the groups that are open: bounded, and kept as short notes.

Rows come late and out of order, so a failure can be read after the registration that cured it, or after the
group that already told about it has ended. Both are known here, by person.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from bot.domain.alerts import Scope, Sighting
from bot.domain.membership import NAMES_NOBODY
from bot.domain.promotion import Key
from bot.domain.rules import RULES

T = TypeVar("T")

PAST = timedelta(hours=27)
"""As long as the id of a sign-in is remembered: an older row is not read again."""

A_WHILE = timedelta(hours=2)
MOST_PAST = 50_000
MOST_RECENT = 20_000
TRIES_KEPT = 8
REGISTRATIONS_KEPT = 8
DAYS_KEPT = 3
VERDICTS = tuple(sorted({rule.verdict for rule in RULES} - {NAMES_NOBODY}))
ANYWHERE = ""
"""Stands for a registration in the background, which makes up for every earlier failure."""


class Notes(Generic[T]):
    """Notes of one kind by name, each for a while; the oldest go first when there are too many.

    `write` and `read` turn a note into text and back.
    """

    def __init__(
        self, kind: str, lasting: timedelta, most: int, write: Callable[[T], str], read: Callable[[str], T]
    ) -> None:
        self._kind = kind
        self._lasting = lasting
        self._most = most
        self._write = write
        self._read = read
        self._notes: OrderedDict[str, tuple[datetime, T]] = OrderedDict()
        self._changed: dict[str, None] = {}

    def get(self, name: str) -> T | None:
        """Return a note."""
        found = self._notes.get(name)
        return found[1] if found else None

    def put(self, name: str, note: T, now: datetime) -> None:
        """Write a note, to be kept from now on."""
        self._notes[name] = (now + self._lasting, note)
        self._notes.move_to_end(name)
        self._changed[name] = None
        if len(self._notes) > self._most:
            self.drop(next(iter(self._notes)))

    def drop(self, name: str) -> None:
        """Forget a note."""
        if self._notes.pop(name, None) is not None:
            self._changed[name] = None

    def expire(self, now: datetime) -> None:
        """Forget what was kept long enough."""
        while self._notes:
            name, (until, _) = next(iter(self._notes.items()))
            if until > now:
                return
            self.drop(name)

    def changes(self) -> dict[str, str]:
        """Return the notes written since the last call, as text; empty for those forgotten."""
        texts = {}
        for name in self._changed:
            found = self._notes.get(name)
            text = f"{_moment(found[0])} {self._write(found[1])}" if found else ""
            texts[f"{self._kind}:{name}"] = text
        self._changed.clear()
        return texts

    def restore(self, stored: Mapping[str, str]) -> None:
        """Take up the notes of this kind, those that end first at the head."""
        start = f"{self._kind}:"
        found = []
        for name, text in stored.items():
            if name.startswith(start):
                until, _, note = text.partition(" ")
                found.append((_when(until), name[len(start) :], note))
        self._notes.update((name, (until, self._read(note))) for until, name, note in sorted(found))

    def __len__(self) -> int:
        return len(self._notes)


def _moment(at: datetime) -> str:
    """Seconds since 1970: short, and exact to the microsecond."""
    return f"{at.timestamp():.6f}"


def _when(text: str) -> datetime:
    return datetime.fromtimestamp(float(text), UTC)


@dataclass(frozen=True, slots=True)
class Past:
    """What was told about one person and cause before: the days counted, and the last group that is over."""

    days: tuple[str, ...] = ()
    over_at: datetime | None = None  # failures up to here are old news
    group_id: str = ""
    registered: bool = False  # it ended because they registered
    trouble: str = ""  # the error and app that they met in it

    def has_told_of(self, failure: Sighting) -> bool:
        """Whether a failure is old news."""
        return self.over_at is not None and failure.at <= self.over_at


NO_PAST = Past()


def trouble_of(error_code: int, app_id: str) -> str:
    """Return what failures of one trouble have in common, also where one does not name its cause."""
    return f"{error_code}/{''.join(app_id.split())}"


def _write_past(past: Past) -> str:
    over_at = _moment(past.over_at) if past.over_at else "-"
    words = (",".join(past.days), over_at, past.group_id or "-", str(int(past.registered)), past.trouble)
    return " ".join(words)


def _read_past(text: str) -> Past:
    days, over_at, group_id, registered, *trouble = text.split(" ")
    over = None if over_at == "-" else _when(over_at)
    told = tuple(days.split(",")) if days else ()
    return Past(told, over, group_id.strip("-"), registered == "1", "".join(trouble))


def _write_times(times: Mapping[str, datetime]) -> str:
    return json.dumps({name: _moment(at) for name, at in times.items()}, separators=(",", ":"))


def _read_times(text: str) -> dict[str, datetime]:
    return {name: _when(at) for name, at in json.loads(text).items()}


def _read_keys(text: str) -> frozenset[Key]:
    found = json.loads(text)
    return frozenset((Scope(scope), verdict, subject, code) for scope, verdict, subject, code in found)


class Memory:
    """Everything that is remembered, by person and cause."""

    def __init__(self, stored: Mapping[str, str]) -> None:
        self._past = Notes("past", PAST, MOST_PAST, _write_past, _read_past)
        self._registered = Notes("registered", A_WHILE, MOST_RECENT, _write_times, _read_times)
        self._tries = Notes("tries", A_WHILE, MOST_RECENT, _write_times, _read_times)
        self._covers = Notes("covers", PAST, MOST_PAST, lambda keys: json.dumps(sorted(keys)), _read_keys)
        for notes in (self._past, self._registered, self._tries, self._covers):
            notes.restore(stored)

    def changes(self) -> dict[str, str]:
        """Return what was written since the last call, by name; an empty text for what was forgotten."""
        return {
            **self._past.changes(),
            **self._registered.changes(),
            **self._tries.changes(),
            **self._covers.changes(),
        }

    def expire(self, now: datetime) -> None:
        """Forget what was kept long enough."""
        for notes in (self._past, self._registered, self._tries, self._covers):
            notes.expire(now)

    def past(self, who: str, verdict: str) -> Past:
        """Return what was told about a person and cause before."""
        return self._past.get(f"{verdict}:{who}") or NO_PAST

    def past_of_trouble(self, who: str, failure: Sighting) -> Past:
        """Return the same; where that does not know the failure, what was told under its other name."""
        past = self.past(who, failure.verdict)
        if past.has_told_of(failure):
            return past
        trouble = trouble_of(failure.error_code, failure.app_id)
        others = VERDICTS if failure.verdict == NAMES_NOBODY else (NAMES_NOBODY,)
        for verdict in others:
            other = self.past(who, verdict)
            if other.trouble == trouble and other.has_told_of(failure):
                return other
        return past

    def is_first_of_day(self, who: str, verdict: str, day: str, now: datetime) -> bool:
        """Tell whether a person fails with a cause for the first time on a day, and remember the day."""
        past = self.past(who, verdict)
        if day in past.days:
            return False
        days = (*past.days, day)[-DAYS_KEPT:]
        self._past.put(f"{verdict}:{who}", replace(past, days=days), now)
        return True

    def counted_as(self, who: str, verdict: str, named: str, now: datetime) -> None:
        """Remember that the days of a cause that got a name are counted already."""
        past = self.past(who, named)
        days = sorted({*past.days, *self.past(who, verdict).days})[-DAYS_KEPT:]
        self._past.put(f"{named}:{who}", replace(past, days=tuple(days)), now)

    def over(self, who: str, verdict: str, past: Past, now: datetime) -> None:
        """Remember that a group of this person is over."""
        self._past.put(f"{verdict}:{who}", replace(past, days=self.past(who, verdict).days), now)

    def note_registration(self, who: str, registration: Sighting, now: datetime) -> None:
        """Remember the newest registration in the background, and of each other lane and request."""
        self._forget_tries(who, registration, now)
        before = self._registered.get(who) or {}
        names: tuple[str, ...] = (ANYWHERE,)
        if not registration.in_background:
            names = (registration.lane, registration.correlation_id or registration.lane)
        newer = {
            name: registration.at for name in names if name not in before or before[name] < registration.at
        }
        if newer:
            kept = {name: at for name, at in before.items() if name not in newer} | newer
            newest = list(kept.items())[-REGISTRATIONS_KEPT:]
            self._registered.put(who, dict(newest), now)

    def has_cured(self, who: str, failure: Sighting) -> bool:
        """Tell whether a registration that is already known makes up for a failure."""
        known = self._registered.get(who)
        if not known:
            return False
        times = map(known.get, (ANYWHERE, failure.lane, failure.correlation_id))
        return any(at is not None and at >= failure.at for at in times)

    def tries(self, who: str, failure: Sighting, within: timedelta, now: datetime) -> tuple[datetime, ...]:
        """Remember a try at what people put right themselves; return those made within so long, with it.

        A try that comes again counts once.
        """
        made = {**(self._tries.get(who) or {}), failure.id: failure.at}
        newest = sorted(made.items(), key=lambda one: (one[1], one[0]))[-TRIES_KEPT:]
        self._tries.put(who, dict(newest), now)
        times = [at for _, at in newest]
        runs = [
            tuple([at for at in times if start <= at <= start + within])
            for start in times
            if start <= failure.at <= start + within
        ]
        return max(runs, key=len, default=(failure.at,))

    def had_enough(self, who: str) -> None:
        """Forget the tries of somebody: there is a group about them now."""
        self._tries.drop(who)

    def _forget_tries(self, who: str, registration: Sighting, now: datetime) -> None:
        made = self._tries.get(who)
        if made:
            left = {id_: at for id_, at in made.items() if at > registration.at}
            if len(left) < len(made):
                self._tries.put(who, left, now)

    def cover(self, group_id: str, key: Key, now: datetime) -> None:
        """Remember what a wide group speaks for, beside what it does already."""
        self._covers.put(group_id, self.covered(group_id) | {key}, now)

    def covered(self, group_id: str) -> frozenset[Key]:
        """Return what a wide group speaks for."""
        return self._covers.get(group_id) or frozenset()

    def uncover(self, group_id: str) -> None:
        """Forget what a group spoke for: it is over."""
        self._covers.drop(group_id)

    def __len__(self) -> int:
        return len(self._past) + len(self._registered) + len(self._tries) + len(self._covers)
