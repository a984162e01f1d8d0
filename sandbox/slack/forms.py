"""A modal's inputs: what a person typed becomes `state.values`, checked as Slack's client checks. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Json = dict[str, Any]

REQUIRED = "Please complete this required field."
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
# Which property of the state object holds a person's choice, by element type.
SINGLE = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}
SEVERAL = {
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
}
_OPTION = {"static_select", "radio_buttons", "external_select"}
_OPTIONS = {"multi_static_select", "checkboxes", "multi_external_select"}
_STATEFUL = {
    *SINGLE,
    *SEVERAL,
    *_OPTION,
    *_OPTIONS,
    "plain_text_input",
    "email_text_input",
    "url_text_input",
    "number_input",
}


def elements_of(block: Mapping[str, Any]) -> list[Json]:
    """Return a block's interactive elements, in reading order."""
    found = [block.get("element"), block.get("accessory"), *(block.get("elements") or [])]
    found += list(block.get("actions") or []) if block.get("type") == "card" else []
    return [element for element in found if isinstance(element, dict) and "action_id" in element]


def walk(blocks: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], Json]]:
    """Yield every block with each of its interactive elements, containers and carousels included."""
    for block in blocks:
        for element in elements_of(block):
            yield block, element
        inner = list(block.get("child_blocks") or [])
        inner += block.get("elements") or [] if block.get("type") == "carousel" else []
        yield from walk(inner)


def state_values(blocks: Sequence[Mapping[str, Any]], typed: Mapping[str, Any]) -> Json:
    """Return `state.values` from what was typed by block_id and action_id, and initial values elsewhere."""
    values: Json = {}
    for block, element in walk(blocks):
        if element["type"] in _STATEFUL:
            block_id = str(block.get("block_id"))
            value = _typed_value(typed, block_id, element)
            values.setdefault(block_id, {})[element["action_id"]] = _state(element, value)
    return values


def _typed_value(typed: Mapping[str, Any], block_id: str, element: Json) -> Any:
    in_block = typed.get(block_id, typed.get(element["action_id"]))
    if isinstance(in_block, Mapping):
        in_block = in_block.get(element["action_id"])
    return _initial(element) if in_block is None else in_block


def _initial(element: Json) -> Any:
    if "initial_option" in element:
        return element["initial_option"]["value"]
    if "initial_options" in element:
        return [option["value"] for option in element["initial_options"]]
    names = (name for name in element if name.startswith("initial_"))
    return next((element[name] for name in names), None)


def _state(element: Json, value: Any) -> Json:
    kind = element["type"]
    if kind in _OPTION:
        return {"type": kind, "selected_option": option_of(element, value)}
    if kind in _OPTIONS:
        chosen = [value] if isinstance(value, (str, Mapping)) else value or []
        return {"type": kind, "selected_options": [option_of(element, one) for one in chosen]}
    if kind in SINGLE:
        return {"type": kind, SINGLE[kind]: value}
    if kind in SEVERAL:
        return {"type": kind, SEVERAL[kind]: [value] if isinstance(value, str) else value or []}
    return {"type": kind, "value": None if value == "" else value}


def option_of(element: Json, value: Any) -> Json | None:
    """Return the option with that value or label; what nobody offered becomes one, as a tamperer would."""
    if value is None:
        return None
    if isinstance(value, Mapping):  # an external source's option comes whole
        return dict(value)
    offered = list(element.get("options") or [])
    offered += [option for group in element.get("option_groups") or [] for option in group["options"]]
    for option in offered:
        if value in {option.get("value"), option["text"]["text"]}:
            found: Json = option
            return found
    return {"text": {"type": "plain_text", "text": str(value), "emoji": True}, "value": value}


def client_errors(blocks: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> dict[str, str]:
    """Return, by block_id, what Slack's client says before it would send the form."""
    errors: dict[str, str] = {}
    for block in blocks:
        if block.get("type") != "input":
            continue
        element = block["element"]
        state = values.get(block["block_id"], {}).get(element["action_id"], {})
        problem = _problem(element, _chosen(state), optional=bool(block.get("optional")))
        if problem:
            errors[block["block_id"]] = problem
    return errors


def _chosen(state: Mapping[str, Any]) -> Any:
    return next((value for name, value in state.items() if name != "type"), None)


def _problem(element: Json, value: Any, *, optional: bool) -> str | None:
    if value in (None, "", []):
        return None if optional else REQUIRED
    kind = element["type"]
    if kind == "plain_text_input":
        return _length_problem(element, str(value))
    if kind == "email_text_input" and not _EMAIL.fullmatch(str(value)):
        return "Please enter a valid email address."
    if kind == "number_input":
        return _number_problem(element, str(value))
    most = element.get("max_selected_items")
    return f"Select at most {most} items." if most and len(value) > most else None


def _length_problem(element: Json, value: str) -> str | None:
    least, most = element.get("min_length", 0), element.get("max_length", 3000)
    if len(value) < least:
        return f"Please enter at least {least} characters."
    return f"Please enter at most {most} characters." if len(value) > most else None


def _number_problem(element: Json, value: str) -> str | None:
    pattern = r"-?\d+(\.\d+)?" if element.get("is_decimal_allowed") else r"-?\d+"
    if not re.fullmatch(pattern, value):
        return "Please enter a number."
    low, high = element.get("min_value"), element.get("max_value")
    if low is not None and float(value) < float(low):
        return f"Please enter a number of at least {low}."
    return (
        f"Please enter a number of at most {high}."
        if high is not None and float(value) > float(high)
        else None
    )
