"""OData $filter: text to a tree, and the tree against a JSON object.

Grammar that Graph documents: https://learn.microsoft.com/graph/filter-query-parameter
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias

from sandbox.entra.wire import Refusal

Value: TypeAlias = str | int | float | bool | datetime | None

COMPARISONS: Final = frozenset({"eq", "ne", "ge", "le", "gt", "lt"})
FUNCTIONS: Final = {"startswith": "startsWith", "endswith": "endsWith", "contains": "contains"}

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<punct>[(),:])|(?P<word>[^\s(),:']+(?::[^\s(),:']+)*))", re.UNICODE
)
_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Compare:
    """`path op value`, also for startswith(path, value)."""

    path: str
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Within:
    """`path in (a, b)`."""

    path: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class AnyMember:
    """`path/any(v: inner)`: inner paths are relative to one member, "" is the member itself."""

    path: str
    inner: Node


@dataclass(frozen=True, slots=True)
class Both:
    """`left and right`."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Either:
    """`left or right`."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Not:
    """`not inner`."""

    inner: Node


Node: TypeAlias = Compare | Within | AnyMember | Both | Either | Not


def invalid_filter(detail: str = "") -> Refusal:
    """Return Graph's answer to a filter it cannot read or does not support."""
    return Refusal(400, "BadRequest", f"Invalid filter clause{': ' + detail if detail else ''}")


def parse(text: str) -> Node:
    """Parse a whole $filter; raise a 400 Refusal when it is not one."""
    return _Parser(text).whole()


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            raise invalid_filter(f"There is an unterminated string literal at position {at} in '{text}'.")
        tokens.append(found.group(found.lastgroup or 0))
        at = found.end()
    return tokens


class _Parser:
    """Recursive descent: or < and < not < primary."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0
        self._variable: str | None = None

    def whole(self) -> Node:
        node = self._or()
        if self._peek():
            raise self._error()
        return node

    def _peek(self, ahead: int = 0) -> str:
        place = self._at + ahead
        return self._tokens[place] if place < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise self._error()
        self._at += 1
        return token

    def _expect(self, token: str) -> None:
        if self._next() != token:
            raise self._error()

    def _error(self) -> Refusal:
        return invalid_filter(f"Syntax error at position {self._at} in '{self._text}'.")

    def _or(self) -> Node:
        node = self._and()
        while self._peek() == "or":
            self._next()
            node = Either(node, self._and())
        return node

    def _and(self) -> Node:
        node = self._not()
        while self._peek() == "and":
            self._next()
            node = Both(node, self._not())
        return node

    def _not(self) -> Node:
        if self._peek() == "not":
            self._next()
            return Not(self._not())
        return self._primary()

    def _primary(self) -> Node:
        token = self._next()
        if token == "(":
            node = self._or()
            self._expect(")")
            return node
        if token.lower() in FUNCTIONS and self._peek() == "(":
            return self._function(FUNCTIONS[token.lower()])
        if token.endswith("/any") and self._peek() == "(":
            return self._lambda(token.removesuffix("/any"))
        return self._comparison(self._relative(token))

    def _function(self, name: str) -> Node:
        self._expect("(")
        path = self._relative(self._next())
        self._expect(",")
        value = self._literal(self._next())
        self._expect(")")
        return Compare(path, name, value)

    def _lambda(self, path: str) -> Node:
        outer, path = self._variable, self._relative(path)
        self._expect("(")
        variable = self._next()  # "t:t" is one word when no blank follows the colon
        if ":" in variable and len(variable) > 1:
            variable, _, rest = variable.partition(":")
            self._at -= 1
            self._tokens[self._at] = rest
        else:
            self._expect(":")
        self._variable = variable
        inner = self._or()
        self._expect(")")
        self._variable = outer
        return AnyMember(path, inner)

    def _comparison(self, path: str) -> Node:
        operator = self._next()
        if operator == "in":
            return Within(path, self._list())
        if operator not in COMPARISONS:
            raise self._error()
        return Compare(path, operator, self._literal(self._next()))

    def _list(self) -> tuple[Value, ...]:
        self._expect("(")
        values = [self._literal(self._next())]
        while self._peek() == ",":
            self._next()
            values.append(self._literal(self._next()))
        self._expect(")")
        return tuple(values)

    def _relative(self, path: str) -> str:
        if path.startswith("'") or not (path[0].isalpha() or path[0] in "@_"):
            raise self._error()
        if self._variable is None:
            return path
        if path == self._variable:
            return ""
        if path.startswith(self._variable + "/"):
            return path[len(self._variable) + 1 :]
        raise invalid_filter(f"Could not find a property named '{path}'.")

    def _literal(self, token: str) -> Value:
        constants: Mapping[str, Value] = {"true": True, "false": False, "null": None}
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token in constants:
            return constants[token]
        if _NUMBER.fullmatch(token):
            return float(token) if "." in token else int(token)
        if _TIME.fullmatch(token):
            return moment(token)
        if re.fullmatch(r"[0-9A-Fa-f-]{36}", token):
            return token
        raise self._error()


def moment(text: str) -> datetime:
    """Read a date-time literal as an aware time in UTC."""
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
