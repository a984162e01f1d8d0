"""What the Web API takes and refuses, over HTTP with the unmodified client."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from sandbox.slack.methods import METHODS
from sandbox.slack.people import Workspace
from sandbox.slack.server import SlackSandbox

DIVIDER = [{"type": "divider"}]
HOME = {"type": "home", "blocks": DIVIDER}


async def refusal(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


async def post(client: AsyncWebClient, **how: Any) -> AsyncSlackResponse:
    # The typed method warns about a missing text, which Slack itself only refuses.
    return await client.api_call("chat.postMessage", json={"channel": "C0APPROVE", "text": "hello", **how})


async def test_auth_test_names_team_and_bot_and_scopes(client: AsyncWebClient) -> None:
    answer = await client.auth_test()
    assert (answer["team_id"], answer["user_id"], answer["bot_id"]) == ("T0CONTOSO", "U0BOT", "B0PSSO")
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, "not_authed"),
        ({"Authorization": "Bearer xoxb-other"}, "invalid_auth"),
        ({"Authorization": "Bearer xapp-sandbox"}, "not_allowed_token_type"),
    ],
)
async def test_tokens_are_checked(sandbox: SlackSandbox, headers: dict[str, str], error: str) -> None:
    url = sandbox.api_url + "auth.test"
    async with aiohttp.ClientSession() as session, session.post(url, headers=headers) as answer:
        assert answer.status == 200
        assert (await answer.json())["error"] == error


async def test_arguments_come_as_json_form_or_query(sandbox: SlackSandbox, people: Workspace) -> None:
    said = {"channel": "C0APPROVE", "text": "t", "blocks": DIVIDER}
    as_text = {**said, "blocks": json.dumps(DIVIDER), "token": sandbox.bot_token}
    headers = {"Authorization": f"Bearer {sandbox.bot_token}"}
    url = sandbox.api_url + "chat.postMessage"
    async with aiohttp.ClientSession() as session:
        for how in ({"json": said, "headers": headers}, {"data": as_text}, {"params": as_text}):
            async with session.post(url, **how) as answer:
                assert (await answer.json())["message"]["blocks"][0]["type"] == "divider"
        async with session.post(
            url, data="{", headers={**headers, "Content-Type": "application/json"}
        ) as answer:
            assert (await answer.json())["error"] == "invalid_json"
    assert all("token" not in call["args"] for call in await people.calls())


async def test_unknown_methods_and_missing_scopes(client: AsyncWebClient, people: Workspace) -> None:
    assert await refusal(client.api_call("chat.shout")) == "unknown_method"
    await people.app(scopes=["commands"])
    with pytest.raises(SlackApiError) as caught:
        await post(client)
    response = caught.value.response
    assert (response["error"], response["needed"], response["provided"]) == (
        "missing_scope",
        "chat:write",
        "commands",
    )


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"channel": "C0NOPE"}, "channel_not_found"),
        ({"channel": "C0SECRET"}, "channel_not_found"),
        ({"channel": "C0NOBOT"}, "not_in_channel"),
        ({"channel": "C0OLD"}, "is_archived"),
        ({"text": ""}, "no_text"),
        ({"blocks": [{"type": "banner"}]}, "invalid_blocks"),
        ({"thread_ts": "1.000001"}, "thread_not_found"),
        ({"metadata": {"event_type": "x"}}, "invalid_metadata_format"),
    ],
)
async def test_post_message_refuses(client: AsyncWebClient, how: dict[str, Any], error: str) -> None:
    assert await refusal(post(client, **how)) == error


async def test_invalid_blocks_come_with_pointers(client: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        await post(client, blocks=[{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}])
    assert caught.value.response["response_metadata"]["messages"] == [
        "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]"
    ]


async def test_a_message_keeps_metadata_and_a_thread(client: AsyncWebClient, people: Workspace) -> None:
    metadata = {"event_type": "request", "event_payload": {"id": "REQ-1"}}
    top = await post(client, metadata=metadata)
    await post(client, text="reply", thread_ts=top["ts"])
    (message,) = (await people.screen("U0OTTO"))["channels"]["C0APPROVE"]["messages"]
    assert message["metadata"] == metadata
    assert [reply["plain"] for reply in message["thread"]] == ["reply"]
    link = await client.chat_getPermalink(channel="C0APPROVE", message_ts=str(top["ts"]))
    assert link["permalink"].startswith("https://contoso.slack.com/archives/C0APPROVE/p")


async def test_an_update_with_text_alone_drops_the_blocks(client: AsyncWebClient, people: Workspace) -> None:
    ts = str((await post(client, blocks=DIVIDER))["ts"])
    await client.chat_update(channel="C0APPROVE", ts=ts, text="new", blocks=DIVIDER)
    kept = (await people.screen("U0OTTO"))["channels"]["C0APPROVE"]["messages"][0]
    assert (len(kept["blocks"]), kept["edited"]) == (1, False)
    await client.chat_update(channel="C0APPROVE", ts=ts, text="newer")
    dropped = (await people.screen("U0OTTO"))["channels"]["C0APPROVE"]["messages"][0]
    assert (dropped["blocks"], dropped["edited"], dropped["plain"]) == ([], True, "newer")


async def test_update_and_delete_refuse(client: AsyncWebClient, people: Workspace) -> None:
    theirs = (await people.message("U0OTTO", "C0APPROVE", "mine"))["ts"]
    ours = str((await post(client))["ts"])
    update, where = client.chat_update, "C0APPROVE"
    assert await refusal(update(channel=where, ts=theirs, text="x")) == "cant_update_message"
    assert await refusal(update(channel=where, ts="1.000001", text="x")) == "message_not_found"
    assert await refusal(update(channel=where, ts=ours, text="x" * 4001)) == "msg_too_long"
    assert await refusal(client.chat_delete(channel=where, ts=theirs)) == "cant_delete_message"
    await client.chat_delete(channel=where, ts=ours)
    assert await refusal(update(channel=where, ts=ours, text="x")) == "message_not_found"


async def test_an_ephemeral_reaches_one_member_only(client: AsyncWebClient, people: Workspace) -> None:
    await client.chat_postEphemeral(channel="C0APPROVE", user="U0OTTO", text="psst")
    assert [one["plain"] for one in (await people.screen("U0OTTO"))["ephemerals"]] == ["psst"]
    assert (await people.screen("U0MIRA"))["ephemerals"] == []
    outside = client.chat_postEphemeral(channel="C0APPROVE", user="U0ADA", text="psst")
    assert await refusal(outside) == "user_not_in_channel"


async def test_people_and_groups(client: AsyncWebClient, people: Workspace) -> None:
    hana = (await client.users_info(user="U0HANA"))["user"]
    assert hana["profile"]["email"] == "hana.berg@contoso.com"
    assert "locale" not in hana
    assert (await client.users_info(user="U0IVO", include_locale=True))["user"]["locale"] == "ja-JP"
    assert (await client.users_info(user="U0STRANGER"))["user"]["is_stranger"]
    assert (await client.users_lookupByEmail(email="ADA.lind@contoso.com"))["user"]["id"] == "U0ADA"
    assert await refusal(client.users_lookupByEmail(email="greta.gone@contoso.com")) == "users_not_found"
    assert await refusal(client.users_info(user="U0WHO")) == "user_not_found"
    await people.usergroup("S0HELPDESK", ["U0IVO"])
    assert (await client.usergroups_users_list(usergroup="S0HELPDESK"))["users"] == ["U0IVO"]
    await people.app(scopes=["users:read"])
    assert "email" not in (await client.users_info(user="U0HANA"))["user"]["profile"]


async def test_conversations(client: AsyncWebClient) -> None:
    shared = (await client.conversations_info(channel="C0SHARED"))["channel"]
    assert shared["is_ext_shared"]
    assert (await client.conversations_info(channel="C0APPROVE"))["channel"]["is_private"]
    assert await refusal(client.conversations_info(channel="C0SECRET")) == "channel_not_found"
    opened = await client.conversations_open(users="U0ADA")
    assert opened["channel"]["id"] == "D0ADA"
    assert await refusal(client.conversations_open(users="U0GONE")) == "user_disabled"
    names = {row["name"] for row in (await client.conversations_list(types="public_channel"))["channels"]}
    assert {"general", "watercooler"} <= names
    assert "U0OTTO" in (await client.conversations_members(channel="C0APPROVE"))["members"]


async def test_post_message_is_limited_to_one_a_second_a_channel(
    client: AsyncWebClient, people: Workspace
) -> None:
    for _ in range(5):
        await post(client)
    with pytest.raises(SlackApiError) as caught:
        await post(client)
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "1"
    await post(client, channel="C0AUDIT")
    await people.advance(1)
    await post(client)
    await people.rate_limits(enabled=False)
    for _ in range(10):
        await post(client)


async def test_a_tier_two_method_allows_twenty_a_minute(client: AsyncWebClient) -> None:
    for _ in range(20):
        await client.usergroups_list()
    assert await refusal(client.usergroups_list()) == "ratelimited"


async def test_faults_hit_the_next_calls_of_a_method(client: AsyncWebClient, people: Workspace) -> None:
    await people.fault("chat.postMessage", error="internal_error", count=1)
    assert await refusal(post(client)) == "internal_error"
    await people.fault("chat.postMessage", retry_after=7)
    assert await refusal(post(client)) == "ratelimited"
    await people.fault("*", status=503)
    with pytest.raises(SlackApiError):
        await post(client)
    await post(client)


async def test_a_call_cut_after_it_took_effect_posts_twice_when_retried(
    client: AsyncWebClient, people: Workspace
) -> None:
    await people.fault("chat.postMessage", cut="after")
    await post(client)
    messages = (await people.screen("U0OTTO"))["channels"]["C0APPROVE"]["messages"]
    assert len(messages) == 2
    await people.fault("chat.postMessage", cut="before")
    await post(client)
    assert len((await people.screen("U0OTTO"))["channels"]["C0APPROVE"]["messages"]) == 3


async def test_files_are_uploaded_in_two_steps(client: AsyncWebClient, people: Workspace) -> None:
    await client.files_upload_v2(content="a,b\n1,2\n", filename="sweep.csv", channel="C0APPROVE")
    (message,) = (await people.screen("U0OTTO"))["channels"]["C0APPROVE"]["messages"]
    assert message["plain"] == "[sweep.csv]"


async def test_blocks_validate_needs_no_token(sandbox: SlackSandbox) -> None:
    async with aiohttp.ClientSession() as session:
        url = sandbox.api_url + "blocks.validate"
        async with session.post(url, json={"blocks": [{"type": "banner"}]}) as answer:
            assert (await answer.json())["error"] == "invalid_blocks"
        async with session.post(url, json={"view": HOME}) as answer:
            assert (await answer.json())["ok"]


async def test_home_hashes_guard_against_races(client: AsyncWebClient) -> None:
    first = await client.views_publish(user_id="U0ADA", view=HOME)
    view_hash = str(first["view"]["hash"])
    await client.views_publish(user_id="U0ADA", view=HOME, hash=view_hash)
    late = client.views_publish(user_id="U0ADA", view=HOME, hash=view_hash)
    assert await refusal(late) == "hash_conflict"
    assert await refusal(client.views_publish(user_id="U0WHO", view=HOME)) == "invalid_arguments"


JUNK: list[dict[str, Any]] = [
    {},
    {"channel": "C0APPROVE", "text": "x", "blocks": "nonsense", "ts": "x", "user": "U0OTTO"},
    {
        "channel": 5,
        "blocks": {"type": "divider"},
        "attachments": ["x"],
        "view": "x",
        "cursor": "x",
        "limit": "x",
    },
    {"channel": [], "users": 3, "view": {"type": []}, "files": [1], "trigger_id": 1, "user_id": "U0ADA"},
]


@pytest.mark.parametrize("method", METHODS)
async def test_junk_is_answered_in_slacks_way(sandbox: SlackSandbox, method: str) -> None:
    token = sandbox.app_token if METHODS[method].token == "app" else sandbox.bot_token
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        for junk in JUNK:
            async with session.post(sandbox.api_url + method, json=junk) as answer:
                assert answer.status == 200
                assert "ok" in await answer.json()
