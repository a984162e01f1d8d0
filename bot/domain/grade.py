"""How far another control demands MFA of a user once per-user MFA is off."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
