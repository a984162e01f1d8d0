"""Everyone whose per-user MFA is on: counted as they are read, and for Slack shared by all who ask."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta

from bot.domain.sweep import Swept, Tally
from bot.errors import GraphError, GraphMalformed, GraphUnreachable
from bot.ports import Clock, MfaSweep, SweepReport

KEPT = timedelta(minutes=10)
KEPT_AFTER_TROUBLE = timedelta(minutes=1)
LONGEST = timedelta(minutes=30)
FIRST_NAMES = 20

log = logging.getLogger(__name__)


async def counted(sweep: MfaSweep, tally: Tally) -> AsyncIterator[Swept]:
    """Yield every account as it is read, after counting it in `tally`."""
    async for swept in sweep.states():
        tally.add(swept)
        yield swept


class SharedSweeps:
    """The port Sweeps inside one process: one sweep at a time, at most one in ten minutes."""

    def __init__(self, sweep: MfaSweep, now: Clock) -> None:
        self._sweep = sweep
        self._now = now
        self._report: SweepReport | None = None
        self._task: asyncio.Task[None] | None = None

    async def latest(self, max_wait: float) -> SweepReport:
        """Return the last sweep, or start one and wait `max_wait` seconds; it goes on behind the answer."""
        if self._task is None and self._is_due():
            began, tally = self._now(), Tally()
            self._report = SweepReport(began, tally, ended=False)
            self._task = asyncio.create_task(self._run(tally))
            self._task.add_done_callback(self._finished)
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=max_wait)
        assert self._report is not None
        return self._report

    def last(self) -> SweepReport | None:
        """Return the last sweep, which may still go on; start none."""
        return self._report

    async def close(self) -> None:
        """End what goes on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def _is_due(self) -> bool:
        if self._report is None:
            return True
        kept = KEPT if self._report.ended else KEPT_AFTER_TROUBLE
        return self._now() - self._report.at >= kept

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled() and (bug := task.exception()) is not None:
            log.error("a sweep failed on a bug", exc_info=bug)
            trouble = GraphMalformed("the list of users")
            self._report = SweepReport(self._now(), Tally(), ended=False, trouble=trouble)

    async def _run(self, tally: Tally) -> None:
        first: list[Swept] = []
        trouble: GraphError | None = None
        ended = False
        try:
            async with asyncio.timeout(LONGEST.total_seconds()):
                async for swept in counted(self._sweep, tally):
                    if swept.is_hit and len(first) < FIRST_NAMES:
                        first.append(swept)
            ended = True
        except GraphError as error:
            trouble = error
        except TimeoutError:
            trouble = GraphUnreachable("the per-user MFA states of the whole tenant", timed_out=True)
        if trouble is not None:
            log.warning("a sweep was given up: %s", trouble)
        # Counted from its end: what took long is not read again at once
        self._report = SweepReport(self._now(), tally, tuple(first), ended, trouble)
