"""Block Kit pieces that stay inside Slack's limits whatever they are given.

Limits: https://docs.slack.dev/reference/block-kit
Trusted mrkdwn comes in ready; words of others pass through `bot.render.safe` first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.render.calendar_words import month
from bot.render.safe import CUT, code, cut, width
from bot.render.words import N_, _

Block = dict[str, Any]
View = dict[str, Any]

MOST_BLOCKS = 50
MOST_TEXT = 3000
MARKS = frozenset("■▲△▷●○□◷◆◇✓⚠")
"""Shapes that stand before a word and say how something is."""
MOST_FALLBACK = 3500  # the top-level text; chat.update refuses 4000 and more


@dataclass(frozen=True, slots=True)
class Message:
    """What to post: `text` for notifications and screen readers, `blocks` for everyone else."""

    text: str
    blocks: list[Block] = field(default_factory=list)


def message(text: str, blocks: Sequence[Block], key: str) -> Message:
    """Join text and blocks; every block gets an id that starts with `key`, new for each version."""
    named = [{**block, "block_id": f"{key[:200]}/{at}"} for at, block in enumerate(blocks[:MOST_BLOCKS])]
    return Message(within(text, MOST_FALLBACK) or "…", named)


def plain(text: str) -> Message:
    """Return a message of one mrkdwn paragraph."""
    return Message(within(text, MOST_FALLBACK) or "…", [section(text)])


def section(text: str) -> Block:
    """Return a paragraph of mrkdwn; nothing in it is linked or mentioned on its own."""
    return {"type": "section", "text": _mrkdwn(text, MOST_TEXT)}


def plain_section(text: str) -> Block:
    """Return a paragraph shown exactly as written: for words of others."""
    return {"type": "section", "text": plain_text(text, MOST_TEXT, emoji=False)}


def header(text: str) -> Block:
    """Return a heading."""
    return {"type": "header", "text": plain_text(text, 150, emoji=False)}


def fields(*texts: str) -> Block:
    """Return mrkdwn in two columns, at most ten cells."""
    return {"type": "section", "fields": [_mrkdwn(text, 2000) for text in texts[:10]]}


def context(*texts: str) -> Block:
    """Return small grey print."""
    return {"type": "context", "elements": [_mrkdwn(text, 2000) for text in texts[:10]]}


def divider() -> Block:
    """Return a line."""
    return {"type": "divider"}


def actions(*buttons: Block) -> Block:
    """Return a row of buttons."""
    return {"type": "actions", "elements": list(buttons[:25])}


def button(label: str, action_id: str, value: str, *, style: str | None = None, ask: str = "") -> Block:
    """Return a button; `label` is one of ours in English, `value` an opaque id, `ask` is confirmed first."""
    label = _(label)
    made: Block = {
        "type": "button",
        "text": plain_text(label, 75),
        "action_id": action_id,
        "value": value[:2000],
    }
    if style:
        made["style"] = style
    if ask:
        made["confirm"] = {
            "title": plain_text(f"{label}?", 100),
            "text": plain_text(ask, 300),
            "confirm": plain_text(label, 30),
            "deny": plain_text(_("Not now"), 30),
        }
    return made


def link_button(label: str, action_id: str, url: str, *, style: str | None = None) -> Block:
    """Return a button that opens `url` in the reader's browser."""
    made: Block = {
        "type": "button",
        "text": plain_text(_(label), 75),
        "action_id": action_id,
        "url": url[:3000],
    }
    return {**made, "style": style} if style else made


def text_input(name: str, label: str, *, hint: str = "", most: int = 500, lines: bool = False) -> Block:
    """Return a required text field of a modal; `name` is both block id and action id."""
    element: Block = {
        "type": "plain_text_input",
        "action_id": name,
        "multiline": lines,
        "max_length": min(most, 3000),
    }
    made: Block = {"type": "input", "block_id": name, "label": plain_text(label, 2000), "element": element}
    if hint:
        made["hint"] = plain_text(hint, 2000)
    return made


def select_input(
    name: str, label: str, options: Mapping[str, str], *, hint: str = "", first: str = ""
) -> Block:
    """Return a required menu of a modal; `options` maps what is sent to what is read, `first` is preset."""
    made: dict[str, Block] = {
        value: {"text": plain_text(words, 75), "value": value[:150]} for value, words in options.items()
    }
    element: Block = {
        "type": "static_select",
        "action_id": name,
        "placeholder": plain_text(_("Choose"), 150),
        "options": list(made.values()),
    }
    if first:
        element["initial_option"] = made[first]
    field: Block = {"type": "input", "block_id": name, "label": plain_text(label, 2000), "element": element}
    if hint:
        field["hint"] = plain_text(hint, 2000)
    return field


