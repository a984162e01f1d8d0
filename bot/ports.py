"""What the use cases ask for. Adapters keep these promises; tests keep them with fakes.

Every method raises a `BotError` of `bot.errors` when it cannot keep its promise, and nothing else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Protocol

from bot.alert_ports import Alerts
from bot.domain.alerts import Route, Thresholds
from bot.domain.approval import CardRef, ChangeRequest, Failure, Person, State, Vote, Wish
from bot.domain.diagnosis import Diagnosis
from bot.domain.hours import OpenHours, WeeklyTime
from bot.domain.people import (
    AuthenticationMethod,
    Device,
    Membership,
    ObjectId,
    PerUserMfaState,
    User,
)
from bot.domain.policies import (
    ConditionalAccessPolicy,
    DeviceRegistrationPolicy,
    NamedLocation,
    TrialOutcome,
    TrialSignIn,
)
from bot.domain.sign_ins import SignIns
from bot.domain.step_up import EntraSignIn, Ticket
from bot.domain.sweep import Swept, Tally
from bot.errors import GraphError, NotAllowed

Clock = Callable[[], datetime]
"""Returns the current time, aware, in UTC."""

Pause = Callable[[float], Awaitable[None]]
"""Waits for so many seconds: `asyncio.sleep` in production."""


class Urgency(IntEnum):
    """Who goes first when scarce calls run short."""

    ACTION = 0
    PERSON = 1
    BACKGROUND = 2


class Scarce(StrEnum):
    """Graph's small buckets. https://learn.microsoft.com/graph/throttling-limits"""

    REPORTS = "reports"  # sign-ins, audits, reports: 5 requests per 10 s, app and tenant
    POLICIES = "policies"  # Conditional Access: 1 request per second, tenant
    TRIALS = "trials"  # What-If: no published limit, perhaps that of Conditional Access


class Budget(Protocol):
    """The shared allowance of scarce Graph calls."""

    async def spend(self, bucket: Scarce, urgency: Urgency, max_wait: float) -> None:
        """Take one call from `bucket`, waiting at most `max_wait` seconds; else raise GraphThrottled."""

    async def drained(self, bucket: Scarce, seconds: float) -> None:
        """Graph answered 429: nobody spends from `bucket` for `seconds`."""


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """How much of an allowance is used: `used` of `calls` within `window`."""

    used: int
    calls: int
    window: timedelta


class BudgetGauge(Protocol):
    """Shows how much is left of the sign-in log's allowance."""

    async def in_use(self) -> BudgetUse:
        """Return what was spent within the last window. Raises StoreUnavailable."""


class Directory(Protocol):
    """Users and what belongs to them."""

    async def find_user(self, asked: str) -> User:
        """Return the one user with this object id, UPN, mail or mail alias.

        Raises NoSuchUser (`deleted` when in the recycle bin), AmbiguousUser, BadInput, GraphError.
        """

    async def owner_of(self, address: str) -> User:
        """Return whom an address belongs to; AmbiguousUser when it is one's UPN and another's mail.

        To tell who acts, where `find_user` tells who is meant. Raises as `find_user`.
        """

    async def search(self, name: str, most: int) -> tuple[User, ...]:
        """Return up to `most` users whose display name, given name, surname or alias begins with `name`.

        An exact display name comes first. Raises GraphError.
        """

    async def devices(self, user: ObjectId) -> tuple[Device, ...]:
        """Return owned and registered devices, each once."""

    async def membership(self, user: ObjectId) -> Membership:
        """Return all groups, transitively, and active directory roles."""

    async def methods(self, user: ObjectId) -> tuple[AuthenticationMethod, ...]:
        """Return registered sign-in methods, platform credentials among them."""


class MfaStates(Protocol):
    """The legacy per-user MFA state (Graph beta)."""

    async def per_user_mfa_state(self, user: ObjectId) -> PerUserMfaState:
        """Read the state. A missing or unknown value is GraphMalformed, never "disabled"."""

    async def set_per_user_mfa_state(
        self, user: ObjectId, state: PerUserMfaState, client_request_id: str
    ) -> str | None:
        """Send exactly one PATCH, never retried; return Graph's request id. 2xx is not yet success."""


