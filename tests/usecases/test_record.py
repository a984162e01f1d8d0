"""No record, no deed; and every expiry gets its record, once, whoever notices it first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import AuditUnavailable
from bot.ports import News
from bot.usecases.deliver import deliver
from bot.usecases.expire import expire
from bot.usecases.request_disable import DisableAsk, request_disable
from tests.fakes import HELPDESK, TARGET, FakeDesk, a_desk, a_person
from tests.usecases.requests import a_pending_request


async def expired_at_a_touch() -> FakeDesk:
    """Somebody looks at the request after its time: the sweeper never gets to see it."""
    desk = a_desk()
    request = await a_pending_request(desk)
    desk.clock.advance(timedelta(hours=1).total_seconds())
    await desk.requests.get(request.id)
    return desk


async def test_request_that_expired_at_a_touch_is_journalled() -> None:
    desk = await expired_at_a_touch()
    await expire(desk)
    for job in await desk.outbox.take("bot", 16, 0):
        await deliver(job, desk)

    assert desk.journal.kinds == ["request.expired"]


async def test_repeated_news_is_not_journalled_twice() -> None:
    desk = await expired_at_a_touch()
    *_, job = await desk.outbox.take("bot", 16, 0)
    await deliver(job, desk)
    await deliver(replace(job, deliveries=2), desk)

    assert desk.journal.kinds == ["request.expired"]


async def test_expiry_is_not_told_before_it_is_journalled() -> None:
    desk = await expired_at_a_touch()
    *_, job = await desk.outbox.take("bot", 16, 0)
    desk.journal.troubles["request.expired"] = [AuditUnavailable("disk full")]

    with pytest.raises(AuditUnavailable):
        await deliver(job, desk)
    assert desk.announcer.told == []

    await deliver(replace(job, deliveries=2), desk)
    assert desk.journal.kinds == ["request.expired"]
    assert [news for _, _, news in desk.announcer.told] == [News.EXPIRED]


async def test_without_the_journal_nothing_can_be_asked_for() -> None:
    desk = a_desk()
    desk.journal.troubles["write"] = AuditUnavailable("disk full")
    ask = DisableAsk(
        TARGET.id, a_person(HELPDESK), "New Mac, registration stops at MFA", "INC-1", op_id="op-1"
    )

    with pytest.raises(AuditUnavailable):
        await request_disable(ask, desk)

    assert desk.requests.records == {}
