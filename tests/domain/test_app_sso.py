"""Reading a paste of `app-sso platform -s`, and what must never survive it."""

from __future__ import annotations

import base64
import string
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.app_sso import MOST_BYTES, read_app_sso, redact
from bot.domain.evidence import AppSso, PasteState
from bot.errors import BadInput

CERTIFICATE = base64.b64encode(bytes(range(200)) * 3).decode()
HEALTHY = f"""Time: 2026-04-25 09:41:29 +0000

Device Configuration:
 {{
  "deviceSigningCertificate" : "{CERTIFICATE}",
  "extensionIdentifier" : "com.microsoft.CompanyPortalMac.ssoextension",
  "fileVaultPolicy" : "AttemptAuthentication (1)",
  "loginFrequency" : 64800,
  "loginType" : "POLoginTypePassword (1)",
  "registrationCompleted" : true,
  "sharedDeviceKeys" : true
}}

Login Configuration:
 {{
  "additionalScopes" : "aza urn:aad:tb:update:prt/.default profile offline_access openid",
  "clientID" : "29d9ed98-a469-4536-ade2-f981bc1d605e",
  "federationPredicate" : "account_type = 'Federated'",
  "invalidCredentialPredicate" : "error = 'invalid_grant' AND suberror != 'device_authentication_failed'",
  "tokenEndpointURL" : "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token",
  "userSEPKeyBiometricPolicy" : "None (0)"
}}

User Configuration:
 {{
  "lastLoginDate" : "2026-04-25T09:17:44Z",
  "loginType" : "POLoginTypePassword (1)",
  "state" : "POUserStateNormal (0)",
  "userLoginConfiguration" : {{ "loginUserName" : "ada@contoso.com" }}
}}

SSO Tokens:
Received:
2026-04-25T09:17:44Z
Expiration:
2026-05-09T09:17:43Z (Not Expired)
"""
READ = AppSso(
    method="password",
    registration_completed=True,
    user_state=PasteState.NORMAL,
    has_device_configuration=True,
    has_login_configuration=True,
    has_user_configuration=True,
    login_user_name="ada@contoso.com",
    tokens_received_at=datetime(2026, 4, 25, 9, 17, 44, tzinfo=UTC),
    taken_at=datetime(2026, 4, 25, 9, 41, 29, tzinfo=UTC),
)

NO_TOKENS = """Time: 2026-09-10 08:20:00 +0000
Device Configuration:
 {
  "loginType" : "POLoginTypePassword (1)",
  "registrationCompleted" : true,
}

Login Configuration:
 {
  "clientID" : "29d9ed98-a469-4536-ade2-f981bc1d605e",
}

User Configuration:
 {
  "state" : "POUserStateNeedsRegistration (2)",
  "loginType" : "POLoginTypePassword (1)"
}

SSO Tokens:
(null)
"""

NEVER_STARTED = """Time: 2026-09-10 08:20:00 +0000
Device Configuration:
 (null)
Login Configuration:
 (null)
User Configuration:
 (null)
SSO Tokens:
Received:
(null)
Expiration:
(null)
"""

TYPOGRAPHIC = {'"': "“", "'": "’"}


def test_a_healthy_mac_is_read() -> None:
    assert read_app_sso(HEALTHY) == READ


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("Windows line ends", lambda text: text.replace("\n", "\r\n")),
        ("typographic quotes", lambda text: text.translate(str.maketrans(TYPOGRAPHIC))),
        ("guillemets", lambda text: text.replace('"', "«")),
        ("no quotes", lambda text: text.replace('"', "")),
        ("no braces", lambda text: text.replace("{", "").replace("}", "")),
        ("trailing commas", lambda text: text.replace("\n}", ",\n}")),
        ("tight colons", lambda text: text.replace('" : ', '":')),
        ("wide colons", lambda text: text.replace('" : ', '"   :   ')),
        ("no-break spaces", lambda text: text.replace(" : ", "\u00a0:\u00a0")),
        ("a shell prompt", lambda text: f"ada@Adas-MacBook-Pro ~ % app-sso platform -s\n{text}"),
        ("a code fence", lambda text: f"```\n{text}```"),
        ("quoted in chat", lambda text: "".join(f"> {line}\n" for line in text.splitlines())),
        ("quoted and escaped", lambda text: "".join(f"&gt; {line}\n" for line in text.splitlines())),
        ("linked", lambda text: text.replace("ada@contoso.com", "<mailto:ada@contoso.com|ada@contoso.com>")),
        ("words around", lambda text: f"Hi, this is what it says:\n{text}\nThanks!"),
        ("indentation", lambda text: "".join(f"\t{line}\n" for line in text.splitlines())),
        ("escaped slashes", lambda text: text.replace("/", "\\/")),
        ("wrapped certificate", lambda text: text.replace(CERTIFICATE, wrapped(CERTIFICATE))),
    ],
)
def test_the_loose_format_is_tolerated(name: str, change: object) -> None:
    assert callable(change)

    assert read_app_sso(change(HEALTHY)) == READ, name


