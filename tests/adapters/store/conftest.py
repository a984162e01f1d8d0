"""One real Valkey for all tests of the store, emptied before each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from bot.adapters.store.connection import Link, store_link
from bot.adapters.store.embedded import embedded_store
from bot.ports import Clock, Pause


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def store_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with embedded_store(tmp_path_factory.mktemp("state")) as url:
        yield url


@pytest.fixture
async def link(store_url: str) -> AsyncIterator[Link]:
    async with store_link(store_url) as link:
        await link.actions.command("FLUSHALL")
        yield link


@pytest.fixture
def now() -> Clock:
    return lambda: datetime.now(UTC)  # noqa: TID251 - the store goes by the real clock


@pytest.fixture
def pass_time() -> Pause:
    return asyncio.sleep


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return tmp_path / "state"


def new_id() -> str:
    return uuid4().hex
