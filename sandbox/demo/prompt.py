"""After the story: the reader types as helpdesk, approves as approver, and lets Macs try."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import Awaitable, Callable

from rich.console import Console

from sandbox.demo.entra import Tenant
from sandbox.demo.screens import NAMES, Screens
from sandbox.slack.people import CannotDo, NotSeen, Workspace

PEOPLE = {name.lower().split()[-1]: user for user, (name, _, _) in NAMES.items()}
SETTLE_SECONDS = 1.5

HELP = """\
  [bold]/psso why mail@contoso.com[/]     ask as Hana (any /psso command works)
  [bold]as otto[/]                        be Otto from now on; also hana, mira, ada, guest
  [bold]click Approve[/]                  click a button you see; of the newest message that has it
  [bold]fill reason='…' identity_check='…'[/]  fill in the form on your screen and send it
  [bold]look[/]                           show everything on your screen
  [bold]people[/]                         list the people of the sandbox tenant and their stories
  [bold]try mail@contoso.com[/]           let that person's Mac try to register now
  [bold]quit[/]                           stop everything (or Ctrl-C)"""


class Prompt:
    """Reads one line at a time and does what it says."""

    def __init__(self, console: Console, slack: Workspace, tenant: Tenant, screens: Screens) -> None:
        self._console = console
        self._slack = slack
        self._tenant = tenant
        self._screens = screens
        self._user = "U0HANA"
        self._does: dict[str, Callable[[str], Awaitable[None]]] = {
            "/psso": self._command,
            "as": self._be,
            "click": self._click,
            "fill": self._fill,
            "look": self._look,
            "people": self._people,
            "try": self._try,
            "help": self._help,
        }

    async def run(self) -> None:
        """Read lines until `quit` or Ctrl-C; without a terminal, wait for the signal."""
        if not sys.stdin.isatty():
            await asyncio.Event().wait()
        await self._help("")
        while (line := await self._line()) is not None and line not in ("quit", "exit"):
            word, _, rest = line.partition(" ")
            await self._carry_out(word, rest.strip())

    async def _line(self) -> str | None:
        name, _, colour = NAMES[self._user]
        self._console.print(f"[bold {colour}]{name}[/] › ", end="")
        text = await read_line()
        return text.strip() if text else None

    async def _carry_out(self, word: str, rest: str) -> None:
        if not word:
            return
        try:
            await self._does.get(word, self._help)(rest)
        except CannotDo as error:
            self._console.print(f"  Slack would not let you do that: {error.code}", style="yellow")
        except NotSeen as error:
            self._console.print(f"  {error}", style="yellow")

    async def _command(self, rest: str) -> None:
        answer = await self._slack.command(self._user, rest)
        if not answer.get("acked"):
            self._console.print("  Slack shows: /psso did not respond", style="yellow")
        await asyncio.sleep(SETTLE_SECONDS)
        self._screens.sees(self._user, "only visible to you", await self._screens.ephemeral(self._user))

    async def _be(self, rest: str) -> None:
        if rest.lower() not in PEOPLE:
            self._console.print(f"  There are {', '.join(PEOPLE)}.", style="yellow")
            return
        self._user = PEOPLE[rest.lower()]

    async def _click(self, rest: str) -> None:
        await self._slack.click(self._user, rest)
        await asyncio.sleep(SETTLE_SECONDS)
        await self._look("")

    async def _fill(self, rest: str) -> None:
        said = dict(part.split("=", 1) for part in shlex.split(rest) if "=" in part)
        values = {name: {name: value} for name, value in said.items()}
        answer = await self._slack.submit(self._user, values)
        problems = answer.get("client_errors") or answer.get("errors")
        if problems:
            self._console.print(f"  The form says: {problems}", style="yellow")
            return
        await asyncio.sleep(SETTLE_SECONDS)
        await self._look("")

    async def _look(self, _: str) -> None:
        shown = await self._slack.screen(self._user)
        for channel in shown["channels"].values():
            for message in channel["messages"][-2:]:
                self._screens.sees(self._user, f"#{channel['name']}", message["plain"])
        for message in shown["direct_messages"][-2:]:
            self._screens.sees(self._user, "direct message", message["plain"])
        for message in shown["ephemerals"][-1:]:
            self._screens.sees(self._user, "only visible to you", message["plain"])
        if shown["modal"]:
            self._screens.sees(self._user, "a form", shown["modal"]["plain"])

    async def _people(self, _: str) -> None:
        for person in await self._tenant.people():
            name, state = person["userPrincipalName"], person["perUserMfaState"]
            self._console.print(f"  [bold]{name}[/] [dim]({state})[/] {person['story']}", highlight=False)

    async def _try(self, rest: str) -> None:
        for row in await self._tenant.try_registration(rest):
            code = row["status"]["errorCode"]
            self._screens.note(f"{row['appDisplayName']} → {row['resourceDisplayName']}: {code or 'success'}")

    async def _help(self, _: str) -> None:
        self._console.print(HELP, highlight=False)


async def read_line() -> str:
    """Read one line from the terminal without holding up the event loop; "" at the end of input."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[str] = loop.create_future()

    def take() -> None:
        loop.remove_reader(sys.stdin)
        if not ready.done():
            ready.set_result(sys.stdin.readline())

    loop.add_reader(sys.stdin, take)
    try:
        return await ready
    finally:
        loop.remove_reader(sys.stdin)
