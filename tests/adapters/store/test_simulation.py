"""Two replicas on a real store that loses answers, while they are killed and held up.

Each seed is a story of one request, or of one and its undoing. Whatever happens in it: nobody changes
anything after a request is over, one decision wins, no change goes unrecorded, nothing is called done that
was not read back, and nobody is told what is not so.

PSSO_SEEDS says how many stories are played, PSSO_FIRST_SEED with which they begin. A seed fixes what people
want to do, not how the processes interleave, so a story that went wrong is told in full: it may not repeat.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.adapters.store.connection import Link
from bot.domain.approval import ChangeKind, ChangeRequest, State, fulfils, has_quorum
from bot.ports import News
from tests.adapters.store.sim_story import PATIENCE, Story
from tests.adapters.store.sim_world import World

SEEDS = int(os.environ.get("PSSO_SEEDS", "40"))
FIRST = int(os.environ.get("PSSO_FIRST_SEED", "0"))
AT_ONCE = 6
MOST_LAG = 0.012  # seconds
ACCOUNTS = 3  # wrong stories that are told in full

log = logging.getLogger(__name__)

TOLD = frozenset({State.VERIFIED, State.FAILED, State.DENIED, State.EXPIRED})
ENDINGS = frozenset(News(state.value) for state in (*TOLD, State.CANCELLED))


def wrongs(world: World, requests: list[ChangeRequest]) -> list[str]:
    """Everything that must never happen, and did."""
    found = [wrong for request in requests for wrong in _about(world, request)]
    found += ["changed without a record of the intent" for patch in world.patches if patch.request is None]
    found += ["changed while on hold" for patch in world.patches if patch.hold_ignored]
    found += [f"{request_id} was called done without reading it back" for request_id in world.blind]
    thrown = {news for whom, _, news in world.news if whom == "channel"}
    if any(entry.kind == "freeze.on" for entry in world.journal) and not thrown:
        found.append("the hold was not announced")
    last = requests[-1]
    if last.state is State.VERIFIED and not fulfils(last.wish, world.state):
        found.append(f"{last.id} is called done, and the state is {world.state}")
    return found


def _about(world: World, request: ChangeRequest) -> list[str]:
    patches = [patch for patch in world.patches if patch.request == request.id]
    over = request.finished_at
    assert over is not None
    checks = {
        "altered": not request.intact,
        "changed after the end": any(patch.at > over for patch in patches),
        "changed without approval": patches and request.state not in (State.VERIFIED, State.FAILED),
        "set to something else": any(patch.state is not request.wish.wanted for patch in patches),
        f"called unchanged, but was changed ({request.outcome})": any(patch.applied for patch in patches)
        and request.outcome.startswith(("Not changed", "Nothing was sent")),
        "approved by too few": request.state in (State.VERIFIED, State.FAILED) and not has_quorum(request),
        "a vote without a record": not _votes_recorded(world, request),
        "the card shows something else": world.cards.get(request.id) is not request.state,
        "the end was not told": not _end_was_told(world, request),
    }
    found = [f"{request.id}: {wrong}" for wrong, is_so in checks.items() if is_so]
    return found + [f"{request.id}: {lie}, and it ended {request.state}" for lie in _lies(world, request)]


def _votes_recorded(world: World, request: ChangeRequest) -> bool:
    entries = {
        (entry.kind, entry.actor.object_id)
        for entry in world.journal
        if entry.request_id == request.id and entry.actor is not None
    }
    return all((f"vote.{vote.decision}", vote.person.object_id) in entries for vote in request.votes)


def _lies(world: World, request: ChangeRequest) -> list[str]:
    """A vote counts exactly when its voter was told so; news and refusals name how the request ended."""
    voted = {vote.person.slack_id for vote in request.votes}
    counted = {told.slack_id for told in world.counted if told.request_id == request.id}
    lies = [f"the vote of {one} counted, and nobody told them" for one in voted - counted]
    lies += [f"{one} was told that a vote counted, and it did not" for one in counted - voted]
    news = {news for _, request_id, news in world.news if request_id == request.id}
    lies += [f"news said {one}" for one in news & ENDINGS if one != request.state.value]
    if News.APPROVED in news and request.state not in (State.VERIFIED, State.FAILED):
        lies.append("news said approved")
    both = {told.op_id for told in world.counted} & {told.op_id for told in world.refused}
    lies += [
        f"one click, two answers: counted, and {told.why}" for told in world.refused if told.op_id in both
    ]
    said = {told.why for told in world.refused if told.request_id == request.id}
    wrong = said & {str(ending) for ending in ENDINGS} - {request.state.value}
    lies += [f"a refusal said {why}" for why in wrong]
    return lies


def _end_was_told(world: World, request: ChangeRequest) -> bool:
    ending = News(request.state.value)
    told = {whom for whom, request_id, news in world.news if request_id == request.id and news is ending}
    waiting = {request.wish.requester.slack_id} if request.state in TOLD else set()
    if request.state in (State.VERIFIED, State.FAILED):
        waiting |= {vote.person.slack_id for vote in request.approvals}
    return told >= {"thread", *waiting}


@dataclass
class Findings:
    """What went wrong in which story, and what happened in all of them."""

    wrong: dict[int, list[str]] = field(default_factory=dict)
    accounts: dict[int, str] = field(default_factory=dict)
    happened: Counter[str] = field(default_factory=Counter)

    def add(self, story: Story, wrong: list[str]) -> None:
        """Judge a story that was played."""
        self.happened.update(_happened(story))
        if wrong:
            self.wrong[story.world.seed] = wrong
            self.accounts[story.world.seed] = "\n".join(story.world.account)

    def __str__(self) -> str:
        """The kinds of wrong with their seeds, and then what happened in the first few wrong stories."""
        seeds: dict[str, list[int]] = defaultdict(list)
        for seed, wrong in sorted(self.wrong.items()):
            for kind in {re.sub(r"\breq-\d", "a request", one) for one in wrong}:
                seeds[kind].append(seed)
        lines = [f"{len(self.wrong)} of {SEEDS} stories from seed {FIRST} went wrong:"]
        for kind, these in sorted(seeds.items(), key=lambda one: -len(one[1])):
            lines.append(f"  {len(these)} x {kind}; seeds {', '.join(map(str, these[:10]))}")
        for seed in list(self.wrong)[:ACCOUNTS]:
            lines += [f"--- seed {seed}: {'; '.join(self.wrong[seed])}", self.accounts[seed]]
        return "\n".join(lines)


def _happened(story: Story) -> Counter[str]:
    world = story.world
    happened = Counter(str(request.state) for request in story.ended)
    happened["undone"] = sum(request.wish.kind is ChangeKind.RESTORE for request in story.ended)
    happened["killed"] = world.lives - 2
    happened["twins"] = world.twins
    happened["patched twice"] = len(world.patches) > len({patch.request for patch in world.patches})
    happened["frozen"] = any(entry.kind == "freeze.on" for entry in world.journal)
    return happened


@dataclass
class Turns:
    """At most so many stories at a time, and fewer while the machine is busy: a lease lasts 60 ms here."""

    running: int = 0
    door: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for a turn, and hold it."""
        async with self.door:
            while self.running and (self.running >= AT_ONCE or await _lag() > MOST_LAG):
                await asyncio.sleep(0.02)
            self.running += 1
        try:
            yield
        finally:
            self.running -= 1


async def _lag() -> float:
    """How many seconds too late the event loop is, at worst, in a few tries."""
    clock, late = asyncio.get_running_loop().time, 0.0
    for _ in range(4):
        due = clock() + 0.005
        await asyncio.sleep(0.005)
        late = max(late, clock() - due)
    return late


async def test_nothing_goes_wrong_whatever_happens(link: Link, tmp_path: Path) -> None:
    turns, findings = Turns(), Findings()

    async def one(seed: int) -> None:
        async with turns.one():
            story = Story(World(seed), link, f"sim-{seed}", tmp_path / str(seed))
            try:
                await story.play()
            except TimeoutError:
                findings.add(story, [f"it did not end within {PATIENCE:.0f} seconds"])
            else:
                findings.add(story, wrongs(story.world, story.ended))

    async with asyncio.TaskGroup() as seeds:
        for seed in range(FIRST, FIRST + SEEDS):
            seeds.create_task(one(seed))

    log.info("%d stories from seed %d: %s", SEEDS, FIRST, dict(findings.happened))
    if findings.wrong:
        pytest.fail(str(findings), pytrace=False)
