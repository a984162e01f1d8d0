"""One fake per port of `bot.alert_ports`, in the manner of `tests.fakes`: in memory, on one passed clock.

desk = a_watching_desk()
await desk.alerts.intake.admit([a_sighting()])
desk.alerts.board.troubles["post"] = [SlackError("invalid_blocks")]  # the next post fails
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from bot.alert_ports import (
    Admitted,
    Alerts,
    Lease,
    Loaded,
    StreamBatch,
)
from bot.domain.alerts import (
    Acknowledgement,
    Affected,
    AlertGroup,
    AlertView,
    Changes,
    DayCounts,
    Fingerprint,
    Fixed,
    GroupState,
    Matcher,
    Member,
    MessageRef,
    PolicyChange,
    PollState,
    Quiet,
    Quieted,
    Scope,
    Sighting,
    Silence,
    Source,
    StoredGroup,
)
from bot.domain.people import User
from bot.domain.sign_ins import BROKER_APP, SignIn
from bot.errors import StoreUnavailable
from tests.fakes import (
    NOON,
    TARGET,
    FakeClock,
    FakeDesk,
    FakeQueue,
    Scripted,
    a_desk,
    an_object_id,
    slack_id_of,
    some_rules,
)

ALERT_CHANNEL = "C0ALERTS"

FORGOTTEN_AFTER = timedelta(hours=26, minutes=30)
KEPT = timedelta(days=8)
START = "0-0"

Now = Callable[[], datetime]


# --- what alerting speaks of -------------------------------------------------------------------------------


def a_sighting(user: User = TARGET, minutes_ago: float = 2, **changes: Any) -> Sighting:
    """A failed registration that per-user MFA stopped, read at NOON."""
    made = Sighting(
        id=f"s-{user.id[-12:]}-{minutes_ago}",
        at=NOON - timedelta(minutes=minutes_ago),
        read_at=NOON,
        source=Source.POLL,
        user_id=user.id,
        user_principal_name=user.user_principal_name,
        user_name=user.display_name,
        verdict="PER_USER_MFA",
        rule="D08",
        summary="Legacy per-user MFA stopped the registration.",
        error_code=50076,
        app_id=BROKER_APP,
        correlation_id=f"c-{user.id[-12:]}",
        network="203.0.113.0/24",
        country="DE",
        device_name=f"MAC-{user.id[-4:]}",
        device_id=f"d-{user.id[-4:]}",
    )
    return replace(made, **changes)


def a_registration(user: User = TARGET, minutes_ago: float = 1, **changes: Any) -> Sighting:
    """The broker got its token: what was broken works."""
    parts = {"id": f"r-{user.id[-12:]}-{minutes_ago}", "registered": True, "verdict": "", "rule": ""}
    return a_sighting(user, minutes_ago, **{**parts, "summary": "", "error_code": 0, **changes})


def a_group(sighting: Sighting | None = None, **changes: Any) -> AlertGroup:
    """An open group of one person with one failure."""
    newest = sighting or a_sighting()
    user_id, address = newest.user_id, newest.user_principal_name
    made = AlertGroup(
        id=f"g-{user_id[-12:]}",
        fingerprint=Fingerprint(Scope.PERSON, newest.verdict, user_id),
        state=GroupState.OPEN,
        opened_at=newest.read_at,
        first_at=newest.at,
        last_at=newest.at,
        tries=1,
        count=1,
        registered=0,
        people=(Affected(user_id, address, newest.user_name, 1, newest.at),),
        macs=(newest.device_name,),
        newest=newest,
    )
    return replace(made, **changes)


def some_members(number: int, at: datetime = NOON) -> tuple[Member, ...]:
    """So many people who failed once."""
    return tuple(Member(an_object_id(n), at - timedelta(milliseconds=n)) for n in range(1, number + 1))


def a_quieted(why: Quiet = Quiet.SAME_GROUP, user: User = TARGET, **changes: Any) -> Quieted:
    address = user.user_principal_name
    made = Quieted(NOON, why, "g-1", f"g-{user.id[-12:]}", "PER_USER_MFA", user.id, address)
    return replace(made, **changes)


def a_silence(**changes: Any) -> Silence:
    """One hour from NOON on, about one person."""
    made = Silence(
        id="silence-1",
        matcher=Matcher(user_id=TARGET.id),
        subject=TARGET.display_name,
        by=slack_id_of(TARGET),
        reason="The laptop is being replaced.",
        since=NOON,
        until=NOON + timedelta(hours=1),
    )
    return replace(made, **changes)


# --- the store --------------------------------------------------------------------------------------------


@dataclass
class FakeLeases(Scripted):
    now: Now = lambda: NOON
    held: dict[str, tuple[Lease, datetime]] = field(default_factory=dict)
    fences: Counter[str] = field(default_factory=Counter)

    async def hold(self, name: str, holder: str, lasting: timedelta) -> Lease | None:
        await self._called("hold")
        lease, until = self.held.get(name, (None, self.now()))
        if lease is not None and lease.holder != holder and until > self.now():
            return None
        if lease is None or lease.holder != holder:
            self.fences[name] += 1
            lease = Lease(name, holder, self.fences[name])
        self.held[name] = (lease, self.now() + lasting)
        return lease

    async def release(self, lease: Lease) -> None:
        await self._called("release")
        if self.is_newest(lease):
            del self.held[lease.name]

    def is_newest(self, lease: Lease) -> bool:
        """Whether nobody held it since; a lease whose time is over still counts until then."""
        found = self.held.get(lease.name)
        return found is not None and found[0] == lease


@dataclass
class FakeIntake(Scripted):
    """`queue` holds what waits for grouping, oldest first; `known` all ids ever admitted, with their time."""

    now: Now = lambda: NOON
    most: int = 200_000
    queue: list[tuple[str, Sighting]] = field(default_factory=list)
    known: dict[str, datetime] = field(default_factory=dict)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _numbers: Any = field(default_factory=lambda: count(1))

    async def admit(self, sightings: Sequence[Sighting]) -> Admitted:
        await self._called("admit")
        new = {
            sighting.id: sighting
            for sighting in sightings
            if sighting.id not in self.known and sighting.at >= self.now() - FORGOTTEN_AFTER
        }
        if new and len(self.queue) + len(new) > self.most:
            raise StoreUnavailable("the queue of sightings is full")
        for sighting in new.values():
            self.known[sighting.id] = sighting.at
            self.queue.append((f"{next(self._numbers)}-0", sighting))
        if new:
            self.arrived.set()
        return Admitted(len(new), len(sightings) - len(new))


@dataclass
class FakeAlertGroups(Scripted):
    """`groups` by id, live and closed; `members` of the live ones by group and person."""

    now: Now = lambda: NOON
    leases: FakeLeases = field(default_factory=FakeLeases)
    intake: FakeIntake = field(default_factory=FakeIntake)
    ledger: FakeAlertLedger = field(default_factory=lambda: FakeAlertLedger())  # noqa: PLW0108 - it is defined below
    outbox: FakeQueue = field(default_factory=FakeQueue)
    groups: dict[str, AlertGroup] = field(default_factory=dict)
    members: dict[str, dict[str, Member]] = field(default_factory=dict)
    kept_notes: dict[str, str] = field(default_factory=dict)
    position: str = START
    committed: list[Changes] = field(default_factory=list)
    _last: Changes | None = None

    async def load(self) -> Loaded:
        await self._called("load")
        stored = [
            StoredGroup(group, tuple(self.members.get(group.id, {}).values())) for group in self._open()
        ]
        return Loaded(self.position, tuple(stored))

    async def notes(self) -> Mapping[str, str]:
        await self._called("notes")
        return dict(self.kept_notes)

    async def after(self, position: str, count: int, wait: float) -> tuple[tuple[str, Sighting], ...]:
        await self._called("after")
        found = self._waiting(position)
        if not found:
            self.intake.arrived.clear()
            try:
                async with asyncio.timeout(wait):
                    await self.intake.arrived.wait()
            except TimeoutError:
                return ()
            found = self._waiting(position)
        return tuple(found[:count])

    async def commit(self, lease: Lease, position: str, changes: Changes) -> bool:
        await self._called("commit")
        if not self.leases.is_newest(lease):
            return False
        if _order(position) < _order(self.position) or (position == self.position and changes == self._last):
            return True
        for group in changes.groups:
            self.groups[group.id] = group
        for group_id, members in changes.members.items():
            self.members.setdefault(group_id, {}).update({member.user_id: member for member in members})
        for group in changes.groups:
            if group.state is not GroupState.OPEN:
                self.members.pop(group.id, None)
        for group_id in changes.deliver:
            self.outbox.put("alert", f"{group_id}:{position}", {"group_id": group_id})
        self.ledger.take(changes)
        self.kept_notes |= changes.notes
        self.kept_notes = {name: text for name, text in self.kept_notes.items() if text}
        self.position, self._last = position, changes
        self.committed.append(changes)
        self.intake.queue[:] = self._waiting(position)
        return True

    async def get(self, group_id: str) -> AlertGroup | None:
        await self._called("get")
        group = self.groups.get(group_id)
        if group is None or (group.closed_at and group.closed_at <= self.now() - KEPT):
            return None
        return group

    async def live(self) -> tuple[AlertGroup, ...]:
        await self._called("live")
        return tuple(self._open())

    async def closed_since(self, since: datetime) -> tuple[AlertGroup, ...]:
        await self._called("closed_since")
        closed = [
            (group.closed_at, group)
            for group in self.groups.values()
            if group.state in (GroupState.RESOLVED, GroupState.ENDED)
            if group.closed_at and group.closed_at > max(since, self.now() - KEPT)
        ]
        return tuple(group for _, group in sorted(closed, key=lambda pair: pair[0], reverse=True)[:500])

    async def backlog(self) -> int:
        await self._called("backlog")
        return len(self.intake.queue)

    def _open(self) -> list[AlertGroup]:
        found = [group for group in self.groups.values() if group.state is GroupState.OPEN]
        return sorted(found, key=lambda group: group.last_at, reverse=True)

    def _waiting(self, position: str) -> list[tuple[str, Sighting]]:
        return [row for row in self.intake.queue if _order(row[0]) > _order(position)]


def _order(position: str) -> tuple[int, int]:
    first, _, second = position.partition("-")
    return int(first), int(second)


@dataclass
class FakeAlertMessages(Scripted):
    now: Now = lambda: NOON
    refs: dict[str, MessageRef] = field(default_factory=dict)
    claims: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    acknowledgements: dict[str, Acknowledgement] = field(default_factory=dict)

    async def get(self, group_id: str) -> MessageRef | None:
        await self._called("get")
        return self.refs.get(group_id)

    async def begin(self, group_id: str, holder: str, lasting: timedelta) -> bool:
        await self._called("begin")
        by, until = self.claims.get(group_id, (holder, self.now()))
        if by != holder and until > self.now():
            return False
        self.claims[group_id] = (holder, self.now() + lasting)
        return True

    async def shown(self, group_id: str, holder: str, message: MessageRef) -> None:
        await self._called("shown")
        self.refs[group_id] = message
        self._end(group_id, holder)

    async def let_go(self, group_id: str, holder: str) -> None:
        await self._called("let_go")
        self._end(group_id, holder)

    async def acknowledge(self, group_id: str, by: Acknowledgement) -> Acknowledgement:
        await self._called("acknowledge")
        return self.acknowledgements.setdefault(group_id, by)

    async def acknowledged(self, group_id: str) -> Acknowledgement | None:
        await self._called("acknowledged")
        return self.acknowledgements.get(group_id)

    def _end(self, group_id: str, holder: str) -> None:
        if self.claims.get(group_id, ("", NOON))[0] == holder:
            del self.claims[group_id]


@dataclass
class FakeSilences(Scripted):
    now: Now = lambda: NOON
    silences: dict[str, Silence] = field(default_factory=dict)

    async def add(self, silence: Silence) -> None:
        await self._called("add")
        self.silences.setdefault(silence.id, silence)

    async def standing(self, at: datetime) -> tuple[Silence, ...]:
        await self._called("standing")
        found = [silence for silence in self.silences.values() if silence.since <= at < silence.until]
        return tuple(sorted(found, key=lambda silence: silence.until))

    async def lift(self, silence_id: str) -> Silence | None:
        await self._called("lift")
        silence = self.silences.pop(silence_id, None)
        return silence if silence and silence.until > self.now() else None


@dataclass
class FakeAlertLedger(Scripted):
    """`quieted` newest last; `counters` and the rest by day."""

    quieted: list[Quieted] = field(default_factory=list)
    counters: dict[str, Counter[str]] = field(default_factory=dict)
    failed: dict[str, Counter[str]] = field(default_factory=dict)
    fixes: dict[str, list[Fixed]] = field(default_factory=dict)

    async def note(self, quieted: Sequence[Quieted]) -> None:
        await self._called("note")
        self._note(quieted)

    async def quiet(self, most: int, user_id: str = "") -> tuple[Quieted, ...]:
        await self._called("quiet")
        if user_id:
            return tuple([one for one in self.quieted[::-1] if one.user_id == user_id][: min(most, 20)])
        return tuple(self.quieted[::-1][: min(most, 1000)])

    async def count(self, day: str, name: str, by: int = 1) -> None:
        await self._called("count")
        self.counters.setdefault(day, Counter())[name] += by

    async def counts(self, days: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        await self._called("counts")
        return {day: dict(self.counters.get(day, {})) for day in days}

    async def days(self, days: Sequence[str]) -> tuple[DayCounts, ...]:
        await self._called("days")
        return tuple(
            DayCounts(
                day,
                dict(self.failed.get(day, {})),
                tuple((fix.registered_at - fix.failed_at).total_seconds() for fix in self.fixes.get(day, [])),
            )
            for day in days
        )

    def take(self, changes: Changes) -> None:
        """What a commit of groups leaves in the ledger."""
        self._note(changes.quieted)
        for day, verdict in changes.failed:
            self.failed.setdefault(day, Counter())[verdict] += 1
        for fix in changes.fixed:
            self.fixes.setdefault(f"{fix.registered_at:%F}", []).append(fix)

    def _note(self, quieted: Sequence[Quieted]) -> None:
        self.quieted.extend(quieted)
        for one in quieted:
            self.counters.setdefault(f"{one.at:%F}", Counter())[f"quiet:{one.why}"] += 1

    def why(self, group_id: str) -> list[Quiet]:
        """Why a group stayed quiet, oldest first."""
        return [one.why for one in self.quieted if one.group_id == group_id]


@dataclass
class FakePollMarks(Scripted):
    leases: FakeLeases = field(default_factory=FakeLeases)
    state: PollState | None = None

    async def read(self) -> PollState | None:
        await self._called("read")
        return self.state

    async def write(self, lease: Lease, state: PollState) -> bool:
        await self._called("write")
        if not self.leases.is_newest(lease):
            return False
        self.state = state
        return True


@dataclass
class FakePace(Scripted):
    now: Now = lambda: NOON
    free_at: dict[str, datetime] = field(default_factory=dict)

    async def turn(self, channel: str) -> float:
        await self._called("turn")
        turn = max(self.now(), self.free_at.get(channel, self.now()))
        self.free_at[channel] = turn + timedelta(seconds=1)
        return (turn - self.now()).total_seconds()

    async def hold_off(self, channel: str, seconds: float) -> None:
        await self._called("hold_off")
        until = self.now() + timedelta(seconds=seconds)
        self.free_at[channel] = max(until, self.free_at.get(channel, until))


# --- Slack and Graph ----------------------------------------------------------------------------------------


@dataclass
class FakeAlertBoard(Scripted):
    """`log` keeps the order: ("post", channel, ts)…; troubles go by the method's name, or by the channel."""

    posts: list[tuple[str, AlertView]] = field(default_factory=list)
    edits: list[tuple[str, str, AlertView]] = field(default_factory=list)
    details: list[tuple[str, str, AlertView]] = field(default_factory=list)
    digests: list[tuple[str, tuple[AlertView, ...]]] = field(default_factory=list)
    pictures: list[tuple[str, bytes, str, str, str]] = field(default_factory=list)
    log: list[tuple[str, str, str]] = field(default_factory=list)
    _numbers: Any = field(default_factory=lambda: count(1))

    async def post(self, channel: str, view: AlertView) -> str:
        ts = await self._said("post", channel)
        self.posts.append((channel, view))
        return ts

    async def edit(self, channel: str, ts: str, view: AlertView) -> None:
        await self._said("edit", channel, ts)
        self.edits.append((channel, ts, view))

    async def detail(self, channel: str, ts: str, view: AlertView) -> None:
        await self._said("detail", channel, ts)
        self.details.append((channel, ts, view))

    async def digest(self, channel: str, views: Sequence[AlertView]) -> str:
        ts = await self._said("digest", channel)
        self.digests.append((channel, tuple(views)))
        return ts

    async def picture(self, channel: str, png: bytes, title: str, alt_text: str, comment: str) -> None:
        await self._said("picture", channel)
        self.pictures.append((channel, png, title, alt_text, comment))

    async def _said(self, what: str, channel: str, ts: str = "") -> str:
        await self._called(what)
        await self._called(channel)
        ts = ts or f"1795.{next(self._numbers):06d}"
        self.log.append((what, channel, ts))
        return ts


