"""The drawing itself: one card with bars by day and cause, and the time to fix below.

Only `bot.adapters.chart` in its own process loads this, for matplotlib comes with it.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle
from matplotlib.patheffects import withStroke

WIDE, HIGH, CALM_HIGH = 480, 360, 230  # as large as Slack shows a picture in a conversation, in its pixels
PIXELS_TO_AN_INCH = 96
DPI = 320
MARGIN = 20
HALF = 284  # where the bars end; the causes stand beside them

GROUND, RIM, INK, FAINT = "#23272f", "#4a5261", "#f4f6f8", "#aeb7c2"
COLOURS = ("#56b4e9", "#e69f00", "#2dc199", "#f0e442", "#e58bbd", "#f0764a")
OTHERS = "#8f9aa8"
CALM = "#2dc199"
TITLE, WORDS, SMALL = 10.8, 8.4, 8.0  # points: 14, 11 and 11 of Slack's pixels
ROOM_FOR_NUMBER = 0.11  # of the highest bar
ROOM_FOR_EDGE = 0.025
DIGITS_IN_BAR = 3
LETTERS, LETTERS_OF_CAUSE = 42, 23  # in one line: beside the left margin, and beside a cause's colour
LINE_HIGH, BETWEEN_CAUSES = 13.2, 7.0  # pixels
HAIRLINE = 0.008  # what is there is seen, however little it is


def png_of(chart: Mapping[str, Any]) -> bytes:
    """Draw the card. Loads matplotlib: for the process of its own, and tests."""
    with mpl.rc_context({"font.family": "DejaVu Sans", "text.color": INK, "text.parse_math": False}):
        high = CALM_HIGH if chart["empty"] else HIGH
        figure = Figure(figsize=(WIDE / PIXELS_TO_AN_INCH, high / PIXELS_TO_AN_INCH), dpi=DPI)
        _card(figure)
        _heading(figure, chart)
        if chart["empty"]:
            _calm(figure, chart)
        else:
            bars = figure.add_axes(_box(figure, 64, 208))
            _bars(bars, chart)
            _causes(figure, chart)
            _fixes(figure.add_axes(_box(figure, 264, 322), sharex=bars), figure, chart)
        written = io.BytesIO()
        figure.savefig(written, format="png", transparent=True, metadata={"Software": None})
    return written.getvalue()


def _at(figure: Figure, x: float, y: float) -> tuple[float, float]:
    """Return a place in shares of the figure; `x` and `y` are Slack's pixels from the top left."""
    return x / WIDE, 1 - y / (figure.get_figheight() * PIXELS_TO_AN_INCH)


def _box(figure: Figure, top: float, bottom: float) -> tuple[float, float, float, float]:
    (left, upper), (right, lower) = _at(figure, MARGIN, top), _at(figure, HALF, bottom)
    return left, lower, right - left, upper - lower


def _card(figure: Figure) -> None:
    wide, high = figure.get_size_inches()
    margin, corner = 0.02, 0.09
    figure.add_artist(
        FancyBboxPatch(
            (margin, margin),
            wide - 2 * margin,
            high - 2 * margin,
            boxstyle=f"round,pad=0,rounding_size={corner}",
            facecolor=GROUND,
            edgecolor=RIM,
            linewidth=0.75,
            transform=figure.dpi_scale_trans,
            zorder=-10,
        )
    )


def _heading(figure: Figure, chart: Mapping[str, Any]) -> None:
    figure.text(*_at(figure, MARGIN, 26), chart["title"], fontsize=TITLE, fontweight="bold", va="center")
    figure.text(*_at(figure, MARGIN, 47), chart["subtitle"], fontsize=SMALL, color=FAINT, va="center")


def _colours(chart: Mapping[str, Any]) -> list[str]:
    named = iter(COLOURS)
    return [OTHERS if cause["is_rest"] else next(named, OTHERS) for cause in chart["causes"]]


