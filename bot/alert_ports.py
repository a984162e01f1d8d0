"""What the alerting use cases ask for, beside `bot.ports`; the same rules hold: BotErrors, nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.alerts import (
    Acknowledgement,
    AlertGroup,
    AlertView,
    Changes,
    DayCounts,
    Fixed,
    Member,
    MessageRef,
    PolicyChange,
    PollState,
    Quieted,
    Sighting,
    Silence,
    StoredGroup,
)
from bot.domain.digest import Week
from bot.domain.poll_health import PollHealth
from bot.domain.shadow import ShadowReport
from bot.domain.sign_ins import SignIn
from bot.domain.stream_health import StreamHealth

__all__ = [
    "Changes",
    "Fixed",
    "Member",
    "StoredGroup",
]  # words of the domain that stores speak, beside the ports


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to be the only one who does something. `fence` grows with every new holder."""

    name: str
    holder: str
    fence: int


class Leases(Protocol):
    """One leader among the replicas."""

    async def hold(self, name: str, holder: str, lasting: timedelta) -> Lease | None:
        """Take or renew the lease; None while somebody else holds it. Renewing keeps the fence."""

    async def release(self, lease: Lease) -> None:
        """Give it up, if it is still ours."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """How many sightings were new, and how many had been seen before."""

    new: int
    known: int


class Intake(Protocol):
    """The way in: every sign-in once, however often and from wherever it comes."""

    async def admit(self, sightings: Sequence[Sighting]) -> Admitted:
        """Remember the ids, and queue those that are new for grouping: both in one step, or neither.

        An id is remembered for 27 hours after its hour. A repeated call changes nothing.
        """


@dataclass(frozen=True, slots=True)
class Loaded:
    """Where grouping left off."""

    position: str
    groups: tuple[StoredGroup, ...]


class AlertGroups(Protocol):
    """The groups, and the queue of sightings that they are made from."""

    async def load(self) -> Loaded:
        """Return all live groups and the position in the queue that they reflect."""

    async def notes(self) -> Mapping[str, str]:
        """Return every note of committed changes that was not forgotten since (by an empty text)."""

    async def after(self, position: str, count: int, wait: float) -> tuple[tuple[str, Sighting], ...]:
        """Return up to `count` queued sightings after `position`, each with its own position.

        () after `wait` seconds without any.
        """

    async def commit(self, lease: Lease, position: str, changes: Changes) -> bool:
        """Store the changes, the position and the deliveries, all or nothing; False when the fence is old.

        Sightings up to `position` are forgotten. Committing the same position again changes nothing.
        """

    async def get(self, group_id: str) -> AlertGroup | None:
        """Return a group, live or closed within its retention of 8 days."""

    async def live(self) -> tuple[AlertGroup, ...]:
        """Return the open groups, the newest failure first."""

    async def closed_since(self, since: datetime) -> tuple[AlertGroup, ...]:
        """Return groups closed after `since` (absorbed ones left out), newest first, at most 500."""

    async def backlog(self) -> int:
        """Return how many queued sightings wait for grouping."""


class AlertMessages(Protocol):
    """Which message shows which group."""

    async def get(self, group_id: str) -> MessageRef | None:
        """Return the group's message."""

    async def begin(self, group_id: str, holder: str, lasting: timedelta) -> bool:
        """Claim the right to post or edit this group's message; False while another worker has it."""

    async def shown(self, group_id: str, holder: str, message: MessageRef) -> None:
        """Remember what was posted or edited, and give the claim up."""

    async def let_go(self, group_id: str, holder: str) -> None:
        """Give the claim up without having shown anything."""

    async def acknowledge(self, group_id: str, by: Acknowledgement) -> Acknowledgement:
        """Remember who looks after it; the first one wins and is returned."""

    async def acknowledged(self, group_id: str) -> Acknowledgement | None:
        """Return who looks after it."""


class Silences(Protocol):
    """Silences that stand; each ends by itself."""

    async def add(self, silence: Silence) -> None:
        """Keep a silence until it ends; adding the same id again changes nothing."""

    async def standing(self, at: datetime) -> tuple[Silence, ...]:
        """Return those in force at a moment, the one that ends first at the head."""

    async def lift(self, silence_id: str) -> Silence | None:
        """End a silence; None when it is over already."""


