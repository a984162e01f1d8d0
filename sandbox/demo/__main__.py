"""`python -m sandbox.demo`: start everything, play the story, stay up, stop everything."""

from __future__ import annotations

import asyncio
import os
import sys
import time

import aiohttp
from rich.console import Console
from rich.rule import Rule

from sandbox.demo.browser import is_desktop, show
from sandbox.demo.entra import Tenant
from sandbox.demo.processes import Stage
from sandbox.demo.prompt import Prompt
from sandbox.demo.screens import Screens
from sandbox.demo.story import play
from sandbox.page.server import CannotServe
from sandbox.page.whole import STOPPED, Broken, cancel_at_signals, whole
from sandbox.slack.people import Workspace

ACTS = {
    1: "1 · A Mac that cannot register",
    2: "2 · Helpdesk asks why",
    3: "3 · Helpdesk requests the change",
    4: "4 · An approver decides",
    5: "5 · Changed, and read back",
    6: "6 · The Mac registers",
    7: "7 · Taken back, by two people again",
}


async def main() -> int:
    """Run the demo until it is told to stop; 1 when the story did not go as it should."""
    console = Console()
    console.print(
        Rule("[bold]psso-bot[/] · SIMULATED Slack and Entra on this machine, the real bot between them")
    )
    cancel_at_signals()
    try:
        async with whole() as (stage, address):
            await _open(address, console)
            await _on_stage(stage, console)
    except asyncio.CancelledError:
        console.print(f"\n{STOPPED}")
    except CannotServe as error:
        console.print(str(error), style="yellow")
        return 2
    except Broken as error:
        console.print(f"\nThe story stopped: {error}")
        return 1
    return 0


async def _open(address: str, console: Console) -> None:
    console.print(f"Open {address}/", highlight=False, soft_wrap=True)
    if is_desktop(os.environ, sys.platform):
        await asyncio.to_thread(show, f"{address}/")


async def _on_stage(stage: Stage, console: Console) -> None:
    began = time.monotonic()
    async with Workspace(stage.slack_url) as slack, aiohttp.ClientSession() as session:
        tenant, screens = Tenant(stage.entra_url, session), Screens(console, slack)
        await play(slack, tenant, screens, {number: Rule(title) for number, title in ACTS.items()})
        console.print()
        console.print(
            Rule(
                f"The story took {time.monotonic() - began:.0f} s. Now it is yours; Ctrl-C stops everything."
            )
        )
        await Prompt(console, slack, tenant, screens).run()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
