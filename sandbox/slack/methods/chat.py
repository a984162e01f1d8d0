"""chat.*: https://docs.slack.dev/reference/methods?family=chat"""

from __future__ import annotations

from sandbox.slack.errors import Refused
from sandbox.slack.methods.method import Call, Method
from sandbox.slack.posting import (
    content_of,
    find_channel,
    post,
    remove,
    rewrite,
    writable_channel,
)
from sandbox.slack.rate_limits import Tier
from sandbox.slack.shapes import message_json
from sandbox.slack.state import Json, Message

UPDATE_TEXT = 4_000


def post_message(call: Call) -> Json:
    """Post as the bot. https://docs.slack.dev/reference/methods/chat.postMessage"""
    call.need("channel")
    channel = writable_channel(call.workspace, call.args["channel"])
    content = content_of(call.args, call.workspace)
    message = post(call.workspace, channel, content, thread_ts=call.args.get("thread_ts"))
    return {"channel": channel.id, "ts": message.ts, "message": message_json(message, call.workspace)}


def _own_message(call: Call, refusal: str) -> Message:
    channel = find_channel(call.workspace, call.need("channel"))
    message = call.workspace.message(channel.id, call.need("ts"))
    if message is None:
        raise Refused("message_not_found")
    if message.user != call.workspace.app.bot_user:
        raise Refused(refusal)
    if channel.is_archived:
        raise Refused("is_archived")
    return message


def update(call: Call) -> Json:
    """Rewrite one of the bot's messages. https://docs.slack.dev/reference/methods/chat.update"""
    message = _own_message(call, "cant_update_message")
    if len(str(call.args.get("text") or "")) > UPDATE_TEXT:
        raise Refused("msg_too_long")
    rewrite(call.workspace, message, content_of(call.args, call.workspace))
    shown = message_json(message, call.workspace)
    return {"channel": message.channel, "ts": message.ts, "text": message.text, "message": shown}


def delete(call: Call) -> Json:
    """Delete one of the bot's messages. https://docs.slack.dev/reference/methods/chat.delete"""
    message = _own_message(call, "cant_delete_message")
    remove(call.workspace, message)
    return {"channel": message.channel, "ts": message.ts}


def post_ephemeral(call: Call) -> Json:
    """Show one member a message. https://docs.slack.dev/reference/methods/chat.postEphemeral"""
    user = call.need("user")
    call.need("channel")
    channel = writable_channel(call.workspace, call.args["channel"])
    if user not in channel.members:
        raise Refused("user_not_in_channel")
    content = content_of(call.args, call.workspace)
    message = post(call.workspace, channel, content, thread_ts=call.args.get("thread_ts"), shown_to=user)
    return {"message_ts": message.ts}


def get_permalink(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.getPermalink"""
    channel = find_channel(call.workspace, call.need("channel"))
    ts = call.need("message_ts")
    if call.workspace.message(channel.id, ts) is None:
        raise Refused("message_not_found")
    domain = call.workspace.team["domain"]
    link = f"https://{domain}.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": link}


METHODS = {
    "chat.postMessage": Method(post_message, ("chat:write",), Tier.POST_MESSAGE, per_channel=True),
    "chat.update": Method(update, ("chat:write",), Tier.THREE),
    "chat.delete": Method(delete, ("chat:write",), Tier.THREE),
    "chat.postEphemeral": Method(post_ephemeral, ("chat:write",), Tier.FOUR),
    "chat.getPermalink": Method(get_permalink, tier=Tier.GENEROUS),
}
