"""Ask for a user's per-user MFA to be disabled. Everything is checked anew; nothing is changed yet."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.approval import ChangeKind, ChangeRequest, Person, Target, Wish, is_same_person
from bot.domain.diagnosis import Diagnosis
from bot.domain.people import ObjectId, PerUserMfaState, User
from bot.domain.risk import (
    LONGEST_RESTORE_HOURS,
    Needs,
    Refused,
    problem_with_note,
    problem_with_reason,
    tier,
)
from bot.errors import BadInput, BotError, Denial, NotAllowed
from bot.ports import Desk
from bot.usecases.admit import Right, admit
from bot.usecases.approval_channel import refuse_unpostable
from bot.usecases.freeze import refuse_while_frozen
from bot.usecases.record import Deed, refusals_recorded
from bot.usecases.risk_facts import facts_at_request, read_account
from bot.usecases.why import Answered, why


@dataclass(frozen=True, slots=True)
class Flood:
    """How many requests are too many: `name` keys the counter, `words` complete "at most 3 …"."""

    name: str
    most: int
    window: timedelta
    words: str


BY_REQUESTER = Flood("request_by", 10, timedelta(hours=1), "requests by one person in an hour")
ABOUT_TARGET = Flood("request_about", 3, timedelta(days=1), "requests about one person in a day")


@dataclass(frozen=True, slots=True)
class DisableAsk:
    """What the form said, and who sent it."""

    target: ObjectId
    requester: Person
    reason: str
    ticket: str = ""
    identity_check: str = ""
    op_id: str = ""
    restore_after_hours: float | None = None  # time box; None: until somebody changes it


async def request_disable(ask: DisableAsk, desk: Desk) -> ChangeRequest:
    """Open a request on evidence read this moment; with a repeated `op_id` return the one it opened.

    Raises BadInput (with the field), NotAllowed, Conflict when the target has an open request, and
    AuditUnavailable. Refusals are journalled.
    """
    deed = Deed("request", ask.requester.slack_id, ask.op_id, target=ask.target)
    async with refusals_recorded(deed, desk.journal):
        check_texts(ask)
        try:
            return await _open(ask, deed, desk)
        except NotAllowed as refusal:
            return await desk.requests.refuse_opening(refusal, ask.op_id or desk.new_id())


async def _open(ask: DisableAsk, deed: Deed, desk: Desk) -> ChangeRequest:
    requester = await admit(ask.requester.slack_id, Right.REQUEST, desk, fresh=True)
    deed.actor = requester
    await refuse_while_frozen(ChangeKind.DISABLE, desk)
    await refuse_unpostable(desk)
    await _refuse(BY_REQUESTER, requester.object_id, ask, desk)
    answered, needs = await _judged(ask, requester, desk)
    await _refuse(ABOUT_TARGET, ask.target, ask, desk)
    wish = _wish(ask, requester, answered.answer.diagnosis, needs, desk)
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
        "restore_after_hours": _problem_with_hours(ask.restore_after_hours),
    }
    for field, problem in problems.items():
        if problem is not None:
            raise BadInput(problem, field)


def _problem_with_hours(hours: float | None) -> str | None:
    if hours is None or 0 < hours <= LONGEST_RESTORE_HOURS:
        return None
    return f"not a time box: more than 0 and at most {LONGEST_RESTORE_HOURS:g} hours"


async def _refuse(flood: Flood, key: str, ask: DisableAsk, desk: Desk) -> None:
    """A storm of requests wears approvers out, and they stop reading. The same submission counts once."""
    op_id = ask.op_id or desk.new_id()
    if not await desk.limits.admit(flood.name, key, flood.most, flood.window, op_id):
        raise NotAllowed(Denial.RATE_LIMITED, f"at most {flood.most} {flood.words}")


async def _judged(ask: DisableAsk, requester: Person, desk: Desk) -> tuple[Answered, Needs]:
    """Read the evidence and the account side by side; return the answer, and what it takes to approve."""
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(_fresh_why(ask.target, requester, desk))
        reading = tasks.create_task(read_account(ask.target, desk))
    answered = asking.result()
    if isinstance(answered, BotError):
        raise answered
    diagnosis = answered.answer.diagnosis
    if diagnosis.user is None:
        raise answered.trouble or NotAllowed(Denial.NOT_REQUESTABLE, diagnosis.summary)
    if is_same_person(_target(diagnosis.user), requester):
        raise NotAllowed(Denial.IS_TARGET)
    found = facts_at_request(diagnosis, diagnosis.user, reading.result(), ask.restore_after_hours, desk)
    judged = tier(found)
    if isinstance(judged, Refused):
        raise NotAllowed(judged.denial, judged.sentence)
    return answered, judged


async def _fresh_why(target: ObjectId, requester: Person, desk: Desk) -> Answered | BotError:
    """An error is a value here: raised inside the group it would arrive wrapped."""
    try:
        return await why(target, desk, fresh=True, asked_by=requester.slack_id)
    except BotError as error:
        return error


def _wish(ask: DisableAsk, requester: Person, diagnosis: Diagnosis, needs: Needs, desk: Desk) -> Wish:
    now = desk.now()
    assert diagnosis.user is not None
    assert diagnosis.per_user_mfa_state is not None  # without a state there is no tier but refused
    return Wish(
        id=desk.new_id(),
        tenant=desk.rules.tenant,
        kind=ChangeKind.DISABLE,
        target=_target(diagnosis.user),
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
        quorum=needs.approvals,
        quorum_because=needs.because,
        created_at=now,
        expires_at=now + desk.rules.request_lifetime,
        identity_check=ask.identity_check.strip(),
        restore_after_hours=needs.restore_after_hours,
        warnings=needs.warnings,
        step_up=desk.rules.step_up and needs.approvals == 2,
    )


def _target(user: User) -> Target:
    return Target(user.id, user.user_principal_name, user.display_name, user.employee_id or "")
