"""Show at a terminal what one person sees in Slack."""

from __future__ import annotations

from typing import Any

from rich.box import ROUNDED
from rich.console import Console, RenderableType
from rich.panel import Panel
from rich.text import Text

from sandbox.slack.people import Workspace

NAMES = {
    "U0HANA": ("Hana", "helpdesk", "cyan"),
    "U0OTTO": ("Otto", "approver", "green"),
    "U0MIRA": ("Mira", "second approver", "magenta"),
    "U0ADA": ("Ada", "cannot register her Mac", "yellow"),
    "U0GUEST": ("the guest", "not in the company", "red"),
}


class Screens:
    """Prints people's doings and screens, each in a colour of its own, labelled in words."""

    def __init__(self, console: Console, slack: Workspace) -> None:
        self._console = console
        self._slack = slack

    def show(self, what: RenderableType) -> None:
        """Print a heading."""
        self._console.print()
        self._console.print(what)

    def does(self, user: str, what: str) -> None:
        """Say what a person does now."""
        name, role, colour = NAMES[user]
        self._console.print()
        self._console.print(Text.assemble((f"{name} ({role})", f"bold {colour}"), f" {what}"))

    def note(self, text: str) -> None:
        """Say something that nobody in Slack sees."""
        self._console.print(Text(f"  {text}", style="dim"))

    def sees(self, user: str, where: str, message: str) -> None:
        """Show one message as the person reads it."""
        name, _, colour = NAMES[user]
        self._console.print(framed(message, f"{name} sees · {where}", colour))

    async def ephemeral(self, user: str) -> str:
        """Return the newest message that only this person sees."""
        shown = (await self._slack.screen(user))["ephemerals"]
        return str(shown[-1]["plain"]) if shown else ""

    async def card(self, user: str, channel: str) -> dict[str, Any]:
        """Return the newest message of a channel as this person sees it."""
        messages = (await self._slack.screen(user))["channels"][channel]["messages"]
        newest: dict[str, Any] = messages[-1]
        return newest

    async def direct(self, user: str) -> str:
        """Return the newest direct message."""
        messages = (await self._slack.screen(user))["direct_messages"]
        return str(messages[-1]["plain"]) if messages else ""


def framed(message: str, title: str, colour: str) -> RenderableType:
    """Return a message in a frame; buttons stand out by their brackets."""
    body = Text(message)
    body.highlight_regex(r"\[[A-Z][^\]\n]{2,40}\]", "bold reverse")
    return Panel(body, title=title, title_align="left", border_style=colour, box=ROUNDED, padding=(0, 1))