def wrapped(text: str, width: int = 64) -> str:
    return "\n".join(text[start : start + width] for start in range(0, len(text), width))


def test_device_step_done_and_no_tokens() -> None:
    read = read_app_sso(NO_TOKENS)

    assert (read.has_device_configuration, read.has_login_configuration) == (True, True)
    assert read.user_state is PasteState.NEEDS_REGISTRATION
    assert read.tokens_received_at is None
    assert read.taken_at == datetime(2026, 9, 10, 8, 20, tzinfo=UTC)


def test_never_started() -> None:
    assert read_app_sso(NEVER_STARTED) == AppSso(taken_at=datetime(2026, 9, 10, 8, 20, tzinfo=UTC))


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("POUserStateNormal (0)", PasteState.NORMAL),
        ("POUserStateNeedsNewKeys (1)", PasteState.NEEDS_NEW_KEYS),
        ("POUserStateNeedsRegistration (2)", PasteState.NEEDS_REGISTRATION),
        ("POUserStateNeedsBinding (3)", PasteState.NEEDS_BINDING),
        ("POUserStateSomethingNew (9)", PasteState.UNKNOWN),
    ],
)
def test_user_state(word: str, state: PasteState) -> None:
    assert read_app_sso(f'User Configuration:\n {{ "state" : "{word}" }}').user_state is state


@pytest.mark.parametrize(
    ("word", "method"),
    [
        ("POLoginTypePassword (1)", "password"),
        ("POLoginTypeUserSecureEnclaveKey (2)", "secure enclave"),
        ("POLoginTypeSmartCard (3)", "smart card"),
        ("POLoginTypeTelepathy (9)", None),
    ],
)
def test_method(word: str, method: str | None) -> None:
    assert read_app_sso(f'Device Configuration:\n {{ "loginType" : "{word}" }}').method == method


@pytest.mark.parametrize(
    ("word", "completed"), [("true", True), ("false", False), ("1", True), ("(null)", None)]
)
def test_registration_completed(word: str, completed: bool | None) -> None:
    text = f'Device Configuration:\n {{ "registrationCompleted" : {word} }}'

    assert read_app_sso(text).registration_completed is completed


@pytest.mark.parametrize("cut", range(0, len(HEALTHY), 97))
def test_a_cut_paste_is_read_as_far_as_it_goes(cut: int) -> None:
    try:
        read = read_app_sso(HEALTHY[:cut])
    except BadInput:
        assert "Device Configuration:" not in HEALTHY[:cut]
    else:
        assert read.registration_completed in (True, None)
        assert CERTIFICATE[:32] not in redact(HEALTHY[:cut])


@pytest.mark.parametrize(
    "text", ["", "hello", "50076", "Configuration: fine", '{"a": 1}', "zsh: command not found: app-sso"]
)
def test_something_else_is_refused_with_the_way_to_do_it(text: str) -> None:
    with pytest.raises(BadInput, match="run it in Terminal"):
        read_app_sso(text)


