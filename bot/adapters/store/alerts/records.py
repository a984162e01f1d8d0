"""How what alerting keeps lies in the store: compact JSON, without what is as a new record would have it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from bot.domain.alerts import (
    Acknowledgement,
    AlertGroup,
    Member,
    MessageRef,
    PollState,
    Quieted,
    Sighting,
    Silence,
)

log = logging.getLogger(__name__)

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MILLISECOND = timedelta(milliseconds=1)
_UUID_LENGTH = 36


class Record(Generic[T]):
    """One kind of record."""

    def __init__(self, kind: type[T]) -> None:
        self._name = kind.__name__
        self._shape = TypeAdapter(kind)

    def text(self, record: T) -> bytes:
        """Return a record's JSON."""
        return self._shape.dump_json(record, exclude_defaults=True)

    def read(self, text: str | None) -> T | None:
        """Return the record; what nobody can read is reported and counts as missing."""
        if not text:
            return None
        try:
            return self._shape.validate_json(text)
        except ValidationError as error:
            log.error("a stored %s cannot be read and is left out: %s", self._name, error)  # noqa: TRY400
            return None

    def read_all(self, texts: Iterable[str | None]) -> tuple[T, ...]:
        """Return those that can be read."""
        found = (self.read(text) for text in texts)
        return tuple(record for record in found if record is not None)


SIGHTING = Record(Sighting)
GROUP = Record(AlertGroup)
QUIETED = Record(Quieted)
SILENCE = Record(Silence)
MESSAGE = Record(MessageRef)
ACKNOWLEDGEMENT = Record(Acknowledgement)
POLL_STATE = Record(PollState)


def milliseconds(length: timedelta) -> int:
    """Return whole milliseconds, at least one."""
    return max(1, length // _MILLISECOND)


def since_1970(at: datetime) -> int:
    """Whole milliseconds since 1970, UTC."""
    return (at - _EPOCH) // _MILLISECOND


def id_bytes(sign_in_id: str) -> bytes:
    """Return 16 bytes that stand for a sign-in's id: those of a UUID, else a hash."""
    if len(sign_in_id) == _UUID_LENGTH:
        try:
            found = bytes.fromhex(sign_in_id.replace("-", ""))
        except ValueError:
            found = b""
        if len(found) == 16:
            return found
    return blake2b(sign_in_id.encode(), digest_size=16).digest()


_SEPARATORS = str.maketrans("", "", ",\t\n")


def member_text(member: Member) -> str:
    """Return a member without the object id, fields in order, times in microseconds since 1970."""
    times = (member.first_at, member.registered_at, member.last_at)
    words = ["" if at is None else str((at - _EPOCH) // _MICROSECOND) for at in times]
    words += (str(member.tries), str(member.error_code), *map(_one_word, _named(member)))
    return ",".join(words)


def _named(member: Member) -> tuple[str, str, str]:
    return member.policy_id, member.lane, member.correlation_id


def _one_word(text: str) -> str:
    """Ids come from outside: what would end a field or a line is left out."""
    return text.translate(_SEPARATORS)


def member_of(user_id: str, text: str) -> Member:
    """Read a member back."""
    first, registered, last, tries, code, policy_id, lane, correlation_id = text.split(",")
    return Member(
        user_id=user_id,
        first_at=_moment(first),
        registered_at=_moment(registered) if registered else None,
        last_at=_moment(last) if last else None,
        tries=int(tries),
        error_code=int(code),
        policy_id=policy_id,
        lane=lane,
        correlation_id=correlation_id,
    )


def _moment(microseconds: str) -> datetime:
    return _EPOCH + timedelta(microseconds=int(microseconds))
