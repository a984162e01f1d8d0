"""One page of a Graph collection: its rows, read, and the address of the next page.

A page of the sign-in log can be 10 MB, and parsing that in one go stops the event loop for 90 ms.
Large pages are therefore cut between two rows, and the loop turns after each slice.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from bot.adapters.graph.calls import Call
from bot.adapters.graph.wire import Row
from bot.errors import GraphMalformed

T = TypeVar("T")

SLICE_BYTES = 256 * 1024
"""A few milliseconds of parsing and reading."""

CUT_TRIES = 4

_VALUE = re.compile(rb'"value"\s*:\s*\[\s*')
_FIRST_KEYS = re.compile(rb'\{\s*"([^"\\]+)"\s*:\s*"[^"\\]*"\s*,\s*"([^"\\]+)"\s*:')

log = logging.getLogger(__name__)


def json_object(call: Call, body: bytes) -> Row:
    """Return the JSON object an answer consists of; raise GraphMalformed for anything else."""
    from pydantic_core import from_json  # noqa: PLC0415  50 ms, and the first answer is early enough

    try:
        found = from_json(body)
    except ValueError as error:
        raise GraphMalformed(call.what, message=f"the answer is not JSON: {error}"[:200]) from None
    if not isinstance(found, dict):
        raise GraphMalformed(call.what, message="the answer is not a JSON object")
    return found


async def read_page(call: Call, body: bytes, read: Callable[[Row], T]) -> tuple[list[T], str | None]:
    """Return the rows of a page, each through `read`, and the next page's address.

    A row that `read` cannot understand (ValueError) is left out, counted and logged: one odd row does not
    cost the other 999. A page without a list of rows is GraphMalformed.
    """
    kept: list[T] = []
    skipped = 0
    next_link: str | None = None
    has_rows = False
    for piece in _pieces(call, body):
        rows = piece.get("value")
        has_rows = has_rows or isinstance(rows, list)
        next_link = piece.get("@odata.nextLink", next_link)
        for row in rows if isinstance(rows, list) else ():
            try:
                kept.append(read(row))
            except (ValueError, AttributeError):  # AttributeError: the row is not an object
                skipped += 1
        await asyncio.sleep(0)
    if not has_rows:
        raise GraphMalformed(call.what, message="the answer has no list of rows")
    if skipped:
        log.warning("left out %d unreadable rows of %s", skipped, call.what)
    return kept, next_link if isinstance(next_link, str) and next_link else None


def _pieces(call: Call, body: bytes) -> Iterator[Row]:
    """Yield the answer as one or several objects that hold its rows in order."""
    cuts = _cuts(body) if len(body) > 2 * SLICE_BYTES else None
    if cuts is None:
        yield json_object(call, body)
        return
    start, between_rows = cuts
    try:
        yield json_object(call, body[:start] + b"]}")
    except GraphMalformed:  # what looked like the list of rows stands inside something else
        yield json_object(call, body)
        return
    end = start
    while (found := _next_slice(body, end, between_rows)) is not None:
        rows, end = found
        yield {"value": rows}
    yield json_object(call, b'{"value":[' + body[end:])


def _cuts(body: bytes) -> tuple[int, re.Pattern[bytes]] | None:
    """Return where the rows begin, and what stands between two rows: a comma and a row's first two keys."""
    opening = _VALUE.search(body, 0, 4096)
    if opening is None:
        return None
    keys = _FIRST_KEYS.match(body, opening.end())
    if keys is None:
        return None
    first, second = (re.escape(key) for key in keys.groups())
    between = rb',\s*(?=\{\s*"' + first + rb'"\s*:\s*"[^"\\]*"\s*,\s*"' + second + rb'"\s*:)'
    return opening.end(), re.compile(between)


def _next_slice(body: bytes, start: int, between_rows: re.Pattern[bytes]) -> tuple[list[Any], int] | None:
    """Return the next rows and where the ones after them begin; None when the rest is one slice.

    What looks like a border may stand inside a row or a string. Then the slice is no JSON list by itself,
    since brackets or quotes stay open, so a slice that parses was cut at a true border.
    """
    from pydantic_core import from_json  # noqa: PLC0415

    search_from = start + SLICE_BYTES
    for _ in range(CUT_TRIES):
        border = between_rows.search(body, search_from)
        if border is None:
            return None
        try:
            rows = from_json(b"[" + body[start : border.start()] + b"]")
        except ValueError:
            search_from = border.end()
            continue
        return rows, border.end()
    return None
