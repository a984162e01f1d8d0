"""Sign-in rows made comparable before anything is judged: which count, which were cleared, which are stale.

Rows come in any order, with any time offset, from two logs, and more than once.
Entra's log: https://learn.microsoft.com/entra/identity/monitoring-health/concept-sign-in-log-activity-details
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import TypeAlias

from bot.domain.sign_ins import SignIn

INTERRUPT_CODES = frozenset({50058, 50140, 50199, 50158, 50019, 50125, 50097, 90025})
"""Pauses of an ordinary sign-in: they matter only when nothing follows."""

SAME_ATTEMPT = timedelta(minutes=10)
INTERRUPT_PATIENCE = timedelta(minutes=15)
JAMF_REGISTRATION_APP = "user registration app for device compliance"

_OTHER_SYSTEMS = ("windows", "ios", "ipados", "iphone", "ipad", "android", "linux", "chromeos", "chrome os")
_OTHER_AGENTS = ("windows nt", "iphone", "ipad", "android")

Lane: TypeAlias = tuple[str, str, bool]


class Relevance(StrEnum):
    """Whether a row can speak about registration of the Mac."""

    REGISTRATION = "registration"  # the broker, or the Device Registration Service
    OTHER_APP = "other app"
    OTHER_DEVICE = "other device"


class Standing(StrEnum):
    """What became of one row."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CLEARED = "cleared"
    WAITING = "waiting"  # an interrupt, too fresh to say
    UNRESOLVED = "unresolved"  # an interrupt that nothing followed


@dataclass(frozen=True, slots=True)
class Row:
    """One sign-in and how it stands. Stale rows explain history and never a current verdict."""

    sign_in: SignIn
    relevance: Relevance
    standing: Standing
    is_stale: bool

    @property
    def counts(self) -> bool:
        """Whether the row is current evidence about registration."""
        return self.relevance is Relevance.REGISTRATION and not self.is_stale

    @property
    def is_uncleared_failure(self) -> bool:
        """Whether the sign-in failed and nothing made up for it."""
        return self.standing is Standing.FAILED

    @property
    def outcome(self) -> str:
        """The one word for the timeline."""
        if self.relevance is not Relevance.REGISTRATION:
            return self.relevance.value
        if self.standing is Standing.WAITING:
            return Standing.UNRESOLVED.value
        return "stale" if self.is_stale and self.is_uncleared_failure else self.standing.value


@dataclass(frozen=True, slots=True)
class Attempt:
    """Rows that belong to one try, oldest first."""

    rows: tuple[Row, ...]


@dataclass(frozen=True)  # no slots: what is asked for often is worked out once
class Attempts:
    """All rows of the window, newest first, and the few that decide."""

    rows: tuple[Row, ...] = ()

    @cached_property
    def last_failure(self) -> SignIn | None:
        """The newest uncleared current failure; an interrupt that led nowhere only when there is none."""
        return _first(self.rows, Standing.FAILED) or _first(self.rows, Standing.UNRESOLVED)

    @cached_property
    def last_failure_ever(self) -> SignIn | None:
        """The newest uncleared failure of the window, stale ones included."""
        return next((row.sign_in for row in self.of_registration if row.is_uncleared_failure), None)

    @cached_property
    def last_success(self) -> SignIn | None:
        """The newest current success in the lane of the last failure; without a failure, the broker's."""
        failure = self.last_failure
        if failure is None:
            return self.last_broker_success
        successes = (row.sign_in for row in self.rows if row.counts and row.standing is Standing.SUCCEEDED)
        return next((success for success in successes if lane(success) == lane(failure)), None)

    @cached_property
    def last_broker_success(self) -> SignIn | None:
        """The newest current success of the broker outside the Device Registration Service."""
        return next((row.sign_in for row in self.broker if _is_token_success(row)), None)

    @cached_property
    def of_registration(self) -> tuple[Row, ...]:
        """Rows of the broker or the Device Registration Service, stale ones included."""
        return tuple(row for row in self.rows if row.relevance is Relevance.REGISTRATION)

    @cached_property
    def broker(self) -> tuple[Row, ...]:
        """Current rows of the broker, whatever resource it asked for."""
        return tuple(row for row in self.of_registration if row.counts and row.sign_in.is_broker)

    @cached_property
    def last_jamf_registration_failure(self) -> SignIn | None:
        """The newest uncleared current failure of Jamf's user registration app."""
        return next((row.sign_in for row in self.rows if _is_jamf_failure(row)), None)


def _first(rows: Sequence[Row], standing: Standing) -> SignIn | None:
    return next((row.sign_in for row in rows if row.counts and row.standing is standing), None)


def _is_token_success(row: Row) -> bool:
    return row.standing is Standing.SUCCEEDED and not row.sign_in.is_device_registration


