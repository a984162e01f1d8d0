"""Things that run out: trigger ids and response URLs.

https://docs.slack.dev/interactivity/handling-user-interaction
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.slack.errors import Refused
from sandbox.slack.state import Workspace

TRIGGER_SECONDS = 3.0
RESPONSE_SECONDS = 30 * 60.0
RESPONSE_USES = 5


@dataclass(slots=True)
class Trigger:
    """Who may be shown a modal, and since when; `view_id` when it came from inside a modal."""

    user: str
    at: float
    view_id: str | None = None
    used: bool = False


@dataclass(slots=True)
class ResponseTicket:
    """Where a response URL answers: the person, the channel, and the message that was clicked."""

    user: str
    channel: str
    at: float
    message_ts: str | None = None
    uses: int = 0


@dataclass(slots=True)
class Tickets:
    """All trigger ids and response URLs handed out."""

    workspace: Workspace
    base_url: str = ""
    triggers: dict[str, Trigger] = field(default_factory=dict)
    responses: dict[str, ResponseTicket] = field(default_factory=dict)

    def trigger(self, user: str, view_id: str | None = None) -> str:
        """Hand out a trigger id, good once and for 3 s."""
        trigger_id = self.workspace.next_id(f"{self.workspace.team_id}.trigger.")
        self.triggers[trigger_id] = Trigger(user, self.workspace.clock.now(), view_id)
        return trigger_id

    def spend_trigger(self, trigger_id: str) -> Trigger:
        """Take a trigger id, or refuse it as unknown, exchanged or expired."""
        trigger = self.triggers.get(trigger_id)
        if trigger is None:
            raise Refused("invalid_trigger_id")
        if trigger.used:
            raise Refused("exchanged_trigger_id")
        if self.workspace.clock.now() - trigger.at > TRIGGER_SECONDS:
            raise Refused("expired_trigger_id")
        trigger.used = True
        return trigger

    def response_url(self, user: str, channel: str, message_ts: str | None = None) -> str:
        """Hand out a response URL, good 5 times within 30 minutes."""
        key = self.workspace.next_id("R")
        self.responses[key] = ResponseTicket(user, channel, self.workspace.clock.now(), message_ts)
        return f"{self.base_url}/response/{self.workspace.team_id}/{key}"

    def spend_response(self, key: str) -> ResponseTicket:
        """Count one use of a response URL, or refuse it as `expired_url` or `used_url`."""
        ticket = self.responses.get(key)
        if ticket is None:
            raise Refused("invalid_url")
        if self.workspace.clock.now() - ticket.at > RESPONSE_SECONDS:
            raise Refused("expired_url")
        if ticket.uses >= RESPONSE_USES:
            raise Refused("used_url")
        ticket.uses += 1
        return ticket
