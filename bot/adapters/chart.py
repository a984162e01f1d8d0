"""The weekly chart as a PNG, drawn by matplotlib in a process of its own: the bot's memory stays small.

`python -m bot.adapters.chart` reads the figures and their words as JSON and writes the picture. It is a card
with a ground of its own, so that it reads in Slack's light and dark look alike. The colours are those of
Okabe and Ito, which people with colour blindness tell apart: https://jfly.uni-koeln.de/color/
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bot

DRAW_SECONDS = 60.0  # the first time on a machine matplotlib looks at every font
MOST_BYTES = 5_000_000
MODULE = "bot.adapters.chart"

log = logging.getLogger(__name__)


async def draw(chart: Mapping[str, Any]) -> bytes | None:
    """Return the picture; None when it could not be drawn, which the log explains."""
    with tempfile.TemporaryDirectory(prefix="psso-chart-") as folder:
        drawn = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            MODULE,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(folder),
        )
        try:
            async with asyncio.timeout(DRAW_SECONDS):
                png, said = await drawn.communicate(json.dumps(chart).encode())
        except TimeoutError:
            log.warning("the weekly chart was not drawn within %d s", DRAW_SECONDS)
            return None
        finally:
            if drawn.returncode is None:
                drawn.kill()
                await drawn.wait()
    if drawn.returncode or not png.startswith(b"\x89PNG") or len(png) > MOST_BYTES:
        reason = (said.decode(errors="replace").strip().splitlines() or ["no picture came"])[-1]
        log.warning("the weekly chart could not be drawn: %s", reason[:300])
        return None
    return png


def _environment(folder: str) -> dict[str, str]:
    """Return what the process needs to find its libraries; none of our secrets."""
    kept = {
        name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ
    }
    home = str(Path(bot.__file__).parents[1])
    return {**kept, "PYTHONPATH": home, "MPLCONFIGDIR": folder, "MPLBACKEND": "Agg", "HOME": folder}


def main() -> None:
    """Read the chart from stdin, write the picture to stdout."""
    from bot.adapters.chart_drawing import png_of  # noqa: PLC0415 -- matplotlib, in this process alone

    sys.stdout.buffer.write(png_of(json.load(sys.stdin)))


if __name__ == "__main__":
    main()