class MfaSweep(Protocol):
    """The per-user MFA state of the whole tenant."""

    def states(self) -> AsyncIterator[Swept]:
        """Yield every user once, as they are read; raise GraphError when the reading cannot go on."""


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What the last sweep found; `ended` is False while it goes on and when it was given up."""

    at: datetime  # when it began
    tally: Tally
    first: tuple[Swept, ...] = ()
    ended: bool = True
    trouble: GraphError | None = None  # why it was given up

    @property
    def is_reading(self) -> bool:
        """Whether it goes on."""
        return not self.ended and self.trouble is None


class Sweeps(Protocol):
    """Sweeps that several people share."""

    async def latest(self, max_wait: float) -> SweepReport:
        """Return the last sweep, or start one and wait `max_wait` seconds; it goes on behind the answer."""

    def last(self) -> SweepReport | None:
        """Return the last sweep, which may still go on; start none."""


class SignInLog(Protocol):
    """The sign-in log (Graph beta)."""

    async def of_user(
        self, user: ObjectId, since: datetime, *, interactive: bool, urgency: Urgency
    ) -> SignIns:
        """Return a user's sign-ins of one kind since `since`, newest first; those unreadable are counted."""


class Policies(Protocol):
    """Tenant settings; cached for minutes by the adapter. Each comes with the time it was read."""

    async def conditional_access(
        self, urgency: Urgency
    ) -> tuple[tuple[ConditionalAccessPolicy, ...], datetime]:
        """Return every Conditional Access policy."""

    async def named_locations(self, urgency: Urgency) -> tuple[tuple[NamedLocation, ...], datetime]:
        """Return every named location."""

    async def security_defaults(self) -> tuple[bool, datetime]:
        """Tell whether security defaults are on."""

    async def device_registration(self) -> tuple[DeviceRegistrationPolicy, datetime]:
        """Return the device registration policy."""

    async def what_if(
        self, user: ObjectId, trials: tuple[TrialSignIn, ...], urgency: Urgency
    ) -> tuple[TrialOutcome, ...]:
        """Ask Graph's What-If which enabled policies would apply to each trial, in order."""


@dataclass(frozen=True, slots=True)
class Privilege:
    """What makes an account powerful, by display name. All empty: an ordinary account."""

    active_roles: tuple[str, ...] = ()
    eligible_roles: tuple[str, ...] = ()
    role_assignable_groups: tuple[str, ...] = ()  # member or owner of


class Privileges(Protocol):
    """Directory roles and groups that carry them."""

    async def of(self, user: ObjectId) -> Privilege:
        """Return everything, or raise: a partial answer is never given (it would read as "ordinary")."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One record of Entra's directory audit log about a user."""

    id: str
    at: datetime
    activity: str
    by: str  # display name or UPN of who did it
    by_app_id: str | None = None
    by_user_id: str | None = None
    sets_state: PerUserMfaState | None = None  # the per-user MFA state it set, when it set one
    is_password_change: bool = False
    is_method_change: bool = False


class DirectoryAudits(Protocol):
    """Entra's directory audit log (a scarce call)."""

    async def about(self, user: ObjectId, since: datetime, urgency: Urgency) -> tuple[AuditEvent, ...]:
        """Return what was done to a user since `since`, newest first."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something accepted and not yet carried out. `deliveries` counts how often it was handed out."""

    id: str
    kind: str
    op_id: str
    body: Mapping[str, str]
    deliveries: int = 1


class Queue(Protocol):
    """A durable queue: what was put in stays until it is done or buried."""

    async def take(self, consumer: str, count: int, wait: float) -> tuple[Job, ...]:
        """Return up to `count` jobs, new ones or ones another consumer abandoned; () after `wait` seconds."""

    async def done(self, job: Job) -> None:
        """Forget a finished job."""

    async def bury(self, job: Job, why: str) -> None:
        """Move a job that keeps failing to the dead letters."""


