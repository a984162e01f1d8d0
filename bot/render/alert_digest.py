"""One message that lists many alerts: those that waited for the morning, or came all at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from bot.domain.alerts import AlertGroup, AlertView, Scope
from bot.render import labels, safe
from bot.render.alert_words import BLOCKED, meant_elsewhere, name_and_address, title, tries
from bot.render.blocks import Block, Message, bullet, context, header, message, moment, section
from bot.render.verdicts import headline
from bot.render.words import _, ngettext

ROWS_IN_BLOCK = 12
MOST_ROW_BLOCKS = 44
ROW_WIDTH = 235


def alert_digest(views: Sequence[AlertView]) -> Message:
    """Return the alerts by cause, the most frequent first; what does not fit is counted."""
    by_cause = _by_cause(views)
    head = ngettext(
        "{shape} {count} new registration failure", "{shape} {count} new registration failures", len(views)
    ).format(shape=BLOCKED, count=len(views))
    counted = ", ".join(f"{headline(cause).title}: {len(groups)}" for cause, groups in by_cause)
    parts = [header(head), *_rows(by_cause)]
    hint = _(
        "They waited for the alert hours, or came all at once. `{command} why USER` says more about one."
    )
    parts.append(context(hint.format(command=labels.COMMAND)))
    elsewhere = meant_elsewhere(views[0]) if views else ""
    parts += [context(f"△ {elsewhere}")] if elsewhere else []
    first = views[0] if views else None
    key = f"digest:{first.group.id[:80]}:{int(first.at.timestamp() * 1000)}" if first else "digest"
    return message(f"{head}. {counted}", parts, key)


def minimal_alert_digest(views: Sequence[AlertView]) -> Message:
    """Return the least, for when Slack refuses the blocks: how many, and by what."""
    full = alert_digest(views)
    return Message(full.text, [section(full.text)])


def _by_cause(views: Sequence[AlertView]) -> list[tuple[str, list[AlertGroup]]]:
    found: dict[str, list[AlertGroup]] = defaultdict(list)
    for view in views:
        found[view.group.newest.verdict].append(view.group)
    return sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))


def _rows(by_cause: Sequence[tuple[str, list[AlertGroup]]]) -> list[Block]:
    blocks: list[Block] = []
    left_out = 0
    for cause, groups in by_cause:
        title_line = f"*{headline(cause).title}*: {len(groups)}"
        for at in range(0, len(groups), ROWS_IN_BLOCK):
            chunk = groups[at : at + ROWS_IN_BLOCK]
            if len(blocks) >= MOST_ROW_BLOCKS:
                left_out += len(chunk)
                continue
            rows = [bullet(_row(group)) for group in chunk]
            blocks.append(section("\n".join([title_line, *rows] if at == 0 else rows)))
    if left_out:
        blocks.append(
            section(ngettext("… and {count} more", "… and {count} more", left_out).format(count=left_out))
        )
    return blocks


def _row(group: AlertGroup) -> str:
    since = _("{tries} since {when}").format(tries=tries(group.tries), when=moment(group.first_at))
    if group.scope is Scope.PERSON:
        return f"{_short(group)}, {since}"
    return f"{title(group)}, {since}"


def _short(group: AlertGroup) -> str:
    full = name_and_address(group.newest)
    if safe.width(full) <= ROW_WIDTH - 90:
        return full
    return safe.code(group.newest.user_principal_name or group.newest.user_name, 60)
