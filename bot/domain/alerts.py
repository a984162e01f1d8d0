"""What alerting speaks of: sightings of failed registrations, their groups, and what keeps them quiet.

A sign-in becomes a `Sighting` when it matters; sightings of one cause form an `AlertGroup`; a group is
shown as one message. Grouping follows the manner of Alertmanager and Sentry: a versioned fingerprint, a
window, and promotion that silences the finer groups.
https://prometheus.io/docs/alerting/latest/alertmanager/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

FINGERPRINT_VERSION = 1
"""Part of every fingerprint: a new way of grouping never moves the groups that are open."""

MOST_NAMED = 5
"""People and Macs that a group remembers by name; all are counted."""


class Scope(StrEnum):
    """How wide a group reaches; each one silences those before it."""

    PERSON = "person"
    PLACE = "place"  # several people behind one network
    POLICY = "policy"  # everybody whom one Conditional Access policy stops
    TENANT = "tenant"  # everybody who meets one error in one app


class Source(StrEnum):
    """Where a sign-in was read."""

    POLL = "poll"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class Sighting:
    """What alerting keeps of one sign-in: a failure with its light verdict, or a registration."""

    id: str  # Entra's id of the sign-in
    at: datetime  # createdDateTime
    read_at: datetime
    source: Source
    user_id: str
    user_principal_name: str
    user_name: str
    registered: bool = False  # the broker got its token: what was broken works
    verdict: str = ""  # a name of the decision table; empty when `registered`
    rule: str = ""
    summary: str = ""  # what blocks, in one plain line
    error_code: int = 0
    app_id: str = ""
    correlation_id: str = ""
    network: str = ""  # the address's /24 (IPv4) or /48 (IPv6)
    country: str = ""
    device_name: str = ""
    device_id: str = ""
    policy_id: str = ""  # the Conditional Access policy that stopped it, when exactly one did
    policy_name: str = ""
    lane: str = ""  # app/resource/"interactive" or "background"

    @property
    def in_background(self) -> bool:
        """Whether nobody sat in front of it: the request that registration ends with."""
        return not self.lane.endswith("interactive")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What makes failures one group. `subject`: an object id, a network, a policy's id, or app and error."""

    scope: Scope
    verdict: str
    subject: str

    def __str__(self) -> str:
        return f"v{FINGERPRINT_VERSION}:{self.scope}:{self.verdict}:{self.subject}"


class GroupState(StrEnum):
    """What became of a group."""

    OPEN = "open"
    RESOLVED = "resolved"  # everybody of it has registered
    ENDED = "ended"  # its window passed; a further failure opens a new group
    ABSORBED = "absorbed"  # a wider group speaks for it


@dataclass(frozen=True, slots=True)
class Affected:
    """A person of a group, as far as a card names them."""

    user_id: str
    user_principal_name: str
    name: str
    tries: int
    last_at: datetime
    registered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlertGroup:
    """Failures of one cause. Times of failures are Entra's; `opened_at` and the like are ours."""

    id: str
    fingerprint: Fingerprint
    state: GroupState
    opened_at: datetime
    first_at: datetime  # the oldest failure
    last_at: datetime  # the newest failure
    tries: int
    count: int  # distinct people
    registered: int  # distinct people of it who have registered since
    people: tuple[Affected, ...]  # at most MOST_NAMED, those with the newest failures first
    macs: tuple[str, ...]  # at most MOST_NAMED
    newest: Sighting  # the newest failure that says its cause; of a policy's outage one that names the policy
    is_late: bool = False  # its first failure was older than LATE when it was read
    absorbed_by: str = ""
    absorbs: tuple[str, ...] = ()  # ids of finer groups that it speaks for, at most 20
    closed_at: datetime | None = None
    version: int = 1  # grows with every change

    @property
    def scope(self) -> Scope:
        """How wide it reaches."""
        return self.fingerprint.scope

    @property
    def still_blocked(self) -> int:
        """People of it who have not registered since."""
        return self.count - self.registered


LATE = timedelta(minutes=15)
"""A row that was written longer ago than this when it was read updates a group without drawing attention."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When failures are one event instead of many."""

    within: timedelta = timedelta(minutes=10)
    place_at: int = 5  # people behind one network with one cause
    outage_at: int = 50  # people with one app and error, or stopped by one policy
    window: timedelta = timedelta(hours=4)  # a group's life; a failure after it is news again
    most_groups: int = 20_000  # live ones; beyond, the stalest ends first


class Quiet(StrEnum):
    """Why an event did not reach the channel."""

    SILENCED = "silenced"
    ABSORBED = "absorbed"  # a wider group spoke for it
    SAME_GROUP = "same_group"  # a message was there already, and was brought up to date
    QUIET_HOURS = "quiet_hours"
    PAUSED = "paused"  # an approver paused alerts
    SHADOW = "shadow"  # recorded, not posted, as the settings say
    DIGEST = "digest"  # too much at once: it is listed in a digest
    UNROUTED = "unrouted"  # no channel is set
    CURED = "cured"  # the person registered before the message went out
    BELOW_THRESHOLD = "below_threshold"  # too few tries for a cause that people mend themselves
    NOT_SLACK = "not_slack"  # Slack did not take it; it is tried again


