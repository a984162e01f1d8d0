"""Socket Mode's rough edges, event retries, and signed HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.http_mode import sign
from sandbox.slack.people import CannotDo, Workspace
from sandbox.slack.server import SlackSandbox
from tests.sandbox.slack.conftest import eventually, until

Json = dict[str, Any]


@pytest.fixture
def typed(app: AsyncApp) -> list[str]:
    texts: list[str] = []

    @app.command("/psso")
    async def command(ack: Any, body: Json) -> None:
        texts.append(body["text"])
        await ack(f"heard {body['text']}")

    return texts


async def test_a_duplicate_envelope_arrives_twice(
    people: Workspace, socket: AsyncSocketModeHandler, typed: list[str]
) -> None:
    await people.socket(duplicate_next=1)
    await people.command("U0HANA", "one")
    await until(lambda: typed == ["one", "one"])


async def test_a_dropped_event_comes_again_with_its_attempt(
    people: Workspace, app: AsyncApp, socket: AsyncSocketModeHandler
) -> None:
    attempts: list[Any] = []

    @app.event("app_home_opened")
    async def opened(request: Any) -> None:
        attempts.append(
            (request.headers.get("x-slack-retry-num"), request.headers.get("x-slack-retry-reason"))
        )

    await people.socket(drop_next=1)
    answer = await people.home("U0HANA")
    assert answer["error"] == "operation_timeout"
    await until(lambda: bool(attempts))
    assert attempts == [(["1"], ["timeout"])]


async def _reconnected(people: Workspace, opened_before: int) -> bool:
    opened = len(await people.calls("apps.connections.open"))
    return opened > opened_before and (await people.socket())["connections"] == 1


async def _acked(people: Workspace, text: str) -> bool:
    """The SDK can lose an ack while it moves to the new connection; a person would type again, too."""
    return bool((await people.command("U0HANA", text))["acked"])


async def test_the_sdk_reconnects_after_a_disconnect(
    people: Workspace, sandbox: SlackSandbox, socket: AsyncSocketModeHandler, typed: list[str]
) -> None:
    for reason in ("warning", "refresh_requested", "link_disabled"):
        before = len(await people.calls("apps.connections.open"))
        await people.socket(disconnect=reason)
        await eventually(partial(_reconnected, people, before))
        await eventually(partial(_acked, people, reason), seconds=15)
    assert list(dict.fromkeys(typed)) == ["warning", "refresh_requested", "link_disabled"]


async def test_an_eleventh_connection_is_turned_away(sandbox: SlackSandbox) -> None:
    client = AsyncWebClient(token=sandbox.app_token, base_url=sandbox.api_url)
    async with aiohttp.ClientSession() as session:
        hellos = []
        sockets = []
        for _ in range(11):
            opened = await client.apps_connections_open(app_token=sandbox.app_token)
            sockets.append(await session.ws_connect(opened["url"]))
            hellos.append(await sockets[-1].receive_json())
        assert [hello.get("num_connections") for hello in hellos[:10]] == list(range(1, 11))
        assert hellos[0]["connection_info"] == {"app_id": "A0PSSO"}
        assert hellos[10] == {"type": "disconnect", "reason": "too_many_websockets"}
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(opened["url"])
        for one in sockets:
            await one.close()


async def test_an_ack_may_come_on_another_connection(sandbox: SlackSandbox, people: Workspace) -> None:
    client = AsyncWebClient(base_url=sandbox.api_url)
    async with aiohttp.ClientSession() as session:
        first = await session.ws_connect(
            (await client.apps_connections_open(app_token=sandbox.app_token))["url"]
        )
        await first.receive_json()
        typing = asyncio.create_task(people.command("U0HANA", "hi"))
        envelope = await first.receive_json()
        assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
        second = await session.ws_connect(
            (await client.apps_connections_open(app_token=sandbox.app_token))["url"]
        )
        await second.receive_json()
        await second.send_json({"envelope_id": envelope["envelope_id"]})
        assert (await typing)["acked"]
        await first.close()
        await second.close()


@pytest.fixture
async def web_url(sandbox: SlackSandbox, people: Workspace, client: AsyncWebClient) -> AsyncIterator[str]:
    app = AsyncApp(client=client, signing_secret=sandbox.signing_secret)

    @app.command("/psso")
    async def command(ack: Any, command: Json) -> None:
        await ack(f"heard {command['text']}")

    @app.view("form")
    async def submitted(ack: Any) -> None:
        await ack(response_action="clear")

    @app.event("app_home_opened")
    async def opened() -> None:
        return

    runner = web.AppRunner(app.web_app("/slack/events"))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    await runner.cleanup()


async def test_http_mode_signs_what_it_posts(people: Workspace, web_url: str) -> None:
    assert (await people.http(web_url))["mode"] == "http"
    answer = await people.command("U0HANA", "hello")
    assert answer["response"] == {"text": "heard hello"}
    assert (await people.home("U0HANA"))["acked"]


async def test_http_mode_with_another_secret_is_refused_by_the_app(people: Workspace, web_url: str) -> None:
    with pytest.raises(CannotDo, match="url_verification_failed"):
        await people.http(web_url, signing_secret="stolen")
    await people.http(web_url, signing_secret="stolen", verify=False)
    assert (await people.command("U0HANA", "hello"))["error"] == "dispatch_failed"


def test_the_signature_is_slacks() -> None:
    # The worked example of https://docs.slack.dev/authentication/verifying-requests-from-slack
    body = (
        "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        "&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        "&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        "&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    expected = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert sign("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", body) == expected


async def test_the_sdk_comes_back_after_a_reset(
    people: Workspace, sandbox: SlackSandbox, app: AsyncApp, typed: list[str]
) -> None:
    handler = AsyncSocketModeHandler(app, sandbox.app_token, ping_interval=0.1)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    before = len(await people.calls("apps.connections.open"))
    await people.socket(abort=True)
    await eventually(partial(_reconnected, people, before))
    await eventually(partial(_acked, people, "again"), seconds=15)
    await handler.close_async()  # type: ignore[no-untyped-call]
