"""The SDK's parts, put together.

Imported only when a connection is opened: they take half a second to load.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
from kiota_abstractions.method import Method
from kiota_abstractions.native_response_handler import NativeResponseHandler
from kiota_abstractions.request_information import RequestInformation
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from kiota_http.middleware.options import (
    RedirectHandlerOption,
    ResponseHandlerOption,
    RetryHandlerOption,
)
from msgraph_core import BaseGraphRequestAdapter, GraphClientFactory

from bot.adapters.graph.calls import TOKEN
from bot.adapters.graph.credentials import Access
from bot.adapters.graph.failures import KNOWN, translated
from bot.adapters.graph.replies import Message, Reply
from bot.adapters.graph.tokens import TokenSource, roles_in, token_source
from bot.adapters.graph.transport import AiohttpTransport
from bot.ports import Clock

OPTIONS = {
    # The SDK repeats PATCH as well, for up to 15 minutes: every second try is decided by the gateway
    RetryHandlerOption.get_key(): RetryHandlerOption(max_retries=0, should_retry=False),
    # A redirect would carry the question, if not the token, to a host we did not choose
    RedirectHandlerOption.get_key(): RedirectHandlerOption(should_redirect=False),
}
UNREAD = ResponseHandlerOption(NativeResponseHandler())
"""Hands the answer over as it came: headers too, which the SDK's bytes do not have."""


@asynccontextmanager
async def wires(access: Access, now: Clock) -> AsyncIterator[tuple[Wire, Wire]]:
    """Open the reader's and the writer's wire; close them and their credentials at the end."""
    reading = token_source(access.reader, now, access.timeout)
    same = access.writer is None or access.writer == access.reader
    writing = reading if access.writer is None or same else token_source(access.writer, now, access.timeout)
    try:
        async with http_client(access) as client:
            yield Wire(client, reading, access.root), Wire(client, writing, access.root)
    finally:
        for tokens in {reading, writing}:
            await tokens.close()


@asynccontextmanager
async def http_client(access: Access) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client with the SDK's default middleware above our transport."""
    transport = AiohttpTransport(access)
    client = httpx.AsyncClient(transport=transport, timeout=None, follow_redirects=False)  # noqa: S113  the deadline rules
    GraphClientFactory.create_with_default_middleware(client=client, options=OPTIONS)
    try:
        yield client
    finally:
        await client.aclose()
        await transport.aclose()  # the SDK's own transport, put around ours, does not close it


class Wire:
    """Sends requests as one identity to one Graph, and to no other host."""

    def __init__(self, client: httpx.AsyncClient, tokens: TokenSource, root: str) -> None:
        self._tokens = tokens
        self._scope = f"{root}/.default"
        host = urlsplit(root).hostname
        sign_in = AzureIdentityAuthenticationProvider(tokens, scopes=[self._scope], allowed_hosts=[host])
        self._adapter: Any = BaseGraphRequestAdapter(sign_in, http_client=client)
        self._adapter.observability_options.include_euii_attributes = False  # URLs carry names of people

    async def send(self, message: Message, deadline: float) -> Reply:
        """Send once and return what Graph answers before `deadline` (loop time); else raise GraphError."""
        try:
            async with asyncio.timeout_at(deadline):
                response = await self._adapter.send_primitive_async(_request(message), "bytes", None)
        except KNOWN as error:
            raise translated(message.call, error) from error
        names = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, names, response.content)

    async def granted(self) -> frozenset[str] | None:
        """Return the application permissions in the token; None when it does not tell."""
        try:
            token = await self._tokens.get_token(self._scope, enable_cae=True)
        except KNOWN as error:
            raise translated(TOKEN, error) from error
        return roles_in(token.token)


def _request(message: Message) -> Any:
    request = RequestInformation()
    request.http_method = Method(message.method)
    request.url = message.url
    for name, value in message.headers.items():
        request.headers.try_add(name, value)
    request.content = message.body
    request.add_request_options([UNREAD])
    return request