def test_a_paste_over_64_kb_is_refused() -> None:
    with pytest.raises(BadInput, match="64 kB"):
        read_app_sso(HEALTHY + "ü" * (MOST_BYTES // 2))


def test_impossible_dates_are_unknown() -> None:
    text = "SSO Tokens:\nReceived:\n2026-13-45T09:17:44Z\nExpiration:\n0001-01-01T00:00:00+2359"

    read = read_app_sso(text)

    assert read.tokens_received_at is None


# Redaction

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"
PEM = f"-----BEGIN CERTIFICATE-----\n{wrapped(CERTIFICATE)}\n-----END CERTIFICATE-----"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"x {PEM} y", CERTIFICATE[:40]),
        (f"-----BEGIN PRIVATE KEY-----\n{CERTIFICATE[:20]}", CERTIFICATE[:20]),
        (f"token {JWT} end", "eyJ"),
        ("key 308204ac30820394a003020102020900 end", "308204ac"),
        ("{length = 12, bytes = 0x308204ac 30820394 a0030201 ... 02090000 }", "30820394"),
        ("<308204ac 30820394 a0030201>", "30820394"),
        ("AA:BB:CC:DD:EE:FF:00:11:22:33", "DD:EE"),
        ('"refreshToken" : "short"', "short"),
        ('"encryptionKey" : "with \\" quote', "quote"),
        ("deviceKeyHash = short;", "short"),
        ("“nonce” : “short”", "short"),
        ('"loginUserName" : "ada@contoso.com"', "ada@"),
        ("mail to Ada.Example+x@contoso.com, please", "Ada.Example"),
        ("ada@Adas-MacBook-Pro ~ % app-sso platform -s", "Adas"),
        ("ada % app-sso platform -s", "ada"),
        ("https://login.microsoftonline.com/x?login_hint=ada@contoso.com", "ada@"),
    ],
)
def test_secrets_are_taken_out(text: str, secret: str) -> None:
    assert secret in text

    assert secret not in redact(text)


def test_redaction_leaves_what_helps() -> None:
    safe = redact(HEALTHY)

    for words in (
        "POLoginTypePassword (1)",
        "registrationCompleted",
        "POUserStateNormal",
        "2026-05-09T09:17:43Z",
    ):
        assert words in safe
    assert redact(safe) == safe


raw_keys = st.binary(min_size=24, max_size=400)
secrets = st.one_of(
    raw_keys.map(lambda raw: base64.b64encode(raw).decode()),
    raw_keys.map(lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("=")),
    raw_keys.map(bytes.hex),
)
PLACES = (
    '"deviceSigningCertificate" : "@@"',
    '"somethingElse" : "@@"',
    "somethingElse = @@;",
    '"loginUserName" : "@@"',
    '"loginUserName" : "@@@contoso.com"',
    '"loginUserName" : "ada@@@.com"',
    '"state" : "POUserState@@"',
    '"loginType" : "POLoginType@@"',
    '"registrationCompleted" : @@',
    "Received:\n@@",
    "@@",
)


def strings_of(read: AppSso) -> str:
    return f"{read.method} {read.login_user_name}"


@settings(max_examples=150, deadline=None)
@given(secrets, st.sampled_from(PLACES), st.booleans())
def test_no_secret_survives(secret: str, place: str, wrap: bool) -> None:
    line = place.replace("@@", wrapped(secret) if wrap else secret, 1)
    text = f"{HEALTHY.replace('ada@contoso.com', '<upn>')}\nUser Configuration:\n {{ {line} }}"

    pieces = {secret[start : start + 16] for start in range(0, len(secret) - 15, 8)}

    for said in (redact(text), strings_of(read_app_sso(text))):
        assert not any(piece in said for piece in pieces)


WORDS = (
    "Device Configuration:",
    "User Configuration:",
    "SSO Tokens:",
    "(null)",
    '"loginUserName" : "',
    "loginType : POLoginType",
    "POUserState",
    "registrationCompleted",
    "-----BEGIN ",
    "eyJ",
    "Received:",
    "2026-04-25T09:17:44",
    "+9999",
    "ada@contoso.com",
    "\\",
    '"',
    "\n",
    "\ud800",
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=12)), max_size=30).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    redact(text)
    try:
        read = read_app_sso(text)
    except BadInput as problem:
        assert str(problem)  # noqa: PT017
    else:
        assert isinstance(read, AppSso)


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "f",
        '"',
        '"key',
        "eyJ-",
        "eyJ.",
        "a@",
        "@",
        "-----BEGIN ",
        "0x",
        "aaaa ",
        " ",
        "\n",
        "key : ",
        "aa:",
        "state",
        "$",
        string.ascii_letters + "\n",
        "loginUserName : a",
        "Device Configuration:",
        "\\",
        "x = 'y' ",
        ">",
        " \n>",
    ],
)
def test_hostile_pastes_cost_no_time(piece: str) -> None:
    text = "Device Configuration:" + piece * ((MOST_BYTES - 100) // len(piece))
    start = time.process_time()

    read_app_sso(text)

    assert time.process_time() - start < 2