def _bars(axes: Axes, chart: Mapping[str, Any]) -> None:
    """One bar a day, the causes on one another, the sum on top."""
    highest = max(chart["totals"])
    bottoms = [0.0] * len(chart["days"])
    for cause, colour in zip(chart["causes"], _colours(chart), strict=True):
        for at, count in enumerate(cause["counts"]):
            if count:
                is_whole = count == chart["totals"][at]
                bottoms[at] = _piece(
                    axes, (at, bottoms[at]), count / highest, colour, "" if is_whole else f"{count:,}"
                )
    for at, total in enumerate(chart["totals"]):
        axes.annotate(
            f"{total:,}",
            (at, bottoms[at]),
            (0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=WORDS,
            color=INK if total else FAINT,
            weight="bold" if total else "normal",
        )
    axes.set_ylim(0, 1.16)
    axes.set_xlim(-0.55, len(chart["days"]) - 0.45)
    _bare(axes)
    axes.set_xticks(range(len(chart["days"])), chart["days"], fontsize=SMALL, color=FAINT)
    axes.tick_params(axis="x", length=0, pad=4, labelbottom=True)
    axes.spines["bottom"].set(visible=True, color=RIM, linewidth=0.75)


def _piece(axes: Axes, foot: tuple[int, float], share: float, colour: str, words: str) -> float:
    """Draw one cause of one day, with its number where there is room; return where the next one stands."""
    at, bottom = foot
    high = max(share, HAIRLINE)
    edge = 0.75 if share >= ROOM_FOR_EDGE else 0.0
    axes.bar([at], [high], 0.7, [bottom], color=colour, edgecolor=GROUND, linewidth=edge)
    if share >= ROOM_FOR_NUMBER and len(words) <= DIGITS_IN_BAR:
        axes.text(at, bottom + high / 2, words, ha="center", va="center", fontsize=SMALL, color=GROUND)
    return bottom + high


def _causes(figure: Figure, chart: Mapping[str, Any]) -> None:
    """Name the causes beside the bars, in the order in which they lie on one another."""
    top, left = 66.0, HALF + 22
    named = list(zip(chart["causes"], _colours(chart), strict=True))[::-1]
    room = HIGH - MARGIN - top - BETWEEN_CAUSES * (len(named) - 1)
    lines = int(room / LINE_HIGH / len(named))
    for cause, colour in named:
        count = f"{sum(cause['counts']):,}"
        name = _name(cause["name"], count, min(3, lines))
        mark, wide = _at(figure, left, top + 11.5), 10
        size = (wide / WIDE, wide / HIGH)
        figure.add_artist(Rectangle(mark, *size, facecolor=colour, transform=figure.transFigure))
        text: dict[str, Any] = {"fontsize": SMALL, "va": "top", "linespacing": 1.25}
        figure.text(*_at(figure, left + 17, top), name, **text)
        figure.text(*_at(figure, WIDE - MARGIN + 4, top), count, ha="right", fontweight="bold", **text)
        top += LINE_HIGH * (name.count("\n") + 1) + BETWEEN_CAUSES


def _name(name: str, count: str, most: int) -> str:
    """Break a cause's name into lines, the first one short enough for the number beside it."""
    room = "_" * (len(count) + 2)
    broken = textwrap.fill(
        f"{room}{name}", LETTERS_OF_CAUSE, max_lines=most, placeholder="…", break_on_hyphens=False
    )
    return broken.removeprefix(room)


def _fixes(axes: Axes, figure: Figure, chart: Mapping[str, Any]) -> None:
    """The time to fix: a line for the middle half of the people, a dot and words for the median."""
    known = [fix for fix in chart["fixes"] if fix]
    _bare(axes)
    title = chart["fix_title"]
    figure.text(*_at(figure, MARGIN, 254), title, fontsize=WORDS, fontweight="bold", va="center")
    note = textwrap.fill(chart["fix_note"] if known else chart["no_fixes"], LETTERS)
    where = _at(figure, MARGIN, 345 if known else 276)
    style = "bottom" if known else "center"
    figure.text(*where, note, fontsize=SMALL, color=FAINT, va=style, linespacing=1.25)
    if not known:
        return
    axes.set_yscale("log")
    low, high = min(fix["low"] for fix in known), max(fix["high"] for fix in known)
    axes.set_ylim(max(1.0, low) / 3, max(60.0, high) * 8)
    for at, fix in enumerate(chart["fixes"]):
        if fix is not None:
            _fix(axes, at, fix)


def _fix(axes: Axes, at: int, fix: Mapping[str, Any]) -> None:
    low, middle, high = (max(1.0, fix[name]) for name in ("low", "middle", "high"))
    axes.plot([at, at], [low, high], color=COLOURS[0], linewidth=4, alpha=0.45, solid_capstyle="round")
    axes.plot(
        [at], [middle], "o", markersize=5.5, color=COLOURS[0], markeredgecolor=GROUND, markeredgewidth=0.8
    )
    axes.annotate(
        fix["words"],
        (at, high),
        (0, 4),
        textcoords="offset points",
        fontsize=SMALL,
        ha="center",
        va="bottom",
        path_effects=[withStroke(linewidth=2.5, foreground=GROUND)],
    )


def _calm(figure: Figure, chart: Mapping[str, Any]) -> None:
    """A week without failures."""
    wide, high = figure.get_size_inches()
    middle = (wide / 2, high * 0.51)
    ring = Circle(
        middle, 0.3, facecolor="none", edgecolor=CALM, linewidth=3, transform=figure.dpi_scale_trans
    )
    figure.add_artist(ring)
    tick_x, tick_y = (-0.13, -0.04, 0.145), (0.0, -0.1, 0.12)
    figure.add_artist(_line(figure, [middle[0] + x for x in tick_x], [middle[1] + y for y in tick_y]))
    calm, days = textwrap.fill(chart["empty"], 56), "   ".join(chart["days"]).replace("\n", " ")
    figure.text(*_at(figure, WIDE / 2, 172), calm, fontsize=9, ha="center", va="center", linespacing=1.4)
    figure.text(*_at(figure, WIDE / 2, 205), days, fontsize=SMALL, color=FAINT, ha="center", va="center")


def _line(figure: Figure, x: list[float], y: list[float]) -> Any:
    return Line2D(
        x,
        y,
        color=CALM,
        linewidth=3,
        solid_capstyle="round",
        solid_joinstyle="round",
        transform=figure.dpi_scale_trans,
    )


def _bare(axes: Axes) -> None:
    """Leave only what is drawn: the numbers stand on the bars."""
    axes.set_facecolor("none")
    axes.tick_params(axis="y", which="both", left=False, labelleft=False)
    axes.tick_params(axis="x", which="both", length=0, labelbottom=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
