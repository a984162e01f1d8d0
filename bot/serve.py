"""`psso-bot serve`: the listeners, the workers and the health port, started together and drained together."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial

from bot import app
from bot.adapters.health import Check, Health, served
from bot.adapters.slack.transport import HttpTransport, SocketTransport, Transport, bolt_app
from bot.errors import AuditUnavailable, BotError, StoreUnavailable
from bot.ports import Desk, Job
from bot.settings import Settings
from bot.usecases.deliver import deliver
from bot.usecases.execute import execute
from bot.usecases.expire import expire
from bot.usecases.workers import work_off
from handlers import carry_out, register

log = logging.getLogger(__name__)

EXPIRE_EVERY_SECONDS = 5.0
DRAIN_SECONDS = 20.0
HTTP_HOST = "0.0.0.0"  # noqa: S104 -- HTTP mode exists to be reached; every request must carry Slack's signature


async def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT, then drain. `announce` gets one line once the bot can answer."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(app.opened(settings))
        transport = _transport(settings, running)
        health = Health(_checks(running, transport), time.monotonic)
        port = await stack.enter_async_context(
            served(health, settings.psso_health_host, settings.psso_health_port)
        )
        await _run(running, transport, health, stop, lambda: announce(_ready_line(settings, transport, port)))


async def _run(
    running: app.Running,
    transport: Transport,
    health: Health,
    stop: asyncio.Event,
    ready: Callable[[], None],
) -> None:
    """Start the workers, then listen; on `stop` listen no more, finish what is under way, and return."""
    workers_stop = asyncio.Event()
    workers = asyncio.create_task(_work(running, workers_stop))
    stopped = asyncio.create_task(stop.wait())
    try:
        await transport.start()
        ready()
        await asyncio.wait({workers, stopped}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        health.draining = True
        stopped.cancel()
        await transport.stop()
        workers_stop.set()
        _, late = await asyncio.wait({workers}, timeout=DRAIN_SECONDS)
        for task in late:
            log.warning(
                "work was still under way after %d s; it is recorded and goes on at the next start",
                DRAIN_SECONDS,
            )
            task.cancel()
    if not workers.cancelled() and (error := workers.exception()):
        raise error


async def _work(running: app.Running, stop: asyncio.Event) -> None:
    """Carry out what was recorded, tell people, make approved changes, expire what nobody decided."""
    desk, name = running.desk, desk_name(running.desk)
    queue = partial(work_off, stop=stop, pause=desk.pause)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(queue(desk.inbox, name, partial(carry_out, desk=desk, slack=running.client)))
        tasks.create_task(queue(desk.outbox, name, partial(deliver, desk=desk), at_once=1))
        tasks.create_task(queue(desk.approved, name, partial(_execute, desk=desk, worker=name), at_once=8))
        tasks.create_task(_expire_regularly(desk, stop))


def desk_name(desk: Desk) -> str:
    """Name this replica among the consumers of the queues: new at every start, so nothing is inherited."""
    return f"bot-{desk.new_id()[:12]}"


async def _execute(job: Job, desk: Desk, worker: str) -> None:
    await execute(job.body["request_id"], worker, desk)


async def _expire_regularly(desk: Desk, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await expire(desk)
        except (StoreUnavailable, AuditUnavailable) as error:
            log.warning("requests could not be expired: %s", error)
        try:
            await asyncio.wait_for(stop.wait(), EXPIRE_EVERY_SECONDS)
        except TimeoutError:
            continue


def _transport(settings: Settings, running: app.Running) -> Transport:
    """Return Socket Mode when there is an app token, else HTTP, with our listeners on it."""
    secret = settings.slack_signing_secret.get_secret_value() if settings.slack_signing_secret else None
    bolt = bolt_app(running.client, running.workspace.installation, secret)
    register(bolt, running.desk)
    if settings.slack_app_token:
        return SocketTransport(bolt, settings.slack_app_token.get_secret_value())
    assert secret is not None  # settings.require_serve() ran
    return HttpTransport(bolt, secret, HTTP_HOST, settings.psso_http_port, app.utc_now)


def _ready_line(settings: Settings, transport: Transport, health_port: int) -> str:
    way = f"HTTP on port {transport.port}" if isinstance(transport, HttpTransport) else "Socket Mode"
    return f"psso-bot ready: {way}, health on http://{settings.psso_health_host}:{health_port}"


def _checks(running: app.Running, transport: Transport) -> dict[str, Check]:
    """Return what /readyz asks, each with the words of its failure."""

    async def slack() -> str | None:
        return None if await transport.is_connected() else "Slack cannot reach the bot at the moment."

    return {
        "store": partial(_said, running.desk.requests.open_requests, "The store does not answer."),
        "journal": partial(
            _said, running.journal.check, "The journal cannot be written: nothing will be changed."
        ),
        "slack": slack,
    }


async def _said(attempt: Callable[[], Awaitable[object]], otherwise: str) -> str | None:
    try:
        await attempt()
    except BotError as error:
        return f"{otherwise} {error}".strip()
    return None
