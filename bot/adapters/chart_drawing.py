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

SIZE_INCHES, CALM_SIZE_INCHES = (10.0, 6.8), (10.0, 4.4)
DPI = 160

GROUND, RIM, INK, FAINT, LINE = "#23272f", "#4a5261", "#f4f6f8", "#aeb7c2", "#3a414d"
COLOURS = ("#56b4e9", "#e69f00", "#2dc199", "#f0e442", "#e58bbd", "#f0764a")
OTHERS = "#8f9aa8"
CALM = "#2dc199"
ROOM_FOR_NUMBER = 0.085  # of the highest bar
ROOM_FOR_EDGE = 0.025
WIDEST = 28  # letters of a cause's name in one line
HAIRLINE = 0.008  # what is there is seen, however little it is


def png_of(chart: Mapping[str, Any]) -> bytes:
    """Draw the card. Loads matplotlib: for the process of its own, and tests."""
    with mpl.rc_context({"font.family": "DejaVu Sans", "text.color": INK, "text.parse_math": False}):
        figure = Figure(figsize=CALM_SIZE_INCHES if chart["empty"] else SIZE_INCHES, dpi=DPI)
        _card(figure)
        _heading(figure, chart)
        if chart["empty"]:
            _calm(figure, chart)
        else:
            bars = figure.add_axes((0.045, 0.43, 0.605, 0.375))
            _bars(bars, chart)
            _causes(figure, chart)
            _fixes(figure.add_axes((0.045, 0.07, 0.605, 0.2), sharex=bars), figure, chart)
        written = io.BytesIO()
        figure.savefig(written, format="png", transparent=True, metadata={"Software": None})
    return written.getvalue()


def _card(figure: Figure) -> None:
    wide, high = figure.get_size_inches()
    margin, corner = 0.06, 0.16
    figure.add_artist(
        FancyBboxPatch(
            (margin, margin),
            wide - 2 * margin,
            high - 2 * margin,
            boxstyle=f"round,pad=0,rounding_size={corner}",
            facecolor=GROUND,
            edgecolor=RIM,
            linewidth=1.2,
            transform=figure.dpi_scale_trans,
            zorder=-10,
        )
    )


def _heading(figure: Figure, chart: Mapping[str, Any]) -> None:
    high = figure.get_figheight()
    figure.text(0.045, 1 - 0.49 / high, chart["title"], fontsize=17, fontweight="bold", va="center")
    figure.text(0.045, 1 - 0.87 / high, chart["subtitle"], fontsize=11.5, color=FAINT, va="center")


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
            (0, 4),
            textcoords="offset points",
            ha="center",
            fontsize=11.5,
            color=INK if total else FAINT,
            weight="bold" if total else "normal",
        )
    axes.set_ylim(0, 1.14)
    axes.set_xlim(-0.55, len(chart["days"]) - 0.45)
    _bare(axes)
    axes.set_xticks(range(len(chart["days"])), chart["days"], fontsize=10.5, color=FAINT)
    axes.tick_params(axis="x", length=0, pad=7, labelbottom=True)
    axes.spines["bottom"].set(visible=True, color=RIM, linewidth=1.2)


def _piece(axes: Axes, foot: tuple[int, float], share: float, colour: str, words: str) -> float:
    """Draw one cause of one day, with its number where there is room; return where the next one stands."""
    at, bottom = foot
    high = max(share, HAIRLINE)
    edge = 1.5 if share >= ROOM_FOR_EDGE else 0.0
    axes.bar([at], [high], 0.66, [bottom], color=colour, edgecolor=GROUND, linewidth=edge)
    if share >= ROOM_FOR_NUMBER:
        axes.text(at, bottom + high / 2, words, ha="center", va="center", fontsize=9.5, color=GROUND)
    return bottom + high


def _causes(figure: Figure, chart: Mapping[str, Any]) -> None:
    """Name the causes beside the bars, in the order in which they lie on one another."""
    top, room = 0.81, 0.38
    named = list(zip(chart["causes"], _colours(chart), strict=True))[::-1]
    step = min(0.1, room / len(named))
    for nth, (cause, colour) in enumerate(named):
        middle = top - step * (nth + 0.5)
        mark = Rectangle(
            (0.683, middle - 0.0155), 0.0195, 0.031, facecolor=colour, transform=figure.transFigure
        )
        figure.add_artist(mark)
        figure.text(0.713, middle, _in_two_lines(cause["name"]), fontsize=9.8, va="center", linespacing=1.15)
        figure.text(
            0.965,
            middle,
            f"{sum(cause['counts']):,}",
            fontsize=11,
            fontweight="bold",
            ha="right",
            va="center",
        )


