"""One answer for many: a deed gets one that was asked for after the click, and no reader is in its way."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from bot.adapters.slack.client import slack_client, slack_session
from bot.adapters.slack.kept import KEPT_FOR, TRIES, Kept
from bot.adapters.slack.workspace import SlackWorkspace
from bot.errors import SlackError
from sandbox.slack.people import Workspace as People
from sandbox.slack.server import SlackSandbox
from tests.fakes import FakeClock

TOO_MANY = SlackError("usergroups.users.list", "ratelimited", 3)


@dataclass
class Slack:
    """Answers when it is told to: each call waits for its own turn, and says how many came before it."""

    calls: list[asyncio.Future[int]] = field(default_factory=list)

    async def read(self) -> int:
        call: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.calls.append(call)
        return await call

    async def answers(self, nth: int, *, with_error: SlackError | None = None) -> None:
        await settle()
        if with_error is not None:
            self.calls[nth].set_exception(with_error)
        else:
            self.calls[nth].set_result(nth)
        await settle()


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


@dataclass
class Waits:
    """Pauses that end when the test says so."""

    asked: list[float] = field(default_factory=list)
    over: deque[asyncio.Event] = field(default_factory=deque)

    async def pause(self, seconds: float) -> None:
        self.asked.append(seconds)
        self.over.append(asyncio.Event())
        await self.over[-1].wait()

    async def end(self) -> None:
        self.over.popleft().set()
        await settle()


@dataclass
class World:
    clock: FakeClock = field(default_factory=FakeClock)
    slack: Slack = field(default_factory=Slack)
    waits: Waits = field(default_factory=Waits)
    asking: list[asyncio.Task[int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kept: Kept[int] = Kept(self.clock, self.waits.pause)

    async def ask(self, *, fresh: bool = False, people: int = 1) -> list[asyncio.Task[int]]:
        """So many people ask at once."""
        asked = [
            asyncio.create_task(self.kept.get("S0", self.slack.read, fresh=fresh)) for _ in range(people)
        ]
        self.asking += asked
        await settle()
        return asked


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    yield world
    for one in world.asking:
        one.cancel()
    await asyncio.gather(*world.asking, return_exceptions=True)


def told(tasks: list[asyncio.Task[int]]) -> list[int | None]:
    """Return the answers of those who have one."""
    return [task.result() if task.done() else None for task in tasks]


async def test_readers_share_one_call_and_its_answer_for_a_minute(world: World) -> None:
    readers = await world.ask(people=200)
    await world.slack.answers(0)
    world.clock.advance(KEPT_FOR.total_seconds() - 1)
    later = await world.ask(people=200)
    assert told(readers + later) == [0] * 400

    world.clock.advance(1)
    await world.ask()
    assert len(world.slack.calls) == 2


async def test_a_kept_answer_serves_readers_while_a_deed_asks_anew(world: World) -> None:
    await world.ask()
    await world.slack.answers(0)
    (deed,) = await world.ask(fresh=True)

    readers = await world.ask(people=200)

    assert told(readers) == [0] * 200
    assert told([deed]) == [None]
    await world.slack.answers(1)
    assert told([deed]) == [1]


async def test_a_deed_does_not_wait_for_a_call_of_readers(world: World) -> None:
    readers = await world.ask(people=200)

    (deed,) = await world.ask(fresh=True)

    assert len(world.slack.calls) == 2
    assert world.slack.calls[0].cancelled()
    await world.slack.answers(1)
    assert told([deed, *readers]) == [1] * 201


async def test_deeds_that_come_during_a_call_share_the_next_one(world: World) -> None:
    (first,) = await world.ask(fresh=True)
    others = await world.ask(fresh=True, people=40)
    assert len(world.slack.calls) == 1

    await world.slack.answers(0)
    assert told([first, *others]) == [0] + [None] * 40
    await world.slack.answers(1)

    assert told(others) == [1] * 40
    assert len(world.slack.calls) == 2


async def test_who_comes_while_slack_says_wait_shares_the_next_try(world: World) -> None:
    early = await world.ask(fresh=True)
    await world.slack.answers(0, with_error=TOO_MANY)
    late = await world.ask(fresh=True, people=5) + await world.ask(people=5)
    assert world.waits.asked == [3]

    await world.waits.end()
    await world.slack.answers(1)

    assert told(early + late) == [1] * 11
    assert len(world.slack.calls) == 2


async def test_a_deed_does_not_sit_out_the_wait_of_readers(world: World) -> None:
    readers = await world.ask(people=3)
    await world.slack.answers(0, with_error=SlackError("usergroups.users.list", "ratelimited", 30))

    (deed,) = await world.ask(fresh=True)
    await world.slack.answers(1)

    assert told([deed, *readers]) == [1] * 4


@pytest.mark.parametrize(
    "error",
    [
        SlackError("usergroups.users.list", "ratelimited", 31),
        SlackError("usergroups.users.list", "fatal_error"),
    ],
)
async def test_an_error_is_everybodys_and_is_not_kept(world: World, error: SlackError) -> None:
    asked = await world.ask(people=2)
    await world.slack.answers(0, with_error=error)
    assert [task.exception() for task in asked] == [error, error]

    (again,) = await world.ask()
    await world.slack.answers(1)
    assert told([again]) == [1]


async def test_waiting_for_slack_has_an_end(world: World) -> None:
    (asked,) = await world.ask(fresh=True)
    for nth in range(TRIES):
        await world.slack.answers(nth, with_error=TOO_MANY)
        if nth + 1 < TRIES:
            await world.waits.end()

    assert asked.exception() is TOO_MANY
    assert len(world.slack.calls) == TRIES


async def test_who_goes_away_leaves_the_call_to_the_others(world: World) -> None:
    gone, stays = await world.ask(fresh=True, people=2)
    gone.cancel()
    await settle()

    await world.slack.answers(0)

    assert gone.cancelled()
    assert told([stays]) == [0]
    assert len(world.slack.calls) == 1


async def test_clicks_in_a_burst_do_not_use_up_what_slack_allows(clock: FakeClock) -> None:
    """Twenty calls a minute, and as many clicks and readers as a helpdesk can make at once."""
    async with (
        SlackSandbox(rate_limits=True) as slack,
        People(slack.url) as people,
        slack_session(slack.api_url) as session,
    ):
        workspace = await SlackWorkspace.opened(slack_client(slack.bot_token, slack.api_url, session), clock)
        for _ in range(4):
            clicks = [workspace.members("S0APPROVERS", fresh=True) for _ in range(40)]
            readers = [workspace.members("S0APPROVERS") for _ in range(160)]
            assert set(await asyncio.gather(*readers, *clicks)) == {frozenset({"U0OTTO", "U0MIRA", "U0NILS"})}

        calls = await people.calls("usergroups.users.list")
        assert len(calls) <= 8
        assert not [call for call in calls if call["error"]]
