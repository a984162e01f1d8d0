"""Whom pseudonyms stand for: sealed, for the key's holder alone, and erasable."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters.audit.journal import FileJournal
from bot.adapters.audit.names import Names, names_path
from bot.adapters.audit.records import journal_path
from bot.adapters.audit.redaction import Redaction
from bot.adapters.audit.verification import mentions, verify
from bot.ports import Entry

KEY = b"k" * 32
ADA = "ada.lind@contoso.com"


async def noted(state_dir: Path, *asked: str) -> Path:
    journal = FileJournal(state_dir, KEY, lambda: datetime(2026, 11, 23, tzinfo=UTC))
    for text in asked:
        await journal.write(Entry("refused", detail={"asked": f"about {text} again"}))
    return journal.path


async def test_key_holder_can_reveal_whom_a_record_is_about(tmp_path: Path) -> None:
    path = await noted(tmp_path, ADA, "203.0.113.7", "2001:db8::7")
    pseudonyms = [json.loads(line)["detail"]["asked"].split()[1] for line in path.read_text().splitlines()]

    names = Names(path, KEY)

    assert [names.reveal(one) for one in pseudonyms] == [ADA, "203.0.113.7", "2001:db8::7"]
    assert Redaction(KEY).pseudonym(ADA.upper()) == pseudonyms[0]
    assert [record["seq"] for record in mentions(path, pseudonyms[0])] == [1]


async def test_sealed_file_shows_nobody_without_the_key(tmp_path: Path) -> None:
    path = await noted(tmp_path, ADA)
    sealed = names_path(path)
    pseudonym = Redaction(KEY).pseudonym(ADA)

    assert b"ada" not in sealed.read_bytes()
    assert sealed.stat().st_mode & 0o077 == 0
    assert Names(path, b"x" * 32).reveal(pseudonym) is None
    assert Names(path, KEY).reveal("h:000000000000000000000000") is None


async def test_name_is_kept_once_also_after_a_restart(tmp_path: Path) -> None:
    await noted(tmp_path, ADA, ADA)
    path = await noted(tmp_path, ADA)

    assert names_path(path).read_text().count("h:") == 1


async def test_line_moved_to_another_pseudonym_reveals_nothing(tmp_path: Path) -> None:
    path = await noted(tmp_path, ADA)
    mine, other = (Redaction(KEY).pseudonym(one) for one in (ADA, "bo@contoso.com"))
    sealed = names_path(path)
    sealed.write_text(sealed.read_text().replace(mine, other))

    assert Names(path, KEY).reveal(other) is None


async def test_erased_name_is_gone_and_the_chain_is_whole(tmp_path: Path) -> None:
    path = await noted(tmp_path, ADA)
    names_path(path).unlink()

    assert Names(path, KEY).reveal(Redaction(KEY).pseudonym(ADA)) is None
    assert verify(path, KEY).ok


async def test_torn_line_costs_one_name_only(tmp_path: Path) -> None:
    path = await noted(tmp_path, "bo@contoso.com")
    sealed = names_path(path)
    sealed.write_bytes(sealed.read_bytes()[:-20])
    await noted(tmp_path, ADA)

    names = Names(path, KEY)
    assert names.reveal(Redaction(KEY).pseudonym("bo@contoso.com")) is None
    assert names.reveal(Redaction(KEY).pseudonym(ADA)) == ADA


async def test_name_that_cannot_be_kept_does_not_stop_the_record(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names_path(journal_path(tmp_path)).mkdir(parents=True)

    path = await noted(tmp_path, ADA)

    assert verify(path, KEY).records == 1
    assert "could not be kept" in caplog.text
    assert ADA not in caplog.text
