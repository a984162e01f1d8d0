"""What `/psso alerts USER` says: what is open about one person, what was decided, what keeps them quiet."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.alert_overview import AboutPerson, Decision, Reading
from bot.ports import Rules, SwitchState
from bot.render import labels, safe
from bot.render.alert_routes import brakes
from bot.render.alert_rows import CARD, row_blocks, silence_blocks
from bot.render.alert_sources import nothing_read, poll_line, read_ago, stream_line
from bot.render.alert_words import words_of
from bot.render.alerts_list import NO_LINKS
from bot.render.blocks import Block, Message, bullets, context, header, link, message, moment, section
from bot.render.quiet_words import channel_name, quiet_row
from bot.render.reader import Reader
from bot.render.words import _

UNWELL = (Reading.UNSTEADY, Reading.BEHIND, Reading.REFUSED)


def person_alerts_message(
    about: AboutPerson,
    rules: Rules,
    reader: Reader,
    *,
    key: str,
    paused: SwitchState | None = None,
    links: Mapping[str, str] = NO_LINKS,
) -> Message:
    """Return what alerting knows of one person."""
    head = _("Alerts about {name}").format(name=safe.line(about.name, 100) or "–")
    parts: list[Block] = [
        header(head),
        *_open(about, links),
        *brakes(rules, paused, about.at, approves=reader.approves),
        *_silences(about, reader),
        *_decisions(about, links),
        *_unwell(about),
        context(_foot(about)),
    ]
    return message(_title(about), parts, f"alerts-of:{key}")


def _open(about: AboutPerson, links: Mapping[str, str]) -> list[Block]:
    if not about.open:
        return [section(f"*{_('Open')}*\n{_nothing(about)}")]
    return [section(f"*{_('Open')}* ({len(about.open)})"), *row_blocks(about.open, links)]


def _nothing(about: AboutPerson) -> str:
    off = Reading.OFF
    if about.poll.reading is off and about.stream.reading is off:
        return nothing_read()
    read = read_ago(about.poll, about.at)
    read = f"; {read}" if read else ""
    if about.decisions:
        since = _("Nothing is open. The last that is on record is from {when}{read}.")
        return since.format(when=moment(about.decisions[0].at), read=read)
    return _("Nothing failing was seen of them in the 8 days that are kept{read}.").format(read=read)


def _silences(about: AboutPerson, reader: Reader) -> list[Block]:
    if not about.silences:
        return [section(_("No silence is about them."))]
    return [
        section(f"*{_('Silences that keep them quiet')}*"),
        *silence_blocks(about.silences, approves=reader.approves),
    ]


def _decisions(about: AboutPerson, links: Mapping[str, str]) -> list[Block]:
    if not about.decisions:
        return []
    rows = [_decision(one, links) for one in about.decisions]
    return [section(f"*{_('Last decisions')}*\n{bullets(rows)}")]


def _decision(one: Decision, links: Mapping[str, str]) -> str:
    if one.quiet is not None:
        return quiet_row(one.quiet, named=False)
    assert one.posted is not None
    assert one.posted.message is not None
    group, channel = one.posted.group, channel_name(one.posted.message.channel)
    words = _("{when}: posted in {channel}: {title}").format(
        when=moment(one.at), channel=channel or "–", title=words_of(group)
    )
    return f"{words}  ·  {link(links[group.id], _(CARD))}" if group.id in links else words


def _unwell(about: AboutPerson) -> list[Block]:
    """Return what keeps failures from being seen, as far as something does."""
    lines = [poll_line(about.poll, about.at)] if about.poll.reading in UNWELL else []
    lines += [stream_line(about.stream, about.at)] if about.stream.reading in UNWELL else []
    return [section(bullets(lines))] if lines else []


def _title(about: AboutPerson) -> str:
    name = safe.mrkdwn(about.name, 100) or "–"
    if not about.open:
        return _("Alerts about {name}: nothing is open").format(name=name)
    return _("Alerts about {name}: {count} open").format(name=name, count=len(about.open))


def _foot(about: AboutPerson) -> str:
    account = about.user.user_principal_name if about.user else about.asked
    words = _("As of {when}. {command} reads the sign-in log anew.")
    return words.format(when=moment(about.at), command=safe.code(f"{labels.COMMAND} why {account}", 220))
