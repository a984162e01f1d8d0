"""Directory roles: definitions, active assignments, eligible (PIM) schedules.

Template ids: https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.entra import filterable
from sandbox.entra.paging import collection
from sandbox.entra.wire import Call, Json, Refusal, Reply, no_such_resource

if TYPE_CHECKING:
    from sandbox.entra.tenant import Tenant

ROLES: Final = {
    "Global Administrator": "62e90394-69f5-4237-9190-012177145e10",
    "Privileged Role Administrator": "e8611ab8-c189-46e8-94e1-60213ab1f814",
    "Privileged Authentication Administrator": "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
    "Authentication Policy Administrator": "0526716b-113d-4c15-b2c8-68e3c22b9f80",
    "Authentication Administrator": "c4e39bd9-1100-46d3-8c65-fb160da0071f",
    "Conditional Access Administrator": "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9",
    "Security Administrator": "194ae4cb-b126-40b2-bd5b-6091b380977d",
    "User Administrator": "fe930be7-5e62-47db-91af-98c3a49a38b1",
    "Helpdesk Administrator": "729827e3-9c14-49f7-bb1b-9608f156bbb8",
    "Cloud Device Administrator": "7698a772-787b-4ac8-901f-60d6b08affd2",
    "Global Reader": "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
    "Directory Readers": "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",
}
NAMES: Final = {template: name for name, template in ROLES.items()}


def template_id(name: str) -> str:
    """Return the template id of a built-in role."""
    return ROLES[name]


def definition(template: str) -> Json:
    """Return a unifiedRoleDefinition."""
    return {
        "id": template,
        "description": f"Built-in role {NAMES[template]}.",
        "displayName": NAMES[template],
        "isBuiltIn": True,
        "isEnabled": True,
        "resourceScopes": ["/"],
        "templateId": template,
        "version": "1",
        "rolePermissions": [
            {"allowedResourceActions": ["microsoft.directory/users/standard/read"], "condition": None}
        ],
    }


def list_definitions(tenant: Tenant, call: Call) -> Reply:
    """GET /roleManagement/directory/roleDefinitions."""
    rows = [definition(template) for template in NAMES]
    return collection(
        call, "roleManagement/directory/roleDefinitions", rows, allowed=filterable.ROLE_DEFINITION
    )


def get_definition(_: Tenant, call: Call, role: str) -> Reply:
    """GET /roleManagement/directory/roleDefinitions/{id}."""
    if role not in NAMES:
        raise no_such_resource(role)
    context = f"{call.root}/$metadata#roleManagement/directory/roleDefinitions/$entity"
    return Reply(body={"@odata.context": context, **definition(role)})


def list_assignments(tenant: Tenant, call: Call) -> Reply:
    """GET /roleManagement/directory/roleAssignments with $filter and $expand."""
    rows = []
    for person in tenant.living():
        rows += [_assignment(tenant, person.id, role) for role in person.roles]
    for group in tenant.groups.values():
        rows += [_assignment(tenant, group.id, role) for role in group.roles]
    _check_expand(call)
    expanded = [_expanded(tenant, call, row) for row in rows]
    context = "roleManagement/directory/roleAssignments"
    return collection(call, context, expanded, allowed=filterable.ROLE_ASSIGNMENT)


def list_eligible(tenant: Tenant, call: Call) -> Reply:
    """GET /roleManagement/directory/roleEligibilityScheduleInstances; needs P2."""
    if not tenant.premium:
        message = "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license."
        raise Refusal(400, "AadPremiumLicenseRequired", message)
    rows = [
        _expanded(tenant, call, _eligible(tenant, person.id, role))
        for person in tenant.living()
        for role in person.eligible_roles
    ]
    context = "roleManagement/directory/roleEligibilityScheduleInstances"
    return collection(call, context, rows, allowed=filterable.ROLE_ASSIGNMENT)


def _check_expand(call: Call) -> None:
    expand = call.query.get("$expand", "")
    for name in filter(None, expand.split(",")):
        if name.partition("(")[0].strip() not in ("principal", "roleDefinition", "directoryScope"):
            message = f"Parsing OData Select and Expand failed: Could not find a property named '{name}'."
            raise Refusal(400, "BadRequest", message)


def _assignment(tenant: Tenant, principal: str, role: str) -> Json:
    return {
        "id": tenant.new_id("role-assignment", principal, role),
        "principalId": principal,
        "directoryScopeId": "/",
        "roleDefinitionId": role,
        "principalOrganizationId": tenant.id,
    }


def _eligible(tenant: Tenant, principal: str, role: str) -> Json:
    return {
        "id": tenant.new_id("role-eligibility", principal, role),
        "principalId": principal,
        "roleDefinitionId": role,
        "directoryScopeId": "/",
        "appScopeId": None,
        "startDateTime": "2025-01-15T08:00:00Z",
        "endDateTime": None,
        "memberType": "Direct",
        "roleEligibilityScheduleId": tenant.new_id("role-eligibility-schedule", principal, role),
    }


def _expanded(tenant: Tenant, call: Call, row: Json) -> Json:
    expand = call.query.get("$expand", "")
    if "roleDefinition" in expand:
        row = {**row, "roleDefinition": definition(row["roleDefinitionId"])}
    if "principal" in expand:
        person, group = tenant.people.get(row["principalId"]), tenant.groups.get(row["principalId"])
        kind = "user" if person else "group"
        facts = person.facts if person else group.facts if group else {}
        row = {**row, "principal": {"@odata.type": f"#microsoft.graph.{kind}", **facts}}
    return row
