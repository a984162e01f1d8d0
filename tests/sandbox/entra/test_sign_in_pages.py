"""The sandbox's sign-in pages answer as Entra's do: codes work once, PKCE is checked, tokens are signed."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import jwt
import pytest

from sandbox.entra import EntraSandbox
from sandbox.entra.sign_in_pages import CLIENT_SECRET
from tests.sandbox.entra.conftest import Hands

OTTO = "otto.falk@contoso.com"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
BACK = "http://127.0.0.1:9/callback"


@dataclass
class Page:
    status: int
    location: str
    text: str


@dataclass
class Site:
    entra: EntraSandbox
    session: aiohttp.ClientSession
    hands: Hands

    @property
    def root(self) -> str:
        return f"{self.entra.url}/{self.entra.tenant.id}"

    async def authorize(self, **changes: str) -> Page:
        query = {
            "client_id": self.entra.tenant.app.app_id,
            "response_type": "code",
            "redirect_uri": BACK,
            "scope": "openid profile",
            "state": "s-1",
            "nonce": "n-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        address = f"{self.root}/oauth2/v2.0/authorize?{urlencode(query)}"
        async with self.session.get(address, allow_redirects=False) as response:
            return Page(response.status, response.headers.get("Location", ""), await response.text())

    async def code(self, **changes: str) -> str:
        response = await self.authorize(**{"as": OTTO, **changes})
        return str(parse_qs(urlsplit(response.location).query)["code"][0])

    async def token(self, redeemed: str, **changes: str) -> tuple[int, dict[str, Any]]:
        form = {
            "client_id": self.entra.tenant.app.app_id,
            "client_secret": CLIENT_SECRET,
            "grant_type": "authorization_code",
            "code": redeemed,
            "redirect_uri": BACK,
            "code_verifier": VERIFIER,
            **changes,
        }
        async with self.session.post(f"{self.root}/oauth2/v2.0/token", data=form) as response:
            return response.status, await response.json()

    async def json(self, path: str) -> dict[str, Any]:
        async with self.session.get(f"{self.root}/{path}") as response:
            answer: dict[str, Any] = await response.json()
            return answer


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    hands = Hands()
    async with (
        EntraSandbox(now=hands.now, seconds=hands.seconds) as entra,
        aiohttp.ClientSession() as session,
    ):
        yield Site(entra, session, hands)


async def claims_of(site: Site, token: str) -> dict[str, Any]:
    described = await site.json("v2.0/.well-known/openid-configuration")
    (key,) = (await site.json("discovery/v2.0/keys"))["keys"]
    claims: dict[str, Any] = jwt.decode(
        token,
        jwt.PyJWK(key, algorithm="RS256"),
        algorithms=["RS256"],
        audience=site.entra.tenant.app.app_id,
        issuer=described["issuer"],
        options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
    )
    return claims


async def test_a_sign_in_ends_in_a_signed_token_about_the_person(site: Site) -> None:
    status, answer = await site.token(await site.code())
    claims = await claims_of(site, answer["id_token"])
    otto = site.entra.tenant.person(OTTO)

    assert (status, otto is not None and claims["oid"] == otto.id) == (200, True)
    assert (claims["tid"], claims["nonce"], claims["ver"]) == (site.entra.tenant.id, "n-1", "2.0")
    assert claims["auth_time"] == int(site.hands.now().timestamp())
    assert claims["amr"] == ["pwd", "mfa"]
    assert "acrs" not in claims


async def test_the_page_offers_everybody_and_the_hinted_one_first(site: Site) -> None:
    response = await site.authorize(login_hint=OTTO)
    page = response.text

    assert response.status == 200
    assert page.index(OTTO) < page.index("ada.lind@contoso.com")


async def test_a_person_without_mfa_gets_a_password_token_without_the_context(site: Site) -> None:
    async with site.session.post(
        f"{site.entra.url}/_admin/users/{OTTO}/mfa", json={"answers": False}
    ) as response:
        assert response.status == 200
    wanted = '{"id_token":{"acrs":{"essential":true,"value":"c1"}}}'
    _, without = await site.token(await site.code(claims=wanted))
    _, other = await site.token(await site.code(claims=wanted, **{"as": "mira.sand@contoso.com"}))

    claims = await claims_of(site, without["id_token"])
    assert (claims["amr"], claims.get("acrs")) == (["pwd"], None)
    assert (await claims_of(site, other["id_token"]))["acrs"] == ["c1"]


async def test_a_scripted_token_is_bent_once(site: Site) -> None:
    async with site.session.post(
        f"{site.entra.url}/_admin/id-token", json={"claims": {"nonce": None, "tid": "other"}}
    ) as response:
        assert response.status == 200
    _, bent = await site.token(await site.code())
    _, plain = await site.token(await site.code())

    claims = await claims_of(site, bent["id_token"])
    assert ("nonce" in claims, claims["tid"]) == (False, "other")
    assert (await claims_of(site, plain["id_token"]))["nonce"] == "n-1"


async def test_a_forged_token_does_not_verify(site: Site) -> None:
    async with site.session.post(f"{site.entra.url}/_admin/id-token", json={"forged": True}) as response:
        assert response.status == 200
    _, forged = await site.token(await site.code())

    with pytest.raises(jwt.InvalidSignatureError):
        await claims_of(site, forged["id_token"])


async def test_a_code_works_once(site: Site) -> None:
    code = await site.code()
    answers = [await site.token(code), await site.token(code)]

    assert [status for status, _ in answers] == [200, 400]
    assert answers[1][1]["error_codes"] == [54005]


async def test_a_code_ends_after_ten_minutes(site: Site) -> None:
    code = await site.code()
    site.hands.passed += 601

    assert (await site.token(code))[1]["error_codes"] == [54005]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"code_verifier": "w" * 43}, 501481),
        ({"code_verifier": ""}, 501481),
        ({"redirect_uri": "http://127.0.0.1:8/callback"}, 50011),
        ({"client_secret": "wrong"}, 7000215),
        ({"client_id": "another"}, 7000215),
        ({"code": "invented"}, 54005),
    ],
)
async def test_a_wrong_exchange_is_refused(site: Site, changes: dict[str, str], code: int) -> None:
    status, answer = await site.token(await site.code(), **changes)

    assert (status, answer["error_codes"]) == (400, [code])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": "another"}, 700016),
        ({"redirect_uri": "https://evil.example.com/"}, 50011),
        ({"response_type": "token"}, 900144),
        ({"scope": "profile"}, 900144),
        ({"code_challenge": "short"}, 501491),
        ({"code_challenge_method": "plain"}, 501491),
        ({"as": "nobody.here@contoso.com"}, 50034),
        ({"as": "oda.plass@contoso.com"}, 50034),
    ],
)
async def test_a_wrong_question_gets_a_page_and_no_redirect(
    site: Site, changes: dict[str, str], code: int
) -> None:
    response = await site.authorize(**{"as": OTTO, **changes})

    assert response.status == 400
    assert f"AADSTS{code}" in response.text
