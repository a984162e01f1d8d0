"""Say outside how far the journal goes: whoever cuts or rewrites it then contradicts the audit channel.

The chain proves that nothing was changed in the middle; only a record known elsewhere proves that nothing
was taken off its end. `psso-bot audit verify --anchor` compares.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.errors import AuditUnavailable, NotAllowed, SlackError
from bot.ports import Anchor, Desk

EVERY = timedelta(hours=1)
RECORDS = 1000

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Posted:
    """What was posted last: the first anchor goes out at the start, for a bot that was down may have lost."""

    anchor: Anchor = field(default_factory=Anchor)
    at: datetime | None = None


def receipt_of(anchor: Anchor) -> str:
    """Return an anchor as people see it: enough of the mac to recognise it."""
    return f"Journal record {anchor.seq}, `{anchor.mac[:8]}…`"


async def anchor_if_due(posted: Posted, desk: Desk) -> None:
    """Post how far the journal goes when an hour or 1,000 records have passed and something was written.

    Raises AuditUnavailable, SlackError and NotAllowed: it stays due.
    """
    if not desk.rules.audit_channel:
        return
    head = await desk.journal.head()
    if head.seq <= posted.anchor.seq or not _is_due(posted, head, desk.now()):
        return
    await _post(head, desk)
    posted.anchor, posted.at = head, desk.now()


async def receipt(desk: Desk) -> str:
    """Post how far the journal goes, now, and return it in words; empty when it cannot be said.

    For the news of a change: the change is made and journalled, so nothing here may hold its news up.
    """
    try:
        head = await desk.journal.head()
    except AuditUnavailable:
        return ""
    if desk.rules.audit_channel:
        try:
            await _post(head, desk)
        except (SlackError, NotAllowed) as error:
            log.warning("the journal's head could not be posted to the audit channel: %s", error)
    return f"{receipt_of(head)}."


def _is_due(posted: Posted, head: Anchor, now: datetime) -> bool:
    return posted.at is None or now - posted.at >= EVERY or head.seq - posted.anchor.seq >= RECORDS


async def _post(head: Anchor, desk: Desk) -> None:
    check = f"To check: `psso-bot audit verify --anchor {head.seq}:{head.mac}`"
    await desk.announcer.post(desk.rules.audit_channel, f"{receipt_of(head)}. {check}")
