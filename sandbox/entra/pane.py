"""What an administrator's window shows of the tenant: people, policies, sign-ins, audits. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sandbox.entra.roles import NAMES
from sandbox.entra.wire import Json

if TYPE_CHECKING:
    from sandbox.entra.tenant import Person, Tenant

SIGN_INS_SHOWN = 50
AUDITS_SHOWN = 30


def pane(tenant: Tenant) -> Json:
    """Return the tenant for a window; newest sign-ins and audits first."""
    latest = _latest(tenant)
    return {
        "tenant": {"id": tenant.id, "displayName": tenant.display_name, "domain": tenant.domain},
        "people": [_person(tenant, one, latest.get(one.id, [])) for one in tenant.people.values()],
        "policies": [policy_seen(tenant, one) for one in tenant.policies],
        "sign_ins": [sign_in_seen(row) for row in reversed(tenant.sign_ins[-SIGN_INS_SHOWN:])],
        "audits": [audit_seen(row) for row in reversed(tenant.audits[-AUDITS_SHOWN:])],
    }


def _latest(tenant: Tenant) -> dict[str, list[Json]]:
    """Each person's sign-ins, newest first."""
    found: dict[str, list[Json]] = {}
    for row in reversed(tenant.sign_ins):
        found.setdefault(row["userId"], []).append(row)
    return found


def person_seen(tenant: Tenant, person: Person) -> Json:
    """One account with everything that bears on registering a Mac."""
    mine = [row for row in reversed(tenant.sign_ins) if row["userId"] == person.id]
    return _person(tenant, person, mine)


def _person(tenant: Tenant, person: Person, sign_ins: list[Json]) -> Json:
    failed = (row for row in sign_ins if row["status"]["errorCode"])
    return {
        "id": person.id,
        "key": person.key,
        "upn": person.upn,
        "name": person.facts["displayName"],
        "mail": person.facts["mail"],
        "story": person.story,
        "department": person.facts["department"],
        "per_user_mfa": person.state,
        "state_changed_at": person.state_changed_at,
        "psso": person.psso,
        "registered": _is_registered(person, sign_ins),
        "devices": len(person.devices),
        "methods": [method["kind"] for method in person.methods],
        "groups": [group.facts["displayName"] for group in tenant.groups_of(person)],
        "roles": [NAMES[role] for role in tenant.roles_of(person)],
        "enabled": person.facts["accountEnabled"],
        "guest": person.is_guest,
        "deleted": person.deleted,
        "last_sign_in": _first(sign_ins),
        "last_error": _first(failed),
    }


def _first(rows: Iterable[Json]) -> Json | None:
    row = next(iter(rows), None)
    return None if row is None else sign_in_seen(row)


def _is_registered(person: Person, sign_ins: list[Json]) -> bool:
    """The Mac's newest silent request for a primary refresh token went through, or its key is known."""
    broker = [row for row in sign_ins if row["authenticationProtocol"] == "prtBrokerBased"]
    if broker:
        return bool(broker[0]["status"]["errorCode"] == 0)
    return any(method["kind"] == "platformCredential" for method in person.methods)


def sign_in_seen(row: Json) -> Json:
    """A row of the sign-in log, in short."""
    code = row["status"]["errorCode"]
    return {
        "id": row["id"],
        "at": row["createdDateTime"],
        "user_id": row["userId"],
        "upn": row["userPrincipalName"],
        "app": row["appDisplayName"],
        "resource": row["resourceDisplayName"],
        "code": code,
        "failed": code != 0,
        "reason": row["status"]["failureReason"] if code else "",
        "policies": [
            {"name": one["displayName"], "result": one["result"]}
            for one in row["appliedConditionalAccessPolicies"]
            if one["result"] in ("success", "failure")
        ],
        "demanded_by": [one["requirementProvider"] for one in row["authenticationRequirementPolicies"]],
        "interactive": row["isInteractive"],
        "correlation_id": row["correlationId"],
        "device": row["deviceDetail"]["displayName"],
        "place": row["location"]["city"],
    }


def audit_seen(row: Json) -> Json:
    """A row of the directory audit log, in short."""
    user, app = row["initiatedBy"]["user"], row["initiatedBy"]["app"]
    target = row["targetResources"][0]
    return {
        "id": row["id"],
        "at": row["activityDateTime"],
        "activity": row["activityDisplayName"],
        "category": row["category"],
        "by": user["userPrincipalName"] if user else app["displayName"],
        "target": target["userPrincipalName"] or target["displayName"],
        "changes": [
            {"name": one["displayName"], "old": one["oldValue"], "new": one["newValue"]}
            for one in target["modifiedProperties"]
        ],
    }


def policy_seen(tenant: Tenant, policy: Json) -> Json:
    """A Conditional Access policy in plain words: whom, what, and what it demands."""
    conditions = policy["conditions"]
    return {
        "id": policy["id"],
        "name": policy["displayName"],
        "state": policy["state"],
        "who": _who(tenant, conditions["users"]),
        "what": _what(conditions["applications"]),
        "demands": _demands(policy),
        "modified": policy["modifiedDateTime"] or policy["createdDateTime"],
    }


def _who(tenant: Tenant, users: Json) -> str:
    included, excluded = _listed(tenant, users, "include"), _listed(tenant, users, "exclude")
    return ", ".join(included or ["nobody"]) + (f"; except {', '.join(excluded)}" if excluded else "")


def _listed(tenant: Tenant, users: Json, side: str) -> list[str]:
    names = ["everybody" if one == "All" else _name(tenant, one) for one in users[f"{side}Users"]]
    names += [_name(tenant, group) for group in users[f"{side}Groups"]]
    names += [f"role {NAMES.get(role, role)}" for role in users[f"{side}Roles"]]
    return [*names, "guests"] if users[f"{side}GuestsOrExternalUsers"] else names


def _name(tenant: Tenant, identity: str) -> str:
    if identity in tenant.groups:
        return f"group {tenant.groups[identity].facts['displayName']}"
    person = tenant.people.get(identity)
    return person.upn if person else identity


def _what(applications: Json) -> str:
    if applications["includeUserActions"]:
        return "registering or joining a device"
    included = applications["includeApplications"]
    return "all resources" if included == ["All"] else f"{len(included)} resources"


def _demands(policy: Json) -> str:
    grant: dict[str, Any] = policy["grantControls"] or {}
    controls = list(grant.get("builtInControls", ()))
    if grant.get("authenticationStrength"):
        controls.append(grant["authenticationStrength"]["displayName"])
    joined = f" {str(grant.get('operator', 'OR')).lower()} ".join(controls)
    return joined or ("session rules only" if policy["sessionControls"] else "nothing")
