"""Messages as events, suggestions, pickers, files, folded links: every way an app is spoken to."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from sandbox.slack.people import CannotDo, Workspace
from sandbox.slack.server import SlackSandbox

Json = dict[str, Any]

# https://github.com/slackapi/java-slack-sdk/blob/main/json-logs/samples/events/AppMentionPayload.json and
# https://docs.slack.dev/reference/events/app_mention
MENTION_KEYS = {
    *("type", "user", "text", "ts", "team", "channel", "event_ts", "client_msg_id", "blocks"),
    *("thread_ts", "parent_user_id"),
}
# https://docs.slack.dev/reference/interaction-payloads/block_suggestion-payload
SUGGESTION_KEYS = {
    *("type", "enterprise", "team", "user", "api_app_id", "token", "is_enterprise_install", "container"),
    *("view", "channel", "message", "action_id", "block_id", "value"),
}


def words(text: str) -> Json:
    return {"type": "plain_text", "text": text}


@pytest.fixture
def events(app: AsyncApp) -> list[Json]:
    heard: list[Json] = []

    async def take(event: Json) -> None:
        heard.append(event)

    app.event("app_mention")(take)
    app.event("message")(take)
    return heard


async def test_a_mention_is_told_with_what_was_typed(
    people: Workspace, socket: AsyncSocketModeHandler, events: list[Json]
) -> None:
    said = "<@U0BOT> why <mailto:ada@contoso.com|ada@contoso.com> &amp; <#C0GENERAL>? <!here>"
    await people.message("U0HANA", "C0GENERAL", said)
    event = events[0]
    assert event.keys() <= MENTION_KEYS
    assert (event["type"], event["text"], event["user"]) == ("app_mention", said, "U0HANA")
    assert event["blocks"][0]["elements"][0]["elements"] == [
        {"type": "user", "user_id": "U0BOT"},
        {"type": "text", "text": " why "},
        {"type": "link", "url": "mailto:ada@contoso.com", "text": "ada@contoso.com"},
        {"type": "text", "text": " & "},
        {"type": "channel", "channel_id": "C0GENERAL"},
        {"type": "text", "text": "? "},
        {"type": "broadcast", "range": "here"},
    ]


async def test_a_mention_in_a_thread_names_the_thread(
    people: Workspace, socket: AsyncSocketModeHandler, events: list[Json]
) -> None:
    ts = (await people.message("U0OTTO", "C0GENERAL", "It fails"))["ts"]
    await people.message("U0HANA", "C0GENERAL", "<@U0BOT> help", thread_ts=ts)
    assert (events[0]["thread_ts"], events[0]["parent_user_id"]) == (ts, "U0OTTO")


async def test_only_mentions_and_direct_messages_are_told(
    people: Workspace, socket: AsyncSocketModeHandler, events: list[Json]
) -> None:
    await people.message("U0HANA", "C0GENERAL", "nobody named")
    await people.message("U0HANA", "C0NOBOT", "<@U0BOT> is not in here")
    await people.message("U0HANA", "U0BOT", "<@U0BOT> hello")
    assert [(event["type"], event["channel_type"]) for event in events] == [("message", "im")]
    await people.app(events=["app_mention"])
    await people.message("U0HANA", "U0BOT", "not subscribed")
    assert len(events) == 1


async def test_http_mode_signs_message_events(people: Workspace, sandbox: SlackSandbox) -> None:
    heard: list[Json] = []

    async def take(request: web.Request) -> web.Response:
        body, sent = await request.read(), request.headers["X-Slack-Request-Timestamp"]
        signed = hmac.new(sandbox.signing_secret.encode(), f"v0:{sent}:".encode() + body, hashlib.sha256)
        assert request.headers["X-Slack-Signature"] == f"v0={signed.hexdigest()}"
        heard.append(json.loads(body))
        return web.Response()

    receiver = web.Application()
    receiver.router.add_post("/slack/events", take)
    runner = web.AppRunner(receiver)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await people.http(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events", verify=False)
    went = await people.message("U0HANA", "U0BOT", "hello")
    await people.message("U0HANA", "C0GENERAL", "<@U0BOT> hello")
    await runner.cleanup()
    assert went["events"][0]["acked"]
    assert [one["type"] for one in heard] == ["event_callback"] * 2
    assert [one["event"]["type"] for one in heard] == ["message", "app_mention"]
    assert heard[0]["event_id"] != heard[1]["event_id"]
    assert heard[0]["authorizations"][0]["is_bot"] is True


def picker() -> Json:
    def field(name: str, kind: str, **more: Any) -> Json:
        element = {"type": kind, "action_id": name, **more}
        return {"type": "input", "block_id": name, "label": words(name), "element": element, "optional": True}

    fields = [
        field("who", "users_select"),
        field("all", "multi_users_select", max_selected_items=2),
        field(
            "where", "conversations_select", response_url_enabled=True, default_to_current_conversation=True
        ),
        field("far", "external_select", min_query_length=2),
        field("many", "multi_external_select"),
    ]
    view = {"type": "modal", "callback_id": "pick", "title": words("Pick"), "submit": words("Send")}
    return {**view, "blocks": fields}


@pytest.fixture
def picked(app: AsyncApp) -> list[Json]:
    bodies: list[Json] = []

    @app.shortcut("psso_diagnose")
    async def pressed(ack: Any, body: Json, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=picker())

    @app.options("far")
    async def far(ack: Any, body: Json) -> None:
        bodies.append(body)
        await ack(options=[{"text": words(f"{body['value']} Lind"), "value": "ada"}])

    @app.view("pick")
    async def sent(ack: Any, body: Json) -> None:
        bodies.append(body)
        await ack()

    return bodies


async def test_pickers_carry_people_conversations_and_the_apps_own_options(
    people: Workspace, socket: AsyncSocketModeHandler, picked: list[Json]
) -> None:
    await people.app(shortcuts=["psso_diagnose"])
    await people.shortcut("U0HANA", "psso_diagnose")
    await people.wait_for("U0HANA", "who")
    found = await people.post("options", {"user": "U0HANA", "action_id": "far", "query": "Ada"})
    option = found["response"]["options"][0]
    assert option["text"]["text"] == "Ada Lind"
    assert picked[0].keys() <= SUGGESTION_KEYS
    assert (picked[0]["type"], picked[0]["container"]["type"]) == ("block_suggestion", "view")
    values = {
        "who": {"who": "U0ADA"},
        "all": {"all": ["U0ADA", "U0OTTO"]},
        "where": {"where": "C0GENERAL"},
        "far": {"far": option},
        "many": {"many": [option]},
    }
    too_many = values | {"all": {"all": ["U0ADA", "U0OTTO", "U0MIRA"]}}
    refused = await people.submit("U0HANA", too_many)
    assert refused["client_errors"] == {"all": "Select at most 2 items."}
    await people.submit("U0HANA", values)
    state = picked[-1]["view"]["state"]["values"]
    assert state["who"]["who"] == {"type": "users_select", "selected_user": "U0ADA"}
    assert state["all"]["all"]["selected_users"] == ["U0ADA", "U0OTTO"]
    assert state["far"]["far"]["selected_option"] == option
    assert state["many"]["many"]["selected_options"] == [option]
    answering = picked[-1]["response_urls"][0]
    assert (answering["channel_id"], answering["block_id"], answering["action_id"]) == (
        "C0GENERAL",
        "where",
        "where",
    )
    thanked = await AsyncWebhookClient(answering["response_url"]).send(text="thank you")
    assert thanked.status_code == 200
    assert (await people.screen("U0HANA"))["ephemerals"][-1]["text"] == "thank you"


async def test_only_an_external_select_is_asked_for_options(
    people: Workspace, client: AsyncWebClient
) -> None:
    button = {"type": "button", "action_id": "go", "text": words("Go")}
    await client.chat_postMessage(
        channel="C0GENERAL", text="x", blocks=[{"type": "actions", "elements": [button]}]
    )
    with pytest.raises(CannotDo, match="nothing_to_suggest"):
        await people.post("options", {"user": "U0HANA", "action_id": "go"})


async def test_a_file_is_uploaded_with_alt_text_and_shared_in_a_thread(
    client: AsyncWebClient, people: Workspace
) -> None:
    thread = str((await client.chat_postMessage(channel="C0APPROVE", text="The week"))["ts"])
    done = await client.files_upload_v2(
        content=b"\x89PNG",
        filename="week.png",
        title="The week",
        alt_txt="Failures by day",
        channel="C0APPROVE",
        thread_ts=thread,
        initial_comment="*As asked*",
    )
    shared = (await people.screen("U0OTTO"))["channels"]["C0APPROVE"]["messages"][0]["thread"][0]
    assert shared["text"] == "*As asked*"
    file = shared["files"][0]
    assert (file["title"], file["alt_txt"], file["mimetype"], file["size"]) == (
        *("The week", "Failures by day"),
        *("image/png", 4),
    )
    assert done["file"]["id"] == file["id"]
    async with aiohttp.request("GET", file["url_private"]) as response:
        assert (await response.read(), response.content_type) == (b"\x89PNG", "image/png")


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ("U0HANA", "invalid_arguments"),
        ("general", "invalid_arguments"),
        ("C0NOBOT", "not_in_channel"),
        ("C0MISSING", "channel_not_found"),
    ],
)
async def test_files_go_to_conversations_the_bot_is_in(
    client: AsyncWebClient, channel: str, error: str
) -> None:
    with pytest.raises(SlackApiError) as refused:
        await client.files_upload_v2(content="x", filename="x.txt", channel=channel)
    assert refused.value.response["error"] == error


async def test_a_file_reaches_a_direct_message_by_its_channel(
    client: AsyncWebClient, people: Workspace
) -> None:
    opened = await client.conversations_open(users="U0HANA")
    await client.files_upload_v2(content="x", filename="x.txt", channel=opened["channel"]["id"])
    assert (await people.screen("U0HANA"))["direct_messages"][0]["files"][0]["name"] == "x.txt"


async def test_uploads_that_are_not_finished_are_refused(client: AsyncWebClient) -> None:
    begun = await client.files_getUploadURLExternal(filename="x.txt", length=1)
    assert str(begun["upload_url"]).startswith("http://127.0.0.1:")
    with pytest.raises(SlackApiError, match="file_not_found"):
        await client.files_completeUploadExternal(files=[{"id": str(begun["file_id"])}])
    with pytest.raises(SlackApiError, match="alt_txt_too_large"):
        await client.files_getUploadURLExternal(filename="x.txt", length=1, alt_txt="x" * 1001)
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        await client.files_getUploadURLExternal(filename="x.txt", length=0)


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ({}, {"links": False, "media": True}),
        ({"unfurl_links": True, "unfurl_media": False}, {"links": True, "media": False}),
    ],
)
async def test_links_unfold_only_when_asked_for(
    client: AsyncWebClient, people: Workspace, asked: Json, kept: dict[str, bool]
) -> None:
    await client.chat_postMessage(channel="C0GENERAL", text="<https://learn.microsoft.com>", **asked)
    seen = await people.get("client", user="U0HANA")
    assert seen["messages"]["C0GENERAL"]["messages"][0]["unfurl"] == kept


async def test_a_persons_language_is_told_when_asked_for(client: AsyncWebClient) -> None:
    asked = await client.users_info(user="U0EDDA", include_locale=True)
    assert asked["user"]["locale"] == "de-DE"
    assert "locale" not in (await client.users_info(user="U0EDDA"))["user"]
    listed = await client.users_list(include_locale=True)
    assert {one["id"]: one.get("locale") for one in listed["members"]}["U0IVO"] == "ja-JP"


async def test_the_feed_tells_what_a_client_would_show(client: AsyncWebClient, sandbox: SlackSandbox) -> None:
    feed = sandbox.workspace.feed
    ts = str((await client.chat_postMessage(channel="C0APPROVE", text="one"))["ts"])
    await client.chat_postEphemeral(channel="C0APPROVE", user="U0HANA", text="hers")
    await client.chat_update(channel="C0APPROVE", ts=ts, text="two")
    await client.chat_delete(channel="C0APPROVE", ts=ts)
    told = [fact for fact in feed.after(0) or [] if fact["kind"].startswith("message")]
    assert [(fact["kind"], fact.get("what")) for fact in told] == [
        *(("message", "posted"), ("message", "posted"), ("message", "changed"), ("message_deleted", None)),
    ]
    assert told[0]["to"] == sandbox.workspace.channels["C0APPROVE"].members
    assert told[1]["to"] == ["U0HANA"]
    called = [fact["method"] for fact in feed.after(0) or [] if fact["kind"] == "web_api"]
    assert called == ["chat.postMessage", "chat.postEphemeral", "chat.update", "chat.delete"]
