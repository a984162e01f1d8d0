"""The installation's key."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.adapters.audit.keys import install_key, subkey
from bot.adapters.audit.records import journal_path
from bot.errors import AuditUnavailable


def test_key_is_made_once_and_private(tmp_path: Path) -> None:
    state_dir = tmp_path / "state"

    key = install_key(state_dir)

    assert (len(key), key) == (32, install_key(state_dir))
    assert stat.S_IMODE((state_dir / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE(state_dir.stat().st_mode) == 0o700


def test_many_makers_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(install_key, [tmp_path] * 64))

    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_damaged_key_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"short")

    with pytest.raises(AuditUnavailable, match="damaged"):
        install_key(tmp_path)


def test_purposes_have_different_keys() -> None:
    key = b"k" * 32

    assert len({key, subkey(key, "journal"), subkey(key, "requests")}) == 3


def test_lost_key_is_not_replaced_where_a_journal_was_signed_with_it(tmp_path: Path) -> None:
    journal = journal_path(tmp_path)
    journal.parent.mkdir()
    journal.write_text("{}\n")

    with pytest.raises(AuditUnavailable, match="put the key back"):
        install_key(tmp_path)
    assert not (tmp_path / "key").exists()


def test_asking_for_a_key_need_not_make_one(tmp_path: Path) -> None:
    with pytest.raises(AuditUnavailable):
        install_key(tmp_path / "state", make=False)
    assert not (tmp_path / "state").exists()