def modal(
    title: str, blocks: Sequence[Block], *, callback_id: str, submit: str = "", metadata: str = ""
) -> View:
    """Return a modal; `metadata` holds ids only, `title` and `submit` may be labels in English."""
    view: View = {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain_text(_(title), 24),
        "close": plain_text(_("Close"), 24),
        "private_metadata": metadata[:3000],
        "blocks": list(blocks[:100]),
    }
    if submit:
        view["submit"] = plain_text(_(submit), 24)
    return view


def home(blocks: Sequence[Block]) -> View:
    """Return the app's home tab."""
    return {"type": "home", "blocks": list(blocks[:100])}


def plain_text(text: str, limit: int, *, emoji: bool = True) -> Block:
    """Return a plain_text object, never empty."""
    return {"type": "plain_text", "text": cut(text, limit).strip() or "–", "emoji": emoji}


def person(slack_id: str) -> str:
    """Return a mention of a Slack account; what is no account's id comes out as text."""
    return f"<@{slack_id}>" if slack_id.isascii() and slack_id.isalnum() else code(slack_id, 40)


def bullets(rows: Sequence[str], limit: int = MOST_TEXT) -> str:
    """Return rows as a list; what does not fit is counted in the last line."""
    return _listed([bullet(row) for row in rows], limit)


def bullet(row: str) -> str:
    """Return a row of a list; one that begins with a mark ("● Good") needs no bullet before it."""
    return row if row.lstrip("*")[:1] in MARKS else f"• {row}"


def numbered(rows: Sequence[str], limit: int = MOST_TEXT) -> str:
    """Return rows as numbered steps."""
    return _listed([f"{number}. {row}" for number, row in enumerate(rows, 1)], limit)


def link(url: str, label: str) -> str:
    """Return an https link; what is none comes out as its label alone."""
    plain = url.startswith("https://") and not any(char in "<>|" or char.isspace() for char in url)
    return f"<{url}|{label}>" if plain else label


def moment(at: datetime, time_zone: str = "UTC") -> str:
    """Return a time that Slack shows in each reader's own zone; the fallback is in `time_zone`."""
    shown = _("{date_short_pretty} at {time}")
    return f"<!date^{int(at.timestamp())}^{shown}|{clock_time(at, time_zone)}>"


def clock_time(at: datetime, time_zone: str = "UTC") -> str:
    """Return a time in words for places without Slack's date tokens: "23 Nov 2026, 13:05 CET"."""
    local = at.astimezone(zone(time_zone))
    return _("{day} {month} {year}, {clock} {zone}").format(
        day=local.day,
        month=month(local),
        year=f"{local:%Y}",
        clock=f"{local:%H:%M}",
        zone=local.tzname(),
    )


def zone(name: str) -> ZoneInfo:
    """Return a time zone; UTC when Slack gave a name that is not one."""
    try:
        # The longest there is has 32 letters; a long path of many parts would be looked up part by part.
        return ZoneInfo(name[:64])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def ago(seconds: float) -> str:
    """Return a span in words: "40 s", "12 min", "3 h", "2 days"."""
    spans = (
        (90, 1, N_("{count} s")),
        (90 * 60, 60, N_("{count} min")),
        (36 * 3600, 3600, N_("{count} h")),
        (float("inf"), 86400, N_("{count} days")),
    )
    unit, words = next((unit, words) for below, unit, words in spans if seconds < below)
    return _(words).format(count=max(0, round(seconds / unit)))


def within(text: str, limit: int) -> str:
    """Return mrkdwn within `limit`, cut outside of tokens and entities."""
    if width(text) <= limit:
        return text
    shorter = cut(text, limit).removesuffix(CUT)
    if shorter.rfind("<") > shorter.rfind(">"):
        shorter = shorter[: shorter.rfind("<")]
    if shorter.rfind("&") > shorter.rfind(";"):
        shorter = shorter[: shorter.rfind("&")]
    return shorter.rstrip() + CUT


def _mrkdwn(text: str, limit: int) -> Block:
    return {"type": "mrkdwn", "text": within(text, limit).strip() or "–", "verbatim": True}


def _listed(rows: Sequence[str], limit: int) -> str:
    shown: list[str] = []
    room = limit - 30
    for row in rows:
        room -= width(row) + 1
        if room < 0:
            break
        shown.append(row)
    left_out = len(rows) - len(shown)
    if left_out and not shown:
        return within(rows[0], limit)
    return "\n".join([*shown, *([_("… and {count} more").format(count=left_out)] if left_out else [])])
