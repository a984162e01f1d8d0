"""Reading the journal back: is the chain whole, does the second copy agree, and what does it say?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from bot.adapters.audit.keys import subkey
from bot.adapters.audit.records import GENESIS, Record, is_signed, lines, parsed, read_head, written_at
from bot.ports import Anchor


class Sink(StrEnum):
    """Where a record is wrong."""

    FILE = "the journal file"
    COPY = "the store's copy"
    EITHER = "the journal file or the store's copy"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the journal is as it was written; `first_bad` is the number of the first record at fault."""

    ok: bool
    records: int
    first_bad: int | None = None
    why: str = ""
    sink: Sink = Sink.FILE


def verify(path: Path, key: bytes, *anchors: Anchor) -> Verdict:
    """Check every record of the journal against the installation's `key`.

    A tail that was cut shows only against a record known to exist: `anchors`, and the file `head` beside it.
    The mac of an anchor may be shortened.
    """
    journal_key = subkey(key, "journal")
    known = [anchor for anchor in (*anchors, read_head(path)) if anchor and anchor.seq > 0]
    prev, seq = GENESIS, 0
    for line in lines(path):
        seq += 1
        record = parsed(line)
        why = _fault(record, seq, prev, journal_key)
        if why or record is None:
            return Verdict(False, seq - 1, seq, why)
        prev = str(record["mac"])
        if any(anchor.seq == seq and not prev.startswith(anchor.mac) for anchor in known):
            return Verdict(False, seq - 1, seq, "is not the record that was anchored")
    reached = max((anchor.seq for anchor in known), default=0)
    if reached > seq:
        return Verdict(False, seq, seq + 1, f"is missing: the journal once reached record {reached}")
    return Verdict(True, seq)


def compare(path: Path, key: bytes, copy: Mapping[int, Sequence[str]], *, trimmed: bool = False) -> Verdict:
    """Check the store's copy, lines by record number, against the file; name the first difference.

    `trimmed`: the copy is full, so its beginning may have been dropped.
    """
    journal_key = subkey(key, "journal")
    copied = {seq: set(kept) for seq, kept in copy.items()}
    first = min(copied, default=1) if trimmed else 1
    count = 0
    for line in lines(path):
        record = parsed(line) or {}
        seq = record.get("seq")
        if not isinstance(seq, int) or seq < first:
            continue
        fault = _difference(line.decode("utf-8", "replace").rstrip("\n"), copied.pop(seq, set()), journal_key)
        if fault:
            sink, why = fault
            return Verdict(False, count, seq, why, sink)
        count += 1
    if copied:
        seq = min(copied)
        return Verdict(False, count, seq, *_surplus(copied[seq], journal_key))
    return Verdict(True, count)


def _difference(line: str, kept: set[str], key: bytes) -> tuple[Sink, str] | None:
    """Say which of the two is wrong about one record, and how; None when they agree."""
    if not kept:
        return Sink.COPY, "is missing from the store's copy; the file has it"
    others = kept - {line}
    if not others:
        return None
    if not any(_is_ours(other, key) for other in others):
        return Sink.COPY, "was changed in the store's copy: its signature does not fit"
    if not _is_ours(line, key):
        return Sink.FILE, "was changed in the file: the store's copy carries our signature"
    return Sink.EITHER, (
        "differs between the file and the store's copy, and both are signed: one of them was cut and written "
        "on; compare with an anchor kept outside (--anchor)"
    )


def _surplus(kept: set[str], key: bytes) -> tuple[str, Sink]:
    if any(_is_ours(line, key) for line in kept):
        return "is missing from the file; the store's copy has it", Sink.FILE
    return "was added to the store's copy: it does not carry our signature", Sink.COPY


def _is_ours(line: str, key: bytes) -> bool:
    record = parsed(line)
    return record is not None and is_signed(key, record)


def export(path: Path, since: datetime | None = None) -> Iterator[Record]:
    """Yield the journal's records, oldest first, from `since` on. Lines that are no records are left out."""
    for line in lines(path):
        record = parsed(line)
        if record is not None and (since is None or written_at(record) >= since):
            yield record


def _fault(record: Record | None, seq: int, prev: str, key: bytes) -> str:
    """Say what is wrong with the record that should be number `seq`; empty when nothing is."""
    if record is None:
        return "is not a record"
    if not is_signed(key, record):
        return "was changed: its signature does not fit"
    if record.get("seq") != seq:
        return f"is missing or was moved: record {record.get('seq')} stands in its place"
    if record.get("prev") != prev:
        return "does not follow the record before it"
    return ""


def mentions(path: Path, *values: str) -> Iterator[Record]:
    """Yield the records in which one of `values` stands: a pseudonym, an object id, a Slack id."""
    wanted = [value.encode("ascii", "replace") for value in values if value]
    for line in lines(path):
        record = parsed(line) if any(value in line for value in wanted) else None
        if record is not None:
            yield record