class Inbox(Queue, Protocol):
    """Commands, clicks and submissions, recorded before they are acknowledged."""

    async def record(self, kind: str, op_id: str, body: Mapping[str, str]) -> bool:
        """Keep a job durably; False when `op_id` was recorded before."""


class Schedule(Protocol):
    """Durable things to do later. Each has a key: putting it again moves it instead of doubling it."""

    async def put(self, kind: str, key: str, due: datetime, body: Mapping[str, str]) -> None:
        """Do `kind` with `body` at `due`; a second put with the same kind and key replaces the first."""

    async def drop(self, kind: str, key: str) -> None:
        """Forget it."""

    async def take_due(self, count: int, lease: timedelta) -> tuple[Job, ...]:
        """Return up to `count` jobs whose time has come; each comes again after `lease` unless done.

        A job's id is its kind and key with a colon between.
        """

    async def done(self, job: Job) -> None:
        """Forget a finished job, unless it was put again meanwhile."""


class Limits(Protocol):
    """How often something was done lately."""

    async def admit(self, name: str, key: str, most: int, window: timedelta, op_id: str) -> bool:
        """Count one use of `name` by `key`; False when that would be more than `most` in `window`.

        The same `op_id` counts once.
        """

    async def count(self, name: str, key: str, window: timedelta) -> int:
        """Return how many uses were counted in `window`."""


class Tickets(Protocol):
    """Approvals that wait for their approver's sign-in, each under an unguessable id."""

    async def make(self, ticket_id: str, ticket: Ticket, lifetime: timedelta) -> None:
        """Keep a ticket for `lifetime`."""

    async def read(self, ticket_id: str) -> Ticket | None:
        """Return a ticket that still stands."""

    async def take(self, ticket_id: str) -> Ticket | None:
        """Return a ticket and end it: of all who take it, one gets it."""

    def seal(self, purpose: str, *parts: str) -> str:
        """Return 43 characters (A-Z a-z 0-9 - _) that only this installation can derive from the parts."""


@dataclass(frozen=True, slots=True)
class SignInAsk:
    """One sign-in to be asked of Entra: `nonce` comes back in its token, `verifier` is PKCE's secret."""

    ticket_id: str
    nonce: str
    verifier: str
    login_hint: str


class ApproverSignIn(Protocol):
    """Entra's sign-in page for approvers (OpenID Connect, authorization code with PKCE)."""

    async def address(self, ask: SignInAsk) -> str:
        """Return where to send the approver; NotAllowed(CANNOT_CHECK) when Entra does not answer."""

    async def redeem(self, code: str, ask: SignInAsk) -> EntraSignIn:
        """Exchange the code for the sign-in, validated but not judged.

        Raises NotAllowed: STEP_UP_INVALID for an answer that is not to this ask, STEP_UP_UNFINISHED when
        Entra refuses the code, CANNOT_CHECK when it does not answer.
        """


@dataclass(frozen=True, slots=True)
class SwitchState:
    """A switch that people throw, and who threw it. It goes off by itself at `until`."""

    on: bool
    by: str
    reason: str
    at: datetime
    until: datetime | None = None

    def stands(self, now: datetime) -> bool:
        """Tell whether it is on at a moment."""
        return self.on and (self.until is None or now < self.until)


class Switches(Protocol):
    """Switches that outlive the process: "freeze" stops every change, "alerts_paused" new alerts."""

    async def read(self, name: str) -> SwitchState | None:
        """Return the switch, or None when nobody ever threw it."""

    async def throw(self, name: str, state: SwitchState) -> None:
        """Set the switch."""


