"""What becomes of an alert's message now: posted, edited, left for later, or kept quiet and why.

Pure: everything that is known about the group and its surroundings comes in as one `Standing`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.alerts import (
    Acknowledgement,
    Affected,
    AlertGroup,
    GroupState,
    Matcher,
    MessageRef,
    Quiet,
    Quieted,
    Route,
    Scope,
    Sighting,
    Silence,
)
from bot.domain.hours import OpenHours

OUTAGES = frozenset({Scope.POLICY, Scope.TENANT})
"""Scopes that break through quiet hours and never wait for a digest."""

JUDGED_BY: dict[Scope, frozenset[str]] = {
    Scope.PERSON: frozenset(Matcher.__slots__),
    Scope.PLACE: frozenset({"verdict", "network", "country", "policy_id"}),
    Scope.POLICY: frozenset({"verdict", "policy_id"}),
    Scope.TENANT: frozenset({"verdict"}),
}
"""What a group's newest failure tells about the whole group. One person's Mac says nothing of an outage."""

PER_USER_MFA = frozenset(
    {"PER_USER_MFA", "MFA_FROM_TWO_SOURCES", "PER_USER_MFA_LIKELY", "PER_USER_MFA_SUSPECTED"}
)
"""Light verdicts that point at per-user MFA; whether it may be turned off is for a fresh diagnosis to say."""

TAKEOVER_WITHIN = timedelta(seconds=10)
"""How long an absorbed group's card waits for the wider group to take it over."""

SMALL = 10
"""In a group of so many people everybody's registration is news; in a larger one each doubling is."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A group, its message, and everything that may keep it quiet, at one moment."""

    group: AlertGroup
    now: datetime
    channel: str  # where its route leads; empty: nowhere
    message: MessageRef | None = None
    finer: tuple[tuple[str, MessageRef], ...] = ()  # messages of the groups that it speaks for, by group id
    wider: MessageRef | None = None  # the message of the group that speaks for it
    silence: Silence | None = None
    paused: bool = False
    hours: OpenHours | None = None  # outside them only outages are posted; None: always open
    shadow: bool = False
    held: Quiet | None = None  # what kept it quiet until this moment
    acknowledged: Acknowledgement | None = None
    redraw: bool = False  # what stands beside the group has changed
    wait: timedelta = timedelta(seconds=1)
    edit_every: timedelta = timedelta(seconds=30)

    @property
    def touched_at(self) -> datetime | None:
        """When somebody last acknowledged or silenced it."""
        moments = [self.acknowledged.at] if self.acknowledged else []
        moments += [self.silence.since] if self.silence else []
        return max(moments, default=None)


@dataclass(frozen=True, slots=True)
class Post:
    """Post a new message; `in_digest`: together with the others that were held."""

    channel: str
    in_digest: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """Bring the message up to date."""

    message: MessageRef


@dataclass(frozen=True, slots=True)
class Adopt:
    """Take over the message of a finer group, by editing it."""

    group_id: str
    message: MessageRef


