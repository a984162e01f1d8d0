"""PSSO_DIGEST: when the weekly digest is posted, or that it is not."""

from __future__ import annotations

import pytest

from bot.app import rules_of
from bot.domain.hours import weekly_time
from bot.errors import SettingsError
from bot.settings import Settings


@pytest.mark.parametrize(
    ("env", "at"),
    [
        ({}, "Mon 08:00 UTC"),
        ({"PSSO_DIGEST": "Fri 16:30 Europe/Berlin"}, "Fri 16:30 Europe/Berlin"),
        ({"PSSO_DIGEST": "off"}, None),
        ({"PSSO_DIGEST": " OFF "}, None),
    ],
)
def test_the_digest_has_a_weekly_moment(env: dict[str, str], at: str | None) -> None:
    assert rules_of(Settings.from_env(env)).digest_at == (weekly_time(at) if at else None)


@pytest.mark.parametrize(
    "text", ["never", "Mon 08:00", "Mon 25:00 UTC", "Mon 08:00 Moon", "Mon-Fri 08:00 UTC"]
)
def test_a_wrong_moment_names_its_key(text: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        Settings.from_env({"PSSO_DIGEST": text})

    assert wrong.value.key == "PSSO_DIGEST"
    assert "off" in wrong.value.problem
