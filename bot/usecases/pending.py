"""Which requests are open?"""

from __future__ import annotations

from bot.domain.approval import ChangeRequest
from bot.ports import Desk


async def pending(desk: Desk) -> tuple[ChangeRequest, ...]:
    """Return pending, approved and executing requests, oldest first."""
    return await desk.requests.open_requests()
