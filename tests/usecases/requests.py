"""Requests in the states that use cases start from."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.domain.approval import CardRef, ChangeKind, ChangeRequest, Decision, Vote, Wish
from bot.domain.diagnosis import Coverage, Grade
from bot.domain.people import PerUserMfaState, User
from bot.usecases.decide import Click
from tests.fakes import (
    APPROVAL_CHANNEL,
    APPROVER,
    APPROVER_2,
    HELPDESK,
    NOON,
    TENANT,
    FakeDesk,
    a_person,
    a_target,
    slack_id_of,
)

CARD_TS = "1764.000001"


def a_wish(**changes: Any) -> Wish:
    made = Wish(
        id="req-1",
        tenant=TENANT,
        kind=ChangeKind.DISABLE,
        target=a_target(),
        requester=a_person(HELPDESK),
        before=PerUserMfaState.ENFORCED,
        wanted=PerUserMfaState.DISABLED,
        reason="New Mac, registration stops at MFA",
        ticket="INC-1",
        verdict="PER_USER_MFA",
        rule="D08",
        confidence=0.97,
        summary="Per-user MFA stops the registration.",
        evidence_read_at=NOON,
        coverage=Coverage(Grade.FULL, ("Require MFA for everyone",)),
        quorum=2,
        quorum_because=("two approvers are needed for every change",),
        created_at=NOON,
        expires_at=NOON + timedelta(minutes=30),
    )
    return replace(made, **changes)


async def a_pending_request(desk: FakeDesk, **changes: Any) -> ChangeRequest:
    """Return a request whose card was posted ten seconds ago."""
    request = await desk.requests.open(a_wish(**changes), op_id="opened")
    request = await desk.requests.show_on(request.id, CardRef(APPROVAL_CHANNEL, CARD_TS, desk.now()))
    desk.clock.advance(10)
    return request


async def an_approved_request(desk: FakeDesk, **changes: Any) -> ChangeRequest:
    request = await a_pending_request(desk, **changes)
    for number, user in enumerate((APPROVER, APPROVER_2)):
        vote = Vote(a_person(user), Decision.APPROVE, desk.now())
        request = await desk.requests.vote(request.id, vote, op_id=f"vote-{number}")
    return request


def a_click(desk: FakeDesk, user: User = APPROVER, **changes: Any) -> Click:
    made = Click(
        request_id="req-1",
        version=1,
        slack_id=slack_id_of(user),
        channel=APPROVAL_CHANNEL,
        message_ts=CARD_TS,
        clicked_at=desk.now(),
        op_id=f"click-{slack_id_of(user)}",
    )
    return replace(made, **changes)
