"""Opening hours: outside them a change needs a second approver."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.errors import BadInput

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_FORM = "of another form than “Mon-Fri 07:00-19:00 Europe/Berlin”"
_WEEKLY_FORM = "of another form than “Mon 08:00 Europe/Berlin”"
_SPAN = re.compile(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)")
_TIME = re.compile(r"(\d{1,2}):(\d\d)")


@dataclass(frozen=True, slots=True)
class OpenHours:
    """Days (0 is Monday) and a span of local time; the same time twice is the whole day."""

    days: frozenset[int]
    opens: time
    closes: time
    zone: ZoneInfo

    def include(self, at: datetime) -> bool:
        """Tell whether `at` falls into the hours; a span may pass midnight and belongs to its first day."""
        local = at.astimezone(self.zone)
        if self.opens < self.closes:
            return local.weekday() in self.days and self.opens <= local.time() < self.closes
        late = local.time() >= self.opens and local.weekday() in self.days
        early = local.time() < self.closes and (local.weekday() - 1) % 7 in self.days
        return late or early


def open_hours(text: str) -> OpenHours:
    """Read days, a span and a time zone: "Mon-Thu,Sat 07:00-19:00 Europe/Berlin". BadInput otherwise.

    Days are English, short or long; a range may pass Sunday. 24:00 is midnight at the end of the day.
    """
    words = text.split()
    if len(words) != 3:
        raise BadInput(_FORM)
    opens, closes = _span(words[1])
    return OpenHours(_days(words[0]), opens, closes, _zone(words[2]))


@dataclass(frozen=True, slots=True)
class WeeklyTime:
    """A moment of every week, on a local clock. `day` 0 is Monday."""

    day: int
    at: time
    zone: ZoneInfo

    def after(self, moment: datetime) -> datetime:
        """Return the first one after `moment`, in UTC; one that no clock shows that day is an hour later."""
        local = moment.astimezone(self.zone)
        day = local.date() + timedelta(days=(self.day - local.weekday()) % 7)
        due = datetime.combine(day, self.at, self.zone).astimezone(UTC)
        if due > moment:
            return due
        return datetime.combine(day + timedelta(days=7), self.at, self.zone).astimezone(UTC)


def weekly_time(text: str) -> WeeklyTime:
    """Read a day, a time and a time zone: "Mon 08:00 Europe/Berlin". BadInput otherwise."""
    words = text.split()
    if len(words) != 3:
        raise BadInput(_WEEKLY_FORM)
    found = _TIME.fullmatch(words[1])
    if found is None:
        raise BadInput(f"naming a time that is not like 08:00: {words[1]!r}")
    return WeeklyTime(_day(words[0]), _clock_time(words[1], *found.groups()), _zone(words[2]))


def _clock_time(text: str, hour: str, minute: str) -> time:
    try:
        return time(int(hour), int(minute))
    except ValueError:
        raise BadInput(f"naming a time that no clock shows: {text!r}") from None


def _days(text: str) -> frozenset[int]:
    days: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        begin, end = _day(first), _day(last if dash else first)
        days |= {day % 7 for day in range(begin, (end if end >= begin else end + 7) + 1)}
    return frozenset(days)


def _day(name: str) -> int:
    """Return the day that `name` begins or spells: "Tue", "Tues" and "Tuesday" are one."""
    for number, day in enumerate(DAYS):
        if len(name) >= 3 and f"{_LONG[day]}day".lower().startswith(name.lower()):
            return number
    raise BadInput(f"naming a day that is none of {', '.join(DAYS)}: {name!r}")


_LONG = dict(zip(DAYS, ("Mon", "Tues", "Wednes", "Thurs", "Fri", "Satur", "Sun"), strict=True))


def _span(text: str) -> tuple[time, time]:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise BadInput(f"naming a span that is not like 07:00-19:00: {text!r}")
    open_hour, open_minute, close_hour, close_minute = map(int, found.groups())
    ends_the_day = (close_hour, close_minute) == (24, 0)
    try:
        opens = time(open_hour, open_minute)
        closes = time(0) if ends_the_day else time(close_hour, close_minute)
    except ValueError:
        raise BadInput(f"naming a time that no clock shows: {text!r}") from None
    if opens == closes and not ends_the_day:
        raise BadInput(f"naming a span without length: {text!r}")
    return opens, closes


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of the database is an OSError
        raise BadInput(f"naming a time zone that is not known: {name!r}") from None
