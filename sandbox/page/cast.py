"""The people a visitor can be, the roles they play, and what the bot's manifest puts into Slack's menus."""

from __future__ import annotations

from typing import Any

import yaml

from bot.render.manifest import manifest
from sandbox.slack.people import Workspace
from sandbox.slack.state import Json

# The person switcher's order, and the words on it.
CAST = {
    "U0HANA": ("helpdesk", "Helpdesk"),
    "U0OTTO": ("approver", "Approver"),
    "U0MIRA": ("second approver", "Second approver"),
    "U0NILS": ("admin", "Admin"),
    "U0EDDA": ("stuck", "Stuck: cannot register her Mac"),
    "U0GUEST": ("guest", "Guest"),
    "U0PARTNER": ("outsider", "Slack Connect: another company"),
}
SUBJECT = "edda.holt@contoso.com"
HINTS = {
    "why": "what blocks this person's registration, and what to do",
    "explain": "what an AADSTS code means",
    "pending": "requests that wait for a decision",
    "history": "earlier requests for a person",
    "sweep": "who still has per-user MFA on",
    "alerts": "recent failures and what is silenced",
    "status": "whether the bot reaches what it needs",
    "help": "what you can ask",
}


def played(person: Json) -> Json:
    """Return a person with the role they play."""
    role, label = CAST.get(person["id"], ("bot", "App") if person["is_bot"] else ("member", "Member"))
    return {**person, "role": role, "role_label": label}


class Menus:
    """The commands and shortcuts of the bot's manifest."""

    def __init__(self, text: str) -> None:
        self._said: dict[str, Any] = yaml.safe_load(text)
        features = self._said["features"]
        self.about = self._said["display_information"]
        self.commands = [_command(one) for one in features.get("slash_commands", ())]
        names = ("name", "type", "callback_id", "description")
        self.shortcuts = [{name: one[name] for name in names} for one in features.get("shortcuts", ())]

    async def install(self, slack: Workspace) -> None:
        """Install the manifest: its scopes, events, commands and shortcuts, no more and no less."""
        events = self._said["settings"].get("event_subscriptions", {}).get("bot_events", [])
        await slack.app(
            scopes=self._said["oauth_config"]["scopes"]["bot"],
            events=events,
            commands=[one["command"] for one in self.commands],
            shortcuts=[one["callback_id"] for one in self.shortcuts],
        )


def menus() -> Menus:
    """Read the manifest the bot prints."""
    return Menus(manifest())


def _command(said: Json) -> Json:
    hint = str(said.get("usage_hint", ""))
    texts = [part.strip() for part in hint.split("|") if part.strip()]
    known = {text.split()[0] for text in texts}
    texts += [word for word in HINTS if word not in known]
    hints = [{"text": text, "does": HINTS.get(text.split()[0], "")} for text in texts]
    return {
        "command": said["command"],
        "description": said.get("description", ""),
        "usage_hint": hint,
        "hints": hints,
    }
