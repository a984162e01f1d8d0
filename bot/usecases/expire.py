"""End requests that nobody decided in time. The store expires at every touch; this finds the untouched."""

from __future__ import annotations

from bot.domain.approval import ChangeRequest
from bot.ports import Desk, Entry


async def expire(desk: Desk) -> tuple[ChangeRequest, ...]:
    """Expire what is due, journal it, and return it; the outbox tells people."""
    expired = await desk.requests.expire_due()
    for request in expired:
        wish = request.wish
        await desk.journal.write(
            Entry("request.expired", request_id=wish.id, actor=wish.requester, target=wish.target.object_id)
        )
    return expired
