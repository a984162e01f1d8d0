"""The last checks directly before a change: what was true at the request may no longer be."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.approval import ChangeRequest, Failure, Person, has_quorum
from bot.domain.risk import is_break_glass
from bot.errors import Denial, NoSuchUser, NotAllowed
from bot.ports import Desk
from bot.usecases.admit import Right, admit


@dataclass(frozen=True, slots=True)
class Objection:
    """Why the change must not be made."""

    failure: Failure
    sentence: str


async def objection_to(request: ChangeRequest, desk: Desk) -> Objection | None:
    """Return the first objection, or None.

    Raises NotAllowed(CANNOT_CHECK) and GraphError when it cannot be decided now.
    """
    if not request.intact or not has_quorum(request):
        return Objection(Failure.INTEGRITY, "Not changed: the stored request or its approvals were altered.")
    return await _about_people(request, desk) or await _about_target(request, desk)


async def _about_people(request: ChangeRequest, desk: Desk) -> Objection | None:
    """Requester and voters must still be who they were, and still have the right they used."""
    rights = [(request.wish.requester, Right.REQUEST)]
    rights += [(vote.person, Right.APPROVE) for vote in request.approvals]
    for person, right in rights:
        if not await _still_may(person, right, desk):
            done = "request" if right is Right.REQUEST else "approve"
            return Objection(Failure.POLICY, f"Not changed: {person.name} may no longer {done} this.")
    return None


async def _still_may(person: Person, right: Right, desk: Desk) -> bool:
    try:
        now = await admit(person.slack_id, right, desk, fresh=True)
    except NotAllowed as error:
        if error.denial is Denial.CANNOT_CHECK:
            raise
        return False
    return now.object_id == person.object_id


async def _about_target(request: ChangeRequest, desk: Desk) -> Objection | None:
    try:
        user = await desk.directory.find_user(request.wish.target.object_id)
    except NoSuchUser:
        return Objection(Failure.GONE, "Not changed: the account is no longer there.")
    if is_break_glass(user, desk.rules.break_glass):
        return Objection(Failure.POLICY, "Not changed: the account is on the list that is never touched.")
    if not user.account_enabled:
        return Objection(Failure.POLICY, "Not changed: the account is not enabled any more.")
    if (user.user_type or "").lower() == "guest":
        return Objection(Failure.POLICY, "Not changed: the account is a guest.")
    return None
