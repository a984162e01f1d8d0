"""A group that is still open, while sightings are added to it: who is in it, and what became of them.

`AlertGroup` is what others see of it; it is drawn once per run of sightings, not once per sighting.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2s

from bot.domain.alerts import (
    LATE,
    MOST_NAMED,
    Affected,
    AlertGroup,
    Fingerprint,
    GroupState,
    Member,
    Scope,
    Sighting,
    StoredGroup,
)

MOST_ABSORBED = 20

NAMES_NOBODY = "CANNOT_TELL_WHO_DEMANDED_MFA"
"""The verdict of a row that leaves out who demanded MFA; another row of the same trouble may name it."""


def person_of(sighting: Sighting) -> str:
    """Return who tried: the object id, else the name that was typed, else nobody but this row.

    A name is typed or pasted by anybody, line ends and tabs included: of white space one blank is left.
    """
    who = sighting.user_id or sighting.user_principal_name.lower()
    return " ".join((who.strip() or sighting.id).split())


def group_id(fingerprint: Fingerprint, sighting_id: str) -> str:
    """Return the id of the group that this sighting opens: the same sighting opens the same group."""
    return blake2s(f"{fingerprint} {sighting_id}".encode(), digest_size=10).hexdigest()


def cures(registration: Sighting, failed_at: datetime, lane: str, correlation_id: str) -> bool:
    """Tell whether a registration makes up for a failure.

    The broker's request in the background is the last step. A sign-in of the person comes before it and
    makes up only for what failed in the same lane or the same request.
    """
    if registration.at < failed_at:
        return False
    same_request = bool(correlation_id) and registration.correlation_id == correlation_id
    return registration.in_background or registration.lane == lane or same_request


@dataclass(slots=True)
class Person:
    """Somebody of a group. `first_at`: the oldest failure since they last registered."""

    user_id: str
    first_at: datetime
    last_at: datetime
    registered_at: datetime | None = None
    tries: int = 0
    user_principal_name: str = ""
    name: str = ""
    error_code: int = 0
    app_id: str = ""
    policy_id: str = ""
    lane: str = ""
    correlation_id: str = ""
    day: str = ""  # the last day that was counted

    def met_the_error_of(self, failure: Sighting) -> bool:
        """Whether their newest failure is the same error in the same app."""
        return (self.error_code, self.app_id) == (failure.error_code, failure.app_id)

    def fail(self, sighting: Sighting, tries: int, first_at: datetime) -> bool:
        """Add tries that ended with this sighting; tell whether it undoes their registration."""
        self.tries += tries
        self.first_at = min(self.first_at, first_at)
        if sighting.at >= self.last_at:
            self._describe(sighting)
        if self.registered_at is None or sighting.at <= self.registered_at:
            return False
        self.registered_at, self.first_at = None, sighting.at
        return True

    def _describe(self, newest: Sighting) -> None:
        self.last_at = newest.at
        self.user_principal_name, self.name = newest.user_principal_name, newest.user_name
        self.error_code, self.app_id = newest.error_code, newest.app_id
        if newest.verdict != NAMES_NOBODY:  # that one says nothing of the policy that is known
            self.policy_id = newest.policy_id
        self.lane, self.correlation_id = newest.lane, newest.correlation_id

    def as_member(self) -> Member:
        """Return what is stored."""
        return Member(
            self.user_id,
            self.first_at,
            self.registered_at,
            self.last_at,
            self.tries,
            self.error_code,
            self.policy_id,
            self.lane,
            self.correlation_id,
        )

    def as_affected(self) -> Affected:
        """Return what a card names."""
        return Affected(
            self.user_id, self.user_principal_name, self.name, self.tries, self.last_at, self.registered_at
        )


@dataclass(slots=True)
class LiveGroup:
    """An open group. `is_stored`: others may know of it."""

    id: str
    fingerprint: Fingerprint
    opened_at: datetime
    first_at: datetime
    last_at: datetime
    newest: Sighting
    tries: int = 0
    registered: int = 0
    people: dict[str, Person] = field(default_factory=dict)
    macs: list[str] = field(default_factory=list)
    is_late: bool = True
    absorbs: list[str] = field(default_factory=list)
    state: GroupState = GroupState.OPEN
    absorbed_by: str = ""
    closed_at: datetime | None = None
    version: int = 0
    is_stored: bool = False
    touched: set[str] = field(default_factory=set)  # people who are new or changed since it was last drawn
    _named: list[str] = field(default_factory=list)

    @classmethod
    def opened(cls, fingerprint: Fingerprint, by: Sighting, now: datetime) -> LiveGroup:
        """Return a group without people yet, opened by a sighting."""
        return cls(group_id(fingerprint, by.id), fingerprint, now, by.at, by.at, by)

    @classmethod
    def restored(cls, stored: StoredGroup) -> LiveGroup:
        """Return a group as it was stored."""
        group = stored.group
        named = {affected.user_id: affected for affected in group.people}
        people = {one.user_id: _person(one, named.get(one.user_id), group.newest) for one in stored.members}
        return cls(
            id=group.id,
            fingerprint=group.fingerprint,
            opened_at=group.opened_at,
            first_at=group.first_at,
            last_at=group.last_at,
            newest=group.newest,
            tries=group.tries,
            registered=sum(person.registered_at is not None for person in people.values()),
            people=people,
            macs=list(group.macs),
            is_late=group.is_late,
            absorbs=list(group.absorbs),
            version=group.version,
            is_stored=True,
            _named=[user_id for user_id in named if user_id in people],
        )

    def add(self, who: str, sighting: Sighting, tries: int = 1, first_at: datetime | None = None) -> None:
        """Add a failure, the last of so many tries."""
        first_at = first_at or sighting.at
        person = self.people.get(who)
        if person is None:
            person = self.people[who] = Person(who, first_at, sighting.at)
        if person.fail(sighting, tries, first_at):
            self.registered -= 1
        self.tries += tries
        self.first_at = min(self.first_at, first_at)
        self._saw(sighting)
        self.is_late = self.is_late and sighting.read_at - sighting.at > LATE
        self._name(who)
        self.touched.add(who)

    def _saw(self, sighting: Sighting) -> None:
        self.last_at = max(self.last_at, sighting.at)
        if self._example(sighting) > self._example(self.newest):
            self.newest = sighting
        mac = sighting.device_name
        if mac and len(self.macs) < MOST_NAMED and mac not in self.macs:
            self.macs.append(mac)

    def _example(self, sighting: Sighting) -> tuple[bool, bool, datetime, str]:
        """The newest failure that says the cause stands for all; in a policy's outage one that names it."""
        says_cause = sighting.verdict == self.fingerprint.verdict
        is_policys = self.fingerprint.scope is Scope.POLICY and sighting.policy_id == self.fingerprint.subject
        return (says_cause, is_policys, sighting.at, sighting.id)

    def can_be_named_by(self, failure: Sighting) -> bool:
        """Whether it is one person's and cannot tell who demanded MFA, and this failure can."""
        is_unnamed = self.fingerprint.scope is Scope.PERSON and self.fingerprint.verdict == NAMES_NOBODY
        return is_unnamed and failure.verdict != NAMES_NOBODY

    def be_named_by(self, who: str, failure: Sighting) -> None:
        """Be about what a failure of its person names, which may be older than the newest."""
        self.fingerprint = replace(self.fingerprint, verdict=failure.verdict)
        self.people[who].policy_id = failure.policy_id

    def _name(self, who: str) -> None:
        """Keep those with the newest failures; a failure only ever gets newer, so nobody is overlooked."""
        if who in self._named:
            return
        self._named.append(who)
        if len(self._named) > MOST_NAMED:
            self._named.remove(min(self._named, key=self._newest_failure))

    def _newest_failure(self, who: str) -> tuple[datetime, str]:
        return self.people[who].last_at, who

    def register(self, who: str, registration: Sighting) -> bool:
        """Note that somebody registered; tell whether that is new. It may also make up for nothing."""
        person = self.people[who]
        if not cures(registration, person.last_at, person.lane, person.correlation_id):
            return False
        is_new = person.registered_at is None
        person.registered_at = max(person.registered_at or registration.at, registration.at)
        self.registered += is_new
        self.touched.add(who)
        return is_new

    def take_over(self, finer: LiveGroup, now: datetime) -> None:
        """Speak for a finer group from now on: its people are counted here, once."""
        self.people.update(finer.people)
        self.touched.update(finer.people)
        self.tries += finer.tries
        self.registered += finer.registered
        self.first_at = min(self.first_at, finer.first_at)
        self._saw(finer.newest)
        self.macs += [mac for mac in finer.macs if mac not in self.macs][: MOST_NAMED - len(self.macs)]
        self.is_late = self.is_late and finer.is_late
        for who in finer._named:
            self._name(who)
        if finer.is_stored:
            self.absorbs.append(finer.id)
            if len(self.absorbs) > MOST_ABSORBED:  # the first and the last: of either the cards may be gone
                del self.absorbs[MOST_ABSORBED // 2]
        finer.close(GroupState.ABSORBED, now, by=self.id)

    def close(self, state: GroupState, at: datetime, by: str = "") -> None:
        """End the group."""
        self.state, self.closed_at, self.absorbed_by = state, at, by

    @property
    def all_registered(self) -> bool:
        """Whether nobody of it is blocked any more."""
        return self.registered == len(self.people)

    def drawn(self) -> AlertGroup:
        """Return the group as others see it, one version further."""
        self.version += 1
        self.is_stored = True
        named = sorted(self._named, key=self._newest_failure, reverse=True)
        return AlertGroup(
            id=self.id,
            fingerprint=self.fingerprint,
            state=self.state,
            opened_at=self.opened_at,
            first_at=self.first_at,
            last_at=self.last_at,
            tries=self.tries,
            count=len(self.people),
            registered=self.registered,
            people=tuple([self.people[who].as_affected() for who in named]),
            macs=tuple(self.macs),
            newest=self.newest,
            is_late=self.is_late,
            absorbed_by=self.absorbed_by,
            absorbs=tuple(self.absorbs),
            closed_at=self.closed_at,
            version=self.version,
        )

    def members_changed(self) -> tuple[Member, ...]:
        """Return the people who are new or changed since the last call."""
        changed = tuple([self.people[who].as_member() for who in sorted(self.touched)])
        self.touched.clear()
        return changed


def _person(member: Member, named: Affected | None, newest: Sighting) -> Person:
    return Person(
        user_id=member.user_id,
        first_at=member.first_at,
        last_at=member.last_at or member.first_at,
        registered_at=member.registered_at,
        tries=member.tries,
        user_principal_name=named.user_principal_name if named else "",
        name=named.name if named else "",
        error_code=member.error_code or newest.error_code,
        app_id=member.lane.partition("/")[0] or newest.app_id,
        policy_id=member.policy_id,
        lane=member.lane,
        correlation_id=member.correlation_id,
    )
