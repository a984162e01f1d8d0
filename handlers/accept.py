"""Record first, acknowledge then: what was accepted outlives the process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bot.errors import StoreUnavailable
from bot.ports import Desk

RECORD_SECONDS = 2.0  # Slack waits 3 s for the acknowledgement


async def record(desk: Desk, kind: str, op_id: str, body: Mapping[str, str]) -> bool:
    """Keep a job durably; False when it was recorded before. Raises StoreUnavailable within 2 s."""
    stamped = {**body, "at": desk.now().isoformat()}
    try:
        async with asyncio.timeout(RECORD_SECONDS):
            return await desk.inbox.record(kind, op_id, stamped)
    except TimeoutError as error:
        raise StoreUnavailable from error
