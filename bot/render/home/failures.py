"""Recent failures: who is blocked now, and how the last seven days were."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.alert_overview import Overview
from bot.domain.digest import CauseDays, Week, week_of
from bot.render import labels
from bot.render.alert_rows import row_blocks, sparkline
from bot.render.alert_sources import not_set_up
from bot.render.alerts_list import no_failures
from bot.render.blocks import Block, context, divider, header, section
from bot.render.calendar_words import short_day
from bot.render.verdicts import headline
from bot.render.words import _, ngettext


def failure_blocks(overview: Overview | None, links: Mapping[str, str]) -> list[Block]:
    """Return live alerts and bars by cause; what to set where nothing is watched."""
    head = header(_("Recent failures"))
    if overview is None:
        return [head, section(not_set_up()), divider()]
    return [head, *_live(overview, links), *_week(overview), divider()]


def _live(overview: Overview, links: Mapping[str, str]) -> list[Block]:
    if not overview.live:
        return [section(no_failures(overview))]
    left_out = overview.live_count - len(overview.live)
    if left_out <= 0:
        return row_blocks(overview.live, links)
    words = ngettext(
        "{count} more alert is live; `{command} alerts` says more.",
        "{count} more alerts are live; `{command} alerts` says more.",
        left_out,
    )
    more = context(words.format(count=left_out, command=labels.COMMAND))
    return [*row_blocks(overview.live, links), more]


def _week(overview: Overview) -> list[Block]:
    week = week_of(overview.failed) if overview.failed else None
    if week is None or not week.causes:
        return []
    most = max(max(cause.counts) for cause in week.causes)
    rows = [_bar(cause, most) for cause in week.causes]
    return [section(f"*{_title(week)}*\n" + "\n".join(rows))]


def _title(week: Week) -> str:
    first, last = week.days[0], week.days[-1]
    words = ngettext(
        "{count} person stopped, {first} to {last} (UTC)",
        "{count} people stopped, {first} to {last} (UTC; each once a day and cause)",
        week.total,
    )
    return words.format(count=week.total, first=short_day(first), last=short_day(last))


def _bar(cause: CauseDays, most: int) -> str:
    name = (
        headline(cause.verdict).title
        if cause.verdict
        else _("{count} rarer causes").format(count=cause.causes)
    )
    return f"`{sparkline(cause.counts, most)}`  {cause.total}  ·  {name}"
