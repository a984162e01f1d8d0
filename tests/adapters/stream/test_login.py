"""Logging in to Event Hubs: the connection string, or a token of Entra, over the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from bot.adapters.stream.client import login_of
from bot.domain.event_hub import EventHub, event_hub
from bot.errors import StreamUnavailable
from tests.adapters.stream.conftest import HUB, Opened, hub_at
from tests.adapters.stream.door import Door, door_before
from tests.adapters.stream.kafka import MockKafka
from tests.adapters.stream.messages import a_record, an_id, envelope
from tests.adapters.stream.test_event_hubs import ids, trouble

KEY = "c2VjcmV0LWtleQ=="
TOKEN = "eyJ0eXAi.of.entra"


def connection(port: int, key: str = KEY) -> str:
    return (
        f"Endpoint=sb://127.0.0.1:{port}/;SharedAccessKeyName=listen;SharedAccessKey={key};EntityPath={HUB}"
    )


def hub(port: int, key: str = KEY) -> EventHub:
    found = event_hub(connection(port, key), "", (), "psso-bot")
    assert found is not None
    return found


@dataclass
class Tokens:
    """Hands out one token, or fails."""

    error: Exception | None = None
    scopes: list[str] = field(default_factory=list)

    async def get_token(self, *scopes: str, claims: str | None = None, **_: Any) -> AccessToken:
        self.scopes += scopes
        if self.error is not None:
            raise self.error
        return AccessToken(TOKEN, 4_000_000_000)

    async def close(self) -> None:
        """Nothing to close."""


def admits(mechanism: str, shown: bytes) -> bool:
    plain = (
        shown.startswith(b"\0$ConnectionString\0Endpoint=") and f"SharedAccessKey={KEY};".encode() in shown
    )
    return plain if mechanism == "PLAIN" else f"auth=Bearer {TOKEN}\x01".encode() in shown


@pytest.fixture
async def door(kafka: MockKafka) -> AsyncIterator[tuple[Door, int]]:
    kafka.topic(HUB)
    kafka.produce(HUB, [envelope(a_record(1))])
    async with door_before(kafka.address, admits) as (opened, port):
        kafka.listens_at("127.0.0.1", port)
        yield opened, port


async def test_the_connection_string_is_the_password(door: tuple[Door, int], opened: Opened) -> None:
    stream = await opened(hub(door[1]))

    assert await ids(stream, 1) == [an_id(1)]
    assert {mechanism for mechanism, _ in door[0].logins} == {"PLAIN"}


async def test_a_wrong_key_is_said_without_showing_it(door: tuple[Door, int], opened: Opened) -> None:
    stream = await opened(hub(door[1], "d3Jvbmc="))

    said = await trouble(stream)

    assert "refuses our login" in said
    assert "d3Jvbmc" not in said


async def test_a_token_of_entra_is_shown(door: tuple[Door, int], opened: Opened) -> None:
    tokens = Tokens()
    stream = await opened(hub_at(f"127.0.0.1:{door[1]}"), tokens)

    assert await stream.waiting() == 1
    assert await ids(stream, 1) == [an_id(1)]
    assert {mechanism for mechanism, _ in door[0].logins} == {"OAUTHBEARER"}
    assert set(tokens.scopes) == {"https://127.0.0.1/.default"}


@pytest.mark.parametrize("error", [ClientAuthenticationError("AADSTS7000215: wrong secret"), TimeoutError()])
async def test_without_a_token_entra_is_named(
    door: tuple[Door, int], opened: Opened, error: Exception
) -> None:
    tokens = Tokens(error)
    stream = await opened(hub_at(f"127.0.0.1:{door[1]}"), tokens)

    said = await trouble(stream)

    assert "Entra gave no token" in said
    assert "secret" not in said
    with pytest.raises(StreamUnavailable, match="Entra gave no token"):
        await stream.waiting()


@pytest.mark.parametrize(
    ("hub", "by_token", "expected"),
    [
        (event_hub("", "contoso.servicebus.windows.net", (), "g"), True, ("SASL_SSL", "OAUTHBEARER")),
        (
            event_hub(connection(9093).replace("127.0.0.1", "contoso.servicebus.windows.net"), "", (), "g"),
            False,
            ("SASL_SSL", "PLAIN"),
        ),
        (hub(9093), False, ("SASL_PLAINTEXT", "PLAIN")),
        (event_hub("", "localhost", (), "g"), False, ("PLAINTEXT", None)),
    ],
)
def test_only_this_machine_is_spoken_to_in_plain_text(
    hub: EventHub, by_token: bool, expected: tuple[str, str | None]
) -> None:
    login = login_of(hub, by_token=by_token)

    assert (login["security.protocol"], login.get("sasl.mechanisms")) == expected
