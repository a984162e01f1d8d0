"""The directory audit log, and the records a change of the per-user MFA state writes.

https://learn.microsoft.com/graph/api/directoryaudit-list
"""

from __future__ import annotations

import json
from typing import Final

from sandbox.entra import filterable
from sandbox.entra.paging import PageRule, collection
from sandbox.entra.sorting import newest_first
from sandbox.entra.tenant import App, Person, Tenant
from sandbox.entra.wire import Call, Json, Reply

_CODES: Final = {"disabled": 0, "enabled": 1, "enforced": 2}
_RULE: Final = PageRule(default=1000, largest=1000, strict=False)


def list_audits(tenant: Tenant, call: Call) -> Reply:
    """GET /auditLogs/directoryAudits, newest first."""
    rows = newest_first(call, tenant.audits, "activityDateTime")
    return collection(call, "auditLogs/directoryAudits", rows, allowed=filterable.DIRECTORY_AUDIT, rule=_RULE)


def initiated_by_app(app: App) -> Json:
    """Return who did it: an application."""
    identity = {
        "appId": app.app_id,
        "displayName": app.display_name,
        "servicePrincipalId": app.service_principal_id,
        "servicePrincipalName": None,
    }
    return {"user": None, "app": identity}


def initiated_by_user(person: Person) -> Json:
    """Return who did it: a person in the portal."""
    identity = {
        "id": person.id,
        "displayName": None,
        "userPrincipalName": person.upn,
        "ipAddress": "203.0.113.77",
    }
    return {"user": identity, "app": None}


def state_change_audits(
    tenant: Tenant, person: Person, before: str, by: Json, correlation: str
) -> list[Json]:
    """Return the two records of a change: the named activity and its "Update user" sibling."""
    activity = (
        "Disable Strong Authentication" if person.state == "disabled" else "Enable Strong Authentication"
    )
    changes = [
        _changed(
            "StrongAuthenticationRequirement",
            _requirement(tenant, before),
            _requirement(tenant, person.state),
        ),
        _changed("Included Updated Properties", None, '"StrongAuthenticationRequirement"'),
    ]
    return [
        _audit(tenant, _account(person), name, [*changes, *extra], correlation=correlation, by=by)
        for name, extra in (
            (activity, []),
            ("Update user", [_changed("TargetId.UserType", None, '"Member"')]),
        )
    ]


def policy_change_audits(tenant: Tenant, before: Json, policy: Json, by: Person) -> list[Json]:
    """Return the two records of a changed Conditional Access policy: its own, and the directory's.

    Both versions stand in them whole, as JSON text.
    https://learn.microsoft.com/entra/identity/conditional-access/troubleshoot-policy-changes-audit-log
    """
    correlation = tenant.new_id("policy-change", policy["id"], len(tenant.audits))
    versions = (json.dumps(one, separators=(",", ":")) for one in (before, policy))
    change = _changed("ConditionalAccessPolicy", *versions)
    about = {"id": policy["id"], "displayName": policy["displayName"], "type": "Policy"}
    return [
        {
            **_audit(tenant, about, activity, [change], correlation=correlation, by=initiated_by_user(by)),
            "category": "Policy",
            "loggedByService": service,
            "additionalDetails": [{"key": "Category", "value": "Conditional Access"}],
        }
        for activity, service in (
            ("Update policy", "Core Directory"),
            ("Update conditional access policy", "Conditional Access"),
        )
    ]


def _requirement(tenant: Tenant, state: str) -> str:
    if state == "disabled":
        return "[]"
    since = tenant.now().strftime("%Y-%m-%dT%H:%M:%S+00:00")
    entry = {"RelyingParty": "*", "State": _CODES[state], "RememberDevicesNotIssuedBefore": since}
    return json.dumps([entry], separators=(",", ":"))


def _changed(name: str, old: str | None, new: str | None) -> Json:
    return {"displayName": name, "oldValue": old, "newValue": new}


def _account(person: Person) -> Json:
    return {"id": person.id, "displayName": None, "type": "User", "userPrincipalName": person.upn}


def _audit(
    tenant: Tenant, about: Json, activity: str, changes: list[Json], *, correlation: str, by: Json
) -> Json:
    number = len(tenant.audits)
    letters = tenant.new_id("audit", activity, number).replace("-", "").upper()[:5]
    target = {
        "userPrincipalName": None,
        **about,
        "groupType": None,
        "modifiedProperties": changes,
    }
    return {
        "id": f"Directory_{correlation}_{letters}_{99617149 + number}",
        "category": "UserManagement",
        "correlationId": correlation,
        "result": "success",
        "resultReason": "",
        "activityDisplayName": activity,
        "activityDateTime": tenant.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "loggedByService": "Core Directory",
        "operationType": "Update",
        "initiatedBy": by,
        "targetResources": [target],
        "additionalDetails": [],
    }
