from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.client import slack_client, slack_session
from bot.adapters.slack.workspace import SlackWorkspace
from sandbox.slack.people import Workspace as People
from sandbox.slack.server import SlackSandbox
from tests.fakes import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime.now(UTC))  # noqa: TID251 -- beside the sandbox's own wall clock


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    async with SlackSandbox(rate_limits=False) as sandbox:
        yield sandbox


@pytest.fixture
async def people(slack: SlackSandbox) -> AsyncIterator[People]:
    async with People(slack.url) as people:
        yield people


@pytest.fixture
async def client(slack: SlackSandbox) -> AsyncIterator[AsyncWebClient]:
    async with slack_session(slack.api_url) as session:
        yield slack_client(slack.bot_token, slack.api_url, session)


@pytest.fixture
async def workspace(client: AsyncWebClient, clock: FakeClock) -> SlackWorkspace:
    return await SlackWorkspace.opened(client, clock)
