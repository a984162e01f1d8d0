"""The Directory port: users and what belongs to them."""

from __future__ import annotations

from bot.adapters.graph.calls import MEMBERSHIP, METHODS
from bot.adapters.graph.devices import devices_of
from bot.adapters.graph.gateway import Gateway
from bot.adapters.graph.users import find_user, owner_of, search_users
from bot.adapters.graph.wire import Row, moment, required, text, text_or_none
from bot.domain.people import AuthenticationMethod, Device, Membership, ObjectId, User, object_id


class GraphDirectory:
    """Users, devices, groups, roles and sign-in methods, read from Graph v1.0."""

    def __init__(self, graph: Gateway) -> None:
        self._graph = graph

    async def find_user(self, asked: str) -> User:
        """Return the one user with this object id, UPN, mail or mail alias."""
        return await find_user(self._graph, asked)

    async def owner_of(self, address: str) -> User:
        """Return the one user with this UPN, mail or mail alias, which nobody else may have in any form."""
        return await owner_of(self._graph, address)

    async def search(self, name: str, most: int) -> tuple[User, ...]:
        """Return users whose display name, given name, surname or alias begins with `name`."""
        return await search_users(self._graph, name, most)

    async def devices(self, user: ObjectId) -> tuple[Device, ...]:
        """Return owned and registered devices, each once."""
        return await devices_of(self._graph, user)

    async def membership(self, user: ObjectId) -> Membership:
        """Return all groups, transitively, and active directory roles.

        https://learn.microsoft.com/graph/api/user-list-transitivememberof
        """
        path = f"/v1.0/users/{object_id(user)}/transitiveMemberOf?$select=id,roleTemplateId&$top=999"
        rows = await self._graph.rows(MEMBERSHIP, path, _group_or_role)
        return Membership(
            group_ids=frozenset(group for group, _ in rows if group),
            role_template_ids=frozenset(role for _, role in rows if role),
        )

    async def methods(self, user: ObjectId) -> tuple[AuthenticationMethod, ...]:
        """Return registered sign-in methods, platform credentials among them.

        https://learn.microsoft.com/graph/api/authentication-list-methods
        """
        path = f"/v1.0/users/{object_id(user)}/authentication/methods"
        return tuple(await self._graph.rows(METHODS, path, method_in))


def _group_or_role(row: Row) -> tuple[str, str]:
    """Return a group's id or a role's template id; administrative units are neither."""
    kind = text(row, "@odata.type").removeprefix("#microsoft.graph.")
    if kind == "directoryRole" or (not kind and text(row, "roleTemplateId")):
        return "", required(row, "roleTemplateId")
    return (required(row, "id"), "") if kind in ("group", "") else ("", "")


def method_in(row: Row) -> AuthenticationMethod:
    """Read a sign-in method; ValueError without an id."""
    kind = text(row, "@odata.type").removeprefix("#microsoft.graph.")
    return AuthenticationMethod(
        id=required(row, "id"),
        kind=kind.removesuffix("AuthenticationMethod"),
        display_name=text(row, "displayName"),
        created_at=moment(row, "createdDateTime", "creationDateTime"),
        platform=text_or_none(row, "platform"),
    )
