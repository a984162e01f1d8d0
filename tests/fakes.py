"""One fake per port of `bot.ports`: everything in memory, nothing patched.

Each fake records its `calls`, may be told to fail (`troubles`) and to take its time (`delays`):

    desk = a_desk()
    desk.directory.troubles["devices"] = [GraphThrottled("devices")]  # the next call fails, later ones work
    desk.directory.troubles["devices"] = GraphThrottled("devices")  # every call fails
    desk.sign_in_log.delays["of_user"] = 5.0  # seconds of the running loop
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import wraps
from itertools import count
from typing import Any, ParamSpec

from bot.domain.approval import (
    TERMINAL,
    CardRef,
    ChangeRequest,
    Decision,
    Failure,
    Person,
    State,
    Target,
    Vote,
    Wish,
    is_same_person,
)
from bot.domain.people import (
    AuthenticationMethod,
    Device,
    Membership,
    ObjectId,
    PerUserMfaState,
    User,
)
from bot.domain.policies import (
    AppliedPolicy,
    AppScope,
    ConditionalAccessPolicy,
    Conditions,
    DeviceRegistrationPolicy,
    Grant,
    NamedLocation,
    TrialOutcome,
    TrialSignIn,
    UserScope,
)
from bot.domain.sign_ins import BROKER_APP, DEVICE_REGISTRATION_RESOURCE, RequirementSource, SignIn, SignIns
from bot.domain.step_up import Ticket
from bot.domain.sweep import Swept
from bot.errors import (
    AmbiguousUser,
    BadInput,
    BotError,
    Conflict,
    Denial,
    NoSuchUser,
    NotAllowed,
    StoreUnavailable,
)
from bot.ports import (
    Anchor,
    Answer,
    AuditEvent,
    BudgetUse,
    Channel,
    Desk,
    Entry,
    Job,
    News,
    Noted,
    Privilege,
    Rules,
    Services,
    SlackPerson,
    SwitchState,
    Urgency,
)
from bot.usecases.sweep import SharedSweeps

P = ParamSpec("P")

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TENANT = "7d0e5f7c-0000-4000-8000-00000000c0de"
TEAM = "T0CONTOSO"
APPROVAL_CHANNEL = "C0APPROVALS"


# --- time ---------------------------------------------------------------------------------------------


class FakeClock:
    """A clock that stands still until it is told; `pause` moves it instead of waiting."""

    def __init__(self, start: datetime = NOON) -> None:
        self.time = start
        self.pauses: list[float] = []

    def __call__(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop whose sleeps cost nothing: when nothing is ready, its time jumps to the next timer."""

    _skipped = 0.0
    _ready: deque[Any]
    _scheduled: list[Any]

    def time(self) -> float:
        return super().time() + self._skipped

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self._skipped += max(0.0, self._scheduled[0].when() - self.time())
        super()._run_once()  # type: ignore[misc]


