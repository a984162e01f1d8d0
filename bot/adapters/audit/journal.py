"""The journal: one JSON object a line, each signed together with the one before it.

`mac` = HMAC-SHA256(key, prev ‖ canonical JSON of the record without `mac`), where `prev` is the mac of the
record before. A line that is edited, removed or moved breaks the chain; the file `head` beside it, and the
copy in the store, show a tail that was cut off.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path

from bot.adapters.audit.copying import Copier, Copy
from bot.adapters.audit.files import open_to_append, split_tail, write_durably
from bot.adapters.audit.keys import subkey
from bot.adapters.audit.names import Names
from bot.adapters.audit.records import (
    Record,
    anchor_of,
    canonical,
    head_path,
    is_signed,
    journal_path,
    lines,
    needle,
    noted,
    parsed,
    read_head,
    signature,
)
from bot.adapters.audit.redaction import Redaction
from bot.domain.approval import Person
from bot.domain.people import ObjectId
from bot.errors import AuditUnavailable
from bot.ports import Anchor, Clock, Entry, Noted

log = logging.getLogger(__name__)


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
        self._redaction = Redaction(key, Names(self.path, key).keep)
        self._now = now
        self._config_hash = config_hash
        self._copier = Copier(copy, self.path) if copy else None
        self._turn = threading.Lock()
        self._size = -1  # of the file after our last write; another size means somebody else wrote
        self._last = Anchor()
        self._available = True

    async def write(self, entry: Entry) -> None:
        """Append one record and wait until the disk has it; AuditUnavailable otherwise."""
        await asyncio.to_thread(self._append, entry)
        if self._copier is not None:
            await self._copier.catch_up()

    async def check(self) -> None:
        """Find out whether records could be written, without writing one; AuditUnavailable otherwise."""
        await asyncio.to_thread(self._check)

    async def head(self) -> Anchor:
        """Return how far the journal goes; AuditUnavailable when it cannot be written."""
        return await asyncio.to_thread(self._check)

    async def last(self, kind: str) -> Noted | None:
        """Return the newest record of a kind that carries our signature, or None."""
        found = await asyncio.to_thread(self._signed, needle("type", kind))
        return noted(found[-1]) if found else None

    async def about(self, target: ObjectId, most: int) -> tuple[Noted, ...]:
        """Return the newest signed records about a user and the requests for them, newest first."""
        found = await asyncio.to_thread(self._about, target)
        return tuple(noted(record) for record in reversed(found[-most:]))

    def _about(self, target: ObjectId) -> list[Record]:
        """A refusal may name the request alone; whose it is, the record of its opening has said before."""
        found, wanted = [], {needle("target", target)}
        for line in lines(self.path):
            record = parsed(line) if any(part in line for part in wanted) else None
            if record is not None and is_signed(self._key, record):
                found.append(record)
                if record.get("request_id"):
                    wanted.add(needle("request_id", record["request_id"]))
        return found

    def _signed(self, wanted: bytes) -> list[Record]:
        """Return the records whose line holds `wanted`, oldest first; forged ones are left out."""
        found = (parsed(line) for line in lines(self.path) if wanted in line)
        return [record for record in found if record is not None and is_signed(self._key, record)]

    def _check(self) -> Anchor:
        with self._turn, self._opened():
            self._available = True
            return self._last

    def _append(self, entry: Entry) -> None:
        with self._turn, self._opened() as descriptor:
            self._write_record(descriptor, self._record_of(entry))
            self._available = True

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """The journal, locked, whole, and with its last record known."""
        try:
            descriptor = open_to_append(self.path)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                self._catch_up(descriptor)
                yield descriptor
            finally:
                os.close(descriptor)
        except (OSError, ValueError) as error:
            if self._available:  # once, not for everyone who is refused because of it
                log.error("nothing can be changed: the journal cannot be written: %s", error)  # noqa: TRY400 -- says it all
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

    def _write_record(self, descriptor: int, record: Record) -> None:
        at = self._now().astimezone(UTC).isoformat(timespec="milliseconds")
        record |= {"seq": self._last.seq + 1, "at": at, "prev": self._last.mac}
        record["mac"] = signature(self._key, record)
        write_durably(descriptor, f"{canonical(record)}\n".encode())
        self._size = os.fstat(descriptor).st_size
        self._last = Anchor(record["seq"], record["mac"])
        self._note_head()

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
        whole, torn = split_tail(descriptor, size)
        # A file that was cut stays behind what is known: go on from there, so that verify shows the gap.
        reached = (self._last, read_head(self.path), anchor_of(whole) if whole else None)
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
            write_durably(descriptor, torn)
        finally:
            os.close(descriptor)
        return path.name


def _actor(person: Person | None) -> dict[str, str] | None:
    """Ids are needed to act on a record; the name is not."""
    if person is None:
        return None
    return {"object_id": person.object_id, "slack_id": person.slack_id, "team_id": person.team_id}