@dataclass
class FakePolicyAudits(Scripted):
    changes: dict[str, PolicyChange] = field(default_factory=dict)

    async def last_change(self, policy_id: str, since: datetime) -> PolicyChange | None:
        await self._called("last_change")
        change = self.changes.get(policy_id)
        return change if change and change.at >= since else None


@dataclass
class FakeSignInFeed(Scripted):
    """`rows` is the tenant's log; `visible_at` says when a row appears, by id (at once, else).

    A trouble of "failures" or "successes" comes after `pages_before_trouble` pages.
    """

    now: Now = lambda: NOON
    rows: list[SignIn] = field(default_factory=list)
    visible_at: dict[str, datetime] = field(default_factory=dict)
    page_size: int = 1000
    pages_before_trouble: int = 0
    asked: list[tuple[datetime, datetime]] = field(default_factory=list)
    asked_successes: list[tuple[datetime, datetime]] = field(default_factory=list)
    success_pages: int = 0

    async def failures(self, since: datetime, until: datetime) -> AsyncIterator[tuple[SignIn, ...]]:
        self.asked.append((since, until))
        failed = [row for row in self._visible() if not row.succeeded]
        async for page in self._paged("failures", failed, since, until):
            yield page

    async def successes(self, since: datetime, until: datetime) -> AsyncIterator[tuple[SignIn, ...]]:
        self.asked_successes.append((since, until))
        succeeded = [row for row in self._visible() if row.succeeded and row.is_broker]
        async for page in self._paged("successes", succeeded, since, until):
            self.success_pages += 1
            yield page

    async def _paged(
        self, what: str, rows: list[SignIn], since: datetime, until: datetime
    ) -> AsyncIterator[tuple[SignIn, ...]]:
        found = [row for row in rows if since <= row.created_at < until]
        found.sort(key=lambda row: row.created_at, reverse=True)
        pages = [tuple(found[at : at + self.page_size]) for at in range(0, len(found), self.page_size)]
        for number, page in enumerate(pages):
            if number == self.pages_before_trouble:
                await self._called(what)
            yield page
        if len(pages) <= self.pages_before_trouble:
            await self._called(what)

    async def registrations(self, users: Sequence[str], since: datetime) -> tuple[SignIn, ...]:
        await self._called("registrations")
        found = [
            row
            for row in self._visible()
            if row.user_id in users and row.created_at >= since and row.succeeded and row.is_broker
        ]
        return tuple(sorted(found, key=lambda row: row.created_at, reverse=True))

    def _visible(self) -> list[SignIn]:
        return [row for row in self.rows if self.visible_at.get(row.id, self.now()) <= self.now()]


