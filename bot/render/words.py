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
    wanted = locale.replace("_", "-").partition("-")[0].lower()
    before = _language.set(wanted if wanted in languages() else DEFAULT)
    try:
        yield
    finally:
        _language.reset(before)


def language() -> str:
    """Return the language in force, "en" or "de"."""
    return _language.get()


@cache
def languages() -> frozenset[str]:
    """Return every language there is."""
    shipped = files("bot").joinpath("locale").iterdir()
    return frozenset({DEFAULT, *(entry.name for entry in shipped if entry.is_dir())})


def _(text: str) -> str:
    """Return `text` in the language in force."""
    return _catalogue(_language.get()).gettext(text) if text else ""


def known(text: str) -> str:
    """Return `text` in the language in force, or "" when its catalogue does not have it."""
    return _strict_catalogue(_language.get()).gettext(text) if text else ""


def ngettext(one: str, many: str, count: int) -> str:
    """Return the form that fits `count` in the language in force."""
    return _catalogue(_language.get()).ngettext(one, many, count)


def N_(text: str) -> str:  # noqa: N802 -- gettext's own name for it
    """Mark a constant: it is listed for translators, and translated where it is used."""
    return text


def decimal(value: float) -> str:
    """Return a number in digits, with the decimal sign of the language in force."""
    return f"{value:g}".replace(".", _("."))


def number(value: int) -> str:
    """Return a count in digits, with the thousands sign of the language in force."""
    return f"{value:,}".replace(",", _(","))


class _Nothing(catalogues.NullTranslations):
    """What a strict catalogue falls back to."""

    def gettext(self, message: str) -> str:
        return ""


@cache
def _strict_catalogue(name: str) -> catalogues.NullTranslations:
    found = _opened(name)
    found.add_fallback(_Nothing())
    return found


@cache
def _catalogue(name: str) -> catalogues.NullTranslations:
    return _opened(name)


def _opened(name: str) -> catalogues.NullTranslations:
    found = files("bot").joinpath("locale", name, "LC_MESSAGES", f"{DOMAIN}.mo")
    if not found.is_file():
        return catalogues.NullTranslations()
    with found.open("rb") as file:
        return catalogues.GNUTranslations(file)
