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
    """What the log said at `asked_at` about one policy since a moment."""

    answer: PolicyChange | GraphError | None
    since: datetime
    asked_at: datetime

    def serves(self, since: datetime, now: datetime) -> bool:
        """Whether it answers a question about another time as well.

        A change that is the newest since a moment is the newest since any earlier one, too. Somebody who asks
        about a later time may be after a later change.
        """
        age = now - self.asked_at
        if isinstance(self.answer, GraphError):
            return age < RETRY
        if self.answer is not None and since <= self.since:
            return age < KEPT
        return since >= self.since and age < NOT_YET

    def within(self, since: datetime) -> PolicyChange | None:
        """Return the change, unless it was before. Raises the GraphError."""
        if isinstance(self.answer, GraphError):
            raise self.answer
        return self.answer if self.answer is not None and self.answer.at >= since else None


@dataclass
class RememberedChanges:
    """`PolicyAudits` that asks another one and keeps what it says: a change for as long as a card lives."""

    asked: PolicyAudits
    now: Clock
    _known: dict[str, _Known] = field(default_factory=dict)
    _asking: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def last_change(self, policy_id: str, since: datetime) -> PolicyChange | None:
        """Return the newest change of one policy since a moment."""
        async with self._asking.setdefault(policy_id, asyncio.Lock()):
            found = self._known.get(policy_id)
            if found is None or not found.serves(since, self.now()):
                found = await self._ask(policy_id, since)
                self._make_room()
                self._known[policy_id] = found
        return found.within(since)

    async def _ask(self, policy_id: str, since: datetime) -> _Known:
        try:
            answer = await self.asked.last_change(policy_id, since)
        except GraphError as error:
            return _Known(error, since, self.now())
        return _Known(answer, since, self.now())

    def _make_room(self) -> None:
        if len(self._known) >= MOST_KEPT:
            self._known.clear()
            self._asking = {key: lock for key, lock in self._asking.items() if lock.locked()}
