"""Alerts on a simulated Slack: cards, edits, threads, digests, pictures, and what Slack refuses."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.alert_board import SlackAlertBoard
from bot.adapters.slack.workspace import SlackWorkspace
from bot.domain.alerts import Matcher, Route
from bot.errors import Denial, NotAllowed, SlackError
from bot.usecases.alert_health import channels_in_trouble, lost_channels
from sandbox.slack.people import Workspace as People
from sandbox.slack.server import SlackSandbox
from tests.fakes import a_desk, some_rules
from tests.render.alerts import a_group, a_message, a_sighting, a_view, resolved

CHANNEL = "C0ALERTS"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


@pytest.fixture
def board(client: AsyncWebClient, workspace: SlackWorkspace) -> SlackAlertBoard:
    return SlackAlertBoard(client, workspace)


async def in_channel(people: People) -> list[dict[str, object]]:
    shown = await people.screen("U0OTTO")
    messages: list[dict[str, object]] = shown["channels"][CHANNEL]["messages"]
    return messages


async def test_a_card_is_posted_and_turns_resolved_in_place(board: SlackAlertBoard, people: People) -> None:
    ts = await board.post(CHANNEL, a_view())
    shown = str((await in_channel(people))[0]["plain"])
    for words in ("■ Blocked: Per-user MFA", "Mira Holm", "mira.holm@contoso.com", "[Diagnose]", "[Silence]"):
        assert words in shown
    fixed = a_view(group=resolved(a_group()), shown=a_message())
    await board.edit(CHANNEL, ts, fixed)
    await board.detail(CHANNEL, ts, fixed)
    (message,) = await in_channel(people)
    assert "✓ Resolved: Mira Holm has registered" in str(message["plain"])
    assert "It took 12 min" in str(message["plain"])
    assert "[Diagnose]" not in str(message["plain"])
    assert "✓ Resolved" in str(message["thread"])


async def test_links_are_never_unfurled(board: SlackAlertBoard, people: People) -> None:
    await board.post(CHANNEL, a_view())
    (sent,) = await people.calls("chat.postMessage")
    assert sent["args"]["unfurl_links"] in (False, "false", 0)


async def test_refused_blocks_do_not_lose_the_alert(board: SlackAlertBoard, people: People) -> None:
    await people.fault("chat.postMessage", error="invalid_blocks", count=1)
    await board.post(CHANNEL, a_view())
    assert "[Diagnose]" in str((await in_channel(people))[0]["plain"])
    await people.fault("chat.postMessage", error="invalid_blocks", count=2)
    await board.post(CHANNEL, a_view())
    assert "■ Blocked" in str((await in_channel(people))[-1]["plain"])


async def test_a_limit_is_handed_on_at_once(board: SlackAlertBoard, people: People) -> None:
    await people.fault("chat.postMessage", status=429, retry_after=20, count=1)
    with pytest.raises(SlackError) as limited:
        await board.post(CHANNEL, a_view())
    assert limited.value.retry_after == 20
    assert len(await people.calls("chat.postMessage")) == 1


async def test_a_lost_connection_does_not_post_twice(board: SlackAlertBoard, people: People) -> None:
    await people.fault("chat.postMessage", cut="after", count=1)
    with pytest.raises(SlackError):
        await board.post(CHANNEL, a_view())
    assert len(await in_channel(people)) == 1


@pytest.mark.parametrize(
    ("channel", "code"),
    [("C0OLD", "is_archived"), ("C0NOBOT", "not_in_channel"), ("C0SECRET", "channel_not_found")],
)
async def test_a_channel_that_takes_nothing_is_named(board: SlackAlertBoard, channel: str, code: str) -> None:
    with pytest.raises(SlackError) as refused:
        await board.post(channel, a_view())
    assert refused.value.code == code


async def test_nothing_goes_to_a_channel_shared_with_others(board: SlackAlertBoard, people: People) -> None:
    for sending in (
        board.post("C0SHARED", a_view()),
        board.digest("C0SHARED", [a_view()]),
        board.detail("C0SHARED", "1.1", a_view()),
        board.picture("C0SHARED", PNG, "Week", "A chart", "The week"),
    ):
        with pytest.raises(NotAllowed) as refused:
            await sending
        assert refused.value.denial is Denial.SHARED_CHANNEL
    assert await people.calls("chat.postMessage") == []


async def test_a_digest_lists_everybody_by_cause(board: SlackAlertBoard, people: People) -> None:
    views = [
        a_view(group=a_group(id=f"g-{n}", newest=a_sighting(user_name=f"Person {n}", verdict=verdict)))
        for n, verdict in enumerate(["PER_USER_MFA"] * 30 + ["DEVICE_LIMIT"] * 3)
    ]
    await board.digest(CHANNEL, views)
    shown = str((await in_channel(people))[0]["plain"])
    assert "■ 33 new registration failures" in shown
    assert "Per-user MFA blocks Platform SSO: 30" in shown
    assert all(f"Person {n}  ·" in shown for n in range(33))


async def test_a_picture_comes_with_words_for_those_who_do_not_see_it(
    board: SlackAlertBoard, people: People, slack: SlackSandbox
) -> None:
    await board.picture(CHANNEL, PNG, "Week 47", "Failures per day: 3, 2, 5", "The week in one picture")
    (asked,) = await people.calls("files.getUploadURLExternal")
    assert asked["args"]["alt_txt"] == "Failures per day: 3, 2, 5"
    (message,) = await in_channel(people)
    assert "The week in one picture" in str(message)
    (kept,) = slack.workspace.files.values()
    assert kept.content == PNG


async def test_channels_that_take_no_alerts_are_found_before_one_is_lost(workspace: SlackWorkspace) -> None:
    channels = ("C0ALERTS", "C0OLD", "C0NOBOT", "C0SECRET", "C0SHARED")
    routes = tuple(Route(Matcher(), channel) for channel in channels)
    desk = a_desk(workspace=workspace, rules=some_rules(alert_channel=CHANNEL, alert_routes=routes))
    assert await lost_channels(desk) == {
        "C0OLD": "is_archived",
        "C0NOBOT": "not_in_channel",
        "C0SECRET": "channel_not_found",
        "C0SHARED": "shared_channel",
    }


async def test_what_slack_refused_lately_counts_more_than_what_was_known_of_a_channel(
    workspace: SlackWorkspace,
) -> None:
    desk = a_desk(workspace=workspace, rules=some_rules(alert_channel="C0OLD"))
    refused = {"C0ALERTS": "restricted_action", "C0OLD": "not_in_channel", "C0AUDIT": "is_archived"}
    assert await channels_in_trouble(desk, refused, {}) == {
        "C0ALERTS": "restricted_action",  # nothing but another alert shows whether this is over
        "C0OLD": "is_archived",
    }
    just_now = {"C0OLD": "not_in_channel"}
    assert (await channels_in_trouble(desk, refused, just_now))["C0OLD"] == "not_in_channel"


async def test_messages_of_a_channel_are_a_second_apart_and_edits_are_not_held_up(
    board: SlackAlertBoard, people: People
) -> None:
    ts = await board.post(CHANNEL, a_view())
    await asyncio.gather(
        board.post(CHANNEL, a_view()), board.post("C0GENERAL", a_view()), board.edit(CHANNEL, ts, a_view())
    )
    at = {"posts": [], "others": []}  # type: dict[str, list[float]]
    for call in await people.calls():
        if call["method"].startswith("chat."):
            is_ours = call["method"] == "chat.postMessage" and call["args"]["channel"] == CHANNEL
            at["posts" if is_ours else "others"].append(call["at"])
    first, second = at["posts"]
    assert second - first >= 1.0
    assert len(at["others"]) == 2
    assert max(at["others"]) < second


async def test_a_long_name_and_late_evidence_are_taken(board: SlackAlertBoard, people: People) -> None:
    sighting = a_sighting(device_name="M" * 200, user_principal_name=f"{'x' * 48}@contoso.com")
    late = replace(a_group(newest=sighting, macs=("M" * 200,) * 5), is_late=True)
    await board.post(CHANNEL, a_view(group=replace(late, first_at=late.first_at - timedelta(hours=2))))
    assert "◷ Late" in str((await in_channel(people))[0]["plain"])
