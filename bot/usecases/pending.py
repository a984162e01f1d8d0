"""Which requests are open, and how did somebody's own end?"""

from __future__ import annotations

from bot.domain.approval import TERMINAL, ChangeRequest
from bot.domain.people import ObjectId
from bot.ports import Desk

LATELY = 5


async def pending(desk: Desk) -> tuple[ChangeRequest, ...]:
    """Return pending, approved and executing requests, oldest first."""
    return await desk.requests.open_requests()


async def decided_lately(requester: ObjectId | None, desk: Desk) -> tuple[ChangeRequest, ...]:
    """Return somebody's last requests that are over, newest first; () for who is nobody in Entra."""
    if requester is None:
        return ()
    mine = await desk.requests.asked_by(requester)
    return tuple(request for request in mine if request.state in TERMINAL)[:LATELY]