@dataclass
class FakeSignInStream(Scripted):
    """Hands out `batches` in order; those not committed come again after `rebalance`."""

    batches: list[StreamBatch] = field(default_factory=list)
    committed: list[StreamBatch] = field(default_factory=list)
    is_closed: bool = False
    _next: int = 0

    def put(self, *sign_ins: SignIn, records: int = 0, unreadable: int = 0) -> StreamBatch:
        batch = StreamBatch(sign_ins, len(self.batches), records or len(sign_ins), unreadable)
        self.batches.append(batch)
        return batch

    async def take(self, wait: float) -> StreamBatch | None:
        await self._called("take")
        if self._next >= len(self.batches):
            await asyncio.sleep(wait)
        if self._next >= len(self.batches):
            return None
        self._next += 1
        return self.batches[self._next - 1]

    async def commit(self, batch: StreamBatch) -> None:
        await self._called("commit")
        self.committed.append(batch)

    async def close(self) -> None:
        await self._called("close")
        self.is_closed = True

    def rebalance(self) -> None:
        """Start again after the last committed batch, as another replica would."""
        self._next = len(self.committed)


# --- everything together ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class FakeAlerts(Alerts):
    """`Alerts` whose ports are known to be fakes, and the outbox that their commits fill."""

    leases: FakeLeases
    intake: FakeIntake
    groups: FakeAlertGroups
    messages: FakeAlertMessages
    silences: FakeSilences
    ledger: FakeAlertLedger
    poll_marks: FakePollMarks
    pace: FakePace
    board: FakeAlertBoard
    policy_audits: FakePolicyAudits
    feed: FakeSignInFeed | None = None
    stream: FakeSignInStream | None = None
    outbox: FakeQueue = field(default_factory=FakeQueue)


