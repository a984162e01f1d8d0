"""The weekly digest and the shadow report on a simulated Slack."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.alert_board import SlackAlertBoard
from bot.adapters.slack.reports import SlackReports
from bot.adapters.slack.workspace import SlackWorkspace
from bot.domain.alerts import DayCounts
from bot.domain.digest import Week, days_before, week_of
from bot.errors import NotAllowed, SlackError
from sandbox.slack.people import Workspace as People
from sandbox.slack.server import SlackSandbox
from tests.render.test_digest import a_report

CHANNEL = "C0ALERTS"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


def a_week() -> Week:
    days = days_before(datetime(2026, 11, 23, 8, 0, tzinfo=UTC), weeks=2)
    return week_of([DayCounts(day, {"PER_USER_MFA": 3}, (600.0,)) for day in days])


class Painter:
    """Draws the same picture each time, or none."""

    def __init__(self, png: bytes | None = PNG) -> None:
        self.png = png
        self.charts: list[Mapping[str, Any]] = []

    async def __call__(self, chart: Mapping[str, Any]) -> bytes | None:
        self.charts.append(chart)
        return self.png


def reports(client: AsyncWebClient, workspace: SlackWorkspace, painter: Painter) -> SlackReports:
    return SlackReports(client, workspace, SlackAlertBoard(client, workspace), painter)


async def in_channel(people: People) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = (await people.screen("U0OTTO"))["channels"][CHANNEL]["messages"]
    return messages


async def test_the_digest_is_a_picture_with_words(
    client: AsyncWebClient, workspace: SlackWorkspace, people: People, slack: SlackSandbox
) -> None:
    painter = Painter()

    await reports(client, workspace, painter).week(CHANNEL, a_week())

    (message,) = await in_channel(people)
    assert "People were kept from registering 21 times" in str(message)
    (asked,) = await people.calls("files.getUploadURLExternal")
    assert "A bar chart of blocked people by day: Mon 3" in asked["args"]["alt_txt"]
    assert [kept.content for kept in slack.workspace.files.values()] == [PNG]
    assert painter.charts[0]["totals"] == [3] * 7


@pytest.mark.parametrize("png", [None, PNG])
async def test_without_a_picture_the_words_go_out(
    client: AsyncWebClient, workspace: SlackWorkspace, people: People, png: bytes | None
) -> None:
    await people.fault("files.getUploadURLExternal", error="missing_scope", count=1)

    await reports(client, workspace, Painter(png)).week(CHANNEL, a_week())

    (message,) = await in_channel(people)
    assert "People were kept from registering 21 times" in str(message)


async def test_a_passing_trouble_is_for_later(
    client: AsyncWebClient, workspace: SlackWorkspace, people: People
) -> None:
    await people.fault("files.getUploadURLExternal", status=429, retry_after=40, count=1)

    with pytest.raises(SlackError) as limited:
        await reports(client, workspace, Painter()).week(CHANNEL, a_week())

    assert limited.value.retry_after == 40
    assert await in_channel(people) == []


async def test_the_shadow_report_is_one_card(
    client: AsyncWebClient, workspace: SlackWorkspace, people: People
) -> None:
    await reports(client, workspace, Painter()).shadow(CHANNEL, a_report())
    await people.fault("chat.postMessage", error="invalid_blocks", count=1)
    await reports(client, workspace, Painter()).shadow(CHANNEL, a_report())

    first, second = await in_channel(people)
    assert "Shadow mode: 92 % of the alerts would have been right" in str(first)
    assert "Shadow mode: 92 %" in str(second)


async def test_nothing_goes_to_a_channel_shared_with_others(
    client: AsyncWebClient, workspace: SlackWorkspace, people: People
) -> None:
    for painter in (Painter(), Painter(None)):
        with pytest.raises(NotAllowed):
            await reports(client, workspace, painter).week("C0SHARED", a_week())
    with pytest.raises(NotAllowed):
        await reports(client, workspace, Painter()).shadow("C0SHARED", a_report())
    assert await people.calls("chat.postMessage") == []
