"""People at work: they type commands and messages, press shortcuts, open the app's home."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.slack import shapes
from sandbox.slack.answers import Answers
from sandbox.slack.delivery import Ack, Delivery, Envelope
from sandbox.slack.errors import Refused
from sandbox.slack.posting import Content, find_channel, post
from sandbox.slack.state import Channel, Json, Message, Person, Workspace
from sandbox.slack.tickets import Tickets

FAILED = {
    "operation_timeout": "the app did not respond in time",
    "dispatch_failed": "the app could not be reached",
}


@dataclass
class Acting:
    """What a person does outside a message or a modal; `force` skips what Slack's client would forbid."""

    workspace: Workspace
    tickets: Tickets
    delivery: Delivery
    answers: Answers

    def person(self, user: str, *, force: bool = False) -> Person:
        """Return who acts; a deactivated account cannot."""
        person = self.workspace.people.get(user)
        if person is None:
            raise Refused("user_not_found")
        if person.deleted and not force:
            raise Refused("user_deactivated")
        return person

    def place(self, person: Person, asked: str, *, force: bool = False) -> Channel:
        """Return the channel the person is in."""
        if asked == self.workspace.app.bot_user:
            return self.workspace.direct_channel(person.id)
        channel = find_channel(self.workspace, asked)
        if person.id not in channel.members and not force:
            raise Refused("not_in_channel")
        return channel

    async def command(self, asked: Mapping[str, Any]) -> Json:
        """Type a slash command and wait for the ack; only members of the installing workspace can."""
        force = bool(asked.get("force"))
        person = self.person(str(asked["user"]), force=force)
        channel = self.place(person, str(asked.get("channel", "C0GENERAL")), force=force)
        command = str(asked.get("command", "/psso"))
        foreign = person.team_id != self.workspace.team_id
        if command not in self.workspace.app.commands or (foreign and not force):
            raise Refused("command_not_available")
        typed = {
            "command": command,
            "text": str(asked.get("text", "")),
            "response_url": self.tickets.response_url(person.id, channel.id),
            "trigger_id": self.tickets.trigger(person.id),
        }
        payload = shapes.slash_command(person, channel, self.workspace, typed)
        ack = await self.delivery.interact(Envelope("slash_commands", payload, answerable=True))
        self.tell_failure(person.id, command, ack)
        if ack.payload:
            self._show(person, channel, ack.payload)
        return outcome(ack)

    def _show(self, person: Person, channel: Channel, payload: Json) -> None:
        try:
            self.answers.say(person.id, channel.id, payload)
        except Refused as refusal:
            self.workspace.notify(person.id, refusal.code, f"the app's answer was refused: {refusal.code}")

    def tell_failure(self, user: str, what: str, ack: Ack) -> None:
        """Show the person what Slack's client shows when the app stays silent."""
        if not ack.acked and ack.error:
            text = f'{what} failed with the error "{ack.error}": {FAILED[ack.error]}'
            self.workspace.notify(user, ack.error, text)

    async def shortcut(self, asked: Mapping[str, Any]) -> Json:
        """Press a global shortcut, or a message shortcut when `channel` and `message_ts` are given."""
        person = self.person(str(asked["user"]), force=bool(asked.get("force")))
        callback_id = str(asked["callback_id"])
        if callback_id not in self.workspace.app.shortcuts:
            raise Refused("shortcut_not_available")
        kind = "message_action" if "message_ts" in asked else "shortcut"
        payload = shapes.interaction(kind, person, self.workspace) | {
            "callback_id": callback_id,
            "action_ts": self.workspace.next_ts(),
            "trigger_id": self.tickets.trigger(person.id),
        }
        if kind == "message_action":
            payload |= self._about_message(person, asked)
        ack = await self.delivery.interact(Envelope("interactive", payload))
        self.tell_failure(person.id, callback_id, ack)
        return outcome(ack)

    def _about_message(self, person: Person, asked: Mapping[str, Any]) -> Json:
        channel = self.place(person, str(asked["channel"]))
        message = self.workspace.message(channel.id, str(asked["message_ts"]))
        if message is None:
            raise Refused("message_not_found")
        return {
            "channel": {"id": channel.id, "name": channel.name},
            "message": shapes.message_json(message, self.workspace),
            "message_ts": message.ts,
            "response_url": self.tickets.response_url(person.id, channel.id, message.ts),
        }

    async def message(self, asked: Mapping[str, Any]) -> Json:
        """Write a message; the app hears of it as app_mention or message.im when it subscribed."""
        person = self.person(str(asked["user"]))
        channel = self.place(person, str(asked["channel"]))
        content = Content(str(asked["text"]), [], [])
        message = post(self.workspace, channel, content, user=person.id, thread_ts=asked.get("thread_ts"))
        acks = [await self.event(event) for event in self._message_events(channel, message)]
        return {"ts": message.ts, "channel": channel.id, "events": acks}

    def _message_events(self, channel: Channel, message: Message) -> list[Json]:
        app = self.workspace.app
        event = shapes.message_json(message, self.workspace) | {
            "blocks": shapes.typed_blocks(message.text, self.workspace),
            "channel": channel.id,
            "team": self.workspace.team_id,
            "event_ts": message.ts,
            "client_msg_id": self.workspace.next_id("msg-"),
        }
        if message.thread_ts:
            parent = self.workspace.message(channel.id, message.thread_ts)
            event["parent_user_id"] = parent.user if parent else ""
        events = []
        if channel.is_im and "message.im" in app.events:
            events.append(event | {"channel_type": "im"})
        mentioned = f"<@{app.bot_user}>" in message.text and app.bot_user in channel.members
        if mentioned and not channel.is_im and "app_mention" in app.events:
            events.append(event | {"type": "app_mention"})
        return events

    async def home(self, asked: Mapping[str, Any]) -> Json:
        """Open the app's home tab."""
        person = self.person(str(asked["user"]))
        channel = self.workspace.direct_channel(person.id)
        event: Json = {
            "type": "app_home_opened",
            "user": person.id,
            "channel": channel.id,
            "tab": str(asked.get("tab", "home")),
            "event_ts": self.workspace.next_ts(),
        }
        current = self.workspace.homes.get(person.id)
        if current:
            event["view"] = shapes.view_json(self.workspace.views[current], self.workspace)
        return await self.event(event)

    async def event(self, event: Mapping[str, Any]) -> Json:
        """Send the app any event, wrapped as the Events API wraps it."""
        return outcome(await self.delivery.event(shapes.event_callback(event, self.workspace)))


def outcome(ack: Ack) -> Json:
    """Return an ack as the admin API shows it."""
    shown: Json = {"acked": ack.acked, "ack_ms": ack.ms, "response": ack.payload}
    return shown | ({"error": ack.error} if ack.error else {})
