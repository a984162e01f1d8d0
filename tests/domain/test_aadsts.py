"""Codes: finding them in what people paste, and saying what they mean."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.aadsts import codes_in, lookup_page, meaning_of

PASTED = """AADSTS50076: Due to a configuration change made by your administrator, or because you moved to
a new location, you must use multi-factor authentication to access '00000002-0000-0000-c000-000000000000'.
Trace ID: 12345678-1234-1234-1234-123456789012 Correlation ID: 50126000-0000-4000-8000-000000050053
Timestamp: 2026-09-10 08:14:05Z"""


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("50076", (50076,)),
        ("AADSTS50076", (50076,)),
        ("aadsts 50076", (50076,)),
        ("  `AADSTS50076`.", (50076,)),
        ("50076 53003, 50076;7000222", (50076, 53003, 7000222)),
        ("AADSTS50076, 53003", (50076, 53003)),
        (PASTED, (50076,)),
        (PASTED + "\nAADSTS50079: enroll", (50076, 50079)),
        ('{"error":"invalid_grant","error_codes":[50076, 50079],"timestamp":"2026"}', (50076, 50079)),
        ('"status":{"errorCode":530084}', (530084,)),
        ("Sign-in error code: 53003\nRequest Id: 20260910", (53003,)),
        ("https://login.microsoftonline.com/error?code=50034", (50034,)),
        ("it says 50126 on my Mac", (50126,)),
        ("987654", (987654,)),
        ("my badge is 987654", ()),
        ("port 50076", ()),
        ("127.0.0.1:50076", ()),
        ("2026-09-10T08:14:05.1250076Z", ()),
        ("id 50126000-0000-4000-8000-000000050053", ()),
        ("1234", ()),
        ("AADSTS123456789", ()),
        ("", ()),
        ("no code here", ()),
    ],
)
def test_codes_in(text: str, codes: tuple[int, ...]) -> None:
    assert codes_in(text) == codes


@given(st.text(max_size=200))
def test_any_text_gives_unique_codes_of_five_to_eight_digits(text: str) -> None:
    codes = codes_in(text)
    assert len(set(codes)) == len(codes)
    assert all(10_000 <= code <= 99_999_999 for code in codes)


def test_every_code_has_a_meaning_a_cause_and_a_fix() -> None:
    listed = files("bot.domain").joinpath("aadsts.csv").read_text("utf-8").splitlines()
    codes = [int(row["code"]) for row in csv.DictReader(listed)]
    assert len(codes) > 400
    for code in codes:
        meaning = meaning_of(code)
        assert meaning is not None
        assert meaning.code == code
        assert meaning.meaning.endswith((".", "!", "?"))
        assert meaning.likely_cause
        assert meaning.fix
        assert meaning.category
        assert "PSSO" not in f"{meaning.meaning} {meaning.likely_cause} {meaning.fix}"


@pytest.mark.parametrize(
    ("code", "category"),
    [(50076, "mfa_required"), (50079, "mfa_registration"), (53000, "ca_device"), (50126, "credentials")],
)
def test_categories_of_codes_that_decide(code: int, category: str) -> None:
    meaning = meaning_of(code)
    assert meaning is not None
    assert meaning.category == category


def test_unknown_code_has_no_meaning_but_a_page() -> None:
    assert meaning_of(987_654) is None
    assert lookup_page(987_654) == "https://login.microsoftonline.com/error?code=987654"