class Requests(Protocol):
    """Change requests. Every move is one atomic script keyed by an operation id, so repeating it is safe.

    Each move also appends to the outbox and to the journal stream in the same script.
    Moves raise Conflict when the state does not allow them, and StoreUnavailable.
    """

    async def open(self, wish: Wish, op_id: str, votes: tuple[Vote, ...] = ()) -> ChangeRequest:
        """Store a new pending request; with a repeated `op_id` return the one it made the first time.

        `votes` are approvals given beforehand, with a request that included this one: enough of them
        make it approved at once. They count by the same rules as votes that are given later.
        Raises Conflict with the id of the open request when the target already has one.
        """

    async def opened_by(self, op_id: str) -> ChangeRequest | None:
        """Return the request that `op_id` opened, if any; raise the NotAllowed it was refused for."""

    async def refuse_opening(self, refusal: NotAllowed, op_id: str) -> ChangeRequest:
        """Settle that `op_id` opens nothing: raise `refusal`, from now on for every `open` with it.

        When it was refused before, raise that; when it opened a request before, return the request. So two
        processes that carry out one form never give two answers.
        """

    async def get(self, request_id: str) -> ChangeRequest:
        """Return a request, expired if its time has passed; NotAllowed(UNKNOWN_REQUEST) if there is none."""

    async def vote(self, request_id: str, vote: Vote, op_id: str) -> ChangeRequest:
        """Count an approver's vote; at quorum the state becomes approved.

        One person has one vote, whichever of their accounts they use: NotAllowed(ALREADY_VOTED).
        """

    async def refuse(self, request_id: str, refusal: NotAllowed, op_id: str) -> ChangeRequest:
        """Settle that a click does not count: raise `refusal`, from now on for every move with `op_id`.

        When the same click was refused before, raise that; when it counted before, return the request. So
        two processes that carry out one click never give two answers.
        """

    async def cancel(self, request_id: str, by: Person, op_id: str) -> ChangeRequest:
        """Withdraw a pending request."""

    async def claim(self, request_id: str, worker: str, lease: timedelta) -> ChangeRequest:
        """Take an approved (or abandoned executing) request; the result carries the new fence."""

    async def renew(self, request_id: str, fence: int, lease: timedelta) -> bool:
        """Extend the lease; False when another worker holds the request or it is over."""

    async def finish(
        self, request_id: str, fence: int, state: State, failure: Failure | None, outcome: str
    ) -> ChangeRequest:
        """End an executing request as verified or failed; Conflict when the fence is old."""

    async def expire_due(self) -> tuple[ChangeRequest, ...]:
        """Expire every pending request whose time has passed, and return them."""

    async def show_on(self, request_id: str, card: CardRef) -> ChangeRequest:
        """Remember the message that shows the request; the first one wins."""

    async def open_requests(self) -> tuple[ChangeRequest, ...]:
        """Return pending, approved and executing requests, oldest first."""

    async def history(self, target: ObjectId) -> tuple[ChangeRequest, ...]:
        """Return the target's requests, newest first, at most 20."""

    async def asked_by(self, requester: ObjectId) -> tuple[ChangeRequest, ...]:
        """Return what somebody requested, newest first, at most 20."""


class ChangeLog(Protocol):
    """What we changed, and when: Graph keeps no time with the per-user MFA state."""

    async def last_change(self, user: ObjectId) -> datetime | None:
        """Return when we last changed this user's state, or None."""

    async def changed(self, user: ObjectId, at: datetime) -> None:
        """Remember a verified change."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A diagnosis that was given, kept for a while under an opaque id for the buttons of its card."""

    id: str
    diagnosis: Diagnosis
    asked_by: str = ""


class Answers(Protocol):
    """Recent answers: a second asker within seconds gets the same one, and buttons find theirs."""

    async def keep(self, answer: Answer, subject: ObjectId | None, reuse: timedelta, hold: timedelta) -> None:
        """Keep an answer for `hold`; offer it as the subject's recent one for `reuse`."""

    async def recent(self, subject: ObjectId) -> Answer | None:
        """Return the answer still offered for this user."""

    async def get(self, answer_id: str) -> Answer | None:
        """Return a kept answer."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line for the journal. `detail` holds no secrets; personal data only in the named fields."""

    kind: str  # "request.opened", "vote.approve", "refused", "execute.intent", "execute.finished"…
    request_id: str | None = None
    actor: Person | None = None
    target: ObjectId | None = None
    before: str | None = None
    after: str | None = None
    result: str = ""
    graph_request_id: str | None = None
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Anchor:
    """The journal reached this record; `seq` 0: nothing was written yet. `mac` vouches for all before."""

    seq: int = 0
    mac: str = "0" * 64


