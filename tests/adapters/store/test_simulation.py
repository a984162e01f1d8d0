"""Approvers and workers against a real store that loses answers, while they are killed and held up.

Each seed is a story of one request. Whatever happens in it: nobody changes anything after the request is
over, exactly one decision wins, no change goes unrecorded, and nobody is told what is not so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any, ParamSpec, TypeVar

from bot.adapters.store.connection import Link, Script, StoreClient
from bot.adapters.store.requests import RedisRequests
from bot.adapters.store.streams import StreamQueue, outbox_for_delivery, outbox_for_execution
from bot.domain.approval import TERMINAL, ChangeRequest, Decision, Person, State
from bot.errors import Conflict, StoreUnavailable
from bot.ports import Clock, Job
from tests.adapters.requests_contract import GRACE, LINUS, a_vote, a_wish
from tests.adapters.store.conftest import new_id

SEEDS = 60
AT_ONCE = 12
LEASE = timedelta(milliseconds=40)
MARGIN = 0.01
ABANDONED = timedelta(milliseconds=60)
KEY = b"k" * 32

T = TypeVar("T")
P = ParamSpec("P")


class Killed(Exception):
    """The process is gone: nothing after this line of it happens."""


@dataclass
class World:
    """One story: its dice, what Graph holds, and everything worth checking at the end."""

    seed: int
    state: str = "enforced"
    dice: Random = field(init=False)
    kills_left: int = 4
    is_over: bool = False
    lies: int = 0
    intents: int = 0
    patches: int = 0
    patches_after_the_end: int = 0
    told: dict[str, State] = field(default_factory=dict)
    news: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)

    def chance(self, probability: float) -> bool:
        return self.dice.random() < probability

    async def step(self) -> None:
        """Between any two lines a process may be killed, or held up for longer than its lease."""
        if self.kills_left and self.chance(0.05):
            self.kills_left -= 1
            raise Killed
        if self.chance(0.08):
            await asyncio.sleep(LEASE.total_seconds() * 1.5)

    def patch(self) -> None:
        """Graph: applied or not, and the answer may be lost either way."""
        self.patches += 1
        self.patches_after_the_end += self.is_over
        if self.chance(0.15):
            raise TimeoutError
        self.state = "disabled"
        if self.chance(0.15):
            raise TimeoutError

    def read(self) -> str:
        """Graph: sometimes the state before the change is still read."""
        return "enforced" if self.chance(0.2) else self.state


class LossyClient(StoreClient):
    """Loses one call in eight: half of them before the script ran, half of them after."""

    def __init__(self, inner: StoreClient, world: World) -> None:
        self._inner = inner
        self._world = world

    async def command(self, *parts: str | bytes | float) -> Any:
        return await self._inner.command(*parts)

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[str | float]) -> Any:
        if self._world.chance(0.06):
            raise StoreUnavailable("the question was lost")
        answer = await self._inner.run(script, keys, args)
        if isinstance(answer, list) and answer[0] == "ok":
            states = {record[record.index("state") + 1] for record in answer[2:]}
            self._world.is_over |= bool(states & TERMINAL)
        if self._world.chance(0.06):
            raise StoreUnavailable("the answer was lost")
        return answer


async def insist(call: Callable[P, Awaitable[T]], *args: P.args, **named: P.kwargs) -> T:
    """Ask again with the same operation id until there is an answer."""
    while True:
        try:
            return await call(*args, **named)
        except StoreUnavailable:
            await asyncio.sleep(0)


@dataclass
class Story:
    """The actors of one seed."""

    world: World
    requests: RedisRequests
    execute: StreamQueue
    deliver: StreamQueue

    async def approver(self, person: Person) -> None:
        decision = Decision.DENY if self.world.chance(0.3) else Decision.APPROVE
        vote = a_vote(person, decision)
        try:
            await self.world.step()
            voted = await insist(self.requests.vote, "req-1", vote, f"click-{person.slack_id}")
            await self.world.step()
            self.world.told[person.slack_id] = State.DENIED if decision is Decision.DENY else State.APPROVED
            self.world.lies += person not in [vote.person for vote in voted.votes]
        except Conflict as refused:
            decided = refused.state not in (State.EXPIRED, State.CANCELLED)
            self.world.lies += refused.by == person.name or (decided and refused.by is None)
        except Killed:
            return

    async def worker(self, name: str) -> None:
        """Carry out until the request is over; a killed worker starts again under another name."""
        life = 0
        while not await self._over():
            try:
                for job in await insist(self.execute.take, f"{name}{life}", 4, 0.02):
                    if await self._carried_out(f"{name}{life}"):
                        await insist(self.execute.done, job)
            except Killed:
                life += 1

    async def _over(self) -> bool:
        return (await insist(self.requests.get, "req-1")).state in TERMINAL

    async def _carried_out(self, worker: str) -> bool:
        clock = asyncio.get_running_loop().time
        until = clock() + LEASE.total_seconds()
        try:
            claimed = await self.requests.claim("req-1", worker, LEASE)
        except Conflict as refused:
            return refused.state in TERMINAL
        except StoreUnavailable:
            return False
        await self.world.step()
        self.world.intents += 1
        await self.world.step()
        if self.world.read() != "disabled":
            await self.world.step()
            if until - clock() < MARGIN:
                return False  # somebody else may hold the request by now
            with suppress(TimeoutError):  # only what is read back counts
                self.world.patch()
        await self.world.step()
        return await self._finished(claimed)

    async def _finished(self, claimed: ChangeRequest) -> bool:
        for _ in range(20):
            if self.world.read() == "disabled":
                break
        else:
            return False
        try:
            await insist(self.requests.finish, "req-1", claimed.fence, State.VERIFIED, None, "disabled")
        except Conflict as refused:
            return refused.state in TERMINAL
        await self.world.step()
        return True

    async def messenger(self) -> None:
        """Tell people everything, at least once."""
        life = 0
        while not (await self._over() and await self.deliver.waiting() == 0):
            try:
                await self._tell(await insist(self.deliver.take, f"m{life}", 8, 0.01))
            except Killed:
                life += 1

    async def _tell(self, jobs: tuple[Job, ...]) -> None:
        for job in jobs:
            await self.world.step()
            self.world.news.add((job.kind, job.body["version"]))
            await insist(self.deliver.done, job)


async def play(seed: int, link: Link, now: Clock) -> None:
    world = World(seed)
    tenant, client = f"sim-{seed}", LossyClient(link.actions, world)
    story = Story(
        world,
        RedisRequests(client, tenant, KEY, new_id),
        outbox_for_execution(client, tenant, ABANDONED),
        outbox_for_delivery(client, tenant, ABANDONED),
    )
    lifetime = 0.3 if world.chance(0.1) else 0.15 if world.chance(0.1) else 60.0
    wish = a_wish(now(), lifetime=lifetime)
    await insist(story.requests.open, wish, "open")
    async with asyncio.timeout(20), asyncio.TaskGroup() as actors:
        for person in (GRACE, LINUS):
            actors.create_task(story.approver(person))
        actors.create_task(last_resort(story))
        for name in ("a", "b"):
            actors.create_task(story.worker(name))
        actors.create_task(story.messenger())
    check(world, await link_view(link, tenant))


async def last_resort(story: Story) -> None:
    """When both approvers were killed before they voted, the asker withdraws."""
    await asyncio.sleep(0.5)
    request = await insist(story.requests.get, "req-1")
    if request.state is State.PENDING:
        await insist(story.requests.cancel, "req-1", request.wish.requester, "cancel")


async def link_view(link: Link, tenant: str) -> ChangeRequest:
    return await RedisRequests(link.actions, tenant, KEY, new_id).get("req-1")


def check(world: World, end: ChangeRequest) -> None:
    kinds = {kind for kind, _ in world.news}
    versions = {int(version) for _, version in world.news}
    assert end.intact
    assert end.state in TERMINAL
    assert world.patches_after_the_end == 0, "changed after the request was over"
    assert world.patches <= world.intents, "changed without a record"
    assert world.lies == 0
    assert len(end.votes) <= 1, "two decisions won"
    assert end.state is not State.VERIFIED or world.state == "disabled"
    assert end.state is State.VERIFIED or world.patches == 0
    for told in world.told.values():
        assert told in (State.APPROVED, State.DENIED)
        assert (told is State.APPROVED) == (end.state is State.VERIFIED), "told something that is not so"
    assert len(world.told) <= 1
    assert end.state.value in kinds, "the end was not told"
    assert versions == set(range(1, end.version + 1)), "a step was not told"


async def test_nothing_goes_wrong_whatever_happens(link: Link, now: Clock) -> None:
    turns = asyncio.Semaphore(AT_ONCE)
    failed: dict[int, str] = {}

    async def one(seed: int) -> None:
        async with turns:
            try:
                await play(seed, link, now)
            except (AssertionError, ExceptionGroup, TimeoutError) as error:
                failed[seed] = repr(error)

    async with asyncio.TaskGroup() as seeds:
        for seed in range(SEEDS):
            seeds.create_task(one(seed))

    assert failed == {}
