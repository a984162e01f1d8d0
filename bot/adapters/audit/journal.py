"""The journal: one JSON object a line, each signed together with the one before it.

`mac` = HMAC-SHA256(key, prev ‖ canonical JSON of the record without `mac`), where `prev` is the mac of the
record before. A line that is edited, removed or moved breaks the chain; the file `head` beside it, and the
copy in the store, show a tail that was cut off.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import hmac
import json
import logging
import os
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any, Protocol

from bot.adapters.audit.keys import subkey
from bot.adapters.audit.redaction import Redaction
from bot.domain.approval import Person
from bot.errors import AuditUnavailable, StoreUnavailable
from bot.ports import Clock, Entry

log = logging.getLogger(__name__)

GENESIS = "0" * 64
"""`prev` of the first record."""

Record = dict[str, Any]


class Copy(Protocol):
    """A second place for the journal's lines."""

    async def append(self, seq: int, mac: str, line: str) -> None:
        """Keep a line; StoreUnavailable when that is not possible."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The journal reached this record; `seq` 0 means nothing was written yet."""

    seq: int = 0
    mac: str = GENESIS


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


def canonical(record: Mapping[str, Any]) -> str:
    """One line of JSON, the same for the same content."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def read_head(journal: Path) -> Anchor | None:
    """Return how far the file beside the journal says it goes, or None."""
    try:
        seq, mac = head_path(journal).read_text(encoding="ascii").split()
        return Anchor(int(seq), mac)
    except (OSError, ValueError):
        return None


class FileJournal:
    """The port Journal, in <state_dir>/audit/journal.jsonl. Several processes may write to one file.

    `key` is the installation's. The copy may fail, with a warning; the file may not.
    """

    def __init__(
        self,
        state_dir: Path,
        key: bytes,
        now: Clock,
        *,
        config_hash: Callable[[], str] = str,
        copy: Copy | None = None,
    ) -> None:
        self.path = journal_path(state_dir)
        self._key = subkey(key, "journal")
        self._redaction = Redaction(key)
        self._now = now
        self._config_hash = config_hash
        self._copy = copy
        self._turn = threading.Lock()
        self._size = -1  # of the file after our last write; another size means somebody else wrote
        self._last = Anchor()
        self._available = True

    @property
    def available(self) -> bool:
        """Whether the last write succeeded (true before the first)."""
        return self._available

    async def write(self, entry: Entry) -> None:
        """Append one record and wait until the disk has it; AuditUnavailable otherwise."""
        reached, line = await asyncio.to_thread(self._append, entry)
        if self._copy is None:
            return
        try:
            await self._copy.append(reached.seq, reached.mac, line)
        except StoreUnavailable as error:
            log.warning("the journal's copy lags behind: %s", error)

    async def check(self) -> None:
        """Find out whether records could be written, without writing one; AuditUnavailable otherwise."""
        await asyncio.to_thread(self._check)

    def _check(self) -> None:
        with self._turn, self._opened():
            pass

    def _append(self, entry: Entry) -> tuple[Anchor, str]:
        with self._turn, self._opened() as descriptor:
            line = self._write_record(descriptor, self._record_of(entry))
            self._available = True
            return self._last, line

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """The journal, locked, whole, and with its last record known."""
        try:
            descriptor = _open(self.path)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                self._catch_up(descriptor)
                yield descriptor
            finally:
                os.close(descriptor)
        except (OSError, ValueError) as error:
            self._available = False
            raise AuditUnavailable(f"the journal {self.path} cannot be written: {error}") from error

    def _record_of(self, entry: Entry) -> Record:
        return {
            "type": entry.kind,
            "request_id": entry.request_id,
            "actor": _actor(entry.actor),
            "target": entry.target,
            "before": entry.before,
            "after": entry.after,
            "result": self._redaction.text(entry.result),
            "graph_request_id": entry.graph_request_id,
            "detail": self._redaction.detail(entry.detail),
            "config_hash": self._config_hash(),
        }

    def _write_record(self, descriptor: int, record: Record) -> str:
        at = self._now().astimezone(UTC).isoformat(timespec="milliseconds")
        record |= {"seq": self._last.seq + 1, "at": at, "prev": self._last.mac}
        record["mac"] = signature(self._key, record)
        line = canonical(record)
        _write_durably(descriptor, f"{line}\n".encode())
        self._size = os.fstat(descriptor).st_size
        self._last = Anchor(record["seq"], record["mac"])
        self._note_head()
        return line

    def _note_head(self) -> None:
        """Say beside the journal how far it goes. It may lag after a power cut, but never lead."""
        head = os.open(head_path(self.path), os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            os.pwrite(head, f"{self._last.seq:020d} {self._last.mac}\n".encode(), 0)
        finally:
            os.close(head)

    def _catch_up(self, descriptor: int) -> None:
        """Learn what other processes wrote, and put a line that was torn by a crash aside."""
        size = os.fstat(descriptor).st_size
        if size == self._size:
            return
        whole, torn = _split_tail(descriptor, size)
        # A file that was cut stays behind what is known: go on from there, so that verify shows the gap.
        reached = (self._last, read_head(self.path), _anchor_of(whole) if whole else None)
        self._last = max((known for known in reached if known), key=lambda known: known.seq)
        if torn:
            name = self._put_aside(torn)
            os.ftruncate(descriptor, size - len(torn))
            repair = Entry("journal.repaired", detail={"bytes": str(len(torn)), "file": name})
            self._write_record(descriptor, self._record_of(repair))
        self._size = os.fstat(descriptor).st_size

    def _put_aside(self, torn: bytes) -> str:
        path = self.path.with_name(f"torn-after-{self._last.seq}.jsonl")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            _write_durably(descriptor, torn)
        finally:
            os.close(descriptor)
        return path.name


def _actor(person: Person | None) -> dict[str, str] | None:
    """Ids are needed to act on a record; the name is not."""
    if person is None:
        return None
    return {"object_id": person.object_id, "slack_id": person.slack_id, "team_id": person.team_id}


def _open(path: Path) -> int:
    path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or not status.st_mode & stat.S_IWUSR:
        os.close(descriptor)
        raise PermissionError(f"{path} is read-only")  # root may write all the same, but was told not to
    if is_new:
        _sync_folder(path.parent)
    return descriptor


def _sync_folder(folder: Path) -> None:
    """A new file is durable only once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_durably(descriptor: int, text: bytes) -> None:
    """Write all of it and sync, or leave nothing of it behind."""
    before = os.fstat(descriptor).st_size
    try:
        rest = text
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, before)
        raise


def _split_tail(descriptor: int, size: int) -> tuple[bytes, bytes]:
    """Return the last whole line and what follows it without a line end."""
    tail, start = b"", size
    while start > 0 and tail.count(b"\n") < 2:
        step = min(65_536, start)
        start -= step
        tail = os.pread(descriptor, step, start) + tail
    whole, _, torn = tail.rpartition(b"\n")
    return whole.rpartition(b"\n")[2], torn


def _anchor_of(line: bytes) -> Anchor:
    try:
        record = json.loads(line)
        return Anchor(int(record["seq"]), str(record["mac"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError("its last line is not a record; run `psso-bot audit verify`") from error
