"""A watching bot between the sandbox's Slack and Entra: started, killed, paused, and looked at over HTTP."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from bot.adapters.store.embedded import embedded_store
from sandbox.demo.entra import Tenant
from sandbox.demo.processes import bot, stage_for
from sandbox.slack.people import Workspace
from tests.e2e.conftest import LOOK_AGAIN, PATIENCE, World

ALERTS = "C0ALERTS"
NO_GROUPS = {"PSSO_ALERT_PLACE_AT": "1000000", "PSSO_ALERT_OUTAGE_AT": "1000000"}
WATCHFUL = {
    "PSSO_APPROVAL_SECONDS_MIN": "0",
    "PSSO_LOG": "info",
    "PSSO_GRAPH_REPORTS_PER_10S": "500",
    "PSSO_POLL_SECONDS": "1",
    "PSSO_ALERT_CHANNEL": ALERTS,
}
WHO_SEES = {"C0AUDIT": "U0NILS"}
Json = dict[str, Any]


@dataclass
class Bot:
    """A bot process of its own."""

    pid: int
    health: str
    log: Path
    _running: AsyncExitStack

    async def stop(self) -> None:
        """SIGTERM, and wait for the end."""
        await self._running.aclose()

    async def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        os.kill(self.pid, signal.SIGKILL)
        await self._running.aclose()

    def pause(self) -> None:
        """Stop the process where it stands."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    async def readiness(self) -> dict[str, str]:
        """Return what /readyz complains about."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.health}/readyz") as answer:
            problems: dict[str, str] = (await answer.json())["problems"]
            return problems

    async def metric(self, name: str) -> float:
        """Return the sum of a metric's samples."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.health}/metrics") as answer:
            text = await answer.text()
        return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M))


@dataclass(frozen=True)
class Watched(World):
    """A world with an empty sign-in log, bots that can be killed, and a store that outlives them."""

    bots: AsyncExitStack

    async def start(self, **settings: str) -> Bot:
        """Start a bot; `settings` differ from those of the stage."""
        running, before = AsyncExitStack(), set(_bots())
        log = self.log.with_name(f"{self.log.stem}-{uuid.uuid4().hex[:6]}.log")
        line = await running.enter_async_context(bot({**self.stage.bot_environment, **settings}, log))
        (pid,) = set(_bots()) - before
        started = Bot(pid, line.rpartition("health on ")[2].strip(), log, running)
        self.bots.push_async_callback(running.aclose)
        self.bots.callback(_let_go_on, pid)
        return started

    async def messages(self, channel: str = ALERTS) -> list[Json]:
        """Return the messages of a channel, oldest first."""
        who = WHO_SEES.get(channel, "U0OTTO")
        return list((await self.slack.screen(who))["channels"][channel]["messages"])

    async def until(
        self, holds: Callable[[list[Json]], Any], channel: str = ALERTS, patience: float = PATIENCE
    ) -> list[Json]:
        """Wait until the messages of a channel are as wanted; return them."""
        shown: list[Json] = []
        try:
            async with asyncio.timeout(patience):
                while not holds(shown := await self.messages(channel)):
                    await asyncio.sleep(LOOK_AGAIN)
        except TimeoutError:
            said = "\n\n".join(one["plain"] for one in shown[-20:])
            raise AssertionError(f"{channel} never became as wanted; its last messages:\n{said}") from None
        return shown

    async def alert(self, *words: str, channel: str = ALERTS, patience: float = PATIENCE) -> Json:
        """Wait for a message that says all of these; return it."""
        shown = await self.until(lambda found: _saying(found, words), channel, patience)
        return _saying(shown, words)[0]

    async def write_log(self, rows: Sequence[Json], *, like: Json | None = None) -> None:
        """Put records into the sign-in log; `like`: what they have in common."""
        await self.admin("log", {"rows": list(rows), "like": like or {}})

    async def admin(self, door: str, body: Json) -> Json:
        """Knock at a door of the sandbox's Entra."""
        url = f"{self.stage.entra_url}/_admin/{door}"
        async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
            told: Json = await answer.json()
            assert answer.status == 200, told
            return told

    async def look(self, door: str) -> Json:
        """Look through a window of the sandbox's Entra."""
        url = f"{self.stage.entra_url}/_admin/{door}"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            told: Json = await answer.json()
            return told

    async def opens_unseen(self, key: str) -> str:
        """Request a change for somebody whose failures are too old for an alert; return its card's ts."""
        await self.tenant.set_state(f"{key}@contoso.com", "enforced")
        failed = {"lane": "prt", "code": 50076, "provider": "user", "attempt": "mac-1"}
        await self.admin(f"users/{key}/sign-ins", {"signIns": [{"at": "-90m", **failed}]})
        return await self.opens(f"{key}@contoso.com")

    async def pattern(self, who: str = "ada.lind", **attempt: Any) -> Json:
        """Return a record as Entra would write it, to be copied; it is not left in the log."""
        row = (await self.admin(f"users/{who}/sign-ins", {"signIns": [{"at": "now", **attempt}]}))["rows"][0]
        row["appliedConditionalAccessPolicies"] = row["appliedConditionalAccessPolicies"][:1]
        await self.admin("log", {"empty": True})
        return dict(row)


