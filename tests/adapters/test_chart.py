"""The weekly chart: a picture for every week there can be, readable on light and dark, out of our process."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from PIL import Image

from bot.adapters.chart import draw
from bot.adapters.chart_drawing import CALM, COLOURS, FAINT, GROUND, INK, OTHERS, RIM, png_of
from bot.domain.alerts import DayCounts
from bot.domain.digest import days_before, week_of
from bot.domain.rules import RULES
from bot.render.digest import chart_of

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
VERDICTS = sorted({rule.verdict for rule in RULES})
SLACK_LIGHT, SLACK_DARK = "#ffffff", "#1a1d21"


def a_chart(causes: int, people: int = 9, seconds: tuple[float, ...] = (60, 600, 7200)) -> dict[str, Any]:
    counts = [
        DayCounts(
            day,
            {verdict: people // (nth + 1) for nth, verdict in enumerate(VERDICTS[:causes]) if (nth + at) % 3},
            seconds if at % 2 else (),
        )
        for at, day in enumerate(days_before(MONDAY, weeks=2))
    ]
    return chart_of(week_of(counts))


def brightness(colour: str) -> float:
    """Return the relative luminance. https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((brightness(one), brightness(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_text_and_bars_stand_out_from_their_ground() -> None:
    assert contrast(INK, GROUND) > 7
    assert contrast(FAINT, GROUND) > 4.5
    assert all(contrast(colour, GROUND) > 4.5 for colour in (*COLOURS, OTHERS, CALM))  # numbers stand on them


def test_the_card_stands_out_in_both_looks_of_slack() -> None:
    assert contrast(GROUND, SLACK_LIGHT) > 7
    assert contrast(RIM, SLACK_DARK) > 2


@pytest.mark.parametrize(
    ("causes", "people", "seconds"),
    [
        (0, 0, ()),
        (1, 1, ()),
        (1, 1, (0.0,)),
        (2, 9, (60.0,)),
        (8, 9, (60, 600, 7200)),
        (len(VERDICTS), 40, (1, 90_000_000)),
        (3, 5_000, (60, 600, 7200)),
        (1, 10_000_000, (5.0, 5.0)),
    ],
)
def test_every_week_can_be_drawn(causes: int, people: int, seconds: tuple[float, ...]) -> None:
    picture = Image.open(io.BytesIO(png_of(a_chart(causes, people, seconds))))

    assert picture.format == "PNG"
    assert picture.width == 1600
    assert picture.getpixel((0, 0))[3] == 0  # type: ignore[index]  # outside of the card Slack shows through
    assert picture.getpixel((picture.width // 2, 20))[:3] == (0x23, 0x27, 0x2F)  # type: ignore[index]


def test_words_are_drawn_as_they_are() -> None:
    chart = {**a_chart(2), "title": "$x_1$ {} % \\frac <b>"}

    assert png_of(chart).startswith(b"\x89PNG")


async def test_it_is_drawn_in_a_process_of_its_own() -> None:
    png = await draw(a_chart(3))

    assert png is not None
    assert png.startswith(b"\x89PNG")


async def test_what_cannot_be_drawn_is_none_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert await draw({"title": "half a chart"}) is None

    assert "could not be drawn" in caplog.text


def test_the_bot_itself_never_loads_matplotlib() -> None:
    asked = "import sys, bot.adapters.chart, bot.adapters.slack.reports; print('matplotlib' in sys.modules)"

    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "False"
