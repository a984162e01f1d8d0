"""The DirectoryAudits port: what was done to one account.

https://learn.microsoft.com/graph/api/directoryaudit-list
https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from bot.adapters.graph.calls import DIRECTORY_AUDITS
from bot.adapters.graph.gateway import Gateway, Within
from bot.adapters.graph.wire import (
    QUERY_SAFE,
    Row,
    instant,
    moment_in,
    part,
    parts,
    required,
    text,
    text_or_none,
    whole_number,
)
from bot.domain.people import ObjectId, PerUserMfaState, object_id
from bot.errors import GraphMalformed
from bot.ports import AuditEvent, Urgency

MOST_PAGES = 3

NAMED_STATES = {
    "disable strong authentication": PerUserMfaState.DISABLED,
    "enable strong authentication": PerUserMfaState.ENABLED,
}
REQUIREMENT = "StrongAuthenticationRequirement"
STATE_CODES = {0: PerUserMfaState.DISABLED, 1: PerUserMfaState.ENABLED, 2: PerUserMfaState.ENFORCED}
"""The codes inside the property's JSON; an empty list is "disabled"."""

PASSWORD_CHANGES = (
    "reset user password",
    "change user password",
    "reset password",  # (self-service), (by admin)
    "change password",  # (self-service)
    "update passwordprofile",
    "set force change user password",
)
METHOD_WORDS = ("registered", "deleted", "updated", "changed", "saved", "completed", "created")
"""Security info activities that change something; "started", "cancelled" and "reviewed" do not."""

METHOD_PROPERTIES = frozenset(
    {
        "StrongAuthenticationMethod",
        "StrongAuthenticationPhoneAppDetail",
        "StrongAuthenticationUserDetails",
        "SearchableDeviceKey",
    }
)
"""Properties of an "Update user" record that hold sign-in methods."""


class GraphDirectoryAudits:
    """Reads what was done to one user, from Graph v1.0: one scarce call as a rule."""

    def __init__(self, graph: Gateway) -> None:
        self._graph = graph

    async def about(self, user: ObjectId, since: datetime, urgency: Urgency) -> tuple[AuditEvent, ...]:
        """Return what was done to a user since `since`, newest first, each once; failed tries left out.

        Raises GraphMalformed when there is more than can be read: half a log would read as "nothing else".
        """
        asked = object_id(user)
        when = f"activityDateTime ge {instant(since)}"
        try:
            rows = await self._rows(f"{when} and targetResources/any(t:t/id eq '{asked}')", urgency)
        except GraphMalformed as error:
            if error.status != 400:
                raise
            rows = await self._rows(when, urgency)  # a filter on targets is documented, but not everywhere
        events = {event.id: event for event in _events(rows, asked)}
        recent = (event for event in events.values() if event.at >= since)
        return tuple(sorted(recent, key=lambda event: event.at, reverse=True))

    async def _rows(self, condition: str, urgency: Urgency) -> list[Any]:
        path = f"/v1.0/auditLogs/directoryAudits?$filter={quote(condition, safe=QUERY_SAFE)}&$top=1000"
        return await self._graph.rows(
            DIRECTORY_AUDITS, path, lambda row: row, Within(urgency, pages=MOST_PAGES)
        )


def _events(rows: Iterable[Any], user: ObjectId) -> Iterable[AuditEvent]:
    for row in rows:
        try:
            targets = [target for target in parts(row, "targetResources") or () if _is_user(target, user)]
            if targets and text(row, "result").lower() != "failure":
                yield audit_event(row, targets)
        except (ValueError, AttributeError):  # AttributeError: the row is not an object
            raise GraphMalformed(DIRECTORY_AUDITS.what, message="a record cannot be understood") from None


def _is_user(target: Row, user: ObjectId) -> bool:
    return text(target, "id").lower() == user


def audit_event(row: Row, targets: list[Row]) -> AuditEvent:
    """Read one record about a user; ValueError without an id, a time or an activity."""
    at, activity = moment_in(row.get("activityDateTime")), required(row, "activityDisplayName")
    if at is None:
        raise ValueError("activityDateTime is missing")
    changed = [change for target in targets for change in parts(target, "modifiedProperties") or ()]
    by = part(row, "initiatedBy")
    return AuditEvent(
        id=required(row, "id"),
        at=at,
        activity=activity,
        by=initiator(by),
        by_app_id=text(part(by, "app"), "appId").lower() or None,
        by_user_id=text(part(by, "user"), "id").lower() or None,
        sets_state=_state_set(activity, changed),
        is_password_change=activity.strip().lower().startswith(PASSWORD_CHANGES),
        is_method_change=_is_method_change(activity, changed),
    )


def initiator(by: Row) -> str:
    """Name who did it, a person or an app, from `initiatedBy`."""
    return _name(part(by, "user")) or _name(part(by, "app")) or "unknown"


def _name(who: Row) -> str:
    return text_or_none(who, "displayName") or text_or_none(who, "userPrincipalName") or text(who, "id")


def _state_set(activity: str, changed: list[Row]) -> PerUserMfaState | None:
    """Return the per-user MFA state a record set: as its property says, else as its name says."""
    for change in changed:
        if text(change, "displayName") == REQUIREMENT:
            state = _state_in(text(change, "newValue"))
            if state is not None:
                return state
    return NAMED_STATES.get(activity.strip().rstrip(".").lower())


def _state_in(value: str) -> PerUserMfaState | None:
    """Read the property's new value: a JSON list in a string, one entry a relying party."""
    try:
        entries = json.loads(value)
    except ValueError:
        return None
    if not isinstance(entries, list):
        return None
    codes = [whole_number(entry, "State") for entry in entries if isinstance(entry, dict)]
    known = [code for code in codes if code in STATE_CODES]
    return STATE_CODES[max(known, default=0)] if len(known) == len(entries) else None


def _is_method_change(activity: str, changed: list[Row]) -> bool:
    said = activity.lower()
    if "security info" in said and any(word in said for word in METHOD_WORDS):
        return True
    return any(text(change, "displayName") in METHOD_PROPERTIES for change in changed)
