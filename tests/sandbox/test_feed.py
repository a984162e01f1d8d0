"""The ring of facts."""

from __future__ import annotations

import asyncio

import pytest

from sandbox.feed import Feed


def feed(facts: int, keep: int = 5) -> Feed:
    made = Feed(lambda: 1.0, keep)
    for number in range(facts):
        made.add("fact", number=number)
    return made


@pytest.mark.parametrize(("after", "numbers"), [(0, [0, 1, 2]), (2, [2]), (3, []), (4, None), (-1, None)])
def test_what_follows_a_number(after: int, numbers: list[int] | None) -> None:
    facts = feed(3).after(after)
    assert (facts if facts is None else [fact["number"] for fact in facts]) == numbers


def test_the_oldest_go_first_and_who_misses_them_is_told() -> None:
    ring = feed(12)
    assert ring.after(6) is None
    kept = ring.after(7)
    assert kept is not None
    assert [fact["id"] for fact in kept] == [8, 9, 10, 11, 12]


async def test_waiting_ends_with_the_next_fact_or_in_time() -> None:
    ring = feed(1)
    assert await ring.wait(0)
    assert not await ring.wait(1, seconds=0.01)
    waiting = asyncio.create_task(ring.wait(1))
    await asyncio.sleep(0)
    ring.add("more", ["U1"])
    assert await waiting
