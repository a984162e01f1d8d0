"""The journal's second copy."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from bot.adapters.audit.journal import FileJournal
from bot.adapters.audit.records import chain_of, head_path, parsed
from bot.adapters.audit.verification import Sink, compare
from bot.adapters.store.connection import Link
from bot.adapters.store.journal_copy import PAGE, JournalCopy
from bot.ports import Entry

KEY = b"k" * 32


def a_journal(state_dir: Path, copy: JournalCopy | None) -> FileJournal:
    return FileJournal(state_dir, KEY, lambda: datetime(2026, 11, 23, tzinfo=UTC), copy=copy)


async def write(journal: FileJournal, count: int) -> None:
    for _ in range(count):
        await journal.write(Entry("vote.approve"))


async def test_copy_has_every_line_as_the_file_has_it(link: Link, tmp_path: Path) -> None:
    copy = JournalCopy(link.actions, "contoso")
    journal = a_journal(tmp_path, copy)
    await write(journal, 3)

    lines = await copy.lines(chain_of(journal.path))

    assert [
        line for _, kept in sorted(lines.items()) for line in kept
    ] == journal.path.read_text().splitlines()
    assert compare(journal.path, KEY, lines).records == 3


async def test_copy_shows_a_journal_that_lost_its_tail(link: Link, tmp_path: Path) -> None:
    copy = JournalCopy(link.actions, "contoso")
    journal = a_journal(tmp_path, copy)
    await write(journal, 3)
    journal.path.write_bytes(b"".join(journal.path.read_bytes().splitlines(keepends=True)[:2]))
    head_path(journal.path).unlink()

    found = compare(journal.path, KEY, await copy.lines(chain_of(journal.path)))

    assert (found.ok, found.first_bad, found.sink) == (False, 3, Sink.FILE)


async def test_what_was_written_without_the_store_or_by_others_follows(link: Link, tmp_path: Path) -> None:
    copy = JournalCopy(link.actions, "contoso")
    await write(a_journal(tmp_path, None), 3)
    journal = a_journal(tmp_path, copy)
    await write(journal, 1)
    await write(a_journal(tmp_path, None), 2)
    await write(journal, 1)

    lines = await copy.lines(chain_of(journal.path))

    assert sorted(lines) == [1, 2, 3, 4, 5, 6, 7]
    assert compare(journal.path, KEY, lines).ok


async def test_restart_copies_nothing_twice(link: Link, tmp_path: Path) -> None:
    copy = JournalCopy(link.actions, "contoso")
    await write(a_journal(tmp_path, copy), 2)
    journal = a_journal(tmp_path, copy)
    await write(journal, 1)

    assert [len(kept) for kept in (await copy.lines(chain_of(journal.path))).values()] == [1, 1, 1]


async def test_journals_of_several_machines_stay_apart(link: Link, tmp_path: Path) -> None:
    copy = JournalCopy(link.actions, "contoso")
    journals = [a_journal(tmp_path / name, copy) for name in "ab"]
    for number, journal in enumerate(journals):
        await journal.write(Entry("bot.started", detail={"machine": str(number)}))
        await write(journal, number)

    known = await copy.journals()

    assert known == {chain_of(journal.path): number + 1 for number, journal in enumerate(journals)}


async def test_many_lines_are_read_in_pages(link: Link) -> None:
    copy = JournalCopy(link.actions, "contoso")
    for seq in range(1, PAGE + 3):
        await copy.append("chain", seq, f'{{"seq":{seq}}}')

    lines = await copy.lines("chain")

    assert len(lines) == PAGE + 2
    assert parsed(lines[PAGE + 2][0]) == {"seq": PAGE + 2}


async def test_what_somebody_else_put_there_is_not_a_record(link: Link) -> None:
    copy = JournalCopy(link.actions, "contoso")
    await copy.append("chain", 1, "{}")
    await link.actions.command("XADD", "{t:contoso}:journal:chain", "*", "seq", "x", "note", "hello")

    assert await copy.reached("chain") == 1
    assert await copy.lines("chain") == {1: ["{}"], 0: [""]}


async def test_nothing_copied_is_nothing(link: Link) -> None:
    copy = JournalCopy(link.actions, "contoso")

    assert await copy.journals() == {}
    assert await copy.lines("") == {}
