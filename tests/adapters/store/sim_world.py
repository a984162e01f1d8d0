"""A hostile world around the real use cases and a real store, a thousand times faster than ours.

Every call of a port is a step: the process may be killed at it or held up for longer than its lease, its
question or its answer may be lost. What happened is written down, to be judged at the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from inspect import iscoroutinefunction
from random import Random
from typing import Any, ParamSpec, TypeVar
from uuid import NAMESPACE_URL, uuid5

from bot.adapters.store.connection import Argument, Script, StoreClient
from bot.adapters.store.requests import RedisRequests
from bot.adapters.store.schedule import RedisSchedule
from bot.domain.approval import CardRef, ChangeRequest, Failure, State, fulfils
from bot.domain.people import ObjectId, PerUserMfaState, User
from bot.errors import (
    AuditUnavailable,
    BotError,
    GraphRefused,
    GraphThrottled,
    GraphUnreachable,
    SlackError,
    StoreUnavailable,
)
from bot.ports import Entry, Job, News
from tests.fakes import APPROVAL_CHANNEL, APPROVER, APPROVER_2, TARGET, FakeDirectory, FakeJournal

SPEED = 1000
POLL = 0.03  # seconds between two looks into an empty queue
HELD_UP = 0.09  # seconds; the lease is 60 s of theirs, 0.06 of ours
KILLS = 4
PATCHES_TO_TRY = 40

HELD: ContextVar[bool] = ContextVar("held", default=True)
"""Whether changes are on hold, as the job at hand read it last; not at all is as bad."""

P = ParamSpec("P")
T = TypeVar("T")


def real_now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the store goes by the real clock


@dataclass
class FastClock:
    """Time as the bot sees it: a second of ours is a thousand of its own."""

    start: datetime = field(default_factory=real_now)

    def __call__(self) -> datetime:
        return self.start + (real_now() - self.start) * SPEED

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds / SPEED)

    def real(self, time: datetime) -> datetime:
        """The moment of ours at which the bot's clock shows `time`."""
        return self.start + (time - self.start) / SPEED


@dataclass(frozen=True)
class PatchSeen:
    request: str | None  # None: nobody had written down that it would be sent
    at: datetime
    state: PerUserMfaState
    applied: bool
    hold_ignored: bool


@dataclass(frozen=True)
class Told:
    """What somebody learned about one click of theirs; `why` "": that it counted."""

    request_id: str
    slack_id: str
    op_id: str
    why: str = ""


@dataclass
class World:
    """One story: its dice, what Graph and Slack hold, and everything worth checking at the end."""

    seed: int
    state: PerUserMfaState = PerUserMfaState.ENFORCED
    clock: FastClock = field(default_factory=FastClock)
    dice: Random = field(init=False)
    kills_left: int = KILLS
    stale: int = 0  # reads that still show `previous`
    previous: PerUserMfaState = PerUserMfaState.ENFORCED
    patches: list[PatchSeen] = field(default_factory=list)
    journal: list[Entry] = field(default_factory=list)
    cards: dict[str, State] = field(default_factory=dict)
    news: list[tuple[str, str, News]] = field(default_factory=list)  # whom, request, what
    counted: list[Told] = field(default_factory=list)
    refused: list[Told] = field(default_factory=list)
    blind: list[str] = field(default_factory=list)  # requests called done by who had not read it back
    lives: int = 0
    twins: bool = False  # two of the approvers' accounts are one person's
    account: list[str] = field(default_factory=list)  # what happened when, to be read by people

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)
        self.twins = self.chance(0.15)

    def tell(self, who: str, what: str) -> None:
        """Add a line to the account of this story."""
        since = (real_now() - self.clock.start).total_seconds() * 1000
        self.account.append(f"{since:8.1f} ms  {who:<8} {what}")

    def chance(self, probability: float) -> bool:
        return self.dice.random() < probability

    def intent_behind(self, reference: str) -> str | None:
        """The request whose intent was written down before this PATCH was sent."""
        for entry in self.journal:
            if entry.kind == "execute.intent":
                for number in range(PATCHES_TO_TRY):
                    name = f"psso-bot:{entry.request_id}:{entry.detail['fence']}:{number}"
                    if str(uuid5(NAMESPACE_URL, name)) == reference:
                        return entry.request_id
        return None


