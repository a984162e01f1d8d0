"""Verified changes, and the time after them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bot.domain.approval import ChangeRequest
from bot.domain.sign_ins import AppliedPolicy, SignIn
from bot.usecases.deliver import deliver
from bot.usecases.execute import execute
from bot.usecases.scheduled import LEASE, carry_out_scheduled
from tests.fakes import FakeDesk, a_blocked_registration
from tests.usecases.requests import an_approved_request

GRAPH_RESOURCE = "00000003-0000-0000-c000-000000000000"


async def deliver_all(desk: FakeDesk) -> None:
    """Tell people everything that has happened."""
    for job in await desk.outbox.take("w", 100, 0):
        await deliver(job, desk)
        await desk.outbox.done(job)


async def a_verified_request(desk: FakeDesk, **changes: Any) -> ChangeRequest:
    """Return a request that was carried out, with its news delivered."""
    request = await an_approved_request(desk, **changes)
    verified = await execute(request.id, "w1", desk)
    await deliver_all(desk)
    desk.announcer.replies.clear()
    desk.announcer.details.clear()
    desk.announcer.told.clear()
    return verified


async def work_off_due(desk: FakeDesk) -> None:
    """Carry out what is due now."""
    for job in await desk.schedule.take_due(20, LEASE):
        await carry_out_scheduled(job, desk)
        await desk.schedule.done(job)


async def let_pass(desk: FakeDesk, **duration: float) -> None:
    """Let time go by, and everything happen at its time."""
    end = desk.now() + timedelta(**duration)
    while due := [at for at, _ in desk.schedule.jobs.values() if at <= end]:
        desk.clock.time = max(desk.clock.time, min(due))
        await work_off_due(desk)
    desk.clock.time = end


def a_failure(at: datetime, code: int = 53000, policy: str = "Require a compliant Mac") -> SignIn:
    """A registration that a Conditional Access policy stopped."""
    applied = (AppliedPolicy("p-1", policy, "failure", ("compliantDevice",)),)
    return a_blocked_registration(
        id=f"f-{at:%H%M%S}-{code}-{policy}",
        created_at=at,
        error_code=code,
        correlation_id=f"c-{at:%H%M%S}",
        conditional_access_status="failure",
        applied_policies=applied,
        requirement_sources=(),
    )


def a_token(at: datetime, **changes: Any) -> SignIn:
    """The broker gets its token: the Mac is registered."""
    return a_blocked_registration(
        **{
            "id": f"t-{at:%H%M%S}",
            "created_at": at,
            "error_code": 0,
            "resource_id": GRAPH_RESOURCE,
            "resource_name": "Microsoft Graph",
            "correlation_id": f"t-{at:%H%M%S}",
            "device_name": "MH-MacBook",
            **changes,
        }
    )
