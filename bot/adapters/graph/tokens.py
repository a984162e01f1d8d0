"""Tokens for Graph, through azure-identity. Imported only when a connection is opened."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any, Protocol

from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError

from bot.adapters.graph.credentials import CLOUDS, AppIdentity, FixedToken, Identity
from bot.adapters.graph.fresh import SingleFlight
from bot.errors import SettingsError
from bot.ports import Clock

RENEW_SECONDS = 300
"""A token is renewed this long before it ends; until its end it still serves when renewal fails."""


class TokenSource(Protocol):
    """What the SDK asks for tokens."""

    async def get_token(self, *scopes: str, claims: str | None = None, **options: Any) -> AccessToken:
        """Return a token that Graph accepts; `claims` answers a claims challenge."""

    async def close(self) -> None:
        """Close connections."""


def token_source(identity: Identity, now: Clock, timeout: float) -> TokenSource:
    """Return what hands out tokens for `identity`; each fetch may take `timeout` seconds."""
    if isinstance(identity, FixedToken):
        return FixedCredential(identity)
    return KeptToken(credential_of(identity), now, timeout)


def credential_of(identity: AppIdentity) -> AsyncTokenCredential:
    """Build azure-identity's asynchronous credential; raise SettingsError for an unusable setting.

    The synchronous ones would block the event loop while they fetch a token.
    """
    from azure.identity import aio  # noqa: PLC0415  0.3 s that a fixed token does not need

    authority = {"authority": CLOUDS[identity.cloud].login}
    app = identity.client_id
    if app is None or not (
        identity.client_secret or identity.certificate_path or identity.federated_token_file
    ):
        return aio.ManagedIdentityCredential(client_id=app) if app else aio.ManagedIdentityCredential()
    key, build = _chosen(identity, app, authority)
    try:
        return build()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise SettingsError(f"{identity.prefix}_{key}", f"cannot be used ({reason})") from None


def _chosen(
    identity: AppIdentity, app: str, authority: dict[str, str]
) -> tuple[str, Callable[[], AsyncTokenCredential]]:
    from azure.identity import aio  # noqa: PLC0415

    tenant = identity.tenant_id
    if secret := identity.client_secret:
        return "CLIENT_SECRET", lambda: aio.ClientSecretCredential(tenant, app, secret, **authority)
    if path := identity.certificate_path:
        return "CLIENT_CERTIFICATE_PATH", lambda: aio.CertificateCredential(tenant, app, path, **authority)
    return "FEDERATED_TOKEN_FILE", lambda: aio.WorkloadIdentityCredential(
        tenant_id=tenant, client_id=app, token_file_path=identity.federated_token_file, **authority
    )


def roles_in(token: str) -> frozenset[str] | None:
    """Return the `roles` of an access token, to tell people what is missing; None when it is opaque.

    Nothing is decided by it: https://learn.microsoft.com/entra/identity-platform/access-tokens
    """
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return frozenset(map(str, claims.get("roles", ())))
    except (IndexError, ValueError, AttributeError, TypeError):
        return None


class KeptToken:
    """A credential that keeps its token and fetches a new one once, however many calls want it."""

    def __init__(self, inner: TokenSource, now: Clock, timeout: float) -> None:
        self._inner = inner
        self._now = now
        self._timeout = timeout
        self._token: AccessToken | None = None
        self._flight: SingleFlight[AccessToken] = SingleFlight()

    async def get_token(self, *scopes: str, claims: str | None = None, **options: Any) -> AccessToken:
        """Return the kept token, or a new one when it is about to end or Graph set a claims challenge."""
        seconds_left = self._token.expires_on - self._now().timestamp() if self._token else 0.0
        if self._token and not claims and seconds_left > RENEW_SECONDS:
            return self._token
        try:
            return await self._flight.share(lambda: self._fetch(*scopes, claims=claims, **options), claims)
        except (AzureError, OSError):  # TimeoutError is an OSError
            if self._token and not claims and seconds_left > 0:
                return self._token
            raise

    async def _fetch(self, *scopes: str, claims: str | None, **options: Any) -> AccessToken:
        # azure-core's own timeouts are minutes, and everybody would wait for the one that hangs
        async with asyncio.timeout(self._timeout):
            self._token = await self._inner.get_token(*scopes, claims=claims, **options)
        return self._token

    async def close(self) -> None:
        """Stop a fetch under way and close the credential's own connections."""
        await self._flight.close()
        await self._inner.close()


class FixedCredential:
    """Hands out the fixed token."""

    def __init__(self, fixed: FixedToken) -> None:
        self._fixed = fixed

    async def get_token(self, *_: str, **__: Any) -> AccessToken:
        """Return the token; it never ends."""
        return AccessToken(self._fixed.token, 2**62)

    async def close(self) -> None:
        """Nothing to close."""
