"""The port for people's browsers, where there is no HTTP port for Slack: Socket Mode with step-up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

MOST_BYTES = 16 * 1024


@asynccontextmanager
async def served(prefix: str, pages: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve `pages` under `prefix` and yield the port; port 0 takes any free one."""
    site = web.Application(client_max_size=MOST_BYTES)
    site.add_subapp(prefix, pages)
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
