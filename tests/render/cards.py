"""Diagnoses and requests for the card tests; `text` goes wherever somebody else's words may go."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.approval import (
    CardRef,
    ChangeKind,
    ChangeRequest,
    Decision,
    Person,
    State,
    Target,
    Vote,
    Wish,
)
from bot.domain.diagnosis import AttemptLine, Coverage, Diagnosis, Exhibit, Grade
from bot.domain.people import ObjectId, PerUserMfaState, User
from bot.render.reader import Reader

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MIRA = ObjectId("00000000-0000-4000-8000-000000000001")


def a_diagnosis(text: str | None = None, **changes: Any) -> Diagnosis:
    def said(ours: str) -> str:
        return ours if text is None else text

    made = Diagnosis(
        asked=said("mira.holm@contoso.com"),
        user=User(MIRA, said("mira.holm@contoso.com"), said("Mira Holm")),
        verdict="PER_USER_MFA",
        rule="D08",
        confidence=0.97,
        summary=said("Legacy per-user MFA stops the background request that Platform SSO depends on."),
        remedy=said("Ask for per-user MFA to be turned off."),
        steps=(said("Request the change."), said("Let Mira register again.")),
        evidence=(
            Exhibit(
                said("AADSTS50076 from Microsoft Authentication Broker"),
                said("c-20"),
                said("sign-in log"),
                NOW - timedelta(minutes=20),
            ),
            Exhibit(said("Per-user MFA state"), said("enforced"), said("Microsoft Graph"), NOW),
        ),
        contributing=("DEVICE_LIMIT", said("WRONG_PASSWORD")),
        unknown=(said("Devices could not be read: grant Device.Read.All."),),
        coverage=Coverage(Grade.PARTIAL, (said("Require MFA for everyone"),), (said("Not on macOS."),)),
        can_request_disable=True,
        why_not=None,
        read_at=NOW - timedelta(seconds=40),
        per_user_mfa_state=PerUserMfaState.ENFORCED,
        newest_broker_sign_in_at=NOW - timedelta(minutes=12),
        timeline=(
            AttemptLine(
                NOW - timedelta(minutes=20),
                said("Microsoft Authentication Broker"),
                said("Device Registration Service"),
                False,
                50076,
                said("MFA was demanded"),
                said("failed"),
                said("c-20"),
                said("Mira's MacBook"),
                said("DE"),
            ),
        )
        * 3,
        links=("https://learn.microsoft.com/entra/", said("https://evil.example")),
    )
    return replace(made, **changes)


def a_person(slack_id: str, number: int) -> Person:
    return Person(ObjectId(f"00000000-0000-4000-8000-{number:012d}"), slack_id, "T0CONTOSO", slack_id)


def a_reader(text: str | None = None, **changes: Any) -> Reader:
    """Paul, an approver."""
    name = "Paul Aster" if text is None else text
    paul = User(a_person("U0PAUL", 3).object_id, name, name)
    return replace(Reader("U0PAUL", "T0CONTOSO", asks=True, approves=True, entra=paul), **changes)


def a_vote(decision: Decision = Decision.APPROVE, reason: str = "") -> Vote:
    return Vote(a_person("U0PAUL", 3), decision, NOW, reason)


def a_request(text: str | None = None, **changes: Any) -> ChangeRequest:
    def said(ours: str) -> str:
        return ours if text is None else text

    wish = Wish(
        id="req-1",
        tenant=said("7d0e5f7c-0000-4000-8000-00000000c0de"),
        kind=ChangeKind.DISABLE,
        target=Target(MIRA, said("mira.holm@contoso.com"), said("Mira Holm")),
        requester=a_person("U0HANNA", 2),
        before=PerUserMfaState.ENFORCED,
        wanted=PerUserMfaState.DISABLED,
        reason=said("Cannot register the new Mac"),
        ticket=said("INC-4711"),
        verdict="PER_USER_MFA",
        rule="D08",
        confidence=0.97,
        summary=said("Legacy per-user MFA stops the request."),
        evidence_read_at=NOW - timedelta(minutes=3),
        coverage=Coverage(Grade.FULL, (said("Require MFA for everyone"),), () if text is None else (text,)),
        quorum=2,
        quorum_because=(said("coverage is partial"),),
        created_at=NOW - timedelta(minutes=2),
        expires_at=NOW + timedelta(minutes=28),
        identity_check=said("Called back on the HR number"),
    )
    wish = replace(wish, **{key: value for key, value in changes.items() if hasattr(wish, key)})
    rest = {key: value for key, value in changes.items() if not hasattr(wish, key)}
    made = ChangeRequest(wish, State.PENDING, 1, card=CardRef("C0APPROVALS", "1764.000001", NOW))
    return replace(made, **rest)
