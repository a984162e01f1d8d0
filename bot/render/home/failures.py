"""Recent failures: who is blocked now, and how the last seven days were."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.alert_overview import Overview
from bot.domain.digest import CauseDays, Week, week_of
from bot.render import labels
from bot.render.alert_rows import bar, row_blocks
from bot.render.alert_sources import not_set_up
from bot.render.alerts_list import no_failures
from bot.render.blocks import Block, bullets, context, divider, header, section
from bot.render.calendar_words import short_day, weekday
from bot.render.verdicts import headline
from bot.render.words import _, ngettext, number


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
    rows = bullets([_cause(cause) for cause in week.causes])
    blocks = [section(f"*{_title(week)}*\n{_days(week)}\n{rows}")]
    if week.total > 1:
        blocks.append(context(_("A person counts once a day and cause. Days are those of UTC.")))
    return blocks


def _title(week: Week) -> str:
    first, last = week.days[0], week.days[-1]
    words = ngettext(
        "{count} person stopped, {first} to {last}", "{count} people stopped, {first} to {last}", week.total
    )
    return words.format(count=number(week.total), first=short_day(first), last=short_day(last))


def _days(week: Week) -> str:
    """Return a row a day, in letters of one width: the day, a bar, the number."""
    names = [f"{weekday(day.weekday())} {day.day:>2}" for day in week.days]
    wide = max(map(len, names))
    most = max(week.by_day)
    rows = [
        f"{name:<{wide}}  {bar(count, most)} {number(count)}"
        for name, count in zip(names, week.by_day, strict=True)
    ]
    return "```\n" + "\n".join(rows) + "\n```"


def _cause(cause: CauseDays) -> str:
    name = (
        headline(cause.verdict).title
        if cause.verdict
        else ngettext("{count} rarer cause", "{count} rarer causes", cause.causes).format(count=cause.causes)
    )
    return f"{name}: {number(cause.total)}"
