"""`psso-bot sweep`: reads the tenant, shows how far it is, and writes the list where it was asked for."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bot import app
from bot.domain.sweep import Swept, Tally
from bot.errors import BadInput
from bot.render.sweep import COLUMNS, HEADING, sweep_cells, sweep_json, sweep_row
from bot.settings import Settings
from bot.usecases.sweep import counted

Show = Callable[[Swept], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where the list goes: lines of JSON or a table through `say`, or a CSV file, or JSON and the file."""

    as_json: bool
    csv: Path | None
    say: Callable[[str], None]


def sweep(settings: Settings, tally: Tally, wanted: Wanted) -> None:
    """Read every user into `tally` and write the list as it comes; raise GraphError when that ends early."""
    with ExitStack() as stack:
        shows: list[Show] = []
        if wanted.csv:
            shows.append(stack.enter_context(csv_file(wanted.csv)))
        if wanted.as_json:
            shows.append(_json_lines(wanted.say))
        elif not wanted.csv:
            shows.append(_table(wanted.say))
        asyncio.run(_read(settings, tally, shows))


async def _read(settings: Settings, tally: Tally, shows: Sequence[Show]) -> None:
    with _progress() as moved:
        async with app.sweeping(settings) as port:
            async for swept in counted(port, tally):
                if swept.is_hit or swept.state is None:
                    for show in shows:
                        show(swept)
                moved(tally)


def _json_lines(say: Callable[[str], None]) -> Show:
    def show(swept: Swept) -> None:
        if swept.is_hit:
            say(json.dumps(sweep_json(swept), ensure_ascii=False))

    return show


def _table(say: Callable[[str], None]) -> Show:
    headings = iter([HEADING])

    def show(swept: Swept) -> None:
        if swept.is_hit:
            for heading in headings:
                say(heading)
            say(sweep_row(swept))

    return show


@contextmanager
def csv_file(path: Path) -> Iterator[Show]:
    """Write accounts to a CSV file that replaces `path` only when nothing failed; BadInput when it cannot."""
    with _writing(path):
        target = path.resolve()
        if target.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    unfinished = Path(name)
    file = open(handle, "w", encoding="utf-8", newline="")  # noqa: SIM115  closed below, where that may fail
    try:
        rows = csv.writer(file)

        def show(swept: Swept) -> None:
            with _writing(path):
                rows.writerow(sweep_cells(swept))

        rows.writerow(COLUMNS)
        yield show
        with _writing(path):
            file.flush()
            os.fsync(file.fileno())
            file.close()
            unfinished.replace(target)
    finally:
        with suppress(OSError):  # what is left in the buffer of a full disk
            file.close()
        unfinished.unlink(missing_ok=True)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadInput(f"a file that cannot be written ({error.strerror}): {path}", "--csv") from None


@contextmanager
def _progress() -> Iterator[Callable[[Tally], None]]:
    """Show on a terminal's stderr how far the reading is. Graph does not say how many users there are."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    columns = (
        SpinnerColumn(),
        BarColumn(bar_width=24),
        TextColumn("{task.completed} users read, {task.fields[hits]} with per-user MFA on"),
        TimeElapsedColumn(),
    )
    # Rows on the same terminal go above the bar; rows into a pipe or file stay untouched.
    shared = sys.stdout.isatty()
    console = Console(stderr=True, highlight=False, emoji=False, markup=False, soft_wrap=True)
    with Progress(*columns, console=console, transient=True, redirect_stdout=shared) as bar:
        task = bar.add_task("", total=None, hits=0)
        yield lambda tally: bar.update(task, completed=tally.read, hits=tally.hits)
