"""Block Kit's limits and structure as tables.

Blocks: https://docs.slack.dev/reference/block-kit/blocks
Elements: https://docs.slack.dev/reference/block-kit/block-elements
Objects: https://docs.slack.dev/reference/block-kit/composition-objects
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.slack.checks import (
    Check,
    Report,
    Shape,
    all_of,
    anything,
    array,
    at_least_one,
    boolean,
    exactly_one,
    integer,
    one_of,
    string,
    typed,
    unique,
)

BLOCKS_IN_MESSAGE = 50
BLOCKS_IN_VIEW = 100
MARKDOWN_IN_MESSAGE = 12_000
VIEW_BYTES = 250_000


def plain(most: int, least: int = 1) -> Check:
    """A plain_text object."""
    shape = Shape({"type": one_of("plain_text"), "text": string(most, least)}, {"emoji": boolean})
    return typed({"plain_text": shape})


def text(most: int) -> Check:
    """A plain_text or mrkdwn object; `emoji` belongs to the one, `verbatim` to the other."""
    mrkdwn = Shape({"type": one_of("mrkdwn"), "text": string(most)}, {"verbatim": boolean})
    return typed({"plain_text": plain(most), "mrkdwn": mrkdwn})


CONFIRM = Shape(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)
SLACK_FILE = all_of(Shape({}, {"id": string(255), "url": string(3000)}), exactly_one("id", "url"))


def option(words: Check, *, url: bool = False) -> Check:
    """An option object; only overflow menus may carry a URL."""
    extra: dict[str, Check] = {"url": string(3000)} if url else {}
    return Shape({"text": words, "value": string(150)}, {"description": words, **extra})


OPTION = option(plain(75))
OPTION_GROUP = Shape({"label": plain(75), "options": array(OPTION, 100)})
MENU: dict[str, Check] = {"options": array(OPTION, 100), "option_groups": array(OPTION_GROUP, 100)}
ACTION: dict[str, Check] = {"action_id": unique("action_ids"), "confirm": CONFIRM}
CHOICE: dict[str, Check] = {**ACTION, "placeholder": plain(150), "focus_on_load": boolean}
ENTRY: dict[str, Check] = {
    "action_id": unique("action_ids"),
    "placeholder": plain(150),
    "focus_on_load": boolean,
    "dispatch_action_config": Shape(
        {}, {"trigger_actions_on": array(one_of("on_enter_pressed", "on_character_entered"), 2)}
    ),
}
MANY: dict[str, Check] = {"max_selected_items": integer(1, 100)}
FILTER = Shape(
    {},
    {
        "include": array(one_of("im", "mpim", "private", "public"), 4),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
)
CONVERSATIONS: dict[str, Check] = {"default_to_current_conversation": boolean, "filter": FILTER}
IDS = array(string(255), 100)


def element(kind: str, required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    """A block element of one type."""
    return Shape({"type": one_of(kind), **required}, optional)


def _listed(value: Any, name: str) -> list[Any]:
    items = value.get(name)
    return list(items) if isinstance(items, list) else []


def initial_among_options(value: Any, pointer: str, report: Report) -> None:
    """An initial option must be one of the options, to the letter."""
    offered = _listed(value, "options")
    for group in _listed(value, "option_groups"):
        offered += _listed(group, "options") if isinstance(group, Mapping) else []
    chosen = _listed(value, "initial_options")
    chosen += [value["initial_option"]] if "initial_option" in value else []
    for one in chosen:
        if one not in offered:
            report.add("initial option must match one of the options", pointer)


def min_below_max(value: Any, pointer: str, report: Report) -> None:
    """min_length may not exceed max_length."""
    least, most = value.get("min_length"), value.get("max_length")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        report.add("`min_length` must not exceed `max_length`", pointer)


def _choices(kind: str, initial: str) -> Check:
    boxes = array(option(text(75)), 10)
    start: dict[str, Check] = {initial: option(text(75)) if initial == "initial_option" else boxes}
    optional = {**ACTION, "focus_on_load": boolean, **start}
    return all_of(element(kind, {"options": boxes}, optional), initial_among_options)


def _menu(kind: str, optional: Mapping[str, Check]) -> Check:
    shape = element(kind, {}, {**CHOICE, **MENU, **optional})
    return all_of(shape, exactly_one("options", "option_groups"), initial_among_options)


IMAGE: dict[str, Check] = {"image_url": string(3000), "slack_file": SLACK_FILE}
ICON = all_of(
    Shape({"type": one_of("image"), "alt_text": string(2000)}, IMAGE), exactly_one("image_url", "slack_file")
)
BUTTON = element(
    "button",
    {"text": plain(75)},
    {
        **ACTION,
        "value": string(2000),
        "url": string(3000),
        "style": one_of("primary", "danger"),
        "accessibility_label": string(75),
        "agent_prompt": string(4000),
        "agent_prompt_display": anything,
        "visible_to_user_ids": IDS,
    },
)
TEXT_INPUT = element(
    "plain_text_input",
    {},
    {
        **ENTRY,
        "initial_value": string(3000, 0),
        "multiline": boolean,
        "min_length": integer(0, 3000),
        "max_length": integer(1, 3000),
    },
)
FEEDBACK = Shape({"text": plain(75), "value": string(2000)}, {"accessibility_label": string(75)})

ELEMENTS: dict[str, Check] = {
    "button": BUTTON,
    "workflow_button": element(
        "workflow_button",
        {"text": plain(75), "workflow": anything},
        {**ACTION, "style": one_of("primary", "danger"), "accessibility_label": string(75)},
    ),
    "image": ICON,
    "overflow": element("overflow", {"options": array(option(plain(75), url=True), 5)}, ACTION),
    "static_select": _menu("static_select", {"initial_option": OPTION}),
    "multi_static_select": _menu("multi_static_select", {**MANY, "initial_options": array(OPTION, 100)}),
    "external_select": element(
        "external_select", {}, {**CHOICE, "initial_option": OPTION, "min_query_length": integer(0, 1000)}
    ),
    "multi_external_select": element(
        "multi_external_select",
        {},
        {**CHOICE, **MANY, "initial_options": array(OPTION, 100), "min_query_length": integer(0, 1000)},
    ),
    "users_select": element("users_select", {}, {**CHOICE, "initial_user": string(255)}),
    "multi_users_select": element("multi_users_select", {}, {**CHOICE, **MANY, "initial_users": IDS}),
    "conversations_select": element(
        "conversations_select",
        {},
        {**CHOICE, **CONVERSATIONS, "initial_conversation": string(255), "response_url_enabled": boolean},
    ),
    "multi_conversations_select": element(
        "multi_conversations_select", {}, {**CHOICE, **CONVERSATIONS, **MANY, "initial_conversations": IDS}
    ),
    "channels_select": element(
        "channels_select",
        {},
        {**CHOICE, "initial_channel": string(255), "response_url_enabled": boolean},
    ),
    "multi_channels_select": element(
        "multi_channels_select", {}, {**CHOICE, **MANY, "initial_channels": IDS}
    ),
    "datepicker": element("datepicker", {}, {**CHOICE, "initial_date": string(10, 10)}),
    "timepicker": element(
        "timepicker", {}, {**CHOICE, "initial_time": string(5, 5), "timezone": string(255)}
    ),
    "datetimepicker": element(
        "datetimepicker",
        {},
        {**ACTION, "focus_on_load": boolean, "initial_date_time": integer(1_000_000_000, 9_999_999_999)},
    ),
    "checkboxes": _choices("checkboxes", "initial_options"),
    "radio_buttons": _choices("radio_buttons", "initial_option"),
    "plain_text_input": all_of(TEXT_INPUT, min_below_max),
    "email_text_input": element("email_text_input", {}, {**ENTRY, "initial_value": string(3000, 0)}),
    "url_text_input": element("url_text_input", {}, {**ENTRY, "initial_value": string(3000, 0)}),
    "number_input": element(
        "number_input",
        {"is_decimal_allowed": boolean},
        {**ENTRY, "initial_value": string(255), "min_value": string(255), "max_value": string(255)},
    ),
    "rich_text_input": element("rich_text_input", {}, {**ENTRY, "initial_value": anything}),
    "file_input": element(
        "file_input",
        {},
        {
            "action_id": unique("action_ids"),
            "filetypes": array(string(255), 100),
            "max_files": integer(1, 10),
        },
    ),
    "feedback_buttons": element(
        "feedback_buttons", {"positive_button": FEEDBACK, "negative_button": FEEDBACK}, ACTION
    ),
    "icon_button": element(
        "icon_button",
        {"icon": string(255), "text": plain(75)},
        {**ACTION, "value": string(2000), "accessibility_label": string(75), "visible_to_user_ids": IDS},
    ),
}

MENUS = tuple(kind for kind in ELEMENTS if kind.endswith("_select"))
PICKERS = ("datepicker", "timepicker")
BOXES = ("checkboxes", "radio_buttons")
ACCESSORIES = ("button", "workflow_button", "image", "overflow", *MENUS, *PICKERS, *BOXES)
IN_ACTIONS = ("button", "workflow_button", "overflow", *MENUS, *PICKERS, "datetimepicker", *BOXES)
IN_INPUT = (
    *MENUS,
    *PICKERS,
    *BOXES,
    "datetimepicker",
    "plain_text_input",
    "email_text_input",
    "url_text_input",
    "number_input",
    "rich_text_input",
    "file_input",
)
BLOCK_ID: dict[str, Check] = {"block_id": unique("block_ids")}
RICH_TEXT: dict[str, Check] = {
    "type": one_of("rich_text"),
    "elements": array(anything, 1000, 0),
}
CELL = typed(
    {
        "raw_text": Shape({"type": anything, "text": string(3000, 0)}),
        "raw_number": Shape({"type": anything, "value": anything}, {"text": string(3000, 0)}),
        "rich_text": Shape(RICH_TEXT, BLOCK_ID),
    }
)


def block(kind: str, required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Shape:
    """A block of one type."""
    return Shape({"type": one_of(kind), **required}, {**BLOCK_ID, **(optional or {})})


IN_CONTEXT = typed({"image": ICON, "plain_text": plain(3000), "mrkdwn": text(3000)})
TASK: dict[str, Check] = {"task_id": string(255), "title": string(255)}
TASK_EXTRA: dict[str, Check] = {
    "status": one_of("pending", "in_progress", "complete", "error"),
    "details": anything,
    "output": anything,
    "sources": array(anything, 100),
}

BLOCKS: dict[str, Check] = {
    "divider": block("divider", {}),
    "header": block("header", {"text": plain(150)}),
    "section": all_of(
        block(
            "section",
            {},
            {
                "text": text(3000),
                "fields": array(text(2000), 10),
                "accessory": typed(ELEMENTS, *ACCESSORIES),
                "expand": boolean,
            },
        ),
        at_least_one("text", "fields"),
    ),
    "context": block("context", {"elements": array(IN_CONTEXT, 10)}),
    "actions": block("actions", {"elements": array(typed(ELEMENTS, *IN_ACTIONS), 25)}),
    "input": block(
        "input",
        {"label": plain(2000), "element": typed(ELEMENTS, *IN_INPUT)},
        {"hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "image": all_of(
        block("image", {"alt_text": string(2000)}, {**IMAGE, "title": plain(2000)}),
        exactly_one("image_url", "slack_file"),
    ),
    "markdown": block("markdown", {"text": string(MARKDOWN_IN_MESSAGE)}),
    "rich_text": Shape(RICH_TEXT, BLOCK_ID),
    "table": block(
        "table",
        {"rows": array(array(CELL, 20), 100)},
        {"column_settings": array(anything, 20)},
    ),
    "alert": block(
        "alert", {"text": text(3000)}, {"level": one_of("default", "info", "warning", "error", "success")}
    ),
    "card": all_of(
        block(
            "card",
            {},
            {
                "title": text(150),
                "subtitle": text(150),
                "body": text(200),
                "actions": array(typed(ELEMENTS, "button"), 5),
                "icon": ICON,
                "hero_image": ICON,
            },
        ),
        at_least_one("title", "body", "actions", "hero_image"),
    ),
    "context_actions": block(
        "context_actions", {"elements": array(typed(ELEMENTS, "feedback_buttons", "icon_button"), 5)}
    ),
    "video": block(
        "video",
        {
            "title": plain(200),
            "alt_text": string(2000),
            "thumbnail_url": string(3000),
            "video_url": string(3000),
        },
        {
            "author_name": string(50),
            "description": plain(200),
            "provider_icon_url": string(3000),
            "provider_name": string(255),
            "title_url": string(3000),
        },
    ),
    "file": block("file", {"external_id": string(255), "source": one_of("remote")}),
    "task_card": block("task_card", TASK, TASK_EXTRA),
    "plan": block(
        "plan",
        {"title": string(255)},
        {"tasks": array(Shape({"type": one_of("task_card"), **TASK}, {**BLOCK_ID, **TASK_EXTRA}), 50)},
    ),
}
BLOCKS["carousel"] = block("carousel", {"elements": array(typed(BLOCKS, "card"), 10)})
BLOCKS["container"] = block(
    "container",
    {"child_blocks": array(typed(BLOCKS), 10)},
    {
        "title": plain(150),
        "rich_text_title": anything,
        "subtitle": text(150),
        "icon": ICON,
        "is_collapsible": boolean,
        "default_collapsed": boolean,
        "has_header_divider": boolean,
        "width": one_of("default", "full"),
    },
)

# Where a block may not appear: https://docs.slack.dev/reference/block-kit/blocks ("available in surfaces").
NOT_ON: dict[str, frozenset[str]] = {
    "input": frozenset({"message"}),
    "markdown": frozenset({"modal", "home"}),
    "table": frozenset({"modal", "home"}),
    "file": frozenset({"modal", "home"}),
    "context_actions": frozenset({"modal", "home"}),
    "task_card": frozenset({"modal", "home"}),
    "plan": frozenset({"modal", "home"}),
}

VIEW_COMMON: dict[str, Check] = {
    "private_metadata": string(3000, 0),
    "callback_id": string(255, 0),
    "external_id": string(255, 0),
    "clear_on_close": boolean,
    "notify_on_close": boolean,
    "submit_disabled": boolean,
}
VIEWS: dict[str, Check] = {
    "modal": Shape(
        {"type": one_of("modal"), "title": plain(24), "blocks": anything},
        {**VIEW_COMMON, "submit": plain(24), "close": plain(24)},
    ),
    "home": Shape({"type": one_of("home"), "blocks": anything}, VIEW_COMMON),
}
