"""The $filter parser by itself."""

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.entra.filters import AnyMember, Both, Compare, Either, Not, Within, parse
from sandbox.entra.matching import leaves, matches
from sandbox.entra.wire import Refusal

ROW: dict[str, Any] = {
    "name": "Ada",
    "age": 41,
    "on": True,
    "born": "2026-11-23T10:00:00Z",
    "nothing": None,
    "tags": ["a", "b"],
    "targets": [{"id": "1", "kind": "x"}, {"id": "2", "kind": "y"}],
    "status": {"errorCode": 50076},
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("name eq 'ADA'", True),
        ("name ne 'Ada'", False),
        ("age ge 41 and age lt 42", True),
        ("age gt 41 or age le 40", False),
        ("name eq 'x' or name eq 'y' or on eq true", True),
        ("on eq true and (name eq 'x' or age eq 41)", True),
        ("on eq true and name eq 'x' or age eq 41", True),
        ("not (name eq 'Ada')", False),
        ("startswith(name,'A')", True),
        ("startsWith(name, 'b')", False),
        ("endsWith(name,'da')", True),
        ("contains(name,'d')", True),
        ("born ge 2026-11-23T10:00:00Z and born le 2026-11-23T10:30:00+01:00", False),
        ("born ge 2026-11-23T10:00:00.000Z", True),
        ("born ge 2026-11-24", False),
        ("nothing eq null", True),
        ("missing eq null", True),
        ("missing gt 1", False),
        ("age ge '41'", False),
        ("tags/any(t: t eq 'b')", True),
        ("tags/any(t:t eq 'c')", False),
        ("tags/any(t:startswith(t,'a'))", True),
        ("tags/any(t: t eq 'c' or t eq 'a')", True),
        ("targets/any(t: t/id eq '1' and t/kind eq 'y')", False),
        ("targets/any(t:t/id eq '2' and t/kind eq 'y')", True),
        ("name in ('x', 'Ada')", True),
        ("status/errorCode eq 50076", True),
        ("(((age eq 41)))", True),
    ],
)
def test_filters_select_rows(text: str, holds: bool) -> None:
    assert matches(parse(text), ROW) is holds


def test_and_binds_tighter_than_or() -> None:
    a, b, c = (Compare(name, "eq", 1) for name in "abc")
    assert parse("a eq 1 or b eq 1 and c eq 1") == Either(a, Both(b, c))
    assert parse("not a eq 1 and b eq 1") == Both(Not(a), b)


def test_trees_and_leaves() -> None:
    node = parse("tags/any(x: x eq 'it''s') and not (when ge 2026-01-01T00:00:00Z) and id in ('1')")
    assert list(leaves(node)) == [
        ("tags/any", "eq", "it's"),
        ("when", "not ge", datetime(2026, 1, 1, tzinfo=UTC)),
        ("id", "in", "1"),
    ]
    assert isinstance(parse("tags/any(x: x eq 1)"), AnyMember)
    assert isinstance(parse("id in ('1','2')"), Within)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "name",
            "name eq",
            "eq 'x'",
            "name eq 'x",
            "name eq x",
            "name eq 'x' 'y'",
            "name eq 'x')",
            "(name eq 'x'",
        ),
        *(
            "name eq 'x' and",
            "and name eq 'x'",
            "startswith(name)",
            "startswith(name,'a'",
            "tags/any(t: u eq 'a')",
        ),
        *(
            "tags/any(t eq 'a')",
            "tags/all(t: t eq 'a')",
            "name like 'x'",
            "'x' eq name",
            "name in ()",
            "name in 'x'",
        ),
    ],
)
def test_what_is_not_a_filter_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse(text)
    assert (refused.value.status, refused.value.code) == (400, "BadRequest")


@given(st.text(max_size=40))
def test_any_text_parses_or_is_refused(text: str) -> None:
    with contextlib.suppress(Refusal):
        parse(text)


@given(st.text(max_size=20))
def test_any_literal_survives_quoting(value: str) -> None:
    quoted = value.replace("'", "''")
    assert parse(f"name eq '{quoted}'") == Compare("name", "eq", value)
