"""Everything at once, for trying by hand: both sandboxes, the bot and the page, until a signal ends them."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sandbox.demo.bot_process import BotProcess
from sandbox.demo.processes import Stage, stage_for
from sandbox.page.server import Page, asked_port
from sandbox.slack.people import NotSeen

STOPPED = "Everything is stopped."


class Broken(Exception):
    """Something did not start or did not happen; the text ends with the end of the bot's log."""


def cancel_at_signals() -> None:
    """Let SIGINT and SIGTERM cancel the task that runs now."""
    task = asyncio.current_task()
    assert task is not None
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, task.cancel)


@asynccontextmanager
async def whole() -> AsyncIterator[tuple[Stage, str]]:
    """Run everything; yield the stage and the page's address. Raises CannotServe, or Broken for all else."""
    with tempfile.TemporaryDirectory(prefix="psso-demo-") as folder:
        log = Path(folder, "bot.log")
        try:
            async with (
                stage_for(Path(folder, "state")) as stage,
                BotProcess(stage.bot_environment, log) as bot,
                Page(stage.slack_url, stage.entra_url, bot, asked_port(os.environ)) as page,
            ):
                yield stage, page.url
        except (NotSeen, TimeoutError, RuntimeError) as error:
            raise Broken(f"{str(error)[:2000]}\nThe bot's log:\n{_end_of(log)}") from error


def _end_of(log: Path) -> str:
    return log.read_text()[-3000:] if log.exists() else ""
