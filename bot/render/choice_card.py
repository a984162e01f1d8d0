"""Several people fit what was typed: which one is meant?"""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.people import User
from bot.render import labels, safe
from bot.render.blocks import Block, Message, button, context, message, plain, section
from bot.render.words import _


def choice_card(asked: str, people: Sequence[User], key: str) -> Message:
    """Return one row for each person, with a button that diagnoses them."""
    said = _("Several people fit “{asked}”. Whom do you mean?").format(asked=safe.mrkdwn(asked, 120))
    rows = [section(said), *(_row(user) for user in people)]
    rows.append(context(_("Nobody of these? Type the address, or the object id from Entra.")))
    return message(said, rows, key)


def not_looked_up(asked: str, trouble: str) -> Message:
    """Return that nothing is known of a name, because nobody could be asked; `trouble` says what to do."""
    said = _("“{asked}” could not be looked up. {trouble}")
    return plain(said.format(asked=safe.mrkdwn(asked, 120), trouble=safe.prose(trouble, 600)))


def _row(user: User) -> Block:
    name = safe.mrkdwn(user.display_name, 150) or "–"
    row = section(f"*{name}*  ·  {safe.code(user.user_principal_name, 200)}")
    return {**row, "accessory": button(labels.DIAGNOSE, labels.ON_DIAGNOSE, user.id)}
