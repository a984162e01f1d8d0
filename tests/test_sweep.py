"""`psso-bot sweep` at a terminal: what goes to stdout, to stderr and into the file, and the exit code."""

from __future__ import annotations

import asyncio
import csv
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot import cli
from bot.domain.people import ObjectId, PerUserMfaState
from bot.domain.sweep import Swept, Tally
from bot.errors import GraphMalformed, GraphRefused
from bot.render.sweep import COLUMNS, sweep_cells
from bot.sweep import csv_file
from sandbox.entra import EntraSandbox


class Entra:
    """A tenant on a loop of its own, because the command line brings one too."""

    def __init__(self) -> None:
        self.sandbox = EntraSandbox()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.sandbox.start(), self._loop).result(10)

    def tell(self, what: str, **sent: object) -> None:
        answer = httpx.post(f"{self.sandbox.url}/_admin/{what}", json=sent, trust_env=False)
        answer.raise_for_status()

    def on(self) -> dict[str, str]:
        living = self.sandbox.tenant.living()
        return {one.upn: one.state for one in living if one.state != "disabled"}

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self.sandbox.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture
def entra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Entra]:
    tenant = Entra()
    monkeypatch.setenv("GRAPH_URL", tenant.sandbox.url)
    monkeypatch.setenv("GRAPH_TOKEN", tenant.sandbox.token)
    monkeypatch.setenv("PSSO_STATE_DIR", str(tmp_path / "state"))
    yield tenant
    tenant.close()


@pytest.mark.parametrize("served", [True, False])
def test_json_is_one_object_a_line_and_nothing_else(
    entra: Entra, capsys: pytest.CaptureFixture[str], served: bool
) -> None:
    entra.tell("bulk-state", served=served)

    assert cli.main(["sweep", "--json"]) == 0

    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert {row["userPrincipalName"]: row["perUserMfaState"] for row in rows} == entra.on()
    assert all(tuple(row) == COLUMNS for row in rows)
    enforced = sum(state == "enforced" for state in entra.on().values())
    assert f"enforced for {enforced}" in err
    assert len(err.splitlines()) == 1


def test_the_table_names_everyone_once(entra: Entra, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["sweep"]) == 0

    heading, *rows = capsys.readouterr().out.splitlines()
    assert heading.split() == ["state", "account", "user"]
    assert len(rows) == len(entra.on())
    assert all(any(upn in row and row.startswith(state) for row in rows) for upn, state in entra.on().items())


def test_a_file_is_written_whole(entra: Entra, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "on.csv"
    file.write_text("what was there before")

    assert cli.main(["sweep", "--csv", str(file)]) == 0

    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert {row["userPrincipalName"]: row["perUserMfaState"] for row in rows} == entra.on()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("status", "code"), [(403, 4), (401, 4)])
def test_a_refused_reading_leaves_the_file_alone(
    entra: Entra, tmp_path: Path, capsys: pytest.CaptureFixture[str], status: int, code: int
) -> None:
    entra.tell("faults", path="/users", status=status, left=-1)
    file = tmp_path / "on.csv"
    file.write_text("what was there before")

    assert cli.main(["sweep", "--csv", str(file), "--json"]) == code

    assert file.read_text() == "what was there before"
    assert list(tmp_path.glob(".*.part")) == []
    out, err = capsys.readouterr()
    assert out == ""
    assert "User.Read.All" in err


def test_users_who_cannot_be_read_are_counted_and_decide_the_exit_code(
    entra: Entra, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entra.tell("bulk-state", served=False)
    hidden = next(one for one in entra.sandbox.tenant.living() if one.state == "enforced")
    entra.tell("faults", path=f"/users/{hidden.id}/authentication", status=403, left=-1)
    file = tmp_path / "on.csv"

    assert cli.main(["sweep", "--json", "--csv", str(file)]) == 4

    out, err = capsys.readouterr()
    assert hidden.upn not in out
    assert "The list is not complete: the state of 1 user could not be read" in err
    assert hidden.upn in err
    with file.open(encoding="utf-8", newline="") as opened:
        states = {row["userPrincipalName"]: row["perUserMfaState"] for row in csv.DictReader(opened)}
    assert states[hidden.upn] == "unknown"


def test_a_graph_that_does_not_answer_is_5(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], entra: Entra
) -> None:
    entra.tell("bulk-state", served=False)
    hidden = next(iter(entra.sandbox.tenant.living()))
    entra.tell("faults", path=f"/users/{hidden.id}/authentication", status=200, body='"odd"', left=-1)

    assert cli.main(["sweep", "--json"]) == 5
    assert hidden.upn in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_said_before_anything_is_read(
    entra: Entra, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["sweep", "--csv", str(tmp_path / "nowhere" / "on.csv")]) == 2
    assert cli.main(["sweep", "--csv", str(tmp_path)]) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("first", "=+-@\t＝")
def test_a_name_cannot_become_a_formula(first: str) -> None:
    name = f'{first}HYPERLINK("http://contoso.com")'
    swept = Swept(ObjectId("1"), "ada@contoso.com", name, PerUserMfaState.ENFORCED)

    assert sweep_cells(swept)[2] == f"'{name}"
    assert sweep_cells(swept)[1] == "ada@contoso.com"


def test_a_failure_while_writing_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "on.csv"
    file.write_text("before")

    def write_and_fail() -> None:
        with csv_file(file) as show:
            show(Swept(ObjectId("1"), "ada@contoso.com", "Ada", PerUserMfaState.ENFORCED))
            raise GraphMalformed("the list of users")

    with pytest.raises(GraphMalformed):
        write_and_fail()

    assert [path.name for path in tmp_path.iterdir()] == ["on.csv"]
    assert file.read_text() == "before"


def test_a_tally_stays_small_however_much_fails() -> None:
    tally = Tally()
    for number in range(1000):
        trouble = GraphRefused("it") if number % 2 else GraphMalformed("it")
        tally.add(Swept(ObjectId(str(number)), f"p{number}@contoso.com", "", None, trouble=trouble))

    assert (tally.read, tally.refused, tally.unreached, tally.unread) == (1000, 500, 500, 1000)
    assert (len(tally.troubles), len(tally.unread_names)) == (2, 10)
