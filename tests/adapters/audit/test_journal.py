"""The journal: durable, private, and nothing in it can be changed unseen."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.audit.journal import FileJournal
from bot.adapters.audit.records import head_path, journal_path
from bot.adapters.audit.verification import export, verify
from bot.domain.approval import Person
from bot.domain.people import ObjectId
from bot.errors import AuditUnavailable, StoreUnavailable
from bot.ports import Anchor, Entry

KEY = b"k" * 32
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
GRACE = Person(ObjectId("00000000-0000-4000-8000-000000000002"), "U2", "T1", "Grace Approver")
ADA = ObjectId("00000000-0000-4000-8000-000000000009")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return journal_path(tmp_path)


@pytest.fixture
def journal(tmp_path: Path) -> FileJournal:
    return a_journal(tmp_path)


def a_journal(state_dir: Path) -> FileJournal:
    return FileJournal(state_dir, KEY, lambda: NOON, config_hash=lambda: "c0ffee")


async def write_many(journal: FileJournal, count: int) -> None:
    for number in range(1, count + 1):
        await journal.write(Entry("vote.approve", f"req-{number}", GRACE, ADA, result="approved"))


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def records(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines(path)]


async def test_record_says_who_did_what_to_whom(journal: FileJournal, path: Path) -> None:
    await journal.write(
        Entry(
            "execute.finished", "req-1", GRACE, ADA, "enforced", "disabled", "verified", "graph-1", {"n": "2"}
        )
    )

    (record,) = records(path)

    assert {name: value for name, value in record.items() if name not in ("mac", "prev")} == {
        "seq": 1,
        "at": "2026-11-23T12:00:00.000+00:00",
        "type": "execute.finished",
        "request_id": "req-1",
        "actor": {"object_id": GRACE.object_id, "slack_id": "U2", "team_id": "T1"},
        "target": ADA,
        "before": "enforced",
        "after": "disabled",
        "result": "verified",
        "graph_request_id": "graph-1",
        "detail": {"n": "2"},
        "config_hash": "c0ffee",
    }


async def test_journal_is_private(journal: FileJournal, path: Path) -> None:
    await write_many(journal, 1)

    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


async def test_personal_data_is_hashed_alike_each_time(journal: FileJournal, path: Path) -> None:
    for text in ("ada@contoso.com from 203.0.113.7", "ADA@contoso.com via 2001:db8::7"):
        detail = {"asked": text, "display_name": "Ada Łukasik", "version": "1.2.3", "at": "09:30:00"}
        await journal.write(Entry("refused", detail=detail, result=f"no: {text}"))

    written = path.read_text()
    first, second = (record["detail"] for record in records(path))
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    for personal in ("ada@", "ADA@", "contoso", "203.0.113", "2001:db8", "Ada", "Grace"):
        assert personal not in written
    assert first["display_name"] == second["display_name"] != ""
    assert first["asked"].split()[0] == second["asked"].split()[0]
    assert (first["version"], first["at"]) == ("1.2.3", "09:30:00")


async def test_whole_journal_verifies(journal: FileJournal, path: Path) -> None:
    await write_many(journal, 5)

    verdict = verify(path, KEY)

    assert (verdict.ok, verdict.records, verdict.first_bad) == (True, 5, None)


def edited(found: list[bytes]) -> list[bytes]:
    return [*found[:2], found[2].replace(b"approved", b"denied!!"), *found[3:]]


def renumbered(found: list[bytes]) -> list[bytes]:
    return [*found[:2], found[2].replace(b'"seq":3', b'"seq":4'), *found[3:]]


def removed(found: list[bytes]) -> list[bytes]:
    return [*found[:2], *found[3:]]


def reordered(found: list[bytes]) -> list[bytes]:
    return [*found[:2], found[3], found[2], *found[4:]]


def repeated(found: list[bytes]) -> list[bytes]:
    return [*found[:2], found[1], *found[2:]]


def garbled(found: list[bytes]) -> list[bytes]:
    return [*found[:2], b"nonsense\n", *found[3:]]


def cut(found: list[bytes]) -> list[bytes]:
    return found[:2]


@pytest.mark.parametrize("tamper", [edited, renumbered, removed, reordered, repeated, garbled, cut])
async def test_tampering_is_found_and_the_first_bad_record_named(
    journal: FileJournal, path: Path, tamper: Callable[[list[bytes]], list[bytes]]
) -> None:
    await write_many(journal, 6)
    path.write_bytes(b"".join(tamper(lines(path))))

    verdict = verify(path, KEY)

    assert (verdict.ok, verdict.first_bad) == (False, 3)
    assert verdict.why


async def test_record_signed_with_another_key_is_found(journal: FileJournal, path: Path) -> None:
    await write_many(journal, 2)

    assert verify(path, b"x" * 32).first_bad == 1


async def test_cut_tail_is_found_against_an_anchor_from_elsewhere(journal: FileJournal, path: Path) -> None:
    await write_many(journal, 4)
    anchor = Anchor(4, str(records(path)[3]["mac"]))
    path.write_bytes(b"".join(lines(path)[:3]))
    head_path(path).unlink()

    assert verify(path, KEY).ok
    assert verify(path, KEY, anchor).first_bad == 4


@pytest.mark.parametrize("length", [8, 64])
async def test_anchor_may_be_as_short_as_it_was_shown(journal: FileJournal, path: Path, length: int) -> None:
    await write_many(journal, 3)
    head = await journal.head()

    assert head.seq == 3
    assert verify(path, KEY, Anchor(3, head.mac[:length])).ok
    assert verify(path, KEY, Anchor(3, "0" * length)).first_bad == 3
    assert verify(path, KEY, Anchor(1, "0" * 64), Anchor(3, head.mac)).first_bad == 1


async def test_records_about_a_person_are_found_newest_first(journal: FileJournal) -> None:
    await write_many(journal, 4)
    await journal.write(Entry("refused", target=GRACE.object_id, detail={"note": f'"target":"{ADA}"'}))

    found = await journal.about(ADA, 3)

    assert [(noted.seq, noted.kind, noted.by) for noted in found] == [
        (seq, "vote.approve", "U2") for seq in (4, 3, 2)
    ]
    assert await journal.about(ObjectId("nobody"), 3) == ()


async def test_refusal_that_names_the_request_alone_is_about_its_person(journal: FileJournal) -> None:
    await journal.write(Entry("refused", "req-1"))
    await write_many(journal, 2)
    await journal.write(Entry("refused", "req-1", result="not an approver"))
    await journal.write(Entry("refused", "req-3"))

    assert [noted.seq for noted in await journal.about(ADA, 9)] == [4, 3, 2]


async def test_newest_record_of_a_kind_is_found_and_a_forged_one_is_not(
    journal: FileJournal, path: Path
) -> None:
    for settings in ("one", "two"):
        await journal.write(Entry("bot.started", detail={"settings": settings}))
    await write_many(journal, 1)
    path.write_bytes(path.read_bytes().replace(b'"two"', b'"six"'))

    noted = await journal.last("bot.started")

    assert noted is not None
    assert (noted.seq, noted.detail) == (1, {"settings": "one"})
    assert await journal.last("bot.stopped") is None


async def test_history_written_anew_is_found_against_an_anchor(tmp_path: Path, path: Path) -> None:
    await write_many(a_journal(tmp_path), 3)
    anchor = Anchor(2, str(records(path)[1]["mac"]))
    for file in path.parent.iterdir():
        file.unlink()
    await a_journal(tmp_path).write(Entry("other"))
    await write_many(a_journal(tmp_path), 3)

    assert verify(path, KEY, anchor).first_bad == 2


async def test_deleted_journal_is_found(journal: FileJournal, path: Path) -> None:
    await write_many(journal, 3)
    path.unlink()

    assert verify(path, KEY).first_bad == 1


@pytest.mark.parametrize("restart", [False, True])
async def test_writing_on_does_not_cover_a_cut(
    tmp_path: Path, journal: FileJournal, path: Path, *, restart: bool
) -> None:
    await write_many(journal, 4)
    path.write_bytes(b"".join(lines(path)[:2]))

    await write_many(a_journal(tmp_path) if restart else journal, 1)

    assert verify(path, KEY).first_bad == 3


async def test_chain_goes_on_after_a_restart(tmp_path: Path, path: Path) -> None:
    await write_many(a_journal(tmp_path), 2)
    await write_many(a_journal(tmp_path), 2)

    assert [record["seq"] for record in records(path)] == [1, 2, 3, 4]
    assert verify(path, KEY).ok


async def test_two_writers_share_one_chain(tmp_path: Path, path: Path) -> None:
    writers = [a_journal(tmp_path) for _ in range(2)]

    async with asyncio.TaskGroup() as tasks:
        for writer in writers * 5:
            tasks.create_task(write_many(writer, 4))

    assert verify(path, KEY).records == 40


WRITER = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from bot.adapters.audit.journal import FileJournal
from bot.ports import Entry

async def main():
    journal = FileJournal(Path(sys.argv[1]), b"k" * 32, lambda: datetime(2026, 11, 23, tzinfo=UTC))
    for _ in range(50):
        await journal.write(Entry("vote.approve", detail={"asked": "ada@contoso.com"}))

asyncio.run(main())
"""


