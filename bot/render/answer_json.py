"""A diagnosis as the JSON object that scripts rely on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.domain.diagnosis import Diagnosis


def answer_json(diagnosis: Diagnosis, took: timedelta) -> dict[str, Any]:
    """Return one answer of `why --json`; times are ISO 8601 in UTC."""
    user = diagnosis.user
    return {
        "user": user
        and {
            "id": user.id,
            "userPrincipalName": user.user_principal_name,
            "displayName": user.display_name,
        },
        "asked": diagnosis.asked,
        "verdict": diagnosis.verdict,
        "rule": diagnosis.rule,
        "confidence": round(diagnosis.confidence, 3),
        "summary": diagnosis.summary,
        "remedy": diagnosis.remedy,
        "steps": list(diagnosis.steps),
        "evidence": [
            {
                "fact": exhibit.fact,
                "value": exhibit.value,
                "source": exhibit.source,
                "at": exhibit.at and exhibit.at.isoformat(),
            }
            for exhibit in diagnosis.evidence
        ],
        "contributing": list(diagnosis.contributing),
        "unknown": list(diagnosis.unknown),
        "coverage": {
            "grade": str(diagnosis.coverage.grade),
            "by": list(diagnosis.coverage.by),
            "gaps": list(diagnosis.coverage.gaps),
        },
        "can_request_disable": diagnosis.can_request_disable,
        "why_not": diagnosis.why_not,
        "links": list(diagnosis.links),
        "took_ms": round(took / timedelta(milliseconds=1)),
    }


def unanswered_json(asked: str, sentence: str, took: timedelta) -> dict[str, Any]:
    """Return the object for a question that could not be judged, in the same shape."""
    return {
        "user": None,
        "asked": asked,
        "verdict": "CANNOT_TELL",
        "rule": "D44",
        "confidence": 0.0,
        "summary": sentence,
        "remedy": "",
        "steps": [],
        "evidence": [],
        "contributing": [],
        "unknown": [sentence],
        "coverage": {"grade": "UNKNOWN", "by": [], "gaps": []},
        "can_request_disable": False,
        "why_not": sentence,
        "links": [],
        "took_ms": round(took / timedelta(milliseconds=1)),
    }
