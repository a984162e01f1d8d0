"""What personal data becomes before it is written down: a short keyed hash, the same for the same value.

Whoever holds the installation's key can tell whether a record is about a given person; nobody else can.
`bot.adapters.audit.names` keeps the way back, sealed with the same key.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Callable, Mapping

from bot.adapters.audit.keys import subkey

PERSONAL = frozenset(
    {"upn", "user_principal_name", "mail", "email", "name", "display_name", "ip", "ip_address", "phone"}
)
"""Names of details whose whole value is personal."""

_ADDRESS = re.compile(r"[^\s@<>\"'(),;:|]+@[^\s@<>\"'(),;:|]+\.[^\s@<>\"'(),;:|]*\w")
_DIGITS = re.compile(r"(?<![\w.:])[0-9A-Fa-f:.]*[.:][0-9A-Fa-f:.]*[0-9A-Fa-f:](?![\w:])")


class Redaction:
    """Hashes personal data with this installation's key; `keep` is told whom each hash stands for."""

    def __init__(self, key: bytes, keep: Callable[[str, str], None] | None = None) -> None:
        self._salt = subkey(key, "pseudonyms")
        self._keep = keep

    def pseudonym(self, value: str) -> str:
        """Return what stands for `value` in the journal; letter case does not matter."""
        digest = hmac.new(self._salt, value.strip().lower().encode(), hashlib.sha256).hexdigest()
        return f"h:{digest[:24]}"

    def text(self, text: str) -> str:
        """Return `text` with every mail address, UPN and IP address replaced."""
        text = _ADDRESS.sub(lambda found: self._replaced(found[0]), text)
        return _DIGITS.sub(lambda found: self._unless_number(found[0]), text)

    def detail(self, detail: Mapping[str, str]) -> dict[str, str]:
        """Return details with personal values replaced."""
        return {
            name: self._replaced(value) if name.lower() in PERSONAL and value else self.text(value)
            for name, value in detail.items()
        }

    def _unless_number(self, text: str) -> str:
        try:
            ipaddress.ip_address(text)
        except ValueError:
            return text
        return self._replaced(text)

    def _replaced(self, value: str) -> str:
        pseudonym = self.pseudonym(value)
        if self._keep is not None:
            self._keep(pseudonym, value.strip())
        return pseudonym
