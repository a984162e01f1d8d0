"""How the polling of sign-ins goes, in one line."""

from __future__ import annotations

from datetime import datetime

from bot.domain.poll_health import PollHealth
from bot.errors import GraphRefused
from bot.render.failure import in_words
from bot.render.words import _


def degraded_line(health: PollHealth, now: datetime) -> str:
    """Return what keeps failures from being noticed and what to do, or nothing when all is well."""
    if not health.is_degraded(now):
        return ""
    age = health.watermark_age(now)
    if isinstance(health.trouble, GraphRefused) or age is None:
        said = _("Failed registrations are not being watched.")
    else:
        minutes = int(age.total_seconds() // 60)
        said = _("Failed registrations were last looked for {minutes} minutes ago.").format(minutes=minutes)
    return f"{said} {in_words(health.trouble)}" if health.trouble else said
