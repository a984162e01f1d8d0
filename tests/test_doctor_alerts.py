"""`psso-bot doctor` on alerts: sources, routes, and channels that would take no message."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.doctor import findings_for
from bot.doctor_alerts import alert_findings
from bot.settings import Settings
from bot.usecases.examine import Finding, Grade
from sandbox.slack.server import SlackSandbox

EVENT_HUB = {"PSSO_EVENT_HUB_NAMESPACE": "contoso.servicebus.windows.net"}


def found(**env: str) -> list[Finding]:
    return alert_findings(Settings.from_env(env))


def test_nothing_is_said_where_nothing_is_watched() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({}, "from the sign-in log, and posted"),
        (EVENT_HUB, "from the sign-in log and Event Hubs, and posted"),
        ({**EVENT_HUB, "PSSO_POLL_SECONDS": "0"}, "from Event Hubs, and posted"),
        ({"PSSO_SHADOW": "1"}, "recorded and not posted"),
        ({"PSSO_ALERT_ROUTES": "country=DE -> C0GERMANY"}, "posted"),
    ],
)
def test_what_is_read_and_what_becomes_of_it(env: dict[str, str], words: str) -> None:
    (finding,) = found(PSSO_ALERT_CHANNEL="C0ALERTS", **env)

    assert finding.grade is Grade.OK
    assert words in finding.seen


def test_a_channel_without_a_source() -> None:
    (finding,) = found(PSSO_ALERT_CHANNEL="C0ALERTS", PSSO_POLL_SECONDS="0")

    assert finding.grade is Grade.WARNING
    assert "PSSO_POLL_SECONDS" in finding.fix


@pytest.mark.parametrize(
    ("env", "grade"),
    [
        ({}, Grade.WARNING),
        ({"PSSO_ALERT_CHANNEL": "C0ALERTS"}, Grade.OK),
        ({"PSSO_SHADOW": "1"}, Grade.OK),
    ],
)
def test_what_fits_no_route_needs_a_channel(env: dict[str, str], grade: Grade) -> None:
    (finding,) = found(PSSO_ALERT_ROUTES="country=DE -> C0GERMANY", **env)

    assert finding.grade is grade


def test_a_last_route_may_take_what_is_left() -> None:
    (finding,) = found(PSSO_ALERT_ROUTES="country=DE -> C0GERMANY; -> C0OTHERS")

    assert finding.grade is Grade.OK


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    async with SlackSandbox(rate_limits=False) as sandbox:
        yield sandbox


@pytest.mark.parametrize(
    ("key", "channel", "words"),
    [
        ("PSSO_ALERT_CHANNEL", "C0ALERTS", ""),
        ("PSSO_ALERT_CHANNEL", "C0NOBOT", "the bot is not in #watercooler"),
        ("PSSO_ALERT_CHANNEL", "C0OLD", "#old-project is archived"),
        ("PSSO_ALERT_CHANNEL", "C0SHARED", "another organisation"),
        ("PSSO_ALERT_CHANNEL", "C0SECRET", "channel_not_found"),
        ("PSSO_ALERT_ROUTES", "C0APPROVE", ""),
        ("PSSO_ALERT_ROUTES", "C0NOBOT", "the bot is not in #watercooler"),
        ("PSSO_AUDIT_CHANNEL", "C0OLD", "#old-project is archived"),
    ],
)
async def test_every_channel_is_looked_at(
    slack: SlackSandbox, tmp_path: Path, key: str, channel: str, words: str
) -> None:
    is_route = key == "PSSO_ALERT_ROUTES"
    settings = Settings.from_env(
        {
            "SLACK_API_URL": slack.api_url,
            "SLACK_BOT_TOKEN": slack.bot_token,
            "PSSO_STATE_DIR": str(tmp_path),
            key: f"device=FIN- -> {channel}; country=DE -> {channel}" if is_route else channel,
        }
    )

    made = {finding.check: finding for finding in await findings_for(settings)}

    finding = made[f"Slack: PSSO_ALERT_ROUTES {channel}" if is_route else f"Slack: {key}"]
    assert finding.failed is bool(words)
    assert words in finding.seen
    assert (key in finding.fix) is bool(words)
