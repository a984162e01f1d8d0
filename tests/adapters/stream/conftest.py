"""A broker, and streams that are closed at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from bot.adapters.graph.tokens import TokenSource
from bot.adapters.stream.event_hubs import EventHubStream
from bot.domain.event_hub import EventHub, event_hub
from tests.adapters.stream.kafka import MockKafka, mock_kafka

HUB = "insights-logs-noninteractiveusersigninlogs"

SESSION = timedelta(seconds=2)
"""Short, for the mock broker waits for a whole one at each rebalance."""

Opened = Callable[..., Awaitable[EventHubStream]]


@pytest.fixture
def kafka() -> Iterator[MockKafka]:
    with mock_kafka() as broker:
        yield broker


@pytest.fixture
async def opened() -> AsyncIterator[Opened]:
    """Open streams, as many as a test wants."""
    async with AsyncExitStack() as stack:

        async def make(hub: EventHub, tokens: TokenSource | None = None) -> EventHubStream:
            stream = EventHubStream(hub, tokens, SESSION)
            stack.push_async_callback(stream.close)
            return stream

        yield make


def hub_at(address: str, *names: str) -> EventHub:
    """Return the hub on loopback as the settings would name it."""
    found = event_hub("", address, names or (HUB,), "psso-bot")
    assert found is not None
    return found
