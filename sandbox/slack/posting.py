"""Putting messages into a channel: what chat.postMessage, response URLs and command answers share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.block_kit import validate_message
from sandbox.slack.client_state import message_seen, seen_by
from sandbox.slack.errors import Refused, refuse_shape
from sandbox.slack.shapes import stored_blocks
from sandbox.slack.state import Channel, Json, Message, Workspace

TEXT_KEPT = 40_000
METADATA_BYTES = 16_000


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says."""

    text: str
    blocks: list[Json]
    attachments: list[Json]
    metadata: Json | None = None
    files: list[Json] = field(default_factory=list)
    unfurl_links: bool = False
    unfurl_media: bool = True


def content_of(payload: Mapping[str, Any], workspace: Workspace) -> Content:
    """Read text, blocks, attachments and metadata, or refuse them as Slack does."""
    blocks, attachments = payload.get("blocks") or [], payload.get("attachments") or []
    markdown = payload.get("markdown_text")
    if markdown and (payload.get("text") or blocks):
        raise Refused("markdown_text_conflict")
    text = str(payload.get("text") or markdown or "")
    if not text and not blocks and not attachments:
        raise Refused("no_text")
    if isinstance(blocks, str) or isinstance(attachments, str):
        raise Refused("invalid_blocks_format")
    refuse_shape("invalid_blocks", validate_message({"blocks": blocks, "attachments": attachments}))
    metadata = _metadata(payload.get("metadata"))
    return Content(
        text[:TEXT_KEPT],
        stored_blocks(blocks, workspace),
        list(attachments),
        metadata,
        # An app's links stay folded, its media do not:
        # https://docs.slack.dev/messaging/unfurling-links-in-messages
        unfurl_links=_flag(payload, "unfurl_links", default=False),
        unfurl_media=_flag(payload, "unfurl_media", default=True),
    )


def _flag(payload: Mapping[str, Any], name: str, *, default: bool) -> bool:
    return str(payload.get(name, default)).lower() in {"true", "1"}


def _metadata(metadata: object) -> Json | None:
    if metadata is None:
        return None
    if not isinstance(metadata, Mapping) or not isinstance(metadata.get("event_payload"), Mapping):
        raise Refused("invalid_metadata_format")
    if not isinstance(metadata.get("event_type"), str):
        raise Refused("invalid_metadata_format")
    if len(str(metadata)) > METADATA_BYTES:
        raise Refused("metadata_too_large")
    return dict(metadata)


def post(
    workspace: Workspace,
    channel: Channel,
    content: Content,
    *,
    user: str | None = None,
    thread_ts: str | None = None,
    shown_to: str | None = None,
) -> Message:
    """Add a message; `user` defaults to the bot, `shown_to` makes it ephemeral."""
    if thread_ts and workspace.message(channel.id, thread_ts) is None:
        raise Refused("thread_not_found")
    message = Message(
        channel=channel.id,
        ts=workspace.next_ts(),
        user=user or workspace.app.bot_user,
        text=content.text,
        blocks=content.blocks,
        attachments=content.attachments,
        thread_ts=thread_ts,
        metadata=content.metadata,
        shown_to=shown_to,
        files=content.files,
        unfurl_links=content.unfurl_links,
        unfurl_media=content.unfurl_media,
    )
    workspace.messages.append(message)
    _tell(workspace, message, "posted")
    return message


def rewrite(workspace: Workspace, message: Message, content: Content) -> None:
    """Replace a message; text alone drops the blocks and marks the message as edited."""
    message.versions.append(message.blocks)
    message.text, message.blocks, message.attachments = content.text, content.blocks, content.attachments
    if content.metadata is not None:
        message.metadata = content.metadata
    if not content.blocks:
        message.edited_ts = workspace.next_ts()
    _tell(workspace, message, "changed")


def _tell(workspace: Workspace, message: Message, what: str) -> None:
    to = seen_by(workspace.channels[message.channel], message.shown_to)
    workspace.tell("message", to, what=what, message=message_seen(message))


def remove(workspace: Workspace, message: Message) -> None:
    """Take a message away; what it showed stays known to clients that have not noticed yet."""
    message.versions.append(message.blocks)
    message.deleted = True
    to = seen_by(workspace.channels[message.channel], message.shown_to)
    workspace.tell("message_deleted", to, channel=message.channel, ts=message.ts)


def find_channel(workspace: Workspace, asked: object) -> Channel:
    """Return a channel by id or #name, or a direct message by a person's id."""
    wanted = str(asked or "")
    person = workspace.people.get(wanted)
    if person is not None and not person.deleted and not person.is_bot:
        return workspace.direct_channel(wanted)
    name = wanted.removeprefix("#")
    for channel in workspace.channels.values():
        if channel.id == wanted or (channel.name == name and not channel.is_im):
            return channel
    raise Refused("channel_not_found")


def writable_channel(workspace: Workspace, asked: object) -> Channel:
    """Return the channel if the bot may post there; a private channel it is not in does not exist for it."""
    channel = find_channel(workspace, asked)
    if workspace.app.bot_user not in channel.members:
        raise Refused("channel_not_found" if channel.is_private else "not_in_channel")
    if channel.is_archived:
        raise Refused("is_archived")
    return channel
