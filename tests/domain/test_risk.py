"""The tiers: who is refused, who needs two approvers, and that the ordinary case needs one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.grade import Coverage, Grade
from bot.domain.people import AuthenticationMethod, PerUserMfaState, User, object_id
from bot.domain.risk import Needs, Refused, RiskFacts, portal_steps, tier
from bot.errors import Denial

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

MIRA = User(
    id=object_id("00000000-0000-4000-8000-000000000001"),
    user_principal_name="mira.holm@contoso.com",
    display_name="Mira Holm",
    account_enabled=True,
    user_type="Member",
    created_at=NOW - 400 * DAY,
    last_password_change_at=NOW - 90 * DAY,
)
AUTHENTICATOR = AuthenticationMethod("m1", "microsoftAuthenticator", created_at=NOW - 300 * DAY)
ORDINARY = RiskFacts(
    user=MIRA,
    state=PerUserMfaState.ENFORCED,
    coverage=Coverage(Grade.FULL, ("Require MFA",)),
    now=NOW,
    methods=(AUTHENTICATOR,),
)
PARTIAL = Coverage(Grade.PARTIAL, ("Require MFA",), ("Trusted places are left out.",))


def judged(**changes: Any) -> Needs | Refused:
    """Judge the ordinary case with changes; `user` holds changes of the account."""
    user = replace(MIRA, **changes.pop("user", {}))
    return tier(replace(ORDINARY, user=user, **changes))


def test_the_ordinary_case_needs_one() -> None:
    assert judged() == Needs(1)


REFUSED: list[tuple[str, dict[str, Any], Denial]] = [
    ("break glass", {"is_break_glass": True}, Denial.BREAK_GLASS),
    ("an active role", {"active_roles": ("Global Administrator",)}, Denial.PRIVILEGED),
    ("any active role", {"active_roles": ("Directory Readers",)}, Denial.PRIVILEGED),
    ("an eligible role", {"eligible_roles": ("Privileged Role Administrator",)}, Denial.PRIVILEGED),
    ("a role-assignable group", {"role_assignable_groups": ("Helpdesk admins",)}, Denial.PRIVILEGED),
    ("restricted management", {"user": {"is_management_restricted": True}}, Denial.RESTRICTED_ACCOUNT),
    ("Connect Sync", {"user": {"user_principal_name": "Sync_DC1_ab12@contoso.com"}}, Denial.SERVICE_ACCOUNT),
    ("a sync account", {"user": {"user_principal_name": "sync_x@contoso.com"}}, Denial.SERVICE_ACCOUNT),
    ("a service", {"user": {"user_principal_name": "svc-print@contoso.com"}}, Denial.SERVICE_ACCOUNT),
    (
        "Cloud Sync",
        {"user": {"user_principal_name": "ADToAADSyncServiceAccount@contoso.com"}},
        Denial.SERVICE_ACCOUNT,
    ),
    (
        "a sync account by its name",
        {"user": {"display_name": "On-Premises Directory Synchronization Service Account"}},
        Denial.SERVICE_ACCOUNT,
    ),
    ("a guest", {"user": {"user_type": "Guest"}}, Denial.GUEST_TARGET),
    (
        "a guest without a type",
        {"user": {"user_type": None, "user_principal_name": "x_fabrikam.com#EXT#@contoso.com"}},
        Denial.GUEST_TARGET,
    ),
    ("disabled", {"user": {"account_enabled": False}}, Denial.NOT_REQUESTABLE),
    ("not known to be enabled", {"user": {"account_enabled": None}}, Denial.NOT_REQUESTABLE),
    ("no coverage", {"coverage": Coverage(Grade.NONE)}, Denial.UNCOVERED),
    ("unknown coverage", {"coverage": Coverage(Grade.UNKNOWN)}, Denial.UNCOVERED),
    ("already disabled", {"state": PerUserMfaState.DISABLED}, Denial.NOT_REQUESTABLE),
    ("state not read", {"state": None}, Denial.CANNOT_CHECK),
    ("another verdict", {"why_not": "The Mac is registered."}, Denial.NOT_REQUESTABLE),
    ("something unread", {"unreadable": ("Roles could not be read.",)}, Denial.CANNOT_CHECK),
]


@pytest.mark.parametrize(("_name", "changes", "denial"), REFUSED, ids=[row[0] for row in REFUSED])
def test_who_is_refused(_name: str, changes: dict[str, Any], denial: Denial) -> None:
    found = judged(**changes)

    assert isinstance(found, Refused)
    assert found.denial is denial
    assert found.sentence.endswith(".")


TWO: list[tuple[str, dict[str, Any], str]] = [
    ("gaps", {"coverage": PARTIAL}, "some sign-ins"),
    ("six days old", {"user": {"created_at": NOW - 6 * DAY}}, "younger than 7 days"),
    ("almost seven days", {"user": {"created_at": NOW - 7 * DAY + HOUR}}, "younger than 7 days"),
    ("age unknown", {"user": {"created_at": None}}, "how old the account is"),
    ("created tomorrow", {"user": {"created_at": NOW + DAY}}, "younger than 7 days"),
    ("a new password", {"password_changes": (NOW - 23 * HOUR,)}, "password was changed"),
    ("a new method", {"method_changes": (NOW - 30 * DAY, NOW - HOUR)}, "method was added or changed"),
    ("outside the hours", {"is_open": False}, "outside the opening hours"),
]


@pytest.mark.parametrize(("_name", "changes", "because"), TWO, ids=[row[0] for row in TWO])
def test_who_needs_two(_name: str, changes: dict[str, Any], because: str) -> None:
    found = judged(**changes)

    assert isinstance(found, Needs)
    assert found.approvals == 2
    (said,) = found.because
    assert because in said
    assert found.restore_after_hours is None


@pytest.mark.parametrize(
    "changes",
    [
        {"user": {"created_at": NOW - 7 * DAY}},
        {"password_changes": (NOW - DAY,)},
        {"method_changes": (NOW - DAY,)},
        {"user": {"user_type": None}},  # as with old member accounts
        {"user": {"user_principal_name": "svea.lind@contoso.com"}},
        {"user": {"display_name": "Sync Team Lead"}},
        {"user": {"is_management_restricted": None}},
        {"allows_uncovered": True},
        {"state": PerUserMfaState.ENABLED},
    ],
)
def test_who_still_needs_one(changes: dict[str, Any]) -> None:
    found = judged(**changes)

    assert isinstance(found, Needs)
    assert (found.approvals, found.because) == (1, ())


def test_all_reasons_are_told() -> None:
    found = judged(coverage=PARTIAL, user={"created_at": None}, is_open=False)

    assert isinstance(found, Needs)
    assert found.approvals == 2
    assert len(found.because) == 3


@pytest.mark.parametrize("grade", [Grade.NONE, Grade.UNKNOWN])
def test_an_uncovered_person_gets_a_time_box_and_a_first_warning(grade: Grade) -> None:
    found = judged(coverage=Coverage(grade), allows_uncovered=True, methods=())

    assert isinstance(found, Needs)
    assert (found.approvals, found.restore_after_hours) == (2, 24)
    assert "password alone" in found.warnings[0]
    assert "24 hours" in found.warnings[0]
    assert len(found.warnings) == 2


def test_the_time_box_that_was_asked_for_stands() -> None:
    found = judged(coverage=Coverage(Grade.NONE), allows_uncovered=True, restore_after_hours=2.5)

    assert isinstance(found, Needs)
    assert found.restore_after_hours == 2.5
    assert "2.5 hours" in found.warnings[0]
    assert judged(restore_after_hours=8.0) == Needs(1, restore_after_hours=8.0)


@pytest.mark.parametrize("kinds", [(), ("password",), ("password", "email"), ("temporaryAccessPass",)])
def test_a_person_without_methods_is_named_but_not_refused(kinds: tuple[str, ...]) -> None:
    found = judged(methods=tuple(AuthenticationMethod(kind, kind) for kind in kinds))

    assert isinstance(found, Needs)
    assert found.approvals == 1
    assert "No MFA method is registered" in found.warnings[0]


def test_administrators_are_told_the_way_in_the_portal() -> None:
    found = judged(active_roles=("User Administrator",))

    assert isinstance(found, Refused)
    assert "User Administrator" in found.sentence
    assert portal_steps() in found.sentence


def test_what_was_not_read_is_named() -> None:
    found = judged(unreadable=("Roles could not be read.", "Methods could not be read."), state=None)

    assert isinstance(found, Refused)
    assert all(word in found.sentence for word in ("Roles", "Methods", "state"))


def test_a_sure_refusal_comes_before_a_doubt() -> None:
    found = judged(unreadable=("Methods could not be read.",), active_roles=("User Administrator",))

    assert isinstance(found, Refused)
    assert found.denial is Denial.PRIVILEGED


def test_partial_knowledge_never_lowers_the_tier() -> None:
    """Nothing that makes a case sensitive turns into one approver by something else being unread."""
    for _, changes, _ in TWO:
        found = judged(**{**changes, "unreadable": ("x could not be read.",)})
        assert isinstance(found, Refused)
