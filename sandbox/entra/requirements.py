"""The legacy per-user MFA state; beta only.

https://learn.microsoft.com/graph/api/authentication-get?view=graph-rest-beta
https://learn.microsoft.com/graph/api/authentication-update?view=graph-rest-beta
"""

from __future__ import annotations

from sandbox.entra.audits import initiated_by_app, state_change_audits
from sandbox.entra.tenant import STATES, Tenant
from sandbox.entra.users import need_person
from sandbox.entra.wire import Call, Refusal, Reply


def get_requirements(tenant: Tenant, call: Call, name: str) -> Reply:
    """GET /beta/users/{id}/authentication/requirements."""
    person = need_person(tenant, name)
    context = f"{call.root}/$metadata#users('{person.id}')/authentication/requirements"
    return Reply(body={"@odata.context": context, "perUserMfaState": tenant.visible_state(person)})


def patch_requirements(tenant: Tenant, call: Call, name: str) -> Reply:
    """PATCH the same: 204 without a body; repeating it changes nothing and writes no audit."""
    wanted = call.body()
    person = need_person(tenant, name)
    state = wanted.get("perUserMfaState")
    if set(wanted) - {"perUserMfaState", "@odata.type"}:
        odd = sorted(set(wanted) - {"perUserMfaState", "@odata.type"})[0]
        message = (
            f"The property '{odd}' does not exist on type 'microsoft.graph.strongAuthenticationRequirements'."
        )
        raise Refusal(
            400, "BadRequest", f"{message} Make sure to only use property names that are defined by the type."
        )
    if state not in STATES:
        message = f"Invalid value specified for property 'perUserMfaState': '{state}'."
        raise Refusal(400, "BadRequest", message)
    if person.facts["isManagementRestricted"]:
        raise _restricted()
    before = person.state
    tenant.set_state(person, state)
    if person.state != before:
        for audit in state_change_audits(
            tenant, person, before, initiated_by_app(tenant.app), call.request_id
        ):
            tenant.log_audit(audit)
    return Reply(204)


def _restricted() -> Refusal:
    # https://learn.microsoft.com/entra/identity/role-based-access-control/admin-units-restricted-management
    message = (
        "Insufficient privileges to complete the operation. Target object is a member of a restricted "
        "management administrative unit and can only be modified by administrators scoped to that unit."
    )
    return Refusal(403, "Authorization_RequestDenied", message)
