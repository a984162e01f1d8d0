"""The end of a time box: per-user MFA comes back unless the Mac has registered.

Whoever approved the change approved its end with it: their votes come along, signed, to the request that
restores the state, which is then carried out like any other, with every check and the read-back.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

from bot.domain.approval import ChangeKind, ChangeRequest, State, fulfils, has_quorum
from bot.errors import Conflict, GraphError, GraphNotFound
from bot.ports import Desk, Entry, Job, News
from bot.usecases.follow import RESTORE, look, registered
from bot.usecases.tell import tell
from bot.usecases.undo import later_change, restoring

LATER = timedelta(minutes=5)
PATIENCE = timedelta(hours=1)
"""How long a restore waits to find out whether the Mac has registered; then it goes on without knowing."""

log = logging.getLogger(__name__)


async def begin_restore(request: ChangeRequest, desk: Desk) -> None:
    """Schedule the end of the time box, when there is one."""
    hours = request.wish.restore_after_hours
    if hours is not None and request.finished_at is not None:
        due = request.finished_at + timedelta(hours=hours)
        await desk.schedule.put(RESTORE, request.id, due, {"request_id": request.id})


async def restore(job: Job, desk: Desk) -> None:
    """Restore the state before, or find that there is nothing to restore. An outage only puts it off."""
    original = await desk.requests.get(job.body["request_id"])
    if not _has_time_box(original):
        return
    later = await later_change(original, desk)
    if later is not None and later.state is State.VERIFIED:
        return
    if later is not None or not await _settled(original, desk):
        await desk.schedule.put(RESTORE, original.id, desk.now() + LATER, job.body)


async def _settled(original: ChangeRequest, desk: Desk) -> bool:
    """Restore, or see that it is needless; False when neither can be done right now."""
    try:
        if not await _is_needless(original, desk):
            await _open(original, desk)
    except (GraphError, Conflict) as error:
        log.warning("request %s is not restored yet: %s", original.id, error)
        return False
    return True


def _has_time_box(original: ChangeRequest) -> bool:
    """The box is part of the signed wish: nobody can give a change one that its approvers did not see."""
    wish = original.wish
    made = original.state is State.VERIFIED and wish.kind is ChangeKind.DISABLE
    return made and original.intact and has_quorum(original) and wish.restore_after_hours is not None


async def _is_needless(original: ChangeRequest, desk: Desk) -> bool:
    """Somebody else restored it, the account is gone, or the Mac has registered. Raises GraphError."""
    wish = original.wish
    try:
        state = await desk.mfa_states.per_user_mfa_state(wish.target.object_id)
    except GraphNotFound:
        await _journal("restore.needless", original, desk, because="the account is gone")
        return True
    if not fulfils(wish, state):
        await _journal("restore.needless", original, desk, because=f"the state reads {state}")
        return True
    sentence = await _registration(original, desk)
    if sentence:
        await registered(original, f"{sentence} The time box ends without a restore.", desk)
    return bool(sentence)


async def _registration(original: ChangeRequest, desk: Desk) -> str:
    """Return how the Mac registered, or ""; after some patience what cannot be read counts as "not"."""
    assert original.finished_at is not None
    assert original.wish.restore_after_hours is not None
    due = original.finished_at + timedelta(hours=original.wish.restore_after_hours)
    try:
        return (await look(original, desk)).registered
    except GraphError as error:
        if desk.now() < due + PATIENCE:
            raise
        await _journal("restore.unread", original, desk, because=error.what)
        return ""


async def _open(original: ChangeRequest, desk: Desk) -> None:
    """Open the request with the approvals of the first; a repetition finds the one that was opened."""
    reason = f"The time box of {original.wish.restore_after_hours:g} hours has ended."
    wish = restoring(original, original.wish.requester, reason, desk)
    wish = replace(wish, quorum_because=(f"approved with request {original.id}",))
    carried = f"Approved with request {original.id}, time box included"
    votes = tuple(replace(vote, reason=carried, mac="") for vote in original.approvals)
    voters = ",".join(vote.person.object_id for vote in votes)
    await _journal("restore.due", original, desk, restored_by=wish.id, approved_by=voters)
    opened = await desk.requests.open(wish, f"restore:{original.id}", votes)
    detail = f"It was approved together with this request; request {opened.id} carries it out."
    await desk.announcer.reply(original, News.RESTORE_DUE, detail)
    await tell(original.wish.requester.slack_id, original, News.RESTORE_DUE, desk, detail)


async def _journal(kind: str, original: ChangeRequest, desk: Desk, **detail: str) -> None:
    target = original.wish.target.object_id
    await desk.journal.write(Entry(kind, request_id=original.id, target=target, detail=detail))
