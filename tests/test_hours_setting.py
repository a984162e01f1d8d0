"""PSSO_HOURS and its neighbours: checked at the start, with the key that is wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.app import config_hash, rules_of
from bot.errors import SettingsError
from bot.settings import Settings


def test_hours_become_a_rule() -> None:
    rules = rules_of(Settings.from_env({"PSSO_HOURS": "Mon-Fri 07:00-19:00 Europe/Berlin"}))

    assert rules.hours is not None
    assert rules.hours.days == {0, 1, 2, 3, 4}


def test_without_hours_it_is_always_open() -> None:
    assert rules_of(Settings.from_env({})).hours is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("always", "Mon-Fri 07:00-19:00 Europe/Berlin"),
        ("Mon-Fri 07:00-19:00", "Mon-Fri 07:00-19:00 Europe/Berlin"),
        ("Mo-Fr 07:00-19:00 Europe/Berlin", "Mo"),
        ("Mon-Fri 7-19 Europe/Berlin", "7-19"),
        ("Mon-Fri 07:00-25:00 Europe/Berlin", "07:00-25:00"),
        ("Mon-Fri 07:00-19:00 Europe/Berlln", "Europe/Berlln"),
    ],
)
def test_a_wrong_text_names_the_key(text: str, words: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        Settings.from_env({"PSSO_HOURS": text})

    assert wrong.value.key == "PSSO_HOURS"
    assert words in wrong.value.problem


def test_the_settings_are_hashed_with_their_hours() -> None:
    hashes = {
        config_hash(Settings.from_env({"PSSO_HOURS": f"Mon-Fri 07:00-{hour}:00 UTC"})) for hour in (18, 19)
    }

    assert len(hashes) == 2


def test_the_other_rules_of_approval() -> None:
    rules = rules_of(
        Settings.from_env(
            {
                "PSSO_FOLLOW_MINUTES": "90",
                "PSSO_MAX_DISABLES_PER_HOUR": "4",
                "PSSO_AUDIT_CHANNEL": "C0AUDIT",
                "PSSO_STEP_UP": "1",
            }
        )
    )

    assert rules.follow_for == timedelta(minutes=90)
    assert rules.most_disables_per_hour == 4
    assert rules.audit_channel == "C0AUDIT"
    assert rules.step_up is True
    assert rules_of(Settings.from_env({})).step_up is False
