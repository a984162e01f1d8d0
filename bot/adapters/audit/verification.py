"""Reading the journal back: is the chain whole, and what does it say?"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.adapters.audit.journal import GENESIS, Anchor, Record, read_head, signature
from bot.adapters.audit.keys import subkey
from bot.errors import AuditUnavailable


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the journal is as it was written; `first_bad` is the number of the first record at fault."""

    ok: bool
    records: int
    first_bad: int | None = None
    why: str = ""


def verify(path: Path, key: bytes, anchor: Anchor | None = None) -> Verdict:
    """Check every record of the journal against the installation's `key`.

    A tail that was cut shows only against a record known to exist: `anchor`, and the file `head` beside it.
    """
    journal_key = subkey(key, "journal")
    anchors = {known.seq: known.mac for known in (anchor, read_head(path)) if known and known.seq > 0}
    prev, seq = GENESIS, 0
    for line in _lines(path):
        seq += 1
        record = _parsed(line)
        why = _fault(record, seq, prev, journal_key)
        if why or record is None:
            return Verdict(False, seq - 1, seq, why)
        prev = str(record["mac"])
        if anchors.pop(seq, prev) != prev:
            return Verdict(False, seq - 1, seq, "is not the record that was anchored")
    if anchors:
        return Verdict(False, seq, seq + 1, f"is missing: the journal once reached record {max(anchors)}")
    return Verdict(True, seq)


def export(path: Path, since: datetime | None = None) -> Iterator[Record]:
    """Yield the journal's records, oldest first, from `since` on. Lines that are no records are left out."""
    for line in _lines(path):
        record = _parsed(line)
        if record is not None and (since is None or _written_at(record) >= since):
            yield record


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as journal:
            yield from journal
    except FileNotFoundError:
        return
    except OSError as error:
        raise AuditUnavailable(f"the journal {path} cannot be read: {error}") from error


def _parsed(line: bytes) -> Record | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _written_at(record: Record) -> datetime:
    return datetime.fromisoformat(str(record["at"]))


def _fault(record: Record | None, seq: int, prev: str, key: bytes) -> str:
    """Say what is wrong with the record that should be number `seq`; empty when nothing is."""
    if record is None:
        return "is not a record"
    if not hmac.compare_digest(signature(key, record).encode(), str(record.get("mac")).encode()):
        return "was changed: its signature does not fit"
    if record.get("seq") != seq:
        return f"is missing or was moved: record {record.get('seq')} stands in its place"
    if record.get("prev") != prev:
        return "does not follow the record before it"
    return ""
