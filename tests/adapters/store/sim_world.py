"""A hostile world around the real use cases and a real store, a thousand times faster than ours.

Every call of a port is a step: the process may be killed at it or held up for longer than its lease, its
question or its answer may be lost. What happened is written down, to be judged at the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from inspect import iscoroutinefunction
from random import Random
from typing import Any, ParamSpec, TypeVar
from uuid import NAMESPACE_URL, uuid5

from bot.adapters.store.connection import Script, StoreClient
from bot.adapters.store.requests import RedisRequests
from bot.adapters.store.schedule import RedisSchedule
from bot.domain.approval import CardRef, ChangeRequest, Failure, State, fulfils
from bot.domain.people import ObjectId, PerUserMfaState
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
from tests.fakes import APPROVAL_CHANNEL, TARGET, FakeJournal

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
    counted: list[tuple[str, str]] = field(default_factory=list)  # request, who was told "counted"
    refused: list[tuple[str, str, str]] = field(default_factory=list)  # request, who, why
    blind: list[str] = field(default_factory=list)  # requests called done by who had not read it back
    lives: int = 0

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)

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

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[str | float]) -> Any:
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

        await self._call(shown)
        return request.card or CardRef(APPROVAL_CHANNEL, f"ts-{request.id}", self.life.world.clock())

    async def reply(self, request: ChangeRequest, news: News, detail: str = "") -> None:
        await self._call(lambda: self.life.world.news.append(("thread", request.id, news)))

    async def tell(self, slack_id: str, request: ChangeRequest, news: News, detail: str = "") -> None:
        await self._call(lambda: self.life.world.news.append((slack_id, request.id, news)))

    async def announce(self, news: News, detail: str, by: str = "") -> None:
        await self._call(lambda: self.life.world.news.append(("channel", "", news)))

    async def _call(self, effect: Callable[[], None]) -> None:
        await self.life.step()
        await self._fail()
        effect()
        await self._fail()
        await self.life.step()

    async def _fail(self) -> None:
        if self.life.world.chance(0.04):
            raise SlackError("chat.postMessage", "ratelimited", retry_after=0.0)
