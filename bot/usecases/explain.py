"""What does an AADSTS code mean?"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.aadsts import CodeMeaning, codes_in, lookup_page, meaning_of
from bot.errors import BadInput


@dataclass(frozen=True, slots=True)
class Explanation:
    """One code; `meaning` None: not in our list, and Microsoft's `page` may know it."""

    code: int
    meaning: CodeMeaning | None
    page: str


def explain(text: str) -> tuple[Explanation, ...]:
    """Explain every code in a text ("50076", "AADSTS50076", a pasted error), in order; else BadInput."""
    codes = codes_in(text)
    if not codes:
        raise BadInput("nothing with an AADSTS code in it, such as AADSTS50076", "code")
    return tuple(Explanation(code, meaning_of(code), lookup_page(code)) for code in codes)
