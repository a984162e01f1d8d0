"""Payloads that did not come from our workspace through our app, straight into a real Bolt app."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.adapters.slack.transport import bolt_app
from bot.render import labels
from handlers import register
from tests.handlers.conftest import Office


async def dispatch(office: Office, body: dict[str, Any], *, form: bool = False) -> BoltResponse:
    app = bolt_app(office.client, office.desk.workspace.installation)  # type: ignore[attr-defined]
    register(app, office.desk)
    text = urlencode(body) if form else json.dumps(body)
    kind = "application/x-www-form-urlencoded" if form else "application/json"
    request = AsyncBoltRequest(body=text, headers={"content-type": [kind]}, mode="socket_mode")
    response: BoltResponse = await app.async_dispatch(request)
    return response


def a_command(**changes: str) -> dict[str, Any]:
    return {
        "command": "/psso",
        "text": "why ada.lind@contoso.com",
        "team_id": "T0CONTOSO",
        "api_app_id": "A0PSSO",
        "user_id": "U0HANA",
        "channel_id": "C0GENERAL",
        "trigger_id": "1.2",
        "response_url": "",
    } | changes


def a_click(**changes: Any) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "team": {"id": "T0CONTOSO"},
        "user": {"id": "U0OTTO", "team_id": "T0CONTOSO"},
        "api_app_id": "A0PSSO",
        "channel": {"id": "C0APPROVE"},
        "container": {"message_ts": "1.2"},
        "trigger_id": "1.2",
        "actions": [
            {
                "type": "button",
                "action_id": labels.ON_APPROVE,
                "block_id": "b",
                "value": "r:1",
                "action_ts": "3",
            }
        ],
    } | changes


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"team_id": "T0FABRIKAM"}, "wrong_workspace"),
        ({"team_id": ""}, "wrong_workspace"),
        ({"api_app_id": "A0OTHER"}, "wrong_app"),
        ({"user_id": ""}, "outsider"),
    ],
)
async def test_foreign_commands(listening: Office, changes: dict[str, str], because: str) -> None:
    response = await dispatch(listening, a_command(**changes), form=True)
    assert response.status == 200
    assert "Reference" in response.body
    assert listening.desk.inbox.recorded == set()
    assert listening.desk.journal.entries[0].detail["because"] == because


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"team": {"id": "T0FABRIKAM"}}, "wrong_workspace"),
        ({"team": None}, "wrong_workspace"),
        ({"api_app_id": "A0OTHER"}, "wrong_app"),
        ({"user": {"id": "U0PARTNER", "team_id": "T0FABRIKAM"}}, "outsider"),
    ],
)
async def test_foreign_clicks(listening: Office, changes: dict[str, Any], because: str) -> None:
    response = await dispatch(listening, a_click(**changes))
    assert response.status == 200
    assert listening.desk.inbox.recorded == set()
    assert listening.desk.journal.entries[0].detail["because"] == because


async def test_ours_is_recorded_with_ids_only(listening: Office) -> None:
    assert (await dispatch(listening, a_click())).status == 200
    (job,) = listening.desk.inbox.waiting
    assert job.kind == "approve"
    assert job.body["value"] == "r:1"
    assert set(job.body) <= {
        "team_id",
        "user_id",
        "user_team_id",
        "app_id",
        "channel_id",
        "message_ts",
        "response_url",
        "value",
        "at",
    }


async def test_a_button_of_an_earlier_version_is_answered(listening: Office) -> None:
    old = [{"type": "button", "action_id": "psso_gone", "block_id": "b", "value": "x", "action_ts": "3"}]
    assert (await dispatch(listening, a_click(actions=old))).status == 200
    assert listening.desk.inbox.recorded == set()
    assert listening.desk.journal.entries[0].detail["because"] == "stale_card"
