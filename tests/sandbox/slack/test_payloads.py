"""Payloads carry the keys Slack's do, and no others; answers to a form do what they say."""

from __future__ import annotations

from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.people import CannotDo, Workspace

Json = dict[str, Any]

# Key sets of https://github.com/slackapi/java-slack-sdk/tree/main/json-logs/samples/app-backend
COMMON = {"type", "enterprise", "team", "user", "api_app_id", "token", "trigger_id", "is_enterprise_install"}
KEYS: dict[str, set[str]] = {
    "block_actions": COMMON
    | {"container", "channel", "message", "view", "state", "response_url", "actions", "hash"},
    "view_submission": COMMON | {"view", "response_urls", "is_cleared"},
    "view_closed": COMMON | {"view", "is_cleared"},
    "shortcut": COMMON | {"callback_id", "action_ts"},
    "message_action": COMMON
    | {"callback_id", "action_ts", "channel", "message", "message_ts", "response_url"},
}
VIEW_KEYS = {
    *("id", "team_id", "type", "title", "submit", "close", "private_metadata", "callback_id", "external_id"),
    *("state", "hash", "clear_on_close", "notify_on_close", "submit_disabled", "root_view_id", "blocks"),
    *("previous_view_id", "app_id", "app_installed_team_id", "bot_id"),
}
SLASH_KEYS = {
    *("token", "api_app_id", "team_id", "team_domain", "enterprise_id", "enterprise_name", "channel_id"),
    *("channel_name", "user_id", "user_name", "command", "text", "response_url", "trigger_id"),
    "is_enterprise_install",
}


def words(text: str) -> Json:
    return {"type": "plain_text", "text": text}


PICK = {
    "type": "input",
    "block_id": "how",
    "optional": True,
    "label": words("How long"),
    "element": {
        "type": "static_select",
        "action_id": "pick",
        "options": [{"text": words("One hour"), "value": "1h"}, {"text": words("One day"), "value": "1d"}],
    },
}


def form(title: str = "Form", **changes: Any) -> Json:
    base = {"type": "modal", "callback_id": "form", "title": words(title), "submit": words("Send")}
    return {**base, "blocks": [PICK], **changes}


@pytest.fixture
def got(app: AsyncApp) -> list[Json]:
    bodies: list[Json] = []
    answers: list[Json] = [
        {"response_action": "update", "view": form("Updated")},
        {"response_action": "push", "view": form("Pushed")},
        {"response_action": "errors", "errors": {"nowhere": "?"}},
        {},
    ]

    @app.shortcut("psso_diagnose")
    async def pressed(ack: Any, body: Json, client: Any) -> None:
        await ack()
        bodies.append(body)
        await client.views_open(trigger_id=body["trigger_id"], view=form(notify_on_close=True))

    @app.command("/psso")
    async def typed(ack: Any, body: Json) -> None:
        await ack()
        bodies.append(body)

    @app.view("form")
    async def sent(ack: Any, body: Json) -> None:
        bodies.append(body)
        await ack(**answers[sum(one.get("type") == "view_submission" for one in bodies) - 1])

    @app.view_closed("form")
    async def closed(ack: Any, body: Json) -> None:
        await ack()
        bodies.append(body)

    @app.action("menu")
    async def picked(ack: Any, body: Json) -> None:
        await ack()
        bodies.append(body)

    return bodies


async def test_a_form_lives_through_update_push_errors_and_close(
    people: Workspace, socket: AsyncSocketModeHandler, got: list[Json]
) -> None:
    await people.shortcut("U0HANA", "psso_diagnose")
    await people.wait_for("U0HANA", "How long")
    await people.submit("U0HANA", {"how": {"pick": "1d"}})
    state = got[-1]["view"]["state"]["values"]["how"]["pick"]
    assert state["selected_option"]["text"]["text"] == "One day"
    assert (await people.screen("U0HANA"))["modal"]["title"] == "Updated"
    await people.submit("U0HANA")
    assert got[-1]["view"]["state"]["values"]["how"]["pick"]["selected_option"] is None
    assert (await people.screen("U0HANA"))["modal"]["title"] == "Pushed"
    await people.submit("U0HANA")
    assert (await people.screen("U0HANA"))["notices"][0]["error"] == "invalid_response_action"
    await people.submit("U0HANA")
    assert (await people.screen("U0HANA"))["modal"]["title"] == "Updated"


async def test_closing_is_told_only_when_asked_for(
    people: Workspace, socket: AsyncSocketModeHandler, got: list[Json]
) -> None:
    await people.shortcut("U0HANA", "psso_diagnose")
    await people.wait_for("U0HANA", "How long")
    assert (await people.close_modal("U0HANA"))["acked"]
    assert got[-1]["type"] == "view_closed"
    with pytest.raises(CannotDo, match="view_not_open"):
        await people.close_modal("U0HANA")


async def test_keys_are_slacks(
    people: Workspace, client: AsyncWebClient, socket: AsyncSocketModeHandler, got: list[Json]
) -> None:
    await people.command("U0HANA", "status")
    assert got[-1].keys() <= SLASH_KEYS
    ts = str((await client.chat_postMessage(channel="C0GENERAL", text="menu", blocks=[_menu()]))["ts"])
    await people.click("U0HANA", "Second", message_ts=ts)
    assert got[-1]["actions"][0]["selected_option"]["value"] == "2"
    await people.shortcut("U0HANA", "psso_diagnose", channel="C0GENERAL", message_ts=ts)
    await people.wait_for("U0HANA", "How long")
    await people.submit("U0HANA")
    await people.close_modal("U0HANA")
    await people.shortcut("U0HANA", "psso_diagnose")
    await people.wait_for("U0HANA", "How long")
    await people.close_modal("U0HANA")
    for body in got[1:]:
        assert body.keys() <= KEYS[body["type"]]
        assert body.get("view", {}).keys() <= VIEW_KEYS
    assert {body.get("type") for body in got[1:]} == KEYS.keys()


def _menu() -> Json:
    options = [{"text": words("First"), "value": "1"}, {"text": words("Second"), "value": "2"}]
    return {"type": "actions", "elements": [{"type": "overflow", "action_id": "menu", "options": options}]}


async def test_an_external_persons_click_carries_their_own_team(
    people: Workspace, client: AsyncWebClient, socket: AsyncSocketModeHandler, got: list[Json]
) -> None:
    await client.chat_postMessage(channel="C0SHARED", text="menu", blocks=[_menu()])
    await people.click("U0STRANGER", "First")
    assert got[-1]["user"]["team_id"] == "T0FABRIKAM"
    assert got[-1]["team"]["id"] == "T0CONTOSO"


async def test_people_change_and_the_app_hears_of_it(
    people: Workspace, app: AsyncApp, socket: AsyncSocketModeHandler
) -> None:
    heard: list[Json] = []

    @app.event("user_change")
    async def changed(event: Json) -> None:
        heard.append(event)

    await people.person("U0HANA", is_restricted=True)
    assert heard[0]["user"]["is_restricted"]
    await people.person("U0NEW", email="new@contoso.com")
    assert heard[1]["user"]["profile"]["email"] == "new@contoso.com"
