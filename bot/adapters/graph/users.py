"""Finding the one user that a person means.

https://learn.microsoft.com/graph/api/user-get
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from bot.adapters.graph.calls import DELETED_USERS, USER
from bot.adapters.graph.gateway import Gateway, Within
from bot.adapters.graph.pages import json_object
from bot.adapters.graph.wire import Row, flag, moment, required, text, text_or_none
from bot.domain.people import ObjectId, User, is_object_id, object_id
from bot.errors import (
    AmbiguousUser,
    BadInput,
    GraphError,
    GraphMalformed,
    GraphNotFound,
    NoSuchUser,
)

SELECT = ",".join(
    (
        "id",
        "userPrincipalName",
        "displayName",
        "mail",
        "accountEnabled",
        "userType",
        "createdDateTime",
        "lastPasswordChangeDateTime",
        "isManagementRestricted",
        "employeeId",
    )
)
LONGEST = 256
NAMES = ("displayName", "givenName", "surname", "mailNickname")

_ADDRESS = re.compile(r"[^\s/?$%\\@\x00-\x1f\x7f]+@[^\s/?$%\\@\x00-\x1f\x7f]+")
"""What may be a UPN or a mail address. Anything else never reaches a URL."""


async def find_user(graph: Gateway, asked: str) -> User:
    """Return the one user with this object id, UPN, mail or mail alias."""
    wanted = asked.strip()
    if not wanted:
        raise BadInput("an empty name", field="user")
    if is_object_id(wanted):
        return await _by_id(graph, asked, object_id(wanted))
    if len(wanted) > LONGEST or not _ADDRESS.fullmatch(wanted):
        raise NoSuchUser(asked)
    try:
        return await _read_user(graph, wanted)
    except GraphNotFound:
        return await _by_address(graph, asked, wanted)
    except GraphMalformed as error:
        if error.status != 400:  # a mail address may hold what Graph does not accept in a UPN
            raise
        return await _by_address(graph, asked, wanted)


async def owner_of(graph: Gateway, address: str) -> User:
    """Return the one user who has this address, as a UPN, a mail or a mail alias.

    Entra keeps UPNs apart, but lets a second account have one of them as its mail.
    """
    user = await find_user(graph, address)
    others = {one.user_principal_name for one in await _with_mail(graph, address) if one.id != user.id}
    if others:
        raise AmbiguousUser(address, tuple(sorted({user.user_principal_name, *others})))
    return user


async def search_users(graph: Gateway, name: str, most: int) -> tuple[User, ...]:
    """Return up to `most` users whose display name, given name, surname or alias begins with `name`.

    Also those of a given name and a surname in either order. An exact display name comes first.
    https://learn.microsoft.com/graph/api/user-list
    """
    name = name.strip()[:LONGEST]
    either = [f"startswith({field},{_literal(one)})" for one in spellings(name) for field in NAMES]
    condition = " or ".join([*either, *_given_and_surname(name)])
    path = f"/v1.0/users?$filter={quote(condition)}&$select={SELECT}&$top={most}"
    found = await graph.rows(USER, path, user_in, Within(pages=1, must_end=False))
    exact = {one.casefold() for one in spellings(name)}
    ranked = sorted(
        found, key=lambda user: (user.display_name.casefold() not in exact, user.user_principal_name)
    )
    return tuple(ranked[:most])


def spellings(name: str) -> tuple[str, ...]:
    """Return how a directory may have written a name: keyboards differ in apostrophes and in accents.

    At most 3, because Graph takes 15 conditions side by side.
    """
    straight = unicodedata.normalize("NFC", name).replace("’", "'")
    ways = (straight, straight.replace("'", "’"), unicodedata.normalize("NFD", straight))
    return tuple(dict.fromkeys(ways))


def _given_and_surname(name: str) -> list[str]:
    """Return "Ada Lind" and "Lind, Ada" as a condition of their own; [] for anything but two words."""
    words = unicodedata.normalize("NFC", name).replace("’", "'").replace(",", " ").split()
    if len(words) != 2:
        return []
    given, surname = reversed(words) if "," in name else words
    return [f"(startswith(givenName,{_literal(given)}) and startswith(surname,{_literal(surname)}))"]


async def _by_id(graph: Gateway, asked: str, wanted: ObjectId) -> User:
    try:
        return await _read_user(graph, wanted)
    except GraphNotFound:
        raise NoSuchUser(asked, deleted=await _is_deleted(graph, f"id eq '{wanted}'")) from None


async def _read_user(graph: Gateway, name: str) -> User:
    """Read by id or UPN. A guest's UPN holds #EXT#, which would end the address if it were not quoted."""
    body = await graph.get(USER, f"/v1.0/users/{quote(name, safe='@')}?$select={SELECT}")
    try:
        return user_in(json_object(USER, body))
    except ValueError as error:
        raise GraphMalformed(USER.what, message=str(error)) from None


async def _by_address(graph: Gateway, asked: str, address: str) -> User:
    users = {user.id: user for user in await _with_mail(graph, address)}
    if len(users) > 1:
        raise AmbiguousUser(asked, tuple(sorted(user.user_principal_name for user in users.values())))
    if not users:
        # Entra puts the object id before the UPN of a deleted user, but leaves the mail as it was
        literal = _literal(address)
        condition = f"userPrincipalName eq {literal} or mail eq {literal}"
        raise NoSuchUser(asked, deleted=await _is_deleted(graph, condition))
    return next(iter(users.values()))


async def _with_mail(graph: Gateway, address: str) -> list[User]:
    condition = f"mail eq {_literal(address)} or proxyAddresses/any(p:p eq {_literal('smtp:' + address)})"
    return await graph.rows(USER, f"/v1.0/users?$filter={quote(condition)}&$select={SELECT}", user_in)


async def _is_deleted(graph: Gateway, condition: str) -> bool:
    """Look into the recycle bin; what cannot be read there does not change that nobody was found."""
    path = f"/v1.0/directory/deletedItems/microsoft.graph.user?$filter={quote(condition)}&$select=id"
    try:
        return bool(await graph.rows(DELETED_USERS, path, lambda row: required(row, "id")))
    except GraphError:
        return False


def _literal(value: str) -> str:
    """Return an OData string: a quote inside it is written twice."""
    return "'" + value.replace("'", "''") + "'"


def user_in(row: Row) -> User:
    """Read a user; ValueError without an object id or a UPN."""
    return User(
        id=_object_id(row),
        user_principal_name=required(row, "userPrincipalName"),
        display_name=text(row, "displayName"),
        mail=text_or_none(row, "mail"),
        account_enabled=flag(row, "accountEnabled"),
        user_type=text(row, "userType").capitalize() or None,
        created_at=moment(row, "createdDateTime"),
        last_password_change_at=moment(row, "lastPasswordChangeDateTime"),
        is_management_restricted=flag(row, "isManagementRestricted"),
        employee_id=text_or_none(row, "employeeId"),
    )


def _object_id(row: Row) -> ObjectId:
    try:
        return object_id(text(row, "id"))
    except BadInput:
        raise ValueError("id is not an object id") from None
