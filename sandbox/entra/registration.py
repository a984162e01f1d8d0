"""What a Mac's Platform SSO registration writes into the tenant, given how things stand now.

Three steps: the person signs in, the device joins, the broker silently asks for a primary refresh token.
"""

from __future__ import annotations

from datetime import timedelta

from sandbox.entra.cast import device_object
from sandbox.entra.sign_in_rows import Attempt, sign_in_row
from sandbox.entra.tenant import Person, Tenant
from sandbox.entra.wire import Json, timestamp


def try_registration(tenant: Tenant, person: Person) -> list[Json]:
    """Write the rows and objects of one try; return the rows, oldest first."""
    number = len(tenant.sign_ins)
    name = f"{person.facts['givenName']}'s MacBook Pro {number}"
    attempts = _attempts(tenant, person, name, f"try-{number}")
    rows = []
    for attempt in attempts:
        if attempt.lane == "drs" and attempt.code == 0:
            facts = {"name": name, "registered": timestamp(attempt.at), "lastSeen": timestamp(attempt.at)}
            person.devices.append(device_object(tenant, person, facts))
        rows.append(sign_in_row(tenant, person, attempt))
        tenant.log_sign_in(rows[-1])
    if rows[-1]["status"]["errorCode"] == 0 and person.psso == "secureEnclave":
        tenant.add_method(person, _platform_credential(tenant, person, name, number))
    return rows


def _attempts(tenant: Tenant, person: Person, device: str, group: str) -> list[Attempt]:
    now = tenant.now()
    first_failure = _first_failure(person)
    if first_failure:
        return [Attempt(now, "broker", first_failure, attempt=group)]
    steps = [
        Attempt(now - timedelta(seconds=20), "broker", attempt=group),
        Attempt(now - timedelta(seconds=10), "drs", 0 if may_join(tenant, person) else 240001, attempt=group),
    ]
    if steps[-1].code:
        return steps
    if person.state == "disabled":
        return [*steps, Attempt(now, "prt", attempt=group, device=device)]
    code = 50076 if person.has_mfa_method else 50079
    return [*steps, Attempt(now, "prt", code, attempt=group, provider="user", device=device)]


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
