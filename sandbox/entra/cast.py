"""Reads a cast file: a whole invented tenant as JSON, with times relative to now.

Times are "-12m", "-3h", "-40d" or "now". References: "@ada.lind" a person, "#Name" a group, "%Name" a named
location, "&Role" a directory role. Ids are derived from the tenant id and the names: the same in every run.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.entra.policy_shapes import full_location, full_policy
from sandbox.entra.roles import template_id
from sandbox.entra.sign_in_rows import Attempt, sign_in_row
from sandbox.entra.tenant import App, Device, Group, Person, Tenant
from sandbox.entra.wire import Clock, Json, Seconds, timestamp

CASTS = Path(__file__).parent / "casts"
_AGO = re.compile(r"([+-])(\d+(?:\.\d+)?)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def cast_names() -> list[str]:
    """Return the names of the casts that come with the sandbox."""
    return sorted(path.stem for path in CASTS.glob("*.json"))


def when(text: str, now: datetime) -> datetime:
    """Read a relative time."""
    if text == "now":
        return now
    found = _AGO.fullmatch(text)
    if found is None:
        raise ValueError(f"not a relative time: {text!r}")
    sign, amount, unit = found.groups()
    gap = timedelta(**{_UNITS[unit]: float(amount)})
    return now - gap if sign == "-" else now + gap


def load_tenant(name: str, now: Clock, seconds: Seconds) -> Tenant:
    """Build the tenant of a cast; `name` is one of `cast_names()` or a path to a JSON file."""
    path = Path(name) if name.endswith(".json") else CASTS / f"{name}.json"
    return _Builder(json.loads(path.read_text(encoding="utf-8")), now, seconds).tenant()


class _Builder:
    """Turns the parts of a cast file into the tenant, in the order in which they need each other."""

    def __init__(self, cast: Json, now: Clock, seconds: Seconds) -> None:
        facts, app = cast["tenant"], cast["app"]
        self._cast = cast
        self._default_groups: list[str] = cast.get("defaultGroups", [])
        self._now = now()
        self._tenant = Tenant(
            id=facts["id"],
            display_name=facts["displayName"],
            domain=facts["domain"],
            premium=facts.get("premium", True),
            security_defaults=facts.get("securityDefaults", False),
            places=cast["places"],
            app=App(app["appId"], app["displayName"], app["servicePrincipalId"], set(app["permissions"])),
            now=now,
            seconds=seconds,
        )

    def tenant(self) -> Tenant:
        for facts in self._cast.get("groups", ()):
            self._add_group(facts)
        for facts in self._cast["people"]:
            self._add_person(facts)
        for facts in self._cast.get("groups", ()):
            group = self._tenant.groups[self._ref("#" + facts["displayName"])]
            group.owners = [self._ref(owner) for owner in facts.get("owners", ())]
        self._add_policies()
        for facts in self._cast["people"]:
            person = self._tenant.people[self._ref("@" + facts["key"])]
            for described in facts.get("signIns", ()):
                self._tenant.log_sign_in(sign_in_row(self._tenant, person, self.attempt(person, described)))
        return self._tenant

    def attempt(self, person: Person, described: Json) -> Attempt:
        """Read a sign-in of the cast; without a device the person's first one is meant when it exists."""
        return attempt_from(person, described, self._now)

    def _ref(self, text: Any) -> Any:
        if not isinstance(text, str) or text[:1] not in tuple("@#%&") or text.startswith("#microsoft.graph."):
            return text
        kinds = {"@": "person", "#": "group", "%": "location"}
        return template_id(text[1:]) if text[0] == "&" else self._tenant.new_id(kinds[text[0]], text[1:])

    def _refs(self, thing: Any) -> Any:
        """Resolve references everywhere inside a JSON value."""
        if isinstance(thing, dict):
            return {key: self._refs(value) for key, value in thing.items()}
        return [self._refs(item) for item in thing] if isinstance(thing, list) else self._ref(thing)

    def _ago(self, text: str) -> str:
        return timestamp(when(text, self._now))

    def _ago_or_none(self, text: str | None) -> str | None:
        return None if text is None else self._ago(text)

    def _add_group(self, facts: Json) -> None:
        identity = self._ref("#" + facts["displayName"])
        body = {
            "id": identity,
            "deletedDateTime": None,
            "createdDateTime": self._ago(facts.get("created", "-900d")),
            "description": facts.get("description"),
            "displayName": facts["displayName"],
            "groupTypes": [],
            "isAssignableToRole": facts.get("isAssignableToRole"),
            "mail": None,
            "mailEnabled": False,
            "mailNickname": re.sub(r"\W+", "", facts["displayName"]),
            "membershipRule": None,
            "onPremisesSyncEnabled": None,
            "securityEnabled": True,
            "visibility": None,
        }
        parents = [self._ref(parent) for parent in facts.get("memberOf", ())]
        roles = [self._ref("&" + role) for role in facts.get("roles", ())]
        self._tenant.groups[identity] = Group(identity, body, parents, roles=roles)

    def _add_person(self, facts: Json) -> None:
        identity = self._ref("@" + facts["key"])
        person = Person(
            key=facts["key"],
            id=identity,
            story=facts["story"],
            facts=self._user_facts(identity, facts),
            state=facts.get("state", "disabled"),
            psso=facts.get("psso", "password"),
            groups=[self._ref("#" + name) for name in facts.get("groups", self._default_groups)],
            roles=[self._ref("&" + role) for role in facts.get("roles", ())],
            eligible_roles=[self._ref("&" + role) for role in facts.get("eligibleRoles", ())],
            place=facts.get("place", "office"),
            risk=facts.get("risk", "none"),
            deleted="deleted" in facts,
        )
        person.methods = [
            self._method(person, number, each) for number, each in enumerate(facts.get("methods", ()))
        ]
        for described in facts.get("devices", ()):
            for copy in range(described.get("copies", 1)):
                person.devices.append(self._device(person, described, copy))
        self._tenant.people[identity] = person

    def _user_facts(self, identity: str, facts: Json) -> Json:
        upn = facts.get("upn", f"{facts['key']}@{self._tenant.domain}")
        mail = facts.get("mail", upn)
        deleted = self._ago_or_none(facts.get("deleted"))
        given, _, family = facts["displayName"].partition(" ")
        return {
            "id": identity,
            "deletedDateTime": deleted,
            "accountEnabled": facts.get("accountEnabled", True),
            "businessPhones": [],
            "createdDateTime": self._ago(facts.get("created", "-700d")),
            "department": facts.get("department"),
            "displayName": facts["displayName"],
            "employeeId": facts.get("employeeId"),
            "externalUserState": facts.get("externalUserState"),
            "givenName": given,
            "isManagementRestricted": facts.get("isManagementRestricted"),
            "jobTitle": facts.get("jobTitle"),
            "lastPasswordChangeDateTime": self._ago(facts.get("passwordChanged", "-120d")),
            "mail": mail,
            "mailNickname": facts["key"],
            "mobilePhone": None,
            "officeLocation": None,
            "onPremisesSyncEnabled": facts.get("synced"),
            "otherMails": facts.get("otherMails", []),
            "preferredLanguage": None,
            "proxyAddresses": [f"SMTP:{mail}", *(f"smtp:{alias}" for alias in facts.get("aliases", ()))]
            if mail
            else [],
            "surname": family or None,
            # a deleted account's name is freed: the directory puts the object id in front of it
            "userPrincipalName": identity.replace("-", "") + upn if deleted else upn,
            "userType": facts.get("userType", "Member"),
        }

    def _method(self, person: Person, number: int, described: str | Json) -> Json:
        facts = {"kind": described} if isinstance(described, str) else described
        return {
            "kind": facts["kind"],
            "id": self._tenant.new_id("method", person.key, facts["kind"], number),
            "displayName": facts.get("displayName", ""),
            "created": self._ago(facts.get("created", "-400d")),
            "platform": facts.get("platform", "macOS"),
        }

    def _device(self, person: Person, described: Json, copy: int) -> Device:
        facts = {**described, "registered": self._ago(described.get("registered", "-30d"))}
        if described.get("copies", 1) > 1:
            facts["name"] = f"{described['name']} {copy + 1:02}"
        facts["lastSeen"] = self._ago_or_none(described.get("lastSeen")) or facts["registered"]
        return device_object(self._tenant, person, facts)

    def _add_policies(self) -> None:
        tenant, cast = self._tenant, self._cast
        for facts in cast.get("namedLocations", ()):
            created = self._ago(facts.get("created", "-800d"))
            tenant.locations.append(full_location(self._ref("%" + facts["displayName"]), facts, created))
        for facts in cast.get("policies", ()):
            identity = tenant.new_id("policy", facts["displayName"])
            times = self._ago(facts.get("created", "-500d")), self._ago(facts.get("modified", "-90d"))
            tenant.policies.append(full_policy(identity, self._refs(facts), *times))
        tenant.device_registration = self._refs(cast["deviceRegistrationPolicy"])


