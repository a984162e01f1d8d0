"""The Web API's methods, one file a family; `METHODS` is all of them by name."""

from __future__ import annotations

from sandbox.slack.methods import chat, conversations, files, misc, people, views
from sandbox.slack.methods.method import Call, Method

METHODS: dict[str, Method] = {
    **misc.METHODS,
    **chat.METHODS,
    **conversations.METHODS,
    **people.METHODS,
    **views.METHODS,
    **files.METHODS,
}

__all__ = ["METHODS", "Call", "Method"]
