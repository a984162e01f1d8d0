"""How the bot's app registration proves itself when it exchanges a code: secret, certificate or federation.

https://learn.microsoft.com/entra/identity-platform/certificate-credentials
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from bot.adapters.graph.credentials import AppIdentity
from bot.errors import Denial, NotAllowed, SettingsError

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFETIME = timedelta(minutes=5)


class ClientProof(Protocol):
    """Adds the client's proof to a token request."""

    def fields(self, token_endpoint: str, now: datetime) -> Mapping[str, str]:
        """Return the form fields; may read a file."""


def client_proof(identity: AppIdentity) -> ClientProof:
    """Return the proof of the first credential that is set; SettingsError when none can be used here."""
    if identity.client_secret:
        return Secret(identity.client_secret)
    if identity.certificate_path:
        return Certificate(identity.client_id or "", Path(identity.certificate_path), identity.prefix)
    if identity.federated_token_file:
        return Federated(Path(identity.federated_token_file))
    raise SettingsError(
        f"{identity.prefix}_CLIENT_SECRET",
        "(or a certificate, or a federated token file) is needed for PSSO_STEP_UP: a managed identity cannot "
        "sign people in",
    )


class Secret:
    """A client secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def fields(self, token_endpoint: str, now: datetime) -> Mapping[str, str]:
        """Return the secret itself."""
        return {"client_secret": self._secret}


class Federated:
    """A token of another issuer that Entra trusts, read anew each time because it is renewed on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def fields(self, token_endpoint: str, now: datetime) -> Mapping[str, str]:
        """Return the token as the client's assertion."""
        try:
            token = self._path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise NotAllowed(Denial.CANNOT_CHECK, "the federated token file cannot be read") from error
        return {"client_assertion_type": ASSERTION, "client_assertion": token}


class Certificate:
    """A certificate with its private key in one PEM file, or a PFX file without a password."""

    def __init__(self, client_id: str, path: Path, prefix: str) -> None:
        self._client_id = client_id
        try:
            self._key, certificate = _key_and_certificate(path.read_bytes())
        except (OSError, ValueError, TypeError) as error:
            raise SettingsError(f"{prefix}_CLIENT_CERTIFICATE_PATH", f"cannot be used ({error})") from None
        thumbprint = certificate.fingerprint(hashes.SHA256())
        self._thumbprint = base64.urlsafe_b64encode(thumbprint).rstrip(b"=").decode()

    def fields(self, token_endpoint: str, now: datetime) -> Mapping[str, str]:
        """Return an assertion for this endpoint, signed now and good for five minutes."""
        claims = {
            "aud": token_endpoint,
            "iss": self._client_id,
            "sub": self._client_id,
            "jti": str(uuid.uuid4()),
            "nbf": now,
            "exp": now + ASSERTION_LIFETIME,
        }
        signed = jwt.encode(claims, self._key, algorithm="PS256", headers={"x5t#S256": self._thumbprint})
        return {"client_assertion_type": ASSERTION, "client_assertion": signed}


def _key_and_certificate(content: bytes) -> tuple[Any, x509.Certificate]:
    if b"-----BEGIN" in content:
        key: Any = serialization.load_pem_private_key(content, password=None)
        return key, x509.load_pem_x509_certificate(content)
    key, certificate, _ = pkcs12.load_key_and_certificates(content, password=None)
    if key is None or certificate is None:
        raise ValueError("it holds no private key with its certificate")
    return key, certificate
