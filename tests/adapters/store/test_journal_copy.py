"""The journal's second copy."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from bot.adapters.audit.journal import FileJournal, head_path
from bot.adapters.audit.verification import verify
from bot.adapters.store.connection import Link
from bot.adapters.store.journal_copy import JournalCopy
from bot.ports import Entry

KEY = b"k" * 32


async def test_copy_shows_a_journal_that_lost_its_tail(link: Link, tmp_path: Path) -> None:
    copy = JournalCopy(link.actions, "contoso")
    journal = FileJournal(tmp_path, KEY, lambda: datetime(2026, 11, 23, tzinfo=UTC), copy=copy)
    for _ in range(3):
        await journal.write(Entry("vote.approve"))
    journal.path.write_bytes(b"".join(journal.path.read_bytes().splitlines(keepends=True)[:2]))
    head_path(journal.path).unlink()

    verdict = verify(journal.path, KEY, await copy.anchor())

    assert (verdict.ok, verdict.first_bad) == (False, 3)


async def test_nothing_copied_is_no_anchor(link: Link) -> None:
    assert await JournalCopy(link.actions, "contoso").anchor() is None
