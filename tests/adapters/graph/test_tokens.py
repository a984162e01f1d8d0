"""Credentials: which one is built, who may see a token, and when a new one is fetched."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import timedelta
from pathlib import Path

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ServiceRequestError
from azure.identity import aio

from bot.adapters.graph.budget import LocalBudget
from bot.adapters.graph.credentials import CLOUDS, Access, AppIdentity, FixedToken
from bot.adapters.graph.gateway import connect
from bot.adapters.graph.tokens import KeptToken, credential_of, roles_in
from bot.errors import SettingsError
from tests.adapters.graph.fake_graph import NOW, Pauses, counter

TENANT = "5d4a2c1e-0000-4000-8000-00000000000a"
APP = "5d4a2c1e-0000-4000-8000-00000000000b"


class Issuer:
    """Stands for azure-identity: hands out token-1, token-2… that live an hour, or fails."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []
        self.now = NOW
        self.is_down = False
        self.hangs = False

    async def get_token(self, *_: str, claims: str | None = None, **__: object) -> AccessToken:
        self.asked.append(claims)
        await asyncio.sleep(0)
        if self.hangs:
            await asyncio.Event().wait()
        if self.is_down:
            raise ServiceRequestError("no route")
        return AccessToken(f"token-{len(self.asked)}", int((self.now + timedelta(hours=1)).timestamp()))

    async def close(self) -> None:
        """Nothing to close."""


def kept(issuer: Issuer, timeout: float = 5) -> KeptToken:
    return KeptToken(issuer, lambda: issuer.now, timeout)


async def test_many_callers_share_one_fetch() -> None:
    issuer = Issuer()
    tokens = kept(issuer)

    found = await asyncio.gather(*(tokens.get_token("scope") for _ in range(20)))

    assert {token.token for token in found} == {"token-1"}
    assert len(issuer.asked) == 1


async def test_a_token_is_renewed_before_it_ends_and_serves_until_then() -> None:
    issuer = Issuer()
    tokens = kept(issuer)
    await tokens.get_token("scope")

    issuer.now += timedelta(minutes=54)
    assert (await tokens.get_token("scope")).token == "token-1"
    issuer.now += timedelta(minutes=2)
    issuer.is_down = True
    assert (await tokens.get_token("scope")).token == "token-1"
    issuer.now += timedelta(minutes=5)
    with pytest.raises(ServiceRequestError):
        await tokens.get_token("scope")
    issuer.is_down = False
    assert (await tokens.get_token("scope")).token == "token-4"


async def test_a_claims_challenge_always_fetches() -> None:
    issuer = Issuer()
    tokens = kept(issuer)
    await tokens.get_token("scope")

    assert (await tokens.get_token("scope", claims="{}")).token == "token-2"
    assert (await tokens.get_token("scope")).token == "token-2"


async def test_a_fetch_that_hangs_ends_for_everybody() -> None:
    issuer = Issuer()
    issuer.hangs = True
    tokens = kept(issuer, timeout=0.05)

    with pytest.raises(TimeoutError):
        await tokens.get_token("scope")
    issuer.hangs = False
    assert (await tokens.get_token("scope")).token == "token-2"


async def test_one_caller_giving_up_does_not_take_the_token_from_the_others() -> None:
    issuer = Issuer()
    tokens = kept(issuer)
    first = asyncio.create_task(tokens.get_token("scope"))
    second = asyncio.create_task(tokens.get_token("scope"))
    await asyncio.sleep(0)
    first.cancel()

    assert (await second).token == "token-1"


async def test_each_kind_of_credential_is_built(tmp_path: Path) -> None:
    token_file = tmp_path / "token"
    token_file.write_text("assertion")
    built = [
        credential_of(AppIdentity(TENANT, APP, client_secret="invented")),
        credential_of(AppIdentity(TENANT, APP, federated_token_file=str(token_file), cloud="china")),
        credential_of(AppIdentity(TENANT, APP)),
        credential_of(AppIdentity(TENANT)),
    ]

    assert [type(credential) for credential in built] == [
        aio.ClientSecretCredential,
        aio.WorkloadIdentityCredential,
        aio.ManagedIdentityCredential,
        aio.ManagedIdentityCredential,
    ]
    for credential in built:
        await credential.close()


@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_an_unusable_certificate_names_its_setting(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "app.pem"
    if content:
        path.write_text(content)

    with pytest.raises(SettingsError) as wrong:
        credential_of(AppIdentity(TENANT, APP, certificate_path=str(path), prefix="PSSO_WRITER"))

    assert wrong.value.key == "PSSO_WRITER_CLIENT_CERTIFICATE_PATH"


@pytest.mark.parametrize(
    "root", ["https://graph.microsoft.com", "http://10.0.0.1:80", "http://127.0.0.1.evil.example"]
)
def test_a_fixed_token_is_only_for_this_machine(root: str) -> None:
    with pytest.raises(SettingsError):
        Access(root, FixedToken("t"))
    with pytest.raises(SettingsError):
        Access(root, AppIdentity(TENANT), FixedToken("t"))


@pytest.mark.parametrize("cloud", CLOUDS)
def test_an_app_is_shown_to_its_own_cloud_alone(cloud: str) -> None:
    identity = AppIdentity(TENANT, cloud=cloud)
    for name, other in CLOUDS.items():
        if name == cloud:
            assert Access(other.graph + "/", identity).root == other.graph
        else:
            with pytest.raises(SettingsError):
                Access(other.graph, identity)


async def test_each_cloud_can_be_opened_and_closed() -> None:
    pauses = Pauses()
    budget = LocalBudget(5, pauses.monotonic, pauses.pause)
    for name, cloud in CLOUDS.items():
        reader = AppIdentity(TENANT, APP, client_secret="invented", cloud=name)
        access = Access(cloud.graph, reader, AppIdentity(TENANT, APP, client_secret="other", cloud=name))
        async with connect(
            access, budget=budget, now=lambda: NOW, pause=pauses.pause, new_id=counter()
        ) as gateway:
            assert gateway.reader is not gateway.writer


def test_the_permissions_in_a_token_are_told() -> None:
    payload = base64.urlsafe_b64encode(json.dumps({"roles": ["User.Read.All"]}).encode()).decode().rstrip("=")

    assert roles_in(f"header.{payload}.signature") == frozenset({"User.Read.All"})
    assert roles_in("header.e30.signature") == frozenset()
    assert [roles_in(token) for token in ("opaque", "a.b.c", "a.bnVsbA.c", "")] == [None] * 4


def test_secrets_do_not_show() -> None:
    access = Access("http://127.0.0.1:80", FixedToken("hush"), AppIdentity(TENANT, APP, client_secret="hush"))

    assert "hush" not in repr(access)
