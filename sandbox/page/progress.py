"""How far the guided story is: facts read off what happens, for one stuck person."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bot.render import labels
from sandbox.slack.forms import walk
from sandbox.slack.state import Json

FACTS = (
    "asked",
    "answered",
    "form_opened",
    "requested",
    "approved",
    "changed",
    "verified",
    "registered",
    "undo_requested",
    "undone",
)


@dataclass
class Progress:
    """When each step was taken; None while it was not."""

    upn: str
    name: str
    user_id: str
    slack: str | None
    facts: dict[str, float | None] = field(default_factory=lambda: dict.fromkeys(FACTS))

    def shown(self) -> Json:
        """Return subject and facts."""
        subject = {"upn": self.upn, "name": self.name, "slack": self.slack}
        return {"subject": subject, "facts": dict(self.facts)}

    def start_over(self) -> None:
        """Forget every step."""
        self.facts = dict.fromkeys(FACTS)

    def observe(self, fact: Json) -> list[str]:
        """Return the steps that a fact completes; a step taken again keeps the newer time."""
        reader = _READERS.get(fact["kind"])
        taken = list(reader(self, fact)) if reader else []
        for name in taken:
            self.facts[name] = fact["at"]
        return taken

    def taken(self, name: str) -> bool:
        """Tell whether a step was taken."""
        return self.facts[name] is not None

    def names_subject(self, thing: object) -> bool:
        """Tell whether a text, or anything inside a JSON value, is about the person."""
        text = json.dumps(thing, ensure_ascii=False).casefold()
        named = (self.upn, self.name, self.user_id, f"<@{self.slack}")
        return any(name.casefold() in text for name in named)


def _delivery(progress: Progress, fact: Json) -> Iterator[str]:
    if fact["type"] == "slash_commands" and progress.names_subject(fact["what"]):
        yield "asked"


def _message(progress: Progress, fact: Json) -> Iterator[str]:
    message = fact["message"]
    if not progress.names_subject([message["text"], message["blocks"]]):
        return
    actions = {element["action_id"] for _, element in walk(message["blocks"])}
    if labels.ON_REQUEST_DISABLE in actions:
        yield from ("asked", "answered")
    if labels.ON_APPROVE in actions:
        yield "undo_requested" if progress.taken("verified") else "requested"
    elif fact["what"] == "changed" and progress.taken("requested") and "Approved" in json.dumps(message):
        yield "approved"
    if labels.ON_UNDO in actions:
        yield "verified"


def _modals(progress: Progress, fact: Json) -> Iterator[str]:
    opened = {view["callback_id"] for view in fact["modals"]}
    if progress.taken("answered") and labels.REQUEST_MODAL in opened:
        yield "form_opened"


def _graph(progress: Progress, fact: Json) -> Iterator[str]:
    call = fact["call"]
    about = progress.user_id in call["path"] or progress.upn in call["path"]
    if call["method"] != "PATCH" or call["status"] != 204 or not about:
        return
    if (call["body"] or {}).get("perUserMfaState") == "disabled":
        yield from ("approved", "changed")
    elif progress.taken("changed"):
        yield "undone"


def _entra_person(progress: Progress, fact: Json) -> Iterator[str]:
    person = fact["person"]
    if person["id"] == progress.user_id and person["registered"] and progress.taken("changed"):
        yield "registered"


_READERS: dict[str, Callable[[Progress, Json], Iterator[str]]] = {
    "delivery": _delivery,
    "message": _message,
    "modals": _modals,
    "graph": _graph,
    "entra_person": _entra_person,
}