@dataclass(frozen=True, slots=True)
class Noted:
    """A record of the journal as it is read back: ids and words, personal data only as pseudonyms."""

    seq: int
    at: datetime
    kind: str
    request_id: str | None = None
    by: str = ""  # Slack id of who acted, where one was recorded
    before: str = ""
    after: str = ""
    result: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)


class Journal(Protocol):
    """The append-only record. No journal, no change."""

    async def write(self, entry: Entry) -> None:
        """Append durably before returning; raise AuditUnavailable otherwise."""

    async def head(self) -> Anchor:
        """Return how far the journal goes; raise AuditUnavailable when it cannot be written."""

    async def last(self, kind: str) -> Noted | None:
        """Return the newest record of a kind, or None."""

    async def about(self, target: ObjectId, most: int) -> tuple[Noted, ...]:
        """Return the newest records about a user, newest first; raise AuditUnavailable."""


@dataclass(frozen=True, slots=True)
class SlackPerson:
    """A Slack account as users.info describes it."""

    id: str
    team_id: str
    name: str
    email: str | None = None
    time_zone: str = "UTC"
    locale: str = "en-US"
    is_deleted: bool = False
    is_bot: bool = False
    is_guest: bool = False  # is_restricted or is_ultra_restricted
    is_stranger: bool = False


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as conversations.info describes it."""

    id: str
    name: str
    is_external: bool = False  # is_ext_shared or is_pending_ext_shared
    is_direct: bool = False
    is_archived: bool = False
    has_bot: bool = True  # is_member: False for a public channel that the bot was not invited to


class Workspace(Protocol):
    """Who is who in our Slack workspace."""

    @property
    def team_id(self) -> str:
        """Our workspace's id, from auth.test."""

    @property
    def app_id(self) -> str:
        """Our app's id, empty when Slack did not say."""

    async def person(self, slack_id: str, *, fresh: bool = False) -> SlackPerson:
        """Describe an account; cached at most 60 s unless `fresh`."""

    async def members(self, group_id: str, *, fresh: bool = False) -> frozenset[str]:
        """Return a user group's members; cached at most 60 s unless `fresh`."""

    async def channel(self, channel_id: str, *, fresh: bool = False) -> Channel:
        """Describe a channel; cached at most 60 s unless `fresh`."""


class News(StrEnum):
    """What happened to a request, for the people who wait for it. render words each one."""

    OPENED = "opened"
    APPROVED_ONE = "approved_one"
    APPROVED = "approved"
    DENIED = "denied"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    NOT_POSTED = "not_posted"  # the approval channel takes no card; `detail` says why
    EXECUTING = "executing"
    VERIFIED = "verified"
    FAILED = "failed"
    REMINDER = "reminder"  # still waiting for a decision
    ESCALATED = "escalated"  # the last reminder, to every approver
    REGISTERED = "registered"  # followed: the Mac has registered
    STILL_BLOCKED = "still_blocked"  # followed: blocked again, `detail` says by what
    NOT_TRIED = "not_tried"  # followed: no attempt within the time
    DRIFTED = "drifted"  # the state reads differently some minutes after verified
    RE_ENFORCED = "re_enforced"  # somebody switched it back on; `detail` says who
    METHODS_CHANGED = "methods_changed"  # registered methods differ after the change
    RESTORE_DUE = "restore_due"  # the time box ended: the state is being restored
    FROZEN = "frozen"  # changes are on hold
    LIFTED = "lifted"  # changes are no longer on hold


