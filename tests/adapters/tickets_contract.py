"""What every implementation of the port Tickets must do. Subclass and provide the fixtures.

class TestMyTickets(TicketsContract):
    @pytest.fixture
    def tickets(self) -> Tickets: ...         # fresh and empty
    @pytest.fixture
    def pass_time(self) -> Pause: ...         # let so many seconds go by on its clock
"""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta

from bot.domain.people import ObjectId
from bot.domain.step_up import Ticket
from bot.ports import Pause, Tickets

MADE_AT = datetime(2026, 11, 23, 9, 30, 1, 123456, tzinfo=UTC)
LONG = timedelta(minutes=5)


def a_ticket(request_id: str = "req-1") -> Ticket:
    return Ticket(
        request_id=request_id,
        version=3,
        slack_id="U0PAUL",
        object_id=ObjectId("00000000-0000-4000-8000-000000000003"),
        user_principal_name="paul.åster@contoso.com",
        channel="C0APPROVALS",
        message_ts="1764.000001",
        clicked_at=MADE_AT - timedelta(seconds=1),
        made_at=MADE_AT,
    )


class TicketsContract:
    async def test_a_ticket_is_read_as_it_was_made_as_often_as_one_likes(self, tickets: Tickets) -> None:
        await tickets.make("t-1", a_ticket(), LONG)

        assert [await tickets.read("t-1"), await tickets.read("t-1")] == [a_ticket(), a_ticket()]

    async def test_a_ticket_is_taken_once(self, tickets: Tickets) -> None:
        await tickets.make("t-1", a_ticket(), LONG)

        assert await tickets.take("t-1") == a_ticket()
        assert await tickets.take("t-1") is None
        assert await tickets.read("t-1") is None

    async def test_of_many_who_take_it_at_once_one_gets_it(self, tickets: Tickets) -> None:
        await tickets.make("t-1", a_ticket(), LONG)

        taken = await asyncio.gather(*(tickets.take("t-1") for _ in range(8)))

        assert [ticket for ticket in taken if ticket is not None] == [a_ticket()]

    async def test_tickets_do_not_disturb_each_other(self, tickets: Tickets) -> None:
        await tickets.make("t-1", a_ticket(), LONG)
        await tickets.make("t-2", a_ticket("req-2"), LONG)

        assert await tickets.take("t-2") == a_ticket("req-2")
        assert await tickets.take("t-1") == a_ticket()

    async def test_an_unknown_ticket_is_none(self, tickets: Tickets) -> None:
        assert await tickets.read("t-9") is None
        assert await tickets.take("t-9") is None

    async def test_a_ticket_is_gone_after_its_time(self, tickets: Tickets, pass_time: Pause) -> None:
        await tickets.make("t-1", a_ticket(), timedelta(milliseconds=40))
        await pass_time(0.08)

        assert await tickets.read("t-1") is None
        assert await tickets.take("t-1") is None

    def test_a_seal_tells_purposes_and_parts_apart(self, tickets: Tickets) -> None:
        seals = [
            tickets.seal("nonce", "ab", "c"),
            tickets.seal("nonce", "a", "bc"),
            tickets.seal("nonce", "abc"),
            tickets.seal("verifier", "ab", "c"),
        ]

        assert len(set(seals)) == 4
        assert seals[0] == tickets.seal("nonce", "ab", "c")
        assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", seal) for seal in seals)
