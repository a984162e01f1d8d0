"""Graph's JSON as it really comes, read without loss: absent, null, odd spellings, extra keys.

Graph adds properties and enum members at any time, leaves out what it does not know, and spells the same
value differently in different places. So these readers take what can be understood and give the harmless
value otherwise; only what a row cannot be understood without raises ValueError.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

Row: TypeAlias = Mapping[str, Any]
"""One JSON object of an answer."""

QUERY_SAFE = "'(),:/"
"""What stands in a query as it is; Graph reads it escaped too, and people read it more easily so."""


def instant(at: datetime) -> str:
    """Return a time as filters take it, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def text(row: Row, key: str) -> str:
    """Return a string; absent and null are empty, a number is its digits."""
    value = row.get(key)
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool | dict | list):
        return ""
    return str(value)


def text_or_none(row: Row, key: str) -> str | None:
    """Return a string that says something, else None."""
    return text(row, key) or None


def flag(row: Row, key: str) -> bool | None:
    """Return a truth value, also one written as a word; anything else is None, never False."""
    value = row.get(key)
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def whole_number(row: Row, key: str) -> int | None:
    """Return an integer, also one written as a string; anything else is None."""
    value = row.get(key)
    if isinstance(value, bool):
        return None
    try:
        return int(value)  # type: ignore[arg-type]  # TypeError is the answer for what is no number
    except (TypeError, ValueError, OverflowError):  # OverflowError: JSON's 1e999 is read as infinity
        return None


def part(row: Row, key: str) -> Row:
    """Return a nested object; absent, null or anything else is empty."""
    value = row.get(key)
    return value if isinstance(value, dict) else {}


def parts(row: Row, key: str) -> list[Row] | None:
    """Return a list of objects; None when Graph left the property out or set it to null."""
    value = row.get(key)
    if not isinstance(value, list):
        return None
    return [item for item in value if isinstance(item, dict)]


def texts(row: Row, key: str) -> frozenset[str]:
    """Return a list of strings as a set; Graph writes some of them as one comma list."""
    return frozenset(texts_in_order(row, key))


def texts_in_order(row: Row, key: str) -> tuple[str, ...]:
    """Return a list of strings in Graph's order."""
    value = row.get(key)
    if isinstance(value, str):
        value = [word.strip() for word in value.split(",")]
    if not isinstance(value, list):
        return ()
    return tuple([item for item in value if isinstance(item, str) and item])


def moment_in(value: object) -> datetime | None:
    """Return an aware UTC time; Graph writes 0 to 7 digits of a second, with Z, an offset or nothing."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    if read.tzinfo is UTC:
        return read
    if read.tzinfo is None:
        return read.replace(tzinfo=UTC)
    try:
        return read.astimezone(UTC)
    except OverflowError:  # year 1 with an offset: a service's way to say "never"
        return None


def moment(row: Row, *keys: str) -> datetime | None:
    """Return the time under the first of `keys` that holds one."""
    for key in keys:
        found = moment_in(row.get(key))
        if found is not None:
            return found
    return None


def required(row: Row, key: str) -> str:
    """Return a string that a row cannot be understood without."""
    value = text(row, key)
    if not value:
        raise ValueError(f"{key} is missing")
    return value
