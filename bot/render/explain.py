"""What AADSTS codes mean, as a private Slack answer."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.aadsts import lookup_page, meaning_of
from bot.render import safe
from bot.render.blocks import Block, Message, context, message, section

MOST_CODES = 8
NO_CODE = (
    "There is no AADSTS code in that. Give a number such as `50076`, or paste the whole error text "
    "from the Mac or the sign-in log."
)
NOT_LISTED = "This code is not in our list. Microsoft's page knows the newest ones."


def explanation(codes: Sequence[int], *, key: str) -> Message:
    """Return a paragraph for each code."""
    if not codes:
        return message(NO_CODE, [section(NO_CODE)], f"explain:{key}")
    blocks = [_code(code) for code in codes[:MOST_CODES]]
    if len(codes) > MOST_CODES:
        blocks.append(context(f"{len(codes) - MOST_CODES} more codes are not shown."))
    first = meaning_of(codes[0])
    return message(f"AADSTS{codes[0]}: {first.meaning if first else NOT_LISTED}", blocks, f"explain:{key}")


def _code(code: int) -> Block:
    known = meaning_of(code)
    link = f"<{lookup_page(code)}|Microsoft's page>"
    if known is None:
        return section(f"*AADSTS{code}*\n{NOT_LISTED} {link}")
    name = f"  ·  {safe.code(known.name, 100)}" if known.name else ""
    return section(
        f"*AADSTS{code}*{name}\n{safe.prose(known.meaning, 700)}\n"
        f"*Likely cause*: {safe.prose(known.likely_cause, 700)}\n"
        f"*What to do*: {safe.prose(known.fix, 700)}\n{link}"
    )
