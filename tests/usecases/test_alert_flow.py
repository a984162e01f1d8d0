"""From a sighting to its card: grouping and delivery together, as the bot runs them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.domain.alerts import AlertView, GroupState, Matcher, Quiet, Route, Sighting
from bot.domain.hours import open_hours
from bot.domain.membership import NAMES_NOBODY
from bot.domain.people import User
from bot.errors import SlackError
from bot.ports import Job
from bot.usecases import alert_digest, deliver_alerts
from bot.usecases.group_alerts import Grouper
from tests.alert_fakes import (
    ALERT_CHANNEL,
    FakeAlertBoard,
    FakeWatchingDesk,
    a_registration,
    a_sighting,
    a_silence,
    a_watching_desk,
    some_alerts,
)
from tests.fakes import APPROVAL_CHANNEL, FakeClock, a_user, some_rules

KINDS = {**deliver_alerts.SCHEDULED, **alert_digest.SCHEDULED}
POLICY = "11111111-0000-4000-8000-000000000001"
VAGUE: dict[str, Any] = {"verdict": NAMES_NOBODY, "rule": "D99", "summary": "Who wanted MFA cannot be told."}


class Flow:
    """A desk whose sightings are grouped and delivered; `restart` loses what was not stored."""

    def __init__(self, board: FakeAlertBoard | None = None, **rules: Any) -> None:
        clock = FakeClock()
        alerts = some_alerts(clock=clock, board=board or FakeAlertBoard())
        wanted = some_rules(**{"alert_channel": ALERT_CHANNEL, **rules})
        self.desk: FakeWatchingDesk = a_watching_desk(clock=clock, alerts=alerts, rules=wanted)
        self.desk.alerts.groups.delays["after"] = 0
        self.restart()

    def restart(self) -> None:
        self._grouper = Grouper(self.desk, self.desk.alerts, "one")

    async def take(self, *sightings: Sighting) -> None:
        """Read sightings now, group and store them, and carry out what is due at once."""
        now = self.desk.now()
        await self.desk.alerts.intake.admit([replace(one, at=now, read_at=now) for one in sightings])
        while self.desk.alerts.intake.queue:
            assert await self._grouper.run()
        outbox = self.desk.alerts.outbox
        while jobs := await outbox.take("one", 10, 0):
            for job in jobs:
                await deliver_alerts.carry_out(job, self.desk)
                await outbox.done(job)

    async def let_pass(self, time: timedelta = timedelta(minutes=2)) -> None:
        """Let the time pass: every scheduled job is carried out when it is due."""
        clock, schedule = self.desk.clock, self.desk.schedule
        end = clock.time + time
        while (due := min((at for at, _ in schedule.jobs.values()), default=end)) < end:
            clock.time = max(clock.time, due)
            for job in await schedule.take_due(1, timedelta(minutes=2)):
                await KINDS[job.kind](job, self.desk)
                await schedule.done(job)
        clock.time = max(clock.time, end)

    @property
    def posts(self) -> list[tuple[str, str]]:
        """Channel and verdict of every card that was posted."""
        return [(channel, view.group.newest.verdict) for channel, view in self.desk.alerts.board.posts]

    @property
    def cards(self) -> dict[str, tuple[str, str, GroupState]]:
        """What each message says last, by its ts: the group's scope, its newest verdict, and its state."""
        board = self.desk.alerts.board
        posted = [ts for what, _, ts in board.log if what == "post"]
        said = [(ts, view.group) for ts, (_, view) in zip(posted, board.posts, strict=True)]
        said += [(ts, view.group) for _, ts, view in board.edits]
        return {ts: (str(group.scope), group.newest.verdict, group.state) for ts, group in said}


def many(number: int, first: int = 100, **changes: Any) -> list[Sighting]:
    """So many people whom one policy stops, everybody at a place of their own."""
    users: list[User] = [a_user(first + nth, f"Person N{nth}") for nth in range(number)]
    stopped: dict[str, Any] = {"verdict": "CA_BLOCK", "error_code": 53003, "policy_id": POLICY, **changes}
    return [a_sighting(one, network=f"net-{one.id}", **stopped) for one in users]