async def test_processes_that_share_a_state_directory_share_one_chain(tmp_path: Path, path: Path) -> None:
    command = (sys.executable, "-c", WRITER, str(tmp_path))
    processes = [await asyncio.create_subprocess_exec(*command) for _ in range(3)]

    assert [await process.wait() for process in processes] == [0, 0, 0]
    assert verify(path, KEY).records == 150


async def test_process_killed_while_it_writes_leaves_a_chain_that_goes_on(
    tmp_path: Path, journal: FileJournal, path: Path
) -> None:
    forever = WRITER.replace("range(50)", "iter(int, 1)")
    writer = await asyncio.create_subprocess_exec(sys.executable, "-c", forever, str(tmp_path))
    async with asyncio.timeout(20):
        while not path.exists() or path.stat().st_size < 20_000:
            await asyncio.sleep(0.01)
    writer.kill()
    await writer.wait()

    await write_many(journal, 1)

    verdict = verify(path, KEY)
    assert verdict.ok
    assert verdict.records > 20


@pytest.mark.parametrize("whole", [0, 3])
async def test_torn_last_line_is_put_aside_and_recorded(tmp_path: Path, path: Path, whole: int) -> None:
    await write_many(a_journal(tmp_path), whole + 1)
    torn = lines(path)[whole][:40]
    path.write_bytes(b"".join([*lines(path)[:whole], torn]))
    head_path(path).unlink()

    await write_many(a_journal(tmp_path), 1)

    assert [record["type"] for record in records(path)[whole:]] == ["journal.repaired", "vote.approve"]
    assert path.with_name(f"torn-after-{whole}.jsonl").read_bytes() == torn
    assert verify(path, KEY).records == whole + 2


