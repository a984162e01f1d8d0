"""Entra's sign-in pages through the adapter: what it trusts, and what it makes of strange answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.adapters.client_proof import Secret
from bot.adapters.step_up import EntraSignInPage, SignInSite, sign_in_session
from bot.errors import Denial, NotAllowed, SettingsError
from bot.ports import SignInAsk

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TENANT = "7a9c1f52-3e0b-4c8d-9b66-2f1d5a0e8c31"
ASK = SignInAsk("ticket", "nonce", "v" * 43, "otto.falk@contoso.com")
NAMES = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")


class Answers:
    """A server that answers each path as told; anything else is 404."""

    def __init__(self) -> None:
        self.url = ""
        self.paths: dict[str, Any] = {}
        self.forms: list[dict[str, str]] = []

    def describe(self, **changes: Any) -> None:
        described = {name: f"{self.url}/{name}" for name in NAMES} | changes
        self.paths[f"/{TENANT}/v2.0/.well-known/openid-configuration"] = described

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            self.forms.append({name: str(value) for name, value in (await request.post()).items()})
        made = self.paths.get(request.path)
        if made is None:
            return web.Response(status=404, text="<html>nothing here</html>")
        return made if isinstance(made, web.Response) else web.json_response(made)


@pytest.fixture
async def server() -> AsyncIterator[Answers]:
    answers = Answers()
    site = web.Application()
    site.router.add_route("*", "/{tail:.*}", answers.answer)
    runner = web.AppRunner(site)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    answers.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    answers.describe()
    yield answers
    await runner.cleanup()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with sign_in_session("http://127.0.0.1") as made:
        yield made


@pytest.fixture
def page(server: Answers, session: aiohttp.ClientSession) -> EntraSignInPage:
    site = SignInSite(server.url, TENANT, "client", "https://psso.example.com/step-up/callback")
    return EntraSignInPage(site, Secret("s3"), session, lambda: NOON)


async def test_nothing_but_https_or_loopback_is_a_login_host(session: aiohttp.ClientSession) -> None:
    site = SignInSite("http://login.microsoftonline.com", TENANT, "client", "https://psso.example.com/back")
    with pytest.raises(SettingsError):
        EntraSignInPage(site, Secret("s3"), session, lambda: NOON)
    EntraSignInPage(
        replace(site, login="https://login.microsoftonline.us"), Secret("s3"), session, lambda: NOON
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("address", ["", "http://login.example.com/x", "file:///etc/passwd", 7, None])
async def test_endpoints_that_are_not_safe_are_not_used(
    server: Answers, page: EntraSignInPage, name: str, address: object
) -> None:
    server.describe(**{name: address})
    with pytest.raises(NotAllowed) as caught:
        await page.address(ASK)

    assert caught.value.denial is Denial.CANNOT_CHECK


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(text="<html>"),
        web.Response(text="[]"),
        web.Response(status=500, text="{}"),
        web.Response(status=302, headers={"Location": "https://login.example.com"}),
        web.Response(text='{"x": "' + "y" * 600_000 + '"}'),
    ],
    ids=["html", "list", "500", "redirect", "long"],
)
async def test_a_description_that_makes_no_sense_is_no_permission(
    server: Answers, page: EntraSignInPage, answer: web.Response
) -> None:
    server.paths[f"/{TENANT}/v2.0/.well-known/openid-configuration"] = answer
    with pytest.raises(NotAllowed) as caught:
        await page.address(ASK)

    assert caught.value.denial is Denial.CANNOT_CHECK


async def test_a_refused_code_carries_entras_code_and_not_its_words(
    server: Answers, page: EntraSignInPage
) -> None:
    body = {
        "error": "invalid_grant",
        "error_codes": [54005],
        "error_description": "for otto.falk@contoso.com",
    }
    server.paths["/token_endpoint"] = web.json_response(body, status=400)

    with pytest.raises(NotAllowed) as caught:
        await page.redeem("code", ASK)

    assert caught.value.denial is Denial.STEP_UP_UNFINISHED
    assert caught.value.detail == "invalid_grant AADSTS54005"
    assert server.forms[0]["code_verifier"] == ASK.verifier
    assert server.forms[0]["client_secret"] == "s3"


@pytest.mark.parametrize("token", ["", "a", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "é.é.é"])
@pytest.mark.parametrize("keys", [{"keys": []}, {"keys": [{"kty": "oct"}, 7]}, {}])
async def test_a_token_that_is_none_is_refused(
    server: Answers, page: EntraSignInPage, token: str, keys: dict[str, Any]
) -> None:
    server.paths["/token_endpoint"] = {"id_token": token}
    server.paths["/jwks_uri"] = keys

    with pytest.raises(NotAllowed) as caught:
        await page.redeem("code", ASK)

    assert caught.value.denial is Denial.STEP_UP_INVALID


async def test_an_answer_without_a_token_is_refused(server: Answers, page: EntraSignInPage) -> None:
    server.paths["/token_endpoint"] = {"access_token": "x"}

    with pytest.raises(NotAllowed) as caught:
        await page.redeem("code", ASK)

    assert caught.value.denial is Denial.STEP_UP_UNFINISHED
