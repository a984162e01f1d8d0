"""Text that somebody else wrote (names, reasons, policies, devices), made harmless to show.

Slack's markup and its three special characters: https://docs.slack.dev/messaging/formatting-message-text
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from bot.render.words import N_

CUT = "…"
_MOST_MARKS = 3  # combining marks kept on one letter; more is a way to paint over the line above
_FIRST_STRONG, _POP = "\u2068", "\u2069"  # Unicode isolates: https://www.unicode.org/reports/tr9/
_LEFT_TO_RIGHT = "\u200e"  # a client that looks into isolates takes a line's direction from this mark
_JOINER = "\u200d"
_PICTURE = "[©®‼⁉™ℹ\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf⤴⤵\u2b00-\u2bff〰〽㊗㊙\U0001f000-\U0001faff]"
# What joins or chooses pictures, inside of an emoji: https://www.unicode.org/reports/tr51/
_IN_EMOJI = re.compile(
    rf"(?:(?<={_PICTURE})|(?<={_PICTURE}\ufe0f)){_JOINER}(?={_PICTURE})"
    rf"|(?<={_PICTURE})[\ufe0e\ufe0f]"
    r"|(?<=[0-9#*])\ufe0f(?=\u20e3)"
)
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Look-alikes without meaning to Slack: an account's display name must not come out bold or struck.
_FORMATTING = str.maketrans({"*": "∗", "~": "∼", "`": "ʼ"})
_EMOJI_NAME = re.compile(r":(?=[a-z0-9_+'-]*[a-z+][a-z0-9_+'-]*:)", re.IGNORECASE)
_ALPHABETS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "HEBREW", "ARABIC")


def line(text: str, limit: int = 200) -> str:
    """Return `text` as one visible line of at most `limit` UTF-16 units, cut with an ellipsis."""
    kept = _one_line(text)
    if _turns(kept):
        # Isolated, right-to-left text cannot reorder what stands beside it.
        return f"{_FIRST_STRONG}{cut(kept, limit - 2)}{_POP}"
    return cut(kept, limit)


def paragraph(text: str, limit: int = 2000) -> str:
    """Return `text` with its line breaks, otherwise cleaned like `line`."""
    rows = [" ".join(_visible(row).split()) for row in text.splitlines()]
    return cut("\n".join(rows).strip(), limit)


def mrkdwn(text: str, limit: int = 200) -> str:
    """Return `text` as one line that mrkdwn shows literally; `limit` counts the escaped text."""
    return _within_a_line(_EMOJI_NAME.sub("\ua789", _one_line(text)).translate(_FORMATTING), limit)


def prose(text: str, limit: int = 1200) -> str:
    """Return a sentence of our own that quotes others: escaped, its own code spans kept."""
    return _within_a_line(_EMOJI_NAME.sub("\ua789", _one_line(text)), limit)


def code(text: str, limit: int = 200) -> str:
    """Return `text` in a code span, where mrkdwn formats nothing; "–" when there is nothing."""
    plain = _within_a_line(_one_line(text).replace("`", "ʼ"), limit)
    return f"`{plain}`" if plain else "–"


def oddities(text: str) -> tuple[str, ...]:
    """Return what a reader cannot see but should know of a name: hidden characters, mixed alphabets."""
    found = []
    if any(is_hidden or unicodedata.category(char) == "Cc" for char, is_hidden in _seen(text)):
        found.append(N_("it held hidden characters, which were removed"))
    if any(len(_alphabets(word)) > 1 for word in re.split(r"[\s@.\-_]+", text)):
        found.append(N_("it mixes letters of different alphabets that can look alike"))
    return tuple(found)


def cut(text: str, limit: int) -> str:
    """Return `text` within `limit` UTF-16 units, never splitting a letter from its accents, or an emoji."""
    if width(text) <= limit:
        return text
    used = width(CUT)
    end = 0
    for at, char in enumerate(text):
        used += width(char)
        if used > limit:
            break
        end = at + 1
    while end and (_joins(text[end : end + 1]) or text[end - 1] == _JOINER):
        end -= 1
    return text[:end].rstrip() + CUT if limit >= width(CUT) else ""


def width(text: str) -> int:
    """Count UTF-16 units: the strictest way a Slack client may count."""
    return len(text) + sum(char > "\uffff" for char in text)


def _visible(text: str) -> str:
    """Drop control, format (bidi, zero-width), private and unassigned characters and stacked marks."""
    kept: list[str] = []
    marks = 0
    for char, is_hidden in _seen(text):
        if is_hidden:
            continue
        category = unicodedata.category(char)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks <= _MOST_MARKS:
            kept.append(" " if category == "Cc" else char)
    return "".join(kept)


def _seen(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each character, and whether it is hidden: it shows nothing, and no emoji needs it."""
    needed = {found.start() for found in _IN_EMOJI.finditer(text)}
    for at, char in enumerate(text):
        hidden = unicodedata.category(char) in ("Cf", "Cs", "Co", "Cn") or char in "\ufe0e\ufe0f"
        yield char, hidden and at not in needed


def _one_line(text: str) -> str:
    return " ".join(_visible(text.replace("\n", " ")).split())


def _turns(text: str) -> bool:
    return any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in text)


def _within_a_line(text: str, limit: int) -> str:
    """Escape `text` for a line of ours: right-to-left words turn neither their neighbours nor the line."""
    if not _turns(text):
        return _escaped_within(text, limit)
    return f"{_LEFT_TO_RIGHT}{_FIRST_STRONG}{_escaped_within(text, limit - 3)}{_POP}"


def _escaped_within(text: str, limit: int) -> str:
    """Escape the three special characters; what does not fit is cut before it is escaped."""
    text, room = cut(text, limit), limit
    escaped = "".join(_ESCAPES.get(char, char) for char in text)
    while width(escaped) > limit and room > 0:
        room -= max(1, (width(escaped) - limit) // 4)
        escaped = "".join(_ESCAPES.get(char, char) for char in cut(text, room))
    return escaped


def _joins(char: str) -> bool:
    return char == _JOINER or (bool(char) and unicodedata.category(char) in ("Mn", "Me", "Mc"))


def _alphabets(word: str) -> set[str]:
    return {
        alphabet
        for char in word
        if char.isalpha()
        for alphabet in _ALPHABETS
        if unicodedata.name(char, "").startswith(alphabet)
    }
