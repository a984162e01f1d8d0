"""Ask for a change to be taken back: per-user MFA as it was. One other approver decides."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.approval import ChangeKind, ChangeRequest, Person, State, Wish, fulfils, is_same_person
from bot.domain.people import PerUserMfaState
from bot.domain.risk import checked_reason, is_break_glass
from bot.errors import Denial, GraphError, GraphNotFound, NoSuchUser, NotAllowed
from bot.ports import Desk
from bot.usecases.admit import Right, admit
from bot.usecases.approval_channel import refuse_unpostable
from bot.usecases.record import Deed, refusals_recorded

QUORUM = 1
WHY_ONE = "taking a change back only adds protection, so one approver is enough"


@dataclass(frozen=True, slots=True)
class UndoAsk:
    """Which request is to be taken back, who asks and why; `op_id` is the same for every delivery."""

    request_id: str
    requester: Person
    reason: str
    op_id: str


async def request_undo(ask: UndoAsk, desk: Desk) -> ChangeRequest:
    """Open a request that restores the state before; with a repeated `op_id` return the one it opened.

    Raises BadInput (reason), NotAllowed, Conflict while the person has an open request, and
    AuditUnavailable. Refusals are journalled. Helpdesk and approvers may ask.
    """
    deed = Deed("undo", ask.requester.slack_id, ask.op_id, request_id=ask.request_id)
    async with refusals_recorded(deed, desk.journal):
        checked_reason(ask.reason)
        try:
            return await _open(ask, deed, desk)
        except NotAllowed as refusal:
            return await desk.requests.refuse_opening(refusal, ask.op_id)


async def _open(ask: UndoAsk, deed: Deed, desk: Desk) -> ChangeRequest:
    requester = await admit(ask.requester.slack_id, Right.REQUEST, desk, fresh=True)
    deed.actor = requester
    await refuse_unpostable(desk)
    original = await desk.requests.get(ask.request_id)
    deed.concerns(original)
    await _check_may_be_undone(original, requester, desk)
    wish = restoring(original, requester, ask.reason.strip(), desk)
    deed.request_id = wish.id
    states = {"before": str(wish.before), "wanted": str(wish.wanted)}
    await desk.journal.write(deed.entry("request.opened", undoes=original.id, **states))
    return await desk.requests.open(wish, ask.op_id)


def restoring(original: ChangeRequest, requester: Person, reason: str, desk: Desk) -> Wish:
    """Return the wish that puts back what `original` changed, as far as one other approver agrees."""
    wish, now = original.wish, desk.now()
    done = original.finished_at
    when = f" on {done:%Y-%m-%d at %H:%M} UTC" if done else ""
    summary = (
        f"Request {wish.id} set per-user MFA to {wish.wanted}{when}. This sets it back to {wish.before}."
    )
    return Wish(
        id=desk.new_id(),
        tenant=wish.tenant,
        kind=ChangeKind.RESTORE,
        target=wish.target,
        requester=requester,
        before=wish.wanted,
        wanted=wish.before,
        reason=reason,
        ticket=wish.ticket,
        verdict=wish.verdict,
        rule=wish.rule,
        confidence=wish.confidence,
        summary=summary,
        evidence_read_at=now,
        coverage=None,
        quorum=QUORUM,
        quorum_because=(WHY_ONE,),
        created_at=now,
        expires_at=now + desk.rules.request_lifetime,
        undoes=wish.id,
    )


async def _check_may_be_undone(original: ChangeRequest, requester: Person, desk: Desk) -> None:
    wish = original.wish
    if wish.kind is not ChangeKind.DISABLE or original.state is not State.VERIFIED or not original.intact:
        raise NotAllowed(Denial.NOT_REQUESTABLE, "only a change that was made and read back can be undone")
    if is_same_person(wish.target, requester):
        raise NotAllowed(Denial.IS_TARGET)
    later = await later_change(original, desk)
    if later is not None and later.state is State.VERIFIED:
        raise NotAllowed(Denial.NOT_REQUESTABLE, f"request {later.id} has changed the state since")
    await _check_account(original, desk)
    state = await _state_now(original, desk)
    if not fulfils(wish, state):
        raise NotAllowed(Denial.NOT_REQUESTABLE, f"per-user MFA reads {state} already")


async def later_change(original: ChangeRequest, desk: Desk) -> ChangeRequest | None:
    """Return the newest other request that changed this person's state since, or is about to."""
    for other in await desk.requests.history(original.wish.target.object_id):
        if other.id == original.id:
            break  # one request at a time: what is older was over before this one began
        if other.state in (State.APPROVED, State.EXECUTING, State.VERIFIED):
            return other
    return None


async def _check_account(original: ChangeRequest, desk: Desk) -> None:
    try:
        user = await desk.directory.find_user(original.wish.target.object_id)
    except NoSuchUser as error:
        raise NotAllowed(Denial.NOT_REQUESTABLE, "the account is no longer there") from error
    except GraphError as error:
        raise NotAllowed(Denial.CANNOT_CHECK, f"{error.what} could not be read") from error
    if is_break_glass(user, desk.rules.break_glass):
        raise NotAllowed(Denial.BREAK_GLASS)


async def _state_now(original: ChangeRequest, desk: Desk) -> PerUserMfaState:
    try:
        return await desk.mfa_states.per_user_mfa_state(original.wish.target.object_id)
    except GraphNotFound as error:
        raise NotAllowed(Denial.NOT_REQUESTABLE, "the account is no longer there") from error
    except GraphError as error:
        raise NotAllowed(Denial.CANNOT_CHECK, "the per-user MFA state could not be read") from error
