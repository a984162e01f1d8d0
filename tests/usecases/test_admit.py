"""Who may ask, request and approve."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.people import ObjectId
from bot.errors import Denial, GraphUnreachable, NotAllowed, SlackError
from bot.usecases.admit import Right, admit
from bot.usecases.identify import entra_person
from tests.fakes import APPROVER, BYSTANDER, HELPDESK, FakeDesk, a_desk, a_user, some_rules

HANNA, PAUL, BORIS = "U0HANNA", "U0PAUL", "U0BORIS"


async def denial_of(slack_id: str, right: Right, desk: FakeDesk) -> Denial:
    with pytest.raises(NotAllowed) as caught:
        await admit(slack_id, right, desk)
    return caught.value.denial


@pytest.mark.parametrize("right", list(Right))
@pytest.mark.parametrize(
    ("flags", "denial"),
    [
        ({"is_deleted": True}, Denial.DEACTIVATED),
        ({"is_bot": True}, Denial.BOT),
        ({"is_guest": True}, Denial.GUEST),
        ({"is_stranger": True}, Denial.OUTSIDER),
        ({"team_id": "T0ELSEWHERE"}, Denial.OUTSIDER),
    ],
)
async def test_an_account_that_is_no_full_member_may_nothing(
    right: Right, flags: dict[str, Any], denial: Denial
) -> None:
    desk = a_desk()
    desk.workspace.change(APPROVER, **flags)

    assert await denial_of(PAUL, right, desk) is denial


async def test_every_full_member_may_ask_by_default_without_an_entra_account() -> None:
    desk = a_desk()
    desk.directory.users.clear()

    person = await admit(BORIS, Right.ASK, desk)

    assert (person.slack_id, person.object_id) == (BORIS, "")
    assert desk.directory.calls == []


async def test_only_listed_helpdesk_and_approvers_may_ask_and_request() -> None:
    desk = a_desk(rules=some_rules(helpdesk=frozenset({HANNA})))

    for right in (Right.ASK, Right.REQUEST):
        assert (await admit(HANNA, right, desk)).slack_id == HANNA
        assert (await admit(PAUL, right, desk)).slack_id == PAUL
        assert await denial_of(BORIS, right, desk) is Denial.NOT_HELPDESK


async def test_only_approvers_approve() -> None:
    desk = a_desk()

    assert (await admit(PAUL, Right.APPROVE, desk)).object_id == APPROVER.id
    assert await denial_of(HANNA, Right.APPROVE, desk) is Denial.NOT_APPROVER


async def test_without_approvers_nobody_approves() -> None:
    desk = a_desk(rules=some_rules(approvers=frozenset()))

    assert await denial_of(PAUL, Right.APPROVE, desk) is Denial.NOT_APPROVER


async def test_group_members_are_read_anew_when_asked_to() -> None:
    desk = a_desk(rules=some_rules(approvers=frozenset({"S0MFA"})))
    desk.workspace.groups["S0MFA"] = frozenset({PAUL})

    await admit(PAUL, Right.APPROVE, desk, fresh=True)
    desk.workspace.groups["S0MFA"] = frozenset()

    assert desk.workspace.fresh_reads == ["S0MFA"]
    assert await denial_of(PAUL, Right.APPROVE, desk) is Denial.NOT_APPROVER


async def test_a_group_that_cannot_be_read_refuses_unless_another_one_admits() -> None:
    desk = a_desk(rules=some_rules(approvers=frozenset({"S1", "S2"})))
    desk.workspace.groups["S2"] = frozenset({PAUL})
    desk.workspace.troubles["members"] = [SlackError("usergroups.users.list", "ratelimited")]
    assert (await admit(PAUL, Right.APPROVE, desk)).slack_id == PAUL

    desk.workspace.troubles["members"] = SlackError("usergroups.users.list", "ratelimited")
    assert await denial_of(PAUL, Right.APPROVE, desk) is Denial.CANNOT_CHECK


async def test_slack_that_does_not_answer_refuses() -> None:
    desk = a_desk()
    desk.workspace.troubles["person"] = SlackError("users.info", "fatal_error")

    assert await denial_of(PAUL, Right.ASK, desk) is Denial.CANNOT_CHECK


async def test_a_pin_beats_the_email() -> None:
    desk = a_desk(rules=some_rules(pins={PAUL: BYSTANDER.id}))

    assert (await entra_person(PAUL, desk)).id == BYSTANDER.id


def _no_email(desk: FakeDesk) -> None:
    desk.workspace.change(APPROVER, email=None)


def _unknown_email(desk: FakeDesk) -> None:
    desk.workspace.change(APPROVER, email="paul@elsewhere.example")


def _same_mail_twice(desk: FakeDesk) -> None:
    desk.directory.users.append(a_user(77, "Paula Aster", mail=APPROVER.mail))


def _disabled(desk: FakeDesk) -> None:
    desk.directory.change(APPROVER, account_enabled=False)


def _unclear(desk: FakeDesk) -> None:
    desk.directory.change(APPROVER, account_enabled=None)


def _graph_down(desk: FakeDesk) -> None:
    desk.directory.troubles["find_user"] = GraphUnreachable("the user")


@pytest.mark.parametrize("right", [Right.REQUEST, Right.APPROVE])
@pytest.mark.parametrize(
    ("change", "denial"),
    [
        (_no_email, Denial.NO_ENTRA_PERSON),
        (_unknown_email, Denial.NO_ENTRA_PERSON),
        (_same_mail_twice, Denial.AMBIGUOUS_ENTRA_PERSON),
        (_disabled, Denial.ENTRA_PERSON_DISABLED),
        (_unclear, Denial.CANNOT_CHECK),
        (_graph_down, Denial.CANNOT_CHECK),
    ],
)
async def test_who_acts_needs_one_enabled_entra_account(right: Right, change: Any, denial: Denial) -> None:
    desk = a_desk()
    change(desk)

    assert await denial_of(PAUL, right, desk) is denial


async def test_a_pin_to_nobody_refuses() -> None:
    desk = a_desk(rules=some_rules(pins={HANNA: ObjectId("00000000-0000-4000-8000-00000000dead")}))

    assert HELPDESK in desk.directory.users
    assert await denial_of(HANNA, Right.REQUEST, desk) is Denial.NO_ENTRA_PERSON
