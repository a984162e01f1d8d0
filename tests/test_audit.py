"""`psso-bot audit` at a terminal: what it prints, and the exit code scripts rely on."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import app, cli
from bot.adapters.audit.journal import FileJournal
from bot.adapters.audit.records import head_path, journal_path
from bot.adapters.audit.redaction import Redaction
from bot.domain.approval import Decision
from bot.domain.people import ObjectId
from bot.ports import Entry
from bot.settings import Settings
from bot.usecases.started import CHANGED, STARTED, STOPPED

ADA = "ada.lind@contoso.com"
ADA_ID = ObjectId("00000000-0000-4000-8000-000000000009")


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PSSO_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("REDIS_URL", raising=False)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_env({"PSSO_STATE_DIR": str(tmp_path / "state")})


@pytest.fixture
def path(settings: Settings) -> Path:
    return journal_path(settings.psso_state_dir)


def write(settings: Settings, count: int = 3, *, with_store: bool = False) -> None:
    """Write as the running bot does."""

    async def go() -> None:
        if not with_store:
            await _write(app.journal_of(settings), count)
            return
        async with app.store_of(settings) as link:
            await _write(app.journal_of(settings, link), count)

    asyncio.run(go())


async def _write(journal: FileJournal, count: int) -> None:
    for _ in range(count):
        await journal.write(Entry("refused", "req-1", target=ADA_ID, detail={"asked": ADA}))


def cut_to(path: Path, count: int) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:count]))
    head_path(path).unlink()


def test_no_record_is_no_fault_and_makes_no_key(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["audit", "verify"]) == 0

    assert "no record yet" in capsys.readouterr().out
    assert not settings.psso_state_dir.exists()


def test_whole_journal_and_its_copy_agree(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    write(settings, with_store=True)

    assert cli.main(["audit", "verify"]) == 0

    said = capsys.readouterr().out
    assert "The journal is as it was written: 3 records." in said
    assert "The store's copy agrees: 3 records." in said


def test_changed_record_is_named(settings: Settings, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(settings)
    path.write_bytes(path.read_bytes().replace(b'"seq":2', b'"seq":9'))

    assert cli.main(["audit", "verify"]) == 1

    assert "Wrong: the journal file. Record 2 was changed" in capsys.readouterr().out


def test_cut_tail_is_found_by_the_store(
    settings: Settings, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(settings, with_store=True)
    cut_to(path, 2)

    assert cli.main(["audit", "verify"]) == 1

    assert "Wrong: the journal file. Record 3 is missing from the file" in capsys.readouterr().out


def test_deleted_journal_is_found_by_the_store(
    settings: Settings, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(settings, with_store=True)
    cut_to(path, 0)
    path.unlink()

    assert cli.main(["audit", "verify"]) == 1

    assert "the store's copy reaches record 3" in capsys.readouterr().out


def test_journal_that_was_begun_anew_is_pointed_out(
    settings: Settings, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(settings, with_store=True)
    cut_to(path, 0)
    path.unlink()
    write(settings, 1, with_store=True)

    cli.main(["audit", "verify"])

    assert "another journal" in capsys.readouterr().out


def test_tampered_copy_is_named(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    write(settings, with_store=True)

    async def tamper() -> None:
        async with app.store_of(settings) as link:
            (chain,) = await link.actions.command("SMEMBERS", "{t:local}:journals")
            stream = f"{{t:local}}:journal:{chain}"
            _, (second, _), _ = await link.actions.command("XRANGE", stream, "-", "+")
            await link.actions.command("XDEL", stream, second)

    asyncio.run(tamper())

    assert cli.main(["audit", "verify"]) == 1

    said = capsys.readouterr().out
    assert "The journal is as it was written: 3 records." in said
    assert "Wrong: the store's copy. Record 2 is missing from the store's copy" in said


def test_anchor_from_the_audit_channel_finds_a_cut_tail(
    settings: Settings, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(settings)
    third = json.loads(path.read_bytes().splitlines()[2])["mac"]
    assert cli.main(["audit", "verify", "--anchor", f"3:{third}"]) == 0
    cut_to(path, 2)

    assert cli.main(["audit", "verify"]) == 0
    assert cli.main(["audit", "verify", "--anchor", f"3:{third[:8]}…"]) == 1

    assert "Record 3 is missing: the journal once reached record 3" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["3", "x:0123456789", "3:0123", "3:ZZZZZZZZZZ", ":", "3:" + "0" * 65])
def test_what_is_no_anchor_is_wrong_usage(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["audit", "verify", "--anchor", text]) == 2
    assert "123:0a1b2c3d" in capsys.readouterr().err


def test_lost_key_is_said_and_not_replaced(
    settings: Settings, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(settings)
    (settings.psso_state_dir / "key").unlink()

    assert cli.main(["audit", "verify"]) == 1

    said = capsys.readouterr().err
    assert "put the key back" in said
    assert "Traceback" not in said
    assert not (settings.psso_state_dir / "key").exists()


def test_store_that_does_not_answer_is_no_pass(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(settings)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")

    assert cli.main(["audit", "verify"]) == 5

    said = capsys.readouterr()
    assert "as it was written: 3 records" in said.out
    assert "was not compared" in said.err


def test_pseudonym_and_value_lead_to_each_other(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    write(settings, 2)
    pseudonym = Redaction((settings.psso_state_dir / "key").read_bytes()).pseudonym(ADA)

    assert cli.main(["audit", "reveal", pseudonym]) == 0
    by_pseudonym = capsys.readouterr().out
    assert cli.main(["audit", "reveal", "--value", ADA.upper()]) == 0
    by_value = capsys.readouterr().out

    assert f"{pseudonym} stands for {ADA}" in by_pseudonym
    assert pseudonym in by_value
    for said in (by_pseudonym, by_value):
        assert [line.split()[1] for line in said.splitlines()[1:]] == ["1", "2"]
        assert "req-1" in said


def test_records_of_an_id_are_found_too(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    write(settings, 1)

    assert cli.main(["audit", "reveal", "--value", ADA_ID]) == 0

    assert "record 1" in capsys.readouterr().out


def test_unknown_pseudonym_is_a_failed_check(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    write(settings, 1)

    assert cli.main(["audit", "reveal", "h:000000000000000000000000"]) == 1
    assert "not known here" in capsys.readouterr().out
    assert cli.main(["audit", "reveal"]) == 2


def test_export_prints_records_from_a_time_on(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    write(settings, 2)

    assert cli.main(["audit", "export", "--since", "2000-01-01"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["seq"] for row in rows] == [1, 2]
    assert datetime.fromisoformat(rows[0]["at"]).tzinfo is not None
    assert ADA not in json.dumps(rows)

    later = datetime(2999, 1, 1, tzinfo=UTC).isoformat()
    assert cli.main(["audit", "export", "--since", later]) == 0
    assert capsys.readouterr().out == ""


def test_fingerprints_name_settings_without_showing_them(settings: Settings) -> None:
    changed = settings.model_copy(update={"psso_approvers": ("U1",), "psso_shadow": True})

    prints = app.fingerprints(changed)

    assert set(prints) == {"PSSO_APPROVERS", "PSSO_SHADOW", "PSSO_STATE_DIR"}
    assert "U1" not in str(prints)
    assert prints == app.fingerprints(changed)
    other = changed.model_copy(update={"psso_approvers": ("U2",)})
    assert app.fingerprints(other)["PSSO_APPROVERS"] != prints["PSSO_APPROVERS"]
    assert app.fingerprints(other)["PSSO_SHADOW"] == prints["PSSO_SHADOW"]


def test_every_kind_of_record_is_documented() -> None:
    root = Path(cli.__file__).parent.parent
    source = "".join(file.read_text() for part in ("bot", "handlers") for file in (root / part).rglob("*.py"))
    written = set(re.findall(r'(?:Entry|entry|_journal)\(\s*"([a-z_.]+)"', source))
    written |= {STARTED, STOPPED, CHANGED, *(f"vote.{decision}" for decision in Decision)}
    described = set(re.findall(r"`([a-z_]+(?:\.[a-z_]+)?)`", (root / "docs" / "audit.md").read_text()))

    assert len(written) > 15
    assert written - described == set()
