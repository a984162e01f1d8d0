"""Triggers, response URLs, and the modal stack."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.people import Workspace
from sandbox.slack.server import SlackSandbox
from tests.sandbox.slack.conftest import eventually

Json = dict[str, Any]
BLOCKS: list[Json] = [{"type": "section", "text": {"type": "plain_text", "text": "hello"}}]


def modal(title: str = "One", **changes: Any) -> Json:
    return {"type": "modal", "title": {"type": "plain_text", "text": title}, "blocks": BLOCKS, **changes}


@pytest.fixture
async def typed(app: AsyncApp, people: Workspace, socket: AsyncSocketModeHandler) -> Json:
    """The payload of one command that was acked and nothing else."""
    got: list[Json] = []

    @app.command("/psso")
    async def command(ack: Any, body: Json) -> None:
        got.append(body)
        await ack()

    @app.action("next")
    async def pressed(ack: Any, body: Json, client: Any) -> None:
        await ack()
        # A listener that raises this early would lose its ack, so the refusal stays here.
        with contextlib.suppress(SlackApiError):
            await client.views_push(trigger_id=body["trigger_id"], view=modal("Pushed", blocks=BUTTONS))

    assert (await people.command("U0HANA", "status"))["acked"]
    return got[0]


BUTTONS: list[Json] = [
    {
        "type": "actions",
        "elements": [{"type": "button", "action_id": "next", "text": {"type": "plain_text", "text": "Next"}}],
    }
]


async def refusal(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


async def test_a_trigger_works_once(client: AsyncWebClient, typed: Json) -> None:
    await client.views_open(trigger_id=typed["trigger_id"], view=modal())
    assert (
        await refusal(client.views_open(trigger_id=typed["trigger_id"], view=modal()))
        == "exchanged_trigger_id"
    )
    assert await refusal(client.views_open(trigger_id="1.2.3", view=modal())) == "invalid_trigger_id"


async def test_a_trigger_expires_after_three_seconds(
    client: AsyncWebClient, people: Workspace, typed: Json
) -> None:
    await people.advance(3.1)
    assert (
        await refusal(client.views_open(trigger_id=typed["trigger_id"], view=modal())) == "expired_trigger_id"
    )


async def test_a_modal_over_250_kb_or_malformed_is_refused(client: AsyncWebClient, typed: Json) -> None:
    long = {"type": "section", "text": {"type": "plain_text", "text": "x" * 3000}}
    trigger = typed["trigger_id"]
    assert (
        await refusal(client.views_open(trigger_id=trigger, view=modal(blocks=[long] * 100)))
        == "view_too_large"
    )
    assert await refusal(client.views_open(trigger_id=trigger, view=modal(blocks=[]))) == "invalid_arguments"
    await client.views_open(trigger_id=trigger, view=modal())


async def _depth_is(people: Workspace, depth: int) -> bool:
    return bool((await people.screen("U0HANA"))["modal"]["depth"] == depth)


async def _pushed(people: Workspace, times: int) -> bool:
    return len(await people.calls("views.push")) == times


async def test_the_stack_is_three_deep(client: AsyncWebClient, people: Workspace, typed: Json) -> None:
    await client.views_open(trigger_id=typed["trigger_id"], view=modal(blocks=BUTTONS))
    for depth in (2, 3):
        assert (await people.click("U0HANA", "Next"))["acked"]
        await eventually(partial(_depth_is, people, depth))
    await people.click("U0HANA", "Next")
    await eventually(lambda: _pushed(people, 3))
    pushes = await people.calls("views.push")
    assert [push["error"] for push in pushes] == [None, None, "push_limit_reached"]
    await people.close_modal("U0HANA")
    assert (await people.screen("U0HANA"))["modal"]["depth"] == 2
    await people.close_modal("U0HANA", all=True)
    assert (await people.screen("U0HANA"))["modal"] is None


async def test_an_update_with_a_stale_hash_is_refused(client: AsyncWebClient, typed: Json) -> None:
    opened = (await client.views_open(trigger_id=typed["trigger_id"], view=modal()))["view"]
    await client.views_update(view_id=opened["id"], hash=opened["hash"], view=modal("Two"))
    late = client.views_update(view_id=opened["id"], hash=opened["hash"], view=modal("Three"))
    assert await refusal(late) == "hash_conflict"
    assert await refusal(client.views_update(view_id="V0", view=modal())) == "not_found"


async def say(url: str, **said: Any) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.post(url, json=said) as answer:
        return answer.status, await answer.text()


async def test_a_response_url_works_five_times(people: Workspace, typed: Json) -> None:
    for number in range(5):
        assert await say(typed["response_url"], text=f"answer {number}") == (200, "ok")
    assert await say(typed["response_url"], text="once more") == (404, "used_url")
    assert len((await people.screen("U0HANA"))["ephemerals"]) == 5
    assert (await people.screen("U0OTTO"))["ephemerals"] == []


async def test_a_response_url_lasts_thirty_minutes(people: Workspace, typed: Json) -> None:
    await people.advance(30 * 60 + 1)
    assert await say(typed["response_url"], text="late") == (404, "expired_url")


async def test_an_answer_may_go_to_the_whole_channel(people: Workspace, typed: Json) -> None:
    await say(typed["response_url"], text="for all", response_type="in_channel")
    await people.wait_for("U0OTTO", "for all")
    assert await say(typed["response_url"], blocks=[{"type": "banner"}]) == (400, "invalid_blocks")
    assert await say(typed["response_url"]) == (400, "no_text")


async def test_the_clicked_message_is_replaced_or_deleted(
    client: AsyncWebClient, people: Workspace, app: AsyncApp, sandbox: SlackSandbox, typed: Json
) -> None:
    @app.action("close")
    async def closing(ack: Any, respond: Any, action: Json) -> None:
        await ack()
        if action["value"] == "replace":
            await respond(text="replaced", replace_original=True)
        else:
            await respond(delete_original=True)

    def close_button(value: str) -> list[Json]:
        text = {"type": "plain_text", "text": value}
        return [
            {
                "type": "actions",
                "elements": [{"type": "button", "action_id": "close", "text": text, "value": value}],
            }
        ]

    await say(typed["response_url"], text="one", blocks=close_button("replace"))
    await people.click("U0HANA", "replace")
    shown = await people.wait_for("U0HANA", "replaced")
    assert [one["plain"] for one in shown["ephemerals"]] == ["replaced"]
    await say(typed["response_url"], text="two", blocks=close_button("delete"))
    await people.click("U0HANA", "delete")
    await eventually(lambda: _ephemerals_are(people, 1))


async def _ephemerals_are(people: Workspace, count: int) -> bool:
    return len((await people.screen("U0HANA"))["ephemerals"]) == count
