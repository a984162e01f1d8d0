"""How far the journal goes is said outside: at the start, hourly, every 1,000 records, with every change."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.errors import AuditUnavailable, SlackError
from bot.ports import Anchor, Entry
from bot.usecases.anchor import RECORDS, Posted, anchor_if_due, receipt, receipt_of
from tests.fakes import FakeDesk, a_desk, some_rules

AUDIT = "C0AUDIT"


@pytest.fixture
def desk() -> FakeDesk:
    return a_desk(rules=some_rules(audit_channel=AUDIT))


async def write(desk: FakeDesk, count: int = 1) -> None:
    for _ in range(count):
        await desk.journal.write(Entry("vote.approve"))


async def test_first_look_anchors_what_is_there(desk: FakeDesk) -> None:
    await write(desk, 3)

    await anchor_if_due(Posted(), desk)

    ((channel, text),) = desk.announcer.posted
    head = await desk.journal.head()
    assert channel == AUDIT
    assert f"Journal record 3, `{head.mac[:8]}…`" in text
    assert f"psso-bot audit verify --anchor 3:{head.mac}" in text


async def test_nothing_is_posted_twice_or_before_its_time(desk: FakeDesk) -> None:
    posted = Posted()
    await anchor_if_due(posted, desk)
    assert desk.announcer.posted == []

    await write(desk)
    await anchor_if_due(posted, desk)
    await write(desk)
    desk.clock.advance(59 * 60)
    await anchor_if_due(posted, desk)
    assert len(desk.announcer.posted) == 1

    desk.clock.advance(60)
    await anchor_if_due(posted, desk)
    assert len(desk.announcer.posted) == 2

    desk.clock.advance(timedelta(days=1).total_seconds())
    await anchor_if_due(posted, desk)
    assert len(desk.announcer.posted) == 2


async def test_thousand_records_do_not_wait_for_the_hour(desk: FakeDesk) -> None:
    posted = Posted(Anchor(1, "a" * 64), desk.now())
    await write(desk, RECORDS)
    await anchor_if_due(posted, desk)
    assert desk.announcer.posted == []

    await write(desk)
    await anchor_if_due(posted, desk)
    assert len(desk.announcer.posted) == 1


async def test_anchor_that_could_not_be_posted_stays_due(desk: FakeDesk) -> None:
    posted = Posted()
    await write(desk)
    desk.announcer.troubles["post"] = [SlackError("chat.postMessage", "not_in_channel")]

    with pytest.raises(SlackError):
        await anchor_if_due(posted, desk)
    await anchor_if_due(posted, desk)

    assert len(desk.announcer.posted) == 1


async def test_without_an_audit_channel_nothing_is_posted() -> None:
    desk = a_desk()
    await write(desk)

    await anchor_if_due(Posted(), desk)

    assert await receipt(desk) == f"{receipt_of(await desk.journal.head())}."
    assert desk.announcer.posted == []


async def test_receipt_is_posted_to_the_audit_channel(desk: FakeDesk) -> None:
    await write(desk, 2)

    said = await receipt(desk)

    assert said.startswith("Journal record 2, `")
    assert desk.announcer.posted[0][1].startswith(said)


async def test_news_of_a_change_waits_for_neither_journal_nor_audit_channel(desk: FakeDesk) -> None:
    await write(desk)
    desk.announcer.troubles["post"] = SlackError("chat.postMessage", "channel_not_found")
    assert (await receipt(desk)).startswith("Journal record 1")

    desk.journal.troubles["head"] = AuditUnavailable("disk full")
    assert await receipt(desk) == ""
