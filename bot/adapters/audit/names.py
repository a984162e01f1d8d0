"""Whom the journal's pseudonyms stand for: sealed beside it, for the holder of the installation's key.

One line a pseudonym: the pseudonym, and its value under AES-256-GCM with the pseudonym as associated data,
so that no line can be passed off as another's. Taking a line out, or the whole file, makes a pseudonym
unreadable for good and leaves the journal's chain whole.
https://cryptography.io/en/latest/hazmat/primitives/aead/#cryptography.hazmat.primitives.ciphers.aead.AESGCM
"""

from __future__ import annotations

import logging
import os
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.adapters.audit.files import open_to_append, write_durably
from bot.adapters.audit.keys import subkey

NONCE_LENGTH = 12

log = logging.getLogger(__name__)


def names_path(journal: Path) -> Path:
    """The file of sealed names beside the journal."""
    return journal.with_name("names.sealed")


class Names:
    """The sealed names beside one journal. `key` is the installation's."""

    def __init__(self, journal: Path, key: bytes) -> None:
        self.path = names_path(journal)
        self._seal = AESGCM(subkey(key, "names"))
        self._kept: set[str] | None = None

    def keep(self, pseudonym: str, value: str) -> None:
        """Remember whom a pseudonym stands for, once. A name that cannot be kept does not stop the record."""
        try:
            if self._kept is None:
                self._kept = set(self._sealed())
            if pseudonym not in self._kept:
                self._append(pseudonym, value)
                self._kept.add(pseudonym)
        except OSError as error:
            log.warning("whom a pseudonym stands for could not be kept: %s", error.strerror)

    def reveal(self, pseudonym: str) -> str | None:
        """Return whom a pseudonym stands for; None when it is not known, or was sealed with another key."""
        try:
            sealed = self._sealed().get(pseudonym, b"")
            return self._seal.decrypt(
                sealed[:NONCE_LENGTH], sealed[NONCE_LENGTH:], pseudonym.encode()
            ).decode()
        except (InvalidTag, ValueError, OSError):
            return None

    def _append(self, pseudonym: str, value: str) -> None:
        nonce = os.urandom(NONCE_LENGTH)
        sealed = nonce + self._seal.encrypt(nonce, value.encode(), pseudonym.encode())
        descriptor = open_to_append(self.path)
        try:
            # A line end first: what a crash may have left of the line before ends there.
            write_durably(descriptor, f"\n{pseudonym} {b64encode(sealed).decode()}\n".encode())
        finally:
            os.close(descriptor)

    def _sealed(self) -> dict[str, bytes]:
        try:
            rows = self.path.read_text(encoding="ascii", errors="replace").split("\n")
        except FileNotFoundError:
            return {}
        found = {}
        for row in rows:
            pseudonym, _, text = row.partition(" ")
            try:
                found[pseudonym] = b64decode(text, validate=True)
            except (NotBase64, ValueError):
                continue
        return {pseudonym: sealed for pseudonym, sealed in found.items() if sealed}
