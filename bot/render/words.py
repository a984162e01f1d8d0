"""The language that texts for people are worded in: gettext catalogues under bot/locale, English without one.

English texts stand in the code as `_("… {name} …").format(name=…)`; `bot/locale/psso.pot` lists them all.
A text is looked up when it is used, in the language of whoever reads it: `reading_in` sets it for a while.
https://docs.python.org/3/library/gettext.html
"""

from __future__ import annotations

import gettext as catalogues
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files

DOMAIN = "psso"
DEFAULT = "en"

_language: ContextVar[str] = ContextVar("language", default=DEFAULT)


@contextmanager
def reading_in(locale: str) -> Iterator[None]:
    """Word texts in this Slack locale ("de-DE"), or in English when there is no catalogue for it."""
    before = _language.set(locale.replace("_", "-").partition("-")[0].lower() or DEFAULT)
    try:
        yield
    finally:
        _language.reset(before)


def language() -> str:
    """Return the language in force, "en" or "de"."""
    return _language.get()


def _(text: str) -> str:
    """Return `text` in the language in force."""
    return _catalogue(_language.get()).gettext(text) if text else ""


def ngettext(one: str, many: str, count: int) -> str:
    """Return the form that fits `count` in the language in force."""
    return _catalogue(_language.get()).ngettext(one, many, count)


def N_(text: str) -> str:  # noqa: N802 -- gettext's own name for it
    """Mark a constant: it is listed for translators, and translated where it is used."""
    return text


@cache
def _catalogue(name: str) -> catalogues.NullTranslations:
    found = files("bot").joinpath("locale", name, "LC_MESSAGES", f"{DOMAIN}.mo")
    if not found.is_file():
        return catalogues.NullTranslations()
    with found.open("rb") as file:
        return catalogues.GNUTranslations(file)
