"""`python -m sandbox.page`: both sandboxes, the bot and the page, without the story at the terminal."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path

from sandbox.demo.bot_process import BotProcess
from sandbox.demo.processes import stage_for
from sandbox.page.server import CannotServe, Page, asked_port


async def main() -> None:
    """Run until SIGINT or SIGTERM."""
    task = asyncio.current_task()
    assert task is not None
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, task.cancel)
    with tempfile.TemporaryDirectory(prefix="psso-page-") as folder:
        log = Path(folder, "bot.log")
        try:
            async with (
                stage_for(Path(folder, "state")) as stage,
                BotProcess(stage.bot_environment, log) as bot,
                Page(stage.slack_url, stage.entra_url, bot, asked_port(os.environ)) as page,
            ):
                sys.stdout.write(f"Open {page.url}/\n")
                sys.stdout.flush()
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            sys.stdout.write("Everything is stopped.\n")
        except (CannotServe, RuntimeError, TimeoutError) as error:
            sys.exit(f"{error}\n{_end_of(log)}")


def _end_of(log: Path) -> str:
    return log.read_text()[-3000:] if log.exists() else ""


if __name__ == "__main__":
    asyncio.run(main())
