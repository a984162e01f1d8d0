"""The settings of step-up: what must be there, and which addresses are taken."""

from __future__ import annotations

import pytest

from bot.app import rules_of
from bot.errors import SettingsError
from bot.settings import Settings

ENVIRONMENT = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "AZURE_TENANT_ID": "7a9c1f52-3e0b-4c8d-9b66-2f1d5a0e8c31",
    "AZURE_CLIENT_ID": "b3f0a6de-51c4-4f0a-8b6e-9d27c1e4f805",
    "PSSO_APPROVAL_CHANNEL": "C0APPROVE",
    "PSSO_APPROVERS": "U0OTTO",
    "PSSO_STEP_UP": "1",
    "PSSO_PUBLIC_URL": "https://psso.example.com/",
}


def settings(**changes: str) -> Settings:
    made = Settings.from_env({**ENVIRONMENT, **changes})
    made.require_serve()
    return made


def test_rules_carry_the_public_address_without_its_slash() -> None:
    rules = rules_of(settings(PSSO_STEP_UP_CONTEXT="c2"))

    assert (rules.step_up, rules.public_url, rules.step_up_context) == (
        True,
        "https://psso.example.com",
        "c2",
    )


def test_without_step_up_nothing_more_is_needed() -> None:
    rules = rules_of(settings(PSSO_STEP_UP="0", PSSO_PUBLIC_URL="", AZURE_CLIENT_ID=""))

    assert not rules.step_up


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:3000", "http://localhost:3000", "https://psso.example.com/bot"]
)
def test_addresses_that_are_taken(url: str) -> None:
    assert rules_of(settings(PSSO_PUBLIC_URL=url)).public_url == url


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("PSSO_PUBLIC_URL", ""),
        ("PSSO_PUBLIC_URL", "psso.example.com"),
        ("PSSO_PUBLIC_URL", "http://psso.example.com"),
        ("PSSO_PUBLIC_URL", "ftp://127.0.0.1"),
        ("PSSO_PUBLIC_URL", "https://"),
        ("PSSO_PUBLIC_URL", "https://psso.example.com/?x=1"),
        ("PSSO_PUBLIC_URL", "https://user@psso.example.com"),
        ("PSSO_STEP_UP_CONTEXT", "mfa"),
        ("PSSO_STEP_UP_CONTEXT", "C1"),
        ("PSSO_LOGIN_URL", "https://login.example.com"),
        ("AZURE_TENANT_ID", "contoso.onmicrosoft.com"),
        ("AZURE_CLIENT_ID", ""),
    ],
)
def test_what_is_wrong_is_named(key: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(**{key: value})

    assert caught.value.key == key