# --- one trouble, one card ----------------------------------------------------------------------------------


async def test_a_card_that_could_not_tell_is_edited_to_name_what_a_later_record_says() -> None:
    flow = Flow()
    await flow.take(a_sighting(id="s-1", **VAGUE))
    assert flow.posts == [(ALERT_CHANNEL, NAMES_NOBODY)]
    assert flow.desk.alerts.board.posts[0][1].can_request_disable is False
    flow.restart()

    await flow.take(a_sighting(id="s-2"))
    await flow.let_pass()

    assert flow.posts == [(ALERT_CHANNEL, NAMES_NOBODY)]
    ((_, ts, view),) = flow.desk.alerts.board.edits
    assert ts == flow.desk.alerts.board.log[0][2]
    assert (view.group.newest.verdict, view.group.tries, view.can_request_disable) == (
        "PER_USER_MFA",
        2,
        True,
    )
    assert sum(flow.desk.alerts.ledger.failed[f"{flow.desk.now():%F}"].values()) == 1, "one person, one day"

    flow.restart()
    await flow.take(a_sighting(id="s-3", **VAGUE))
    await flow.let_pass()
    assert list(flow.cards.values()) == [("person", "PER_USER_MFA", GroupState.OPEN)]
    assert flow.desk.alerts.board.edits[-1][2].group.tries == 3


async def test_a_card_stays_where_it_was_posted_when_its_cause_gets_a_name() -> None:
    elsewhere = Route(Matcher(verdict="PER_USER_MFA"), "C0MFA")
    flow = Flow(alert_routes=(elsewhere,), alert_channel=APPROVAL_CHANNEL)
    await flow.take(a_sighting(id="s-1", **VAGUE))
    await flow.take(a_sighting(id="s-2"))
    await flow.let_pass()
    assert flow.posts == [(APPROVAL_CHANNEL, NAMES_NOBODY)]
    ((channel, _, view),) = flow.desk.alerts.board.edits
    assert (channel, view.group.newest.verdict) == (APPROVAL_CHANNEL, "PER_USER_MFA")
    assert view.meant_for == "", "no channel refused it"


async def test_an_alert_that_was_not_posted_yet_goes_where_its_named_cause_leads() -> None:
    elsewhere = Route(Matcher(verdict="PER_USER_MFA"), "C0MFA")
    flow = Flow(alert_routes=(elsewhere,), alert_wait=timedelta(seconds=30))
    await flow.take(a_sighting(id="s-1", **VAGUE))
    await flow.take(a_sighting(id="s-2"))
    await flow.let_pass()
    assert flow.posts == [("C0MFA", "PER_USER_MFA")]


async def test_a_silence_of_the_unnamed_cause_does_not_keep_the_named_one_quiet() -> None:
    flow = Flow()
    flow.desk.alerts.silences.silences["one"] = a_silence(matcher=Matcher(verdict=NAMES_NOBODY))
    await flow.take(a_sighting(id="s-1", **VAGUE))
    await flow.let_pass()
    assert flow.posts == []
    await flow.take(a_sighting(id="s-2"))
    await flow.let_pass(timedelta(hours=2))
    assert flow.posts == [(ALERT_CHANNEL, "PER_USER_MFA")]
    assert Quiet.SILENCED in [one.why for one in flow.desk.alerts.ledger.quieted]


async def test_a_silence_of_the_named_cause_keeps_a_card_that_is_there_up_to_date() -> None:
    flow = Flow()
    await flow.take(a_sighting(id="s-1", **VAGUE))
    flow.desk.alerts.silences.silences["one"] = a_silence(matcher=Matcher(verdict="PER_USER_MFA"))
    await flow.take(a_sighting(id="s-2"))
    await flow.let_pass()
    ((_, _, view),) = flow.desk.alerts.board.edits
    assert (view.group.newest.verdict, view.silence is not None) == ("PER_USER_MFA", True)


