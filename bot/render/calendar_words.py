"""Days and months by their short names, in the language in force; strftime would follow the machine's."""

from __future__ import annotations

from datetime import date

from bot.render.words import N_, _

WEEKDAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
_FIRST_HALF = (N_("Jan"), N_("Feb"), N_("Mar"), N_("Apr"), N_("May"), N_("Jun"))
MONTHS = (*_FIRST_HALF, N_("Jul"), N_("Aug"), N_("Sep"), N_("Oct"), N_("Nov"), N_("Dec"))


def weekday(number: int) -> str:
    """Return a day's short name; 0 is Monday."""
    return _(WEEKDAYS[number])


def short_day(day: date) -> str:
    """Return a day without its year: "23 Nov"."""
    return _("{day} {month}").format(day=day.day, month=month(day))


def month(day: date) -> str:
    """Return the short name of a day's month."""
    return _(MONTHS[day.month - 1])
