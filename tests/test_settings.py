"""Settings: a wrong one is refused with its exact key, a right one is taken as people paste it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import Settings

SERVE = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "AZURE_TENANT_ID": "7a9c1f52-3e0b-4c8d-9b66-2f1d5a0e8c31",
    "PSSO_APPROVAL_CHANNEL": "C0APPROVE",
    "PSSO_APPROVERS": "S0APPROVERS",
}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("SLACK_API_URL", "https://evil.example/"),
        ("SLACK_API_URL", "http://127.0.0.1@evil.example/"),
        ("SLACK_API_URL", "http://[oops"),
        ("SLACK_API_URL", "ftp://127.0.0.1/"),
        ("GRAPH_URL", "http://10.0.0.1"),
        ("GRAPH_URL", "http://127.0.0.1:bad"),
        ("GRAPH_URL", "ftp://127.0.0.1"),
        ("PSSO_PUBLIC_URL", "http://[oops"),
        ("REDIS_URL", "redis://example.com"),
        ("REDIS_URL", "redis://[oops"),
        ("REDIS_URL", "redis+sentinel://127.0.0.1:26379,example.com:26379/main"),
        ("REDIS_URL", "unix://"),
        ("SLACK_BOT_TOKEN", "xoxb-é"),
        ("SLACK_APP_TOKEN", "xapp 1"),
        ("PSSO_APPROVERS", "bob"),
        ("PSSO_PINS", "U123=ada"),
        ("PSSO_CLOUD", "mars"),
        ("PSSO_POLL_SECONDS", "inf"),
        ("PSSO_APPROVAL_SECONDS_MIN", "nan"),
        ("PSSO_HTTP_PORT", "70000"),
    ],
)
def test_a_wrong_value_names_its_key(key: str, value: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        Settings.from_env({key: value})

    assert wrong.value.key == key


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('slack_bot_token = "xoxb-1"', "slack_bot_token"),
        ("psso_polling = 1", "psso_polling"),
        ('psso_pins = {U123 = "ada"}', "PSSO_PINS"),
        ("psso_approvers = [1]", "PSSO_APPROVERS"),
        ("psso_hours = ", "PSSO_CONFIG"),
    ],
)
def test_a_wrong_line_of_the_file_names_its_key(tmp_path: Path, line: str, key: str) -> None:
    config = tmp_path / "psso.toml"
    config.write_text(line)

    with pytest.raises(SettingsError) as wrong:
        Settings.from_env({"PSSO_CONFIG": str(config)})

    assert wrong.value.key == key


def test_pins_may_be_a_table(tmp_path: Path) -> None:
    config = tmp_path / "psso.toml"
    config.write_text('psso_pins = {U123 = "7A9C1F52-3E0B-4C8D-9B66-2F1D5A0E8C31"}')

    assert Settings.from_env({"PSSO_CONFIG": str(config)}).psso_pins == {
        "U123": "7a9c1f52-3e0b-4c8d-9b66-2f1d5a0e8c31"
    }


def test_a_pasted_token_may_end_in_a_new_line() -> None:
    token = Settings.from_env({"SLACK_BOT_TOKEN": "xoxb-1\n"}).slack_bot_token

    assert token is not None
    assert token.get_secret_value() == "xoxb-1"


def test_a_credential_needs_its_app() -> None:
    Settings.from_env(SERVE).require_serve()

    with pytest.raises(SettingsError) as wrong:
        Settings.from_env({**SERVE, "AZURE_CLIENT_SECRET": "secret"}).require_serve()

    assert wrong.value.key == "AZURE_CLIENT_ID"


@pytest.mark.parametrize(("key", "token"), [("SLACK_BOT_TOKEN", "xapp-1"), ("SLACK_APP_TOKEN", "xoxb-1")])
def test_swapped_tokens_are_told_apart(key: str, token: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        Settings.from_env({**SERVE, key: token}).require_serve()

    assert wrong.value.key == key


@pytest.mark.parametrize(
    "url",
    [
        "redis://user:pass@127.0.0.1:6379/0",
        "redis://[::1]:6379",
        "unix:///run/valkey.sock",
        "rediss://db.example",
    ],
)
def test_stores_that_are_out_of_earshot(url: str) -> None:
    assert Settings.from_env({"REDIS_URL": url}).redis_url is not None
