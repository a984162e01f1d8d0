"""What the bot shows Entra of itself when it exchanges a code."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from bot.adapters.client_proof import ASSERTION, client_proof
from bot.adapters.graph.credentials import AppIdentity
from bot.errors import Denial, NotAllowed, SettingsError

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ENDPOINT = "https://login.microsoftonline.com/t/oauth2/v2.0/token"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def a_certificate() -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "psso-bot")])
    draft = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key())
    draft = draft.serial_number(1).not_valid_before(NOON).not_valid_after(NOON + timedelta(days=1))
    return draft.sign(KEY, hashes.SHA256())


CERTIFICATE = a_certificate()
PEM = serialization.Encoding.PEM
KEY_PEM = KEY.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
CERTIFICATE_PEM = CERTIFICATE.public_bytes(PEM)
PFX = pkcs12.serialize_key_and_certificates(b"x", KEY, CERTIFICATE, None, serialization.NoEncryption())


def an_identity(**credential: str) -> AppIdentity:
    return AppIdentity("tenant", "client", **credential)


def test_a_secret_is_sent_as_it_is() -> None:
    assert client_proof(an_identity(client_secret="s3")).fields(ENDPOINT, NOON) == {"client_secret": "s3"}


@pytest.mark.parametrize(
    "content", [KEY_PEM + CERTIFICATE_PEM, CERTIFICATE_PEM + KEY_PEM, PFX], ids=["pem", "turned", "pfx"]
)
def test_a_certificate_signs_an_assertion_for_the_endpoint(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "certificate"
    path.write_bytes(content)

    sent = client_proof(an_identity(certificate_path=str(path))).fields(ENDPOINT, NOON)

    header = jwt.get_unverified_header(sent["client_assertion"])
    claims = jwt.decode(
        sent["client_assertion"],
        KEY.public_key(),
        algorithms=["PS256"],
        audience=ENDPOINT,
        options={"verify_exp": False, "verify_nbf": False},
    )
    thumbprint = base64.urlsafe_b64encode(CERTIFICATE.fingerprint(hashes.SHA256())).rstrip(b"=").decode()
    assert sent["client_assertion_type"] == ASSERTION
    assert header["x5t#S256"] == thumbprint
    assert (claims["iss"], claims["sub"]) == ("client", "client")
    assert claims["exp"] - claims["nbf"] == 300


def test_each_assertion_is_another_one(tmp_path: Path) -> None:
    path = tmp_path / "certificate.pem"
    path.write_bytes(KEY_PEM + CERTIFICATE_PEM)
    proof = client_proof(an_identity(certificate_path=str(path)))

    assert proof.fields(ENDPOINT, NOON) != proof.fields(ENDPOINT, NOON)


@pytest.mark.parametrize("content", [b"", b"-----BEGIN nothing", KEY_PEM, CERTIFICATE_PEM])
def test_a_useless_certificate_names_the_setting(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "certificate.pem"
    path.write_bytes(content)

    with pytest.raises(SettingsError) as caught:
        client_proof(an_identity(certificate_path=str(path)))

    assert caught.value.key == "AZURE_CLIENT_CERTIFICATE_PATH"


def test_a_federated_token_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "token"
    proof = client_proof(an_identity(federated_token_file=str(path)))
    sent = []
    for token in ("a.b.c", "d.e.f"):
        path.write_text(f"{token}\n")
        sent.append(proof.fields(ENDPOINT, NOON)["client_assertion"])
    path.unlink()

    with pytest.raises(NotAllowed) as caught:
        proof.fields(ENDPOINT, NOON)

    assert sent == ["a.b.c", "d.e.f"]
    assert caught.value.denial is Denial.CANNOT_CHECK


def test_a_managed_identity_cannot_sign_people_in() -> None:
    with pytest.raises(SettingsError) as caught:
        client_proof(an_identity())

    assert caught.value.key == "AZURE_CLIENT_SECRET"
