"""The journal against its copy: which of the two is wrong, and from which record on."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from bot.adapters.audit.journal import FileJournal
from bot.adapters.audit.keys import subkey
from bot.adapters.audit.records import canonical, head_path, signature
from bot.adapters.audit.verification import Sink, Verdict, compare, verify
from bot.ports import Entry

KEY = b"k" * 32
Copy = dict[int, list[str]]


class InMemory:
    """A copy whose lines can be looked at, and tampered with."""

    def __init__(self) -> None:
        self.lines: Copy = {}

    async def reached(self, chain: str) -> int:
        return max(self.lines, default=0)

    async def append(self, chain: str, seq: int, line: str) -> None:
        self.lines.setdefault(seq, []).append(line)


async def six_records(state_dir: Path, copy: InMemory | None = None) -> Path:
    journal = FileJournal(state_dir, KEY, lambda: datetime(2026, 11, 23, tzinfo=UTC), copy=copy)
    for _ in range(6):
        await journal.write(Entry("vote.approve", result="approved"))
    return journal.path


@pytest.fixture
async def both(tmp_path: Path) -> tuple[Path, Copy]:
    copy = InMemory()
    return await six_records(tmp_path, copy), copy.lines


def edit(line: str) -> str:
    return line.replace("approved", "denied")


def edit_file(path: Path, change: Callable[[list[str]], list[str]]) -> None:
    path.write_text("".join(f"{line}\n" for line in change(path.read_text().splitlines())))


async def test_untouched_pair_agrees(both: tuple[Path, Copy]) -> None:
    assert compare(*both[:1], KEY, both[1]) == Verdict(True, 6)


async def test_line_that_was_copied_twice_agrees(both: tuple[Path, Copy]) -> None:
    path, copy = both
    copy[4] *= 2

    assert compare(path, KEY, copy).ok


async def test_edited_file_is_the_wrong_one(both: tuple[Path, Copy]) -> None:
    path, copy = both
    edit_file(path, lambda lines: [*lines[:2], edit(lines[2]), *lines[3:]])

    found = compare(path, KEY, copy)

    assert (found.ok, found.first_bad, found.sink) == (False, 3, Sink.FILE)


async def test_record_removed_from_the_file_is_named(both: tuple[Path, Copy]) -> None:
    path, copy = both
    edit_file(path, lambda lines: [*lines[:2], *lines[3:]])

    found = compare(path, KEY, copy)

    assert (found.ok, found.first_bad, found.sink) == (False, 3, Sink.FILE)


async def test_cut_tail_of_the_file_is_found_although_the_chain_is_whole(both: tuple[Path, Copy]) -> None:
    path, copy = both
    edit_file(path, lambda lines: lines[:4])
    head_path(path).unlink()

    assert verify(path, KEY).ok
    found = compare(path, KEY, copy)
    assert (found.ok, found.first_bad, found.sink) == (False, 5, Sink.FILE)


async def test_edited_copy_is_the_wrong_one(both: tuple[Path, Copy]) -> None:
    path, copy = both
    copy[5] = [edit(copy[5][0])]

    found = compare(path, KEY, copy)

    assert (found.ok, found.first_bad, found.sink) == (False, 5, Sink.COPY)


@pytest.mark.parametrize("gone", [1, 3, 6])
async def test_record_missing_from_the_copy_is_named(both: tuple[Path, Copy], gone: int) -> None:
    path, copy = both
    del copy[gone]

    found = compare(path, KEY, copy)

    assert (found.ok, found.first_bad, found.sink) == (False, gone, Sink.COPY)


async def test_full_copy_may_have_dropped_its_beginning(both: tuple[Path, Copy]) -> None:
    path, copy = both
    del copy[1], copy[2]

    assert compare(path, KEY, copy, trimmed=True) == Verdict(True, 4)


async def test_invented_line_in_the_copy_is_found(both: tuple[Path, Copy]) -> None:
    path, copy = both
    copy[7] = [edit(copy[6][0])]

    found = compare(path, KEY, copy)

    assert (found.ok, found.first_bad, found.sink) == (False, 7, Sink.COPY)


async def test_history_written_anew_with_the_key_contradicts_the_copy(both: tuple[Path, Copy]) -> None:
    """Whoever has the key can sign another history; the copy still shows that there was another."""
    path, copy = both
    key = subkey(KEY, "journal")

    def anew(lines: list[str]) -> list[str]:
        records = [json.loads(line) for line in lines]
        records[3]["result"] = "denied"
        for before, record in pairwise(records[2:]):
            record["prev"] = before["mac"]
            record["mac"] = signature(key, record)
        return [canonical(record) for record in records]

    edit_file(path, anew)
    head_path(path).unlink()

    assert verify(path, KEY).ok
    found = compare(path, KEY, copy)
    assert (found.ok, found.first_bad, found.sink) == (False, 4, Sink.EITHER)
    assert "--anchor" in found.why
