"""Opening hours in words."""

from __future__ import annotations

from bot.domain.hours import OpenHours
from bot.render.calendar_words import weekday


def hours_in_words(hours: OpenHours) -> str:
    """Return opening hours: "Mon, Tue, Wed 07:00-19:00 Europe/Berlin"."""
    days = ", ".join(weekday(day) for day in sorted(hours.days))
    return f"{days} {hours.opens:%H:%M}-{hours.closes:%H:%M} {hours.zone.key}"
