"""Directly before the change everything is judged again: what became sensitive since stops it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.approval import ChangeKind, Decision, Failure, State, Vote
from bot.domain.diagnosis import Coverage, Grade
from bot.domain.hours import open_hours
from bot.domain.people import AuthenticationMethod, ObjectId, PerUserMfaState
from bot.errors import AuditUnavailable, BotError, GraphRefused, GraphUnreachable, StoreUnavailable
from bot.ports import AuditEvent, Privilege, SwitchState
from bot.usecases.execute import execute
from bot.usecases.freeze import FREEZE, freeze
from tests.fakes import (
    APPROVER,
    NOON,
    TARGET,
    FakeDesk,
    FakePrivileges,
    a_desk,
    a_person,
    an_mfa_policy,
    some_rules,
)
from tests.usecases.requests import a_pending_request, an_approved_request

ENFORCED, DISABLED = PerUserMfaState.ENFORCED, PerUserMfaState.DISABLED


async def approved_by_one(desk: FakeDesk, **changes: Any) -> None:
    await a_pending_request(desk, quorum=1, quorum_because=(), **changes)
    await desk.requests.vote("req-1", Vote(a_person(APPROVER), Decision.APPROVE, desk.now()), op_id="vote-0")


async def outcome(desk: FakeDesk) -> tuple[Failure | None, str]:
    request = await execute("req-1", "w1", desk)
    assert (request.failure is None) is bool(desk.mfa_states.patches)
    return request.failure, request.outcome


async def test_the_ordinary_case_is_carried_out_with_one_approval() -> None:
    desk = a_desk()
    await approved_by_one(desk)

    assert (await outcome(desk))[0] is None
    assert desk.sign_in_log.calls == []
    assert desk.directory_audits.calls == ["about"]


async def test_a_hold_that_is_thrown_while_the_account_is_judged_stops_the_change() -> None:
    desk = a_desk()
    await an_approved_request(desk)

    class Meanwhile(FakePrivileges):
        async def of(self, user: ObjectId) -> Privilege:
            await freeze("U0PIA", "Stop everything", desk)
            return await super().of(user)

    failure, sentence = await outcome(replace(desk, privileges=Meanwhile()))

    assert failure is Failure.POLICY
    assert "on hold (Stop everything)" in sentence


@pytest.mark.parametrize(
    "power",
    [
        pytest.param(Privilege(active_roles=("User Administrator",)), id="S39 becomes administrator"),
        Privilege(eligible_roles=("User Administrator",)),
        Privilege(role_assignable_groups=("Helpdesk admins",)),
    ],
)
async def test_who_became_powerful_since_is_not_changed(power: Privilege) -> None:
    desk = a_desk()
    await an_approved_request(desk)
    desk.privileges.privileges[TARGET.id] = power

    failure, sentence = await outcome(desk)

    assert failure is Failure.POLICY
    assert sentence.startswith("Not changed: the account")
    assert "Entra admin center" in sentence


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"is_management_restricted": True}, "restricted management"),
        ({"display_name": "On-Premises Directory Synchronization Service Account"}, "service"),
        ({"user_type": None, "user_principal_name": "x_y#EXT#@contoso.com"}, "guest"),
    ],
)
async def test_what_the_account_became_since(changes: dict[str, Any], words: str) -> None:
    desk = a_desk()
    await an_approved_request(desk)
    desk.directory.change(TARGET, **changes)

    failure, sentence = await outcome(desk)

    assert failure is Failure.POLICY
    assert words in sentence


def _no_policy(desk: FakeDesk) -> None:
    desk.policies.policies = ()
    desk.policies.trial_policies = ()


def _left_out(desk: FakeDesk) -> None:
    policy = an_mfa_policy()
    users = replace(policy.conditions.users, exclude_users=frozenset({TARGET.id}))
    desk.policies.policies = (replace(policy, conditions=replace(policy.conditions, users=users)),)
    desk.policies.trial_policies = ()


@pytest.mark.parametrize("arrange", [_no_policy, _left_out])
async def test_who_is_no_longer_covered_is_not_changed(arrange: Any) -> None:
    desk = a_desk()
    await an_approved_request(desk)
    arrange(desk)

    assert (await outcome(desk))[0] is Failure.POLICY


async def test_lost_coverage_stops_it_even_where_two_may_decide() -> None:
    """They approved a covered person: nobody told them otherwise."""
    desk = a_desk(rules=some_rules(uncovered="two"))
    await an_approved_request(desk)
    _no_policy(desk)

    failure, sentence = await outcome(desk)

    assert failure is Failure.POLICY
    assert "coverage is NONE now" in sentence


async def test_an_uncovered_person_that_two_decided_about_is_changed() -> None:
    desk = a_desk(rules=some_rules(uncovered="two"))
    _no_policy(desk)
    await an_approved_request(desk, coverage=Coverage(Grade.NONE), restore_after_hours=24.0)

    assert (await outcome(desk))[0] is None


def _new_password(desk: FakeDesk) -> None:
    desk.directory.change(TARGET, last_password_change_at=desk.now())


def _new_method(desk: FakeDesk) -> None:
    desk.directory.methods_of[TARGET.id] = (AuthenticationMethod("f", "fido2", created_at=desk.now()),)


def _reset_in_the_log(desk: FakeDesk) -> None:
    event = AuditEvent("a1", desk.now(), "Reset user password", "otto", is_password_change=True)
    desk.directory_audits.events[TARGET.id] = [event]


SENSITIVE = [_new_password, _new_method, _reset_in_the_log]


@pytest.mark.parametrize("arrange", SENSITIVE)
async def test_what_became_sensitive_needs_a_second_approver(arrange: Any) -> None:
    desk = a_desk()
    await approved_by_one(desk)
    arrange(desk)

    failure, sentence = await outcome(desk)

    assert failure is Failure.POLICY
    assert "needs a second approver now" in sentence


@pytest.mark.parametrize("arrange", SENSITIVE)
async def test_two_approvals_are_enough_for_it(arrange: Any) -> None:
    desk = a_desk()
    await an_approved_request(desk)
    arrange(desk)

    assert (await outcome(desk))[0] is None


@pytest.mark.parametrize(("minutes", "failure"), [(0, None), (120, Failure.POLICY)])
async def test_the_hours_are_those_of_the_request(minutes: int, failure: Failure | None) -> None:
    """What was asked for within the hours may be carried out after them."""
    rules = some_rules(hours=open_hours("Mon 07:00-12:00 UTC"))
    desk = a_desk(rules=rules)
    asked_at = NOON - timedelta(minutes=1) + timedelta(minutes=minutes)
    await approved_by_one(desk, created_at=asked_at)

    assert (await outcome(desk))[0] is failure


UNREAD: list[tuple[str, str]] = [
    ("privileges", "of"),
    ("directory_audits", "about"),
    ("directory", "methods"),
    ("policies", "conditional_access"),
]


@pytest.mark.parametrize(("port", "method"), UNREAD)
@pytest.mark.parametrize("trouble", [GraphUnreachable("x", 503), GraphRefused("x", 403)], ids=repr)
async def test_what_cannot_be_read_for_ten_minutes_ends_it_unsent(
    port: str, method: str, trouble: BotError
) -> None:
    desk = a_desk()
    await an_approved_request(desk)
    getattr(desk, port).troubles[method] = trouble

    failure, sentence = await outcome(desk)

    assert failure is Failure.RETRYABLE
    assert sentence.startswith("Nothing was sent")


@pytest.mark.parametrize(("port", "method"), UNREAD)
async def test_what_cannot_be_read_for_a_moment_is_read_again(port: str, method: str) -> None:
    desk = a_desk()
    await an_approved_request(desk)
    getattr(desk, port).troubles[method] = [GraphUnreachable("x", 503)] * 2

    assert (await outcome(desk))[0] is None


async def test_nothing_is_changed_while_changes_are_on_hold() -> None:
    desk = a_desk()
    await an_approved_request(desk)
    desk.switches.thrown[FREEZE] = SwitchState(True, "U0PAUL", "an attack", NOON)

    failure, sentence = await outcome(desk)

    assert failure is Failure.POLICY
    assert "on hold (an attack)" in sentence


async def test_a_switch_that_cannot_be_read_stops_the_change() -> None:
    desk = a_desk()
    await an_approved_request(desk)
    desk.switches.troubles["read"] = StoreUnavailable()

    with pytest.raises(StoreUnavailable):
        await execute("req-1", "w1", desk)

    assert desk.mfa_states.patches == []


async def _used_up(desk: FakeDesk, times: int) -> None:
    for number in range(times):
        await desk.limits.admit("disable", desk.rules.tenant, 100, timedelta(hours=1), f"other-{number}")


async def test_one_more_than_the_hour_allows_freezes_everything() -> None:
    desk = a_desk(rules=some_rules(most_disables_per_hour=2))
    await _used_up(desk, 2)
    await an_approved_request(desk)

    failure, sentence = await outcome(desk)

    assert failure is Failure.POLICY
    assert "more than 2 people" in sentence
    held = desk.switches.thrown[FREEZE]
    assert (held.on, held.by) == (True, "psso-bot")
    assert "freeze.on" in desk.journal.kinds


async def test_the_last_one_that_the_hour_allows_is_made() -> None:
    desk = a_desk(rules=some_rules(most_disables_per_hour=2))
    await _used_up(desk, 1)
    await an_approved_request(desk)

    assert (await outcome(desk))[0] is None
    assert FREEZE not in desk.switches.thrown


async def test_trying_again_counts_once() -> None:
    desk = a_desk(rules=some_rules(most_disables_per_hour=1))
    await an_approved_request(desk)
    desk.mfa_states.troubles["per_user_mfa_state"] = [GraphUnreachable("x", 502)] * 3

    assert (await outcome(desk))[0] is None
    assert FREEZE not in desk.switches.thrown


async def test_a_change_that_is_refused_does_not_count() -> None:
    desk = a_desk(rules=some_rules(most_disables_per_hour=1))
    await an_approved_request(desk)
    desk.privileges.privileges[TARGET.id] = Privilege(active_roles=("User Administrator",))

    await outcome(desk)

    assert await desk.limits.count("disable", desk.rules.tenant, timedelta(hours=1)) == 0


async def test_without_the_journal_there_is_no_freeze_and_no_change() -> None:
    desk = a_desk(rules=some_rules(most_disables_per_hour=1))
    await _used_up(desk, 1)
    await an_approved_request(desk)
    desk.journal.troubles["freeze.on"] = AuditUnavailable()

    with pytest.raises(AuditUnavailable):
        await execute("req-1", "w1", desk)

    assert desk.mfa_states.patches == []


# --- what was sent already


async def test_an_objection_never_hides_what_was_done() -> None:
    """The first worker sent the change and died; the account has become an administrator's since."""
    desk = a_desk()
    await an_approved_request(desk)
    await desk.requests.claim("req-1", "dead", timedelta(seconds=60))
    desk.clock.advance(61)
    desk.mfa_states.states[TARGET.id] = DISABLED
    desk.privileges.privileges[TARGET.id] = Privilege(active_roles=("User Administrator",))

    assert (await execute("req-1", "w2", desk)).state is State.VERIFIED


