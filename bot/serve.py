"""`psso-bot serve`: the listeners, the workers and the health port, started together and drained together."""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial

from bot import alerting, app
from bot.adapters import web
from bot.adapters.health import Check, Health, served
from bot.adapters.slack.transport import HttpTransport, SocketTransport, Transport, bolt_app
from bot.errors import AuditUnavailable, BotError, NotAllowed, SettingsError, SlackError, StoreUnavailable
from bot.ports import Desk
from bot.settings import Settings
from bot.usecases import execute
from bot.usecases.anchor import Posted, anchor_if_due
from bot.usecases.deliver import deliver
from bot.usecases.expire import expire
from bot.usecases.scheduled import DueJobs, carry_out_scheduled
from bot.usecases.started import started, stopped
from bot.usecases.step_up import PATH
from bot.usecases.workers import work_off
from handlers import carry_out, register
from handlers.step_up import step_up_pages

log = logging.getLogger(__name__)

EXPIRE_EVERY_SECONDS = 5.0
ANCHOR_EVERY_SECONDS = 60.0  # how often it is asked whether an anchor is due
DRAIN_SECONDS = 20.0
PAGES_HOST = "127.0.0.1"  # a reverse proxy stands before the pages, or PSSO_HTTP_HOST says otherwise
HTTP_HOST = "0.0.0.0"  # noqa: S104 -- HTTP mode exists to be reached; every request must carry Slack's signature


async def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT, then drain. `announce` gets one line once the bot can answer."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    _make_state_dir(settings)
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(app.opened(settings))
        transport = _transport(settings, running)
        with _listening("PSSO_HTTP"):
            pages_port = await stack.enter_async_context(_pages(settings, running, transport))
        health = Health(_checks(running, transport), time.monotonic, running.watch.registry)
        with _listening("PSSO_HEALTH"):
            port = await stack.enter_async_context(
                served(health, settings.psso_health_host, settings.psso_health_port)
            )
        line = partial(_ready_line, settings, transport, port, pages_port)
        await started(app.fingerprints(settings), running.desk)
        await alerting.begin(running.desk)
        await _run(running, transport, health, stop, lambda: announce(line()))
        await stopped(running.desk)


def _make_state_dir(settings: Settings) -> None:
    try:
        settings.psso_state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError("PSSO_STATE_DIR", f"cannot be used as a directory ({error.strerror})") from None


@contextmanager
def _listening(prefix: str) -> Iterator[None]:
    """Name the setting that keeps a port from being opened: `prefix`_PORT, or `prefix`_HOST."""
    try:
        yield
    except OSError as error:
        of_the_port = error.errno in (errno.EADDRINUSE, errno.EACCES)
        reason = "is taken by another program" if error.errno == errno.EADDRINUSE else "cannot be opened"
        key = f"{prefix}_PORT" if of_the_port else f"{prefix}_HOST"
        raise SettingsError(key, f"{reason} ({error.strerror})") from None


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
        with _listening("PSSO_HTTP"):
            await transport.start()
        ready()
        await asyncio.wait({workers, stopped}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        health.draining = True
        stopped.cancel()
        await transport.stop()
        workers_stop.set()
        await ended(workers, DRAIN_SECONDS)
    if not workers.cancelled() and (error := workers.exception()):
        raise error


async def ended(work: asyncio.Task[None], within: float) -> None:
    """Return once the work is over: what is still under way after `within` seconds is cancelled."""
    _, late = await asyncio.wait({work}, timeout=within)
    if late:
        log.warning(
            "work was still under way after %d s; it is recorded and goes on at the next start", within
        )
        work.cancel()
        await asyncio.wait({work})  # nothing is closed under it, and only then it has a result to ask for


async def _work(running: app.Running, stop: asyncio.Event) -> None:
    """Carry out what was recorded, tell people, make approved changes, expire what nobody decided."""
    desk, name = running.desk, desk_name(running.desk)
    queue = partial(work_off, stop=stop, pause=desk.pause)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(queue(desk.inbox, name, partial(carry_out, desk=desk, slack=running.client)))
        tasks.create_task(queue(desk.outbox, name, partial(deliver, desk=desk), at_once=1))
        tasks.create_task(
            queue(desk.approved, name, partial(execute.carry_out, desk=desk, worker=name), at_once=8)
        )
        due = DueJobs(desk.schedule, desk.journal, desk.pause)
        tasks.create_task(queue(due, name, partial(carry_out_scheduled, desk=desk), at_once=4))
        for watching in alerting.workers(desk, running.watch, name, stop):
            tasks.create_task(watching)
        tasks.create_task(_expire_regularly(desk, stop))
        tasks.create_task(_anchor_regularly(desk, stop))


def desk_name(desk: Desk) -> str:
    """Name this replica among the consumers of the queues: new at every start, so nothing is inherited."""
    return f"bot-{desk.new_id()[:12]}"


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


async def _anchor_regularly(desk: Desk, stop: asyncio.Event) -> None:
    """Post how far the journal goes to the audit channel; what fails stays due."""
    posted = Posted()
    while not stop.is_set():
        try:
            await anchor_if_due(posted, desk)
        except (AuditUnavailable, SlackError, NotAllowed) as error:
            log.warning("the journal's head could not be posted: %s", error)
        try:
            await asyncio.wait_for(stop.wait(), ANCHOR_EVERY_SECONDS)
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
    host = settings.psso_http_host or HTTP_HOST
    return HttpTransport(bolt, secret, host, settings.psso_http_port, app.utc_now)


@asynccontextmanager
async def _pages(settings: Settings, running: app.Running, transport: Transport) -> AsyncIterator[int | None]:
    """Serve the approvers' pages where step-up is on: on Slack's port, in Socket Mode on one of their own."""
    if running.desk.tickets is None:
        yield None
        return
    pages = step_up_pages(running.desk)
    if isinstance(transport, HttpTransport):
        transport.mount(PATH, pages)
        yield None
        return
    host = settings.psso_http_host or PAGES_HOST
    async with web.served(PATH, pages, host, settings.psso_http_port) as port:
        yield port


def _ready_line(
    settings: Settings, transport: Transport, health_port: int, pages_port: int | None = None
) -> str:
    way = f"HTTP on port {transport.port}" if isinstance(transport, HttpTransport) else "Socket Mode"
    if pages_port is not None:
        way += f", sign-in pages on port {pages_port}"
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
        "alerts": partial(alerting.channels_said, running.desk, running.watch),
    }


async def _said(attempt: Callable[[], Awaitable[object]], otherwise: str) -> str | None:
    try:
        await attempt()
    except BotError as error:
        return f"{otherwise} {error}".strip()
    return None
