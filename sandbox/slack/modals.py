"""Modals and home tabs: the stack of three, hashes, and what closing does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandbox.slack.block_kit import validate_view
from sandbox.slack.client_state import modals_seen, view_seen
from sandbox.slack.errors import Refused, refuse_shape
from sandbox.slack.schema import VIEW_BYTES
from sandbox.slack.shapes import stored_blocks
from sandbox.slack.state import Json, View, Workspace

STACK_DEPTH = 3


def checked_view(view: object, kinds: set[str]) -> Json:
    """Return a view that Slack would take, or refuse it."""
    if not isinstance(view, Mapping):
        raise Refused("invalid_arguments", response_metadata={"messages": ["[ERROR] missing: view"]})
    if len(json.dumps(view, ensure_ascii=False).encode()) > VIEW_BYTES:
        raise Refused("view_too_large")
    refuse_shape("invalid_arguments", validate_view(view))
    if view["type"] not in kinds:
        problem = f"unsupported type: {view['type']} [json-pointer:/view/type]"
        refuse_shape("invalid_arguments", [problem])
    return dict(view)


def _store(workspace: Workspace, user: str, body: Json, previous: View | None = None) -> View:
    external = body.get("external_id")
    if external and any(view.body.get("external_id") == external for view in workspace.views.values()):
        raise Refused("duplicate_external_id")
    view_id = workspace.next_id("V")
    kept = body | {"blocks": stored_blocks(body["blocks"], workspace)}
    view = View(
        view_id,
        user,
        kept,
        _new_hash(workspace),
        root_view_id=previous.root_view_id if previous else view_id,
        previous_view_id=previous.id if previous else None,
    )
    workspace.views[view_id] = view
    return view


def _new_hash(workspace: Workspace) -> str:
    return workspace.next_id(f"{int(workspace.clock.now())}.")


def open_modal(workspace: Workspace, user: str, body: Json) -> View:
    """Show a modal; whatever this app showed the person before goes away."""
    _drop(workspace, user, len(workspace.modals[user]))
    view = _store(workspace, user, body)
    workspace.modals[user] = [view.id]
    tell_modals(workspace, user, "opened")
    return view


def push_modal(workspace: Workspace, user: str, body: Json) -> View:
    """Show a modal on top of the one that is open; at most three."""
    stack = workspace.modals[user]
    if not stack:
        raise Refused("not_found")
    if len(stack) >= STACK_DEPTH:
        raise Refused("push_limit_reached")
    view = _store(workspace, user, body, workspace.views[stack[-1]])
    stack.append(view.id)
    tell_modals(workspace, user, "pushed")
    return view


def rewrite_view(workspace: Workspace, view: View, body: Json, expected_hash: str | None = None) -> View:
    """Replace a view's content; a stale hash is refused."""
    if expected_hash and expected_hash != view.hash:
        raise Refused("hash_conflict")
    view.body = body | {"blocks": stored_blocks(body["blocks"], workspace)}
    view.hash, view.errors = _new_hash(workspace), {}
    _tell_rewritten(workspace, view)
    return view


def publish_home(workspace: Workspace, user: str, body: Json, expected_hash: str | None = None) -> View:
    """Put a person's home tab in place."""
    current = workspace.homes.get(user)
    if current:
        return rewrite_view(workspace, workspace.views[current], body, expected_hash)
    view = _store(workspace, user, body)
    workspace.homes[user] = view.id
    _tell_rewritten(workspace, view)
    return view


def close_top(workspace: Workspace, user: str) -> None:
    """Close the modal on top; the one beneath shows again."""
    _drop(workspace, user, 1)
    tell_modals(workspace, user, "closed")


def clear(workspace: Workspace, user: str) -> None:
    """Close every modal of a person."""
    _drop(workspace, user, len(workspace.modals[user]))
    tell_modals(workspace, user, "closed")


def _drop(workspace: Workspace, user: str, count: int) -> None:
    for _ in range(min(count, len(workspace.modals[user]))):
        workspace.views.pop(workspace.modals[user].pop(), None)


def tell_modals(workspace: Workspace, user: str, what: str) -> None:
    """Say that a person's stack of modals is another one now."""
    workspace.tell("modals", [user], person=user, what=what, modals=modals_seen(workspace, user))


def _tell_rewritten(workspace: Workspace, view: View) -> None:
    if view.body["type"] == "home":
        workspace.tell("home", [view.user], person=view.user, home=view_seen(view))
    else:
        tell_modals(workspace, view.user, "updated")


def find_view(workspace: Workspace, args: Mapping[str, Any]) -> View:
    """Return the view named by view_id or external_id."""
    for view in workspace.views.values():
        named = args.get("external_id") and view.body.get("external_id") == args["external_id"]
        if view.id == args.get("view_id") or named:
            return view
    raise Refused("not_found")