def some_alerts(**parts: Any) -> FakeAlerts:
    """Fakes that share one `clock`; any port, or `outbox`, may be given. Polling and stream are off."""
    clock = parts.pop("clock", None) or FakeClock()
    leases = parts.setdefault("leases", FakeLeases(now=clock))
    intake = parts.setdefault("intake", FakeIntake(now=clock))
    ledger = parts.setdefault("ledger", FakeAlertLedger())
    outbox = parts.setdefault("outbox", FakeQueue())
    fakes = {
        "groups": FakeAlertGroups(now=clock, leases=leases, intake=intake, ledger=ledger, outbox=outbox),
        "messages": FakeAlertMessages(now=clock),
        "silences": FakeSilences(now=clock),
        "poll_marks": FakePollMarks(leases=leases),
        "pace": FakePace(now=clock),
        "board": FakeAlertBoard(),
        "policy_audits": FakePolicyAudits(),
    }
    return FakeAlerts(**{**fakes, **parts})


@dataclass(frozen=True)
class FakeWatchingDesk(FakeDesk):
    """A `FakeDesk` that watches: `alerts` and `alert_outbox` are there."""

    alerts: FakeAlerts = field(kw_only=True)
    alert_outbox: FakeQueue = field(kw_only=True)


def a_watching_desk(**overrides: Any) -> FakeWatchingDesk:
    """A desk whose alerts go to ALERT_CHANNEL; any port, `alerts`, `rules` or `clock` may be given."""
    clock = overrides.pop("clock", None) or FakeClock()
    alerts = overrides.pop("alerts", None) or some_alerts(clock=clock)
    rules = overrides.pop("rules", None) or some_rules(alert_channel=ALERT_CHANNEL)
    desk = a_desk(clock=clock, rules=rules, **overrides)
    ports = {name: getattr(desk, name) for name in desk.__dataclass_fields__}
    return FakeWatchingDesk(**{**ports, "alerts": alerts, "alert_outbox": alerts.outbox})
