"""Slack's JSON for people, channels, messages, views and payloads. Pure: state in, dictionaries out."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.slack.state import Channel, File, Json, Message, Person, UserGroup, View, Workspace


def person_json(person: Person, *, with_email: bool) -> Json:
    """users.info's `user`."""
    profile: Json = {
        "real_name": person.real_name,
        "display_name": person.name,
        "team": person.team_id,
    }
    if person.email and with_email:
        profile["email"] = person.email
    shown: Json = {
        "id": person.id,
        "team_id": person.team_id,
        "name": person.name,
        "deleted": person.deleted,
        "profile": profile,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": 1_700_000_000,
    }
    if person.is_stranger:
        shown["is_stranger"] = True
    if person.deleted:
        return shown
    return shown | {
        "real_name": person.real_name,
        "tz": person.tz,
        "tz_label": person.tz,
        "tz_offset": person.tz_offset,
        "locale": person.locale,
        "is_admin": person.is_admin,
        "is_owner": person.is_owner,
        "is_primary_owner": False,
        "is_restricted": person.is_restricted,
        "is_ultra_restricted": person.is_ultra_restricted,
    }


def channel_json(channel: Channel, workspace: Workspace) -> Json:
    """conversations.info's `channel`."""
    bot = workspace.app.bot_user
    if channel.is_im:
        return {"id": channel.id, "is_im": True, "user": channel.user, "is_archived": channel.is_archived}
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.is_private,
        "is_group": channel.is_private,
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "is_general": channel.name == "general",
        "is_shared": channel.is_shared,
        "is_ext_shared": channel.is_ext_shared,
        "is_org_shared": False,
        "is_pending_ext_shared": channel.is_pending_ext_shared,
        "is_member": bot in channel.members,
        "context_team_id": workspace.team_id,
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
    }


def group_json(group: UserGroup, workspace: Workspace, *, with_users: bool) -> Json:
    """usergroups.list's row."""
    row: Json = {
        "id": group.id,
        "team_id": workspace.team_id,
        "is_usergroup": True,
        "name": group.name,
        "handle": group.handle,
        "description": "",
        "is_external": False,
        "date_delete": 0,
        "user_count": len(group.users),
    }
    return row | {"users": list(group.users)} if with_users else row


def message_json(message: Message, workspace: Workspace) -> Json:
    """A message as chat.postMessage returns it and payloads carry it."""
    app = workspace.app
    shown: Json = {"type": "message", "user": message.user, "text": message.text, "ts": message.ts}
    if message.user == app.bot_user:
        shown |= {"bot_id": app.bot_id, "app_id": app.id, "team": workspace.team_id}
    for name in ("blocks", "attachments", "files", "thread_ts", "metadata"):
        if getattr(message, name):
            shown[name] = getattr(message, name)
    if message.edited_ts:
        shown["edited"] = {"user": message.user, "ts": message.edited_ts}
    return shown


def file_json(file: File, workspace: Workspace, base_url: str) -> Json:
    """A file as messages carry it: https://docs.slack.dev/reference/objects/file-object"""
    app, address = workspace.app, f"{base_url}/files/{file.id}"
    created = int(workspace.clock.now())
    return {
        "id": file.id,
        "created": created,
        "timestamp": created,
        "name": file.name,
        "title": file.title or file.name,
        "mimetype": file.mimetype,
        "filetype": file.name.rpartition(".")[2].lower(),
        "pretty_type": file.name.rpartition(".")[2].upper(),
        "user": app.bot_user,
        "user_team": workspace.team_id,
        "size": file.size,
        "mode": "hosted",
        "is_external": False,
        "is_public": False,
        "alt_txt": file.alt_txt,
        "url_private": address,
        "url_private_download": address,
    }


def view_json(view: View, workspace: Workspace, values: Mapping[str, Any] | None = None) -> Json:
    """A view as views.open returns it and payloads carry it; `values` is its state."""
    app, body = workspace.app, view.body
    shown: Json = {
        "id": view.id,
        "team_id": workspace.team_id,
        "type": body["type"],
        "blocks": body["blocks"],
        "private_metadata": body.get("private_metadata", ""),
        "callback_id": body.get("callback_id", ""),
        "state": {"values": dict(values or {})},
        "hash": view.hash,
        "title": body.get("title", {"type": "plain_text", "text": "View Title", "emoji": True}),
        "clear_on_close": body.get("clear_on_close", False),
        "notify_on_close": body.get("notify_on_close", False),
        "close": body.get("close"),
        "submit": body.get("submit"),
        "previous_view_id": view.previous_view_id,
        "root_view_id": view.root_view_id,
        "app_id": app.id,
        "external_id": body.get("external_id", ""),
        "app_installed_team_id": workspace.team_id,
        "bot_id": app.bot_id,
    }
    return shown


