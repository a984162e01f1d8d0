"""What was requested for a user before?"""

from __future__ import annotations

from bot.domain.approval import ChangeRequest
from bot.domain.people import is_object_id, object_id
from bot.errors import BadInput, GraphError, NoSuchUser
from bot.ports import Desk


async def history(asked: str, desk: Desk) -> tuple[ChangeRequest, ...]:
    """Return a user's requests, newest first. An object id is enough when the account is gone or unread."""
    asked = asked.strip()
    if not asked:
        raise BadInput("empty: name a user by user principal name, mail address or object id", "user")
    try:
        subject = (await desk.directory.find_user(asked)).id
    except (NoSuchUser, GraphError):
        if not is_object_id(asked):
            raise
        subject = object_id(asked)
    return await desk.requests.history(subject)
