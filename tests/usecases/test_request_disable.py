"""A request rests on evidence read this moment, and is written down before it exists."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.approval import State
from bot.domain.diagnosis import Grade
from bot.domain.people import PerUserMfaState
from bot.domain.policies import NamedLocation
from bot.errors import (
    AuditUnavailable,
    BadInput,
    Conflict,
    Denial,
    GraphUnreachable,
    NotAllowed,
    SlackError,
    StoreUnavailable,
)
from bot.usecases.approval_channel import CLOSED, SHARED
from bot.usecases.request_disable import DisableAsk, request_disable
from bot.usecases.why import why
from tests.fakes import (
    APPROVAL_CHANNEL,
    BYSTANDER,
    HELPDESK,
    TARGET,
    FakeDesk,
    a_desk,
    a_person,
    an_mfa_policy,
    some_rules,
)


def an_ask(**changes: Any) -> DisableAsk:
    made = DisableAsk(
        target=TARGET.id,
        requester=a_person(HELPDESK),
        reason="  Registration stops at MFA ",
        ticket="INC-1",
        identity_check="called back",
        op_id="view-1",
    )
    return replace(made, **changes)


async def test_a_request_carries_everything_that_approvers_need() -> None:
    desk = a_desk()

    request = await request_disable(an_ask(), desk)

    wish = request.wish
    assert (request.state, request.version) == (State.PENDING, 1)
    assert (wish.target.object_id, wish.requester) == (TARGET.id, a_person(HELPDESK))
    assert (wish.before, wish.wanted) == (PerUserMfaState.ENFORCED, PerUserMfaState.DISABLED)
    assert (wish.reason, wish.ticket, wish.identity_check) == (
        "Registration stops at MFA",
        "INC-1",
        "called back",
    )
    assert wish.verdict == "PER_USER_MFA"
    assert wish.coverage is not None
    assert wish.coverage.grade is Grade.FULL
    assert (wish.quorum, wish.quorum_because, wish.warnings) == (1, (), ())
    assert (wish.restore_after_hours, wish.step_up) == (None, False)
    assert wish.expires_at - wish.created_at == timedelta(minutes=30)
    assert wish.evidence_read_at == desk.now()


async def test_the_journal_knows_before_the_store() -> None:
    desk = a_desk()
    desk.requests.troubles["open"] = StoreUnavailable()

    with pytest.raises(StoreUnavailable):
        await request_disable(an_ask(), desk)

    (entry,) = desk.journal.entries
    assert (entry.kind, entry.actor, entry.target) == ("request.opened", a_person(HELPDESK), TARGET.id)


async def test_without_the_journal_there_is_no_request() -> None:
    desk = a_desk()
    desk.journal.troubles["write"] = AuditUnavailable()

    with pytest.raises(AuditUnavailable):
        await request_disable(an_ask(), desk)

    assert desk.requests.records == {}


async def test_the_same_submission_delivered_again_opens_one_request() -> None:
    desk = a_desk()

    first = await request_disable(an_ask(), desk)
    again = await request_disable(an_ask(), desk)

    assert again == first
    assert len(desk.requests.records) == 1


async def test_a_target_with_an_open_request_gets_no_second() -> None:
    desk = a_desk()
    first = await request_disable(an_ask(), desk)

    with pytest.raises(Conflict) as caught:
        await request_disable(an_ask(op_id="view-2"), desk)

    assert caught.value.request_id == first.id
    assert desk.journal.kinds[-1] == "refused"


async def test_evidence_is_read_anew() -> None:
    desk = a_desk()
    await why(TARGET.id, desk)
    desk.mfa_states.states[TARGET.id] = PerUserMfaState.DISABLED

    assert await denial_of(an_ask(), desk) is Denial.NOT_REQUESTABLE


# --- refusals ----------------------------------------------------------------------------------------------


async def denial_of(ask: DisableAsk, desk: FakeDesk) -> Denial:
    with pytest.raises(NotAllowed) as caught:
        await request_disable(ask, desk)
    assert desk.requests.records == {}
    assert desk.journal.kinds == ["refused"]
    assert desk.journal.entries[0].detail["because"] == caught.value.denial
    return caught.value.denial


@pytest.mark.parametrize("name", ["mira.holm@contoso.com", "MIRA.HOLM@CONTOSO.COM", TARGET.id])
async def test_break_glass_accounts_are_never_touched(name: str) -> None:
    desk = a_desk(rules=some_rules(break_glass=frozenset({name})))

    assert await denial_of(an_ask(), desk) is Denial.BREAK_GLASS


async def test_nobody_asks_for_themselves() -> None:
    desk = a_desk()

    assert await denial_of(an_ask(requester=a_person(TARGET)), desk) is Denial.IS_TARGET


async def test_a_second_slack_account_of_the_target_does_not_help() -> None:
    desk = a_desk(rules=some_rules(pins={"U0HANNA": TARGET.id}))

    assert await denial_of(an_ask(), desk) is Denial.IS_TARGET


async def test_only_the_helpdesk_requests() -> None:
    desk = a_desk(rules=some_rules(helpdesk=frozenset({"U0HANNA"})))

    assert await denial_of(an_ask(requester=a_person(BYSTANDER)), desk) is Denial.NOT_HELPDESK


async def test_an_uncovered_user_is_not_requested() -> None:
    desk = a_desk()
    desk.policies.policies = ()
    desk.policies.trial_policies = ()

    assert await denial_of(an_ask(), desk) is Denial.UNCOVERED


async def test_an_uncovered_user_needs_two_where_the_organisation_allows_it() -> None:
    desk = a_desk(rules=some_rules(uncovered="two"))
    desk.policies.policies = ()
    desk.policies.trial_policies = ()

    wish = (await request_disable(an_ask(), desk)).wish

    assert wish.quorum == 2
    assert "nothing else demands MFA of this user" in wish.quorum_because
    assert wish.warnings[0].startswith("Nothing else would demand MFA")
    assert wish.restore_after_hours == 24


async def test_coverage_that_cannot_be_shown_is_said() -> None:
    desk = a_desk(rules=some_rules(uncovered="two"))
    desk.policies.troubles["conditional_access"] = GraphUnreachable("x", 503)

    wish = (await request_disable(an_ask(), desk)).wish

    assert wish.coverage is not None
    assert wish.coverage.grade is Grade.UNKNOWN
    assert wish.quorum == 2
    assert "coverage could not be shown" in wish.quorum_because
    assert wish.restore_after_hours == 24


async def test_a_state_that_cannot_be_read_is_not_requested() -> None:
    desk = a_desk()
    desk.mfa_states.troubles["per_user_mfa_state"] = GraphUnreachable("x", 503)

    assert await denial_of(an_ask(), desk) is Denial.CANNOT_CHECK


async def test_a_target_that_is_gone_is_not_requested() -> None:
    desk = a_desk()
    desk.directory.users.remove(TARGET)

    assert await denial_of(an_ask(), desk) is Denial.NOT_REQUESTABLE


async def test_a_target_that_cannot_be_looked_up_is_not_requested() -> None:
    """The requester was found a moment before, so the lookup that fails is the target's."""
    desk = a_desk()
    desk.directory.troubles["find_user"] = [None, GraphUnreachable("x", 503)]

    with pytest.raises((NotAllowed, GraphUnreachable)):
        await request_disable(an_ask(), desk)

    assert desk.requests.records == {}


