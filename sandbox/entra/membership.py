"""What a user belongs to and owns: groups, directory roles, devices.

Members of a type the app may not read come back with their id alone:
https://learn.microsoft.com/graph/permissions-overview#limited-information-returned-for-inaccessible-member-objects
"""

from __future__ import annotations

from typing import Final

from sandbox.entra import filterable
from sandbox.entra.matching import Allowed
from sandbox.entra.paging import collection
from sandbox.entra.roles import NAMES
from sandbox.entra.tenant import Group, Tenant
from sandbox.entra.users import need_person
from sandbox.entra.wire import Call, Json, Refusal, Reply, no_such_resource, no_such_segment

GROUP_READERS: Final = frozenset({"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"})
ROLE_READERS: Final = frozenset({"RoleManagement.Read.Directory", "Directory.Read.All"})
DEVICE_READERS: Final = frozenset({"Device.Read.All", "Directory.Read.All"})
CASTS: Final = {
    "microsoft.graph.group": ("group", "groups"),
    "microsoft.graph.directoryRole": ("directoryRole", "directoryRoles"),
    "microsoft.graph.device": ("device", "devices"),
}


def list_member_of(tenant: Tenant, call: Call, name: str, *, cast: str = "", nested: bool = True) -> Reply:
    """GET /users/{id}/transitiveMemberOf and /memberOf, with an optional OData cast."""
    person = need_person(tenant, name)
    groups = tenant.groups_of(person)
    roles = tenant.roles_of(person)
    if not nested:
        groups = [group for group in groups if group.id in person.groups]
        roles = person.roles
    members = [_typed("group", group.facts) for group in groups]
    members += [_typed("directoryRole", _role_object(tenant, role)) for role in roles]
    return _members(tenant, call, members, cast, filterable.GROUP)


def list_owned_objects(tenant: Tenant, call: Call, name: str, *, cast: str = "") -> Reply:
    """GET /users/{id}/ownedObjects: groups and devices."""
    person = need_person(tenant, name)
    owned = [group for group in tenant.groups.values() if person.id in group.owners]
    members = [_typed("group", group.facts) for group in owned]
    members += [_typed("device", device.facts) for device in person.devices if device.owned]
    return _members(tenant, call, members, cast, filterable.GROUP)


def list_devices(tenant: Tenant, call: Call, name: str, *, cast: str = "", owned: bool) -> Reply:
    """GET /users/{id}/ownedDevices and /registeredDevices."""
    person = need_person(tenant, name)
    shown = [device for device in person.devices if (device.owned if owned else device.registered)]
    return _members(
        tenant, call, [_typed("device", device.facts) for device in shown], cast, filterable.DEVICE
    )


def check_member_groups(tenant: Tenant, call: Call, name: str) -> Reply:
    """POST /users/{id}/checkMemberGroups: which of at most 20 groups the user is in."""
    person = need_person(tenant, name)
    asked = call.body().get("groupIds")
    if not isinstance(asked, list) or not asked:
        raise Refusal(
            400, "Request_BadRequest", "Invalid value specified for property 'groupIds' of resource 'User'."
        )
    if len(asked) > 20:
        message = "The number of group identifiers provided exceeds the maximum allowed limit of 20."
        raise Refusal(400, "Request_BadRequest", message)
    groups = {group.id for group in tenant.groups_of(person)}
    found = [identity for identity in asked if identity in groups]
    return Reply(body={"@odata.context": f"{call.root}/$metadata#Collection(Edm.String)", "value": found})


def list_group_owners(tenant: Tenant, call: Call, group_id: str) -> Reply:
    """GET /groups/{id}/owners."""
    group = _need_group(tenant, group_id)
    people = [_typed("user", tenant.people[owner].facts) for owner in group.owners]
    return collection(call, "directoryObjects", people)


def get_group(tenant: Tenant, call: Call, group_id: str) -> Reply:
    """GET /groups/{id}."""
    group = _need_group(tenant, group_id)
    return Reply(body={"@odata.context": f"{call.root}/$metadata#groups/$entity", **group.facts})


def _need_group(tenant: Tenant, group_id: str) -> Group:
    group = tenant.groups.get(group_id)
    if group is None:
        raise no_such_resource(group_id)
    return group


def _typed(kind: str, facts: Json) -> Json:
    return {"@odata.type": f"#microsoft.graph.{kind}", **facts}


def _role_object(tenant: Tenant, template: str) -> Json:
    return {
        "id": tenant.new_id("directory-role", template),
        "deletedDateTime": None,
        "description": f"Built-in role {NAMES[template]}.",
        "displayName": NAMES[template],
        "roleTemplateId": template,
    }


_READERS: Final = {"group": GROUP_READERS, "directoryRole": ROLE_READERS, "device": DEVICE_READERS}


def _members(tenant: Tenant, call: Call, members: list[Json], cast: str, allowed: Allowed) -> Reply:
    context = "directoryObjects"
    shown = [_readable(tenant, member) for member in members]
    if cast:
        if cast not in CASTS:
            raise no_such_segment(cast)
        kind, context = CASTS[cast]
        chosen = [member for member in shown if member["@odata.type"] == f"#microsoft.graph.{kind}"]
        shown = [{key: value for key, value in member.items() if key != "@odata.type"} for member in chosen]
    return collection(call, context, shown, allowed=allowed)


def _readable(tenant: Tenant, member: Json) -> Json:
    kind = member["@odata.type"].rpartition(".")[2]
    if tenant.app.permissions & _READERS[kind]:
        return member
    return {key: value if key in ("@odata.type", "id") else None for key, value in member.items()}
