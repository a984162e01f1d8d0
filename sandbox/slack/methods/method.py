"""What a Web API method is: a function of a call, the scopes it needs, its rate limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sandbox.slack.errors import Refused
from sandbox.slack.rate_limits import Tier
from sandbox.slack.state import Json, Workspace
from sandbox.slack.tickets import Tickets


@dataclass(frozen=True, slots=True)
class Call:
    """One request: its arguments and the workspace it meets."""

    args: Json
    workspace: Workspace
    tickets: Tickets
    base_url: str
    open_socket: Callable[[], str]

    def need(self, name: str) -> str:
        """Return a required argument, or refuse the call."""
        value = self.args.get(name)
        if value is None or value == "":
            raise Refused("invalid_arguments", response_metadata={"messages": [f"[ERROR] missing: {name}"]})
        return str(value)

    def number(self, name: str, default: int) -> int:
        """Return a whole-number argument, or refuse one that is not."""
        value = str(self.args.get(name) or default)
        if not value.isdigit():
            raise Refused("invalid_cursor" if name == "cursor" else "invalid_limit")
        return int(value)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a boolean argument in any of the spellings that forms use."""
        return str(self.args.get(name, default)).lower() in {"true", "1"}

    def need_scope(self, scope: str) -> None:
        """Refuse the call when the token lacks a scope that depends on what was asked for."""
        if scope not in self.workspace.app.scopes:
            provided = ",".join(self.workspace.app.scopes)
            raise Refused("missing_scope", needed=scope, provided=provided)


@dataclass(frozen=True, slots=True)
class Method:
    """A method; `token` is the kind it takes, `per_channel` gives each channel a bucket of its own."""

    answer: Callable[[Call], Json]
    scopes: tuple[str, ...] = ()
    tier: Tier = Tier.THREE
    token: Literal["bot", "app", "none"] = "bot"
    per_channel: bool = False
