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
MOST_ACCOUNTS = 8
APOSTROPHE = "'"  # keyboards make a curly one of it, which no account has

WHY, EXPLAIN, PENDING, HISTORY, STATUS, HELP = "why", "explain", "pending", "history", "status", "help"
SWEEP, ASK = "sweep", "ask"
ALERTS = "alerts"
_WITH_PERSON = (WHY, HISTORY, ALERTS)
_ALONE = (PENDING, STATUS, SWEEP, HELP)
_SYNONYMS = {"?": HELP, "hilfe": HELP}

_TOKEN = re.compile(r"<([^<>]*)>")
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")
_MENTION_FIRST = re.compile(r"^\s*<@[UW][A-Z0-9]+(?:\|[^<>]*)?>[\s,:]*")
_OUR_NAME = re.compile(r"\s*/?psso(?=[\s:,]|$)[\s:,]*", re.IGNORECASE)
_GREETING = re.compile(
    r"(?:(?:hi|hello|hey|hallo|moin|servus|good (?:morning|afternoon|evening)|guten (?:morgen|tag|abend))"
    r"(?: there| all| bot| psso| zusammen)?|thanks|thank you|danke(?: schön)?|please|bitte|:[a-z0-9_+-]+:)"
    r"(?:\s*[,.!–]+\s*|:\s+|\s*$|\s+(?=(?:why|explain|history|alerts|pending|status|sweep|help)\b|<@|:))",
    re.IGNORECASE,
)
_BETWEEN_WORDS = re.compile(r"[\s<>()\[\]{},;:\"“”„«»|=/\\]+")
_AROUND_ACCOUNT = "@*~`'‘’.!?…"
_DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_ERROR = re.compile(r"aadsts[\s:_#-]*\d{4,7}|error[\s_]*codes?\"?\s*[:=]?\s*[\[\"]*\d{5,7}", re.IGNORECASE)
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
    text = _OUR_NAME.sub("", text, count=1) if _OUR_NAME.match(text) else text
    verb, rest = _split(text)
    if not verb:
        return Command(ASK)
    if verb in _ALONE or (verb == ALERTS and not readable(rest)):
        return Command(verb)
    if verb == EXPLAIN:
        return _explain(rest)
    if verb in _WITH_PERSON:
        return _about(verb, rest)
    return _explain(text) if _is_about_a_code(text) else _about(WHY, text)


def said_to_us(text: str, our_account: str = "") -> Command:
    """Return what a mention of the bot, or a direct message to it, asks; without a question: help.

    `our_account` is the bot's Slack account; without it the first mention is taken for the bot's.
    """
    command = parse(_without_greeting(_without_our_mention(text, our_account)))
    return Command(HELP) if command.kind == ASK else command


def found_in(text: str) -> Command | None:
    """Return what somebody's message is about: the accounts in it, else an AADSTS code, else None."""
    accounts = accounts_in(readable(text))
    if accounts:
        return Command(WHY, " ".join(accounts))
    return Command(EXPLAIN, readable(text)[:LONGEST_ERROR_TEXT]) if _ERROR.search(text) else None


def accounts_in(text: str) -> tuple[str, ...]:
    """Return the first addresses and UPNs in a readable text, each once, without the marks around them."""
    found: dict[str, str] = {}
    for word in _BETWEEN_WORDS.split(text):  # word by word: a search would take long on long messages
        local, _, domain = word.strip(_AROUND_ACCOUNT).rpartition("@")
        known = _DOMAIN.match(domain)
        if known and local and "@" not in local:
            local = local[1:] if local.startswith("_") and domain.endswith("_") else local
            account = re.sub("[‘’]", APOSTROPHE, local) + "@" + known.group().rstrip("_-")
            found.setdefault(account.casefold(), account)
    return tuple(found.values())[:MOST_ACCOUNTS]


def person_in(text: str) -> str:
    """Return the accounts in a readable text, else the text as a name; "" when neither is there."""
    return " ".join(accounts_in(text)) or text.rstrip(_QUOTES + " .,;:!?…").strip("*_~ ")


def readable(text: str) -> str:
    """Return `text` with tokens spelt out and letters composed, nothing invisible, no outer quotes."""
    spelt = html.unescape(_TOKEN.sub(lambda found: _spelt(found.group(1)), text))
    visible = "".join(
        " " if char.isspace() or unicodedata.category(char) == "Cc" else char
        for char in spelt
        if unicodedata.category(char) not in ("Cf", "Cs")
    )
    return " ".join(unicodedata.normalize("NFC", visible).split()).strip(_QUOTES + " ")


def _without_our_mention(text: str, our_account: str) -> str:
    if not our_account:
        return _MENTION_FIRST.sub("", text, count=1)
    return re.sub(rf"<@{re.escape(our_account)}(?:\|[^<>]*)?>[\s,:]*", " ", text)


def _without_greeting(text: str) -> str:
    said = text.lstrip()
    while greeting := _GREETING.match(said):
        said = said[greeting.end() :]
    return said


def _is_about_a_code(text: str) -> bool:
    asked = readable(text)
    if _CODE.fullmatch(asked):
        return True
    return bool(_ERROR.search(asked)) and not _MENTION.search(text) and not accounts_in(asked)


def _split(text: str) -> tuple[str, str]:
    """Split off the first word, in lower case and without quotes."""
    cleaned = " ".join(_INVISIBLE.sub("", text).split()).lstrip(_QUOTES)
    first, _, rest = cleaned.partition(" ")
    verb = readable(first).lower().rstrip(":,") or readable(first)
    return _SYNONYMS.get(verb, verb), rest


def _about(kind: str, rest: str) -> Command:
    mentioned = {found.group(1) for found in _MENTION.finditer(rest)}
    if len(mentioned) > 1:
        raise BadInput(N_("more than one person; ask about one at a time"), "USER")
    if mentioned:
        return Command(kind, slack_id=mentioned.pop())
    asked = person_in(readable(rest))
    if not asked:
        raise BadInput(N_("a command without a person"), "USER")
    if asked.startswith("@"):
        raise BadInput(N_("a name that Slack did not turn into a mention; use the e-mail address"), "USER")
    if max(map(len, asked.split())) > LONGEST or len(asked) > LONGEST * MOST_ACCOUNTS:
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
