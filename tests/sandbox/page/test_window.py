"""One person's window: what it shows, and what a person does in it, with an app that answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.page.cast import CAST
from sandbox.slack.people import Workspace
from sandbox.slack.server import SlackSandbox
from tests.sandbox.page.conftest import Json, Visitor

GENERAL = {"person": "U0HANA", "channel": "C0GENERAL"}
OTHER = {"text": {"type": "plain_text", "text": "Other"}, "value": "other"}


def words(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def form(title: str = "Form") -> Json:
    reason = {"type": "plain_text_input", "action_id": "reason", "min_length": 5}
    who = {"type": "users_select", "action_id": "who"}
    return {
        "type": "modal",
        "callback_id": "form",
        "title": words(title),
        "submit": words("Send"),
        "blocks": [
            {"type": "input", "block_id": "reason", "label": words("Reason"), "element": reason},
            {"type": "input", "block_id": "who", "label": words("Who"), "element": who, "optional": True},
        ],
    }


def card() -> list[Json]:
    go = {"type": "button", "action_id": "go", "text": words("Go"), "value": "1"}
    menu = {"type": "static_select", "action_id": "menu", "options": [OTHER]}
    far = {"type": "external_select", "action_id": "far", "min_query_length": 1}
    several = {"type": "multi_users_select", "action_id": "several"}
    rows = [{"type": "actions", "block_id": "row", "elements": [go, menu, far]}]
    section = {"type": "section", "block_id": "more", "text": words("Who?"), "accessory": several}
    return [*rows, section]


@pytest.fixture
async def heard(slack: SlackSandbox, visitor: Visitor, people: Workspace) -> AsyncIterator[list[Json]]:
    """What an app hears that opens a form at a command, and refuses the first submission."""
    await people.app(
        events=["app_mention", "message.im", "app_home_opened"], shortcuts=["everywhere", "on_message"]
    )
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
    app = AsyncApp(client=client)
    bodies: list[Json] = []
    _listen(app, bodies)
    handler = AsyncSocketModeHandler(app, slack.app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    await client.chat_postMessage(channel="C0GENERAL", text="card", blocks=card())
    yield bodies
    await handler.close_async()  # type: ignore[no-untyped-call]


def _listen(app: AsyncApp, bodies: list[Json]) -> None:
    async def open_form(ack: Any, body: Json, client: Any) -> None:
        await ack()
        bodies.append(body)
        await client.views_open(trigger_id=body["trigger_id"], view=form())

    async def take(ack: Any, body: Json) -> None:
        bodies.append(body)
        await ack()

    app.command("/psso")(open_form)
    app.shortcut("everywhere")(open_form)
    app.shortcut("on_message")(take)
    for name in ("go", "menu", "far", "several"):
        app.action(name)(take)
    for event in ("app_mention", "message"):
        app.event(event)(take)

    @app.view("form")
    async def sent(ack: Any, body: Json) -> None:
        bodies.append(body)
        refused = sum(one.get("type") == "view_submission" for one in bodies) == 1
        await ack(**({"response_action": "errors", "errors": {"reason": "Say more."}} if refused else {}))

    @app.options("far")
    async def far(ack: Any, body: Json) -> None:
        bodies.append(body)
        await ack(options=[OTHER])

    @app.event("app_home_opened")
    async def home(event: Json, client: Any) -> None:
        view = {"type": "home", "blocks": [{"type": "section", "text": words("Welcome")}]}
        await client.views_publish(user_id=event["user"], view=view)


async def test_everybody_of_the_cast_has_a_window(visitor: Visitor) -> None:
    for person, (role, label) in CAST.items():
        state = await visitor.state(person)
        assert state["simulated"] is True
        assert (state["person"]["role"], state["person"]["role_label"]) == (role, label)
        assert state["cast"] == list(CAST)
        assert state["channels"][-1] | {"members": []} == {
            **{"id": "D" + person[1:], "name": "directmessage", "kind": "dm", "with": "U0BOT", "topic": ""},
            **{"archived": False, "shared_outside": False, "bot_is_member": True, "members": []},
            **{"last_read": "0", "unread": 0, "mentions": 0},
        }
    names = [one["name"] for one in (await visitor.state("U0PARTNER"))["channels"]]
    assert names == ["fabrikam-shared", "directmessage"]


async def test_the_menus_are_the_manifests(visitor: Visitor, slack: SlackSandbox) -> None:
    state = await visitor.state("U0HANA")
    assert [one["command"] for one in state["commands"]] == ["/psso"] == slack.workspace.app.commands
    assert [one["callback_id"] for one in state["shortcuts"]] == slack.workspace.app.shortcuts
    assert {hint["text"].split()[0] for hint in state["commands"][0]["hints"]} >= {"why", "explain", "help"}
    assert "app_home_opened" in slack.workspace.app.events


async def test_unread_messages_are_counted_until_read(visitor: Visitor, people: Workspace) -> None:
    await people.message("U0HANA", "C0GENERAL", "mine")
    await people.message("U0OTTO", "C0GENERAL", "another's")
    last = await people.message("U0OTTO", "C0GENERAL", "for <@U0HANA>")
    await people.message("U0OTTO", "C0GENERAL", "in a thread", thread_ts=last["ts"])

    async def counted(person: str) -> tuple[int, int]:
        channels = {one["id"]: one for one in (await visitor.state(person))["channels"]}
        return channels["C0GENERAL"]["unread"], channels["C0GENERAL"]["mentions"]

    assert await counted("U0HANA") == (2, 1)
    assert await counted("U0OTTO") == (1, 0)
    async with visitor.stream("U0HANA") as stream:
        await visitor.does("read", **GENERAL, ts=last["ts"])
        read = await stream.until(lambda event: event["kind"] == "read")
    assert (read["channel"], read["last_read"]) == ("C0GENERAL", last["ts"])
    assert await counted("U0HANA") == (0, 0)
    assert (await visitor.does("read", **GENERAL, ts="1"))["last_read"] == last["ts"]


async def test_a_long_channel_comes_page_by_page(visitor: Visitor, people: Workspace) -> None:
    for number in range(130):
        await people.message("U0HANA", "C0GENERAL", str(number))
    newest = (await visitor.state("U0HANA"))["messages"]["C0GENERAL"]
    assert ([one["text"] for one in newest["messages"]], newest["more"]) == (
        [str(number) for number in range(30, 130)],
        True,
    )
    before = newest["messages"][0]["ts"]
    older = await visitor.get("/api/messages", person="U0HANA", channel="C0GENERAL", before=before)
    assert ([one["text"] for one in older["messages"]], older["more"]) == (
        [str(number) for number in range(30)],
        False,
    )


async def test_a_form_is_opened_refused_and_taken(visitor: Visitor, heard: list[Json]) -> None:
    async with visitor.stream("U0HANA,U0OTTO") as stream:
        went = await visitor.does("command", **GENERAL, command="/psso", text="request")
        assert went["acked"]
        opened = await stream.until(lambda event: event["kind"] == "modals")
        assert (opened["to"], opened["what"]) == (["U0HANA"], "opened")
        view = opened["modals"][0]
        assert (view["title"], view["submit"], view["close"]) == ("Form", "Send", None)
        asked = {"person": "U0HANA", "view_id": view["id"]}
        too_short = await visitor.does("submit", **asked, values={"reason": {"reason": "why"}})
        assert too_short["errors"] == {"reason": "Please enter at least 5 characters."}
        values = {"reason": {"reason": "because"}, "who": {"who": "U0ADA"}}
        assert (await visitor.does("submit", **asked, values=values))["errors"] == {"reason": "Say more."}
        shown = await stream.until(lambda event: event.get("what") == "errors" and len(heard) == 2)
        assert shown["modals"][0]["id"] == view["id"]
        assert heard[-1]["view"]["state"]["values"]["who"]["who"]["selected_user"] == "U0ADA"
        assert (await visitor.state("U0HANA"))["modals"][0]["errors"] == {"reason": "Say more."}
        assert (await visitor.does("submit", **asked, values=values))["errors"] == {}
        closed = await stream.until(lambda event: event.get("what") == "closed")
        assert closed["modals"] == []
    status, said = await visitor.tries("submit", **asked, values=values)
    assert (status, said["error"]) == (400, "view_not_open")


async def test_clicks_and_choices_reach_the_app_as_slack_sends_them(
    visitor: Visitor, heard: list[Json]
) -> None:
    message = (await visitor.state("U0HANA"))["messages"]["C0GENERAL"]["messages"][0]
    where = {**GENERAL, "message_ts": message["ts"], "block_id": "row"}
    await visitor.does("click", **where, action_id="go")
    assert heard[-1]["actions"][0]["value"] == "1"
    assert heard[-1]["container"]["message_ts"] == message["ts"]
    await visitor.does("click", **where, action_id="menu", value="other")
    assert heard[-1]["actions"][0]["selected_option"]["text"]["text"] == "Other"
    found = await visitor.does("options", **where, action_id="far", query="ot")
    assert found["options"] == [OTHER]
    assert (heard[-1]["type"], heard[-1]["value"]) == ("block_suggestion", "ot")
    await visitor.does("click", **where, action_id="far", value=found["options"][0])
    assert heard[-1]["actions"][0]["selected_option"] == OTHER
    several = {**where, "block_id": "more", "action_id": "several", "value": ["U0ADA", "U0OTTO"]}
    await visitor.does("click", **several)
    assert heard[-1]["actions"][0]["selected_users"] == ["U0ADA", "U0OTTO"]


async def test_shortcuts_mentions_and_direct_messages(visitor: Visitor, heard: list[Json]) -> None:
    message = (await visitor.state("U0HANA"))["messages"]["C0GENERAL"]["messages"][0]
    await visitor.does("shortcut", person="U0HANA", callback_id="everywhere")
    assert heard[-1]["type"] == "shortcut"
    await visitor.does("close", person="U0HANA")
    await visitor.does("shortcut", **GENERAL, callback_id="on_message", message_ts=message["ts"])
    assert (heard[-1]["type"], heard[-1]["message"]["ts"]) == ("message_action", message["ts"])
    await visitor.does("message", **GENERAL, text="<@U0BOT> help")
    assert heard[-1]["event"]["type"] == "app_mention"
    sent = await visitor.does("message", person="U0HANA", channel="D0HANA", text="hello")
    assert (sent["channel"], heard[-1]["event"]["channel_type"]) == ("D0HANA", "im")
    direct = (await visitor.state("U0HANA"))["messages"]["D0HANA"]["messages"]
    assert [one["text"] for one in direct] == ["hello"]


async def test_the_home_tab_opens(visitor: Visitor, heard: list[Json]) -> None:
    async with visitor.stream("U0ADA") as stream:
        await visitor.does("home", person="U0ADA")
        told = await stream.until(lambda event: event["kind"] == "home")
    assert told["home"]["blocks"][0]["text"]["text"] == "Welcome"
    assert (await visitor.state("U0ADA"))["home"]["type"] == "home"


async def test_an_app_that_is_not_there_is_noticed(visitor: Visitor) -> None:
    async with visitor.stream("U0HANA") as stream:
        went = await visitor.does("command", **GENERAL, command="/psso", text="")
        assert (went["acked"], went["error"]) == (False, "dispatch_failed")
        assert (await stream.until(lambda event: event["kind"] == "notice"))["person"] == "U0HANA"
    assert (await visitor.state("U0HANA"))["notices"][-1]["error"] == "dispatch_failed"


async def test_what_slack_forbids_the_page_cannot_force(visitor: Visitor) -> None:
    command = {"person": "U0PARTNER", "channel": "C0SHARED", "command": "/psso", "text": "x", "force": True}
    status, said = await visitor.tries("command", **command)
    assert (status, said["error"]) == (400, "command_not_available")


async def test_a_file_is_shown_with_its_alt_text(
    visitor: Visitor, people: Workspace, slack: SlackSandbox
) -> None:
    await people.app(scopes=[*slack.workspace.app.scopes, "files:write"])
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
    await client.files_upload_v2(
        content=b"\x89PNG",
        filename="chart.png",
        title="Failures",
        alt_txt="Failures by hour",
        channel="C0ALERTS",
    )
    shown = (await visitor.state("U0HANA"))["messages"]["C0ALERTS"]["messages"][0]["files"][0]
    told = [fact for fact in slack.workspace.feed.after(0) or [] if fact["kind"] == "file"]
    assert [(fact["channel"], fact["file"]) for fact in told] == [("C0ALERTS", shown)]
    assert (shown["title"], shown["alt_txt"], shown["is_image"]) == ("Failures", "Failures by hour", True)
    async with visitor.session.get(visitor.url + shown["url"]) as response:
        assert (await response.read(), response.content_type) == (b"\x89PNG", "image/png")
    await client.files_upload_v2(content="<script>", filename="page.html", channel="C0ALERTS")
    page = (await visitor.state("U0HANA"))["messages"]["C0ALERTS"]["messages"][1]["files"][0]
    async with visitor.session.get(visitor.url + page["url"]) as response:
        assert response.headers["Content-Disposition"] == "attachment"
        assert response.content_type == "application/octet-stream"
