"""Reads what `app-sso platform -s` prints on a Mac, from a paste, after taking every secret out of it.

The output is sections of loose JSON: certificates and key material sit among the few words that help.
Sections and states: https://developer.apple.com/documentation/authenticationservices/platform-single-sign-on-sso
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import zip_longest

from bot.domain.evidence import AppSso, PasteState
from bot.errors import BadInput

MOST_BYTES = 64 * 1024
REMOVED = "<removed>"

_TYPOGRAPHIC = str.maketrans(
    dict.fromkeys("“”„‟«»″", '"') | dict.fromkeys("‘’‚‛′", "'") | {"\u00a0": " ", "\ufeff": "", "\u200b": ""}
)

_QUOTE_MARKS = re.compile(r"^(?:[ \t]{0,8}(?:>|&gt;))+", re.MULTILINE)
_PEM = re.compile(r"-----BEGIN [^\n-]{0,80}-----.*?(?:-----END [^\n-]{0,80}-----|\Z)", re.DOTALL)
_TOKEN = re.compile(r"(?<![\w-])eyJ[\w-]*(?:\.[\w-]*){1,4}")
_TELLING_WORDS = "(?:certificate|key|token|secret|passw|hash|nonce|jwk|assertion|signature|credential|salt)"
_QUOTED_SECRET = re.compile(
    rf'("[^"\n]{{0,60}}{_TELLING_WORDS}[^"\n]{{0,60}}"\s{{0,8}}[:=]\s{{0,8}})"(?:\\"|[^"])*"?', re.IGNORECASE
)
_BARE_SECRET = re.compile(
    rf"((?<!SSO )\b\w{{0,60}}{_TELLING_WORDS}\w{{0,60}}[ \t]{{0,8}}[:=][ \t]{{0,8}})[^\s,;}}{{\"']+",
    re.IGNORECASE,
)
_HEX = re.compile(
    r"(?<![0-9a-f])(?:0x)?(?:[0-9a-f]{4,}[ \t…][ \t….]{0,4}){2,}[0-9a-f]{2,}|\b0x[0-9a-f]{8,}", re.IGNORECASE
)
_FINGERPRINT = re.compile(r"\b(?:[0-9a-f]{2}[:-]){7,}[0-9a-f]{2}\b", re.IGNORECASE)
_BASE64 = re.compile(
    r"[A-Za-z0-9+/=_\\-]{32,}"
    r"(?:\s{1,8}[A-Za-z0-9+/=_\\-]{32,})*"
    r"""(?:\s{1,8}[A-Za-z0-9+/=_\\-]{1,31}(?=\s{0,4}(?:["';,>})\]]|$)))?""",
    re.MULTILINE,
)
_SECRETS = (
    (_PEM, REMOVED),
    (_TOKEN, REMOVED),
    (_QUOTED_SECRET, rf'\1"{REMOVED}"'),
    (_BARE_SECRET, rf"\1{REMOVED}"),
    (_FINGERPRINT, REMOVED),
    (_HEX, REMOVED),
    (_BASE64, REMOVED),
)
_WITH_AT = re.compile(r"""[^\s"'<>()\[\]{},;:]+""")
_LOGIN_NAME = re.compile(
    r"""\bloginUserName\b["']?\s{0,8}[:=]\s{0,8}["']?(?:<mailto:)?"""
    r"""([\w.+'-]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,24})(?=["'\s,;}|>]|$)"""
)
_PROMPT = re.compile(r"^.{0,200}[%$#][ \t]*(?=(?:sudo[ \t]+)?app-sso\b)", re.MULTILINE)
_SECTION = re.compile(
    r"\b(device configuration|login configuration|user configuration|sso tokens)[ \t]*:", re.I
)
_MARK = re.compile(r"\b(?:POLoginType|POUserState)\w|\bregistrationCompleted\b", re.IGNORECASE)
_SETTING = re.compile(r"""\b(\w{1,64})["']?[ \t]{0,8}[:=][ \t]{0,8}[^\s,}]""")
_COMPLETED = re.compile(
    r"""\bregistrationCompleted\b["']?\s{0,8}[:=]\s{0,8}["']?(true|false|yes|no|1|0)\b""", re.IGNORECASE
)
_LOGIN_TYPE = re.compile(
    r"""\bloginType\b["']?\s{0,8}[:=]\s{0,8}["']?(?:POLoginType)?([a-z]+)|\bPOLoginType([a-z]+)""",
    re.IGNORECASE,
)
_USER_STATE = re.compile(
    r"""\bPOUserState([a-z]+)|["']?\bstate["']?\s{0,8}[:=]\s{0,8}["']?(?:POUserState)?([a-z]+)""",
    re.IGNORECASE,
)
_DATE = (
    r"""["']?\s{0,16}[:=]\s{0,16}["']?(\d{4}-\d\d-\d\d)[T ]{1,4}(\d\d:\d\d:\d\d)"""
    r"""(?:\.\d{1,9})?\s?(Z|[+-]\d\d:?\d\d)?"""
)

METHODS = {
    "password": "password",
    "usersecureenclavekey": "secure enclave",
    "secureenclavekey": "secure enclave",
    "secureenclave": "secure enclave",
    "smartcard": "smart card",
}
STATES = {
    "normal": PasteState.NORMAL,
    "needsnewkeys": PasteState.NEEDS_NEW_KEYS,
    "needsregistration": PasteState.NEEDS_REGISTRATION,
    "needsbinding": PasteState.NEEDS_BINDING,
}


def redact(text: str) -> str:
    """Take certificates, keys, tokens and login names out of a paste; typographic quotes become plain."""
    return _without_names(_without_secrets(text))


def _without_secrets(text: str) -> str:
    plain = text.translate(_TYPOGRAPHIC).replace("\r\n", "\n").replace("\r", "\n")
    plain = _QUOTE_MARKS.sub("", plain)
    for pattern, instead in _SECRETS:
        plain = pattern.sub(instead, plain)
    return plain


def _without_names(text: str) -> str:
    return _WITH_AT.sub(lambda match: REMOVED if "@" in match[0] else match[0], _PROMPT.sub("", text))


def read_app_sso(text: str) -> AppSso:
    """Read a paste of `app-sso platform -s`; raise BadInput when it is something else or over 64 kB.

    Secrets are gone before anything is looked for; the login name is the one personal value kept.
    """
    if len(text.encode(errors="replace")) > MOST_BYTES:
        raise BadInput("more than 64 kB; paste only what `app-sso platform -s` prints", "app_sso")
    safe = _without_secrets(text)
    login_name = _LOGIN_NAME.search(safe)
    safe = _without_names(safe)
    sections = _sections(safe)
    if not sections and not _MARK.search(safe):
        raise BadInput(
            "not the output of `app-sso platform -s`; run it in Terminal on the Mac, as the person who "
            "registers, and paste everything it prints",
            "app_sso",
        )
    return AppSso(
        method=_method(sections.get("device configuration", "")) or _method(safe),
        registration_completed=_completed(safe),
        user_state=_user_state(sections.get("user configuration", ""))
        or _user_state(safe)
        or PasteState.UNKNOWN,
        has_device_configuration=_is_filled(sections.get("device configuration", "")),
        has_login_configuration=_is_filled(sections.get("login configuration", "")),
        has_user_configuration=_is_filled(sections.get("user configuration", "")),
        login_user_name=login_name[1] if login_name else None,
        tokens_received_at=_date("received", sections.get("sso tokens", safe)),
        taken_at=_date("time", safe),
    )


def _sections(text: str) -> dict[str, str]:
    """Return what follows each header, up to the next; of a header that is repeated, the first."""
    heads = list(_SECTION.finditer(text))
    found: dict[str, str] = {}
    for head, following in zip_longest(heads, heads[1:]):
        end = following.start() if following else len(text)
        found.setdefault(head[1].lower(), text[head.end() : end])
    return found


def _is_filled(section: str) -> bool:
    """Tell whether a section holds settings: `(null)`, nothing or empty braces mean it is not there."""
    return any(
        match[1].lower() not in ("received", "expiration", "time") for match in _SETTING.finditer(section)
    )


def _method(text: str) -> str | None:
    words = (match[1] or match[2] for match in _LOGIN_TYPE.finditer(text))
    return next((METHODS[word.lower()] for word in words if word.lower() in METHODS), None)


def _user_state(text: str) -> PasteState | None:
    words = (match[1] or match[2] for match in _USER_STATE.finditer(text))
    return next((STATES[word.lower()] for word in words if word.lower() in STATES), None)


def _completed(text: str) -> bool | None:
    match = _COMPLETED.search(text)
    return match[1].lower() in ("true", "yes", "1") if match else None


def _date(word: str, text: str) -> datetime | None:
    """Read the date after a word; without a zone it is taken as UTC, as the tool prints it."""
    match = re.search(rf"\b{word}{_DATE}", text, re.IGNORECASE)
    if match is None:
        return None
    try:
        read = datetime.fromisoformat(f"{match[1]}T{match[2]}{(match[3] or 'Z').upper()}")
        return read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
