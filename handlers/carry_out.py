"""The worker's side: what was recorded is judged, carried out and answered.

Everything here may run twice for one job; use cases make the second time harmless by the job's `op_id`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import AuditUnavailable, BotError, SlackError, StoreUnavailable
from bot.ports import Desk, Job
from bot.render.failure import unexpected
from handlers import alerting, changes, kinds, overviews, questions, sweeping, switches, watching
from handlers.answers import PrivateLine
from handlers.caller import Caller
from handlers.errand import Errand
from handlers.failures import said_of
from handlers.language import worded_for

log = logging.getLogger(__name__)


async def carry_out(job: Job, desk: Desk, slack: AsyncWebClient) -> None:
    """Carry out one job and answer its caller in their language. A SlackError means: try again later."""
    work = WORK.get(job.kind)
    if work is None:
        log.error("a recorded job of an unknown kind was dropped: %s", job.kind)
        return
    caller = Caller.from_body(job.body)
    errand = Errand(job, caller, desk, slack, PrivateLine(slack, caller))
    async with worded_for(caller.user_id, desk):
        await _answered(work, errand)


async def _answered(work: Callable[[Errand], Awaitable[None]], errand: Errand) -> None:
    job, desk = errand.job, errand.desk
    (error,) = await asyncio.gather(work(errand), return_exceptions=True)
    if error is None:
        return
    reference = desk.new_id()
    if isinstance(error, BotError) and not isinstance(error, SlackError):
        is_open = _is_open(error, job)
        if not is_open or job.deliveries == 1:
            log.info("%s was refused (%s), reference %s", job.kind, type(error).__name__, reference)
            await errand.reply(await said_of(error, reference, desk))
        if is_open:
            raise error
        return
    if not isinstance(error, SlackError) and job.deliveries == 1:
        log.error("%s failed, reference %s", job.kind, reference)
        await errand.reply(unexpected(reference))  # once: the job comes again, the person knows
    raise error


def _is_open(error: BotError, job: Job) -> bool:
    """Whether the deed may have been done although its answer was lost: it comes again and finds out.

    A journal that fails stops a deed before it is done, but perhaps not the one of an earlier delivery.
    """
    if job.kind not in DEEDS:
        return False
    return isinstance(error, StoreUnavailable) or (isinstance(error, AuditUnavailable) and job.deliveries > 1)


DEEDS = frozenset({kinds.REQUEST_DISABLE, kinds.APPROVE, kinds.DENY, kinds.CANCEL, kinds.UNDO, kinds.LIFT})
"""What changes something, once for each job however often it is carried out."""

WORK: dict[str, Callable[[Errand], Awaitable[None]]] = {
    kinds.WHY: questions.ask_why,
    kinds.DIAGNOSE: questions.diagnose_chosen,
    kinds.EXPLAIN: questions.explain_code,
    kinds.PENDING: overviews.show_pending,
    kinds.HISTORY: questions.show_history,
    kinds.STATUS: questions.show_status,
    kinds.HELP: questions.show_help,
    kinds.SWEEP: sweeping.show_sweep,
    kinds.CHECK_AGAIN: questions.check_again,
    kinds.PASTE: questions.read_paste,
    kinds.SHARE: questions.share,
    kinds.REQUEST_DISABLE: changes.ask_disable,
    kinds.APPROVE: changes.count_approval,
    kinds.DENY: changes.count_denial,
    kinds.CANCEL: changes.withdraw,
    kinds.UNDO: changes.ask_undo,
    kinds.LIFT: changes.lift_hold,
    kinds.HOME: overviews.show_home,
    kinds.ALERT_DIAGNOSE: alerting.diagnose,
    kinds.ALERT_ACKNOWLEDGE: alerting.look_after,
    kinds.ALERT_SILENCE: alerting.keep_quiet,
    kinds.ALERTS: watching.show_alerts,
    kinds.LIFT_SILENCE: watching.lift_silence,
    kinds.HOLD: switches.put_changes_on_hold,
    kinds.PAUSE_ALERTS: switches.pause_all_alerts,
    kinds.RESUME_ALERTS: switches.resume_all_alerts,
}
