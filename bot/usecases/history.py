"""What was requested for a user before, and what does the journal say about them?"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.approval import ChangeRequest
from bot.domain.people import is_object_id, object_id
from bot.errors import AuditUnavailable, BadInput, GraphError, NoSuchUser
from bot.ports import Desk, Noted

MOST_NOTED = 20


@dataclass(frozen=True, slots=True)
class Past:
    """A user's requests and journal records, newest first. `noted` None: the journal could not be read."""

    requests: tuple[ChangeRequest, ...]
    noted: tuple[Noted, ...] | None = ()


async def history(asked: str, desk: Desk) -> Past:
    """Return a user's past. An object id is enough when the account is gone or unread."""
    asked = asked.strip()
    if not asked:
        raise BadInput("empty: name a user by user principal name, mail address or object id", "user")
    try:
        subject = (await desk.directory.find_user(asked)).id
    except (NoSuchUser, GraphError):
        if not is_object_id(asked):
            raise
        subject = object_id(asked)
    requests = await desk.requests.history(subject)
    try:
        return Past(requests, await desk.journal.about(subject, MOST_NOTED))
    except AuditUnavailable:
        return Past(requests, None)
