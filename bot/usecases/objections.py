"""The last checks directly before a change: what was true at the request may no longer be.

Giving protection back is checked less: it needs no coverage and no ordinary account, goes on while changes
are on hold, and does not fail because somebody who approved it has left since.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.domain.approval import ChangeKind, ChangeRequest, Failure, Person, has_quorum
from bot.domain.diagnosis import Coverage, Grade
from bot.domain.people import User
from bot.domain.risk import Refused, RiskFacts, is_break_glass, tier
from bot.errors import Denial, NoSuchUser, NotAllowed
from bot.ports import Desk
from bot.usecases.admit import Right, admit
from bot.usecases.freeze import freeze, frozen, too_many_disables
from bot.usecases.risk_facts import facts_before_change

BOT = "psso-bot"
UNCOVERED = frozenset({Grade.NONE, Grade.UNKNOWN})


Keep = Callable[[], Awaitable[None]]
"""Keeps hold of the request; Conflict when somebody else has it."""


@dataclass(frozen=True, slots=True)
class Objection:
    """Why the change must not be made."""

    failure: Failure
    sentence: str


async def objection_to(request: ChangeRequest, desk: Desk, keep: Keep) -> Objection | None:
    """Return the first objection, or None. `keep` is called before each check: all may take minutes.

    Raises NotAllowed(CANNOT_CHECK) and GraphError when it cannot be decided now.
    """
    if not request.intact or not has_quorum(request):
        return Objection(Failure.INTEGRITY, "Not changed: the stored request or its approvals were altered.")
    user = await _target(request, desk)
    if user is None:
        return Objection(Failure.GONE, "Not changed: the account is no longer there.")
    if request.wish.kind is ChangeKind.RESTORE:
        if is_break_glass(user, desk.rules.break_glass):
            return _no("The account is on the list that is never touched.")
        return None
    checks: tuple[Callable[[], Awaitable[Objection | None]], ...] = (
        lambda: _about_hold(desk),
        lambda: _about_people(request, desk, keep),
        lambda: _about_risk(request, user, desk),
        lambda: _about_hold(desk),  # again: somebody may have thrown it meanwhile
        lambda: _about_number(request, desk),
    )
    for check in checks:
        await keep()
        if (objection := await check()) is not None:
            return objection
    return None


def _no(sentence: str) -> Objection:
    return Objection(Failure.POLICY, f"Not changed: {sentence[:1].lower()}{sentence[1:]}")


async def _target(request: ChangeRequest, desk: Desk) -> User | None:
    try:
        return await desk.directory.find_user(request.wish.target.object_id)
    except NoSuchUser:
        return None


async def _about_hold(desk: Desk) -> Objection | None:
    held = await frozen(desk)
    return _no(f"changes are on hold ({held.reason}).") if held else None


async def _about_people(request: ChangeRequest, desk: Desk, keep: Keep) -> Objection | None:
    """Requester and voters must still be who they were, and still have the right they used."""
    rights = [(request.wish.requester, Right.REQUEST)]
    rights += [(vote.person, Right.APPROVE) for vote in request.approvals]
    for person, right in rights:
        await keep()
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


async def _about_risk(request: ChangeRequest, user: User, desk: Desk) -> Objection | None:
    """Judge the account once more: it may have become an administrator's since, or lost its coverage."""
    wish = request.wish
    found = await facts_before_change(wish, user, desk)
    judged = tier(found)
    if isinstance(judged, Refused):
        if judged.denial is Denial.CANNOT_CHECK:
            raise NotAllowed(judged.denial, judged.sentence)
        return _no(judged.sentence)
    if _lost_coverage(wish.coverage, found):
        return _no(f"coverage is {found.coverage.grade} now, and those who approved did not know that.")
    if judged.approvals > len({vote.person.object_id for vote in request.approvals}):
        return _no(f"it needs a second approver now, because {'; '.join(judged.because)}.")
    return None


def _lost_coverage(approved: Coverage | None, found: RiskFacts) -> bool:
    was_uncovered = approved is not None and approved.grade in UNCOVERED
    return found.coverage.grade in UNCOVERED and not was_uncovered


async def _about_number(request: ChangeRequest, desk: Desk) -> Objection | None:
    """Many changes within an hour look like an attack or a mistake: stop them all until a person looked.

    This check is the last one: it counts the changes that are really made. A repeated try counts once.
    """
    if not await too_many_disables(desk, request.id):
        return None
    reason = f"more than {desk.rules.most_disables_per_hour} people were to be disabled within an hour"
    await freeze(BOT, reason, desk)
    return _no(f"{reason}, so changes are on hold until an approver lifts that.")
