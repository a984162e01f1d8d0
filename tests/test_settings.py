"""Settings: a wrong one is refused with its exact key, a right one is taken as people paste it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import rules_of
from bot.domain.alerts import Matcher, Route
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
        ("PSSO_BREAK_GLASS", "breakglass.one@contoso.com, breakglass.two"),
        ("PSSO_CLOUD", "mars"),
        ("PSSO_POLL_SECONDS", "inf"),
        ("PSSO_APPROVAL_SECONDS_MIN", "nan"),
        ("PSSO_HTTP_PORT", "70000"),
        ("PSSO_ALERT_CHANNEL", "#psso-alerts"),
        ("PSSO_ALERT_ROUTES", "country=DE"),
        ("PSSO_ALERT_ROUTES", "country=DE -> #germany"),
        ("PSSO_ALERT_ROUTES", "country=Germany -> C0GERMANY"),
        ("PSSO_ALERT_ROUTES", "cause=BROKEN -> C0BROKEN"),
        ("PSSO_ALERT_ROUTES", "group=helsinki -> C0FINLAND"),
        ("PSSO_ALERT_ROUTES", "colour=red -> C0RED"),
        ("PSSO_ALERT_ROUTES", "device=FIN- device=SWE- -> C0NORDIC"),
        ("PSSO_ALERT_HOURS", "Mon-Fri 07:00-19:00"),
        ("PSSO_ALERT_HOURS", "Mon-Fri 07:00-19:00 Mars/Olympus"),
        ("PSSO_ALERT_PLACE_AT", "1"),
        ("PSSO_ALERT_PLACE_AT", "many"),
        ("PSSO_ALERT_OUTAGE_AT", "1"),
        ("PSSO_ALERT_OUTAGE_AT", "49.5"),
        ("PSSO_POLL_SECONDS", "-1"),
        ("PSSO_POLL_SECONDS", "1e300"),
        ("PSSO_SHADOW", "perhaps"),
        ("PSSO_EVENT_HUB_NAMESPACE", "contoso"),
        ("PSSO_EVENT_HUB_GROUP", "a group"),
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


@pytest.mark.parametrize("text", ["country=DE -> #germany", "cause=BROKEN -> C0BROKEN"])
def test_a_wrong_route_is_explained(text: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        Settings.from_env({"PSSO_ALERT_ROUTES": text})

    assert "cause=PER_USER_MFA" in wrong.value.problem or "docs/rules.md" in wrong.value.problem


def test_hub_names_are_judged_once_a_namespace_is_named() -> None:
    with pytest.raises(SettingsError) as wrong:
        Settings.from_env({"PSSO_EVENT_HUB_NAMESPACE": "localhost", "PSSO_EVENT_HUB_NAMES": "sign ins,two"})

    assert wrong.value.key == "PSSO_EVENT_HUB_NAMES"


def test_alerts_as_they_are_without_settings() -> None:
    rules = rules_of(Settings.from_env({}))

    assert rules.alert_channel == ""
    assert rules.alert_routes == ()
    assert rules.alert_hours is None
    assert (rules.alert_thresholds.place_at, rules.alert_thresholds.outage_at) == (5, 50)
    assert rules.poll_every == timedelta(seconds=60)
    assert not rules.shadow


def test_alerts_as_they_are_set() -> None:
    rules = rules_of(
        Settings.from_env(
            {
                "PSSO_ALERT_CHANNEL": "C0ALERTS",
                "PSSO_ALERT_ROUTES": "country=de device=FIN- -> C0NORDIC; -> C0OTHERS",
                "PSSO_ALERT_HOURS": "Mon-Fri 07:00-19:00 Europe/Berlin",
                "PSSO_ALERT_PLACE_AT": "3",
                "PSSO_ALERT_OUTAGE_AT": "20",
                "PSSO_POLL_SECONDS": "120",
                "PSSO_SHADOW": "1",
            }
        )
    )

    assert rules.alert_channel == "C0ALERTS"
    assert rules.alert_routes == (
        Route(Matcher(country="DE", device_prefix="FIN-"), "C0NORDIC"),
        Route(Matcher(), "C0OTHERS"),
    )
    assert rules.alert_hours is not None
    assert (rules.alert_thresholds.place_at, rules.alert_thresholds.outage_at) == (3, 20)
    assert rules.poll_every == timedelta(minutes=2)
    assert rules.shadow


def test_an_outage_is_never_smaller_than_a_place() -> None:
    env = {"PSSO_ALERT_PLACE_AT": "80", "PSSO_ALERT_OUTAGE_AT": "50"}

    assert rules_of(Settings.from_env(env)).alert_thresholds.outage_at == 80


@pytest.mark.parametrize("name", [name.upper() for name in Settings.model_fields])
def test_every_setting_is_told_in_the_set_up(name: str) -> None:
    assert name in (Path(__file__).parents[1] / "docs" / "setup.md").read_text(encoding="utf-8")
