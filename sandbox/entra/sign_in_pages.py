"""Entra's sign-in pages: OpenID Connect with authorization codes, PKCE and RS256 id_tokens.

Shapes: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow and
https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference

A person is chosen on a page without passwords, or at once by `?as=<user principal name>`. Every answer counts
as MFA unless the person's switch is off; a script may bend the next id_token.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.entra.tenant import Person, Tenant
from sandbox.entra.wire import Json

CLIENT_SECRET = "sandbox-client-secret"
CODE_LIFETIME = timedelta(minutes=10)
TOKEN_LIFETIME = timedelta(hours=1)
PAGE_HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'"}


class Refused(Exception):
    """An error in OAuth's shape, with an AADSTS code."""

    def __init__(self, error: str, code: int, words: str) -> None:
        super().__init__(words)
        self.error = error
        self.code = code
        self.words = words


@dataclass(frozen=True, slots=True)
class Grant:
    """One sign-in waiting to be exchanged."""

    person: Person
    query: Mapping[str, str]
    signed_in_at: datetime


@dataclass(slots=True)
class SignInPages:
    """The pages of one tenant. The signing key is made when it is first needed."""

    tenant: Tenant
    grants: dict[str, Grant] = field(default_factory=dict)
    without_mfa: set[str] = field(default_factory=set)  # object ids
    bent: Json = field(default_factory=dict)  # claims of the next id_token; null leaves one out
    forged: bool = False  # the next id_token is signed by a key that is not published
    _key: rsa.RSAPrivateKey | None = None
    _kid: str = "sandbox-key-1"

    def add_to(self, app: web.Application) -> None:
        """Mount the pages and their admin doors."""
        tenant = "/{tenant}"
        routes = (
            ("GET", f"{tenant}/v2.0/.well-known/openid-configuration", self._configuration),
            ("GET", f"{tenant}/discovery/v2.0/keys", self._keys),
            ("GET", f"{tenant}/oauth2/v2.0/authorize", self._authorize),
            ("POST", f"{tenant}/oauth2/v2.0/token", self._token),
            ("POST", "/_admin/users/{name}/mfa", self._switch_mfa),
            ("POST", "/_admin/id-token", self._bend),
        )
        for method, path, handler in routes:
            app.router.add_route(method, path, handler)

    async def _configuration(self, request: web.Request) -> web.Response:
        root = f"{request.scheme}://{request.host}"
        tenant = self._named(request)
        return web.json_response(
            {
                "issuer": f"{root}/{tenant}/v2.0",
                "authorization_endpoint": f"{root}/{tenant}/oauth2/v2.0/authorize",
                "token_endpoint": f"{root}/{tenant}/oauth2/v2.0/token",
                "jwks_uri": f"{root}/{tenant}/discovery/v2.0/keys",
                "response_modes_supported": ["query"],
                "response_types_supported": ["code"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "profile"],
            }
        )

    async def _keys(self, _: web.Request) -> web.Response:
        jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._signing_key().public_key()))
        return web.json_response({"keys": [{**jwk, "kid": self._kid, "use": "sig", "kty": "RSA"}]})

    async def _authorize(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        try:
            self._check_ask(request, query)
        except Refused as problem:
            return _page(f"AADSTS{problem.code}: {problem.words}", "", 400)
        chosen = query.pop("as", "")
        if not chosen:
            return _page("Sign in", self._choices(query))
        if chosen == "nobody":
            back = {"error": "access_denied", "error_description": "AADSTS65004: declined"}
            return _back(query, back)
        person = self.tenant.person(chosen)
        if person is None or not person.facts.get("accountEnabled"):
            return _page("AADSTS50034: the account does not exist or is disabled", "", 400)
        code = secrets.token_urlsafe(32)
        self.grants[code] = Grant(person, query, self.tenant.now())
        return _back(query, {"code": code, "session_state": str(uuid.uuid4())})

    def _check_ask(self, request: web.Request, query: Mapping[str, str]) -> None:
        redirect = urlsplit(query.get("redirect_uri", ""))
        if query.get("client_id") != self.tenant.app.app_id:
            raise Refused("unauthorized_client", 700016, "the application was not found in the directory")
        if self._named(request) != self.tenant.id:
            raise Refused("invalid_request", 90002, "no such tenant")
        if redirect.hostname not in ("127.0.0.1", "localhost"):
            raise Refused("invalid_request", 50011, "the redirect URI does not match the ones configured")
        if query.get("response_type") != "code" or "openid" not in query.get("scope", "").split():
            raise Refused("invalid_request", 900144, "response_type=code and scope openid are needed")
        if query.get("code_challenge_method") != "S256" or len(query.get("code_challenge", "")) != 43:
            raise Refused("invalid_request", 501491, "the code challenge is not usable")

    def _choices(self, query: Mapping[str, str]) -> str:
        hint = query.get("login_hint", "").casefold()
        people = sorted(self.tenant.living(), key=lambda one: (one.upn.casefold() != hint, one.upn))
        links = []
        for person in people:
            target = escape("?" + urlencode({**query, "as": person.upn}))
            links.append(f'<li><a href="{target}">{escape(person.upn)}</a></li>')
        decline = escape("?" + urlencode({**query, "as": "nobody"}))
        return f'<ul>{"".join(links)}</ul><p><a href="{decline}">Cancel</a></p>'

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        try:
            grant = self._redeemed(form)
        except Refused as problem:
            refusal: Json = {
                "error": problem.error,
                "error_description": f"AADSTS{problem.code}: {problem.words}",
                "error_codes": [problem.code],
            }
            return web.json_response(refusal, status=400)
        issuer = f"{request.scheme}://{request.host}/{self._named(request)}/v2.0"
        body = {
            "token_type": "Bearer",
            "scope": "openid profile",
            "expires_in": int(TOKEN_LIFETIME.total_seconds()),
            "access_token": secrets.token_urlsafe(24),
            "id_token": self._signed(self._claims(grant, issuer)),
        }
        return web.json_response(body, headers={"Cache-Control": "no-store"})

    def _redeemed(self, form: Mapping[str, str]) -> Grant:
        """Return the grant of a code and end it; a code works once, for its client, address and verifier."""
        if form.get("client_id") != self.tenant.app.app_id or not _proves_itself(form):
            raise Refused("invalid_client", 7000215, "the client's proof is not valid")
        grant = self.grants.pop(form.get("code", ""), None)
        if grant is None or self.tenant.now() - grant.signed_in_at > CODE_LIFETIME:
            raise Refused("invalid_grant", 54005, "the code was redeemed already or has expired")
        if form.get("redirect_uri") != grant.query["redirect_uri"]:
            raise Refused("invalid_grant", 50011, "the redirect URI is another one")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != grant.query["code_challenge"]:
            raise Refused("invalid_grant", 501481, "the code verifier does not match")
        return grant

    def _claims(self, grant: Grant, issuer: str) -> Json:
        now, person = self.tenant.now(), grant.person
        has_mfa = person.id not in self.without_mfa
        claims: Json = {
            "ver": "2.0",
            "iss": issuer,
            "aud": self.tenant.app.app_id,
            "sub": self.tenant.new_id("sub", person.key),
            "oid": person.id,
            "tid": self.tenant.id,
            "name": person.facts["displayName"],
            "preferred_username": person.upn,
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "exp": int((now + TOKEN_LIFETIME).timestamp()),
            "auth_time": int(grant.signed_in_at.timestamp()),
            "amr": ["pwd", "mfa"] if has_mfa else ["pwd"],
            "acr": "1",
        }
        if "nonce" in grant.query:
            claims["nonce"] = grant.query["nonce"]
        if (context := _wanted_context(grant.query)) and has_mfa:
            claims["acrs"] = [context]
        claims.update(self.bent)
        self.bent = {}
        return {name: value for name, value in claims.items() if value is not None}

    def _signed(self, claims: Json) -> str:
        key = self._signing_key()
        if self.forged:
            self.forged, key = False, _new_key()
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": self._kid})

    def _signing_key(self) -> rsa.RSAPrivateKey:
        if self._key is None:
            self._key = _new_key()
        return self._key

    async def _switch_mfa(self, request: web.Request) -> web.Response:
        """POST users/{}/mfa {"answers": false}: this person signs in with a password alone."""
        person = self.tenant.anybody(request.match_info["name"])
        if person is None:
            return web.json_response({"error": "nobody of that name"}, status=404)
        answers = bool((await request.json())["answers"])
        (self.without_mfa.discard if answers else self.without_mfa.add)(person.id)
        return web.json_response({"answers": answers})

    async def _bend(self, request: web.Request) -> web.Response:
        """POST id-token {"claims": {…}, "forged": false}: what the next id_token says instead."""
        sent: dict[str, Any] = await request.json()
        self.bent, self.forged = dict(sent.get("claims", {})), bool(sent.get("forged", False))
        return web.json_response({"claims": self.bent, "forged": self.forged})

    @staticmethod
    def _named(request: web.Request) -> str:
        return request.match_info["tenant"].lower()


def _proves_itself(form: Mapping[str, str]) -> bool:
    """A secret must be ours; an assertion is believed, for the sandbox knows no certificates."""
    return form.get("client_secret") == CLIENT_SECRET or form.get("client_assertion", "").count(".") == 2


def _wanted_context(query: Mapping[str, str]) -> str:
    try:
        wanted = json.loads(query.get("claims", "{}"))
        return str(wanted["id_token"]["acrs"]["value"])
    except (ValueError, KeyError, TypeError):
        return ""


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _back(query: Mapping[str, str], answer: Mapping[str, str]) -> web.Response:
    carried = {**answer, "state": query["state"]} if "state" in query else dict(answer)
    return web.Response(
        status=302, headers={"Location": f"{query['redirect_uri']}?{urlencode(carried)}", **PAGE_HEADERS}
    )


def _page(title: str, body: str, status: int = 200) -> web.Response:
    text = f"<!doctype html><title>{escape(title)}</title><h1>{escape(title)}</h1>{body}"
    return web.Response(text=text, status=status, content_type="text/html", headers=PAGE_HEADERS)
