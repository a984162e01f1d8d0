"""How the tenant and the bot do: per-user MFA counts, the log, the budget, open alerts."""

from __future__ import annotations

from datetime import datetime

from bot.ports import BudgetUse, SweepReport
from bot.render import labels
from bot.render.alert_sources import poll_line, stream_line
from bot.render.alert_words import took
from bot.render.blocks import Block, bullets, divider, header, section
from bot.render.home.parts import Beside
from bot.render.words import _, ngettext


def health_blocks(beside: Beside, now: datetime) -> list[Block]:
    """Return a line for each."""
    lines = [_counts(beside.sweep, now)]
    if beside.overview is not None:
        lines += [poll_line(beside.overview.poll, now), stream_line(beside.overview.stream, now)]
        count = beside.overview.live_count
        open_now = ngettext("{count} alert is open", "{count} alerts are open", count).format(count=count)
        posted = _("{count} posted today").format(count=beside.overview.today.posted)
        lines.append(f"{'■' if count else '●'} {open_now}, {posted}")
    if beside.budget is not None:
        lines.append(_budget(beside.budget))
    return [header(_("Tenant health")), section(bullets(lines)), divider()]


def _counts(sweep: SweepReport | None, now: datetime) -> str:
    if sweep is None:
        return _("Per-user MFA: not counted since the bot started; `{command} sweep` counts.").format(
            command=labels.COMMAND
        )
    tally, age = sweep.tally, took(sweep.at, now)
    counts = _("enforced for {enforced}, enabled for {enabled}, disabled for {disabled}").format(
        enforced=tally.enforced, enabled=tally.enabled, disabled=tally.disabled
    )
    if not sweep.ended:
        return _("Per-user MFA, not counted to the end: {counts}, {age} ago").format(counts=counts, age=age)
    if tally.unread:
        unread = ngettext("{count} could not be read", "{count} could not be read", tally.unread)
        counts = f"{counts}; {unread.format(count=tally.unread)}"
    return _("Per-user MFA: {counts}, counted {age} ago").format(counts=counts, age=age)


def _budget(use: BudgetUse) -> str:
    return _("{mark}: {used} of {calls} calls of the sign-in log used in the last {seconds} s").format(
        mark=_("▲ Full") if use.used >= use.calls else _("● Free"),
        used=use.used,
        calls=use.calls,
        seconds=round(use.window.total_seconds()),
    )
