"""The health port: /healthz, /readyz and /metrics. Loopback only unless the operator says otherwise."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from bot.adapters.metrics import COUNTERS
from bot.errors import BotError

Check = Callable[[], Awaitable[str | None]]
"""Returns None when all is well, or one sentence saying what is wrong and what to do."""

STALL_SECONDS = 10.0


@dataclass
class Health:
    """What the port answers from: a heartbeat for /healthz, named checks for /readyz."""

    checks: Mapping[str, Check]
    monotonic: Callable[[], float]
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    draining: bool = False
    last_tick: float = 0.0

    def __post_init__(self) -> None:
        """Register the gauges, and what the adapters count."""
        for counter in COUNTERS:
            self.registry.register(counter)
        self._lag = Gauge(
            "psso_event_loop_lag_seconds", "Delay of a one second timer", registry=self.registry
        )
        self._ready = Gauge("psso_ready", "1 when the check passed", ["check"], registry=self.registry)

    async def tick(self) -> None:
        """Note every second that the event loop still turns."""
        while True:
            self.last_tick = self.monotonic()
            await asyncio.sleep(1)
            self._lag.set(max(0.0, self.monotonic() - self.last_tick - 1))

    async def problems(self) -> dict[str, str]:
        """Run every check; return those that failed with their reason."""
        names = list(self.checks)
        answers = await asyncio.gather(*(_answer(self.checks[name]) for name in names))
        found = {name: answer for name, answer in zip(names, answers, strict=True) if answer}
        for name in names:
            self._ready.labels(name).set(0 if name in found else 1)
        return {**found, **({"draining": "The bot is shutting down."} if self.draining else {})}

    async def healthz(self, _: web.Request) -> web.Response:
        """Alive: the loop turned in the last 10 s. No dependency counts, or an outage restarts everything."""
        alive = self.monotonic() - self.last_tick < STALL_SECONDS
        return web.json_response({"alive": alive}, status=200 if alive else 503)

    async def readyz(self, _: web.Request) -> web.Response:
        """Ready: every check passes."""
        problems = await self.problems()
        body = {"ready": not problems, "problems": problems}
        return web.Response(
            text=json.dumps(body), status=503 if problems else 200, content_type="application/json"
        )

    async def metrics(self, _: web.Request) -> web.Response:
        """Prometheus text. No label names a person."""
        await self.problems()
        return web.Response(body=generate_latest(self.registry), content_type="text/plain")


async def _answer(check: Check) -> str | None:
    try:
        return await check()
    except BotError as error:
        return str(error) or type(error).__name__


@asynccontextmanager
async def served(health: Health, host: str, port: int) -> AsyncIterator[int]:
    """Serve `health` and yield the port it is on."""
    application = web.Application()
    application.add_routes(
        [
            web.get("/healthz", health.healthz),
            web.get("/readyz", health.readyz),
            web.get("/metrics", health.metrics),
        ]
    )
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    health.last_tick = health.monotonic()
    ticking = asyncio.create_task(health.tick())
    try:
        await web.TCPSite(runner, host, port).start()
        yield int(runner.addresses[0][1])
    finally:
        ticking.cancel()
        await runner.cleanup()
