"""The two steps of an upload: https://docs.slack.dev/messaging/working-with-files"""

from __future__ import annotations

import mimetypes
import re
from dataclasses import replace

from sandbox.slack.client_state import file_seen
from sandbox.slack.errors import Refused, refuse_shape
from sandbox.slack.methods.method import Call, Method
from sandbox.slack.posting import Content, content_of, post, writable_channel
from sandbox.slack.rate_limits import Tier
from sandbox.slack.shapes import file_json
from sandbox.slack.state import Channel, File, Json

ALT_TEXT = 1_000
UNKNOWN_TYPE = "application/octet-stream"


def upload_url(call: Call) -> Json:
    """Hand out where to send the bytes."""
    name, length = call.need("filename"), call.number("length", 0)
    if not length:
        raise Refused("invalid_arguments", response_metadata={"messages": ["[ERROR] missing: length"]})
    alt_txt = str(call.args.get("alt_txt") or "")
    if len(alt_txt) > ALT_TEXT:
        raise Refused("alt_txt_too_large")
    file_id = call.workspace.next_id("F")
    mimetype = mimetypes.guess_type(name)[0] or UNKNOWN_TYPE
    call.workspace.files[file_id] = File(file_id, name, length, mimetype, alt_txt=alt_txt)
    return {"upload_url": f"{call.base_url}/upload/v1/{file_id}", "file_id": file_id}


def complete(call: Call) -> Json:
    """Finish an upload and share it. https://docs.slack.dev/reference/methods/files.completeUploadExternal"""
    files = _uploaded(call)
    channels = _channels(call)
    shown = [file_json(file, call.workspace, call.base_url) for file in files]
    comment = call.args.get("initial_comment")
    said = {"text": comment, "blocks": None if comment else call.args.get("blocks")}
    content = content_of(said, call.workspace) if any(said.values()) else Content("", [], [])
    for channel in channels:
        thread = call.args.get("thread_ts")
        post(call.workspace, channel, replace(content, files=shown), thread_ts=thread)
        for file in shown:
            call.workspace.tell("file", list(channel.members), channel=channel.id, file=file_seen(file))
    return {"files": shown}


def _uploaded(call: Call) -> list[File]:
    listed = call.args.get("files")
    if not isinstance(listed, list) or not listed:
        raise Refused("invalid_arguments")
    files = []
    for item in listed:
        file = call.workspace.files.get(str(item.get("id"))) if isinstance(item, dict) else None
        if file is None or file.content is None:
            raise Refused("file_not_found")
        file.title = str(item.get("title") or file.title or file.name)
        files.append(file)
    return files


def _channels(call: Call) -> list[Channel]:
    asked = call.args.get("channel_id") or call.args.get("channels") or ""
    ids = [one for one in str(asked).split(",") if one]
    # Unlike chat.postMessage this takes no people and no names: https://github.com/slackapi/bolt-js/issues/2115
    if not all(re.fullmatch("[CGDZ][A-Z0-9]+", one) for one in ids):
        problem = "input must match regex pattern: ^[CGDZ][A-Z0-9]{8,}$ [json-pointer:/channel_id]"
        refuse_shape("invalid_arguments", [problem])
    return [writable_channel(call.workspace, one) for one in ids]


METHODS = {
    "files.getUploadURLExternal": Method(upload_url, ("files:write",), Tier.FOUR),
    "files.completeUploadExternal": Method(complete, ("files:write",), Tier.FOUR),
}
