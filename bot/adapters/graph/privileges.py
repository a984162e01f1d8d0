"""The Privileges port: what makes an account powerful, read whole or not at all.

A role counts whatever its scope: within an administrative unit it is still an administrator's.
Not seen: eligibility for membership of a group (Privileged Identity Management for Groups).
https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments
https://learn.microsoft.com/entra/identity/role-based-access-control/groups-concept
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from bot.adapters.graph.calls import ELIGIBLE_ROLES, OWNED_GROUPS, ROLE_GROUPS, ROLES, Call
from bot.adapters.graph.gateway import Gateway
from bot.adapters.graph.wire import Row, flag, part, text
from bot.domain.people import ObjectId, object_id
from bot.errors import GraphError, GraphMalformed, GraphNotFound, GraphRefused
from bot.ports import Privilege

NO_PIM = "aadpremiumlicenserequired"
"""Without the licence for Privileged Identity Management nobody is eligible: assignments end with it.

https://learn.microsoft.com/entra/id-governance/licensing-fundamentals
"""

NOT_SERVED = "segment"
"""Graph's words for a path that a cloud does not have: "Resource not found for the segment '…'"."""

_MANAGEMENT = "/v1.0/roleManagement/directory"
_GROUP = "id,displayName,isAssignableToRole"


class GraphPrivileges:
    """Reads active and eligible roles, and groups that can hold roles, from Graph v1.0."""

    def __init__(self, graph: Gateway) -> None:
        self._graph = graph

    async def of(self, user: ObjectId) -> Privilege:
        """Return everything, or raise: a partial answer is never given."""
        asked = object_id(user)
        person = f"/v1.0/users/{asked}"
        reads = (
            (ROLES, (_roles_path("roleAssignments", asked),)),
            (
                ELIGIBLE_ROLES,
                (
                    _roles_path("roleEligibilityScheduleInstances", asked),
                    _roles_path("roleEligibilitySchedules", asked),
                ),
            ),
            (ROLE_GROUPS, (f"{person}/transitiveMemberOf?$select={_GROUP},roleTemplateId&$top=999",)),
            (
                OWNED_GROUPS,
                (
                    f"{person}/ownedObjects/microsoft.graph.group?$select={_GROUP}&$top=999",
                    f"{person}/ownedObjects?$select={_GROUP}&$top=999",
                ),
            ),
        )
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(_rows_or_error(self._graph, *read)) for read in reads]
        assigned, eligible, memberships, owned = (_whole(task.result()) for task in running)
        through_groups = [row for row in memberships if _kind(row) == "directoryRole"]
        # An owner of such a group can add himself to it, so owning is as much as being a member.
        groups = [row for row in (*memberships, *owned) if _kind(row) in ("group", "")]
        return Privilege(
            active_roles=_each_once(map(_role_name, [*assigned, *through_groups])),
            eligible_roles=_each_once(map(_role_name, eligible)),
            role_assignable_groups=_each_once(_group_name(row) for row in groups if _holds_roles(row)),
        )


async def _rows_or_error(graph: Gateway, call: Call, paths: tuple[str, ...]) -> list[Row] | GraphError:
    """Return all rows as they are, for the reader of pages leaves odd ones out and none may be missing.

    The second path says the same where a cloud does not serve the first. An error is a value: it must not
    cancel its siblings, and the first of them is the one to tell.
    """
    path, *others = paths
    try:
        rows: list[Any] = await graph.rows(call, path, lambda row: row)
    except GraphError as error:
        if others and _is_not_served(error):
            return await _rows_or_error(graph, call, tuple(others))
        return [] if call is ELIGIBLE_ROLES and _knows_no_eligibility(error) else error
    if not all(isinstance(row, dict) for row in rows):
        return GraphMalformed(call.what, message="a row is not an object")
    if call in (ROLE_GROUPS, OWNED_GROUPS) and any(map(_is_hidden, rows)):
        return GraphRefused(call.what, message="names are hidden from the app", needs=call.needs)
    return rows


def _is_not_served(error: GraphError) -> bool:
    """Tell whether the path is unknown here. The user exists: he was read just before."""
    return isinstance(error, GraphNotFound) or (error.status == 400 and NOT_SERVED in error.message.lower())


def _knows_no_eligibility(error: GraphError) -> bool:
    """Tell whether the tenant has no Privileged Identity Management, or its cloud does not."""
    return error.code.lower() == NO_PIM or _is_not_served(error)


def _whole(result: list[Row] | GraphError) -> list[Row]:
    if isinstance(result, GraphError):
        raise result
    return result


def _roles_path(collection: str, user: ObjectId) -> str:
    condition = quote(f"principalId eq '{user}'", safe="'")
    return f"{_MANAGEMENT}/{collection}?$filter={condition}&$expand=roleDefinition"


def _kind(row: Row) -> str:
    return text(row, "@odata.type").removeprefix("#microsoft.graph.")


def _is_hidden(row: Row) -> bool:
    """Tell whether Graph showed the id alone, as it does for what the app may not read.

    https://learn.microsoft.com/graph/permissions-overview#limited-information-returned-for-inaccessible-member-objects
    """
    return (
        _kind(row) in ("group", "directoryRole", "") and "displayName" in row and not text(row, "displayName")
    )


def _role_name(row: Row) -> str:
    """Return the role's name; any row is a role, also one that does not say which."""
    named = text(part(row, "roleDefinition"), "displayName") or text(row, "displayName")
    return named or text(row, "roleDefinitionId") or "a role without a name"


def _group_name(row: Row) -> str:
    return text(row, "displayName") or "a group without a name"


def _holds_roles(row: Row) -> bool:
    """Tell whether a group can hold roles; null is how Graph says that it cannot."""
    return flag(row, "isAssignableToRole") is True


def _each_once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))