# --- many cards before they are one event -------------------------------------------------------------------


async def test_of_thirty_cards_one_becomes_the_outages_and_all_others_say_what_they_are_part_of() -> None:
    flow = Flow()
    for one in many(30):
        await flow.take(one)
        await flow.let_pass(timedelta(seconds=10))
    assert flow.posts == [(ALERT_CHANNEL, "CA_BLOCK")] * 30

    await flow.take(*many(25, first=200))
    await flow.let_pass(timedelta(minutes=5))

    assert len(flow.posts) == 30
    assert flow.desk.alerts.board.digests == []
    cards = Counter((scope, state) for scope, _, state in flow.cards.values())
    assert cards == {("policy", GroupState.OPEN): 1, ("person", GroupState.ABSORBED): 29}


async def test_an_outage_takes_over_a_card_also_when_those_who_failed_first_have_none() -> None:
    flow = Flow(alert_hours=open_hours("Mon-Fri 12:05-19:00 UTC"))
    await flow.take(*many(30))
    await flow.let_pass(timedelta(minutes=6))
    ((_, listed),) = flow.desk.alerts.board.digests
    assert (len(listed), flow.posts) == (30, [])
    for one in many(3, first=300):
        await flow.take(one)
        await flow.let_pass(timedelta(seconds=10))
    await flow.take(*many(25, first=200))
    await flow.let_pass(timedelta(minutes=5))
    assert len(flow.posts) == 3
    assert Counter(scope for scope, _, _ in flow.cards.values()) == {"policy": 1, "person": 2}


# --- what comes while a card is being posted ----------------------------------------------------------------


@dataclass
class SlowBoard(FakeAlertBoard):
    """A board that takes its time for a post: `meanwhile` happens before its answer comes."""

    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def post(self, channel: str, view: AlertView) -> str:
        ts = await super().post(channel, view)
        await self._pass()
        return ts

    async def digest(self, channel: str, views: Sequence[AlertView]) -> str:
        ts = await super().digest(channel, views)
        await self._pass()
        return ts

    async def _pass(self) -> None:
        happens, self.meanwhile = self.meanwhile, None
        if happens is not None:
            await happens()


async def test_who_registers_while_their_card_is_being_posted_has_a_resolved_card() -> None:
    board = SlowBoard()
    flow = Flow(board)
    board.meanwhile = lambda: flow.take(a_registration())
    await flow.take(a_sighting())
    await flow.let_pass()
    assert list(flow.cards.values()) == [("person", "PER_USER_MFA", GroupState.RESOLVED)]


async def test_a_card_that_was_being_posted_when_a_wider_alert_came_says_so() -> None:
    board = SlowBoard()
    flow = Flow(board)
    board.meanwhile = lambda: flow.take(*many(49, first=200))
    await flow.take(*many(1))
    await flow.let_pass()
    assert Counter((scope, state) for scope, _, state in flow.cards.values()) == {
        ("policy", GroupState.OPEN): 1,
        ("person", GroupState.ABSORBED): 1,
    }


async def test_who_registers_while_a_digest_is_being_posted_is_said_in_its_thread() -> None:
    board = SlowBoard()
    flow = Flow(board)
    listed = many(30, verdict="DEVICE_LIMIT", error_code=7, policy_id="")
    board.meanwhile = lambda: flow.take(a_registration(a_user(129, "Person N29")))
    flow.desk.alerts.board.troubles["post"] = SlackError("chat.postMessage", "internal_error")
    await flow.take(*listed)
    await alert_digest.post_digest(Job("1", "alert_digest", "1", {"channel": ALERT_CHANNEL}), flow.desk)
    await flow.let_pass()
    ((_, _, view),) = flow.desk.alerts.board.details
    assert view.group.state is GroupState.RESOLVED
