"""What one person sees: channels, direct messages, ephemerals, the modal on top, the home tab, notices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.slack.plain import plain_mrkdwn, plain_text
from sandbox.slack.state import Json, Message, View, Workspace


def names_of(workspace: Workspace) -> dict[str, str]:
    """Return how ids read: display names, channel names, group handles."""
    names = {person.id: person.name for person in workspace.people.values()}
    names |= {channel.id: channel.name for channel in workspace.channels.values()}
    return names | {group.id: group.handle for group in workspace.groups.values()}


def screen(workspace: Workspace, user: str) -> Json:
    """Return everything this person would see, oldest message first."""
    names = names_of(workspace)
    seen = list(reversed(list(workspace.visible_to(user))))
    stack, home = workspace.modals[user], workspace.homes.get(user)
    channels: Json = {}
    for channel in workspace.channels.values():
        if user in channel.members and not channel.is_im:
            there = [m for m in seen if m.channel == channel.id and m.shown_to is None]
            channels[channel.id] = {"name": channel.name, "messages": _threads(there, names)}
    direct = [m for m in seen if workspace.channels[m.channel].is_im and m.shown_to is None]
    return {
        "channels": channels,
        "ephemerals": [_shown(m, names) for m in seen if m.shown_to == user],
        "direct_messages": _threads(direct, names),
        "modal": _view(workspace.views[stack[-1]], names, len(stack)) if stack else None,
        "home": _view(workspace.views[home], names, 1) if home else None,
        "notices": [
            {"error": notice.error, "text": notice.text, "at": notice.at}
            for notice in workspace.notices[user]
        ],
    }


def _threads(messages: Sequence[Message], names: Mapping[str, str]) -> list[Json]:
    replies: dict[str, list[Json]] = {}
    for message in messages:
        if message.thread_ts:
            replies.setdefault(message.thread_ts, []).append(_shown(message, names))
    tops = [message for message in messages if not message.thread_ts]
    return [_shown(message, names) | {"thread": replies.get(message.ts, [])} for message in tops]


def _shown(message: Message, names: Mapping[str, str]) -> Json:
    attached = [block for one in message.attachments for block in one.get("blocks", [])]
    body = plain_text([*message.blocks, *attached], names) if message.blocks or attached else ""
    lines = [body or plain_mrkdwn(message.text, names)]
    lines += [f"[{file['title']}]" for file in message.files]
    return {
        "ts": message.ts,
        "channel": message.channel,
        "user": message.user,
        "text": message.text,
        "blocks": message.blocks,
        "attachments": message.attachments,
        "files": message.files,
        "metadata": message.metadata,
        "edited": message.edited_ts is not None,
        "thread_ts": message.thread_ts,
        "plain": "\n".join(line for line in lines if line),
    }


def _view(view: View, names: Mapping[str, str], depth: int) -> Json:
    body = view.body
    title = (body.get("title") or {}).get("text", "")
    errors = [f"! {problem}" for problem in view.errors.values()]
    buttons = [f"[{body[name]['text']}]" for name in ("close", "submit") if body.get(name)]
    lines = [title, plain_text(body["blocks"], names), *errors, " ".join(buttons)]
    return {
        "id": view.id,
        "callback_id": body.get("callback_id", ""),
        "title": title,
        "blocks": body["blocks"],
        "private_metadata": body.get("private_metadata", ""),
        "submit": (body.get("submit") or {}).get("text"),
        "hash": view.hash,
        "errors": view.errors,
        "depth": depth,
        "plain": "\n".join(line for line in lines if line),
    }


def all_plain(shown: Mapping[str, Any]) -> str:
    """Return a screen as one text, for looking something up in it."""
    messages = [message for channel in shown["channels"].values() for message in channel["messages"]]
    messages += shown["direct_messages"]
    texts = [message["plain"] for message in messages]
    texts += [reply["plain"] for message in messages for reply in message["thread"]]
    texts += [message["plain"] for message in shown["ephemerals"]]
    texts += [view["plain"] for view in (shown["modal"], shown["home"]) if view]
    return "\n".join([*texts, *(notice["text"] for notice in shown["notices"])])
