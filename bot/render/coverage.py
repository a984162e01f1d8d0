"""What still asks for MFA once per-user MFA is off, in words."""

from __future__ import annotations

from bot.domain.diagnosis import Coverage, Grade

NOT_CHECKED = "Coverage was not checked"

GRADES = {
    Grade.FULL: "Another control still demands MFA of this person",
    Grade.PARTIAL: "Another control demands MFA of this person, but not everywhere",
    Grade.NONE: "Nothing else would demand MFA of this person",
    Grade.UNKNOWN: "Whether anything else demands MFA could not be determined",
}


def coverage_words(coverage: Coverage | None) -> str:
    """Return the grade and its sentence; unescaped and without names from the tenant."""
    if coverage is None:
        return NOT_CHECKED
    return f"{coverage.grade}: {GRADES[coverage.grade]}"
