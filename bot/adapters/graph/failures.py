"""Every exception that the SDKs below us can raise, translated in one table.

Imported only when a connection is opened: the SDKs take half a second to load.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

import aiohttp
import httpx
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from kiota_abstractions.api_error import APIError
from kiota_authentication_azure._exceptions import KiotaAuthenticationError
from kiota_http._exceptions import KiotaHTTPXError

from bot.adapters.graph.calls import Call
from bot.errors import GraphError, GraphMalformed, GraphRefused, GraphUnreachable

_AADSTS = re.compile(r"AADSTS\d+")

Translation: TypeAlias = Callable[[Call, Exception], GraphError]


def _timed_out(call: Call, error: Exception) -> GraphError:
    return GraphUnreachable(call.what, message=type(error).__name__, timed_out=True)


def _unreachable(call: Call, error: Exception) -> GraphError:
    return GraphUnreachable(call.what, message=type(error).__name__)


def _malformed(call: Call, error: Exception) -> GraphError:
    return GraphMalformed(call.what, code=type(error).__name__)


def _sign_in_refused(call: Call, error: Exception) -> GraphError:
    """The token service, not Graph, refused: a wrong secret, an unknown app, an expired certificate."""
    status = _status_behind(error)
    if status is not None and status >= 500:
        return GraphUnreachable(call.what, status=status, message="the token service failed")
    said = str(error)
    code = _AADSTS.search(said)
    return GraphRefused(
        call.what, status=401, code=code.group() if code else "credential", message=said.splitlines()[0][:300]
    )


def _no_credential(call: Call, error: Exception) -> GraphError:
    return GraphRefused(call.what, status=401, code="credential", message=type(error).__name__)


def _status_behind(error: Exception) -> int | None:
    return error.status_code if isinstance(error, HttpResponseError) else None


TRANSLATIONS: tuple[tuple[type[Exception], Translation], ...] = (
    (ClientAuthenticationError, _sign_in_refused),  # CredentialUnavailableError among them
    (AzureError, _unreachable),  # ServiceRequestError, ServiceResponseError, HttpResponseError
    (KiotaAuthenticationError, _malformed),
    (aiohttp.ServerTimeoutError, _timed_out),
    (aiohttp.ClientConnectionError, _unreachable),
    (aiohttp.ClientPayloadError, _unreachable),  # cut in the middle of a body
    (aiohttp.ClientError, _malformed),  # an answer that is not HTTP
    (httpx.TimeoutException, _timed_out),
    (httpx.DecodingError, _malformed),
    (httpx.TooManyRedirects, _malformed),
    (httpx.UnsupportedProtocol, _malformed),
    (httpx.TransportError, _unreachable),
    (httpx.HTTPError, _malformed),
    (httpx.InvalidURL, _malformed),
    (httpx.StreamError, _malformed),
    (httpx.CookieConflict, _malformed),
    (KiotaHTTPXError, _malformed),
    (APIError, _malformed),  # never raised while answers come to us unread
    (TimeoutError, _timed_out),
    (FileNotFoundError, _no_credential),  # the federated token file
    (PermissionError, _no_credential),
    (OSError, _unreachable),
    (ValueError, _malformed),  # a claims challenge that is not base64
)
"""First match wins, so leaves stand above their parents."""

KNOWN: tuple[type[Exception], ...] = tuple(kind for kind, _ in TRANSLATIONS)


def translated(call: Call, error: Exception) -> GraphError:
    """Return our error for one of `KNOWN`."""
    for kind, translate in TRANSLATIONS:
        if isinstance(error, kind):
            return translate(call, error)
    raise TypeError(f"{type(error).__name__} is not in the table") from error