def stored_blocks(blocks: Sequence[Mapping[str, Any]], workspace: Workspace) -> list[Json]:
    """Blocks as Slack keeps them: missing block_id and action_id filled in, text objects completed."""
    return [_stored(block, workspace, is_block=True) for block in blocks]


def _stored(node: Any, workspace: Workspace, *, is_block: bool = False) -> Any:
    if isinstance(node, list):
        return [_stored(child, workspace) for child in node]
    if not isinstance(node, Mapping):
        return node
    kept: Json = {name: _stored(child, workspace) for name, child in node.items()}
    kind = kept.get("type")
    if kind == "plain_text":
        kept.setdefault("emoji", True)
    elif kind == "mrkdwn":
        kept.setdefault("verbatim", False)
    elif is_block:
        kept.setdefault("block_id", workspace.next_id("blk"))
    elif _is_interactive(str(kind)):
        kept.setdefault("action_id", workspace.next_id("act"))
    return kept


def _is_interactive(kind: str) -> bool:
    endings = ("button", "buttons", "select", "picker", "input", "checkboxes", "overflow")
    return kind.endswith(endings)


_REFERENCE = re.compile(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>")
_NAMED = {"@": ("user", "user_id"), "#": ("channel", "channel_id"), "!": ("broadcast", "range")}


def typed_blocks(text: str, workspace: Workspace) -> list[Json]:
    """What a person typed as the rich_text block Slack makes of it: words, mentions, links."""
    elements: list[Json] = []
    place = 0
    for found in _REFERENCE.finditer(text):
        elements += _words(text[place : found.start()])
        mark, target, label = found.groups()
        kind, name = _NAMED.get(mark, ("link", "url"))
        elements.append({"type": kind, name: target} | ({"text": label} if kind == "link" and label else {}))
        place = found.end()
    elements += _words(text[place:])
    section = {"type": "rich_text_section", "elements": elements}
    return [{"type": "rich_text", "block_id": workspace.next_id("blk"), "elements": [section]}]


def _words(text: str) -> list[Json]:
    return [{"type": "text", "text": html.unescape(text)}] if text else []


def _team(workspace: Workspace) -> Json:
    return {"id": workspace.team_id, "domain": workspace.team["domain"]}


def _user(person: Person) -> Json:
    return {"id": person.id, "username": person.name, "name": person.name, "team_id": person.team_id}


def interaction(kind: str, person: Person, workspace: Workspace) -> Json:
    """What every interactive payload has."""
    return {
        "type": kind,
        "user": _user(person),
        "api_app_id": workspace.app.id,
        "token": "sandbox-verification-token",
        "team": _team(workspace),
        "enterprise": None,
        "is_enterprise_install": False,
    }


def slash_command(person: Person, channel: Channel, workspace: Workspace, typed: Json) -> Json:
    """A slash command's form fields; `typed` has command, text, trigger_id and response_url."""
    return {
        "token": "sandbox-verification-token",
        "team_id": workspace.team_id,
        "team_domain": workspace.team["domain"],
        "channel_id": channel.id,
        "channel_name": channel.name,
        "user_id": person.id,
        "user_name": person.name,
        "api_app_id": workspace.app.id,
        "is_enterprise_install": "false",
        **typed,
    }


def event_callback(event: Mapping[str, Any], workspace: Workspace) -> Json:
    """The Events API wrapper: https://docs.slack.dev/apis/events-api."""
    app = workspace.app
    return {
        "token": "sandbox-verification-token",
        "team_id": workspace.team_id,
        "context_team_id": workspace.team_id,
        "context_enterprise_id": None,
        "api_app_id": app.id,
        "event": dict(event),
        "type": "event_callback",
        "event_id": workspace.next_id("Ev"),
        "event_time": int(workspace.clock.now()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": workspace.team_id,
                "user_id": app.bot_user,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": workspace.next_id("4-"),
    }