def _in_two_lines(name: str) -> str:
    """Break a name into two lines of about one length, cut where that is not enough."""
    if len(textwrap.wrap(name, WIDEST)) > 2:
        return textwrap.fill(name, WIDEST, max_lines=2, placeholder="…")
    width = min(width for width in range(1, WIDEST + 1) if len(textwrap.wrap(name, width)) <= 2)
    return name if len(name) <= WIDEST - 6 else textwrap.fill(name, width)


def _fixes(axes: Axes, figure: Figure, chart: Mapping[str, Any]) -> None:
    """The time to fix: a line for the middle half of the people, a dot and words for the median."""
    known = [fix for fix in chart["fixes"] if fix]
    figure.text(0.045, 0.318, chart["fix_title"], fontsize=11.5, fontweight="bold", va="center")
    if not known:
        axes.text(
            0.0, 0.62, chart["no_fixes"], fontsize=11, color=FAINT, va="center", transform=axes.transAxes
        )
        _bare(axes)
        return
    axes.set_yscale("log")
    low, high = min(fix["low"] for fix in known), max(fix["high"] for fix in known)
    axes.set_ylim(max(1.0, low) / 4, max(60.0, high) * 4)
    _bare(axes)
    for seconds, words in chart["ticks"]:
        if axes.get_ylim()[0] * 1.3 < seconds < axes.get_ylim()[1] / 1.3:
            _level(axes, seconds, words)
    for at, fix in enumerate(chart["fixes"]):
        if fix is not None:
            _fix(axes, at, fix)
    note = textwrap.fill(chart["fix_note"], 32)
    figure.text(0.965, 0.17, note, fontsize=9.5, color=FAINT, ha="right", va="center", linespacing=1.35)


def _level(axes: Axes, seconds: float, words: str) -> None:
    axes.axhline(seconds, color=LINE, linewidth=1, zorder=0)
    axes.annotate(
        words,
        (1, seconds),
        (8, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        fontsize=9.5,
        color=FAINT,
        va="center",
    )


def _fix(axes: Axes, at: int, fix: Mapping[str, Any]) -> None:
    low, middle, high = (max(1.0, fix[name]) for name in ("low", "middle", "high"))
    axes.plot([at, at], [low, high], color=COLOURS[0], linewidth=7, alpha=0.45, solid_capstyle="round")
    axes.plot(
        [at], [middle], "o", markersize=8, color=COLOURS[0], markeredgecolor=GROUND, markeredgewidth=1.5
    )
    axes.annotate(
        fix["words"],
        (at, high),
        (0, 9),
        textcoords="offset points",
        fontsize=10,
        ha="center",
        va="bottom",
        path_effects=[withStroke(linewidth=4, foreground=GROUND)],
    )


def _calm(figure: Figure, chart: Mapping[str, Any]) -> None:
    """A week without failures."""
    wide, high = CALM_SIZE_INCHES
    middle = (wide / 2, high * 0.47)
    ring = Circle(
        middle, 0.5, facecolor="none", edgecolor=CALM, linewidth=5, transform=figure.dpi_scale_trans
    )
    figure.add_artist(ring)
    tick_x, tick_y = (-0.22, -0.06, 0.24), (0.0, -0.17, 0.2)
    figure.add_artist(_line(figure, [middle[0] + x for x in tick_x], [middle[1] + y for y in tick_y]))
    figure.text(
        0.5, 0.245, textwrap.fill(chart["empty"], 64), fontsize=14, ha="center", va="center", linespacing=1.4
    )
    figure.text(
        0.5, 0.115, "   ".join(chart["days"]).replace("\n", " "), fontsize=10, color=FAINT, ha="center"
    )


def _line(figure: Figure, x: list[float], y: list[float]) -> Any:
    return Line2D(
        x,
        y,
        color=CALM,
        linewidth=5,
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