class Announcer(Protocol):
    """Shows requests to people in Slack. A message is a view of the record, never the record."""

    async def show(self, request: ChangeRequest) -> CardRef:
        """Post the request's card, or bring the posted one up to date."""

    async def reply(self, request: ChangeRequest, news: News, detail: str = "") -> None:
        """Say the news in the card's thread; `detail` completes it in words."""

    async def tell(self, slack_id: str, request: ChangeRequest, news: News, detail: str = "") -> None:
        """Tell one person directly."""

    async def announce(self, news: News, detail: str, by: str = "") -> None:
        """Say in the approval channel what concerns all requests; `by` is the Slack id of who did it."""

    async def announce_pause(self, channel: str, state: SwitchState) -> None:
        """Say in a channel that alerts are paused, or go on. Raises SlackError, NotAllowed."""

    async def post(self, channel: str, text: str) -> None:
        """Say a plain text in a channel that is not shared outside. Raises SlackError, NotAllowed."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The organisation's settings that use cases judge by."""

    tenant: str
    approval_channel: str
    helpdesk: frozenset[str]  # U… and S… ids; empty: every full member
    approvers: frozenset[str]
    pins: Mapping[str, ObjectId]
    break_glass: frozenset[str]  # lower-case UPNs and object ids
    lookback: timedelta = timedelta(hours=72)
    request_lifetime: timedelta = timedelta(minutes=30)
    vote_no_sooner: timedelta = timedelta(seconds=3)
    readback_within: timedelta = timedelta(seconds=60)
    answer_within: timedelta = timedelta(seconds=20)  # the deadline of one `why`
    follow_for: timedelta = timedelta(minutes=60)
    most_disables_per_hour: int = 10
    hours: OpenHours | None = None  # None: always open
    step_up: bool = False  # two-approver requests need the approver's Entra sign-in
    step_up_context: str = ""  # the authentication context such a sign-in must satisfy; empty: MFA by `amr`
    public_url: str = ""  # where people's browsers reach the bot, without a slash at the end
    audit_channel: str = ""
    uncovered: str = "refuse"  # or "two": a request may be made although coverage is NONE or UNKNOWN
    language: str = "en"  # of what stands in channels; each person is answered in their own
    alert_channel: str = ""  # empty: no alerts
    alert_routes: tuple[Route, ...] = ()  # the first that matches; else the alert channel
    alert_hours: OpenHours | None = None  # outside them only outages are posted at once; None: always
    alert_thresholds: Thresholds = field(default_factory=Thresholds)
    alert_wait: timedelta = timedelta(seconds=1)  # how long a new group waits for company before it is posted
    alert_edit_every: timedelta = timedelta(seconds=30)
    poll_every: timedelta = timedelta(seconds=60)  # zero: polling is off
    shadow: bool = False  # alerts are recorded, not posted
    digest_at: WeeklyTime | None = None  # when the weekly digest is posted; None: never


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a use case may ask. `answers`, `change_log` and below are None without a store."""

    now: Clock
    pause: Pause
    new_id: Callable[[], str]
    rules: Rules
    directory: Directory
    mfa_states: MfaStates
    sign_in_log: SignInLog
    policies: Policies
    answers: Answers | None = None
    change_log: ChangeLog | None = None


@dataclass(frozen=True, slots=True)
class Desk(Services):
    """Services of the running bot: those of `why`, and everything that approvals need."""

    requests: Requests = field(kw_only=True)
    inbox: Inbox = field(kw_only=True)
    outbox: Queue = field(kw_only=True)  # for deliver
    approved: Queue = field(kw_only=True)  # the same stream, for execute
    journal: Journal = field(kw_only=True)
    privileges: Privileges = field(kw_only=True)
    directory_audits: DirectoryAudits = field(kw_only=True)
    schedule: Schedule = field(kw_only=True)
    limits: Limits = field(kw_only=True)
    switches: Switches = field(kw_only=True)
    workspace: Workspace = field(kw_only=True)
    announcer: Announcer = field(kw_only=True)
    tickets: Tickets | None = field(kw_only=True, default=None)  # with step-up only, like the next
    approver_sign_in: ApproverSignIn | None = field(kw_only=True, default=None)
    sweeps: Sweeps | None = field(kw_only=True, default=None)  # None: sweeps are for the terminal alone
    budget_gauge: BudgetGauge | None = field(kw_only=True, default=None)  # None: nobody can tell
    alerts: Alerts | None = field(kw_only=True, default=None)  # None: nothing is watched
    alert_outbox: Queue | None = field(kw_only=True, default=None)  # for deliver_alerts; with `alerts` only
