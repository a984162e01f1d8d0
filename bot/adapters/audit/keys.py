"""The installation's key: 32 random bytes in <state_dir>/key, made once, readable by its owner alone.

Whoever signs derives a key of its own from it, so that a signature made for one purpose proves nothing
for another. Replicas that share a store must share this file.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from bot.adapters.audit.records import journal_path
from bot.errors import AuditUnavailable

KEY_LENGTH = 32


def install_key(state_dir: Path, *, make: bool = True) -> bytes:
    """Return the installation's key; the first time, make it. AuditUnavailable when there is none to use."""
    path = state_dir / "key"
    try:
        if not path.exists():
            _refuse_a_second_key(state_dir)
            if make:
                state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
                _make(path)
        key = path.read_bytes()
    except OSError as error:
        raise AuditUnavailable(f"the key file {path} cannot be used: {error.strerror}") from error
    if len(key) != KEY_LENGTH:
        raise AuditUnavailable(
            f"the key file {path} is damaged: {len(key)} bytes instead of {KEY_LENGTH}; "
            "put it back from your backup"
        )
    return key


def _refuse_a_second_key(state_dir: Path) -> None:
    """A new key would make every record and every request look forged."""
    journal = journal_path(state_dir)
    if journal.exists() and journal.stat().st_size > 0:
        raise AuditUnavailable(
            f"the key file {state_dir / 'key'} is missing, but there is a journal signed with it: put the "
            f"key back from your backup, or move {journal.parent} away to begin a new journal"
        )


def _make(path: Path) -> None:
    """Write a whole key beside `path` and link it there: of two makers, the second keeps the first's."""
    draft = path.with_name(f".key-{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, secrets.token_bytes(KEY_LENGTH))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def subkey(key: bytes, purpose: str) -> bytes:
    """Return the key for one purpose, 32 bytes."""
    return hmac.digest(key, f"psso-bot/{purpose}/1".encode(), hashlib.sha256)
