"""Sentences that the domain and the use cases made in English, in the language of whoever reads them.

A whole sentence is looked up in the catalogue. One that holds values is compared with the templates of
`bot.render.phrase_table` and filled again; several sentences in a row are taken one by one. What the
catalogue does not know stays English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from string import Formatter

from bot.render.phrase_table import PARTS, TEMPLATES, WORDS
from bot.render.words import DEFAULT, _, known, language

LONGEST = 4000  # of what is compared with templates
SPOKEN = frozenset(
    {
        "sentence",
        "reason",
        "gap",
        "gaps",
        "what",
        "condition",
        "parts",
        "kinds",
        "kind",
        "said",
        "meaning",
        "list",
    }
)
"""Placeholders whose value is a phrase of ours too. Every other value is somebody's name or a number."""

SHAPES = {
    "count": re.compile(r"\d{1,9}"),
    "time": re.compile(r"(\d{4}-\d\d-\d\d (at )?)?\d\d:\d\d(:\d\d)? UTC"),
    "network": re.compile(r"[0-9a-f.:]+(/\d+)?"),
    "codes": re.compile(r"\d{4,7}(, \d{4,7})*( or \d{4,7})?"),
}
"""What the value of a placeholder of that name looks like."""

_SENTENCE_END = re.compile(r"(?<=[.!?]) (?=[A-Z“*])")
_LIST = re.compile(r"(, | and | or )")
_BETWEEN_NAMES = re.compile(r"(?<=[”\d]) (and|or) (?=[“\d])")
_SPLIT_PARTS = re.compile(r", (?=(?:with|on|at|outside|for) )")


def phrase(text: str) -> str:
    """Return `text` in the language in force, as far as the catalogue knows it."""
    if language() == DEFAULT or not text or len(text) > LONGEST:
        return text
    return told(text) or _told(text, loosely=True) or text


def told(text: str) -> str:
    """Return `text` in the language in force, or "" unless the catalogue knows all of it."""
    return _told(text)


def _told(text: str, *, loosely: bool = False) -> str:
    """Return the translation or ""; `loosely` leaves values that are not known in English."""
    if loosely:
        return _sentences(text, loosely) or _one(text, loosely)
    return _one(text, loosely) or _sentences(text, loosely)


def _one(text: str, loosely: bool, templates: tuple[str, ...] = TEMPLATES) -> str:
    """Translate one sentence or piece of one; a full stop that was taken away is put back to look it up."""
    found = known(text) or known(f"{text}.").removesuffix(".")
    if found:
        return found
    for template, pieces in _patterns(templates):
        values = _values(text, pieces)
        if values is None:
            continue
        said = {name: _value(name, value, loosely) for name, value in values.items()}
        if all(said.values()):
            return _(template).format(**said)
    return ""


def _value(name: str, value: str, loosely: bool) -> str:
    """Return a value as it goes into the translation; "" when a phrase of ours is not known."""
    if name not in SPOKEN:
        return _BETWEEN_NAMES.sub(lambda found: f" {_(found.group(1))} ", value)
    if name == "parts":
        told = [_one(part, loosely, PARTS) for part in _SPLIT_PARTS.split(value)]
        return ", ".join(told) if all(told) else value if loosely else ""
    if name == "places":
        return f" {_('or')} ".join(known(place) or place for place in value.split(" or "))
    if name in ("list", "condition"):
        return _listed(value, loosely)
    capital = value[:1].upper() + value[1:]
    return _told(value, loosely=loosely) or _told(capital, loosely=loosely) or (value if loosely else "")


def _listed(text: str, loosely: bool) -> str:
    """Translate words of ours in a row, "browsers and legacy clients"; some hold an "and" themselves."""
    pieces = _LIST.split(text)
    said: list[str] = []
    at = 0
    while at < len(pieces):
        ends = range(len(pieces), at, -2)
        for end in ends:
            word = _word("".join(pieces[at:end]))
            if word:
                break
        if not word and not loosely:
            return ""
        said.append(word or pieces[at])
        said += [
            f" {_(joint.strip())} " if joint.strip() != "," else joint for joint in pieces[end : end + 1]
        ]
        at = end + 1
    return "".join(said)


def _word(text: str) -> str:
    return _one(text, False, WORDS)


def _sentences(text: str, loosely: bool) -> str:
    """Translate sentences in a row, as long pieces at a time as the catalogue knows; all of them or none."""
    parts = _SENTENCE_END.split(text)
    rest: dict[int, str] = {len(parts): ""}
    for start in range(len(parts) - 1, -1, -1):
        for end in range(len(parts), start, -1):
            if end - start == len(parts) or end not in rest:
                continue
            told = _one(" ".join(parts[start:end]), loosely)
            if told:
                rest[start] = f"{told} {rest[end]}".strip()
                break
    return rest.get(0, "")


def _values(text: str, pieces: tuple[tuple[str, str], ...]) -> dict[str, str] | None:
    """Return what stands at the placeholders, or None when `text` is not made from this template."""
    values: dict[str, str] = {}
    at = 0
    name = ""
    for literal, following in pieces:
        found = _place(text, literal, at, is_first=not values and not name, is_last=not following)
        if found < 0:
            return None
        if name and not _fits(name, text[at:found], values):
            return None
        at, name = found + len(literal), following
    return values if at == len(text) else None


def _place(text: str, literal: str, at: int, *, is_first: bool, is_last: bool) -> int:
    """Return where a fixed piece stands: at the very start, at the very end, or where it comes first."""
    if is_first:
        return 0 if text.startswith(literal) else -1
    if is_last:
        end = len(text) - len(literal)
        return end if end >= at and text.endswith(literal) else -1
    return text.find(literal, at)


def _fits(name: str, value: str, values: dict[str, str]) -> bool:
    shape = SHAPES.get(name.rstrip("_0123456789"))
    if not value or (shape and not shape.fullmatch(value)):
        return False
    values[name] = value
    return True


def fits(template: str, text: str) -> bool:
    """Tell whether a sentence is made from a template."""
    return _values(text, tuple(_pieces(template))) is not None


@cache
def _patterns(templates: tuple[str, ...]) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Return the templates in pieces (fixed text, then a placeholder), the most telling first."""
    cut = ((template, tuple(_pieces(template))) for template in templates)
    return tuple(sorted(cut, key=lambda one: -sum(len(literal) for literal, _ in one[1])))


def _pieces(template: str) -> Iterator[tuple[str, str]]:
    ends_with_name = True
    for literal, name, _spec, _conversion in Formatter().parse(template):
        yield literal, name or ""
        ends_with_name = name is not None
    if ends_with_name:
        yield "", ""
