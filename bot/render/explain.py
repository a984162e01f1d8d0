"""What AADSTS codes mean, as a private Slack answer."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.aadsts import lookup_page, meaning_of
from bot.render import safe
from bot.render.blocks import Block, Message, context, message, section
from bot.render.phrases import phrase
from bot.render.words import N_, _, ngettext

MOST_CODES = 8
PAGE = N_("Microsoft's page")
NO_CODE = N_(
    "There is no AADSTS code in that. Give a number such as `50076`, or paste the whole error text "
    "from the Mac or the sign-in log."
)
NOT_LISTED = N_("This code is not in our list. Microsoft's page knows the newest ones.")


def explanation(codes: Sequence[int], *, key: str) -> Message:
    """Return a paragraph for each code."""
    if not codes:
        return message(_(NO_CODE), [section(_(NO_CODE))], f"explain:{key}")
    blocks = [_code(code) for code in codes[:MOST_CODES]]
    if len(codes) > MOST_CODES:
        more = len(codes) - MOST_CODES
        words = ngettext("{count} more code is not shown.", "{count} more codes are not shown.", more)
        blocks.append(context(words.format(count=more)))
    first = meaning_of(codes[0])
    meaning = phrase(first.meaning) if first else _(NOT_LISTED)
    return message(f"AADSTS{codes[0]}: {meaning}", blocks, f"explain:{key}")


def _code(code: int) -> Block:
    known = meaning_of(code)
    link = f"<{lookup_page(code)}|{_(PAGE)}>"
    if known is None:
        return section(f"*AADSTS{code}*\n{_(NOT_LISTED)} {link}")
    name = f"  ·  {safe.code(known.name, 100)}" if known.name else ""
    return section(
        f"*AADSTS{code}*{name}\n{safe.prose(phrase(known.meaning), 700)}\n"
        f"*{_('Likely cause')}*: {safe.prose(phrase(known.likely_cause), 700)}\n"
        f"*{_('What to do')}*: {safe.prose(phrase(known.fix), 700)}\n{link}"
    )
