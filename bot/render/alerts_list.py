"""What `/psso alerts` says: how sources do, what is live, what is silenced, where alerts go, why quiet."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.alert_overview import Overview
from bot.ports import Rules, SwitchState
from bot.render import labels
from bot.render.alert_routes import brakes, route_lines, rule_lines
from bot.render.alert_rows import figures_line, row_blocks, silence_blocks
from bot.render.alert_sources import not_set_up, nothing_read, read_ago, source_lines
from bot.render.blocks import Block, Message, bullets, context, header, message, moment, plain, section
from bot.render.quiet_words import quiet_row
from bot.render.reader import Reader
from bot.render.words import _, ngettext

NO_LINKS: Mapping[str, str] = {}


def alerts_off() -> Message:
    """Return what `/psso alerts` says where nothing is watched."""
    return plain(not_set_up())


def alerts_message(
    overview: Overview,
    rules: Rules,
    reader: Reader,
    *,
    key: str,
    paused: SwitchState | None = None,
    links: Mapping[str, str] = NO_LINKS,
) -> Message:
    """Return how alerting stands; `links` leads from groups' ids to their messages."""
    parts: list[Block] = [
        header(_("Alerts")),
        section(f"*{_('Sources')}*\n{bullets(_sources(overview))}"),
        *brakes(rules, paused, overview.at, approves=reader.approves),
        *live_blocks(overview, links),
        *_silences(overview, reader),
        section(f"*{_('Where alerts go')}*\n{bullets(route_lines(rules))}"),
        section(f"*{_('When')}*\n{bullets(rule_lines(rules))}"),
        section(_figures(overview)),
        section(_quiet(overview)),
        context(_foot(overview)),
    ]
    return message(_title(overview), parts, f"alerts:{key}")


def live_blocks(overview: Overview, links: Mapping[str, str]) -> list[Block]:
    """Return the live groups, or since when nothing failed."""
    if not overview.live:
        return [section(f"*{_('Live')}*\n{no_failures(overview)}")]
    blocks = [section(f"*{_('Live')}* ({overview.live_count})"), *row_blocks(overview.live, links)]
    left_out = overview.live_count - len(overview.live)
    if left_out > 0:
        words = ngettext("{count} more alert is live.", "{count} more alerts are live.", left_out)
        blocks.append(context(words.format(count=left_out)))
    return blocks


def no_failures(overview: Overview) -> str:
    """Return since when no failure was seen, and how sure that is."""
    if not overview.reads:
        return nothing_read()
    read = read_ago(overview.poll, overview.at)
    read = f"; {read}" if read else ""
    if overview.last_failure is None:
        return _("No failure of a registration is on record (records go back 8 days at most){read}.").format(
            read=read
        )
    return _("Nobody is known to be blocked. No failures were seen since {when}{read}.").format(
        when=moment(overview.last_failure), read=read
    )


def _sources(overview: Overview) -> list[str]:
    lines = source_lines(overview.poll, overview.stream, overview.at)
    return [*lines, nothing_read()] if not overview.reads else lines


def _silences(overview: Overview, reader: Reader) -> list[Block]:
    if not overview.silences:
        return [section(f"*{_('Silences')}*\n{_('None. Every alert has a Silence button.')}")]
    count = len(overview.silences)
    return [
        section(f"*{_('Silences')}* ({count})"),
        *silence_blocks(overview.silences, approves=reader.approves),
    ]


def _figures(overview: Overview) -> str:
    return "\n".join(
        (figures_line(_("Today (UTC)"), overview.today), figures_line(_("Last 7 days"), overview.week))
    )


def _quiet(overview: Overview) -> str:
    title = f"*{_('Why quiet')}*"
    if not overview.quiet:
        return f"{title}\n{_('Nothing was kept from the channel lately.')}"
    return f"{title}\n{bullets([quiet_row(row) for row in overview.quiet])}"


def _title(overview: Overview) -> str:
    if not overview.live_count:
        return _("Alerts: nobody is known to be blocked")
    return ngettext("Alerts: {count} live", "Alerts: {count} live", overview.live_count).format(
        count=overview.live_count
    )


def _foot(overview: Overview) -> str:
    words = _("As of {when}. `{command} alerts USER` says the same of one person.")
    return words.format(when=moment(overview.at), command=labels.COMMAND)
