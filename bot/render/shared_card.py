"""A verdict for everyone in a conversation: the person's name, and nothing else about them."""

from __future__ import annotations

from datetime import datetime

from bot.domain.diagnosis import Diagnosis
from bot.render import labels, safe
from bot.render.blocks import Message, context, message, moment, section
from bot.render.verdicts import headline, sureness
from bot.render.words import _


def shared_card(diagnosis: Diagnosis, *, answer_id: str, shared_by: str, now: datetime) -> Message:
    """Return the public form: no address, no device, no place, no sign-in; `shared_by` is a Slack id."""
    head = headline(diagnosis.verdict)
    name = (safe.mrkdwn(diagnosis.user.display_name, 150) if diagnosis.user else "") or _("Somebody")
    verdict = f"*{head.tone.mark}: {head.title}*\n{sureness(diagnosis.confidence)}  ·  {name}"
    note = _(
        "Shared by {person}, read {time}. "
        "The evidence stays private: `{command} why` shows it to those who may ask."
    ).format(
        person=f"<@{safe.mrkdwn(shared_by, 30)}>", time=moment(diagnosis.read_at), command=labels.COMMAND
    )
    text = f"{name}: {head.tone.mark}: {head.title}"
    return message(text, [section(verdict), context(note)], f"shared:{answer_id}:{int(now.timestamp())}")
