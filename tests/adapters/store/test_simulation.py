"""Two replicas on a real store that loses answers, while they are killed and held up.

Each seed is a story of one request, or of one and its undoing. Whatever happens in it: nobody changes
anything after a request is over, one decision wins, no change goes unrecorded, nothing is called done that
was not read back, and nobody is told what is not so.

PSSO_SEEDS says how many stories are played, PSSO_FIRST_SEED with which they begin: a seed that failed is
played again with PSSO_FIRST_SEED=<seed> PSSO_SEEDS=1.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import Counter
from pathlib import Path

from bot.adapters.store.connection import Link
from bot.domain.approval import ChangeKind, ChangeRequest, State, fulfils
from bot.errors import Denial
from bot.ports import News
from tests.adapters.store.sim_story import Story
from tests.adapters.store.sim_world import World

SEEDS = int(os.environ.get("PSSO_SEEDS", "40"))
FIRST = int(os.environ.get("PSSO_FIRST_SEED", "0"))
AT_ONCE = 6

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
        "approved by too few": request.state in (State.VERIFIED, State.FAILED)
        and len(request.approvals) < request.wish.quorum,
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
    """A vote counts exactly when its voter was told so; news and refusals name how the request ended.

    One exception: a click that two processes carry out at once, while changes are put on hold, may count in
    the one and be refused in the other. Nothing is changed then either, and the card shows the vote.
    """
    voted = {vote.person.slack_id for vote in request.votes}
    counted = {slack_id for request_id, slack_id in world.counted if request_id == request.id}
    on_hold = {who for about, who, why in world.refused if (about, why) == (request.id, Denial.FROZEN)}
    lies = [f"the vote of {one} counted, and nobody told them" for one in voted - counted - on_hold]
    lies += [f"{one} was told that a vote counted, and it did not" for one in counted - voted]
    news = {news for _, request_id, news in world.news if request_id == request.id}
    lies += [f"news said {one}" for one in news & ENDINGS if one != request.state.value]
    if News.APPROVED in news and request.state not in (State.VERIFIED, State.FAILED):
        lies.append("news said approved")
    said = {why for request_id, _, why in world.refused if request_id == request.id}
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


async def play(seed: int, link: Link, folder: Path) -> tuple[list[str], Counter[str]]:
    """Play one story; return what went wrong, and what happened."""
    story = Story(World(seed), link, f"sim-{seed}", folder / str(seed))
    await story.play()
    world = story.world
    happened = Counter(str(request.state) for request in story.ended)
    happened["undone"] = sum(request.wish.kind is ChangeKind.RESTORE for request in story.ended)
    happened["killed"] = world.lives - 2
    happened["patched twice"] = len(world.patches) > len({patch.request for patch in world.patches})
    happened["frozen"] = any(entry.kind == "freeze.on" for entry in world.journal)
    return wrongs(world, story.ended), happened


async def test_nothing_goes_wrong_whatever_happens(link: Link, tmp_path: Path) -> None:
    turns, failed, happened = asyncio.Semaphore(AT_ONCE), dict[int, str](), Counter[str]()

    async def one(seed: int) -> None:
        async with turns:
            try:
                wrong, seen = await play(seed, link, tmp_path)
                happened.update(seen)
                if wrong:
                    failed[seed] = "; ".join(wrong)
                    log.error("seed %d: %s", seed, failed[seed])
            except TimeoutError:
                failed[seed] = "it never ended"

    async with asyncio.TaskGroup() as seeds:
        for seed in range(FIRST, FIRST + SEEDS):
            seeds.create_task(one(seed))

    log.info("%d stories from seed %d: %s", SEEDS, FIRST, dict(happened))
    assert failed == {}, f"{len(failed)} stories went wrong; play one again with PSSO_FIRST_SEED=<seed>"
