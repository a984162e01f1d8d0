"""End requests that nobody decided in time. The store expires at every touch; this finds the untouched."""

from __future__ import annotations

from bot.domain.approval import ChangeRequest
from bot.ports import Desk


async def expire(desk: Desk) -> tuple[ChangeRequest, ...]:
    """Expire what is due, and return it; the outbox has it journalled and tells people."""
    return await desk.requests.expire_due()
