"""The net under the log: no person, no address, no token leaves through it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from bot.logs import redacted, set_up


@pytest.mark.parametrize(
    "secret",
    [
        "ada.lind@contoso.com",
        "ADA.LIND@CONTOSO.COM",
        "o'brien@contoso.com",
        "gus_partner.example#EXT#@contoso.onmicrosoft.com",
        "203.0.113.7",
        "2001:db8::7",
        "2001:db8:0:0:0:0:0:7",
        "::ffff:203.0.113.7",
        "fe80::1ff:fe23:4567:890a",
        "xoxb-123-456-abc",
        "xoxe.xoxp-1-abc",
        "xapp-1-A0-1-abc",
        "eyJhbGciOiJSUzI1NiJ9.eyJvaWQiOiIxIn0.c2ln",
        "eyJ0eXAiOiJKV1QiLCJhbGci",
    ],
)
@pytest.mark.parametrize(
    "around", ["{}", "GET /v1.0/users/{}/devices -> 404", "[{}]:443", "from {}, again.", "a={}"]
)
def test_secrets_are_taken_out(secret: str, around: str) -> None:
    said = redacted(around.format(secret))

    assert secret not in said
    assert secret.partition("@")[0] not in said


def test_encoded_names_are_taken_out() -> None:
    assert "ada" not in redacted("GET /beta/users/ada.lind%40contoso.com/authentication/requirements")


@pytest.mark.parametrize(
    "text",
    ["at 12:30:45", "version 1.2.3", "ts 1764.000001", "2026-11-23T12:00:00.000+00:00", "job 17-0 (why)"],
)
def test_what_is_no_secret_stays_readable(text: str) -> None:
    assert redacted(text) == text


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root, before = logging.getLogger(), (logging.getLogger().level, list(logging.getLogger().handlers))
    out = io.StringIO()
    yield out
    root.setLevel(before[0])
    root.handlers[:] = before[1]


def test_line_cannot_be_forged_by_what_is_logged(stream: io.StringIO) -> None:
    set_up("info", stream)

    logging.getLogger("x").info("asked for %s", 'a\n{"level":"info","event":"approved"}\x1b[2J')

    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["event"].startswith("asked for a {")
    assert "\x1b" not in line


def test_exception_is_logged_without_secrets(stream: io.StringIO) -> None:
    set_up("info", stream)
    try:
        int("ada.lind@contoso.com at 203.0.113.7 with xoxb-1-2")
    except ValueError:
        logging.getLogger("x").exception("failed")

    line = stream.getvalue()
    assert "ValueError" in line
    for secret in ("ada.lind", "203.0.113.7", "xoxb"):
        assert secret not in line


def test_libraries_that_print_payloads_are_quiet_whatever_level_they_set_themselves(
    stream: io.StringIO,
) -> None:
    set_up("debug", stream)
    library, ours = logging.getLogger("slack_bolt.AsyncApp"), logging.getLogger("bot.usecases.why")
    level = library.level
    library.setLevel(logging.DEBUG)
    try:
        library.debug("Received message (data: Ada Lind)")
        library.info("Ada Lind")
        library.warning("the link was lost")
        ours.debug("looking")
    finally:
        library.setLevel(level)

    said = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]
    assert said == ["the link was lost", "looking"]
