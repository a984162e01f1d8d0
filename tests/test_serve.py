"""The end of the running bot: work that takes too long is ended, and nothing else goes wrong by that."""

from __future__ import annotations

import asyncio

import pytest

from bot.serve import ended


async def test_work_that_is_over_is_left_as_it_ended() -> None:
    async def fails() -> None:
        raise ValueError("a bug")

    work = asyncio.create_task(fails())
    await ended(work, 5.0)
    assert isinstance(work.exception(), ValueError)


async def test_work_that_takes_too_long_is_cancelled_and_cleans_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cleaned = []

    async def works() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # gives a lease up, for example
            cleaned.append("the lease")

    work = asyncio.create_task(works())
    await ended(work, 0.01)
    assert (work.cancelled(), cleaned) == (True, ["the lease"])
    assert "still under way" in caplog.text
