"""Who changed a policy last, asked once: the audit log is a scarce call, and a card is drawn often."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.alert_ports import PolicyAudits
from bot.domain.alerts import PolicyChange
from bot.errors import GraphError
from bot.ports import Clock

KEPT = timedelta(hours=4)
NOT_YET = timedelta(minutes=10)  # the log may keep a change back for minutes
RETRY = timedelta(minutes=5)
MOST_KEPT = 200


@dataclass(frozen=True, slots=True)
class _Known:
    answer: PolicyChange | GraphError | None
    until: datetime


@dataclass
class RememberedChanges:
    """`PolicyAudits` that asks another one and keeps what it says: a change for as long as a card lives."""

    asked: PolicyAudits
    now: Clock
    _known: dict[str, _Known] = field(default_factory=dict)
    _asking: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def last_change(self, policy_id: str, since: datetime) -> PolicyChange | None:
        """Return the newest change of one policy since a moment."""
        key = f"{policy_id} {since.isoformat()}"
        async with self._asking.setdefault(key, asyncio.Lock()):
            found = self._known.get(key)
            if found is None or found.until <= self.now():
                found = await self._ask(policy_id, since)
                self._make_room()
                self._known[key] = found
        if isinstance(found.answer, GraphError):
            raise found.answer
        return found.answer

    async def _ask(self, policy_id: str, since: datetime) -> _Known:
        try:
            answer = await self.asked.last_change(policy_id, since)
        except GraphError as error:
            return _Known(error, self.now() + RETRY)
        return _Known(answer, self.now() + (KEPT if answer else NOT_YET))

    def _make_room(self) -> None:
        if len(self._known) >= MOST_KEPT:
            self._known.clear()
            self._asking = {key: lock for key, lock in self._asking.items() if lock.locked()}
