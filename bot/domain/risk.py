"""Who may be changed, and what may be written down about it."""

from __future__ import annotations

import re
from collections.abc import Collection

from bot.domain.people import User

SHORTEST_REASON = 5
LONGEST_REASON = 500
LONGEST_TICKET = 100

_SECRETS = (
    re.compile(r"\bxox[a-z]-[\w-]{6,}|\bxapp-[\w-]{6,}|\bxoxe\.\S{6,}", re.IGNORECASE),  # Slack
    re.compile(r"\beyJ[\w-]{8,}"),  # a JSON Web Token
    re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{12,}"),  # an AWS access key
    re.compile(r"\bgh[a-z]_\w{20,}|\bgithub_pat_\w{20,}"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
    re.compile(
        r"\b(?:password|passwd|passcode|passphrase|pwd|pw|secret|api[ _-]?key|token|kennwort|passwort)\b"
        r"\s*(?:[:=]|is\b)\s*\S",
        re.IGNORECASE,
    ),
    re.compile(r"\b[0-9a-f]{32,}\b", re.IGNORECASE),
    re.compile(r"\b[\w.~-]{3}8Q~[\w.~-]{31,}"),  # an Entra client secret
)


def looks_secret(text: str) -> bool:
    """Tell whether `text` seems to hold a password, key or token."""
    return any(pattern.search(text) for pattern in _SECRETS)


def problem_with_note(text: str, longest: int = LONGEST_TICKET) -> str | None:
    """Say what is wrong with an optional note, completing "That is …"; None: nothing."""
    if len(text) > longest:
        return f"too long: at most {longest} characters"
    if looks_secret(text):
        return "something that looks like a password, key or token; leave secrets out"
    return None


def problem_with_reason(text: str) -> str | None:
    """Say what is wrong with a reason, completing "That is …"; None: nothing."""
    written = text.strip()
    if not written:
        return "empty: say in a few words why"
    if len(written) < SHORTEST_REASON:
        return f"too short: at least {SHORTEST_REASON} characters"
    return problem_with_note(written, LONGEST_REASON)


def is_break_glass(user: User, break_glass: Collection[str]) -> bool:
    """Tell whether the account is on the list of those that are never touched (object ids, UPNs, mails)."""
    names = {user.id.lower(), user.user_principal_name.lower(), (user.mail or "").lower()} - {""}
    return not names.isdisjoint(name.lower() for name in break_glass)
