"""An unmodified Bolt app in Socket Mode, start to end."""

from __future__ import annotations

from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp

from sandbox.slack.people import CannotDo, NotSeen, Workspace
from sandbox.slack.server import SlackSandbox

MODAL = {
    "type": "modal",
    "callback_id": "deny",
    "title": {"type": "plain_text", "text": "Deny"},
    "submit": {"type": "plain_text", "text": "Deny"},
    "private_metadata": "REQ-1",
    "blocks": [
        {
            "type": "input",
            "block_id": "reason",
            "label": {"type": "plain_text", "text": "Reason"},
            "element": {"type": "plain_text_input", "action_id": "text", "min_length": 3},
        }
    ],
}
CARD: list[dict[str, Any]] = [
    {"type": "header", "text": {"type": "plain_text", "text": "Ada is stuck"}},
    {"type": "section", "text": {"type": "mrkdwn", "text": "*Asked by* <@U0HANA>"}},
    {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": "deny",
                "value": "REQ-1",
                "text": {"type": "plain_text", "text": "Deny"},
            }
        ],
    },
]


@pytest.fixture
def seen(app: AsyncApp) -> list[dict[str, Any]]:
    """The app's listeners; returns the payloads they got."""
    bodies: list[dict[str, Any]] = []

    @app.command("/psso")
    async def command(ack: Any, body: dict[str, Any], respond: Any, client: Any) -> None:
        await ack("Looking…")
        bodies.append(body)
        await respond(text="Found *it*")
        await client.chat_postMessage(channel="C0APPROVE", text="card", blocks=CARD)

    @app.action("deny")
    async def clicked(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        bodies.append(body)
        await client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @app.view("deny")
    async def submitted(ack: Any, body: dict[str, Any]) -> None:
        bodies.append(body)
        reason = body["view"]["state"]["values"]["reason"]["text"]["value"]
        if reason == "bad":
            await ack(response_action="errors", errors={"reason": "Say more."})
        else:
            await ack(response_action="clear")

    @app.event("app_home_opened")
    async def home(event: dict[str, Any], client: Any) -> None:
        view = {"type": "home", "blocks": [CARD[0]]}
        await client.views_publish(user_id=event["user"], view=view)

    return bodies


async def test_a_command_reaches_the_app_and_its_answers_reach_the_person(
    people: Workspace, socket: AsyncSocketModeHandler, seen: list[dict[str, Any]]
) -> None:
    answer = await people.command("U0HANA", "why ada.lind@contoso.com")
    assert answer["acked"]
    assert answer["response"] == {"text": "Looking…"}
    shown = await people.wait_for("U0HANA", "Found it")
    # Bolt sends the ack up to 10 ms after the listener went on, so either may be first.
    assert {one["plain"] for one in shown["ephemerals"]} == {"Looking…", "Found it"}
    body = seen[0]
    assert (body["command"], body["text"]) == ("/psso", "why ada.lind@contoso.com")
    assert (body["user_id"], body["team_id"], body["api_app_id"]) == ("U0HANA", "T0CONTOSO", "A0PSSO")


async def test_a_click_opens_a_modal_whose_submission_is_checked_then_cleared(
    people: Workspace, socket: AsyncSocketModeHandler, seen: list[dict[str, Any]]
) -> None:
    await people.command("U0HANA", "why ada")
    shown = await people.wait_for("U0OTTO", "[Deny]")
    assert "Asked by @hana" in shown["channels"]["C0APPROVE"]["messages"][0]["plain"]
    assert (await people.click("U0OTTO", "Deny"))["acked"]
    modal = (await people.wait_for("U0OTTO", "Reason"))["modal"]
    assert modal["private_metadata"] == "REQ-1"
    short = await people.submit("U0OTTO", {"reason": {"text": "no"}})
    assert short["client_errors"] == {"reason": "Please enter at least 3 characters."}
    bad = await people.submit("U0OTTO", {"reason": {"text": "bad"}})
    assert bad["errors"] == {"reason": "Say more."}
    assert (await people.submit("U0OTTO", {"reason": {"text": "wrong person"}}))["acked"]
    assert (await people.screen("U0OTTO"))["modal"] is None


async def test_a_click_payload_has_the_shape_of_slacks(
    people: Workspace, socket: AsyncSocketModeHandler, seen: list[dict[str, Any]]
) -> None:
    await people.command("U0HANA", "why ada")
    await people.wait_for("U0OTTO", "[Deny]")
    await people.click("U0OTTO", action_id="deny", value="REQ-666")
    await people.wait_for("U0OTTO", "Reason")
    body = seen[-1]
    assert body["type"] == "block_actions"
    assert body["container"]["message_ts"] == body["message"]["ts"]
    assert body["container"]["channel_id"] == body["channel"]["id"] == "C0APPROVE"
    assert body["user"] == {"id": "U0OTTO", "username": "otto", "name": "otto", "team_id": "T0CONTOSO"}
    action = body["actions"][0]
    assert action["value"] == "REQ-666"
    assert {"action_id", "block_id", "action_ts", "type", "text"} <= action.keys()


async def test_opening_home_publishes_it(
    people: Workspace, socket: AsyncSocketModeHandler, seen: list[dict[str, Any]]
) -> None:
    assert (await people.home("U0MIRA"))["acked"]
    assert (await people.wait_for("U0MIRA", "Ada is stuck"))["home"]["plain"] == "Ada is stuck"


async def test_without_an_app_the_person_sees_dispatch_failed(people: Workspace) -> None:
    answer = await people.command("U0HANA", "why ada")
    assert answer["error"] == "dispatch_failed"
    assert (await people.screen("U0HANA"))["notices"][0]["error"] == "dispatch_failed"


async def test_a_silent_app_times_out_after_three_seconds(
    people: Workspace, app: AsyncApp, socket: AsyncSocketModeHandler
) -> None:
    @app.command("/psso")
    async def never_acks() -> None:
        return

    answer = await people.command("U0HANA", "why ada")
    assert answer["error"] == "operation_timeout"
    assert 2900 < answer["ack_ms"] < 3800


async def test_strangers_and_deactivated_people_cannot_type_commands(people: Workspace) -> None:
    with pytest.raises(CannotDo, match="command_not_available"):
        await people.command("U0STRANGER", "why ada", channel="C0SHARED")
    with pytest.raises(CannotDo, match="user_deactivated"):
        await people.command("U0GONE", "why ada")
    with pytest.raises(CannotDo, match="not_in_channel"):
        await people.command("U0GUEST", "why ada", channel="C0APPROVE")


async def test_what_never_appears_is_reported_with_the_screen(people: Workspace) -> None:
    with pytest.raises(NotSeen, match="U0HANA never saw 'nothing'"):
        await people.wait_for("U0HANA", "nothing", timeout=0.05)


async def test_mentions_and_direct_messages_reach_the_app(
    people: Workspace, app: AsyncApp, socket: AsyncSocketModeHandler
) -> None:
    heard: list[tuple[str, str]] = []

    @app.event("app_mention")
    async def mentioned(event: dict[str, Any]) -> None:
        heard.append(("app_mention", event["channel"]))

    @app.event("message")
    async def written(event: dict[str, Any]) -> None:
        heard.append((event["channel_type"], event["text"]))

    await people.message("U0HANA", "C0GENERAL", "<@U0BOT> help")
    await people.message("U0HANA", "U0BOT", "hello")
    assert heard == [("app_mention", "C0GENERAL"), ("im", "hello")]


async def test_a_stale_button_can_still_be_clicked_by_a_client_that_has_not_noticed(
    people: Workspace, sandbox: SlackSandbox, socket: AsyncSocketModeHandler, seen: list[dict[str, Any]]
) -> None:
    await people.command("U0HANA", "why ada")
    await people.wait_for("U0OTTO", "[Deny]")
    card = (await people.screen("U0OTTO"))["channels"]["C0APPROVE"]["messages"][0]
    client = socket.app.client
    await client.chat_update(channel="C0APPROVE", ts=card["ts"], text="Denied", blocks=CARD[:1])
    with pytest.raises(CannotDo, match="nothing_to_click"):
        await people.click("U0OTTO", "Deny")
    assert (await people.click("U0OTTO", "Deny", stale=True))["acked"]