async def test_partial_coverage_is_said_to_the_approvers() -> None:
    desk = a_desk()
    office = NamedLocation("l1", "Office", is_trusted=True, ip_ranges=("198.51.100.0/24",))
    policy = an_mfa_policy()
    desk.policies.locations = (office,)
    conditions = replace(policy.conditions, include_locations=frozenset({"All"}))
    conditions = replace(conditions, exclude_locations=frozenset({"AllTrusted"}))
    desk.policies.policies = (replace(policy, conditions=conditions),)

    wish = (await request_disable(an_ask(), desk)).wish

    assert wish.coverage is not None
    assert wish.coverage.grade is Grade.PARTIAL
    assert wish.quorum == 2
    assert "some sign-ins of this user would not be asked for MFA" in wish.quorum_because
    assert wish.coverage.gaps


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("reason", ""),
        ("reason", "    \n "),
        ("reason", "mfa"),
        ("reason", "x" * 501),
        ("reason", "his password: Winter2026"),
        ("reason", "use xoxb-1234567890-abcdef for it"),
        ("reason", "token eyJhbGciOiJIUzI1NiJ9.e30.x"),
        ("reason", "key AKIAIOSFODNN7EXAMPLE here"),
        ("reason", "hash 0123456789abcdef0123456789abcdef"),
        ("ticket", "x" * 101),
        ("ticket", "pw=hunter2"),
        ("identity_check", "passwort: geheim1"),
        ("reason", "Ihr Kennwort lautet: geheim77"),
        ("reason", "Das Passwort ist geheim77"),
    ],
)
async def test_texts_that_cannot_be_used_are_refused_without_keeping_them(field: str, text: str) -> None:
    desk = a_desk()

    with pytest.raises(BadInput) as caught:
        await request_disable(an_ask(**{field: text}), desk)

    assert caught.value.field == field
    assert desk.requests.records == {}
    (entry,) = desk.journal.entries
    assert entry.kind == "refused"
    assert not text.strip() or text not in str(entry)