async def test_read_only_journal_is_unavailable_until_it_can_be_written(
    journal: FileJournal, path: Path
) -> None:
    await write_many(journal, 1)
    path.chmod(0o400)

    with pytest.raises(AuditUnavailable, match="read-only"):
        await write_many(journal, 1)
    with pytest.raises(AuditUnavailable):
        await journal.check()

    path.chmod(0o600)
    await write_many(journal, 1)
    assert verify(path, KEY).records == 2


@contextmanager
def disk_full_at(size: int) -> Iterator[None]:
    """Files of this process cannot grow beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_record_that_does_not_fit_leaves_nothing_behind(journal: FileJournal, path: Path) -> None:
    await write_many(journal, 2)
    before = path.read_bytes()

    with disk_full_at(len(before) + 20), pytest.raises(AuditUnavailable):
        await write_many(journal, 1)

    assert path.read_bytes() == before
    await write_many(journal, 1)
    assert verify(path, KEY).records == 3


async def test_journal_that_is_something_else_is_unavailable(journal: FileJournal, path: Path) -> None:
    path.parent.mkdir()
    os.symlink("/dev/null", path)

    with pytest.raises(AuditUnavailable):
        await write_many(journal, 1)


async def test_last_line_that_is_no_record_stops_the_journal(tmp_path: Path, path: Path) -> None:
    await write_many(a_journal(tmp_path), 1)
    path.write_bytes(path.read_bytes() + b"nonsense\n")

    with pytest.raises(AuditUnavailable, match="audit verify"):
        await write_many(a_journal(tmp_path), 1)


async def test_export_starts_at_a_time(tmp_path: Path, path: Path) -> None:
    times = iter(NOON + timedelta(hours=hour) for hour in range(3))
    await write_many(FileJournal(tmp_path, KEY, lambda: next(times)), 3)

    assert [record["seq"] for record in export(path)] == [1, 2, 3]
    assert [record["seq"] for record in export(path, NOON + timedelta(hours=1))] == [2, 3]


def test_no_journal_yet_is_whole_and_empty(path: Path) -> None:
    assert verify(path, KEY).ok
    assert list(export(path)) == []


class CopyThatFails:
    async def reached(self, chain: str) -> int:
        raise StoreUnavailable("gone")

    async def append(self, chain: str, seq: int, line: str) -> None:
        raise StoreUnavailable("gone")


async def test_failing_copy_does_not_stop_the_journal(
    tmp_path: Path, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = FileJournal(tmp_path, KEY, lambda: NOON, copy=CopyThatFails())

    await write_many(journal, 1)

    assert verify(path, KEY).records == 1
    assert "lags behind" in caplog.text