@dataclass
class Life:
    """One process, from its start to its end."""

    world: World
    name: str
    process: asyncio.Task[None] | None = None
    is_dead: bool = False
    read: PerUserMfaState | None = None  # what this process read last

    async def step(self) -> None:
        """Between any two calls a process may be killed, or held up for longer than its lease."""
        world = self.world
        if world.kills_left and world.chance(0.012):
            world.kills_left -= 1
            world.tell(self.name, "is killed")
            self.is_dead = True
            assert self.process is not None
            self.process.cancel()
        if self.is_dead:
            raise asyncio.CancelledError  # nothing after this line of it happens
        if world.chance(0.015):
            await asyncio.sleep(HELD_UP)


class Hostile:
    """Any port: a step before and a step after each of its calls."""

    def __init__(self, inner: Any, life: Life) -> None:
        self._inner = inner
        self._life = life

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not iscoroutinefunction(found):
            return found

        async def call(*args: Any, **named: Any) -> Any:
            await self._life.step()
            answer = await found(*args, **named)
            await self._life.step()
            return answer

        return call


class LossyClient(StoreClient):
    """Loses one call in ten: half of them before it reached the store, half of them after."""

    def __init__(self, inner: StoreClient, world: World) -> None:
        self._inner = inner
        self._world = world

    async def command(self, *parts: str | bytes | float) -> Any:
        return await self._lossy(self._inner.command, *parts)

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        return await self._lossy(self._inner.run, script, keys, args)

    async def _lossy(self, call: Callable[P, Awaitable[T]], *args: P.args, **named: P.kwargs) -> T:
        if self._world.chance(0.05):
            raise StoreUnavailable("the question was lost")
        answer = await call(*args, **named)
        if self._world.chance(0.05):
            raise StoreUnavailable("the answer was lost")
        return answer


async def insist(call: Callable[P, Awaitable[T]], *args: P.args, **named: P.kwargs) -> T:
    """Ask again with the same operation id until there is an answer."""
    while True:
        try:
            return await call(*args, **named)
        except StoreUnavailable:
            await asyncio.sleep(0)


class SimRequests(RedisRequests):
    """Leases at our speed; and whoever calls a change done must have read it back."""

    life: Life

    async def claim(self, request_id: str, worker: str, lease: timedelta) -> ChangeRequest:
        claimed = await super().claim(request_id, worker, lease / SPEED)
        self.life.read = None
        self.life.world.tell(self.life.name, f"claims {request_id}, fence {claimed.fence}")
        return claimed

    async def renew(self, request_id: str, fence: int, lease: timedelta) -> bool:
        """An answer that took longer than half a lease is none: in our world the deadline is far below it."""
        clock = asyncio.get_running_loop().time
        asked = clock()
        renewed = await super().renew(request_id, fence, lease / SPEED)
        if clock() - asked > lease.total_seconds() / SPEED / 2:
            raise StoreUnavailable("it did not answer in time")
        return renewed

    async def finish(
        self, request_id: str, fence: int, state: State, failure: Failure | None, outcome: str
    ) -> ChangeRequest:
        read = self.life.read
        request = await super().finish(request_id, fence, state, failure, outcome)
        self.life.world.tell(self.life.name, f"finishes {request_id} as {state}: {outcome}")
        if state is State.VERIFIED and (read is None or not fulfils(request.wish, read)):
            self.life.world.blind.append(request_id)
        return request


class HostileRequests(Hostile):
    """Renewing is not held up afterwards: between it and the change lies nothing but a few lines."""

    async def renew(self, request_id: str, fence: int, lease: timedelta) -> bool:
        await self._life.step()
        renewed: bool = await self._inner.renew(request_id, fence, lease)
        return renewed


class SimQueue(Hostile):
    """Looks into the queue now and then, rather than waiting in it: connections are few."""

    async def take(self, consumer: str, count: int, wait: float) -> tuple[Job, ...]:
        await self._life.step()
        jobs: tuple[Job, ...] = await self._inner.take(consumer, count, 0)
        if not jobs:
            await asyncio.sleep(POLL)
        return jobs


class SimSchedule(RedisSchedule):
    """What is due by the bot's fast clock."""

    clock: FastClock

    async def put(self, kind: str, key: str, due: datetime, body: Mapping[str, str]) -> None:
        await super().put(kind, key, self.clock.real(due), body)


class SimSwitches(Hostile):
    """Remembers what a job knows of the freeze."""

    async def read(self, name: str) -> Any:
        await self._life.step()
        state = await self._inner.read(name)
        HELD.set(state is not None and state.on)
        return state


