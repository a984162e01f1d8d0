"""A person clicks a button or picks from a menu, in a message, a modal or the home tab."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.slack import shapes
from sandbox.slack.acting import Acting, outcome
from sandbox.slack.delivery import Envelope
from sandbox.slack.errors import Refused
from sandbox.slack.forms import SEVERAL, SINGLE, option_of, state_values, walk
from sandbox.slack.state import Json, Message, Person, View, Workspace

_OPTION_KINDS = {"static_select", "overflow", "radio_buttons", "external_select"}


@dataclass(frozen=True, slots=True)
class Found:
    """A clickable element and what it sits in."""

    element: Json
    block_id: str
    message: Message | None = None
    view: View | None = None


async def click(acting: Acting, asked: Mapping[str, Any]) -> Json:
    """Click what `asked` names by `action_id` or `text`; the newest such element the person sees.

    `value` tampers with what is sent, `stale` clicks what an edit has since removed.
    """
    workspace = acting.workspace
    person = acting.person(str(asked["user"]), force=bool(asked.get("force")))
    found = _find(workspace, person, asked)
    payload = shapes.interaction("block_actions", person, workspace)
    payload |= _where(acting, person, found, asked)
    payload["trigger_id"] = acting.tickets.trigger(person.id, found.view.id if found.view else None)
    payload["actions"] = [_action(found, asked, workspace.next_ts())]
    ack = await acting.delivery.interact(Envelope("interactive", payload))
    acting.tell_failure(person.id, "The button", ack)
    return outcome(ack)


async def suggest(acting: Acting, asked: Mapping[str, Any]) -> Json:
    """Type into a select with an external source; the app answers with options or option groups.

    https://docs.slack.dev/reference/interaction-payloads/block_suggestion-payload
    """
    workspace = acting.workspace
    person = acting.person(str(asked["user"]), force=bool(asked.get("force")))
    found = _find(workspace, person, asked)
    if found.element["type"] not in {"external_select", "multi_external_select"}:
        raise Refused("nothing_to_suggest")
    where = _where(acting, person, found, asked)
    payload = shapes.interaction("block_suggestion", person, workspace)
    payload |= {name: where[name] for name in ("container", "view", "channel", "message") if name in where}
    payload |= {"action_id": found.element["action_id"], "block_id": found.block_id}
    payload["value"] = str(asked.get("query", ""))
    ack = await acting.delivery.interact(Envelope("interactive", payload, answerable=True))
    return outcome(ack)


def _find(workspace: Workspace, person: Person, asked: Mapping[str, Any]) -> Found:
    for found in _visible(workspace, person, asked):
        if _is_wanted(found, asked):
            return found
    raise Refused("nothing_to_click")


def _is_wanted(found: Found, asked: Mapping[str, Any]) -> bool:
    element = found.element
    if "block_id" in asked and asked["block_id"] != found.block_id:
        return False
    if "action_id" in asked:
        return bool(element["action_id"] == asked["action_id"])
    words = [(element.get("text") or {}).get("text")]
    words += [option["text"]["text"] for option in element.get("options", [])]
    return asked.get("text") in words


def _visible(workspace: Workspace, person: Person, asked: Mapping[str, Any]) -> Iterator[Found]:
    if "message_ts" not in asked and "channel" not in asked:
        yield from _in_views(workspace, person, asked)
    if "view_id" in asked:
        return
    for message in _messages(workspace, person, asked):
        versions = [message.blocks, *(reversed(message.versions) if asked.get("stale") else [])]
        for blocks in versions:
            for block, element in walk([*blocks, *_attached(message)]):
                yield Found(element, str(block.get("block_id")), message=message)


def _attached(message: Message) -> list[Json]:
    return [block for attachment in message.attachments for block in attachment.get("blocks", [])]


def _messages(workspace: Workspace, person: Person, asked: Mapping[str, Any]) -> Iterator[Message]:
    anything = asked.get("force") or asked.get("stale")
    seen = reversed(workspace.messages) if anything else workspace.visible_to(person.id)
    for message in seen:
        right_ts = asked.get("message_ts") in {None, message.ts}
        if right_ts and asked.get("channel") in {None, message.channel}:
            yield message


def _in_views(workspace: Workspace, person: Person, asked: Mapping[str, Any]) -> Iterator[Found]:
    stack, home = workspace.modals[person.id], workspace.homes.get(person.id)
    for view_id in [*stack[-1:], *([home] if home else [])]:
        if asked.get("view_id") in {None, view_id}:
            view = workspace.views[view_id]
            for block, element in walk(view.body["blocks"]):
                yield Found(element, str(block.get("block_id")), view=view)


def _where(acting: Acting, person: Person, found: Found, asked: Mapping[str, Any]) -> Json:
    workspace = acting.workspace
    if found.view is not None:
        values = state_values(found.view.body["blocks"], asked.get("values") or {})
        return {
            "container": {"type": "view", "view_id": found.view.id},
            "view": shapes.view_json(found.view, workspace, values),
        }
    assert found.message is not None
    message = found.message
    channel = workspace.channels[message.channel]
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.shown_to is not None,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    where: Json = {
        "container": container,
        "channel": {"id": channel.id, "name": channel.name},
        "state": {"values": state_values(message.blocks, asked.get("values") or {})},
        "response_url": acting.tickets.response_url(person.id, channel.id, message.ts),
    }
    # An ephemeral's content is not in the payload: only its timestamp is.
    return where if message.shown_to else where | {"message": shapes.message_json(message, workspace)}


def _action(found: Found, asked: Mapping[str, Any], action_ts: str) -> Json:
    element = found.element
    action: Json = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": found.block_id,
        "action_ts": action_ts,
    }
    kind = element["type"]
    if kind == "button":
        shown = {name: element[name] for name in ("text", "value", "style", "url") if name in element}
        return action | shown | ({"value": asked["value"]} if "value" in asked else {})
    chosen = asked.get("value", asked.get("text"))
    if kind in _OPTION_KINDS:
        return action | {"selected_option": option_of(element, chosen)}
    several = chosen if isinstance(chosen, list) else [chosen]
    if kind in {"checkboxes", "multi_static_select", "multi_external_select"}:
        return action | {"selected_options": [option_of(element, one) for one in several]}
    if kind in SEVERAL:
        return action | {SEVERAL[kind]: several}
    return action | {SINGLE.get(kind, "value"): chosen}
