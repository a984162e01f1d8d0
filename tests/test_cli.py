"""The command line as a process: exit codes, one sentence on stderr, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

NOWHERE = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "SLACK_API_URL": "http://127.0.0.1:9/api/",
    "GRAPH_URL": "http://127.0.0.1:9",
    "GRAPH_TOKEN": "token",
    "PSSO_APPROVAL_CHANNEL": "C0APPROVE",
    "PSSO_APPROVERS": "S0APPROVERS",
}


def psso_bot(*arguments: str | bytes, home: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command line with nothing of this machine's settings."""
    environment = {"PATH": os.environ["PATH"], "PSSO_STATE_DIR": str(home / "state"), **settings}
    command = [sys.executable, "-m", "bot", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "COMMAND"),
        (("bogus",), 2, "bogus"),
        (("why", ""), 2, "empty"),
        (("why", b"\xff\xfe@contoso.com"), 2, "UTF-8"),
        (("audit", "reveal", "--value", b"\xff"), 2, "UTF-8"),
        (("audit", "export", "--since", "yesterday"), 2, "not a time"),
        (("explain", "nothing"), 2, "psso-bot --help"),
        (("manifest", "--http", "nonsense"), 2, "public address"),
        (("why", "ada@contoso.com"), 5, "could not be reached"),
    ],
)
def test_what_cannot_be_answered_is_one_sentence(
    tmp_path: Path, arguments: tuple[str | bytes, ...], code: int, words: str
) -> None:
    done = psso_bot(*arguments, home=tmp_path, **NOWHERE)

    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_state_directory_that_cannot_be_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    done = psso_bot("serve", home=tmp_path, **{**NOWHERE, "PSSO_STATE_DIR": str(tmp_path / "file")})

    assert done.returncode == 2
    assert "PSSO_STATE_DIR" in done.stderr


def test_letters_that_the_terminal_lacks_are_no_failure(tmp_path: Path) -> None:
    done = psso_bot("audit", "reveal", "--value", "ädä", home=tmp_path, PYTHONIOENCODING="ascii")

    assert "Traceback" not in done.stderr


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "bot", "explain", "50076"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
            check=False,
        )

    assert done.returncode == 1
    assert "could not be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_its_store_the_bot_does_not_start(tmp_path: Path) -> None:
    gone = {**NOWHERE, "REDIS_URL": f"unix://{tmp_path}/nothing.sock"}

    done = psso_bot("serve", home=tmp_path, **gone)

    assert done.returncode == 5
    assert "REDIS_URL" in done.stderr
    assert done.stdout == ""
