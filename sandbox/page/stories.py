"""Buttons that tell stories: what happens around the bot, done for real to the sandboxes and the bot."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.render import labels
from sandbox.demo.bot_process import BotProcess
from sandbox.feed import Json
from sandbox.page.entra_side import EntraSide
from sandbox.page.guard import Told
from sandbox.page.hub import Hub
from sandbox.page.progress import Progress
from sandbox.slack.forms import walk
from sandbox.slack.people import Workspace

APPROVAL_CHANNEL = "C0APPROVE"
APPROVERS = ("U0OTTO", "U0MIRA")
READING_SECONDS = 3.3  # the bot refuses a click that comes sooner after the card: nobody reads that fast
SALES_POLICY = "Require compliant device - sales"
THROTTLED_SECONDS = 60.0


@dataclass
class Stories:
    """Plays stories, each at most once at a time."""

    hub: Hub
    slack: Workspace
    entra: EntraSide
    progress: Progress
    bot: BotProcess | None
    running: set[str] = field(default_factory=set)
    _later: set[asyncio.Task[None]] = field(default_factory=set)

    def shown(self) -> list[Json]:
        """Return every story and whether it runs."""
        return [self._shown(story) for story in STORIES]

    def _shown(self, story: str) -> Json:
        title, does, _ = STORIES[story]
        return {"id": story, "title": title, "does": does, "running": story in self.running}

    async def play(self, story: str, options: Json) -> Json:
        """Play one to its end; refuse one that runs already."""
        if story not in STORIES:
            raise Told(404, "no_such_story", f"There is no story {story}.")
        if story in self.running:
            raise Told(409, "running", "That is happening already.")
        self._mark(story, runs=True)
        try:
            return {"ok": True, "said": await STORIES[story][2](self, options)}
        finally:
            if story not in {task.get_name() for task in self._later}:
                self._mark(story, runs=False)

    def _mark(self, story: str, *, runs: bool) -> None:
        (self.running.add if runs else self.running.discard)(story)
        self.hub.tell("story", story=self._shown(story))

    def _goes_on(self, story: str, seconds: float) -> None:
        """Let a story count as running for some time after its start."""

        async def end() -> None:
            await asyncio.sleep(seconds)
            self._later.discard(task)
            self._mark(story, runs=False)

        task = asyncio.create_task(end(), name=story)
        self._later.add(task)

    async def stop(self) -> None:
        """Let go of what goes on."""
        for task in list(self._later):
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)

    async def stuck_tries_again(self, options: Json) -> str:
        """The stuck user's Mac tries once more."""
        went = await self.entra.try_registration(str(options.get("user") or self.progress.upn))
        name = went["person"]["name"]
        if went["registered"]:
            return f"{name}'s Mac registered."
        return f"{name}'s Mac did not register: AADSTS{went['code']}. The Mac showed no reason."

    async def ca_change(self, _options: Json) -> str:
        """An administrator turns a policy on, and a whole department fails."""
        changed = await self.entra.set_policy(SALES_POLICY, "enabled")
        codes = [(await self.entra.try_registration(one))["code"] for one in await self._sales()]
        failed = [code for code in codes if code]
        seen = ", ".join(sorted({f"AADSTS{code}" for code in failed}))
        return (
            f"{changed['by']} turned on “{SALES_POLICY}”: {len(failed)} of {len(codes)} people in Sales "
            f"could not register ({seen})."
        )

    async def ca_change_back(self, _options: Json) -> str:
        """The policy is turned off again, and the department tries once more."""
        changed = await self.entra.set_policy(SALES_POLICY, "disabled")
        tried = [await self.entra.try_registration(one) for one in await self._sales()]
        through = sum(bool(one["registered"]) for one in tried)
        said = f"{through} of {len(tried)} people in Sales registered."
        return f"{changed['by']} turned “{SALES_POLICY}” off: {said}"

    async def _sales(self) -> list[str]:
        people = (await self.entra.get("pane"))["people"]
        return [one["id"] for one in people if "Sales" in one["groups"]]

    async def graph_throttles(self, options: Json) -> str:
        """Graph refuses every scarce call for a while."""
        seconds = float(options.get("seconds") or THROTTLED_SECONDS)
        await self.entra.post("throttle-for", {"seconds": seconds})
        self._goes_on("graph-throttles", seconds)
        return f"For {seconds:.0f} s Graph answers 429 to sign-ins, audits, reports and policies."

    async def kill_the_bot(self, _options: Json) -> str:
        """SIGKILL, then a new process on the same state."""
        if self.bot is None:
            raise Told(400, "no_bot_here", "This page did not start a bot, so it cannot end one.")
        killed = await self.bot.kill()
        began = time.monotonic()
        await self.bot.start()
        took = time.monotonic() - began
        return f"Process {killed} was killed; process {self.bot.pid} was ready {took:.1f} s later."

    async def two_approvers(self, _options: Json) -> str:
        """Both approvers click Approve on the newest open request in the same moment."""
        card = await self._open_card()
        await asyncio.sleep(max(0.0, READING_SECONDS - (time.time() - float(card["ts"]))))
        where = {"channel": APPROVAL_CHANNEL, "message_ts": card["ts"], "action_id": labels.ON_APPROVE}
        clicks = [self.slack.click(user, **where) for user in APPROVERS]
        went = await asyncio.gather(*clicks)
        took = max(one["ack_ms"] for one in went)
        return (
            f"Otto and Mira clicked Approve in the same moment; both clicks were taken within {took:.0f} ms."
        )

    async def _open_card(self) -> Json:
        seen = await self.slack.get("client", user=APPROVERS[0])
        for message in reversed(seen["messages"][APPROVAL_CHANNEL]["messages"]):
            if labels.ON_APPROVE in {element["action_id"] for _, element in walk(message["blocks"])}:
                found: Json = message
                return found
        raise Told(400, "no_open_request", "No request waits for approval: ask for one first.")

    async def start_over(self, _options: Json) -> str:
        """The guided story's person is stuck again, as on the first day."""
        await self.entra.set_state(self.progress.upn, "enforced")
        await self.entra.try_registration(self.progress.upn)
        self.progress.start_over()
        self.hub.tell("progress", fact=None, progress=self.progress.shown())
        return f"{self.progress.name} is stuck again: per-user MFA is enforced, and her Mac just failed."


Player = Callable[[Stories, Json], Awaitable[str]]
STORIES: dict[str, tuple[str, str, Player]] = {
    "stuck-tries-again": (
        "The stuck user tries again",
        "Her Mac tries to register; the tenant judges it by what holds now.",
        Stories.stuck_tries_again,
    ),
    "ca-change-breaks-sales": (
        "CA change breaks Sales",
        "An administrator demands a compliant device of Sales; everybody there fails.",
        Stories.ca_change,
    ),
    "ca-change-taken-back": (
        "CA change taken back",
        "The policy is turned off again, and Sales tries once more.",
        Stories.ca_change_back,
    ),
    "graph-throttles": (
        "Graph throttles for a minute",
        "Graph answers 429 to everything scarce.",
        Stories.graph_throttles,
    ),
    "kill-the-bot": (
        "Kill the bot and start it again",
        "SIGKILL to its process, then a new one on the same state.",
        Stories.kill_the_bot,
    ),
    "two-approvers": (
        "Two approvers click at once",
        "Otto and Mira approve the newest open request in the same moment.",
        Stories.two_approvers,
    ),
    "start-over": (
        "Start the guided story over",
        "Its person is stuck again.",
        Stories.start_over,
    ),
}
