"""conversations.*: https://docs.slack.dev/reference/methods?family=conversations"""

from __future__ import annotations

from sandbox.slack.errors import Refused
from sandbox.slack.methods.method import Call, Method
from sandbox.slack.rate_limits import Tier
from sandbox.slack.shapes import channel_json
from sandbox.slack.state import Channel, Json


def _scope_of(channel: Channel) -> str:
    if channel.is_im:
        return "im:read"
    return "groups:read" if channel.is_private else "channels:read"


def _readable(call: Call) -> Channel:
    channel = call.workspace.channels.get(call.need("channel"))
    if channel is None:
        raise Refused("channel_not_found")
    if channel.is_private and call.workspace.app.bot_user not in channel.members:
        raise Refused("channel_not_found")
    call.need_scope(_scope_of(channel))
    return channel


def info(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.info"""
    channel = _readable(call)
    shown = channel_json(channel, call.workspace)
    if call.flag("include_num_members"):
        shown["num_members"] = len(channel.members)
    return {"channel": shown}


def members(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.members"""
    return _page(call, "members", list(_readable(call).members))


def listing(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.list"""
    kinds = set(str(call.args.get("types") or "public_channel").split(","))
    rows = []
    for channel in call.workspace.channels.values():
        kind = "im" if channel.is_im else "private_channel" if channel.is_private else "public_channel"
        seen = not channel.is_private or call.workspace.app.bot_user in channel.members
        hidden = channel.is_archived and call.flag("exclude_archived")
        if kind in kinds and seen and not hidden:
            call.need_scope(_scope_of(channel))
            rows.append(channel_json(channel, call.workspace))
    return _page(call, "channels", rows)


def _page(call: Call, name: str, rows: list[Json] | list[str]) -> Json:
    start = call.number("cursor", 0)
    limit = call.number("limit", 100)
    following = str(start + limit) if start + limit < len(rows) else ""
    return {name: rows[start : start + limit], "response_metadata": {"next_cursor": following}}


def opening(call: Call) -> Json:
    """Open a direct message. https://docs.slack.dev/reference/methods/conversations.open"""
    wanted = [user for user in str(call.args.get("users") or "").split(",") if user]
    if call.args.get("channel"):
        channel = _readable(call)
        return {"channel": channel_json(channel, call.workspace)}
    if not wanted:
        raise Refused("users_list_not_supplied")
    if len(wanted) > 1:
        raise Refused("method_not_supported_for_channel_type")
    person = call.workspace.people.get(wanted[0])
    if person is None:
        raise Refused("user_not_found")
    if person.deleted:
        raise Refused("user_disabled")
    if person.is_bot:
        raise Refused("cannot_dm_bot")
    known = "D" + person.id[1:] in call.workspace.channels
    channel = call.workspace.direct_channel(person.id)
    shown = channel_json(channel, call.workspace) if call.flag("return_im") else {"id": channel.id}
    return {"no_op": known, "already_open": known, "channel": shown}


def join(call: Call) -> Json:
    """Join a public channel. https://docs.slack.dev/reference/methods/conversations.join"""
    channel = _readable(call)
    if channel.is_private:
        raise Refused("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise Refused("is_archived")
    bot = call.workspace.app.bot_user
    if bot not in channel.members:
        channel.members.append(bot)
    return {"channel": channel_json(channel, call.workspace)}


METHODS = {
    "conversations.info": Method(info, tier=Tier.THREE),
    "conversations.members": Method(members, tier=Tier.FOUR),
    "conversations.list": Method(listing, tier=Tier.TWO),
    "conversations.open": Method(opening, ("im:write",), Tier.THREE),
    "conversations.join": Method(join, ("channels:join",), Tier.THREE),
}
