"""What carries requests under the SDK's httpx client: aiohttp.

httpx's own transport costs twice the time for one call and three times for ten side by side, because it looks
at every connection of its pool at every step. The SDK keeps the httpx client and its middleware.
"""

from __future__ import annotations

import aiohttp
import httpx
from yarl import URL

from bot.adapters.graph.credentials import Access
from bot.domain.loopback import is_loopback

CONNECTIONS = 64
KEEP_ALIVE_SECONDS = 45.0
CONNECT_SECONDS = 5.0

OURS_TO_SAY = frozenset({b"connection", b"content-length", b"accept-encoding", b"transfer-encoding"})
"""Request headers that aiohttp writes itself, to match what it does."""

UNPACKED = frozenset({"content-encoding", "content-length", "transfer-encoding"})
"""Answer headers that are no longer true of a body that has been unpacked."""


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends one request at a time per connection, over HTTP/1.1. Raises aiohttp's errors, see `failures`.

    HTTP/2 connections that live long end in GOAWAY errors: https://github.com/encode/httpx/issues/3324
    """

    def __init__(self, access: Access) -> None:
        """Open a session in the running loop; a proxy from the environment serves all but loopback."""
        is_far = not is_loopback(access.root)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=CONNECTIONS,
                keepalive_timeout=KEEP_ALIVE_SECONDS,
                ssl=httpx.create_ssl_context() if is_far else True,
            ),
            timeout=aiohttp.ClientTimeout(
                total=access.timeout, sock_connect=min(access.timeout, CONNECT_SECONDS)
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=is_far,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the whole answer; redirects are answers."""
        headers = [
            (name.decode("ascii"), value.decode("latin-1"))
            for name, value in request.headers.raw
            if name.lower() not in OURS_TO_SAY
        ]
        async with self._session.request(
            request.method,
            URL(str(request.url), encoded=True),
            headers=headers,
            data=await request.aread() or None,
            allow_redirects=False,
        ) as answer:
            body = await answer.read()
        kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in UNPACKED]
        return httpx.Response(answer.status, headers=kept, content=body, request=request)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._session.close()
