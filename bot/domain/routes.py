"""Routes of alerts, as an admin writes them: which failures go to which channel."""

from __future__ import annotations

import re

from bot.domain.alerts import Matcher, Route
from bot.domain.people import is_object_id
from bot.domain.rules import RULES
from bot.errors import BadInput

KEYS = {
    "cause": "verdict",
    "group": "member_of",
    "country": "country",
    "device": "device_prefix",
    "policy": "policy_id",
}
"""What a route may ask for, as people write it, and the matcher's field."""

_CHANNEL = re.compile(r"[CG][A-Z0-9]{2,}")
_FORM = "of another form than “cause=PER_USER_MFA country=DE -> C0123ABC; device=FIN- -> C0456DEF”"


def alert_routes(text: str) -> tuple[Route, ...]:
    """Read routes in the order they are tried: conditions that must all hold, an arrow, a channel id.

    A route without conditions takes everything that is left. BadInput names what is wrong.
    """
    return tuple(_route(part) for part in text.split(";") if part.strip())


def _route(text: str) -> Route:
    conditions, arrow, channel = (part.strip() for part in text.partition("->"))
    if not arrow or not _CHANNEL.fullmatch(channel):
        raise BadInput(_FORM)
    fields: dict[str, str] = {}
    for condition in conditions.split():
        key, equals, value = condition.partition("=")
        if not equals or not value or key.lower() not in KEYS:
            raise BadInput(f"{_FORM}: “{condition}” is none of {', '.join(KEYS)} with a value")
        if key.lower() in fields:
            raise BadInput(f"ambiguous: one route asks twice for “{key}”")
        fields[key.lower()] = _checked(key.lower(), value)
    return Route(Matcher(**{KEYS[key]: value for key, value in fields.items()}), channel)


def _checked(key: str, value: str) -> str:
    if key == "cause":
        verdict = value.upper()
        if verdict not in {rule.verdict for rule in RULES}:
            raise BadInput(f"of a cause that does not exist: “{value}” (docs/rules.md lists them)")
        return verdict
    if key in ("group", "policy"):
        if not is_object_id(value):
            raise BadInput(f"of a {key} that is not an object id: “{value}”")
        return value.lower()
    if key == "country" and not re.fullmatch("[A-Za-z]{2}", value):
        raise BadInput(f"of a country that is not a two-letter code: “{value}”")
    return value.upper() if key == "country" else value
