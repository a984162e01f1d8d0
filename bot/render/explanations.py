"""What AADSTS codes mean, as lines for a terminal and as JSON, without a library that takes time to load."""

from __future__ import annotations

from typing import Any

from bot.domain.aadsts import lookup_page, meaning_of

UNKNOWN = "This code is not in our list. Microsoft's page knows the newest ones:"


def explanation_lines(code: int) -> list[str]:
    """Return what one code means, a line each."""
    known = meaning_of(code)
    if known is None:
        return [f"AADSTS{code}", UNKNOWN, lookup_page(code)]
    return [
        f"AADSTS{code}  {known.name}".strip(),
        known.meaning,
        f"Likely cause: {known.likely_cause}",
        f"What to do: {known.fix}",
        lookup_page(code),
    ]


def explanation_json(code: int) -> dict[str, Any]:
    """Return one explanation as the object of `explain --json`; nulls when the code is not listed."""
    known = meaning_of(code)
    return {
        "code": code,
        "known": known is not None,
        "name": known.name if known else None,
        "meaning": known.meaning if known else None,
        "likely_cause": known.likely_cause if known else None,
        "fix": known.fix if known else None,
        "category": known.category if known else None,
        "page": lookup_page(code),
    }