def virtual_time(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an async test on a loop of its own in virtual time."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


# --- people at contoso.com ------------------------------------------------------------------------------


def an_object_id(number: int) -> ObjectId:
    return ObjectId(f"00000000-0000-4000-8000-{number:012d}")


def a_user(number: int, name: str, **changes: Any) -> User:
    given, family = name.split()
    address = f"{given}.{family}@contoso.com".lower()
    made = User(
        id=an_object_id(number),
        user_principal_name=address,
        display_name=name,
        mail=address,
        account_enabled=True,
        user_type="Member",
        created_at=NOON - timedelta(days=400),
        last_password_change_at=NOON - timedelta(days=90),
        is_management_restricted=False,
    )
    return replace(made, **changes)


TARGET = a_user(1, "Mira Holm")
HELPDESK = a_user(2, "Hanna Dorn")
APPROVER = a_user(3, "Paul Aster")
APPROVER_2 = a_user(4, "Pia Berg")
BYSTANDER = a_user(5, "Boris Linde")
EVERYBODY = (TARGET, HELPDESK, APPROVER, APPROVER_2, BYSTANDER)


def slack_id_of(user: User) -> str:
    return "U0" + user.display_name.split()[0].upper()


def a_person(user: User) -> Person:
    return Person(user.id, slack_id_of(user), TEAM, user.display_name)


def a_slack_person(user: User, **changes: Any) -> SlackPerson:
    made = SlackPerson(slack_id_of(user), TEAM, user.display_name, email=user.mail)
    return replace(made, **changes)


def a_target(user: User = TARGET) -> Target:
    return Target(user.id, user.user_principal_name, user.display_name)


# --- scripted trouble -------------------------------------------------------------------------------------


@dataclass
class Scripted:
    """Records calls, fails and delays as told. A list of troubles is used up; a single one stays."""

    calls: list[str] = field(default_factory=list)
    troubles: dict[str, BotError | list[BotError | None]] = field(default_factory=dict)
    delays: dict[str, float] = field(default_factory=dict)
    cancelled: list[str] = field(default_factory=list)

    async def _called(self, name: str) -> None:
        self.calls.append(name)
        try:
            await asyncio.sleep(self.delays.get(name, 0))
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise
        trouble = self.troubles.get(name)
        if isinstance(trouble, list):
            trouble = trouble.pop(0) if trouble else None
        if trouble is not None:
            raise trouble


# --- Graph --------------------------------------------------------------------------------------------


@dataclass
class FakeBudgetGauge(Scripted):
    use: BudgetUse = field(default_factory=lambda: BudgetUse(2, 5, timedelta(seconds=10)))

    async def in_use(self) -> BudgetUse:
        await self._called("in_use")
        return self.use


@dataclass
class FakeDirectory(Scripted):
    users: list[User] = field(default_factory=lambda: list(EVERYBODY))
    deleted: set[str] = field(default_factory=set)
    devices_of: dict[str, tuple[Device, ...]] = field(default_factory=dict)
    membership_of: dict[str, Membership] = field(default_factory=dict)
    methods_of: dict[str, tuple[AuthenticationMethod, ...]] = field(default_factory=dict)

    async def find_user(self, asked: str) -> User:
        await self._called("find_user")
        if not asked.strip():
            raise BadInput("empty")
        wanted = asked.lower()
        found = [u for u in self.users if wanted in (u.id, u.user_principal_name.lower(), u.mail)]
        if not found:
            raise NoSuchUser(asked, deleted=wanted in self.deleted)
        if len(found) > 1:
            raise AmbiguousUser(asked, tuple(u.user_principal_name for u in found))
        return found[0]

    async def owner_of(self, address: str) -> User:
        return await self.find_user(address)

    async def search(self, name: str, most: int) -> tuple[User, ...]:
        await self._called("search")
        wanted = name.strip().casefold()
        found = [
            user
            for user in self.users
            if any(
                part.casefold().startswith(wanted) for part in (user.display_name, *user.display_name.split())
            )
        ]
        return tuple(sorted(found, key=lambda user: user.display_name.casefold() != wanted)[:most])

    def change(self, user: User, **changes: Any) -> User:
        """Replace a user's properties, as another administrator would."""
        changed = replace(user, **changes)
        self.users = [changed if u.id == user.id else u for u in self.users]
        return changed

    async def devices(self, user: ObjectId) -> tuple[Device, ...]:
        await self._called("devices")
        return self.devices_of.get(user, ())

    async def membership(self, user: ObjectId) -> Membership:
        await self._called("membership")
        return self.membership_of.get(user, Membership())

    async def methods(self, user: ObjectId) -> tuple[AuthenticationMethod, ...]:
        await self._called("methods")
        return self.methods_of.get(user, (AuthenticationMethod("m1", "microsoftAuthenticator"),))


@dataclass(frozen=True)
class Patch:
    user: ObjectId
    state: PerUserMfaState
    client_request_id: str


@dataclass(frozen=True)
class PatchStep:
    """One scripted PATCH: does it take effect, and what does the caller get to see?"""

    applied: bool = True
    trouble: BotError | None = None


@dataclass
class FakeMfaStates(Scripted):
    """`lag` reads after a PATCH still show the state before it; `read_as` is what a state reads back as."""

    states: dict[str, PerUserMfaState] = field(default_factory=dict)
    lag: int = 0
    script: list[PatchStep] = field(default_factory=list)
    always: PatchStep = PatchStep()
    read_as: dict[PerUserMfaState, PerUserMfaState] = field(default_factory=dict)
    patches: list[Patch] = field(default_factory=list)
    on_patch: Callable[[], Awaitable[None]] | None = None
    _stale: list[PerUserMfaState] = field(default_factory=list)

    async def per_user_mfa_state(self, user: ObjectId) -> PerUserMfaState:
        await self._called("per_user_mfa_state")
        if self._stale:
            return self._stale.pop()
        return self._current(user)

    async def set_per_user_mfa_state(
        self, user: ObjectId, state: PerUserMfaState, client_request_id: str
    ) -> str | None:
        self.patches.append(Patch(user, state, client_request_id))
        step = self.script.pop(0) if self.script else self.always
        if step.applied:
            self._stale = [self._current(user)] * self.lag
            self.states[user] = self.read_as.get(state, state)
        if self.on_patch is not None:
            await self.on_patch()
        await self._called("set_per_user_mfa_state")
        if step.trouble is not None:
            raise step.trouble
        return f"graph-{len(self.patches)}"

    def _current(self, user: ObjectId) -> PerUserMfaState:
        return self.states.get(user, PerUserMfaState.DISABLED)


@dataclass
class FakeSignInLog(Scripted):
    """Troubles and delays go by "of_user", or by "interactive" and "non_interactive"."""

    rows: list[SignIn] = field(default_factory=list)
    left_out: int = 0  # of each kind

    async def of_user(
        self, user: ObjectId, since: datetime, *, interactive: bool, urgency: Urgency
    ) -> SignIns:
        await self._called("interactive" if interactive else "non_interactive")
        await self._called("of_user")
        mine = [
            row
            for row in self.rows
            if row.user_id == user and row.is_interactive is interactive and row.created_at >= since
        ]
        return SignIns(sorted(mine, key=lambda row: row.created_at, reverse=True), self.left_out)


@dataclass
class FakePolicies(Scripted):
    now: Callable[[], datetime] = lambda: NOON
    policies: tuple[ConditionalAccessPolicy, ...] = ()
    locations: tuple[NamedLocation, ...] = ()
    defaults_on: bool = False
    registration: DeviceRegistrationPolicy = field(
        default_factory=lambda: DeviceRegistrationPolicy(mfa_required=False, user_device_quota=50)
    )
    trial_policies: tuple[AppliedPolicy, ...] = (
        AppliedPolicy("11111111-0000-4000-8000-000000000001", "Require MFA for everyone"),
    )
    trials: list[tuple[TrialSignIn, ...]] = field(default_factory=list)

    async def conditional_access(
        self, urgency: Urgency
    ) -> tuple[tuple[ConditionalAccessPolicy, ...], datetime]:
        await self._called("conditional_access")
        return self.policies, self.now()

    async def named_locations(self, urgency: Urgency) -> tuple[tuple[NamedLocation, ...], datetime]:
        await self._called("named_locations")
        return self.locations, self.now()

    async def security_defaults(self) -> tuple[bool, datetime]:
        await self._called("security_defaults")
        return self.defaults_on, self.now()

    async def device_registration(self) -> tuple[DeviceRegistrationPolicy, datetime]:
        await self._called("device_registration")
        return self.registration, self.now()

    async def what_if(
        self, user: ObjectId, trials: tuple[TrialSignIn, ...], urgency: Urgency
    ) -> tuple[TrialOutcome, ...]:
        await self._called("what_if")
        self.trials.append(trials)
        return tuple(TrialOutcome(trial, self.trial_policies) for trial in trials)


@dataclass
class FakePrivileges(Scripted):
    """Nobody is powerful unless `privileges` says so."""

    privileges: dict[str, Privilege] = field(default_factory=dict)

    async def of(self, user: ObjectId) -> Privilege:
        await self._called("of")
        return self.privileges.get(user, Privilege())


@dataclass
class FakeDirectoryAudits(Scripted):
    events: dict[str, list[AuditEvent]] = field(default_factory=dict)

    async def about(self, user: ObjectId, since: datetime, urgency: Urgency) -> tuple[AuditEvent, ...]:
        await self._called("about")
        recent = [event for event in self.events.get(user, []) if event.at >= since]
        return tuple(sorted(recent, key=lambda event: event.at, reverse=True))


# --- store --------------------------------------------------------------------------------------------


class FakeQueue(Scripted):
    """Jobs wait in `waiting`; taken ones stay in `taken` until done or buried, or `abandon` returns them."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Job] = []
        self.taken: dict[str, Job] = {}
        self.finished: list[Job] = []
        self.buried: list[tuple[Job, str]] = []
        self._ids = count(1)
        self._arrived = asyncio.Event()

    def put(self, kind: str, op_id: str, body: Mapping[str, str]) -> Job:
        job = Job(f"{next(self._ids)}-0", kind, op_id, dict(body), deliveries=0)
        self.waiting.append(job)
        self._arrived.set()
        return job

    async def take(self, consumer: str, count: int, wait: float) -> tuple[Job, ...]:
        await self._called("take")
        if not self.waiting:
            self._arrived.clear()
            try:
                async with asyncio.timeout(wait):
                    await self._arrived.wait()
            except TimeoutError:
                return ()
        jobs = [replace(job, deliveries=job.deliveries + 1) for job in self.waiting[:count]]
        del self.waiting[:count]
        self.taken.update({job.id: job for job in jobs})
        return tuple(jobs)

    async def done(self, job: Job) -> None:
        await self._called("done")
        self.finished.append(self.taken.pop(job.id))

    async def bury(self, job: Job, why: str) -> None:
        await self._called("bury")
        self.buried.append((self.taken.pop(job.id), why))

    def abandon(self) -> None:
        """Hand every taken job out again, as the store does when a consumer was silent too long."""
        self.waiting.extend(self.taken.values())
        self.taken.clear()
        self._arrived.set()


class FakeInbox(FakeQueue):
    def __init__(self) -> None:
        super().__init__()
        self.recorded: set[str] = set()

    async def record(self, kind: str, op_id: str, body: Mapping[str, str]) -> bool:
        await self._called("record")
        if op_id in self.recorded:
            return False
        self.recorded.add(op_id)
        self.put(kind, op_id, body)
        return True


class FakeRequests(Scripted):
    """Change requests with the order of checks of the one atomic script.

    A method named in `lost_replies` takes effect, and its caller sees StoreUnavailable, once.
    """

    def __init__(self, clock: Callable[[], datetime], *queues: FakeQueue) -> None:
        super().__init__()
        self.records: dict[str, ChangeRequest] = {}
        self.moves: list[tuple[str, State]] = []
        self.lost_replies: list[str] = []
        self._now = clock
        self._queues = queues
        self._ops: dict[str, ChangeRequest] = {}
        self._refusals: dict[str, NotAllowed] = {}
        self._leases: dict[str, datetime] = {}

    async def open(self, wish: Wish, op_id: str, votes: tuple[Vote, ...] = ()) -> ChangeRequest:
        await self._called("open")
        if (done := self._done(op_id)) is not None:
            return done
        for other in await self.open_requests():
            if other.wish.target.object_id == wish.target.object_id:
                raise Conflict(other.id, other.state)
        made = self._moved(ChangeRequest(wish, State.PENDING, version=0), op_id)
        for vote in votes:
            try:
                self._may_vote(made, vote.person)
            except NotAllowed:
                continue
            made = replace(made, votes=(*made.votes, replace(vote, mac="signed")))
        if len(made.approvals) >= wish.quorum:
            made = self._moved(replace(made, state=State.APPROVED, decided_at=self._now()), op_id)
        return self._reply("open", made)

    async def opened_by(self, op_id: str) -> ChangeRequest | None:
        await self._called("opened_by")
        return self._done(op_id)

    async def refuse_opening(self, refusal: NotAllowed, op_id: str) -> ChangeRequest:
        await self._called("refuse_opening")
        if (done := self._done(op_id)) is not None:
            return done
        self._refusals[op_id] = NotAllowed(refusal.denial, refusal.detail)
        raise refusal

    async def get(self, request_id: str) -> ChangeRequest:
        await self._called("get")
        return self._touched(request_id)

    async def vote(self, request_id: str, vote: Vote, op_id: str) -> ChangeRequest:
        await self._called("vote")
        if (done := self._done(op_id)) is not None:
            return done
        request = self._in(request_id, State.PENDING)
        self._may_vote(request, vote.person)
        request = replace(request, votes=(*request.votes, replace(vote, mac="signed")))
        if vote.decision is Decision.DENY:
            request = replace(request, state=State.DENIED, decided_at=self._now())
        elif len(request.approvals) >= request.wish.quorum:
            request = replace(request, state=State.APPROVED, decided_at=self._now())
        return self._reply("vote", self._moved(request, op_id))

    async def refuse(self, request_id: str, refusal: NotAllowed, op_id: str) -> ChangeRequest:
        await self._called("refuse")
        if (done := self._done(op_id)) is not None:
            return done
        if request_id in self.records and self._touched(request_id).state is State.PENDING:
            self._refusals[op_id] = NotAllowed(refusal.denial, refusal.detail)
        raise refusal

    async def cancel(self, request_id: str, by: Person, op_id: str) -> ChangeRequest:
        await self._called("cancel")
        if (done := self._done(op_id)) is not None:
            return done
        request = self._in(request_id, State.PENDING)
        if by.object_id != request.wish.requester.object_id:
            raise NotAllowed(Denial.NOT_REQUESTER)
        request = replace(request, state=State.CANCELLED, decided_at=self._now())
        return self._reply("cancel", self._moved(request, op_id))

    async def claim(self, request_id: str, worker: str, lease: timedelta) -> ChangeRequest:
        await self._called("claim")
        request = self._in(request_id, State.APPROVED, State.EXECUTING)
        if request.state is State.EXECUTING and self._leases[request_id] > self._now():
            raise Conflict(request_id, State.EXECUTING)
        self._leases[request_id] = self._now() + lease
        request = replace(request, state=State.EXECUTING, fence=request.fence + 1)
        return self._reply("claim", self._moved(request))

    async def renew(self, request_id: str, fence: int, lease: timedelta) -> bool:
        await self._called("renew")
        request = self._touched(request_id)
        holds = request.state is State.EXECUTING and request.fence == fence
        if not holds or self._leases[request_id] <= self._now():
            return False
        self._leases[request_id] = self._now() + lease
        return True

    async def finish(
        self, request_id: str, fence: int, state: State, failure: Failure | None, outcome: str
    ) -> ChangeRequest:
        await self._called("finish")
        op_id = f"finish:{request_id}:{fence}"
        if op_id in self._ops:
            return self._ops[op_id]
        request = self._in(request_id, State.EXECUTING)
        if request.fence != fence:
            raise Conflict(request_id, request.state)
        request = replace(request, state=state, failure=failure, outcome=outcome, finished_at=self._now())
        return self._reply("finish", self._moved(request, op_id))

    async def expire_due(self) -> tuple[ChangeRequest, ...]:
        await self._called("expire_due")
        pending = [r for r in self.records.values() if r.state is State.PENDING]
        touched = [self._touched(request.id) for request in pending]
        return tuple(request for request in touched if request.state is State.EXPIRED)

    async def show_on(self, request_id: str, card: CardRef) -> ChangeRequest:
        await self._called("show_on")
        request = self._touched(request_id)
        if request.card is None:
            request = self.records[request_id] = replace(request, card=card)
        return request

    async def open_requests(self) -> tuple[ChangeRequest, ...]:
        await self._called("open_requests")
        touched = [self._touched(request_id) for request_id in list(self.records)]
        return tuple(request for request in touched if request.state not in TERMINAL)

    async def history(self, target: ObjectId) -> tuple[ChangeRequest, ...]:
        await self._called("history")
        mine = [r for r in self.records.values() if r.wish.target.object_id == target]
        return tuple(sorted(mine, key=lambda r: r.wish.created_at, reverse=True)[:20])

    async def asked_by(self, requester: ObjectId) -> tuple[ChangeRequest, ...]:
        await self._called("asked_by")
        mine = [r for r in self.records.values() if r.wish.requester.object_id == requester]
        return tuple(sorted(mine, key=lambda r: r.wish.created_at, reverse=True)[:20])

    def _done(self, op_id: str) -> ChangeRequest | None:
        """What this operation did before, or None; raise what it was refused for."""
        if op_id in self._refusals:
            refusal = self._refusals[op_id]
            raise NotAllowed(refusal.denial, refusal.detail)
        return self._ops.get(op_id)

    def _touched(self, request_id: str) -> ChangeRequest:
        request = self.records.get(request_id)
        if request is None:
            raise NotAllowed(Denial.UNKNOWN_REQUEST)
        if request.state is State.PENDING and self._now() >= request.wish.expires_at:
            request = self._moved(replace(request, state=State.EXPIRED, decided_at=self._now()))
        return request

    def _in(self, request_id: str, *states: State) -> ChangeRequest:
        request = self._touched(request_id)
        if request.state not in states:
            by = request.votes[-1].person.name if request.votes else None
            raise Conflict(request_id, request.state, by)
        return request

    @staticmethod
    def _may_vote(request: ChangeRequest, person: Person) -> None:
        if person.object_id == request.wish.requester.object_id:
            raise NotAllowed(Denial.IS_REQUESTER)
        if person.object_id == request.wish.target.object_id:
            raise NotAllowed(Denial.IS_TARGET)
        if any(is_same_person(person, vote.person) for vote in request.votes):
            raise NotAllowed(Denial.ALREADY_VOTED)

    def _moved(self, request: ChangeRequest, op_id: str | None = None) -> ChangeRequest:
        request = replace(request, version=request.version + 1)
        self.records[request.id] = request
        self.moves.append((request.id, request.state))
        if op_id is not None:
            self._ops[op_id] = request
        body = {"request_id": request.id, "state": str(request.state), "version": str(request.version)}
        for queue in self._queues:
            queue.put("request", f"{request.id}:{request.version}", body)
        return request

    def _reply(self, method: str, result: ChangeRequest) -> ChangeRequest:
        if method in self.lost_replies:
            self.lost_replies.remove(method)
            raise StoreUnavailable
        return result


@dataclass
class FakeAnswers(Scripted):
    now: Callable[[], datetime] = lambda: NOON
    kept: dict[str, tuple[Answer, datetime]] = field(default_factory=dict)
    _recent: dict[str, tuple[Answer, datetime]] = field(default_factory=dict)

    async def keep(self, answer: Answer, subject: ObjectId | None, reuse: timedelta, hold: timedelta) -> None:
        await self._called("keep")
        self.kept[answer.id] = (answer, self.now() + hold)
        if subject is not None:
            self._recent[subject] = (answer, self.now() + reuse)

    async def recent(self, subject: ObjectId) -> Answer | None:
        await self._called("recent")
        return self._still(self._recent.get(subject))

    async def get(self, answer_id: str) -> Answer | None:
        await self._called("get")
        return self._still(self.kept.get(answer_id))

    def _still(self, found: tuple[Answer, datetime] | None) -> Answer | None:
        return found[0] if found and found[1] > self.now() else None


@dataclass
class FakeChangeLog(Scripted):
    changes: dict[str, datetime] = field(default_factory=dict)

    async def last_change(self, user: ObjectId) -> datetime | None:
        await self._called("last_change")
        return self.changes.get(user)

    async def changed(self, user: ObjectId, at: datetime) -> None:
        await self._called("changed")
        self.changes[user] = at


@dataclass
class FakeSchedule(Scripted):
    """Jobs by "kind:key", each with its time, in `jobs`."""

    now: Callable[[], datetime] = lambda: NOON
    jobs: dict[str, tuple[datetime, Job]] = field(default_factory=dict)
    _puts: Iterator[int] = field(default_factory=lambda: count(1))

    async def put(self, kind: str, key: str, due: datetime, body: Mapping[str, str]) -> None:
        await self._called("put")
        job_id = f"{kind}:{key}"
        self.jobs[job_id] = (due, Job(job_id, kind, str(next(self._puts)), dict(body), deliveries=0))

    async def drop(self, kind: str, key: str) -> None:
        await self._called("drop")
        self.jobs.pop(f"{kind}:{key}", None)

    async def take_due(self, count: int, lease: timedelta) -> tuple[Job, ...]:
        await self._called("take_due")
        now = self.now()
        waiting = sorted((due, job_id) for job_id, (due, _) in self.jobs.items() if due <= now)
        taken = []
        for _, job_id in waiting[:count]:
            job = replace(self.jobs[job_id][1], deliveries=self.jobs[job_id][1].deliveries + 1)
            self.jobs[job_id] = (now + lease, job)
            taken.append(job)
        return tuple(taken)

    async def done(self, job: Job) -> None:
        await self._called("done")
        if job.id in self.jobs and self.jobs[job.id][1].op_id == job.op_id:
            del self.jobs[job.id]

    def due(self, kind: str, key: str = "req-1") -> datetime | None:
        """When a job is due; None when there is none."""
        found = self.jobs.get(f"{kind}:{key}")
        return found[0] if found else None


@dataclass
class FakeLimits(Scripted):
    now: Callable[[], datetime] = lambda: NOON
    uses: dict[tuple[str, str], dict[str, datetime]] = field(default_factory=dict)  # op_id: when

    async def admit(self, name: str, key: str, most: int, window: timedelta, op_id: str) -> bool:
        await self._called("admit")
        recent = self._recent(name, key, window)
        if op_id in recent:
            return True
        if len(recent) >= most:
            return False
        self.uses.setdefault((name, key), {})[op_id] = self.now()
        return True

    async def count(self, name: str, key: str, window: timedelta) -> int:
        await self._called("count")
        return len(self._recent(name, key, window))

    def _recent(self, name: str, key: str, window: timedelta) -> dict[str, datetime]:
        after = self.now() - window
        return {op_id: at for op_id, at in self.uses.get((name, key), {}).items() if at > after}


@dataclass
class FakeSwitches(Scripted):
    thrown: dict[str, SwitchState] = field(default_factory=dict)

    async def read(self, name: str) -> SwitchState | None:
        await self._called("read")
        return self.thrown.get(name)

    async def throw(self, name: str, state: SwitchState) -> None:
        await self._called("throw")
        self.thrown[name] = state


@dataclass
class FakeTickets(Scripted):
    now: Callable[[], datetime] = lambda: NOON
    kept: dict[str, tuple[Ticket, datetime]] = field(default_factory=dict)

    async def make(self, ticket_id: str, ticket: Ticket, lifetime: timedelta) -> None:
        await self._called("make")
        self.kept[ticket_id] = (ticket, self.now() + lifetime)

    async def read(self, ticket_id: str) -> Ticket | None:
        await self._called("read")
        ticket, until = self.kept.get(ticket_id, (None, self.now()))
        return ticket if until > self.now() else None

    async def take(self, ticket_id: str) -> Ticket | None:
        await self._called("take")
        ticket, until = self.kept.pop(ticket_id, (None, self.now()))
        return ticket if until > self.now() else None

    def seal(self, purpose: str, *parts: str) -> str:
        digest = hashlib.sha256(repr((purpose, *parts)).encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclass
class FakeJournal(Scripted):
    """`troubles` go by "write", or by the kind of an entry: "execute.intent"."""

    entries: list[Entry] = field(default_factory=list)

    async def write(self, entry: Entry) -> None:
        await self._called("write")
        await self._called(entry.kind)
        self.entries.append(entry)

    async def head(self) -> Anchor:
        await self._called("head")
        return Anchor(len(self.entries), f"{len(self.entries):064x}")

    async def last(self, kind: str) -> Noted | None:
        await self._called("last")
        return next((noted for noted in self._newest_first() if noted.kind == kind), None)

    async def about(self, target: ObjectId, most: int) -> tuple[Noted, ...]:
        await self._called("about")
        mine = {number for number, entry in enumerate(self.entries, 1) if entry.target == target}
        return tuple([noted for noted in self._newest_first() if noted.seq in mine][:most])

    def _newest_first(self) -> list[Noted]:
        return [_noted(number, entry) for number, entry in enumerate(self.entries, 1)][::-1]

    @property
    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.entries]


def _noted(seq: int, entry: Entry) -> Noted:
    by = entry.actor.slack_id if entry.actor else ""
    states = (entry.before or "", entry.after or "")
    return Noted(seq, NOON, entry.kind, entry.request_id, by, *states, entry.result, entry.detail)


# --- Slack --------------------------------------------------------------------------------------------


@dataclass
class FakeWorkspace(Scripted):
    people: dict[str, SlackPerson] = field(
        default_factory=lambda: {slack_id_of(user): a_slack_person(user) for user in EVERYBODY}
    )
    groups: dict[str, frozenset[str]] = field(default_factory=dict)
    channels: dict[str, Channel] = field(
        default_factory=lambda: {APPROVAL_CHANNEL: Channel(APPROVAL_CHANNEL, "mfa-approvals")}
    )
    fresh_reads: list[str] = field(default_factory=list)
    fresh_people: list[str] = field(default_factory=list)
    team_id: str = TEAM
    app_id: str = "A0PSSO"

    async def person(self, slack_id: str, *, fresh: bool = False) -> SlackPerson:
        await self._called("person")
        if fresh:
            self.fresh_people.append(slack_id)
        found = self.people.get(slack_id)
        if found is None:
            raise NotAllowed(Denial.OUTSIDER, slack_id)
        return found

    def change(self, user: User, **changes: Any) -> None:
        """Replace what Slack says about a user's account."""
        self.people[slack_id_of(user)] = replace(self.people[slack_id_of(user)], **changes)

    async def members(self, group_id: str, *, fresh: bool = False) -> frozenset[str]:
        await self._called("members")
        if fresh:
            self.fresh_reads.append(group_id)
        return self.groups.get(group_id, frozenset())

    async def channel(self, channel_id: str, *, fresh: bool = False) -> Channel:
        await self._called("channel")
        if fresh:
            self.fresh_reads.append(channel_id)
        return self.channels[channel_id]


@dataclass
class FakeAnnouncer(Scripted):
    now: Callable[[], datetime] = lambda: NOON
    shown: list[ChangeRequest] = field(default_factory=list)
    replies: list[tuple[str, News]] = field(default_factory=list)
    told: list[tuple[str, str, News]] = field(default_factory=list)
    details: list[tuple[News, str]] = field(default_factory=list)  # of replies
    told_details: list[tuple[News, str]] = field(default_factory=list)
    announced: list[tuple[News, str, str]] = field(default_factory=list)
    posted: list[tuple[str, str]] = field(default_factory=list)
    pauses: list[tuple[str, SwitchState]] = field(default_factory=list)

    async def show(self, request: ChangeRequest) -> CardRef:
        await self._called("show")
        self.shown.append(request)
        return request.card or CardRef(APPROVAL_CHANNEL, f"1764.{len(self.shown):06d}", self.now())

    async def reply(self, request: ChangeRequest, news: News, detail: str = "") -> None:
        await self._called("reply")
        self.replies.append((request.id, news))
        self.details.append((news, detail))

    async def tell(self, slack_id: str, request: ChangeRequest, news: News, detail: str = "") -> None:
        await self._called("tell")
        self.told.append((slack_id, request.id, news))
        self.told_details.append((news, detail))

    async def announce(self, news: News, detail: str, by: str = "") -> None:
        await self._called("announce")
        self.announced.append((news, detail, by))

    async def announce_pause(self, channel: str, state: SwitchState) -> None:
        await self._called("announce_pause")
        self.pauses.append((channel, state))

    async def post(self, channel: str, text: str) -> None:
        await self._called("post")
        self.posted.append((channel, text))


# --- everything together ----------------------------------------------------------------------------------


def an_mfa_policy(**changes: Any) -> ConditionalAccessPolicy:
    """A policy that demands MFA of everyone, everywhere, without exclusions."""
    made = ConditionalAccessPolicy(
        id="11111111-0000-4000-8000-000000000001",
        display_name="Require MFA for everyone",
        state="enabled",
        conditions=Conditions(
            users=UserScope(include_users=frozenset({"All"})),
            applications=AppScope(include_applications=frozenset({"All"})),
            client_app_types=frozenset({"all"}),
        ),
        grant=Grant(operator="OR", built_in_controls=frozenset({"mfa"})),
    )
    return replace(made, **changes)


def a_blocked_registration(user: User = TARGET, minutes_ago: float = 20, **changes: Any) -> SignIn:
    """A broker sign-in to the Device Registration Service that per-user MFA stopped."""
    made = SignIn(
        id=f"s-{user.id[-4:]}-{minutes_ago}",
        created_at=NOON - timedelta(minutes=minutes_ago),
        user_id=user.id,
        app_id=BROKER_APP,
        app_name="Microsoft Authentication Broker",
        resource_id=DEVICE_REGISTRATION_RESOURCE,
        resource_name="Device Registration Service",
        error_code=50076,
        is_interactive=False,
        failure_reason="Due to a configuration change made by your administrator, you must use MFA.",
        correlation_id=f"c-{minutes_ago}",
        ip_address="203.0.113.7",
        country="DE",
        operating_system="MacOs",
        conditional_access_status="notApplied",
        applied_policies=(),
        requirement_sources=(RequirementSource("user", "Per-user MFA"),),
        user_principal_name=user.user_principal_name,
        user_display_name=user.display_name,
    )
    return replace(made, **changes)


def some_rules(**changes: Any) -> Rules:
    made = Rules(
        tenant=TENANT,
        approval_channel=APPROVAL_CHANNEL,
        helpdesk=frozenset(),
        approvers=frozenset({slack_id_of(APPROVER), slack_id_of(APPROVER_2)}),
        pins={},
        break_glass=frozenset(),
    )
    return replace(made, **changes)


@dataclass(frozen=True)
class FakeServices(Services):
    """`Services` whose ports are known to be fakes."""

    directory: FakeDirectory
    mfa_states: FakeMfaStates
    sign_in_log: FakeSignInLog
    policies: FakePolicies
    answers: FakeAnswers | None = None
    change_log: FakeChangeLog | None = None


class FakeMfaSweep:
    """The whole tenant: `users`, then `trouble` if there is one; `goes_on` holds it back."""

    def __init__(self, users: Sequence[Swept] = (), trouble: BotError | None = None) -> None:
        self.users = list(users)
        self.trouble = trouble
        self.times = 0
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def states(self) -> AsyncIterator[Swept]:
        self.times += 1
        for user in self.users:
            yield user
            await self.goes_on.wait()
        if self.trouble is not None:
            raise self.trouble


@dataclass(frozen=True)
class FakeDesk(Desk):
    """A `Desk` whose ports are known to be fakes."""

    directory: FakeDirectory
    mfa_states: FakeMfaStates
    sign_in_log: FakeSignInLog
    policies: FakePolicies
    answers: FakeAnswers
    change_log: FakeChangeLog
    requests: FakeRequests = field(kw_only=True)
    inbox: FakeInbox = field(kw_only=True)
    outbox: FakeQueue = field(kw_only=True)
    approved: FakeQueue = field(kw_only=True)
    journal: FakeJournal = field(kw_only=True)
    schedule: FakeSchedule = field(kw_only=True)
    privileges: FakePrivileges = field(kw_only=True)
    directory_audits: FakeDirectoryAudits = field(kw_only=True)
    limits: FakeLimits = field(kw_only=True)
    switches: FakeSwitches = field(kw_only=True)
    workspace: FakeWorkspace = field(kw_only=True)
    announcer: FakeAnnouncer = field(kw_only=True)
    clock: FakeClock = field(kw_only=True)


def _graph_fakes(clock: FakeClock) -> dict[str, Any]:
    """The target: per-user MFA enforced, covered by Conditional Access, one blocked registration."""
    ids = (f"id-{number}" for number in count(1))
    return {
        "now": clock,
        "pause": clock.pause,
        "new_id": lambda: next(ids),
        "rules": some_rules(),
        "directory": FakeDirectory(),
        "mfa_states": FakeMfaStates(states={TARGET.id: PerUserMfaState.ENFORCED}),
        "sign_in_log": FakeSignInLog(rows=[a_blocked_registration(), a_blocked_registration(minutes_ago=50)]),
        "policies": FakePolicies(now=clock, policies=(an_mfa_policy(),)),
    }


def services_with(**overrides: Any) -> FakeServices:
    """Services without a store, unless `answers=` and `change_log=` are given."""
    clock = overrides.pop("clock", None) or FakeClock()
    return FakeServices(**{**_graph_fakes(clock), **overrides})


def a_desk(**overrides: Any) -> FakeDesk:
    """A desk of fakes that share one clock; any port, `rules` or `clock` may be given."""
    clock = overrides.pop("clock", None) or FakeClock()
    outbox, approved = FakeQueue(), FakeQueue()
    fakes = {
        **_graph_fakes(clock),
        "answers": FakeAnswers(now=clock),
        "change_log": FakeChangeLog(),
        "requests": FakeRequests(clock, outbox, approved),
        "inbox": FakeInbox(),
        "outbox": outbox,
        "approved": approved,
        "journal": FakeJournal(),
        "schedule": FakeSchedule(now=clock),
        "privileges": FakePrivileges(),
        "directory_audits": FakeDirectoryAudits(),
        "limits": FakeLimits(now=clock),
        "switches": FakeSwitches(),
        "sweeps": SharedSweeps(FakeMfaSweep(), clock),
        "workspace": FakeWorkspace(),
        "announcer": FakeAnnouncer(now=clock),
    }
    return FakeDesk(clock=clock, **{**fakes, **overrides})
