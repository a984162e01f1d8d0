"""The menus of the request form: what a person picks, and what is stored. Pure.

What comes back from Slack is looked up here, so that nothing else can be stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.render.words import N_, _, decimal, ngettext

IDENTITY_CHECKS: dict[str, str] = {
    "hr_number": N_("Called back on the number in the HR record"),
    "in_person": N_("Seen in person"),
    "video_id": N_("Video call with photo ID"),
    "manager": N_("Their manager confirmed"),
    "verified_id": N_("Verified ID"),
}
"""Ways to make sure who is asking. What can be looked up, such as a birthday, is none of them."""

TIME_BOXES: dict[str, float | None] = {"no": None, "4": 4.0, "24": 24.0, "72": 72.0}
"""After how many hours the state is restored unless the Mac has registered."""

TIME_BOX_WORDS: dict[str, str] = {
    "no": N_("No, it stays off"),
    "4": N_("Yes, after 4 hours"),
    "24": N_("Yes, after 24 hours"),
    "72": N_("Yes, after 3 days"),
}

PAUSE_LENGTHS: dict[str, timedelta | None] = {
    "1": timedelta(hours=1),
    "4": timedelta(hours=4),
    "open": None,
}
"""For how long alerts are paused; None: until somebody lifts it."""

PAUSE_LENGTH_WORDS: dict[str, str] = {
    "1": N_("1 hour"),
    "4": N_("4 hours"),
    "open": N_("Until somebody lifts it"),
}


def hours_in_words(hours: float) -> str:
    """Return a time box as people say it: "4 hours", "3 days"."""
    amount = hours / 24 if hours >= 48 else hours
    count = 1 if amount == 1 else 2
    if hours >= 48:
        return ngettext("{count} day", "{count} days", count).format(count=decimal(amount))
    return ngettext("{count} hour", "{count} hours", count).format(count=decimal(amount))


def translated(words: Mapping[str, str]) -> dict[str, str]:
    """Return a menu's words in the language in force; what is sent stays as it is."""
    return {value: _(text) for value, text in words.items()}
