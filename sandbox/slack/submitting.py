"""A person submits or closes a modal, and the app's answer to it.

https://docs.slack.dev/surfaces/modals
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.slack import shapes
from sandbox.slack.acting import Acting, outcome
from sandbox.slack.delivery import Envelope
from sandbox.slack.errors import Refused
from sandbox.slack.forms import SINGLE, client_errors, state_values, walk
from sandbox.slack.modals import checked_view, clear, close_top, push_modal, rewrite_view, tell_modals
from sandbox.slack.state import Json, View, Workspace


def _top(workspace: Workspace, user: str, asked: Mapping[str, Any]) -> View:
    stack = workspace.modals[user]
    if not stack or asked.get("view_id") not in {None, stack[-1]}:
        raise Refused("view_not_open")
    return workspace.views[stack[-1]]


async def submit(acting: Acting, asked: Mapping[str, Any]) -> Json:
    """Fill in the modal on top and press submit; `values` is `{block_id: {action_id: value}}`.

    `force` sends what Slack's client would stop.
    """
    workspace = acting.workspace
    person = acting.person(str(asked["user"]), force=bool(asked.get("force")))
    view = _top(workspace, person.id, asked)
    view.values = state_values(view.body["blocks"], asked.get("values") or {})
    view.errors = client_errors(view.body["blocks"], view.values)
    if view.errors and not asked.get("force"):
        tell_modals(workspace, person.id, "errors")
        return {"acked": False, "client_errors": view.errors}
    payload = shapes.interaction("view_submission", person, workspace)
    payload |= {
        "trigger_id": acting.tickets.trigger(person.id, view.id),
        "view": shapes.view_json(view, workspace, view.values),
        "response_urls": _response_urls(acting, view),
    }
    ack = await acting.delivery.interact(Envelope("interactive", payload, answerable=True))
    acting.tell_failure(person.id, "The form", ack)
    if ack.acked:
        _carry_out(workspace, person.id, view, ack.payload or {})
    return outcome(ack) | {"errors": view.errors}


def _response_urls(acting: Acting, view: View) -> list[Json]:
    """Return one for each chosen conversation whose select asks for it.

    https://docs.slack.dev/interactivity/handling-user-interaction#modal_responses
    """
    found = []
    for block, element in walk(view.body["blocks"]):
        state = view.values.get(block["block_id"], {}).get(element["action_id"], {})
        chosen = state.get(SINGLE.get(element["type"], ""))
        if element.get("response_url_enabled") and chosen:
            url = acting.tickets.response_url(view.user, chosen)
            row = {"block_id": block["block_id"], "action_id": element["action_id"]}
            found.append({**row, "channel_id": chosen, "response_url": url})
    return found


def _carry_out(workspace: Workspace, user: str, view: View, answer: Json) -> None:
    try:
        _respond(workspace, user, view, answer)
    except Refused as refusal:
        workspace.notify(user, "invalid_response_action", f"We had some trouble connecting: {refusal.code}")
    workspace.touch()


def _respond(workspace: Workspace, user: str, view: View, answer: Json) -> None:
    action = answer.get("response_action")
    if action is None:
        close_top(workspace, user)
    elif action == "clear":
        clear(workspace, user)
    elif action == "errors":
        view.errors = _known_errors(view, answer.get("errors"))
        tell_modals(workspace, user, "errors")
    elif action == "update":
        rewrite_view(workspace, view, checked_view(answer.get("view"), {"modal"}))
    elif action == "push":
        push_modal(workspace, user, checked_view(answer.get("view"), {"modal"}))
    else:
        raise Refused("unknown_response_action")


def _known_errors(view: View, errors: object) -> dict[str, str]:
    inputs = {block["block_id"] for block in view.body["blocks"] if block["type"] == "input"}
    if not isinstance(errors, Mapping) or not errors or not set(errors) <= inputs:
        raise Refused("errors_name_unknown_blocks")
    return {str(name): str(problem) for name, problem in errors.items()}


async def close(acting: Acting, asked: Mapping[str, Any]) -> Json:
    """Close the modal on top; with `all`, the whole stack. The app hears of it if it set notify_on_close."""
    workspace = acting.workspace
    person = acting.person(str(asked["user"]))
    view = _top(workspace, person.id, asked)
    everything = bool(asked.get("all")) or bool(view.body.get("clear_on_close"))
    payload = shapes.interaction("view_closed", person, workspace)
    payload |= {"view": shapes.view_json(view, workspace), "is_cleared": everything}
    (clear if everything else close_top)(workspace, person.id)
    if not view.body.get("notify_on_close"):
        return {"acked": True, "response": None}
    return outcome(await acting.delivery.interact(Envelope("interactive", payload)))