@dataclass
class SimJournal(FakeJournal):
    """One journal for all; sometimes its disk is full."""

    world: World = field(kw_only=True)

    async def write(self, entry: Entry) -> None:
        if self.world.chance(0.01):
            raise AuditUnavailable("no space left on the device")
        self.world.journal.append(entry)
        who = entry.actor.slack_id if entry.actor else ""
        detail = " ".join(f"{key}={value}" for key, value in entry.detail.items())
        self.world.tell("journal", f"{entry.kind} {entry.request_id or ''} {who} {entry.result} {detail}")


@dataclass
class SimDirectory(FakeDirectory):
    """Everybody is in it, and now and then it cannot be asked: then no click may count."""

    life: Life = field(kw_only=True)

    async def find_user(self, asked: str) -> User:
        await self.life.step()
        if self.life.world.chance(0.02):
            raise GraphUnreachable("the user")
        found = await super().find_user(asked)
        is_twin = self.life.world.twins and found.id in (APPROVER.id, APPROVER_2.id)
        return replace(found, employee_id="E-17") if is_twin else found


@dataclass
class SimGraph:
    """Graph: applies a change or not, loses answers, shows the old state for a while."""

    life: Life

    async def per_user_mfa_state(self, user: ObjectId) -> PerUserMfaState:
        await self.life.step()
        world = self.life.world
        if world.chance(0.08):
            raise GraphUnreachable("the per-user MFA state")
        seen = world.previous if world.stale else world.state
        world.stale = max(0, world.stale - 1)
        if user == TARGET.id:
            self.life.read = seen
            world.tell(self.life.name, f"reads {seen}, which is {world.state}")
        await self.life.step()
        return seen

    async def set_per_user_mfa_state(
        self, user: ObjectId, state: PerUserMfaState, client_request_id: str
    ) -> str | None:
        world = self.life.world
        applied, trouble = self._fate()
        held = HELD.get() and state is PerUserMfaState.DISABLED
        request = world.intent_behind(client_request_id)
        world.patches.append(PatchSeen(request, real_now(), state, applied, held))
        world.tell(self.life.name, f"sets {state}: applied={applied}, {trouble or 'answered'}")
        self.life.read = None
        if applied:
            world.previous, world.state = world.state, state
            world.stale = world.dice.choice((0, 0, 0, 1, 3))
        await self.life.step()
        if trouble is not None:
            raise trouble
        return f"graph-{len(world.patches)}"

    def _fate(self) -> tuple[bool, BotError | None]:
        what = "change the per-user MFA state"
        fates: tuple[tuple[float, bool, BotError | None], ...] = (
            (0.10, False, GraphUnreachable(what, timed_out=True)),
            (0.12, True, GraphUnreachable(what, timed_out=True)),
            (0.05, False, GraphThrottled(what, retry_after=2.0)),
            (0.03, False, GraphRefused(what, status=403)),
        )
        for probability, applied, trouble in fates:
            if self.life.world.chance(probability):
                return applied, trouble
        return True, None


@dataclass
class SimSlack:
    """Slack: what the cards show and who was told what; one call in ten fails, half of them too late."""

    life: Life

    async def show(self, request: ChangeRequest) -> CardRef:
        def shown() -> None:
            self.life.world.cards[request.id] = request.state

        await self._call(shown, f"shows {request.id} as {request.state}, version {request.version}")
        return request.card or CardRef(APPROVAL_CHANNEL, f"ts-{request.id}", self.life.world.clock())

    async def reply(self, request: ChangeRequest, news: News, detail: str = "") -> None:
        await self._say("thread", request.id, news)

    async def tell(self, slack_id: str, request: ChangeRequest, news: News, detail: str = "") -> None:
        await self._say(slack_id, request.id, news)

    async def announce(self, news: News, detail: str, by: str = "") -> None:
        await self._say("channel", "", news)

    async def _say(self, whom: str, request_id: str, news: News) -> None:
        said = (whom, request_id, news)
        await self._call(lambda: self.life.world.news.append(said), f"tells {whom}: {news} {request_id}")

    async def _call(self, effect: Callable[[], None], what: str) -> None:
        await self.life.step()
        await self._fail()
        effect()
        self.life.world.tell(self.life.name, what)
        await self._fail()
        await self.life.step()

    async def _fail(self) -> None:
        if self.life.world.chance(0.04):
            raise SlackError("chat.postMessage", "ratelimited", retry_after=0.0)
