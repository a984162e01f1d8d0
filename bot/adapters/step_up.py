"""Entra's sign-in for approvers: OpenID Connect, authorization code with PKCE, as a confidential client.

The protocol is two addresses and one POST, made with aiohttp; PyJWT checks the id_token's signature and
makes client assertions. MSAL does not fit: it chooses the nonce itself, leaves the validation of the id_token
to the application since 1.38, blocks the event loop, and refuses a loopback authority.
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
https://learn.microsoft.com/entra/identity-platform/id-tokens#validate-tokens
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import jwt

from bot.adapters.client_proof import ClientProof
from bot.domain.loopback import is_loopback
from bot.domain.people import ObjectId
from bot.domain.step_up import EntraSignIn
from bot.errors import Denial, NotAllowed, SettingsError
from bot.ports import Clock, SignInAsk

log = logging.getLogger(__name__)

SCOPE = "openid profile"  # "profile" is what brings the oid claim
TIMEOUT_SECONDS = 10.0
MOST_BYTES = 512 * 1024
SKEW_SECONDS = 60  # of iat, nbf and exp


@dataclass(frozen=True, slots=True)
class SignInSite:
    """Where Entra signs people in, for which tenant, and where it sends them back to.

    `login` is the cloud's login host, or a loopback one. `context` is an authentication context or "".
    """

    login: str
    tenant: str
    client_id: str
    redirect_uri: str
    context: str = ""


def sign_in_session(login: str) -> aiohttp.ClientSession:
    """Return a session for Entra's host; the environment's proxy is for hosts beyond this machine."""
    return aiohttp.ClientSession(trust_env=not is_loopback(login), cookie_jar=aiohttp.DummyCookieJar())


@dataclass(frozen=True, slots=True)
class _Endpoints:
    issuer: str
    authorize: str
    token: str
    keys: str


class EntraSignInPage:
    """The port ApproverSignIn."""

    def __init__(
        self, site: SignInSite, proof: ClientProof, session: aiohttp.ClientSession, now: Clock
    ) -> None:
        if not site.login.startswith("https://") and not is_loopback(site.login):
            raise SettingsError("PSSO_LOGIN_URL", "must be https, or a loopback address")
        self._site = site
        self._proof = proof
        self._session = session
        self._now = now
        self._endpoints: _Endpoints | None = None
        self._keys: dict[str, jwt.PyJWK] = {}

    async def address(self, ask: SignInAsk) -> str:
        """Return the authorize address. `max_age=0` and `prompt=login` want the person, not a session."""
        endpoints = await self._discovered()
        challenge = _base64(hashlib.sha256(ask.verifier.encode()).digest())
        query = {
            "client_id": self._site.client_id,
            "response_type": "code",
            "response_mode": "query",
            "redirect_uri": self._site.redirect_uri,
            "scope": SCOPE,
            "state": ask.ticket_id,
            "nonce": ask.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "prompt": "login",
            "max_age": "0",
            "login_hint": ask.login_hint,
        }
        if self._site.context:
            wanted = {"id_token": {"acrs": {"essential": True, "value": self._site.context}}}
            query["claims"] = json.dumps(wanted, separators=(",", ":"))
        return f"{endpoints.authorize}?{urlencode(query)}"

    async def redeem(self, code: str, ask: SignInAsk) -> EntraSignIn:
        """Exchange the code and validate the id_token: signature, issuer, audience, times, nonce."""
        endpoints = await self._discovered()
        form = {
            "client_id": self._site.client_id,
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._site.redirect_uri,
            "code_verifier": ask.verifier,
            "scope": SCOPE,
            **await asyncio.to_thread(self._proof.fields, endpoints.token, self._now()),
        }
        status, answer = await self._json("POST", endpoints.token, form)
        token = answer.get("id_token")
        if status != 200 or not isinstance(token, str):
            raise _refused(answer)
        claims = await self._validated(token, endpoints.issuer)
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), ask.nonce.encode()):
            raise NotAllowed(Denial.STEP_UP_INVALID, "nonce")
        return _sign_in(claims)

    async def issuer(self) -> str:
        """Return who signs the id_tokens, once Entra described its pages and published a key.

        Raises NotAllowed(CANNOT_CHECK).
        """
        endpoints = await self._discovered()
        _, answer = await self._json("GET", endpoints.keys)
        if not _signing_keys(answer):
            raise NotAllowed(Denial.CANNOT_CHECK, "Entra published no key that signs tokens")
        return endpoints.issuer

    async def _validated(self, token: str, issuer: str) -> dict[str, Any]:
        try:
            key = await self._key(str(jwt.get_unverified_header(token).get("kid", "")))
            # Times are checked below, by our own clock.
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                audience=self._site.client_id,
                issuer=issuer,
                options={
                    "require": ["iss", "aud", "exp", "iat", "tid", "oid", "nonce"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.PyJWTError as error:
            raise NotAllowed(Denial.STEP_UP_INVALID, type(error).__name__) from error
        self._check_times(claims)
        return claims

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = self._now().timestamp()
        times = [claims["exp"], claims["iat"], claims.get("nbf", claims["iat"])]
        if not all(type(time) in (int, float) for time in times):
            raise NotAllowed(Denial.STEP_UP_INVALID, "times")
        expires, *begins = times
        if now > expires + SKEW_SECONDS or max(begins) > now + SKEW_SECONDS:
            raise NotAllowed(Denial.STEP_UP_INVALID, "not valid now")

    async def _key(self, kid: str) -> jwt.PyJWK:
        """Return a signing key; Entra changes them, so an unknown one is looked up anew."""
        if kid not in self._keys:
            endpoints = await self._discovered()
            _, answer = await self._json("GET", endpoints.keys)
            self._keys = _signing_keys(answer)
        if kid not in self._keys:
            raise jwt.InvalidKeyError("unknown key")
        return self._keys[kid]

    async def _discovered(self) -> _Endpoints:
        """Return the tenant's endpoints. https://openid.net/specs/openid-connect-discovery-1_0.html"""
        if self._endpoints is None:
            root = f"{self._site.login}/{self._site.tenant}/v2.0"
            status, answer = await self._json("GET", f"{root}/.well-known/openid-configuration")
            names = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
            found = [str(answer.get(name, "")) for name in names]
            if status != 200 or not all(self._is_safe(address) for address in found):
                raise NotAllowed(Denial.CANNOT_CHECK, "Entra did not describe its sign-in pages")
            self._endpoints = _Endpoints(*found)
        return self._endpoints

    def _is_safe(self, address: str) -> bool:
        """Our credential goes to https, or to the very loopback server that we were pointed at."""
        if urlsplit(address).scheme == "https":
            return True
        return is_loopback(self._site.login) and address.startswith(f"{self._site.login}/")

    async def _json(
        self, method: str, address: str, form: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        try:
            async with (
                asyncio.timeout(TIMEOUT_SECONDS),
                self._session.request(method, address, data=form, allow_redirects=False) as response,
            ):
                answer = json.loads(await _read(response.content))
                return response.status, answer if isinstance(answer, dict) else {}
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            raise NotAllowed(Denial.CANNOT_CHECK, "Entra could not be reached") from error
        except ValueError as error:
            raise NotAllowed(Denial.CANNOT_CHECK, "Entra's answer made no sense") from error


async def _read(stream: aiohttp.StreamReader) -> bytes:
    """Return a body that is not absurdly long; ValueError otherwise."""
    content = b""
    async for chunk in stream.iter_any():
        content += chunk
        if len(content) > MOST_BYTES:
            raise ValueError("too long")
    return content


def _signing_keys(answer: Mapping[str, Any]) -> dict[str, jwt.PyJWK]:
    keys = answer.get("keys")
    found: dict[str, jwt.PyJWK] = {}
    for key in keys if isinstance(keys, list) else ():
        try:
            made = jwt.PyJWK(key, algorithm="RS256")
        except (jwt.PyJWTError, AttributeError, TypeError):
            continue  # a key of a kind we do not use
        if made.key_id:
            found[made.key_id] = made
    return found


def _refused(answer: Mapping[str, Any]) -> NotAllowed:
    """Entra's error codes say what is wrong; its description may quote what was sent, so it stays out."""
    error, codes = answer.get("error"), answer.get("error_codes")
    listed = " ".join(f"AADSTS{code}" for code in codes[:5]) if isinstance(codes, list) else ""
    detail = f"{error} {listed}".strip()[:120]
    log.warning("Entra did not accept the code of an approver's sign-in: %s", detail)
    return NotAllowed(Denial.STEP_UP_UNFINISHED, detail)


def _sign_in(claims: Mapping[str, Any]) -> EntraSignIn:
    at = claims.get("auth_time")
    return EntraSignIn(
        tenant=str(claims["tid"]),
        object_id=ObjectId(str(claims["oid"]).lower()),
        at=_moment(at),
        methods=_words(claims.get("amr")),
        contexts=_words(claims.get("acrs")),
    )


def _moment(seconds: object) -> datetime | None:
    """Read seconds since 1970; Entra writes some numbers as text."""
    try:
        return datetime.fromtimestamp(int(str(seconds)), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _words(claim: object) -> frozenset[str]:
    """Read a list of words; a single one may come without its list."""
    if isinstance(claim, str):
        return frozenset({claim})
    return (
        frozenset(word for word in claim if isinstance(word, str)) if isinstance(claim, list) else frozenset()
    )


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
