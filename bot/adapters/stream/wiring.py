"""The stream with its login. Imported only when there is a hub: librdkafka takes 0.1 s to load."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.adapters.graph.credentials import AppIdentity
from bot.adapters.graph.tokens import token_source
from bot.adapters.stream.event_hubs import EventHubStream
from bot.domain.event_hub import EventHub
from bot.ports import Clock

TOKEN_SECONDS = 15.0


@asynccontextmanager
async def event_hub_stream(hub: EventHub, reader: AppIdentity, now: Clock) -> AsyncIterator[EventHubStream]:
    """Open the stream; where no connection string is the login, the reader's identity is."""
    tokens = token_source(reader, now, TOKEN_SECONDS) if hub.wants_token else None
    stream = EventHubStream(hub, tokens)
    try:
        yield stream
    finally:
        await stream.close()
        if tokens is not None:
            await tokens.close()
