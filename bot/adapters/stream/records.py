"""What Azure Monitor writes to an event hub, read without loss: messages, their records, their sign-ins.

A message is an envelope of records, but pipelines between Entra and the hub also write one record a message,
or one a line. A record's `properties` is Graph beta's sign-in, sparser and with other spellings.
https://learn.microsoft.com/entra/identity/monitoring-health/concept-activity-log-schemas
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from bot.adapters.graph.sign_ins import sign_in
from bot.adapters.graph.wire import Row, moment_in, part, text, whole_number
from bot.domain.light import may_matter
from bot.domain.sign_ins import BROKER_APP, DEVICE_REGISTRATION_RESOURCE, SignIn

INTERACTIVE = {"signinlogs": True, "noninteractiveusersigninlogs": False}
"""The categories that people's sign-ins come in, and whether they were interactive."""

LARGE = 32 * 1024
_ENVELOPE = re.compile(rb'\{"records":\[(?P<opening>\{"[^"\\]+":")')
_BROKER, _REGISTRATION = BROKER_APP.encode(), DEVICE_REGISTRATION_RESOURCE.encode()


@dataclass(slots=True)
class Reading:
    """What some messages held, added up."""

    sign_ins: list[SignIn] = field(default_factory=list)  # those that may matter
    records: int = 0
    unreadable: int = 0

    def add(self, message: bytes) -> None:
        """Read one message; what cannot be read is counted and keeps nothing else from being read."""
        few = _that_may_matter(message) if len(message) >= LARGE else None
        records, passed_over = few or (_records(message), 0)
        self.records += passed_over
        for record in records:
            self.records += 1
            try:
                found = _sign_in(record)
            except ValueError:
                self.unreadable += 1
                continue
            if found is not None:
                self.sign_ins.append(found)


def _that_may_matter(message: bytes) -> tuple[list[object], int] | None:
    """Return the records that name the broker or the registration resource, and how many others there are.

    Most records of a tenant name neither, and seeing that in the bytes is far cheaper than reading them. A
    message is cut where a record begins; a piece that is no record by itself was cut elsewhere. None: the
    message has to be read as a whole.
    """
    envelope = _ENVELOPE.match(message)
    if envelope is None:
        return None
    opening = envelope["opening"]
    pieces = message[envelope.end() :].rstrip().removesuffix(b"]}").split(b"," + opening)
    wanted = [piece for piece in pieces if _BROKER in (lowered := piece.lower()) or _REGISTRATION in lowered]
    try:
        return [from_json(opening + piece) for piece in wanted], len(pieces) - len(wanted)
    except ValueError:
        return None


def _records(message: bytes) -> Iterator[object]:
    """Yield the records of a message; None for what is no JSON."""
    for document in _documents(message):
        records = document.get("records", document) if isinstance(document, dict) else document
        if isinstance(records, list):
            yield from records
        else:
            yield records


def _documents(message: bytes) -> Iterator[object]:
    whole = message.removeprefix(b"\xef\xbb\xbf").strip()
    try:
        yield from_json(whole)
    except ValueError:
        lines = whole.splitlines()
        yield from (_tolerantly(line) for line in (lines if len(lines) > 1 else [whole]) if line.strip())


def _tolerantly(line: bytes) -> Any:
    """Read JSON also with raw line ends and half characters in it, which become "?"; None when it is none."""
    try:
        document = json.loads(line.decode("utf-8", "replace"), strict=False)
        return from_json(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def _sign_in(record: object) -> SignIn | None:
    """Read one record; None when it does not matter, ValueError when it cannot be understood."""
    if not isinstance(record, dict):
        raise ValueError("the record is no object")  # noqa: TRY004 -- one kind of error for all that is wrong
    interactive = INTERACTIVE.get(text(record, "category").lower())
    if interactive is None:
        return None
    row = record.get("properties")
    if not isinstance(row, dict):
        raise ValueError("properties is missing")  # noqa: TRY004
    if not may_matter(row.get("appId"), row.get("resourceId")):
        return None
    return sign_in(_completed(row, record, interactive), interactive=interactive)


def _completed(row: dict[str, Any], record: Row, interactive: bool) -> Row:
    """Fill what `properties` leaves out from the envelope. The category knows best what is interactive."""
    status = part(row, "status")
    if whole_number(status, "errorCode") is None:
        status = {**status, "errorCode": record.get("resultType")}
    if not text(status, "failureReason"):
        status = {**status, "failureReason": record.get("resultDescription")}
    created_at = row.get("createdDateTime")
    return {
        **row,
        "status": status,
        "isInteractive": interactive,
        "createdDateTime": created_at if moment_in(created_at) else record.get("time"),
        "ipAddress": text(row, "ipAddress") or record.get("callerIpAddress"),
        "correlationId": text(row, "correlationId") or record.get("correlationId"),
        "userDisplayName": text(row, "userDisplayName") or record.get("identity"),
    }
