"""What `/psso status` says: one line for each thing the bot needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.render import safe
from bot.render.blocks import Message, bullets, context, message, section
from bot.render.words import N_, _

MORE = N_("An administrator sees more with `psso-bot doctor`.")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried; `trouble` is empty when it worked."""

    name: str
    good: str
    trouble: str = ""


def status_message(checks: Sequence[Check], *, key: str) -> Message:
    """Return the checks with a shape and a word each."""
    troubled = [check for check in checks if check.trouble]
    title = _("Everything answers")
    if troubled:
        title = _("{failed} of {count} checks failed").format(failed=len(troubled), count=len(checks))
    rows = [
        f"{_('■ Trouble')}: {check.name}: {safe.prose(check.trouble, 400)}"
        if check.trouble
        else f"{_('● Good')}: {check.name}: {safe.prose(check.good, 200)}"
        for check in checks
    ]
    return message(title, [section(f"*{title}*\n{bullets(rows)}"), context(_(MORE))], f"status:{key}")
