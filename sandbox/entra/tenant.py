"""The tenant as it stands: people, groups, devices, policies and the two logs."""

from __future__ import annotations

import bisect
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sandbox.entra.pane import audit_seen, person_seen, policy_seen, sign_in_seen
from sandbox.entra.wire import Clock, Json, Seconds, timestamp
from sandbox.feed import Feed

STATES = ("disabled", "enabled", "enforced")
MFA_METHODS = frozenset({"microsoftAuthenticator", "phone", "fido2", "softwareOath", "hardwareOath"})
FOR_EVER = -1.0


@dataclass(slots=True)
class Device:
    """A device object; `facts` are its Graph properties."""

    id: str
    facts: Json
    owned: bool = True
    registered: bool = True


@dataclass(slots=True)
class Person:
    """One account: its Graph user properties, and everything that hangs on it."""

    key: str
    id: str
    story: str
    facts: Json
    state: str = "disabled"
    psso: str = "password"  # what the Mac's profile asks for: "password" or "secureEnclave"
    methods: list[Json] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)  # direct memberships, ids
    roles: list[str] = field(default_factory=list)  # active role template ids, direct
    eligible_roles: list[str] = field(default_factory=list)
    place: str = ""
    risk: str = "none"
    deleted: bool = False
    old_state: str | None = None  # what a lagging replica still answers
    changed_at: float = 0.0
    state_changed_at: float | None = None  # Unix seconds; None: not in this run

    @property
    def upn(self) -> str:
        """The user principal name."""
        return str(self.facts["userPrincipalName"])

    @property
    def sign_in_name(self) -> str:
        """The name in the sign-in log: lower case; a guest's home address instead of the #EXT# form."""
        local, marker, _ = self.upn.partition("#EXT#")
        name = local.rpartition("_")[0] + "@" + local.rpartition("_")[2] if marker else self.upn
        return name.lower()

    @property
    def is_guest(self) -> bool:
        """Whether the account is a guest."""
        return self.facts.get("userType") == "Guest"

    @property
    def has_mfa_method(self) -> bool:
        """Whether a method that can answer an MFA demand is registered."""
        return any(method["kind"] in MFA_METHODS for method in self.methods)


@dataclass(slots=True)
class Group:
    """A group; `parents` are the groups it is a member of, `owners` person ids."""

    id: str
    facts: Json
    parents: list[str] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)  # role template ids assigned to the group


@dataclass(slots=True)
class App:
    """The application whose token the callers hold, and what it was granted."""

    app_id: str
    display_name: str
    service_principal_id: str
    permissions: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Tenant:
    """Everything the sandbox knows. Sign-ins and audits are kept oldest first."""

    id: str
    display_name: str
    domain: str
    app: App
    now: Clock
    seconds: Seconds
    premium: bool = True
    security_defaults: bool = False
    bulk_state_served: bool = True
    lag: float = 0.0
    people: dict[str, Person] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    places: dict[str, Json] = field(default_factory=dict)
    policies: list[Json] = field(default_factory=list)
    locations: list[Json] = field(default_factory=list)
    device_registration: Json = field(default_factory=dict)
    sign_ins: list[Json] = field(default_factory=list)
    audits: list[Json] = field(default_factory=list)
    published_at: dict[str, datetime] = field(
        default_factory=dict
    )  # sign-ins that become visible late, by id
    created: datetime = datetime(2019, 4, 1, tzinfo=UTC)
    feed: Feed = field(init=False)

    def __post_init__(self) -> None:
        """Start the feed on the tenant's time."""
        self.feed = Feed(lambda: self.now().timestamp())

    def new_id(self, *names: object) -> str:
        """Return an id that depends only on the tenant and the names."""
        return str(uuid.uuid5(uuid.UUID(self.id), "/".join(map(str, names))))

    def living(self) -> Iterator[Person]:
        """Yield the accounts that are not deleted."""
        return (person for person in self.people.values() if not person.deleted)

    def person(self, name: str) -> Person | None:
        """Find a living account by object id or user principal name."""
        wanted = name.casefold()
        by_id = self.people.get(wanted)
        if by_id is not None:
            return None if by_id.deleted else by_id
        return next((one for one in self.living() if one.upn.casefold() == wanted), None)

    def anybody(self, name: str) -> Person | None:
        """Find an account by id, UPN or cast key, deleted ones too."""
        wanted = name.casefold()
        return next(
            (one for one in self.people.values() if wanted in (one.id, one.upn.casefold(), one.key)), None
        )

    def groups_of(self, person: Person) -> list[Group]:
        """Return the groups a person is in, nested ones too, nearest first."""
        found: dict[str, Group] = {}
        queue = list(person.groups)
        while queue:
            group = self.groups[queue.pop(0)]
            if group.id not in found:
                found[group.id] = group
                queue.extend(group.parents)
        return list(found.values())

    def roles_of(self, person: Person) -> list[str]:
        """Return active role template ids, those that come through groups too."""
        through_groups = [role for group in self.groups_of(person) for role in group.roles]
        return list(dict.fromkeys([*person.roles, *through_groups]))

    def visible_state(self, person: Person) -> str:
        """Return the per-user MFA state a read gets now: the old one while replicas lag."""
        lagging = self.lag == FOR_EVER or self.seconds() < person.changed_at + self.lag
        return person.old_state if person.old_state is not None and lagging else person.state

    def set_state(self, person: Person, state: str) -> None:
        """Change the per-user MFA state; `enabled` becomes `enforced` when MFA is already registered."""
        if state == "enabled" and person.has_mfa_method:
            state = "enforced"
        person.old_state = self.visible_state(person) if self.lag else None
        person.changed_at, person.state_changed_at = self.seconds(), self.now().timestamp()
        person.state = state
        self.tell_person(person)

    def set_policy_state(self, policy: Json, state: str) -> None:
        """Turn a Conditional Access policy on, off or to report only."""
        policy["state"], policy["modifiedDateTime"] = state, self.timestamp()
        self.feed.add("policy", policy=policy_seen(self, policy))

    def tell_person(self, person: Person) -> None:
        """Say that an account is another one now."""
        self.feed.add("entra_person", person=person_seen(self, person))

    def add_method(self, person: Person, method: Json) -> None:
        """Register a sign-in method; a first MFA method turns `enabled` into `enforced`."""
        person.methods.append(method)
        if person.state == "enabled" and person.has_mfa_method:
            person.state = "enforced"
        self.tell_person(person)

    def log_sign_in(self, row: Json) -> None:
        """Put a sign-in record in its place in the log."""
        bisect.insort(self.sign_ins, row, key=lambda kept: str(kept["createdDateTime"]))
        self.feed.add("sign_in", row=sign_in_seen(row))

    def log_audit(self, row: Json) -> None:
        """Put an audit record in its place in the log."""
        bisect.insort(self.audits, row, key=lambda kept: str(kept["activityDateTime"]))
        self.feed.add("audit", row=audit_seen(row))

    def timestamp(self) -> str:
        """Return the current time in Graph's notation."""
        return timestamp(self.now())
