"""Rows about alerts, for lists: a live group, a silence with its Lift button, figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.alert_overview import Figures, Row
from bot.domain.alerts import Scope, Silence
from bot.domain.silencing import needs_approver
from bot.render import labels, safe
from bot.render.alert_words import name_and_address, title, tries
from bot.render.blocks import Block, bullets, button, context, link, moment, person, section
from bot.render.phrases import phrase
from bot.render.quiet_words import SHORT, why_quiet
from bot.render.words import N_, _, ngettext

ROWS_IN_BLOCK = 4
SILENCES_SHOWN = 10
CARD = N_("Open the card")
LONGEST_BAR = 18  # letters: a row fits the width of a phone


def row_blocks(rows: Sequence[Row], links: Mapping[str, str]) -> list[Block]:
    """Return live groups, a few in a block; `links` leads from their ids to their messages."""
    lines = [row_line(row, links) for row in rows]
    chunks = [lines[at : at + ROWS_IN_BLOCK] for at in range(0, len(lines), ROWS_IN_BLOCK)]
    return [section(bullets(chunk)) for chunk in chunks]


def row_line(row: Row, links: Mapping[str, str]) -> str:
    """Return one group: who or how many, the cause, since when, how it stands, and where its message is."""
    group = row.group
    lines = [f"*{title(group)}*"]
    if group.scope is Scope.PERSON:
        lines.append(name_and_address(group.newest))
    since = _("since {when}, {tries}").format(when=moment(group.first_at), tries=tries(group.tries))
    parts = [since, *_standing(row)]
    if group.id in links:
        parts.append(link(links[group.id], _(CARD)))
    return "\n   ".join([*lines, "  ·  ".join(parts)])


def _standing(row: Row) -> list[str]:
    found = []
    if row.group.registered and row.group.scope is not Scope.PERSON:
        count = row.group.still_blocked
        found.append(ngettext("{count} still blocked", "{count} still blocked", count).format(count=count))
    if row.acknowledged:
        found.append(_("looked after by {by}").format(by=person(row.acknowledged.by)))
    if row.silence:
        found.append(_("silenced until {until}").format(until=moment(row.silence.until)))
    elif row.quiet:
        found.append(_("not posted: {why}").format(why=why_quiet(row.quiet)))
    elif row.message is None:
        found.append(_("not posted yet"))
    return found


def silence_blocks(silences: Sequence[Silence], *, approves: bool) -> list[Block]:
    """Return silences, those the reader may lift with a button."""
    shown = silences[:SILENCES_SHOWN]
    blocks = [_silence(one, may_lift=approves or not needs_approver(one.matcher)) for one in shown]
    left_out = len(silences) - len(shown)
    if left_out > 0:
        words = ngettext(
            "{count} more silence is not shown.", "{count} more silences are not shown.", left_out
        )
        blocks.append(context(words.format(count=left_out)))
    return blocks


def _silence(silence: Silence, *, may_lift: bool) -> Block:
    subject, reason = safe.mrkdwn(phrase(silence.subject), 250) or "–", safe.mrkdwn(silence.reason, 500)
    words = _("◇ *{subject}*, by {by} until {until}: {reason}").format(
        subject=subject, by=person(silence.by), until=moment(silence.until), reason=reason or "–"
    )
    if not may_lift:
        return section(words)
    ask = _("New alerts like this are posted again, and what is open now is posted at once.")
    lift = button(labels.LIFT_SILENCE, labels.ON_LIFT_SILENCE, silence.id, ask=ask)
    return {**section(words), "accessory": lift}


def figures_line(period: str, figures: Figures) -> str:
    """Return what was posted, edited and left quiet in a period."""
    counts = [
        ngettext("{count} posted", "{count} posted", figures.posted).format(count=figures.posted),
        ngettext("{count} edit", "{count} edits", figures.edited).format(count=figures.edited),
    ]
    if figures.in_digest:
        counts.append(_("{count} in digests").format(count=figures.in_digest))
    if figures.shadowed:
        counts.append(_("{count} only recorded").format(count=figures.shadowed))
    quiet = ", ".join(f"{_(SHORT[why])} {count}" for why, count in figures.quiet)
    said = f"*{period}*: {', '.join(counts)}"
    return f"{said}\n{_('Quiet: {reasons}').format(reasons=quiet)}" if quiet else said


def bar(count: int, most: int) -> str:
    """Return a figure as a bar; `most` is a full one, nothing is a dot, and what is there is seen."""
    return "█" * max(1, round(count / most * LONGEST_BAR)) if count > 0 else "·"
