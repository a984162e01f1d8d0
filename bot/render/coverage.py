"""What still asks for MFA once per-user MFA is off, in words."""

from __future__ import annotations

from bot.domain.diagnosis import Coverage, Grade
from bot.render.words import N_, _

NOT_CHECKED = N_("Coverage was not checked")

GRADES = {
    Grade.FULL: N_("Another control still demands MFA of this person"),
    Grade.PARTIAL: N_("Another control demands MFA of this person, but not everywhere"),
    Grade.NONE: N_("Nothing else would demand MFA of this person"),
    Grade.UNKNOWN: N_("Whether anything else demands MFA could not be determined"),
}


MARKS = {Grade.FULL: "●", Grade.PARTIAL: "▲", Grade.NONE: "■", Grade.UNKNOWN: "?"}


def coverage_line(coverage: Coverage | None) -> str:
    """Return the same as a line of its own on a card, with the shape of its grade."""
    return f"{MARKS[coverage.grade if coverage else Grade.UNKNOWN]} {coverage_words(coverage)}"


def coverage_words(coverage: Coverage | None) -> str:
    """Return the grade and its sentence; unescaped and without names from the tenant."""
    if coverage is None:
        return _(NOT_CHECKED)
    return f"{coverage.grade}: {_(GRADES[coverage.grade])}"
