"""Every exception of the libraries below us is in the table, also those a later version brings."""

from __future__ import annotations

import inspect
from types import ModuleType

import aiohttp.client_exceptions
import azure.core.exceptions
import azure.identity
import httpx
import kiota_abstractions.api_error
import kiota_authentication_azure._exceptions
import kiota_http._exceptions
import pytest

from bot.adapters.graph.calls import USER
from bot.adapters.graph.failures import KNOWN, translated
from bot.errors import GraphMalformed, GraphRefused, GraphUnreachable

OF_WEB_SOCKETS = (aiohttp.client_exceptions.WSMessageTypeError,)


def exceptions_of(module: ModuleType) -> list[type[Exception]]:
    found = [item for _, item in inspect.getmembers(module, inspect.isclass)]
    return [
        item
        for item in found
        if issubclass(item, Exception) and not issubclass(item, Warning) and item is not Exception
    ]


@pytest.mark.parametrize(
    "module",
    [
        httpx,
        aiohttp.client_exceptions,
        kiota_http._exceptions,
        kiota_abstractions.api_error,
        kiota_authentication_azure._exceptions,
        azure.core.exceptions,
        azure.identity,
    ],
    ids=lambda module: module.__name__,
)
def test_every_exception_class_is_in_the_table(module: ModuleType) -> None:
    missing = [
        kind.__name__ for kind in exceptions_of(module) if not issubclass(kind, (*KNOWN, *OF_WEB_SOCKETS))
    ]

    assert missing == []


TRANSLATED: list[tuple[Exception, type[Exception], bool]] = [
    (httpx.ReadTimeout("slow"), GraphUnreachable, True),
    (aiohttp.ConnectionTimeoutError("slow"), GraphUnreachable, True),
    (aiohttp.ServerDisconnectedError(), GraphUnreachable, False),
    (aiohttp.ClientPayloadError("cut"), GraphUnreachable, False),
    (aiohttp.InvalidURL("x"), GraphMalformed, False),
    (httpx.PoolTimeout("full"), GraphUnreachable, True),
    (httpx.ConnectError("refused"), GraphUnreachable, False),
    (httpx.RemoteProtocolError("cut"), GraphUnreachable, False),
    (httpx.DecodingError("bad gzip"), GraphMalformed, False),
    (TimeoutError(), GraphUnreachable, True),
    (FileNotFoundError("token"), GraphRefused, False),
    (azure.core.exceptions.ServiceRequestError("dns"), GraphUnreachable, False),
    (azure.identity.CredentialUnavailableError("no IMDS"), GraphRefused, False),
]


@pytest.mark.parametrize(("error", "kind", "timed_out"), TRANSLATED)
def test_an_exception_becomes_the_error_it_means(
    error: Exception, kind: type[Exception], timed_out: bool
) -> None:
    found = translated(USER, error)

    assert type(found) is kind
    assert getattr(found, "timed_out", False) is timed_out


def test_a_refused_sign_in_of_the_app_names_its_code() -> None:
    said = "Authentication failed: AADSTS7000215: Invalid client secret provided.\nTrace ID: 1"
    found = translated(USER, azure.core.exceptions.ClientAuthenticationError(said))

    assert isinstance(found, GraphRefused)
    assert (found.status, found.code) == (401, "AADSTS7000215")
    assert "Trace" not in found.message


def test_an_unknown_exception_is_a_bug_and_says_so() -> None:
    with pytest.raises(TypeError):
        translated(USER, KeyError("x"))
