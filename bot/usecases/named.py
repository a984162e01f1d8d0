"""Who is meant by a name that is neither an address nor an id?"""

from __future__ import annotations

from bot.domain.people import User, is_object_id
from bot.ports import Services

MOST = 8
SHORTEST = 2


async def people_named(asked: str, services: Services) -> tuple[User, ...]:
    """Return the users a typed name may mean, at most MOST; one alone when the display name fits exactly.

    () for an address or an object id, which name one account by themselves. Raises GraphError.
    """
    name = asked.strip()
    if "@" in name or is_object_id(name) or len(name) < SHORTEST:
        return ()
    found = await services.directory.search(name, MOST)
    exact = tuple(user for user in found if user.display_name.casefold() == name.casefold())
    return exact if len(exact) == 1 else found