# --- giving protection back


async def _a_restore(desk: FakeDesk) -> None:
    desk.mfa_states.states[TARGET.id] = DISABLED
    await approved_by_one(desk, kind=ChangeKind.RESTORE, before=DISABLED, wanted=ENFORCED, coverage=None)


def _administrator(desk: FakeDesk) -> FakeDesk:
    desk.privileges.privileges[TARGET.id] = Privilege(active_roles=("Global Administrator",))
    return desk


def _unread(desk: FakeDesk) -> FakeDesk:
    desk.privileges.troubles["of"] = GraphUnreachable("x", 503)
    return desk


def _uncovered(desk: FakeDesk) -> FakeDesk:
    _no_policy(desk)
    return desk


def _held(desk: FakeDesk) -> FakeDesk:
    desk.switches.thrown[FREEZE] = SwitchState(True, "U0PAUL", "an attack", NOON)
    return desk


def _approver_left(desk: FakeDesk) -> FakeDesk:
    desk.workspace.change(APPROVER, is_deleted=True)
    return desk


def _account_off(desk: FakeDesk) -> FakeDesk:
    desk.directory.change(TARGET, account_enabled=False)
    return desk


def _many(desk: FakeDesk) -> FakeDesk:
    return replace(desk, rules=some_rules(most_disables_per_hour=0))


@pytest.mark.parametrize(
    "change", [_administrator, _unread, _uncovered, _held, _approver_left, _account_off, _many]
)
async def test_protection_is_given_back_all_the_same(change: Any) -> None:
    desk = a_desk()
    await _a_restore(desk)

    request = await execute("req-1", "w1", change(desk))

    assert request.state is State.VERIFIED
    assert desk.mfa_states.states[TARGET.id] is ENFORCED


async def test_an_emergency_account_is_not_touched_for_that_either() -> None:
    desk = a_desk(rules=some_rules(break_glass=frozenset({TARGET.id})))
    await _a_restore(desk)

    assert (await outcome(desk))[0] is Failure.POLICY
