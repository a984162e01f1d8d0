"""What a Mac's Platform SSO registration writes into the tenant, given how things stand now.

Three steps: the person signs in, the device joins, the broker silently asks for a primary refresh token.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sandbox.entra.cast import device_object
from sandbox.entra.evaluator import APPLIES, judge
from sandbox.entra.lanes import LANES
from sandbox.entra.sign_in_rows import Attempt, scenario_of, sign_in_row
from sandbox.entra.tenant import Person, Tenant
from sandbox.entra.wire import Json, timestamp

SPREAD_SECONDS = 20.0  # signing in and joining take a person some seconds
# What a Mac cannot be before it has joined.
DEVICE_CONTROLS = frozenset({"compliantDevice", "domainJoinedDevice"})


def try_registration(tenant: Tenant, person: Person, spread: float = SPREAD_SECONDS) -> list[Json]:
    """Write the rows and objects of one try that took `spread` seconds; return the rows, oldest first."""
    number = len(tenant.sign_ins)
    name = f"{person.facts['givenName']}'s MacBook Pro {number}"
    attempts = _attempts(tenant, person, name, f"try-{number}", timedelta(seconds=spread))
    rows = []
    for attempt in attempts:
        if attempt.lane == "drs" and attempt.code == 0:
            facts = {"name": name, "registered": timestamp(attempt.at), "lastSeen": timestamp(attempt.at)}
            person.devices.append(device_object(tenant, person, facts))
        rows.append(sign_in_row(tenant, person, attempt))
        tenant.log_sign_in(rows[-1])
    if rows[-1]["status"]["errorCode"] == 0 and person.psso == "secureEnclave":
        tenant.add_method(person, _platform_credential(tenant, person, name, number))
    tenant.tell_person(person)
    return rows


def _attempts(tenant: Tenant, person: Person, device: str, group: str, spread: timedelta) -> list[Attempt]:
    now = tenant.now()
    first_failure = _first_failure(person)
    if first_failure:
        return [Attempt(now, "broker", first_failure, attempt=group)]
    signing_in = Attempt(now - spread, "broker", attempt=group)
    refused = _refused_by_policy(tenant, person, signing_in)
    if refused:
        return [refused]
    steps = [
        signing_in,
        Attempt(now - spread / 2, "drs", 0 if may_join(tenant, person) else 240001, attempt=group),
    ]
    if steps[-1].code:
        return steps
    if person.state == "disabled":
        return [*steps, Attempt(now, "prt", attempt=group, device=device)]
    code = 50076 if person.has_mfa_method else 50079
    return [*steps, Attempt(now, "prt", code, attempt=group, provider="user", device=device)]


def _refused_by_policy(tenant: Tenant, person: Person, signing_in: Attempt) -> Attempt | None:
    """Return the attempt as Conditional Access ends it: blocked, or for want of a compliant Mac.

    A demand for MFA ends nothing here: the person is at the screen and answers it.
    """
    scenario = scenario_of(tenant, person, signing_in, LANES[signing_in.lane])
    for policy in tenant.policies:
        code = _refusal_code(policy["grantControls"] or {})
        if code and policy["state"] == "enabled" and judge(policy, scenario, tenant) == APPLIES:
            return replace(
                signing_in, at=tenant.now(), code=code, policies={policy["displayName"]: "failure"}
            )
    return None


def _refusal_code(grant: Json) -> int:
    controls = set(grant.get("builtInControls", ()))
    if "block" in controls:
        return 53003
    answerable = controls - DEVICE_CONTROLS or grant.get("authenticationStrength")
    if not controls & DEVICE_CONTROLS or (answerable and grant["operator"] == "OR"):
        return 0
    return 53000


def _first_failure(person: Person) -> int:
    if person.deleted:
        return 50034
    return 0 if person.facts["accountEnabled"] else 50057


def may_join(tenant: Tenant, person: Person) -> bool:
    """Tell whether the device registration policy lets this person join a device."""
    allowed = tenant.device_registration["allowedToJoin"]
    kind = str(allowed["@odata.type"]).rpartition(".")[2]
    if kind != "enumeratedDeviceRegistrationMembership":
        return kind == "allDeviceRegistrationMembership"
    groups = {group.id for group in tenant.groups_of(person)}
    return person.id in allowed["users"] or bool(groups & set(allowed["groups"]))


def _platform_credential(tenant: Tenant, person: Person, name: str, number: int) -> Json:
    return {
        "kind": "platformCredential",
        "id": tenant.new_id("method", person.key, "platformCredential", number),
        "displayName": name,
        "created": tenant.timestamp(),
        "platform": "macOS",
    }
