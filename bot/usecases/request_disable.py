"""Ask for a user's per-user MFA to be disabled. Everything is checked anew; nothing is changed yet."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.approval import ChangeKind, ChangeRequest, Person, Target, Wish
from bot.domain.diagnosis import Diagnosis, Grade
from bot.domain.people import ObjectId, PerUserMfaState, User
from bot.domain.risk import is_break_glass, problem_with_note, problem_with_reason
from bot.errors import BadInput, Denial, NotAllowed
from bot.ports import Desk
from bot.usecases.admit import Right, admit
from bot.usecases.record import Deed, refusals_recorded
from bot.usecases.why import Answered, why

QUORUM = 2

_DOUBTS = {
    Grade.PARTIAL: "some sign-ins of this user would not be asked for MFA",
    Grade.NONE: "nothing else demands MFA of this user",
    Grade.UNKNOWN: "coverage could not be shown",
}


@dataclass(frozen=True, slots=True)
class DisableAsk:
    """What the form said, and who sent it."""

    target: ObjectId
    requester: Person
    reason: str
    ticket: str = ""
    identity_check: str = ""
    op_id: str = ""


async def request_disable(ask: DisableAsk, desk: Desk) -> ChangeRequest:
    """Open a request on evidence read this moment; with a repeated `op_id` return the one it opened.

    Raises BadInput (with the field), NotAllowed, Conflict when the target has an open request, and
    AuditUnavailable. Refusals are journalled.
    """
    deed = Deed("request", ask.requester.slack_id, ask.op_id, target=ask.target)
    async with refusals_recorded(deed, desk.journal):
        check_texts(ask)
        requester = await admit(ask.requester.slack_id, Right.REQUEST, desk, fresh=True)
        deed.actor = requester
        answered = await why(ask.target, desk, fresh=True, asked_by=requester.slack_id)
        user = _allowed_target(answered, requester, desk)
        wish = _wish(ask, requester, user, answered.answer.diagnosis, desk)
        deed.request_id = wish.id
        await desk.journal.write(
            deed.entry("request.opened", before=wish.before, wanted=wish.wanted, rule=wish.rule)
        )
        return await desk.requests.open(wish, ask.op_id)


def check_texts(ask: DisableAsk) -> None:
    """Raise BadInput for the first field that cannot be used."""
    problems = {
        "reason": problem_with_reason(ask.reason),
        "ticket": problem_with_note(ask.ticket),
        "identity_check": problem_with_note(ask.identity_check),
    }
    for field, problem in problems.items():
        if problem is not None:
            raise BadInput(problem, field)


def _allowed_target(answered: Answered, requester: Person, desk: Desk) -> User:
    diagnosis = answered.answer.diagnosis
    if diagnosis.user is None:
        raise answered.trouble or NotAllowed(Denial.NOT_REQUESTABLE, diagnosis.summary)
    if diagnosis.user.id == requester.object_id:
        raise NotAllowed(Denial.IS_TARGET)
    if is_break_glass(diagnosis.user, desk.rules.break_glass):
        raise NotAllowed(Denial.BREAK_GLASS)
    if not diagnosis.can_request_disable:
        raise NotAllowed(Denial.NOT_REQUESTABLE, diagnosis.why_not or diagnosis.summary)
    if diagnosis.per_user_mfa_state not in (PerUserMfaState.ENABLED, PerUserMfaState.ENFORCED):
        raise NotAllowed(Denial.NOT_REQUESTABLE, "per-user MFA is not on")
    return diagnosis.user


def _wish(ask: DisableAsk, requester: Person, user: User, diagnosis: Diagnosis, desk: Desk) -> Wish:
    now = desk.now()
    assert diagnosis.per_user_mfa_state is not None
    return Wish(
        id=desk.new_id(),
        tenant=desk.rules.tenant,
        kind=ChangeKind.DISABLE,
        target=Target(user.id, user.user_principal_name, user.display_name),
        requester=requester,
        before=diagnosis.per_user_mfa_state,
        wanted=PerUserMfaState.DISABLED,
        reason=ask.reason.strip(),
        ticket=ask.ticket.strip(),
        verdict=diagnosis.verdict,
        rule=diagnosis.rule,
        confidence=diagnosis.confidence,
        summary=diagnosis.summary,
        evidence_read_at=diagnosis.read_at,
        coverage=diagnosis.coverage,
        quorum=QUORUM,
        quorum_because=_quorum_because(diagnosis),
        created_at=now,
        expires_at=now + desk.rules.request_lifetime,
        identity_check=ask.identity_check.strip(),
    )


def _quorum_because(diagnosis: Diagnosis) -> tuple[str, ...]:
    doubt = _DOUBTS.get(diagnosis.coverage.grade)
    return ("two approvers are needed for every change", *([doubt] if doubt else []))