@pytest.mark.parametrize(
    "text",
    [
        "New Mac, Platform SSO registration fails after 50076",
        "User forgot their password and got a new Mac",
        "See 7d0e5f7c-0000-4000-8000-00000000c0de in the ticket",
        "The token broker on the Mac cannot register",
    ],
)
async def test_ordinary_reasons_are_taken(text: str) -> None:
    assert (await request_disable(an_ask(reason=text), a_desk())).wish.reason == text


def _without_helpdesk(desk: FakeDesk) -> FakeDesk:
    return replace(desk, rules=replace(desk.rules, helpdesk=frozenset({"U0NOBODY"})))


async def test_a_request_that_was_opened_is_not_refused_when_its_form_is_carried_out_again() -> None:
    """Two processes may carry out one form; meanwhile who asked was removed from the helpdesk."""
    desk = a_desk()
    opened = await request_disable(an_ask(), desk)

    assert await request_disable(an_ask(), _without_helpdesk(desk)) == opened
    assert desk.journal.kinds == ["request.opened"]


async def test_a_form_that_was_refused_opens_nothing_when_it_is_carried_out_again() -> None:
    desk = a_desk()
    with pytest.raises(NotAllowed):
        await request_disable(an_ask(), _without_helpdesk(desk))

    with pytest.raises(NotAllowed) as caught:
        await request_disable(an_ask(), desk)

    assert caught.value.denial is Denial.NOT_HELPDESK
    assert desk.requests.records == {}
    assert (await request_disable(an_ask(op_id="view-2"), desk)).state is State.PENDING


# --- the approval channel -----------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(CLOSED))
async def test_what_cannot_be_posted_to_the_approvers_is_not_asked_for(code: str) -> None:
    desk = a_desk()
    desk.workspace.troubles["channel"] = SlackError("conversations.info", code)

    with pytest.raises(NotAllowed) as caught:
        await request_disable(an_ask(), desk)

    assert (caught.value.denial, caught.value.detail) == (Denial.NOT_POSTABLE, CLOSED[code])
    assert desk.requests.records == {}
    assert desk.journal.entries[-1].detail["because"] == "not_postable"


async def test_nothing_is_asked_for_in_a_channel_that_has_become_shared() -> None:
    desk = a_desk()
    channel = desk.workspace.channels[APPROVAL_CHANNEL]
    desk.workspace.channels[APPROVAL_CHANNEL] = replace(channel, is_external=True)

    with pytest.raises(NotAllowed) as caught:
        await request_disable(an_ask(), desk)

    assert caught.value.detail == SHARED


async def test_a_slack_that_does_not_answer_holds_nothing_up() -> None:
    """The card is posted once Slack answers."""
    desk = a_desk()
    desk.workspace.troubles["channel"] = SlackError("conversations.info", "ratelimited", 3.0)

    assert (await request_disable(an_ask(), desk)).state is State.PENDING
