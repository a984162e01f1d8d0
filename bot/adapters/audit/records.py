"""What a line of the journal is, and how lines are read back."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.errors import AuditUnavailable
from bot.ports import Anchor, Noted

GENESIS = Anchor().mac
"""`prev` of the first record."""

Record = dict[str, Any]


def journal_path(state_dir: Path) -> Path:
    """Where the journal of a state directory is."""
    return state_dir / "audit" / "journal.jsonl"


def head_path(journal: Path) -> Path:
    """The file beside the journal that says how far it goes."""
    return journal.with_name("head")


def signature(key: bytes, record: Mapping[str, Any]) -> str:
    """Return the mac that belongs on a record; `key` is the one derived for the journal."""
    body = {name: value for name, value in record.items() if name != "mac"}
    return hmac.new(key, f"{record.get('prev')}{canonical(body)}".encode(), hashlib.sha256).hexdigest()


def is_signed(key: bytes, record: Mapping[str, Any]) -> bool:
    """Tell whether a record carries the mac that belongs on it."""
    return hmac.compare_digest(signature(key, record).encode(), str(record.get("mac")).encode())


def canonical(record: Mapping[str, Any]) -> str:
    """One line of JSON, the same for the same content."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def needle(name: str, value: str) -> bytes:
    """Return what a line in `canonical` form holds when a field of its record has this value.

    Within a text quotation marks are escaped, so that nobody's words can look like a field.
    """
    return f"{json.dumps(name)}:{json.dumps(value)}".encode()


def read_head(journal: Path) -> Anchor | None:
    """Return how far the file beside the journal says it goes, or None."""
    try:
        seq, mac = head_path(journal).read_text(encoding="ascii").split()
        return Anchor(int(seq), mac)
    except (OSError, ValueError):
        return None


def anchor_of(line: bytes) -> Anchor:
    """Return the number and the mac of a line; ValueError when it is no record."""
    try:
        record = json.loads(line)
        return Anchor(int(record["seq"]), str(record["mac"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError("its last line is not a record; run `psso-bot audit verify`") from error


def lines(path: Path) -> Iterator[bytes]:
    """Yield the journal's lines; none when there is no journal yet. Raises AuditUnavailable."""
    try:
        with path.open("rb") as journal:
            yield from journal
    except FileNotFoundError:
        return
    except OSError as error:
        raise AuditUnavailable(f"the journal {path} cannot be read: {error.strerror}") from error


def parsed(line: bytes | str) -> Record | None:
    """Return the record of a line, or None."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def written_at(record: Record) -> datetime:
    """Return when a record was written; 1 January 1970 when it does not say."""
    try:
        at = datetime.fromisoformat(str(record["at"]))
    except (KeyError, ValueError):
        return datetime.fromtimestamp(0, UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def chain_of(path: Path) -> str:
    """Name this journal among those of other machines: by its first record. Empty when there is none."""
    first = next(lines(path), b"")
    record = parsed(first) if first else None
    return str((record or {}).get("mac") or hashlib.sha256(first).hexdigest())[:16] if first else ""


def noted(record: Record) -> Noted:
    """Return a record as it is shown."""
    actor, detail = record.get("actor"), record.get("detail")
    detail = detail if isinstance(detail, dict) else {}
    by = actor.get("slack_id") if isinstance(actor, dict) else detail.get("slack_id")
    return Noted(
        seq=int(record.get("seq") or 0),
        at=written_at(record),
        kind=str(record.get("type") or ""),
        request_id=record.get("request_id"),
        by=str(by or ""),
        before=str(record.get("before") or ""),
        after=str(record.get("after") or ""),
        result=str(record.get("result") or ""),
        detail={str(name): str(value) for name, value in detail.items()},
    )
