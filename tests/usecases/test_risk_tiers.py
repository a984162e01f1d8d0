"""What may be asked for and how many must approve: judged on what Graph says now, at the request."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.approval import ChangeRequest, State
from bot.domain.hours import open_hours
from bot.domain.people import AuthenticationMethod
from bot.errors import (
    BadInput,
    BotError,
    Denial,
    GraphMalformed,
    GraphNotFound,
    GraphRefused,
    GraphThrottled,
    GraphUnreachable,
    NotAllowed,
)
from bot.ports import AuditEvent, Privilege, SwitchState
from bot.usecases.request_disable import request_disable
from tests.fakes import (
    APPROVER,
    BYSTANDER,
    HELPDESK,
    NOON,
    TARGET,
    FakeDesk,
    a_desk,
    a_person,
    a_user,
    some_rules,
    virtual_time,
)
from tests.usecases.test_request_disable import an_ask


async def denied(desk: FakeDesk, **ask: Any) -> NotAllowed:
    with pytest.raises(NotAllowed) as caught:
        await request_disable(an_ask(**ask), desk)
    assert desk.journal.kinds[-1] == "refused"
    assert desk.journal.entries[-1].detail["because"] == caught.value.denial
    return caught.value


async def opened(desk: FakeDesk, **ask: Any) -> ChangeRequest:
    return await request_disable(an_ask(**ask), desk)


POWERS = [
    pytest.param(Privilege(active_roles=("Global Administrator",)), id="S34 administrator"),
    pytest.param(Privilege(eligible_roles=("Privileged Role Administrator",)), id="S35 eligible"),
    pytest.param(Privilege(role_assignable_groups=("Helpdesk admins",)), id="S36 owner"),
]


@pytest.mark.parametrize("power", POWERS)
async def test_administrators_are_refused_and_told_the_other_way(power: Privilege) -> None:
    desk = a_desk()
    desk.privileges.privileges[TARGET.id] = power

    refusal = await denied(desk)

    assert refusal.denial is Denial.PRIVILEGED
    assert "Entra admin center" in refusal.detail
    assert desk.requests.records == {}


@pytest.mark.parametrize(
    ("changes", "denial"),
    [
        pytest.param({"is_management_restricted": True}, Denial.RESTRICTED_ACCOUNT, id="S38 restricted"),
        ({"user_type": "Guest"}, Denial.GUEST_TARGET),
        ({"display_name": "On-Premises Directory Synchronization Service Account"}, Denial.SERVICE_ACCOUNT),
        ({"user_principal_name": "svc-print@contoso.com"}, Denial.SERVICE_ACCOUNT),
        ({"account_enabled": False}, Denial.NOT_REQUESTABLE),
    ],
)
async def test_special_accounts_are_refused(changes: dict[str, Any], denial: Denial) -> None:
    desk = a_desk()
    desk.directory.change(TARGET, **changes)

    assert (await denied(desk)).denial is denial


TROUBLES: list[BotError] = [
    GraphUnreachable("x", 503),
    GraphUnreachable("x", timed_out=True),
    GraphThrottled("x", 429, retry_after=10),
    GraphMalformed("x", 200),
    GraphNotFound("x", 404),
    GraphRefused("x", 403, needs="RoleManagement.Read.Directory"),
]


@pytest.mark.parametrize("trouble", TROUBLES, ids=repr)
@pytest.mark.parametrize(
    ("port", "method", "words"),
    [
        ("privileges", "of", "administrator"),
        ("directory_audits", "about", "changed on the account"),
        ("directory", "methods", "sign-in methods"),
    ],
)
async def test_partial_failure_means_no(port: str, method: str, words: str, trouble: BotError) -> None:
    desk = a_desk()
    getattr(desk, port).troubles[method] = trouble

    refusal = await denied(desk)

    assert refusal.denial is Denial.CANNOT_CHECK
    assert words in refusal.detail
    assert desk.requests.records == {}


@virtual_time
async def test_a_read_that_hangs_is_a_no() -> None:
    desk = a_desk()
    desk.privileges.delays["of"] = 3600

    assert (await denied(desk)).denial is Denial.CANNOT_CHECK


async def test_one_scarce_call_more_than_why() -> None:
    desk = a_desk()

    await opened(desk)

    assert desk.directory_audits.calls == ["about"]
    assert desk.privileges.calls == ["of"]
    assert desk.sign_in_log.calls.count("of_user") == 2


def _event(**changes: Any) -> AuditEvent:
    made = AuditEvent("a1", NOON - timedelta(hours=2), "Reset user password", "otto@contoso.com")
    return replace(made, **changes)


def _young(desk: FakeDesk) -> None:
    desk.directory.change(TARGET, created_at=NOON - timedelta(days=3))


def _age_unknown(desk: FakeDesk) -> None:
    desk.directory.change(TARGET, created_at=None)


def _password_on_user(desk: FakeDesk) -> None:
    desk.directory.change(TARGET, last_password_change_at=NOON - timedelta(hours=5))


def _password_in_methods(desk: FakeDesk) -> None:
    password = AuthenticationMethod("p", "password", created_at=NOON - timedelta(hours=5))
    desk.directory.methods_of[TARGET.id] = (password, AuthenticationMethod("m", "microsoftAuthenticator"))


def _password_in_audits(desk: FakeDesk) -> None:
    desk.directory_audits.events[TARGET.id] = [_event(is_password_change=True)]


def _new_method(desk: FakeDesk) -> None:
    method = AuthenticationMethod("m", "microsoftAuthenticator", created_at=NOON - timedelta(hours=1))
    desk.directory.methods_of[TARGET.id] = (method,)


def _method_in_audits(desk: FakeDesk) -> None:
    desk.directory_audits.events[TARGET.id] = [_event(is_method_change=True)]


@pytest.mark.parametrize(
    ("arrange", "because"),
    [
        (_young, "younger than 7 days"),
        (_age_unknown, "how old"),
        (_password_on_user, "the password was changed"),
        (_password_in_methods, "the password was changed"),
        (_password_in_audits, "the password was changed"),
        (_new_method, "a sign-in method"),
        (_method_in_audits, "a sign-in method"),
    ],
)
async def test_sensitive_cases_need_two(arrange: Any, because: str) -> None:
    desk = a_desk()
    arrange(desk)

    wish = (await opened(desk)).wish

    assert wish.quorum == 2
    assert any(because in said for said in wish.quorum_because)


async def test_an_old_audit_event_is_no_reason() -> None:
    desk = a_desk()
    desk.directory_audits.events[TARGET.id] = [
        _event(at=NOON - timedelta(hours=25), is_password_change=True),
        _event(activity="Add member to group"),
    ]

    assert (await opened(desk)).wish.quorum == 1


@pytest.mark.parametrize(
    ("hours", "quorum"),
    [
        ("Mon-Fri 07:00-19:00 Europe/Berlin", 1),  # noon in UTC on a Monday
        ("Mon-Fri 07:00-13:00 Europe/Berlin", 2),
        ("Tue-Sun 00:00-24:00 UTC", 2),
    ],
)
async def test_outside_the_opening_hours_two_are_needed(hours: str, quorum: int) -> None:
    desk = a_desk(rules=some_rules(hours=open_hours(hours)))

    assert (await opened(desk)).wish.quorum == quorum


@pytest.mark.parametrize(("is_young", "step_up"), [(True, True), (False, False)])
async def test_a_fresh_sign_in_is_for_sensitive_cases(is_young: bool, step_up: bool) -> None:
    desk = a_desk(rules=some_rules(step_up=True))
    if is_young:
        _young(desk)

    assert (await opened(desk)).wish.step_up is step_up


async def test_who_has_no_method_is_named_on_the_card() -> None:
    desk = a_desk()
    desk.directory.methods_of[TARGET.id] = (AuthenticationMethod("p", "password"),)

    assert "No MFA method" in (await opened(desk)).wish.warnings[0]


# --- the time box


async def test_the_time_box_goes_into_the_request() -> None:
    assert (await opened(a_desk(), restore_after_hours=8)).wish.restore_after_hours == 8


@pytest.mark.parametrize("hours", [0.0, -1.0, 721.0, float("nan"), float("inf")])
async def test_a_time_box_that_is_none_is_refused(hours: float) -> None:
    with pytest.raises(BadInput) as caught:
        await opened(a_desk(), restore_after_hours=hours)

    assert caught.value.field == "restore_after_hours"


# --- brakes


async def test_nothing_is_requested_while_changes_are_on_hold() -> None:
    desk = a_desk()
    desk.switches.thrown["freeze"] = SwitchState(True, "U0PAUL", "too many", NOON)

    refusal = await denied(desk)

    assert (refusal.denial, refusal.detail) == (Denial.FROZEN, "too many")
    assert desk.mfa_states.calls == []


async def test_a_lifted_hold_is_none() -> None:
    desk = a_desk()
    desk.switches.thrown["freeze"] = SwitchState(False, "U0PAUL", "looked at", NOON)

    assert (await opened(desk)).state is State.PENDING


async def test_ten_requests_an_hour_by_one_person() -> None:
    desk = a_desk()
    people = [a_user(100 + number, f"Person N{number}") for number in range(11)]
    desk.directory.users += people
    for number, person in enumerate(people[:10]):
        with pytest.raises(NotAllowed):  # nothing is wrong with their sign-ins
            await opened(desk, target=person.id, op_id=f"op-{number}")

    refusal = await denied(desk, target=people[10].id, op_id="op-10")

    assert refusal.denial is Denial.RATE_LIMITED
    again = await denied(desk, target=people[0].id, op_id="op-0")
    assert again.denial is not Denial.RATE_LIMITED  # the same submission, delivered again
    desk.clock.advance(3601)
    assert (await opened(desk, op_id="op-11")).state is State.PENDING


async def test_three_requests_a_day_about_one_person() -> None:
    desk = a_desk()
    for number in range(3):
        await opened(desk, op_id=f"op-{number}")
        desk.clock.advance(31 * 60)  # it expires

    refusal = await denied(desk, op_id="op-3", requester=a_person(BYSTANDER))

    assert refusal.denial is Denial.RATE_LIMITED
    assert (await opened(desk, op_id="op-2")).wish.requester == a_person(HELPDESK)


async def test_refused_requests_do_not_use_up_the_days_three() -> None:
    desk = a_desk()
    desk.privileges.troubles["of"] = [GraphUnreachable("x", 503)] * 5
    for number in range(5):
        await denied(desk, op_id=f"op-{number}")

    assert (await opened(desk, op_id="op-5")).state is State.PENDING


async def test_being_the_target_comes_before_what_could_not_be_read() -> None:
    desk = a_desk(rules=some_rules(pins={"U0HANNA": TARGET.id}))
    desk.privileges.troubles["of"] = GraphUnreachable("x", 503)

    assert (await denied(desk)).denial is Denial.IS_TARGET
    assert APPROVER.id not in desk.requests.records