def _saying(messages: Iterable[Json], words: Sequence[str]) -> list[Json]:
    return [one for one in messages if all(word in one["plain"] for word in words)]


def one_of_many(pattern: Json, number: int, at: datetime, chance: random.Random, network: str) -> Json:
    """Return a copy of a record: another person, another moment, another address."""
    return {**pattern, **what_differs(number, at, chance, network)}


def what_differs(number: int, at: datetime, chance: random.Random, network: str) -> Json:
    """Return what tells one person's record from another's."""
    address = f"person.{number}@contoso.com"
    return {
        "id": str(uuid.UUID(int=chance.getrandbits(128))),
        "createdDateTime": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "correlationId": str(uuid.UUID(int=chance.getrandbits(128))),
        "userId": str(uuid.UUID(int=0xC0FFEE_0000 + number)),
        "userPrincipalName": address,
        "userDisplayName": f"Person Number {number}",
        "signInIdentifier": address,
        "ipAddress": network,
    }


def ago(seconds: float) -> datetime:
    """Return a moment of the past, by the real clock: the bot under test has no other."""
    return datetime.fromtimestamp(time.time() - seconds, UTC)


@asynccontextmanager
async def watched(folder: Path, **settings: str) -> AsyncIterator[Watched]:
    """Yield a world without bots yet: lifted limits, an empty sign-in log and a store of its own."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(embedded_store(folder / "store"))
        wanted = {**WATCHFUL, "REDIS_URL": store, **settings}
        stage = await stack.enter_async_context(stage_for(folder / "state", **wanted))
        slack = await stack.enter_async_context(Workspace(stage.slack_url))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        tenant = Tenant(stage.entra_url, session)
        await slack.rate_limits(enabled=False)
        await tenant.throttle(reports_per_10s=None, policies_per_s=None)
        # who asks for changes clicks the button of her own diagnosis, not that of an alert
        await slack.channel(ALERTS, members=["U0BOT", "U0OTTO", "U0MIRA", "U0NILS"])
        bots = await stack.enter_async_context(AsyncExitStack())
        world = Watched(stage, slack, tenant, folder / "bot.log", bots)
        await world.admin("log", {"empty": True})
        yield world


def _let_go_on(pid: int) -> None:
    """A bot that is still paused cannot end."""
    if pid in _bots():
        os.kill(pid, signal.SIGCONT)


def _bots() -> list[int]:
    """Find the bots among this process's descendants: tethers are our children, the bots are theirs."""
    return [child for tether in _children(os.getpid()) for child in _children(tether) if _is_bot(child)]


def _is_bot(pid: int) -> bool:
    try:
        return b"\0-m\0bot\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _children(pid: int) -> list[int]:
    try:
        text = "".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    except OSError:
        return []
    return [int(one) for one in text.split()]