@dataclass(frozen=True, slots=True)
class Quieted:
    """An event that did not become a message, and why. `detail` names the silence, group or rule."""

    at: datetime
    why: Quiet
    detail: str
    group_id: str
    verdict: str
    user_id: str = ""
    user_principal_name: str = ""


@dataclass(frozen=True, slots=True)
class Matcher:
    """Which groups something applies to. Empty fields match everything; the filled ones must all fit."""

    verdict: str = ""
    user_id: str = ""
    policy_id: str = ""
    network: str = ""
    country: str = ""
    device_prefix: str = ""
    member_of: str = ""  # object id of a group; judged from what is known of the person

    @property
    def is_empty(self) -> bool:
        """Whether it matches everything."""
        return self == Matcher()

    def matches(self, sighting: Sighting, groups: frozenset[str] = frozenset()) -> bool:
        """Tell whether a failure fits; `groups` are the object ids of the person's groups."""
        wanted = (
            (self.verdict, sighting.verdict),
            (self.user_id, sighting.user_id),
            (self.policy_id, sighting.policy_id),
            (self.network, sighting.network),
            (self.country.upper(), sighting.country.upper()),
        )
        if any(asked and asked != found for asked, found in wanted):
            return False
        if self.device_prefix and not sighting.device_name.lower().startswith(self.device_prefix.lower()):
            return False
        return not self.member_of or self.member_of in groups


LONGEST_SILENCE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Silence:
    """Somebody's decision that some alerts need not be posted for a while."""

    id: str
    matcher: Matcher
    subject: str  # what is silenced, in words for people
    by: str  # Slack id
    reason: str
    since: datetime
    until: datetime

    def covers(self, sighting: Sighting, at: datetime) -> bool:
        """Tell whether a failure is silenced at a moment."""
        return self.since <= at < self.until and self.matcher.matches(sighting)


@dataclass(frozen=True, slots=True)
class Route:
    """Alerts that match go to `channel`."""

    matcher: Matcher
    channel: str


@dataclass(frozen=True, slots=True)
class MessageRef:
    """The message that shows a group, and what it shows."""

    channel: str
    ts: str
    posted_at: datetime
    shown_at: datetime  # the last post or edit
    shown_version: int
    is_digest: bool = False  # a line of a digest: the message is not this group's alone
    told_count: int = 0  # people, as last said in the message's thread or when it was posted
    told_registered: int = 0
    meant_for: str = ""  # the channel that did not take it


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody says that they look after it."""

    by: str  # Slack id
    at: datetime


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """Who changed a Conditional Access policy last, and when, by the directory audit."""

    policy_id: str
    policy_name: str
    at: datetime
    by: str
    activity: str = ""


@dataclass(frozen=True, slots=True)
class AlertView:
    """Everything one alert card shows."""

    group: AlertGroup
    at: datetime  # the moment it is drawn for
    acknowledged: Acknowledgement | None = None
    silence: Silence | None = None
    policy_change: PolicyChange | None = None
    policy_change_unknown: str = ""  # why it could not be read, a sentence
    can_request_disable: bool = False
    note: str = ""  # e.g. that it was meant for another channel
    shown: MessageRef | None = None  # the message as it stood before, for what is new since
    meant_for: str = ""  # the channel that did not take it, when it is shown elsewhere
    refused_with: str = ""  # Slack's error word for that


@dataclass(frozen=True, slots=True)
class PollState:
    """How far the log has been read. `watermark`: the newest createdDateTime seen."""

    watermark: datetime
    short_sweep_at: datetime  # when the last two hours were last read anew
    long_sweep_at: datetime  # when the last 26 hours were
    gaps: tuple[tuple[datetime, datetime], ...] = ()  # windows still to be read, newest first
    polled_at: datetime | None = None  # the last complete poll


@dataclass(frozen=True, slots=True)
class DayCounts:
    """One day of failures for the weekly digest."""

    day: str  # 2026-11-23, UTC
    people_by_verdict: dict[str, int] = field(default_factory=dict)
    seconds_to_fix: tuple[float, ...] = ()  # from the first failure to the registration, per person


@dataclass(frozen=True, slots=True)
class Member:
    """A person of a group. What is beside the times is that of the newest failure."""

    user_id: str
    first_at: datetime
    registered_at: datetime | None = None
    last_at: datetime | None = None  # the newest failure; None: the first one is
    tries: int = 1
    error_code: int = 0
    policy_id: str = ""
    lane: str = ""
    correlation_id: str = ""


@dataclass(frozen=True, slots=True)
class StoredGroup:
    """A live group with everybody of it."""

    group: AlertGroup
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Fixed:
    """A person registered after failing: for the digest's time from failure to fix."""

    verdict: str
    failed_at: datetime
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class Changes:
    """What grouping decided about a run of sightings."""

    groups: tuple[AlertGroup, ...] = ()  # as they are now; closed ones leave the live set
    members: Mapping[str, tuple[Member, ...]] = field(default_factory=dict)  # by group id, new or changed
    deliver: tuple[str, ...] = ()  # ids of groups whose message is to be posted or brought up to date
    quieted: tuple[Quieted, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()  # (day, verdict), once per person, day and verdict
    fixed: tuple[Fixed, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)  # what to remember beside groups; "" forgets
