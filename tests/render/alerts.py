"""Alert views for the card tests; `text` goes wherever somebody else's words may go."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.domain.alerts import (
    Acknowledgement,
    Affected,
    AlertGroup,
    AlertView,
    Fingerprint,
    GroupState,
    Matcher,
    MessageRef,
    PolicyChange,
    Scope,
    Sighting,
    Silence,
    Source,
)
from tests.render.cards import MIRA, NOW

POLICY = "11111111-0000-4000-8000-000000000001"
NAMES = ("Mira Holm", "Ada Lind", "Boris Linde", "Pia Berg", "Ivo Dahl")


def a_sighting(text: str | None = None, **changes: Any) -> Sighting:
    def said(ours: str) -> str:
        return ours if text is None else text

    made = Sighting(
        id="s-1",
        at=NOW - timedelta(minutes=3),
        read_at=NOW - timedelta(minutes=1),
        source=Source.POLL,
        user_id=MIRA,
        user_principal_name=said("mira.holm@contoso.com"),
        user_name=said("Mira Holm"),
        verdict="PER_USER_MFA",
        rule="D08",
        summary=said("Legacy per-user MFA stops the background request that Platform SSO depends on."),
        error_code=50076,
        network=said("203.0.113.0/24"),
        country=said("DE"),
        device_name=said("Mira's MacBook"),
        policy_id=POLICY,
        policy_name=said("Require MFA for everyone"),
    )
    return replace(made, **changes)


def a_group(text: str | None = None, scope: Scope = Scope.PERSON, **changes: Any) -> AlertGroup:
    newest = changes.pop("newest", None) or a_sighting(text)
    count = changes.get("count", 1)
    names = NAMES[: min(5, count)]
    people = tuple(
        Affected(
            f"00000000-0000-4000-8000-{number:012d}",
            f"{name.replace(' ', '.').lower()}@contoso.com" if text is None else text,
            name if text is None else text,
            2,
            NOW - timedelta(minutes=3),
        )
        for number, name in enumerate(names, 1)
    )
    subjects = {
        Scope.PERSON: newest.user_id,
        Scope.PLACE: newest.network,
        Scope.POLICY: POLICY,
        Scope.TENANT: f"{newest.app_id}:{newest.error_code}",
    }
    made = AlertGroup(
        id="g-1",
        fingerprint=Fingerprint(scope, newest.verdict, subjects[scope]),
        state=GroupState.OPEN,
        opened_at=NOW - timedelta(minutes=1),
        first_at=NOW - timedelta(minutes=14),
        last_at=NOW - timedelta(minutes=3),
        tries=3,
        count=1,
        registered=0,
        people=people,
        macs=("Mira's MacBook" if text is None else text,),
        newest=newest,
    )
    return replace(made, **changes)


def a_message(**changes: Any) -> MessageRef:
    made = MessageRef("C0ALERTS", "1795.000001", NOW, NOW, 1, told_count=1)
    return replace(made, **changes)


def resolved(group: AlertGroup, after: timedelta = timedelta(minutes=12)) -> AlertGroup:
    at = group.first_at + after
    people = tuple(replace(one, registered_at=at) for one in group.people)
    return replace(
        group,
        state=GroupState.RESOLVED,
        registered=group.count,
        people=people,
        closed_at=at + timedelta(minutes=2),
        version=group.version + 1,
    )


def a_view(text: str | None = None, **changes: Any) -> AlertView:
    group = changes.pop("group", None) or a_group(text)
    return replace(AlertView(group, NOW, can_request_disable=True), **changes)


def everything(text: str | None = None, scope: Scope = Scope.PERSON, **group: Any) -> AlertView:
    """A view with all that a card can hold."""

    def said(ours: str) -> str:
        return ours if text is None else text

    until = NOW + timedelta(hours=1)
    return AlertView(
        group=a_group(text, scope, **group),
        at=NOW,
        acknowledged=Acknowledgement("U0HANA", NOW),
        silence=Silence(
            "silence-1",
            Matcher(verdict="PER_USER_MFA"),
            said("Per-user MFA"),
            "U0OTTO",
            said("The fix is rolled out today."),
            NOW,
            until,
        ),
        policy_change=PolicyChange(
            POLICY,
            said("Require MFA for everyone"),
            NOW - timedelta(minutes=20),
            said("Paul Aster"),
            said("Update conditional access policy"),
        ),
        policy_change_unknown=said(""),
        can_request_disable=True,
        note=said("A note."),
        shown=a_message(),
        meant_for="C0ALERTS",
        refused_with=said("not_in_channel"),
    )
