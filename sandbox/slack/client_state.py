"""What Slack's own client holds for a person: the objects a window is drawn from. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sandbox.slack.state import Channel, Json, Message, Person, View, Workspace

MESSAGES_SHOWN = 100
NOTICES_SHOWN = 20


def client_state(workspace: Workspace, user: str) -> Json:
    """Return everything one person's client shows; `at` is the newest fact of the feed that is in it."""
    channels = [channel_seen(channel, workspace) for channel in _channels_of(workspace, user)]
    home = workspace.homes.get(user)
    return {
        "at": workspace.feed.last,
        "team": workspace.team,
        "app": {"id": workspace.app.id, "name": workspace.app.name, "bot_user": workspace.app.bot_user},
        "people": [person_seen(person, workspace) for person in workspace.people.values()],
        "groups": [
            {"id": group.id, "handle": group.handle, "name": group.name, "users": group.users}
            for group in workspace.groups.values()
        ],
        "channels": channels,
        "messages": {one["id"]: messages_seen(workspace, user, one["id"]) for one in channels},
        "home": view_seen(workspace.views[home]) if home else None,
        "modals": modals_seen(workspace, user),
        "notices": [
            {"error": notice.error, "text": notice.text, "at": notice.at}
            for notice in workspace.notices[user][-NOTICES_SHOWN:]
        ],
    }


def _channels_of(workspace: Workspace, user: str) -> list[Channel]:
    mine = [one for one in workspace.channels.values() if user in one.members and not one.is_im]
    direct = "D" + user[1:]
    members = [user, workspace.app.bot_user]
    unopened = Channel(direct, "directmessage", members, is_private=True, is_im=True, user=user)
    return [*sorted(mine, key=lambda one: one.name), workspace.channels.get(direct, unopened)]


def messages_seen(
    workspace: Workspace, user: str, channel_id: str, before: str = "", limit: int = MESSAGES_SHOWN
) -> Json:
    """Return the newest messages before a timestamp, oldest first; `more` when older ones exist."""
    found: list[Json] = []
    for message in workspace.visible_to(user):
        if message.channel == channel_id and (not before or message.ts < before):
            found.append(message_seen(message))
            if len(found) > limit:
                break
    return {"messages": found[:limit][::-1], "more": len(found) > limit}


def person_seen(person: Person, workspace: Workspace) -> Json:
    """An account as other people see it."""
    return {
        "id": person.id,
        "name": person.name,
        "real_name": person.real_name,
        "initials": "".join(word[0] for word in person.real_name.split()[:2]).upper(),
        "locale": person.locale,
        "tz": person.tz,
        "email": person.email,
        "is_bot": person.is_bot,
        "is_admin": person.is_admin or person.is_owner,
        "is_guest": person.is_restricted or person.is_ultra_restricted,
        "is_outside": person.team_id != workspace.team_id or person.is_stranger,
        "deleted": person.deleted,
    }


def channel_seen(channel: Channel, workspace: Workspace) -> Json:
    """A conversation in the sidebar."""
    bot = workspace.app.bot_user
    return {
        "id": channel.id,
        "name": channel.name,
        "kind": "dm" if channel.is_im else "private" if channel.is_private else "channel",
        "with": bot if channel.is_im else None,
        "topic": channel.topic,
        "archived": channel.is_archived,
        "shared_outside": channel.is_ext_shared or channel.is_pending_ext_shared,
        "bot_is_member": bot in channel.members,
        "members": list(channel.members),
    }


def message_seen(message: Message) -> Json:
    """A message in a window."""
    return {
        "channel": message.channel,
        "ts": message.ts,
        "user": message.user,
        "text": message.text,
        "blocks": message.blocks,
        "attachments": message.attachments,
        "files": [file_seen(file) for file in message.files],
        "thread_ts": message.thread_ts,
        "edited": message.edited_ts is not None,
        "ephemeral": message.shown_to is not None,
        "unfurl": {"links": message.unfurl_links, "media": message.unfurl_media},
    }


def file_seen(file: Mapping[str, Any]) -> Json:
    """An uploaded file beside a message; `url` is relative to whoever serves it."""
    shown = {name: file[name] for name in ("id", "name", "title", "mimetype", "size", "alt_txt")}
    return {**shown, "url": f"/files/{file['id']}", "is_image": file["mimetype"].startswith("image/")}


def modals_seen(workspace: Workspace, user: str) -> list[Json]:
    """A person's stack of modals, bottom to top."""
    return [view_seen(workspace.views[view_id]) for view_id in workspace.modals[user]]


def view_seen(view: View) -> Json:
    """A modal or a home tab in a window."""
    body = view.body
    return {
        "id": view.id,
        "type": body["type"],
        "callback_id": body.get("callback_id", ""),
        "title": _words(body, "title") or "",
        "submit": _words(body, "submit"),
        "close": _words(body, "close"),
        "blocks": body["blocks"],
        "private_metadata": body.get("private_metadata", ""),
        "hash": view.hash,
        "root_view_id": view.root_view_id,
        "previous_view_id": view.previous_view_id,
        "errors": dict(view.errors),
        "clear_on_close": bool(body.get("clear_on_close")),
        "values": view.values,
    }


def _words(body: Mapping[str, Any], name: str) -> str | None:
    return str(body[name]["text"]) if body.get(name) else None


def seen_by(channel: Channel, shown_to: str | None) -> Sequence[str]:
    """Return who sees a message of a channel."""
    return list(channel.members) if shown_to is None else [shown_to]


def delivery_told(kind: str, payload: Mapping[str, Any]) -> Json:
    """Say in a few words what a payload is about, and who caused it."""
    if kind == "slash_commands":
        return {"what": f"{payload['command']} {payload['text']}".strip(), "person": payload["user_id"]}
    if kind == "events_api":
        event = payload.get("event", payload)
        person = event.get("user")
        return {"what": str(event.get("type")), "person": person if isinstance(person, str) else None}
    named: Iterable[object] = (
        payload.get("callback_id"),
        (payload.get("view") or {}).get("callback_id"),
        *(action.get("action_id") for action in payload.get("actions", ())),
        payload.get("action_id"),
    )
    names = [str(name) for name in named if name]
    return {"what": " ".join([str(payload.get("type")), *names[-1:]]), "person": payload["user"]["id"]}
