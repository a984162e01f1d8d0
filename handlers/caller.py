"""Who sent a payload, from where, and the id under which it counts once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """Ids only: display names can be changed by anyone and prove nothing."""

    team_id: str = ""
    user_id: str = ""
    user_team_id: str = ""  # slash commands do not carry it
    app_id: str = ""
    channel_id: str = ""
    message_ts: str = ""
    response_url: str = ""
    thread_ts: str = ""  # of the thread in which the bot was spoken to

    def to_body(self) -> dict[str, str]:
        """Return the fields for a recorded job."""
        return {key: str(value) for key, value in asdict(self).items() if value}

    @classmethod
    def from_body(cls, body: Mapping[str, str]) -> Caller:
        """Read the fields back from a recorded job."""
        return cls(**{name: body.get(name, "") for name in cls.__slots__})


def command_caller(body: Body) -> Caller:
    """Read a slash command. https://docs.slack.dev/interactivity/implementing-slash-commands"""
    return Caller(
        team_id=_text(body, "team_id"),
        user_id=_text(body, "user_id"),
        app_id=_text(body, "api_app_id"),
        channel_id=_text(body, "channel_id"),
        response_url=_text(body, "response_url"),
    )


def click_caller(body: Body) -> Caller:
    """Read a click or a submission. https://docs.slack.dev/reference/interaction-payloads"""
    user, container = _part(body, "user"), _part(body, "container")
    return Caller(
        team_id=_text(_part(body, "team"), "id"),
        user_id=_text(user, "id"),
        user_team_id=_text(user, "team_id"),
        app_id=_text(body, "api_app_id"),
        channel_id=_text(_part(body, "channel"), "id") or _text(container, "channel_id"),
        message_ts=_text(container, "message_ts") or _text(_part(body, "message"), "ts"),
        response_url=_text(body, "response_url"),
    )


def shortcut_caller(body: Body, app_id: str) -> Caller:
    """Read a shortcut. Slack does not name the app in it: it can only be the one whose shortcut it is.

    https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload
    """
    return replace(click_caller(body), app_id=_text(body, "api_app_id") or app_id, message_ts="")


def event_caller(body: Body) -> Caller:
    """Read an event that names its user. https://docs.slack.dev/apis/events-api"""
    event = _part(body, "event")
    return Caller(
        team_id=_text(body, "team_id"),
        user_id=_text(event, "user"),
        user_team_id=_text(event, "user_team") or _text(event, "team"),
        app_id=_text(body, "api_app_id"),
    )


def message_caller(body: Body) -> Caller:
    """Read a message to the bot: a direct one needs no channel, for the answer is as private without one."""
    event = _part(body, "event")
    direct = event.get("channel_type") == "im"
    place = "" if direct else _text(event, "channel")
    return replace(event_caller(body), channel_id=place, thread_ts=_text(event, "thread_ts"))


def our_account(body: Body) -> str:
    """Return the bot's own Slack account, to whom an event was sent; "" when it is not said.

    https://docs.slack.dev/apis/events-api#authorizations
    """
    given = body.get("authorizations")
    first = given[0] if isinstance(given, list) and given else {}
    return _text(first, "user_id") if isinstance(first, Mapping) and first.get("is_bot") else ""


def clicked(body: Body) -> Mapping[str, Any]:
    """Return the button that was clicked."""
    actions = body.get("actions")
    first = actions[0] if isinstance(actions, list) and actions else {}
    return first if isinstance(first, Mapping) else {}


def command_op_id(body: Body) -> str:
    """Return the id of one typed command."""
    return f"slash:{_text(body, 'trigger_id')}"


def click_op_id(body: Body) -> str:
    """Return the id of one click: the same click delivered twice has the same."""
    who, button = click_caller(body), clicked(body)
    moment = _text(button, "action_ts") or _text(body, "trigger_id")
    parts = (who.team_id, who.user_id, who.message_ts, moment, _text(button, "action_id"))
    return "click:" + hashlib.sha256("\n".join(parts).encode()).hexdigest()


def event_op_id(body: Body) -> str:
    """Return the id of one event: Slack may send it several times."""
    return f"event:{_text(body, 'event_id')}"


def submission_op_id(body: Body) -> str:
    """Return the id of one submission of a modal."""
    view = _part(body, "view")
    return f"view:{_text(view, 'id')}:{_text(view, 'hash') or _text(body, 'trigger_id')}"


def _part(body: Body, key: str) -> Body:
    found = body.get(key)
    return found if isinstance(found, Mapping) else {}


def _text(body: Body, key: str) -> str:
    found = body.get(key)
    return found if isinstance(found, str) else ""
