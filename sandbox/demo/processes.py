"""Start the sandbox servers and the bot as processes of their own, and stop them all again."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 30
STOP_SECONDS = 30

APPROVAL_CHANNEL = "C0APPROVE"
BOT_SETTINGS = {
    "AZURE_TENANT_ID": "7a9c1f52-3e0b-4c8d-9b66-2f1d5a0e8c31",  # the sandbox's Contoso
    "PSSO_APPROVAL_CHANNEL": APPROVAL_CHANNEL,
    "PSSO_ALERT_CHANNEL": "C0ALERTS",
    "PSSO_APPROVERS": "S0APPROVERS",
    "PSSO_HELPDESK": "S0HELPDESK,S0APPROVERS",
    "PSSO_HTTP_PORT": "0",
    "PSSO_HEALTH_PORT": "0",
    "PSSO_LOG": "warning",
}


@dataclass(frozen=True)
class Stage:
    """Where everything is once it runs."""

    entra_url: str
    slack_url: str
    state_dir: Path
    bot_environment: Mapping[str, str]


@asynccontextmanager
async def running(state_dir: Path, log: Path, **settings: str) -> AsyncIterator[Stage]:
    """Run Entra, Slack and the bot until the block ends; the bot's log goes to `log`."""
    async with stage_for(state_dir, **settings) as stage, bot(stage.bot_environment, log):
        yield stage


@asynccontextmanager
async def stage_for(state_dir: Path, **settings: str) -> AsyncIterator[Stage]:
    """Run Entra and Slack until the block ends, for a bot that is started with `bot_environment`."""
    async with AsyncExitStack() as stack:
        base = {**_clean_environment()}
        entra = json.loads(await stack.enter_async_context(_server("sandbox.entra", base)))
        slack = json.loads(await stack.enter_async_context(_server("sandbox.slack", base)))
        environment = {
            **base,
            **BOT_SETTINGS,
            "SLACK_BOT_TOKEN": slack["bot_token"],
            "SLACK_APP_TOKEN": slack["app_token"],
            "SLACK_API_URL": slack["api_url"],
            "GRAPH_URL": entra["url"],
            "GRAPH_TOKEN": entra["token"],
            "PSSO_LOGIN_URL": entra["url"],
            "PSSO_STATE_DIR": str(state_dir),
            **settings,
        }
        yield Stage(entra["url"], slack["url"], state_dir, environment)


@asynccontextmanager
async def bot(environment: Mapping[str, str], log: Path) -> AsyncIterator[str]:
    """Run `psso-bot serve` until the block ends; yield its ready line."""
    with log.open("ab") as sink:
        async with tethered([sys.executable, "-m", "bot", "serve"], environment, sink.fileno()) as line:
            if "ready" not in line:
                raise RuntimeError(f"the bot did not start; its log is {log}")
            yield line


@asynccontextmanager
async def _server(module: str, environment: Mapping[str, str]) -> AsyncIterator[str]:
    async with tethered([sys.executable, "-m", module], environment, None) as line:
        if not line:
            raise RuntimeError(f"{module} did not start")
        yield line


@asynccontextmanager
async def tethered(
    command: list[str], environment: Mapping[str, str], stderr: int | None
) -> AsyncIterator[str]:
    """Run a command that ends with us; yield the first line it prints ("" when it ended without one)."""
    async with on_a_tether(["sandbox.tethered", *command], environment, stderr) as process:
        yield await first_line(process)


async def first_line(process: Process) -> str:
    """Return the next line a process prints; raise TimeoutError after 30 s."""
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), START_SECONDS)).decode()


@asynccontextmanager
async def on_a_tether(
    module: list[str], environment: Mapping[str, str], stderr: int | None
) -> AsyncIterator[Process]:
    """Run a tether (a module and its arguments) until the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *module,
        env=dict(environment),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=stderr,
        start_new_session=True,
    )
    assert process.stdin is not None
    try:
        yield process
    finally:
        process.stdin.close()
        await asyncio.wait_for(process.wait(), STOP_SECONDS)


def _clean_environment() -> dict[str, str]:
    """Nothing of the reader's own Slack, Entra or proxy settings reaches the demo."""
    ours = ("SLACK_", "AZURE_", "PSSO_", "GRAPH_", "REDIS_")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(ours) and not name.lower().endswith("_proxy")
    }
