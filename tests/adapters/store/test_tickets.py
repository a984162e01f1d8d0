"""Tickets in a real store."""

from __future__ import annotations

import hashlib

import pytest

from bot.adapters.store.connection import Link
from bot.adapters.store.tickets import RedisTickets
from tests.adapters.store.conftest import new_id
from tests.adapters.tickets_contract import LONG, TicketsContract, a_ticket

KEY = b"k" * 32


def key_of(ticket_id: str) -> str:
    return "{t:contoso}:step-up:" + hashlib.sha256(ticket_id.encode()).hexdigest()


@pytest.fixture
def tickets(link: Link) -> RedisTickets:
    return RedisTickets(link.actions, "contoso", KEY, new_id)


class TestRedisTickets(TicketsContract):
    pass


async def test_a_taking_repeated_after_a_lost_answer_gets_the_ticket_again(link: Link) -> None:
    tickets = RedisTickets(link.actions, "contoso", KEY, lambda: "the same call")
    await tickets.make("t-1", a_ticket(), LONG)

    assert [await tickets.take("t-1"), await tickets.take("t-1")] == [a_ticket(), a_ticket()]


async def test_the_store_holds_no_link(link: Link, tickets: RedisTickets) -> None:
    await tickets.make("ticket-0123456789", a_ticket(), LONG)

    names = await link.actions.command("KEYS", "*")
    values = [await link.actions.command("GET", name) for name in names]

    assert names == [key_of("ticket-0123456789")]
    assert "ticket-0123456789" not in str(names + values)


async def test_a_ticket_that_somebody_wrote_or_altered_or_moved_is_none(
    link: Link, tickets: RedisTickets
) -> None:
    await tickets.make("t-1", a_ticket(), LONG)
    genuine = await link.actions.command("GET", key_of("t-1"))
    await link.actions.command("SET", key_of("t-1"), genuine.replace("U0PAUL", "U0EVIL"))
    await link.actions.command("SET", key_of("t-2"), genuine)
    await link.actions.command("SET", key_of("t-3"), genuine.partition(".")[2])

    assert [await tickets.take(name) for name in ("t-1", "t-2", "t-3")] == [None, None, None]


async def test_another_installation_seals_otherwise(link: Link, tickets: RedisTickets) -> None:
    other = RedisTickets(link.actions, "contoso", b"o" * 32, new_id)

    assert tickets.seal("nonce", "a") != other.seal("nonce", "a")
