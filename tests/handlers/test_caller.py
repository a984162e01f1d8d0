from __future__ import annotations

from typing import Any

import pytest

from bot.errors import Denial, NotAllowed
from handlers.caller import (
    Caller,
    click_caller,
    click_op_id,
    command_caller,
    command_op_id,
    submission_op_id,
)
from handlers.guard import check_origin
from tests.fakes import FakeWorkspace

OURS = Caller(team_id="T0CONTOSO", user_id="U0HANA", user_team_id="T0CONTOSO", app_id="A0PSSO")


def a_click(**changes: Any) -> dict[str, Any]:
    click = {
        "type": "block_actions",
        "team": {"id": "T0CONTOSO"},
        "user": {"id": "U0HANA", "team_id": "T0CONTOSO"},
        "api_app_id": "A0PSSO",
        "channel": {"id": "C1"},
        "container": {"message_ts": "1.2"},
        "response_url": "https://hooks.example/1",
        "actions": [{"action_id": "psso_approve", "action_ts": "3.4", "value": "req:1"}],
    }
    return click | changes


def test_a_click_delivered_twice_has_one_id() -> None:
    first, again = click_op_id(a_click(trigger_id="1")), click_op_id(a_click(trigger_id="2"))
    assert first == again
    others = (
        a_click(user={"id": "U0OTTO", "team_id": "T0CONTOSO"}),
        a_click(team={"id": "T2"}),
        a_click(container={"message_ts": "9.9"}),
        a_click(actions=[{"action_id": "psso_approve", "action_ts": "5.6"}]),
        a_click(actions=[{"action_id": "psso_cancel", "action_ts": "3.4"}]),
    )
    assert len({first, *(click_op_id(other) for other in others)}) == len(others) + 1


def test_other_ids() -> None:
    assert command_op_id({"trigger_id": "77.1"}) == "slash:77.1"
    assert submission_op_id({"view": {"id": "V1", "hash": "h2"}}) == "view:V1:h2"


def test_what_lacks_its_moment_counts_by_its_trigger() -> None:
    bare = [{"action_id": "psso_approve", "value": "req:1"}]
    first, second = (a_click(actions=bare, trigger_id=trigger) for trigger in ("1", "2"))
    assert click_op_id(first) == click_op_id(dict(first)) != click_op_id(second)
    assert submission_op_id({"view": {"id": "V1"}, "trigger_id": "9"}) == "view:V1:9"


def test_the_message_names_itself_where_its_container_does_not() -> None:
    assert click_caller(a_click(container={}, message={"ts": "1.2"})).message_ts == "1.2"


def test_a_caller_survives_the_store() -> None:
    caller = click_caller(a_click())
    assert caller == Caller(
        "T0CONTOSO", "U0HANA", "T0CONTOSO", "A0PSSO", "C1", "1.2", "https://hooks.example/1"
    )
    assert Caller.from_body(caller.to_body()) == caller


@pytest.mark.parametrize(
    "body", [{}, {"team": None, "user": "x", "actions": "y", "container": []}, {"actions": []}]
)
def test_a_payload_of_nonsense_is_nobody(body: dict[str, Any]) -> None:
    assert click_caller(body).user_id == ""
    assert command_caller(body).team_id == ""
    assert click_op_id(body).startswith("click:")
    with pytest.raises(NotAllowed):
        check_origin(click_caller(body), FakeWorkspace())


@pytest.mark.parametrize(
    ("changes", "denial"),
    [
        ({"team_id": "T0FABRIKAM"}, Denial.WRONG_WORKSPACE),
        ({"team_id": ""}, Denial.WRONG_WORKSPACE),
        ({"app_id": "A0OTHER"}, Denial.WRONG_APP),
        ({"app_id": ""}, Denial.WRONG_APP),
        ({"user_team_id": "T0FABRIKAM"}, Denial.OUTSIDER),
        ({"user_id": ""}, Denial.OUTSIDER),
    ],
)
def test_only_our_workspace_through_our_app(changes: dict[str, str], denial: Denial) -> None:
    fields = {name: getattr(OURS, name) for name in Caller.__slots__} | changes
    with pytest.raises(NotAllowed) as refused:
        check_origin(Caller(**fields), FakeWorkspace())
    assert refused.value.denial is denial


def test_ours_passes() -> None:
    check_origin(OURS, FakeWorkspace())
