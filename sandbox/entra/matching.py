"""A parsed $filter against JSON rows: which properties it may name, and which rows it keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from sandbox.entra.filters import (
    AnyMember,
    Both,
    Compare,
    Either,
    Node,
    Not,
    Value,
    Within,
    invalid_filter,
    moment,
)
from sandbox.entra.wire import Json, Refusal

Leaf: TypeAlias = tuple[str, str, Value]


def leaves(node: Node, prefix: str = "") -> Iterator[Leaf]:
    """Yield (path, operator, value) of every comparison; members of a collection are "path/any" paths."""
    match node:
        case Compare(path, operator, value):
            yield _joined(prefix, path), operator, value
        case Within(path, values):
            for value in values:
                yield _joined(prefix, path), "in", value
        case AnyMember(path, inner):
            yield from leaves(inner, _joined(prefix, path) + "/any")
        case Both(left, right) | Either(left, right):
            yield from leaves(left, prefix)
            yield from leaves(right, prefix)
        case Not(inner):
            for path, operator, value in leaves(inner, prefix):
                yield path, "not " + operator, value


def _joined(prefix: str, path: str) -> str:
    return "/".join(part for part in (prefix, path) if part)


def matches(node: Node, thing: Any) -> bool:
    """Tell whether a JSON object (or a member of a collection) satisfies the filter."""
    match node:
        case Compare(path, operator, value):
            return _holds(_at_path(thing, path), operator, value)
        case Within(path, values):
            return any(_holds(_at_path(thing, path), "eq", value) for value in values)
        case AnyMember(path, inner):
            members = _at_path(thing, path)
            return isinstance(members, list) and any(matches(inner, member) for member in members)
        case Both(left, right):
            return matches(left, thing) and matches(right, thing)
        case Either(left, right):
            return matches(left, thing) or matches(right, thing)
        case Not(inner):
            return not matches(inner, thing)


def _at_path(thing: Any, path: str) -> Any:
    for name in path.split("/") if path else ():
        thing = thing.get(name) if isinstance(thing, dict) else None
    return thing


_ORDERED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "ge": lambda left, right: left >= right,
    "le": lambda left, right: left <= right,
    "gt": lambda left, right: left > right,
    "lt": lambda left, right: left < right,
}


def _holds(found: Any, operator: str, value: Value) -> bool:
    if isinstance(value, datetime) and isinstance(found, str):
        found = moment(found)
    if isinstance(value, str) and isinstance(found, str):
        found, value = found.casefold(), value.casefold()  # Graph compares text without case
    if operator == "eq":
        return bool(found == value)
    if operator == "ne":
        return bool(found != value)
    if operator in _ORDERED:
        return type(found) is type(value) and _ORDERED[operator](found, value)
    return isinstance(found, str) and _text_holds(found, operator, str(value))


def _text_holds(found: str, operator: str, value: str) -> bool:
    if operator == "startsWith":
        return found.startswith(value)
    return found.endswith(value) if operator == "endsWith" else value in found


Allowed: TypeAlias = Mapping[str, frozenset[str]]


def check(
    node: Node, allowed: Allowed, refusal: Callable[[str], Refusal] = lambda _: invalid_filter()
) -> Node:
    """Refuse paths and operators that the resource does not document as filterable."""
    for path, operator, _ in leaves(node):
        if operator.removeprefix("not ") not in allowed.get(path, frozenset()):
            raise refusal(path)
    return node


def only(rows: list[Json], node: Node | None) -> list[Json]:
    """Return the rows that satisfy the filter; all of them when there is none."""
    return rows if node is None else [row for row in rows if matches(node, row)]
