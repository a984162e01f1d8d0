"""What Entra's error codes mean for registration with Platform SSO, and finding codes in pasted text.

Codes: https://learn.microsoft.com/entra/identity-platform/reference-error-codes. Microsoft may change
them, so an unknown code is an ordinary answer, with a link to Microsoft's own lookup page.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class CodeMeaning:
    """One code in plain words. `name` is Microsoft's, empty when there is none."""

    code: int
    name: str
    meaning: str
    likely_cause: str
    fix: str
    category: str


_APP_OWNER = (
    "The owner of the app named in the sign-in record has to look at it; give them the correlation ID."
)
_BY_CATEGORY: Mapping[str, tuple[str, str]] = {
    "password_change": (
        "A password change did not go through.",
        "Change the password once more in a browser, then try again on the Mac.",
    ),
    "service_error": (
        "A fault inside the service.",
        "Try again later; if it repeats, open a ticket with Microsoft and give the correlation ID.",
    ),
    "service_transient": ("A short fault of the service.", "Wait a few minutes and try again."),
    "sso_interrupt": ("A normal step of a sign-in.", "Ignore it when a success follows."),
    "federation": (
        "The identity provider of a federated domain and Entra do not agree.",
        "The team that runs the identity provider has to look at it.",
    ),
    "account_not_found": (
        "Another account, or an account of another tenant, was used.",
        "Repeat with the exact user principal name shown in Entra.",
    ),
    "mfa_failed": (
        "An outside MFA provider is not set up as Entra expects.",
        "The administrator of Entra has to check the external authentication method.",
    ),
    "certificate": (
        "A certificate is not acceptable.",
        "The administrator of Entra has to check certificate-based authentication.",
    ),
}
_OTHERWISE = ("Not known as a cause of failed registration with Platform SSO.", _APP_OWNER)


@cache
def _meanings() -> Mapping[int, CodeMeaning]:
    text = files("bot.domain").joinpath("aadsts.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return {int(row["code"]): _meaning(row) for row in rows}


def _meaning(row: Mapping[str, str]) -> CodeMeaning:
    cause, fix = _BY_CATEGORY.get(row["category"], _OTHERWISE)
    return CodeMeaning(
        code=int(row["code"]),
        name=row["name"],
        meaning=row["meaning"],
        likely_cause=row["likely_cause"] or cause,
        fix=row["fix"] or fix,
        category=row["category"],
    )


def meaning_of(code: int) -> CodeMeaning | None:
    """Return what a code means, or None when it is not in our list."""
    return _meanings().get(code)


def lookup_page(code: int) -> str:
    """Return the address of Microsoft's page about a code."""
    return f"https://login.microsoftonline.com/error?code={code}"


_GUID = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE)
_CODE = re.compile(
    r"""(?<![a-z])aadsts[\s:_#-]*(?P<aadsts>\d{5,8})(?!\d)           # AADSTS50076
      | \bcodes?"?\s*[:=]?\s*"?(?P<labelled>\d{5,8})(?!\d)            # Error Code: 50076, ?code=50076
      | code"?\s*[:=]\s*"?(?P<joined>\d{5,8})(?!\d)                  # "errorCode":50076
      | codes"?\s*[:=]\s*\[(?P<listed>[\d\s,]+)\]                    # "error_codes":[50076,50079]
      | (?<![\w.:/+@#=-])(?P<bare>\d{5,8})(?![\w:/@-]|\.\d)          # 50076 in running text
    """,
    re.IGNORECASE | re.VERBOSE,
)
_ONLY_NUMBERS = re.compile(r"[\s\d,;.]*")
_PORT_BEFORE = re.compile(r"\bport[\s:=#]*$", re.IGNORECASE)


def codes_in(text: str) -> tuple[int, ...]:
    """Return the codes in a text, in order, each once: a number, AADSTS…, or a whole pasted error.

    Numbers that belong to something else (ids, times, ports) are left out. In running text a bare
    number counts only when it is a code we know.
    """
    text = _GUID.sub(" ", text)
    only_numbers = _ONLY_NUMBERS.fullmatch(text) is not None
    found = (code for match in _CODE.finditer(text) for code in _codes_of(match, text, only_numbers))
    return tuple(dict.fromkeys(code for code in found if code >= 10_000))


def _codes_of(match: re.Match[str], text: str, only_numbers: bool) -> tuple[int, ...]:
    if match["bare"] is None:
        return tuple(int(digits) for digits in re.findall(r"\d{5,8}", match[match.lastgroup or 0]))
    code = int(match["bare"])
    is_code = code in _meanings() and not _PORT_BEFORE.search(
        text[max(0, match.start() - 12) : match.start()]
    )
    return (code,) if only_numbers or is_code else ()
