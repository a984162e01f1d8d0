"""A parsed $filter against JSON rows: which properties it may name, and which rows it keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
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


Test: TypeAlias = Callable[[Any], bool]


def matches(node: Node, thing: Any) -> bool:
    """Tell whether a JSON object (or a member of a collection) satisfies the filter."""
    return tested(node)(thing)


def tested(node: Node) -> Test:
    """Return the filter as one test, made once for many rows."""
    match node:
        case Compare(path, operator, value):
            return _comparing(path, operator, value)
        case Within(path, values):
            tests = [_comparing(path, "eq", value) for value in values]
            return lambda thing: any(test(thing) for test in tests)
        case AnyMember(path, inner):
            names, holds = path.split("/"), tested(inner)
            return lambda thing: _any_member(_at_path(thing, names), holds)
        case Both():
            return _all(sorted(_parts(node), key=_is_about_time))
        case Either(left, right):
            first, second = tested(left), tested(right)
            return lambda thing: first(thing) or second(thing)
        case Not(inner):
            holds = tested(inner)
            return lambda thing: not holds(thing)


def _parts(node: Node) -> list[Node]:
    return [*_parts(node.left), *_parts(node.right)] if isinstance(node, Both) else [node]


def _is_about_time(node: Node) -> bool:
    """Times are costly to read and seldom decide: the log was cut to them before."""
    return isinstance(node, Compare) and isinstance(node.value, datetime)


def _all(nodes: list[Node]) -> Test:
    first = tested(nodes[0])
    if len(nodes) == 1:
        return first
    rest = _all(nodes[1:])
    return lambda thing: first(thing) and rest(thing)


def _any_member(members: Any, holds: Test) -> bool:
    return isinstance(members, list) and any(holds(member) for member in members)


def _at_path(thing: Any, names: list[str]) -> Any:
    for name in names:
        thing = thing.get(name) if isinstance(thing, dict) else None
    return thing


_ORDERED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "ge": lambda left, right: left >= right,
    "le": lambda left, right: left <= right,
    "gt": lambda left, right: left > right,
    "lt": lambda left, right: left < right,
}
_moment = lru_cache(100_000)(moment)  # the same records are asked for again and again


def _comparing(path: str, operator: str, value: Value) -> Test:
    """Graph compares text without case."""
    names = path.split("/") if path else []
    wanted = value.casefold() if isinstance(value, str) else value
    is_time, is_text = isinstance(value, datetime), isinstance(value, str)

    def holds(thing: Any) -> bool:
        found = _at_path(thing, names)
        if isinstance(found, str):
            found = _moment(found) if is_time else found.casefold() if is_text else found
        if operator == "eq":
            return bool(found == wanted)
        if operator == "ne":
            return bool(found != wanted)
        if operator in _ORDERED:
            return type(found) is type(wanted) and _ORDERED[operator](found, wanted)
        return isinstance(found, str) and _text_holds(found, operator, str(wanted))

    return holds


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
    return rows if node is None else list(filter(tested(node), rows))
