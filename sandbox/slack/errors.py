"""What Slack's Web API says no with."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """A call that answers `{"ok": false, "error": code}` with HTTP 200; `details` join the answer."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


class RateLimited(Exception):
    """HTTP 429; `retry_after` in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("ratelimited")
        self.retry_after = retry_after


def refuse_shape(code: str, problems: list[str]) -> None:
    """Raise when there are problems, worded where Slack words them: `errors` and `response_metadata`."""
    if problems:
        messages = [f"[ERROR] {problem}" for problem in problems]
        raise Refused(code, errors=problems, response_metadata={"messages": messages})
