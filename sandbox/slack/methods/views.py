"""views.*: https://docs.slack.dev/reference/methods?family=views"""

from __future__ import annotations

from sandbox.slack.errors import Refused
from sandbox.slack.methods.method import Call, Method
from sandbox.slack.modals import checked_view, find_view, open_modal, publish_home, push_modal, rewrite_view
from sandbox.slack.rate_limits import Tier
from sandbox.slack.shapes import view_json
from sandbox.slack.state import Json, View


def _answer(call: Call, view: View) -> Json:
    return {"view": view_json(view, call.workspace)}


def opening(call: Call) -> Json:
    """Open a modal with a trigger. https://docs.slack.dev/reference/methods/views.open"""
    body = checked_view(call.args.get("view"), {"modal"})
    trigger = call.tickets.spend_trigger(call.need("trigger_id"))
    return _answer(call, open_modal(call.workspace, trigger.user, body))


def push(call: Call) -> Json:
    """Put a modal on the stack. https://docs.slack.dev/reference/methods/views.push"""
    body = checked_view(call.args.get("view"), {"modal"})
    trigger = call.tickets.spend_trigger(call.need("trigger_id"))
    return _answer(call, push_modal(call.workspace, trigger.user, body))


def update(call: Call) -> Json:
    """Rewrite an open view. https://docs.slack.dev/reference/methods/views.update"""
    view = find_view(call.workspace, call.args)
    body = checked_view(call.args.get("view"), {str(view.body["type"])})
    return _answer(call, rewrite_view(call.workspace, view, body, call.args.get("hash")))


def publish(call: Call) -> Json:
    """Put a home tab in place. https://docs.slack.dev/reference/methods/views.publish"""
    user = call.need("user_id")
    person = call.workspace.people.get(user)
    if person is None or person.deleted:
        raise Refused("invalid_arguments", response_metadata={"messages": ["[ERROR] invalid user_id"]})
    body = checked_view(call.args.get("view"), {"home"})
    return _answer(call, publish_home(call.workspace, user, body, call.args.get("hash")))


METHODS = {
    "views.open": Method(opening, tier=Tier.FOUR),
    "views.push": Method(push, tier=Tier.FOUR),
    "views.update": Method(update, tier=Tier.FOUR),
    "views.publish": Method(publish, tier=Tier.FOUR),
}