class AlertLedger(Protocol):
    """Counts of what happened, and why something stayed quiet."""

    async def note(self, quieted: Sequence[Quieted]) -> None:
        """Remember why events stayed quiet: counted per day, the newest 1,000 kept whole."""

    async def quiet(self, most: int, user_id: str = "") -> tuple[Quieted, ...]:
        """Return the newest ones, newest first; with `user_id` those about one person."""

    async def count(self, day: str, name: str, by: int = 1) -> None:
        """Add to a counter of a day: "posted", "edited", "shadowed", "posted_late"…"""

    async def counts(self, days: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """Return the counters of days, by day; "quiet:<why>" among them. Kept for 40 days."""

    async def days(self, days: Sequence[str]) -> tuple[DayCounts, ...]:
        """Return failures and fixes of days, in the order asked."""


class PollMarks(Protocol):
    """How far the sign-in log has been read."""

    async def read(self) -> PollState | None:
        """Return the state, or None before the first poll."""

    async def write(self, lease: Lease, state: PollState) -> bool:
        """Replace the state; False, and nothing written, when the fence is old."""


class Pace(Protocol):
    """At most one message a second and channel, all replicas together."""

    async def turn(self, channel: str) -> float:
        """Take the next turn in a channel, and return how many seconds to wait for it."""

    async def hold_off(self, channel: str, seconds: float) -> None:
        """Slack answered 429: nobody posts there for so long."""


class SignInFeed(Protocol):
    """The tenant's registration sign-ins, by time (Graph beta, scarce calls, in the background)."""

    def failures(self, since: datetime, until: datetime) -> AsyncIterator[tuple[SignIn, ...]]:
        """Yield pages of failed registration sign-ins of both kinds created in [since, until), newest first.

        Raises GraphError; the pages yielded before it stand.
        """

    def successes(self, since: datetime, until: datetime) -> AsyncIterator[tuple[SignIn, ...]]:
        """Yield pages of everybody's broker successes of both kinds created in [since, until), newest first.

        For when many are blocked. Raises GraphError; the pages yielded before it stand.
        """

    async def registrations(self, users: Sequence[str], since: datetime) -> tuple[SignIn, ...]:
        """Return the broker's successes of these users (at most 10) since a moment, newest first.

        For when few are blocked. GraphMalformed with status 400: this cloud cannot be asked about people.
        """


@dataclass(frozen=True, slots=True)
class StreamBatch:
    """What one read of a stream gave."""

    sign_ins: tuple[SignIn, ...]
    position: object  # the adapter's own; handed back to `commit`
    records: int = 0  # all records, also those that do not matter
    unreadable: int = 0
    lag: int | None = None  # messages that still wait in the partitions that are ours


class SignInStream(Protocol):
    """Sign-ins as Entra publishes them, partitions shared among the replicas."""

    async def take(self, wait: float) -> StreamBatch | None:
        """Return the next batch, or None after `wait` seconds. Raises StreamUnavailable."""

    async def commit(self, batch: StreamBatch) -> None:
        """What the batch held is stored: do not hand it out again."""

    async def close(self) -> None:
        """Leave the consumer group."""


class PolicyAudits(Protocol):
    """Changes of Conditional Access policies, from Entra's directory audit log (a scarce call)."""

    async def last_change(self, policy_id: str, since: datetime) -> PolicyChange | None:
        """Return the newest change of one policy since a moment, read in the background."""


class AlertBoard(Protocol):
    """Shows groups in Slack. A message is a view of the group, never the record."""

    async def post(self, channel: str, view: AlertView) -> str:
        """Post a group's card and return its ts. Raises SlackError, NotAllowed(SHARED_CHANNEL)."""

    async def edit(self, channel: str, ts: str, view: AlertView) -> None:
        """Bring a card up to date. Raises SlackError."""

    async def detail(self, channel: str, ts: str, view: AlertView) -> None:
        """Say in the card's thread what is new. Raises SlackError."""

    async def digest(self, channel: str, views: Sequence[AlertView]) -> str:
        """Post one message about many groups, and return its ts. Raises SlackError, NotAllowed."""

    async def picture(self, channel: str, png: bytes, title: str, alt_text: str, comment: str) -> None:
        """Upload a chart (PNG) with alt text. Raises SlackError, NotAllowed."""


class Reports(Protocol):
    """Shows the figures of a week in Slack."""

    async def week(self, channel: str, week: Week) -> None:
        """Post the weekly digest with its chart; without the chart when there is none to be had.

        Raises SlackError, NotAllowed(SHARED_CHANNEL).
        """

    async def shadow(self, channel: str, report: ShadowReport) -> None:
        """Post what shadow mode found. Raises SlackError, NotAllowed(SHARED_CHANNEL)."""


class AlertCounters(Protocol):
    """Figures of this replica since its start, for whoever watches the bot. No label names a person."""

    def count(self, what: str, label: str = "") -> None:
        """Add one: "posted" and "edited" by scope, "quiet", "retried", "fallback", "dropped" by reason."""

    def channel_failed(self, channel: str, code: str) -> None:
        """Slack refused a channel with this error word."""

    def channel_works(self, channel: str) -> None:
        """Slack took a message there."""


class NoCounters:
    """`AlertCounters` of a bot that nobody watches."""

    def count(self, what: str, label: str = "") -> None:
        """Count nothing."""

    def channel_failed(self, channel: str, code: str) -> None:
        """Remember nothing."""

    def channel_works(self, channel: str) -> None:
        """Remember nothing."""


@dataclass(frozen=True, slots=True)
class Alerts:
    """Everything that alerting asks for."""

    leases: Leases
    intake: Intake
    groups: AlertGroups
    messages: AlertMessages
    silences: Silences
    ledger: AlertLedger
    poll_marks: PollMarks
    pace: Pace
    board: AlertBoard
    policy_audits: PolicyAudits
    feed: SignInFeed | None = None  # None: polling is off
    stream: SignInStream | None = None  # None: no event hub is set
    reports: Reports | None = None  # None: neither a weekly digest nor a shadow report
    counters: AlertCounters = field(default_factory=NoCounters)
    poll_health: PollHealth | None = None  # how this replica's polling goes; the next one of its stream
    stream_health: StreamHealth | None = None