@dataclass(frozen=True, slots=True)
class Tell:
    """Say it in the thread: the message lists many groups and is not edited for one."""

    message: MessageRef


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again at that moment; `why` is what keeps it quiet until then."""

    until: datetime
    why: Quiet | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """Do nothing; `why` is None when there is nothing to do."""

    why: Quiet | None = None


Action = Post | Edit | Adopt | Tell | Wait | Stay


def decide(s: Standing) -> Action:
    """Return what is to be done now. Asked again at every change of the group, and when a `Wait` ends."""
    return _unposted(s) if s.message is None else _posted(s, s.message)


def _unposted(s: Standing) -> Action:
    over = _over(s)
    if over is not None:
        return Stay(over)
    later = _later(s)
    if later is not None:
        return later
    if s.shadow:
        return Stay(Quiet.SHADOW)
    return _adoption(s) or Post(s.channel, s.held is Quiet.QUIET_HOURS and s.group.scope is Scope.PERSON)


def _over(s: Standing) -> Quiet | None:
    """Why a group that was never posted is not going to be, as things stand.

    One whose window ended while it was held back by the hours, or by Slack, is still news in the morning;
    somebody's decision to keep it quiet holds.
    """
    state = s.group.state
    if state is GroupState.RESOLVED:
        return Quiet.CURED
    if state is GroupState.ABSORBED:
        return Quiet.ABSORBED
    if state is GroupState.ENDED and s.held in (Quiet.SILENCED, Quiet.PAUSED):
        return s.held
    if state is GroupState.ENDED and s.silence is not None:
        return Quiet.SILENCED
    if not s.channel and not s.shadow:
        return Quiet.UNROUTED
    return Quiet.PAUSED if s.paused else None


def _later(s: Standing) -> Wait | None:
    if s.group.state is GroupState.OPEN and s.now < s.group.opened_at + s.wait:
        return Wait(s.group.opened_at + s.wait)
    if s.silence is not None:
        return Wait(s.silence.until, Quiet.SILENCED)
    if s.hours is not None and s.group.scope not in OUTAGES and not s.hours.include(s.now):
        return Wait(opens_after(s.hours, s.now), Quiet.QUIET_HOURS)
    return None


def _adoption(s: Standing) -> Adopt | None:
    """Return the oldest message of a finer group in this channel that may be edited now."""
    shown_at: dict[str, datetime] = {}
    for _, message in s.finer:
        shown_at[message.ts] = max(message.shown_at, shown_at.get(message.ts, message.shown_at))
    fit = [
        (message.posted_at, group_id, message)
        for group_id, message in s.finer
        if message.channel == s.channel
        and not message.is_digest
        and _editable_at(message, shown_at[message.ts], s.edit_every) <= s.now
    ]
    if not fit:
        return None
    _, group_id, message = min(fit, key=lambda found: found[:2])
    return Adopt(group_id, message)


def _posted(s: Standing, message: MessageRef) -> Action:
    if s.shadow:
        return Stay(Quiet.SHADOW)
    if message.is_digest:
        is_news = s.group.state is GroupState.RESOLVED and s.group.version > message.shown_version
        return Tell(message) if is_news else Stay()
    is_behind = s.group.version > message.shown_version or s.redraw
    if not is_behind and (s.touched_at is None or s.touched_at <= message.shown_at):
        return Stay()
    if s.group.state is GroupState.ABSORBED:
        if s.wider is not None and (s.wider.channel, s.wider.ts) == (message.channel, message.ts):
            return Stay(Quiet.ABSORBED)
        patience = (s.group.closed_at or s.group.last_at) + TAKEOVER_WITHIN
        if s.wider is None and s.now < patience:
            return Wait(patience)
    due = _editable_at(message, message.shown_at, s.edit_every)
    return Wait(due) if s.now < due else Edit(message)


def _editable_at(message: MessageRef, shown_at: datetime, every: timedelta) -> datetime:
    """Edits keep their distance from each other; the first may follow the post at once."""
    return shown_at if shown_at <= message.posted_at else shown_at + every


def opens_after(hours: OpenHours, at: datetime) -> datetime:
    """Return the next moment at which the hours open."""
    local = at.astimezone(hours.zone)
    for days in range(9):
        day = (local + timedelta(days=days)).date()
        opens = datetime.combine(day, hours.opens, hours.zone).astimezone(at.tzinfo)
        if opens > at and hours.include(opens):
            return opens
    return at + timedelta(days=1)  # hours that a change of the clocks swallows: look again tomorrow


# --- what concerns a group ----------------------------------------------------------------------------------


def fits(matcher: Matcher, group: AlertGroup, member_of: frozenset[str] = frozenset()) -> bool:
    """Tell whether a silence or a route is about a group; `member_of`: groups of its newest person."""
    asked = {name for name in Matcher.__slots__ if getattr(matcher, name)}
    return asked <= JUDGED_BY[group.scope] and matcher.matches(typical(group), member_of)


def typical(group: AlertGroup) -> Sighting:
    """Return the newest failure as the group has it: a straggler may have met another policy or network."""
    subject, newest = group.fingerprint.subject, group.newest
    if group.scope is Scope.PLACE:
        return replace(newest, network=subject)
    if group.scope is Scope.POLICY and newest.policy_id != subject:
        return replace(newest, policy_id=subject, policy_name="")
    code = subject.rpartition(":")[2]
    if group.scope is Scope.TENANT and code.isdecimal():
        return replace(newest, error_code=int(code))
    return newest


def channel_for(
    group: AlertGroup, routes: Iterable[Route], otherwise: str, member_of: frozenset[str] = frozenset()
) -> str:
    """Return the channel of the first route that fits, else `otherwise`."""
    return next((route.channel for route in routes if fits(route.matcher, group, member_of)), otherwise)


def silence_of(group: AlertGroup, standing: Iterable[Silence], at: datetime) -> Silence | None:
    """Return the silence over a group that ends last."""
    over = [one for one in standing if one.since <= at < one.until and fits(one.matcher, group)]
    return max(over, key=lambda silence: silence.until, default=None)


def was_held(group: AlertGroup, hours: OpenHours | None) -> bool:
    """Tell whether a group opened outside the hours."""
    return hours is not None and group.scope not in OUTAGES and not hours.include(group.opened_at)


def points_at_per_user_mfa(group: AlertGroup) -> bool:
    """Tell whether turning per-user MFA off may be asked for from its card: one person, still blocked."""
    is_unsolved = group.state in (GroupState.OPEN, GroupState.ENDED)
    return group.scope is Scope.PERSON and is_unsolved and group.newest.verdict in PER_USER_MFA


def names_a_policy(group: AlertGroup) -> bool:
    """Tell whether a card of several people names the Conditional Access policy that stops them."""
    is_shown = group.scope in (Scope.PLACE, Scope.POLICY) and group.state is not GroupState.ABSORBED
    return is_shown and bool(typical(group).policy_id)


# --- what is news -------------------------------------------------------------------------------------------


def is_news(group: AlertGroup, before: MessageRef) -> bool:
    """Tell whether a line in the thread is due: a registration, the end of it, or twice as many people."""
    if group.state is GroupState.ABSORBED:
        return False
    if group.state is GroupState.RESOLVED:
        return before.shown_version < group.version
    fixed = group.registered - before.told_registered
    if fixed > 0 and (group.count <= SMALL or group.registered >= 2 * before.told_registered):
        return True
    return group.scope is not Scope.PERSON and group.count >= 2 * max(1, before.told_count)


def fixed_at(group: AlertGroup) -> datetime | None:
    """Return when the last person known by name registered, or the group was closed as resolved."""
    known = [person.registered_at for person in group.people if person.registered_at is not None]
    if group.state is not GroupState.RESOLVED:
        return max(known, default=None)
    return max(known) if known and len(known) == group.count else group.closed_at


def just_fixed(group: AlertGroup, before: MessageRef) -> tuple[Affected, ...]:
    """Return those known by name among the people who registered since the thread last said so."""
    fixed = [person for person in group.people if person.registered_at is not None]
    fixed.sort(key=lambda person: (person.registered_at, person.user_id), reverse=True)
    return tuple(fixed[: max(0, group.registered - before.told_registered)])


def quieted(group: AlertGroup, why: Quiet, detail: str, at: datetime) -> Quieted:
    """Return the note that a group stayed quiet, under its person's name when it is one."""
    person = group.newest if group.scope is Scope.PERSON else None
    return Quieted(
        at=at,
        why=why,
        detail=detail,
        group_id=group.id,
        verdict=group.newest.verdict,
        user_id=person.user_id if person else "",
        user_principal_name=person.user_principal_name if person else "",
    )
