"""One scripted Graph and one gateway to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.adapters.graph.gateway import Gateway
from tests.adapters.graph.fake_graph import FakeGraph, Pauses, fake_graph, gateway_to


@pytest.fixture
async def graph() -> AsyncIterator[FakeGraph]:
    async with fake_graph() as fake:
        yield fake


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
async def gateway(graph: FakeGraph, pauses: Pauses) -> AsyncIterator[Gateway]:
    async with gateway_to(graph.url, pauses=pauses) as opened:
        yield opened
