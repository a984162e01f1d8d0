"""The two steps of an upload: https://docs.slack.dev/messaging/working-with-files"""

from __future__ import annotations

from sandbox.slack.errors import Refused
from sandbox.slack.methods.method import Call, Method
from sandbox.slack.posting import Content, content_of, post, writable_channel
from sandbox.slack.rate_limits import Tier
from sandbox.slack.state import Json


def upload_url(call: Call) -> Json:
    """Hand out where to send the bytes."""
    name, length = call.need("filename"), call.number("length", 0)
    file_id = call.workspace.next_id("F")
    call.workspace.files[file_id] = {"id": file_id, "name": name, "size": length, "content": None}
    return {"upload_url": f"{call.base_url}/upload/v1/{file_id}", "file_id": file_id}


def complete(call: Call) -> Json:
    """Share what was uploaded."""
    listed = call.args.get("files")
    if not isinstance(listed, list) or not listed:
        raise Refused("invalid_arguments")
    shared = []
    for item in listed:
        kept = call.workspace.files.get(str(item.get("id"))) if isinstance(item, dict) else None
        if kept is None or kept["content"] is None:
            raise Refused("file_not_found")
        shared.append({"id": kept["id"], "name": kept["name"], "title": item.get("title") or kept["name"]})
    asked = call.args.get("channel_id") or call.args.get("channels")
    if asked:
        channel = writable_channel(call.workspace, asked)
        comment = call.args.get("initial_comment")
        content = content_of({"text": comment}, call.workspace) if comment else Content("", [], [])
        message = post(call.workspace, channel, content, thread_ts=call.args.get("thread_ts"))
        message.files = shared
        call.workspace.touch()
    return {"files": shared}


METHODS = {
    "files.getUploadURLExternal": Method(upload_url, ("files:write",), Tier.FOUR),
    "files.completeUploadExternal": Method(complete, ("files:write",), Tier.FOUR),
}
