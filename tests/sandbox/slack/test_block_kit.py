"""Each limit at n and at n + 1, structure, and agreement with slack_sdk's models on lengths."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block, Option
from slack_sdk.models.views import View

from sandbox.slack.block_kit import validate_blocks, validate_message, validate_view

Json = dict[str, Any]


def plain(length: int) -> Json:
    return {"type": "plain_text", "text": "x" * length}


def mrkdwn(length: int) -> Json:
    return {"type": "mrkdwn", "text": "x" * length}


def button(**changes: Any) -> Json:
    return {"type": "button", "action_id": "go", "text": plain(2), **changes}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def option(text: int = 2, value: int = 2) -> Json:
    return {"text": plain(text), "value": "v" * value}


def select(**changes: Any) -> Json:
    return {"type": "static_select", "action_id": "pick", "options": [option()], **changes}


def confirm(**changes: Any) -> Json:
    return {"title": plain(2), "text": plain(2), "confirm": plain(2), "deny": plain(2), **changes}


def entry(**changes: Any) -> Json:
    element = {"type": "plain_text_input", "action_id": "words"}
    return {"type": "input", "block_id": "b", "label": plain(2), "element": element, **changes}


def modal(*blocks: Json, **changes: Any) -> Json:
    return {
        "type": "modal",
        "title": plain(2),
        "submit": plain(2),
        "blocks": list(blocks or [entry()]),
        **changes,
    }


LIMITS: dict[str, tuple[Callable[[int], Json], int]] = {
    "header": (lambda n: {"type": "header", "text": plain(n)}, 150),
    "section text": (lambda n: {"type": "section", "text": mrkdwn(n)}, 3000),
    "section field": (lambda n: {"type": "section", "fields": [mrkdwn(n)]}, 2000),
    "section fields": (lambda n: {"type": "section", "fields": [mrkdwn(1)] * n}, 10),
    "context elements": (lambda n: {"type": "context", "elements": [mrkdwn(1)] * n}, 10),
    "actions elements": (lambda n: actions(*[button(action_id=f"a{i}") for i in range(n)]), 25),
    "button text": (lambda n: actions(button(text=plain(n))), 75),
    "button value": (lambda n: actions(button(value="v" * n)), 2000),
    "button url": (lambda n: actions(button(url="u" * n)), 3000),
    "action_id": (lambda n: actions(button(action_id="a" * n)), 255),
    "block_id": (lambda n: {"type": "divider", "block_id": "b" * n}, 255),
    "confirm title": (lambda n: actions(button(confirm=confirm(title=plain(n)))), 100),
    "confirm text": (lambda n: actions(button(confirm=confirm(text=mrkdwn(n)))), 300),
    "confirm button": (lambda n: actions(button(confirm=confirm(confirm=plain(n)))), 30),
    "confirm deny": (lambda n: actions(button(confirm=confirm(deny=plain(n)))), 30),
    "options": (lambda n: actions(select(options=[option()] * n)), 100),
    "option text": (lambda n: actions(select(options=[option(text=n)])), 75),
    "option value": (lambda n: actions(select(options=[option(value=n)])), 150),
    "placeholder": (lambda n: actions(select(placeholder=plain(n))), 150),
    "overflow options": (
        lambda n: actions({"type": "overflow", "action_id": "more", "options": [option()] * n}),
        5,
    ),
    "image alt": (lambda n: {"type": "image", "image_url": "https://x.example/i", "alt_text": "a" * n}, 2000),
    "markdown": (lambda n: {"type": "markdown", "text": "x" * n}, 12_000),
    "table rows": (lambda n: {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * n}, 100),
}
VIEW_LIMITS: dict[str, tuple[Callable[[int], Json], int]] = {
    "title": (lambda n: modal(title=plain(n)), 24),
    "submit": (lambda n: modal(submit=plain(n)), 24),
    "close": (lambda n: modal(close=plain(n)), 24),
    "private_metadata": (lambda n: modal(private_metadata="m" * n), 3000),
    "callback_id": (lambda n: modal(callback_id="c" * n), 255),
    "blocks": (lambda n: modal(*[{"type": "divider"}] * n), 100),
    "input label": (lambda n: modal(entry(label=plain(n))), 2000),
    "input hint": (lambda n: modal(entry(hint=plain(n))), 2000),
}
# The SDK's block models do not look at these; they reject every other row at n + 1.
SDK_ACCEPTS = {"section field", "option text", "option value", "table rows"}


@pytest.mark.parametrize("name", LIMITS)
def test_a_block_fits_at_its_limit_and_not_beyond(name: str) -> None:
    build, limit = LIMITS[name]
    assert validate_blocks([build(limit)]) == []
    assert validate_blocks([build(limit + 1)]) != []


@pytest.mark.parametrize("name", VIEW_LIMITS)
def test_a_view_fits_at_its_limit_and_not_beyond(name: str) -> None:
    build, limit = VIEW_LIMITS[name]
    assert validate_view(build(limit)) == []
    assert validate_view(build(limit + 1)) != []


@pytest.mark.parametrize("name", LIMITS)
def test_slack_sdk_agrees_on_lengths(name: str) -> None:
    build, limit = LIMITS[name]
    assert _sdk_accepts(build(limit))
    assert _sdk_accepts(build(limit + 1)) == (name in SDK_ACCEPTS)


def test_slack_sdk_agrees_on_options() -> None:
    for longest in (option(text=75), option(value=150)):
        Option(**longest).to_dict()
    for too_long in (option(text=76), option(value=151)):
        with pytest.raises(SlackObjectFormationError):
            Option(**too_long).to_dict()


def _sdk_accepts(block: Json) -> bool:
    try:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.to_dict()
    except SlackObjectFormationError:
        return False
    return True


@pytest.mark.parametrize("name", [name for name in VIEW_LIMITS if not name.startswith("input")])
def test_slack_sdk_agrees_on_views(name: str) -> None:
    build, limit = VIEW_LIMITS[name]
    View(**build(limit)).to_dict()
    with pytest.raises(SlackObjectFormationError):
        View(**build(limit + 1)).to_dict()


WRONG_BLOCKS: dict[str, Json] = {
    "header as mrkdwn": {"type": "header", "text": mrkdwn(2)},
    "button text as mrkdwn": actions(button(text=mrkdwn(2))),
    "button in context": {"type": "context", "elements": [button()]},
    "unknown property": {"type": "divider", "colour": "red"},
    "unknown block": {"type": "banner"},
    "bad style": actions(button(style="loud")),
    "bad alert level": {"type": "alert", "text": plain(2), "level": "shouting"},
    "actions without elements": {"type": "actions"},
    "no elements": {"type": "actions", "elements": []},
    "empty text": {"type": "section", "text": mrkdwn(0)},
    "empty button": actions(button(text=plain(0))),
    "section with nothing": {"type": "section"},
    "emoji on mrkdwn": {"type": "section", "text": {**mrkdwn(2), "emoji": True}},
    "input in a message": entry(),
    "text input in actions": actions({"type": "plain_text_input", "action_id": "a"}),
    "select without options": actions(select(options=None)),
    "select with both": actions(select(option_groups=[{"label": plain(2), "options": [option()]}])),
    "initial option not offered": actions(select(initial_option=option(value=9))),
    "same action_id twice in a block": actions(button(), button()),
    "null text": {"type": "section", "text": None},
    "confirm without deny": actions(
        button(confirm={"title": plain(1), "text": plain(1), "confirm": plain(1)})
    ),
    "not an object": "section",  # type: ignore[dict-item]
}


@pytest.mark.parametrize("name", WRONG_BLOCKS)
def test_wrong_structure_is_refused(name: str) -> None:
    assert validate_message({"text": "x", "blocks": [WRONG_BLOCKS[name]]})


def test_a_message_takes_50_blocks() -> None:
    assert validate_message({"blocks": [{"type": "divider"}] * 50}) == []
    problem = "no more than 50 items allowed [json-pointer:/blocks]"
    assert validate_message({"blocks": [{"type": "divider"}] * 51}) == [problem]


def test_block_ids_are_unique_and_action_ids_only_within_a_block() -> None:
    twice = [{"type": "divider", "block_id": "b"}] * 2
    assert validate_message({"blocks": twice}) == [
        "`block_id` b already exists [json-pointer:/blocks/1/block_id]"
    ]
    assert validate_message({"blocks": [actions(button()), actions(button())]}) == []


def test_one_table_and_12000_characters_of_markdown_a_message() -> None:
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}
    assert validate_message({"blocks": [table, table]})
    assert validate_message({"blocks": [{"type": "markdown", "text": "x" * 6001}] * 2})


def test_attachments_are_looked_into() -> None:
    assert validate_message({"attachments": [{"blocks": [{"type": "banner"}]}]}) == [
        "unsupported type: banner [json-pointer:/attachments/0/blocks/0/type]"
    ]


WRONG_VIEWS: dict[str, Json] = {
    "input without submit": {"type": "modal", "title": plain(2), "blocks": [entry()]},
    "modal without title": {"type": "modal", "blocks": [{"type": "divider"}]},
    "home with a title": {"type": "home", "title": plain(2), "blocks": [{"type": "divider"}]},
    "unknown type": {"type": "drawer", "blocks": [{"type": "divider"}]},
    "no blocks": {"type": "home"},
    "empty blocks": {"type": "home", "blocks": []},
    "title as mrkdwn": modal(title=mrkdwn(2)),
    "a stored view's properties": modal(id="V1", hash="1"),
    "markdown in a modal": modal({"type": "markdown", "text": "x"}),
    "min above max": modal(
        entry(element={"type": "plain_text_input", "action_id": "a", "min_length": 5, "max_length": 2})
    ),
    "button as an input": modal(entry(element=button())),
    "two focused": modal(
        *(
            entry(
                block_id=str(n),
                element={"type": "plain_text_input", "action_id": "a", "focus_on_load": True},
            )
            for n in (1, 2)
        )
    ),
}


@pytest.mark.parametrize("name", WRONG_VIEWS)
def test_wrong_views_are_refused(name: str) -> None:
    assert validate_view(WRONG_VIEWS[name])


def test_a_home_tab_needs_only_blocks() -> None:
    assert validate_view({"type": "home", "blocks": [entry()]}) == []


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "elements", "options", "element", "confirm", "initial_option", "rows"]
            ),
            inner | st.sampled_from(["section", "actions", "button", "static_select", "plain_text", "input"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(JSON_VALUES, max_size=3))
def test_no_json_breaks_the_validator(blocks: list[Any]) -> None:
    problems = validate_message({"blocks": blocks})
    assert json.dumps(problems)
    assert problems or not blocks or all(isinstance(block, dict) for block in blocks)