def _is_jamf_failure(row: Row) -> bool:
    fresh_failure = row.is_uncleared_failure and not row.is_stale
    named = row.sign_in.app_name.strip().lower() == JAMF_REGISTRATION_APP
    return fresh_failure and named and row.relevance is Relevance.OTHER_APP


def attempts_in(
    sign_ins: Iterable[SignIn], *, now: datetime, since: datetime, stale_before: datetime | None
) -> Attempts:
    """Judge every row of the window `since`..; rows older than `stale_before` are history."""
    rows = sorted(
        _each_once(row for row in sign_ins if row.created_at >= since),
        key=lambda row: (row.created_at, row.succeeded, row.id),  # of two at once, the success is the end
        reverse=True,
    )
    cleared_by = _Clearing()
    return Attempts(tuple(_judged(row, cleared_by, now, stale_before) for row in rows))


def _each_once(rows: Iterable[SignIn]) -> Iterable[SignIn]:
    """Entra publishes a row again when it learns more: keep the version that says most."""
    latest: dict[str, SignIn] = {}
    for row in rows:
        known = latest.get(row.id)
        if known is None or _says(row) > _says(known):
            latest[row.id] = row
    return latest.values()


def _says(row: SignIn) -> tuple[bool, bool, bool, int, datetime, str]:
    policies, sources = row.applied_policies, row.requirement_sources
    # the last one only settles draws, so that the order of input never matters
    return (row.succeeded, bool(sources), policies is not None, len(row.steps), row.created_at, repr(row))


def _judged(row: SignIn, later: _Clearing, now: datetime, stale_before: datetime | None) -> Row:
    relevance = relevance_of(row)
    standing = Standing.SUCCEEDED if row.succeeded else later.standing(row, now)
    if relevance is not Relevance.OTHER_DEVICE:
        later.note(row)
    return Row(row, relevance, standing, stale_before is not None and row.created_at < stale_before)


class _Clearing:
    """What followed, remembered while rows are read from the newest to the oldest."""

    def __init__(self) -> None:
        self._successes: set[Lane | str] = set()
        self._next: dict[Lane | str, datetime] = {}

    def note(self, row: SignIn) -> None:
        for key in _keys(row):
            self._next[key] = row.created_at
            if row.succeeded:
                self._successes.add(key)

    def standing(self, row: SignIn, now: datetime) -> Standing:
        keys = _keys(row)
        if any(key in self._successes for key in keys):
            return Standing.CLEARED
        if row.error_code not in INTERRUPT_CODES:
            return Standing.FAILED
        followers = [self._next[key] for key in keys if key in self._next]
        if any(follower - row.created_at <= INTERRUPT_PATIENCE for follower in followers):
            return Standing.CLEARED
        return Standing.WAITING if now - row.created_at < INTERRUPT_PATIENCE else Standing.UNRESOLVED


def _keys(row: SignIn) -> tuple[Lane | str, ...]:
    correlation = usable_correlation(row)
    return (lane(row), correlation) if correlation else (lane(row),)


def lane(row: SignIn) -> Lane:
    """App, resource and log: a success in one lane says nothing about another.

    The device registers, and the person signs in, before the token request that per-user MFA refuses.
    """
    return (row.app_id, row.resource_id, row.is_interactive)


def usable_correlation(row: SignIn) -> str | None:
    """Return the correlation id, or None for the empty and the all-zero ones that some clients send."""
    correlation = row.correlation_id.strip().strip("{}").lower()
    return correlation if correlation.strip("0-") else None


def relevance_of(row: SignIn) -> Relevance:
    """Return whether a row can speak about registration of the Mac, by its app, resource and system."""
    system = row.operating_system.strip().lower()
    agent = "" if system else row.user_agent.lower()
    if system.startswith(_OTHER_SYSTEMS) or any(word in agent for word in _OTHER_AGENTS):
        return Relevance.OTHER_DEVICE
    is_registration = row.is_broker or row.is_device_registration
    return Relevance.REGISTRATION if is_registration else Relevance.OTHER_APP


def grouped(rows: Iterable[Row]) -> tuple[Attempt, ...]:
    """Return tries, newest first: by correlation id, else by user, app and address within ten minutes."""
    tries: list[list[Row]] = []
    open_try: dict[tuple[str, ...], list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row.sign_in.created_at, row.sign_in.id)):
        key = _try_key(row.sign_in)
        current = open_try.get(key)
        if current is None or (len(key) > 1 and _is_over(current, row)):
            current = open_try[key] = []
            tries.append(current)
        current.append(row)
    return tuple(Attempt(tuple(rows)) for rows in reversed(tries))


def _try_key(row: SignIn) -> tuple[str, ...]:
    correlation = usable_correlation(row)
    return (correlation,) if correlation else (row.user_id, row.app_id, row.ip_address)


def _is_over(current: Sequence[Row], row: Row) -> bool:
    return row.sign_in.created_at - current[0].sign_in.created_at > SAME_ATTEMPT
