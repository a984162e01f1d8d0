"""Only this machine's browser, from the page itself, gets in; and nothing secret gets out."""

from __future__ import annotations

import json

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.page.guard import HEADERS
from sandbox.page.server import Page
from sandbox.slack.people import Workspace
from sandbox.slack.server import SlackSandbox
from tests.sandbox.page.conftest import Visitor

ANYWHERE = [
    "/",
    "/static/",
    "/api/state?person=U0HANA",
    "/api/entra",
    "/api/events?person=U0HANA",
    "/nowhere",
]


@pytest.mark.parametrize("path", ANYWHERE)
@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1:1", ""])
async def test_another_host_gets_nothing(visitor: Visitor, path: str, host: str) -> None:
    async with visitor.session.get(visitor.url + path, headers={"Host": host}) as response:
        assert (response.status, (await response.json())["error"]) == (403, "wrong_host")


async def test_localhost_is_a_name_of_ours(visitor: Visitor) -> None:
    port = visitor.url.rpartition(":")[2]
    async with visitor.session.get(
        f"{visitor.url}/api/entra", headers={"Host": f"localhost:{port}"}
    ) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    ("headers", "status", "error"),
    [
        ({}, 403, "wrong_origin"),
        ({"Origin": "null"}, 403, "wrong_origin"),
        ({"Origin": "http://evil.example"}, 403, "wrong_origin"),
        ({"Origin": "http://127.0.0.1:1"}, 403, "wrong_origin"),
        ({"Origin": "OURS", "Content-Type": "text/plain"}, 415, "not_json"),
        ({"Origin": "OURS", "Content-Type": "application/x-www-form-urlencoded"}, 415, "not_json"),
    ],
)
async def test_another_sites_form_or_script_does_nothing(
    visitor: Visitor, people: Workspace, headers: dict[str, str], status: int, error: str
) -> None:
    sent = {"Content-Type": "application/json", **headers}
    sent = {name: visitor.url if value == "OURS" else value for name, value in sent.items()}
    body = json.dumps({"person": "U0HANA", "channel": "C0GENERAL", "text": "hello"})
    async with visitor.session.post(f"{visitor.url}/api/message", data=body, headers=sent) as response:
        assert (response.status, (await response.json())["error"]) == (status, error)
    assert (await people.screen("U0HANA"))["channels"]["C0GENERAL"]["messages"] == []


@pytest.mark.parametrize("path", [*ANYWHERE, "/static/../server.py", "/static/%2e%2e/server.py", "/files/F1"])
async def test_every_answer_carries_the_safety_headers(visitor: Visitor, path: str) -> None:
    async with visitor.session.get(visitor.url + path) as response:
        assert {name: response.headers[name] for name in HEADERS} == HEADERS
        assert b"class Page" not in await response.content.read(2000)
    assert "unsafe" not in HEADERS["Content-Security-Policy"]


async def test_it_listens_on_loopback_alone(page: Page) -> None:
    assert page.url.startswith("http://127.0.0.1:")


async def test_tokens_and_answering_addresses_stay_inside(visitor: Visitor, slack: SlackSandbox) -> None:
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
    await client.auth_test()
    await client.chat_postMessage(channel="C0GENERAL", text="hello")
    async with visitor.stream("U0HANA", after=(await visitor.state("U0HANA"))["cursor"]) as stream:
        await visitor.does("command", person="U0HANA", channel="C0GENERAL", command="/psso", text="status")
        delivery = await stream.until(lambda event: event["kind"] == "delivery")
        seen = json.dumps(stream.seen)
    payload = await visitor.get(f"/api/inspect/delivery/{delivery['n']}")
    call = await visitor.get("/api/inspect/web_api/1")
    rest = [await visitor.get(path) for path in ("/api/state?person=U0HANA", "/api/entra", "/api/inspect")]
    everything = seen + json.dumps([payload, call, rest])
    for secret in (
        slack.bot_token,
        slack.app_token,
        slack.signing_secret,
        "verification-token",
        "/response/",
    ):
        assert secret not in everything
    assert payload["payload"]["response_url"] == "(taken out)"
    assert payload["payload"]["text"] == "status"
    assert call["args"]["channel"] == "C0GENERAL"


async def test_errors_are_sentences(visitor: Visitor) -> None:
    assert await visitor.tries("message", channel="C0GENERAL", text="x") == (
        400,
        {"ok": False, "error": "missing_field", "text": "The request needs 'person'."},
    )
    assert (await visitor.tries("click", person="U0HANA"))[1]["text"] == "The request needs 'action_id'."
    query = "person=U0HANA&channel=C0GENERAL&before=1&limit=many"
    async with visitor.session.get(f"{visitor.url}/api/messages?{query}") as response:
        assert (response.status, (await response.json())["error"]) == (400, "bad_value")
    status, said = await visitor.tries("juggle", person="U0HANA")
    assert (status, said["error"]) == (404, "no_such_action")
    headers = {"Origin": visitor.url, "Content-Type": "application/json"}
    async with visitor.session.post(f"{visitor.url}/api/message", data="[1", headers=headers) as response:
        assert response.status == 400
        assert (await response.json())["error"] == "send_a_json_object"
    async with visitor.session.get(f"{visitor.url}/api/inspect/web_api/999") as response:
        assert (response.status, (await response.json())["error"]) == (400, "not_kept")


async def test_a_sandbox_that_is_gone_is_said_so(visitor: Visitor, slack: SlackSandbox) -> None:
    await slack.stop()
    async with visitor.session.get(f"{visitor.url}/api/state?person=U0HANA") as response:
        assert (response.status, (await response.json())["error"]) == (502, "sandbox_gone")
