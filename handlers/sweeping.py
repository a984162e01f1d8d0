"""`/psso sweep`: everyone with per-user MFA on, counted, with the first names."""

from __future__ import annotations

from bot.errors import Denial, NotAllowed
from bot.render.blocks import plain
from bot.render.sweep import READING, sweep_message
from bot.render.words import _
from bot.usecases.admit import Right
from handlers.errand import Errand
from handlers.failures import say_or_log
from handlers.guard import guard

AT_ONCE_WITHIN = 1.0  # seconds; an answer kept from before needs no notice
WAIT_SECONDS = 20.0  # a longer reading goes on behind the answer


async def show_sweep(errand: Errand) -> None:
    """Show the last sweep, or make one; somebody who asks meanwhile shares it."""
    await guard(errand.caller, Right.ASK, errand.desk)
    sweeps = errand.desk.sweeps
    if sweeps is None:
        raise NotAllowed(Denial.CANNOT_CHECK)
    report = await sweeps.latest(AT_ONCE_WITHIN)
    if report.is_reading:
        await say_or_log(errand.line, plain(_(READING)))
        report = await sweeps.latest(WAIT_SECONDS)
    await errand.reply(sweep_message(report, now=errand.desk.now(), key=errand.desk.new_id()))
