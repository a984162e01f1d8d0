"""What people type behind `/psso`, as Slack really sends it. Pure.

Slack turns addresses, numbers, links and mentions into tokens such as `<mailto:a@b|a@b>`:
https://docs.slack.dev/messaging/formatting-message-text#retrieving-messages
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass

from bot.errors import BadInput
from bot.render.words import N_

LONGEST = 320  # the longest an e-mail address can be
LONGEST_ERROR_TEXT = 2000

WHY, EXPLAIN, PENDING, HISTORY, STATUS, HELP = "why", "explain", "pending", "history", "status", "help"
SWEEP, ASK = "sweep", "ask"
ALERTS = "alerts"
_WITH_PERSON = (WHY, HISTORY, ALERTS)
_ALONE = (PENDING, STATUS, SWEEP, HELP)

_TOKEN = re.compile(r"<([^<>]*)>")
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")
_MENTION_FIRST = re.compile(r"^\s*<@[UW][A-Z0-9]+(?:\|[^<>]*)?>[\s,:]*")
_ACCOUNT = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+")
_ERROR = re.compile(r"aadsts\s*\d{4,7}", re.IGNORECASE)
_QUOTES = "\"'`“”„‟‘’‚‛«»‹›"
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_CODE = re.compile(r"(?:aadsts\s*)?\d{4,7}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `asked` is the person or code as typed; `slack_id` is set when it was a mention."""

    kind: str
    asked: str = ""
    slack_id: str = ""


def parse(text: str) -> Command:
    """Return what is asked; raise BadInput when a person or a code is missing."""
    verb, rest = _split(text)
    if not verb:
        return Command(ASK)
    if verb in _ALONE or (verb == ALERTS and not readable(rest)):
        return Command(verb)
    if verb == EXPLAIN:
        return _explain(rest)
    if verb in _WITH_PERSON:
        return _about(verb, rest)
    if _CODE.fullmatch(readable(text)):
        return _explain(text)
    return _about(WHY, text)


def said_to_us(text: str) -> Command:
    """Return what a mention of the bot, or a direct message to it, asks; without a question: help."""
    command = parse(_MENTION_FIRST.sub("", text, count=1))
    return Command(HELP) if command.kind == ASK else command


def found_in(text: str) -> Command | None:
    """Return what somebody's message is about: the first account in it, else an AADSTS code, else None."""
    account = _ACCOUNT.search(readable(text))
    if account:
        return Command(WHY, account.group())
    return Command(EXPLAIN, readable(text)[:LONGEST_ERROR_TEXT]) if _ERROR.search(text) else None


def readable(text: str) -> str:
    """Return `text` with Slack's tokens spelt out, without invisible characters and outer quotes."""
    spelt = html.unescape(_TOKEN.sub(lambda found: _spelt(found.group(1)), text))
    visible = "".join(
        " " if char.isspace() or unicodedata.category(char) == "Cc" else char
        for char in spelt
        if unicodedata.category(char) not in ("Cf", "Cs")
    )
    return " ".join(visible.split()).strip(_QUOTES + " ")


def _split(text: str) -> tuple[str, str]:
    """Split off the first word, in lower case and without quotes."""
    cleaned = " ".join(_INVISIBLE.sub("", text).split()).lstrip(_QUOTES)
    first, _, rest = cleaned.partition(" ")
    return readable(first).lower(), rest


def _about(kind: str, rest: str) -> Command:
    mention = _MENTION.search(rest)
    if mention:
        return Command(kind, slack_id=mention.group(1))
    asked = readable(rest)
    if not asked:
        raise BadInput(N_("a command without a person"), "USER")
    if asked.startswith("@"):
        raise BadInput(N_("a name that Slack did not turn into a mention; use the e-mail address"), "USER")
    if len(asked) > LONGEST:
        raise BadInput(N_("longer than any address"), "USER")
    return Command(kind, asked)


def _explain(rest: str) -> Command:
    asked = readable(rest)[:LONGEST_ERROR_TEXT]
    if not asked:
        raise BadInput(N_("a command without a code; give one such as 50076"), "CODE")
    return Command(EXPLAIN, asked)


def _spelt(inside: str) -> str:
    target, _, label = inside.partition("|")
    if target.startswith(("mailto:", "tel:")):
        return target.partition(":")[2] if target.startswith("mailto:") else label or target[4:]
    return label or target