def attempt_from(person: Person, described: Json, now: datetime) -> Attempt:
    """Read a sign-in as cast files and the admin endpoint describe it."""
    facts = {key: value for key, value in described.items() if key != "at"}
    return Attempt(at=when(described.get("at", "now"), now), **facts)


def device_object(tenant: Tenant, person: Person, facts: Json) -> Device:
    """Return a device object from its short description; `registered` and `lastSeen` are Graph times."""
    identity = tenant.new_id("device", person.key, facts["name"])
    mac = str(facts.get("os", "MacMDM")).startswith("Mac")
    body = {
        "id": identity,
        "deletedDateTime": None,
        "accountEnabled": facts.get("accountEnabled", True),
        "approximateLastSignInDateTime": facts["lastSeen"],
        "complianceExpirationDateTime": None,
        "deviceCategory": None,
        "deviceId": tenant.new_id("device-id", person.key, facts["name"]),
        "deviceMetadata": None,
        "deviceOwnership": "Company",
        "deviceVersion": 2,
        "displayName": facts["name"],
        "enrollmentProfileName": None,
        "isCompliant": facts.get("isCompliant"),
        "isManaged": facts.get("isManaged", facts.get("isCompliant")),
        "isManagementRestricted": None,
        "isRooted": None,
        "managementType": "jamf" if facts.get("isManaged", facts.get("isCompliant")) else None,
        "manufacturer": "Apple" if mac else facts.get("manufacturer"),
        "mdmAppId": None,
        "model": facts.get("model", "MacBookPro18,3" if mac else None),
        "onPremisesSyncEnabled": None,
        "operatingSystem": facts.get("os", "MacMDM"),
        "operatingSystemVersion": facts.get("osVersion", "15.6.1"),
        "physicalIds": [],
        "profileType": "RegisteredDevice",
        "registrationDateTime": facts["registered"],
        "systemLabels": [],
        "trustType": facts.get("trust", "AzureAd"),
    }
    return Device(identity, body, facts.get("owned", True), facts.get("userRegistered", True))
