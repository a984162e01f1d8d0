"""Diagnoses for a terminal. No Slack markup; colour only repeats what the words say.

Everything from outside goes in as `Text` without markup and without control characters.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime, timedelta

from rich.console import Console, Group, RenderableType
from rich.text import Text

from bot.domain.diagnosis import Diagnosis, Exhibit
from bot.render.blocks import ago, clock_time
from bot.render.coverage import coverage_words
from bot.render.diagnosis_card import log_lag
from bot.render.safe import line
from bot.render.verdicts import Tone, headline, sureness

STYLES = {Tone.BLOCKED: "bold red", Tone.ATTENTION: "bold yellow", Tone.FINE: "bold green", Tone.OPEN: "bold"}
LONG = 2000


def diagnosis_text(
    diagnosis: Diagnosis, *, now: datetime, time_zone: str = "UTC", trouble: str = ""
) -> RenderableType:
    """Return a whole answer: verdict, reasons, what to do, doubts."""
    head = headline(diagnosis.verdict)
    parts: list[RenderableType] = [
        _plain(_who(diagnosis), "bold"),
        _plain(f"{head.tone.mark}: {head.title}, {sureness(diagnosis.confidence)}", STYLES[head.tone]),
        _plain(diagnosis.summary),
        *_list("Why", [_exhibit(one, time_zone) for one in diagnosis.evidence]),
        *_what_to_do(diagnosis),
        *_list("Next in the way, or part of it", [headline(name).title for name in diagnosis.contributing]),
        *_list("What could not be read", diagnosis.unknown),
        *_coverage(diagnosis),
        _plain(_change(diagnosis)),
        _plain(_freshness(diagnosis, now), "dim"),
    ]
    if trouble:
        parts.append(_plain(trouble))
    return Group(*parts, *(_plain(link, "dim") for link in diagnosis.links))


def print_why(
    diagnosis: Diagnosis,
    *,
    now: datetime,
    time_zone: str = "UTC",
    trouble: str = "",
    console: Console | None = None,
) -> None:
    """Print one answer and an empty line."""
    out = console or _console()
    out.print(diagnosis_text(diagnosis, now=now, time_zone=time_zone, trouble=trouble))
    out.print()


class _Console(Console):
    """Leaves it to the caller what it means that the reader of a pipe has left."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def _console() -> Console:
    """Wrap for people; into a pipe or file every line goes out whole."""
    return _Console(highlight=False, emoji=False, markup=False, soft_wrap=not sys.stdout.isatty())


def _who(diagnosis: Diagnosis) -> str:
    if diagnosis.user is None:
        return line(diagnosis.asked, 200)
    return f"{line(diagnosis.user.display_name, 200)}  {line(diagnosis.user.user_principal_name, 300)}"


def _exhibit(exhibit: Exhibit, time_zone: str) -> str:
    source = f" ({exhibit.source}" + (f", {clock_time(exhibit.at, time_zone)})" if exhibit.at else ")")
    return f"{exhibit.fact}: {exhibit.value}{source if exhibit.source else ''}"


def _what_to_do(diagnosis: Diagnosis) -> list[RenderableType]:
    parts: list[RenderableType] = []
    if diagnosis.remedy:
        parts.append(_plain(f"What to do: {diagnosis.remedy}", "bold"))
    parts += [_indented(f"{number}. {step}") for number, step in enumerate(diagnosis.steps, 1)]
    return parts


def _coverage(diagnosis: Diagnosis) -> list[RenderableType]:
    by = f", by {', '.join(diagnosis.coverage.by)}" if diagnosis.coverage.by else ""
    first = _plain(f"Without per-user MFA: {coverage_words(diagnosis.coverage)}{by}")
    return [first, *(_indented(f"- {gap}") for gap in diagnosis.coverage.gaps)]


def _change(diagnosis: Diagnosis) -> str:
    if diagnosis.can_request_disable:
        return f"In Slack, /psso why {line(diagnosis.asked, 200)} offers to ask for the change."
    return f"The change is not offered: {diagnosis.why_not or 'the evidence does not call for it'}"


def _freshness(diagnosis: Diagnosis, now: datetime) -> str:
    age: timedelta = now - diagnosis.read_at
    return f"Read {ago(age.total_seconds())} ago. {log_lag(diagnosis, now)}"


def _list(title: str, rows: Sequence[str]) -> list[RenderableType]:
    return [_plain(title, "bold"), *(_indented(f"- {row}") for row in rows)] if rows else []


def _indented(text: str) -> RenderableType:
    return Text(f"  {line(text, LONG)}")


def _plain(text: str, style: str = "") -> Text:
    return Text(line(text, LONG), style=style)
