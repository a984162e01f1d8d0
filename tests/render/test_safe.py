from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.render.blocks import ago, bullets, moment, numbered, within, zone
from bot.render.safe import code, cut, line, mrkdwn, oddities, paragraph, prose, width
from tests.render.cards import NOW


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300), st.integers(min_value=5, max_value=120))
def test_limits_hold_and_nothing_hidden_survives(text: str, limit: int) -> None:
    assert width(line(text, limit)) <= limit
    assert width(mrkdwn(text, limit)) <= limit
    assert width(prose(text, limit)) <= limit
    assert width(code(text, limit)) <= limit + 2
    assert width(paragraph(text, limit)) <= limit
    for made in (mrkdwn(text, limit), code(text, limit)):
        assert "<" not in made
        assert ">" not in made
    assert "\n" not in line(text, limit)
    assert not any(char in line(text, limit) for char in "\u202a\u202e\u2066\u200b\u0000")
    within(text, limit)


def test_markup_of_others_is_shown_literally() -> None:
    assert mrkdwn("<!channel> & <@U1>") == "&lt;!channel&gt; &amp; &lt;@U1&gt;"
    assert ":white_check_mark:" not in mrkdwn("ok :white_check_mark:")
    assert mrkdwn("at 10:30:45") == "at 10:30:45"
    assert "*" not in mrkdwn("*bold*")
    assert code("a`b") == "`aʼb`"


def test_line_breaks_cannot_fake_another_line() -> None:
    assert line("Mira\n✅ approved by CISO") == "Mira ✅ approved by CISO"
    assert paragraph("a\u2028b\n\nc ") == "a\nb\n\nc"


def test_accents_are_not_torn_off_and_not_piled_up() -> None:
    assert cut("e\u0301e\u0301e\u0301", 4) == "e\u0301…"
    assert line("a" + "\u0301" * 50) == "a" + "\u0301" * 3


def test_right_to_left_text_is_isolated() -> None:
    assert line("שלום") == "\u2068שלום\u2069"


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("Mira Holm", 0),
        ("Jürgen Öz", 0),
        ("Мира Холм", 0),
        ("Mir\u0430", 1),
        ("Mi\u200bra", 1),
        ("Mir\u0430\u202e", 2),
    ],
)
def test_odd_names(name: str, count: int) -> None:
    assert len(oddities(name)) == count


def test_spans_and_moments() -> None:
    assert [ago(s) for s in (0, 40, 720, 7200, 200_000)] == ["0 s", "40 s", "12 min", "2 h", "2 days"]
    assert ago(-5) == "0 s"
    shown = "<!date^1795435200^{date_short_pretty} at {time}|23 Nov 2026, 13:00 CET>"
    assert moment(NOW, "Europe/Berlin") == shown
    assert str(zone("Mars/Olympus")) == "UTC"
    assert str(zone("../etc/passwd")) == "UTC"


def test_lists_say_what_they_leave_out() -> None:
    assert bullets(["a", "b"]) == "• a\n• b"
    assert numbered(["a", "b"]) == "1. a\n2. b"
    assert bullets(["x" * 50] * 10, 200).endswith("… and 7 more")


def test_cutting_spares_tokens_and_entities() -> None:
    assert within("a <!date^1^x|y> b", 9) == "a…"
    assert within("a &amp; b", 5) == "a…"
