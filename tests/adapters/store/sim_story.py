"""One story of the simulation: a request or two, everybody who acts on it, and two replicas of the bot."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bot.adapters.store.connection import Link, StoreClient
from bot.adapters.store.keyspace import Keyspace
from bot.adapters.store.limits import RedisLimits
from bot.adapters.store.streams import RedisInbox, outbox_for_delivery, outbox_for_execution
from bot.adapters.store.switches import RedisSwitches
from bot.domain.approval import TERMINAL, ChangeKind, ChangeRequest, State, Wish
from bot.domain.people import User
from bot.errors import AuditUnavailable, Conflict, NotAllowed, StoreUnavailable
from bot.ports import Desk, Job
from bot.usecases import execute
from bot.usecases.decide import Click, approve, cancel, deny
from bot.usecases.deliver import deliver
from bot.usecases.expire import expire
from bot.usecases.freeze import ANNOUNCE, FREEZE, LiftAsk, freeze, lift
from bot.usecases.scheduled import DueJobs, carry_out_scheduled
from bot.usecases.workers import work_off
from tests.adapters.store.conftest import new_id
from tests.adapters.store.sim_world import (
    Hostile,
    HostileRequests,
    Life,
    LossyClient,
    SimDirectory,
    SimGraph,
    SimJournal,
    SimQueue,
    SimRequests,
    SimSchedule,
    SimSlack,
    SimSwitches,
    Told,
    World,
    insist,
    real_now,
)
from tests.fakes import (
    APPROVAL_CHANNEL,
    APPROVER,
    APPROVER_2,
    BYSTANDER,
    HELPDESK,
    TARGET,
    a_desk,
    slack_id_of,
    some_rules,
)
from tests.usecases.requests import a_wish

KEY = b"k" * 32
ABANDONED = timedelta(milliseconds=80)
APPROVERS = (APPROVER, APPROVER_2, BYSTANDER)
RULES = some_rules(
    approvers=frozenset(slack_id_of(user) for user in (*APPROVERS, HELPDESK, TARGET)),
    vote_no_sooner=timedelta(0),
)
PATIENCE = 120.0  # seconds; a story takes less than one, unless the machine is busy with other things


def a_life_desk(life: Life, link: Link, tenant: str, folder: Path) -> Desk:
    """The desk of one process: real adapters on a lossy store, Graph and Slack of the simulation."""
    world = life.world
    client: StoreClient = LossyClient(link.actions, world)
    requests = SimRequests(client, tenant, KEY, new_id)
    requests.life = life
    schedule = SimSchedule(client, tenant)
    schedule.clock = world.clock
    parts: dict[str, Any] = {
        "clock": world.clock,
        "rules": RULES,
        "requests": HostileRequests(requests, life),
        "inbox": SimQueue(RedisInbox(client, client, tenant, new_id, abandoned_after=ABANDONED), life),
        "outbox": SimQueue(outbox_for_delivery(client, tenant, ABANDONED), life),
        "approved": SimQueue(outbox_for_execution(client, tenant, ABANDONED), life),
        "schedule": Hostile(schedule, life),
        "limits": Hostile(RedisLimits(client, tenant), life),
        "switches": SimSwitches(RedisSwitches(client, tenant, KEY, folder / life.name[:1]), life),
        "journal": Hostile(SimJournal(world=world), life),
        "directory": SimDirectory(life=life),
        "mfa_states": SimGraph(life),
        "announcer": SimSlack(life),
    }
    return a_desk(**parts)


@dataclass
class Replica:
    """One bot: when it is killed it starts again, as a new process with a new name."""

    world: World
    name: str
    link: Link
    tenant: str
    folder: Path
    life: Life = field(init=False)

    async def run(self) -> None:
        while True:
            self.world.lives += 1
            self.life = Life(self.world, f"{self.name}{self.world.lives}")
            process = self.life.process = asyncio.create_task(self._work(self.life))
            try:
                await asyncio.wait({process})
            finally:
                process.cancel()
            if not process.cancelled() and (error := process.exception()):
                raise error
            await asyncio.sleep(0.01)

    async def _work(self, life: Life) -> None:
        desk = a_life_desk(life, self.link, self.tenant, self.folder)
        queue = partial(work_off, stop=asyncio.Event(), pause=desk.pause)
        due = DueJobs(desk.schedule, desk.journal, self._rest, timedelta(milliseconds=100))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(queue(desk.inbox, life.name, partial(self._clicked, desk=desk)))
            tasks.create_task(queue(desk.outbox, life.name, partial(deliver, desk=desk), at_once=1))
            executed = partial(execute.carry_out, desk=desk, worker=life.name)
            tasks.create_task(queue(desk.approved, life.name, executed, at_once=8))
            tasks.create_task(queue(due, life.name, partial(carry_out_scheduled, desk=desk), at_once=4))
            tasks.create_task(self._expire(desk))

    @staticmethod
    async def _rest(seconds: float) -> None:
        await asyncio.sleep(0.05)

    @staticmethod
    async def _expire(desk: Desk) -> None:
        while True:
            with suppress(StoreUnavailable, AuditUnavailable):
                await expire(desk)
            await asyncio.sleep(0.06)

    async def _clicked(self, job: Job, desk: Desk) -> None:
        """Carry out a click, then tell the person who clicked; a refusal is told as well as a success."""
        body, world = job.body, self.world
        try:
            await _carried_out(body["verb"], Click(**json.loads(body["click"])), desk, world)
        except (NotAllowed, Conflict) as refusal:
            why = str(refusal.denial if isinstance(refusal, NotAllowed) else refusal.state)
            world.refused.append(Told(body["request_id"], body["slack_id"], job.op_id, why))
            world.tell(body["slack_id"], f"is refused {body['verb']} ({job.op_id}): {why}")
            return
        world.tell(body["slack_id"], f"is told that {body['verb']} ({job.op_id}) is done")
        if body["verb"] in ("approve", "deny"):
            world.counted.append(Told(body["request_id"], body["slack_id"], job.op_id))


async def _carried_out(verb: str, click: Click, desk: Desk, world: World) -> None:
    click = replace(click, clicked_at=world.clock())
    if verb == "approve":
        await approve(click, desk)
    elif verb == "deny":
        await deny(click, "Not verified by phone", desk)
    elif verb == "cancel":
        await cancel(click, desk)
    elif verb == "freeze":
        await freeze("psso-bot", "too many at once", desk)
    else:
        await lift(LiftAsk(click.slack_id, "Looked at all of them", click.op_id, click.clicked_at), desk)


@dataclass
class Story:
    """What people do in one seed, and what came of it."""

    world: World
    link: Link
    tenant: str
    folder: Path
    ended: list[ChangeRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        client = LossyClient(self.link.actions, self.world)
        self.requests = SimRequests(client, self.tenant, KEY, new_id)
        self.inbox = RedisInbox(client, client, self.tenant, new_id, abandoned_after=ABANDONED)
        clean = self.link.actions
        self.queues = (
            RedisInbox(clean, clean, self.tenant, new_id),
            outbox_for_delivery(clean, self.tenant),
            outbox_for_execution(clean, self.tenant),
        )

    async def play(self) -> None:
        replicas = [Replica(self.world, name, self.link, self.tenant, self.folder) for name in "ab"]
        running = [asyncio.create_task(replica.run()) for replica in replicas]
        try:
            async with asyncio.timeout(PATIENCE):
                done, _ = await asyncio.wait(
                    {asyncio.create_task(self._people()), *running}, return_when=asyncio.FIRST_COMPLETED
                )
            for task in done:
                task.result()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _people(self) -> None:
        first = await self._requested(self._disable())
        if first.state is State.VERIFIED and self.world.chance(0.5):
            self.world.stale = 0  # by now Graph shows the change everywhere
            await self._requested(self._restore(first))
        await self._settled()

    def _disable(self) -> Wish:
        lifetime = 0.2 if self.world.chance(0.08) else 30.0
        return self._wish("req-1", lifetime, quorum=self.world.dice.choice((1, 2)))

    def _restore(self, undone: ChangeRequest) -> Wish:
        wish = self._wish("req-2", 30.0, quorum=1)
        before, wanted = undone.wish.wanted, undone.wish.before
        return replace(wish, kind=ChangeKind.RESTORE, undoes=undone.id, before=before, wanted=wanted)

    def _wish(self, request_id: str, lifetime: float, quorum: int) -> Wish:
        now = real_now()
        return a_wish(
            id=request_id,
            tenant=self.tenant,
            quorum=quorum,
            created_at=now,
            expires_at=now + timedelta(seconds=lifetime),
        )

    async def _requested(self, wish: Wish) -> ChangeRequest:
        """Open a request, let everybody act on it, and return how it ended."""
        await insist(self.requests.open, wish, f"open-{wish.id}")
        async with asyncio.TaskGroup() as people:
            for user in APPROVERS:
                people.create_task(self._votes(user, wish.id, eager=0.75))
            for user in (HELPDESK, TARGET):
                people.create_task(self._votes(user, wish.id, eager=0.2))
            if wish.kind is ChangeKind.DISABLE and self.world.chance(0.3):
                people.create_task(self._freezes(wish.id))
            people.create_task(self._gives_up(wish))
        ended = await self._end_of(wish.id)
        self.ended.append(ended)
        if self.world.chance(0.3):
            await self._click(APPROVER, wish.id, "approve", "late")
        return ended

    async def _votes(self, user: User, request_id: str, eager: float) -> None:
        world = self.world
        if not world.chance(eager):
            return
        await asyncio.sleep(world.dice.random() * 0.1)
        verb = "deny" if world.chance(0.12) else "approve"
        await self._click(user, request_id, verb, "first")
        if world.chance(0.25):
            await self._click(user, request_id, world.dice.choice(("approve", "deny")), "again")

    async def _freezes(self, request_id: str) -> None:
        await asyncio.sleep(self.world.dice.random() * 0.15)
        await self._click(APPROVER, request_id, "freeze", "freeze")
        if self.world.chance(0.7):
            await asyncio.sleep(self.world.dice.random() * 0.2)
            await self._click(APPROVER_2, request_id, "lift", "lift")

    async def _gives_up(self, wish: Wish) -> None:
        """When nobody decides, the asker withdraws."""
        await asyncio.sleep(0.6)
        if (await insist(self.requests.get, wish.id)).state is State.PENDING:
            await self._click(HELPDESK, wish.id, "cancel", "cancel")

    async def _click(self, user: User, request_id: str, verb: str, nth: str) -> None:
        """Press a button of the card that is shown; Slack delivers a click more than once."""
        request = await self._on_show(request_id)
        assert request.card is not None
        slack_id, op_id = slack_id_of(user), f"{request_id}:{slack_id_of(user)}:{nth}"
        click = Click(
            request_id, request.version, slack_id, APPROVAL_CHANNEL, request.card.ts, real_now(), op_id
        )
        text = json.dumps({**_fields(click), "clicked_at": None})
        body = {"verb": verb, "request_id": request_id, "slack_id": slack_id, "click": text}
        for _ in range(self.world.dice.choice((1, 1, 2))):
            await insist(self.inbox.record, "click", op_id, body)

    async def _on_show(self, request_id: str) -> ChangeRequest:
        while True:
            request = await insist(self.requests.get, request_id)
            if request.card is not None:
                return request
            await asyncio.sleep(0.01)

    async def _end_of(self, request_id: str) -> ChangeRequest:
        while True:
            request = await insist(self.requests.get, request_id)
            if request.state in TERMINAL:
                return request
            await asyncio.sleep(0.02)

    async def _settled(self) -> None:
        """Wait until everything was carried out and told."""
        while await insist(self._is_waiting):
            await asyncio.sleep(0.03)

    async def _is_waiting(self) -> bool:
        waiting = [await queue.waiting() for queue in self.queues]
        return any(waiting) or await self._has_to_announce()

    async def _has_to_announce(self) -> bool:
        due = Keyspace(self.tenant).named("schedule", "due")
        return await self.link.actions.command("ZSCORE", due, f"{ANNOUNCE}:{FREEZE}") is not None


def _fields(click: Click) -> dict[str, Any]:
    return {name: getattr(click, name) for name in Click.__slots__}
