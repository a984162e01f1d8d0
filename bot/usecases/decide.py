"""Approve, deny or cancel a request. Who may is decided at the click, never earlier."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.approval import (
    ChangeRequest,
    Decision,
    Person,
    State,
    Vote,
    denial_of_card,
    denial_of_haste,
    denial_of_voter,
)
from bot.domain.risk import checked_reason
from bot.domain.step_up import StepUpProof
from bot.errors import Denial, NeedsStepUp, NotAllowed
from bot.ports import Desk
from bot.usecases.admit import Right, admit
from bot.usecases.freeze import refuse_while_frozen
from bot.usecases.identify import entra_account, slack_account
from bot.usecases.record import Deed, refusals_recorded

MOST_APPROVALS = 10
APPROVALS_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Click:
    """A button pressed on a card: which request and version it carried, who, where, when.

    `op_id` is the same for every delivery of one click.
    """

    request_id: str
    version: int | None
    slack_id: str
    channel: str
    message_ts: str
    clicked_at: datetime
    op_id: str


async def approve(click: Click, desk: Desk, proof: StepUpProof | None = None) -> ChangeRequest:
    """Count an approval. Raises NotAllowed, Conflict, AuditUnavailable; refusals are journalled.

    Raises NeedsStepUp when the request wants a fresh sign-in and there is no `proof` of one.
    """
    return await _vote(click, Decision.APPROVE, "", desk, proof)


async def deny(click: Click, reason: str, desk: Desk) -> ChangeRequest:
    """Deny the request with a reason. Raises as `approve`, and BadInput for the reason."""
    return await _vote(click, Decision.DENY, reason, desk)


async def cancel(click: Click, desk: Desk) -> ChangeRequest:
    """Withdraw a pending request: its requester alone may, from any message that offers it."""
    deed = Deed("cancel", click.slack_id, click.op_id, request_id=click.request_id)
    async with refusals_recorded(deed, desk.journal):
        try:
            return await _withdraw(click, deed, desk)
        except NotAllowed as refusal:
            return await desk.requests.refuse(click.request_id, refusal, click.op_id)


async def _withdraw(click: Click, deed: Deed, desk: Desk) -> ChangeRequest:
    account = await slack_account(click.slack_id, desk, fresh=True)
    user = await entra_account(account, desk)
    request = await desk.requests.get(click.request_id)
    deed.concerns(request)
    if user.id != request.wish.requester.object_id:
        raise NotAllowed(Denial.NOT_REQUESTER)
    requester = request.wish.requester
    deed.actor = requester
    if request.state is State.PENDING:
        await desk.journal.write(deed.entry("request.cancelled"))
    return await desk.requests.cancel(request.id, requester, click.op_id)


async def _vote(
    click: Click, decision: Decision, reason: str, desk: Desk, proof: StepUpProof | None = None
) -> ChangeRequest:
    """One click, one answer, even when two processes carry it out and the world changes between them.

    So a refusal is settled in the store like a vote; if the other process counted the click, it counts.
    """
    deed = Deed(decision, click.slack_id, click.op_id, request_id=click.request_id)
    async with refusals_recorded(deed, desk.journal):
        if decision is Decision.DENY:
            checked_reason(reason)
        try:
            voter = deed.actor = await admit(click.slack_id, Right.APPROVE, desk, fresh=True)
            vote = Vote(voter, decision, click.clicked_at, reason.strip())
            return await _count(vote, click, deed, proof, desk)
        except NotAllowed as refusal:
            return await desk.requests.refuse(click.request_id, refusal, click.op_id)


async def _count(
    vote: Vote, click: Click, deed: Deed, proof: StepUpProof | None, desk: Desk
) -> ChangeRequest:
    request = await desk.requests.get(click.request_id)
    deed.concerns(request)
    # Past pending the store refuses with the state that stands, or repeats what this very click did.
    if request.state is State.PENDING:
        _check_click(click, request, desk)
        _raise_if(denial_of_voter(request, vote.person))
        if vote.decision is Decision.APPROVE and not _has_voted(request, vote.person):
            await refuse_while_frozen(request.wish.kind, desk)
            _check_step_up(request, vote.person, proof)
            await _check_speed(click, vote.person, desk)
        await desk.journal.write(deed.entry(f"vote.{vote.decision}", version=str(request.version)))
    return await desk.requests.vote(request.id, vote, click.op_id)


def _check_click(click: Click, request: ChangeRequest, desk: Desk) -> None:
    _raise_if(denial_of_card(request, click.channel, click.message_ts, click.version))
    _raise_if(denial_of_haste(request, click.clicked_at, desk.rules.vote_no_sooner))


def _check_step_up(request: ChangeRequest, voter: Person, proof: StepUpProof | None) -> None:
    """Ask for the sign-in last, of those alone whose vote would count."""
    if not request.wish.step_up:
        return
    if proof is None:
        raise NeedsStepUp(request.id)
    if (proof.request_id, proof.object_id) != (request.id, voter.object_id):
        raise NotAllowed(Denial.STEP_UP_OTHER_PERSON)


def _has_voted(request: ChangeRequest, voter: Person) -> bool:
    """Then the store answers: as it did before to the same click, with a refusal to another one."""
    return any(vote.person.object_id == voter.object_id for vote in request.votes)


async def _check_speed(click: Click, voter: Person, desk: Desk) -> None:
    """Nobody approves faster than anybody can look."""
    if not await desk.limits.admit("approve", voter.object_id, MOST_APPROVALS, APPROVALS_WITHIN, click.op_id):
        raise NotAllowed(
            Denial.RATE_LIMITED,
            f"{MOST_APPROVALS} approvals in {APPROVALS_WITHIN // timedelta(minutes=1)} minutes",
        )


def _raise_if(denial: Denial | None) -> None:
    if denial is not None:
        raise NotAllowed(denial)
