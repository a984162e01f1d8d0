"""The answer to "why": a verdict with its evidence, its doubts and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.people import PerUserMfaState, User


class Grade(StrEnum):
    """Does another control still demand MFA of this user once per-user MFA is off?"""

    FULL = "FULL"
    PARTIAL = "PARTIAL"
    NONE = "NONE"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Coverage:
    """The grade, the policies it rests on, and the gaps in plain words."""

    grade: Grade
    by: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One piece of evidence: what it says, where it was read, and when it happened or was read."""

    fact: str
    value: str
    source: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """One attempt for the timeline: a row for people, newest first."""

    at: datetime
    app: str
    resource: str
    is_interactive: bool
    error_code: int
    meaning: str
    outcome: str  # "failed", "succeeded", "cleared", "stale", "unresolved", "other app", "other device"
    correlation_id: str = ""
    device: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The whole answer. `confidence` is 0..1 inside the band that the table gives the row."""

    asked: str
    user: User | None
    verdict: str
    rule: str
    confidence: float
    summary: str
    remedy: str
    steps: tuple[str, ...]
    evidence: tuple[Exhibit, ...]
    contributing: tuple[str, ...]
    unknown: tuple[str, ...]
    coverage: Coverage
    can_request_disable: bool
    why_not: str | None
    read_at: datetime
    per_user_mfa_state: PerUserMfaState | None = None
    newest_broker_sign_in_at: datetime | None = None
    timeline: tuple[AttemptLine, ...] = ()
    links: tuple[str, ...] = ()
