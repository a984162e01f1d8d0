"""Who is meant by a name that is neither an address nor an id, or by several addresses?"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Sequence

from bot.domain.people import User, is_object_id
from bot.errors import AmbiguousUser, GraphError, NoSuchUser
from bot.ports import Services

MOST = 8
SHORTEST = 2


async def people_named(asked: str, services: Services) -> tuple[User, ...]:
    """Return the users a typed name may mean, at most MOST; one alone when the name fits exactly.

    Of several addresses, those that somebody answers to. () for one address or an object id, which name
    one account by themselves. Raises GraphError.
    """
    name = asked.strip()
    addresses = [word for word in name.split() if "@" in word]
    if len(addresses) > 1:
        return await _people_at(addresses[:MOST], services)
    if addresses or is_object_id(name) or len(name) < SHORTEST:
        return ()
    found = await services.directory.search(name, MOST)
    exact = tuple(user for user in found if _words(user.display_name) == _words(name))
    return exact if len(exact) == 1 else found


async def _people_at(addresses: Sequence[str], services: Services) -> tuple[User, ...]:
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(_at(address, services)) for address in addresses]
    found = [task.result() for task in asked]
    for one in found:
        if isinstance(one, GraphError):
            raise one
    return tuple({one.id: one for one in found if isinstance(one, User)}.values())


async def _at(address: str, services: Services) -> User | GraphError | None:
    try:
        return await services.directory.find_user(address)
    except (NoSuchUser, AmbiguousUser):
        return None
    except GraphError as error:
        return error


def _words(name: str) -> list[str]:
    """Return what "Ada Lind" and "Lind, Ada" have in common, however they were typed."""
    return sorted(unicodedata.normalize("NFC", name).replace("’", "'").replace(",", " ").casefold().split())
