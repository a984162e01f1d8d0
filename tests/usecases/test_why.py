"""One question, one answer: what was read, what could not be, and in which time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.evidence import Absent, AppSso, Fact, Known, Unreadable, Why
from bot.domain.people import PerUserMfaState
from bot.domain.policies import NamedLocation
from bot.errors import (
    AmbiguousUser,
    BadInput,
    BotError,
    GraphError,
    GraphMalformed,
    GraphNotFound,
    GraphRefused,
    GraphThrottled,
    GraphUnreachable,
    NoSuchUser,
    RefusalKind,
    StoreUnavailable,
)
from bot.usecases import facts
from bot.usecases.facts import Reader
from bot.usecases.why import why
from tests.fakes import (
    HELPDESK,
    TARGET,
    FakeAnswers,
    FakeChangeLog,
    FakeClock,
    FakeDesk,
    FakeServices,
    a_desk,
    a_user,
    services_with,
    some_rules,
    virtual_time,
)

MIRA = TARGET.user_principal_name

READS = {
    "conditional_access": ("policies", "conditional_access_policies"),
    "named_locations": ("policies", "named_locations"),
    "security_defaults": ("policies", "security_defaults"),
    "device_registration": ("policies", "device_registration_policy"),
    "what_if": ("policies", "what_if"),
    "per_user_mfa_state": ("mfa_states", "per_user_mfa_state"),
    "interactive": ("sign_in_log", "interactive"),
    "non_interactive": ("sign_in_log", "non_interactive"),
    "devices": ("directory", "devices"),
    "methods": ("directory", "methods"),
    "membership": ("directory", "membership"),
}
"""Each read of Graph after the user: the port that makes it, and the field of the evidence."""


def with_store(**overrides: Any) -> FakeServices:
    clock = FakeClock()
    return services_with(clock=clock, answers=FakeAnswers(now=clock), change_log=FakeChangeLog(), **overrides)


# --- the answer -------------------------------------------------------------------------------------------


async def test_a_covered_user_with_per_user_mfa_may_be_requested() -> None:
    answered = await why(f"  {MIRA} ", services_with())
    diagnosis = answered.answer.diagnosis

    assert (diagnosis.asked, diagnosis.user) == (MIRA, TARGET)
    assert diagnosis.verdict == "PER_USER_MFA"
    assert diagnosis.per_user_mfa_state is PerUserMfaState.ENFORCED
    assert diagnosis.can_request_disable
    assert (answered.age, answered.trouble) == (timedelta(), None)


async def test_nobody_of_that_name_is_an_answer() -> None:
    services = services_with()

    answered = await why("nobody@contoso.com", services)

    assert answered.answer.diagnosis.user is None
    assert answered.answer.diagnosis.rule == "D01"
    assert answered.trouble is None
    assert services.sign_in_log.calls == []


async def test_a_name_of_several_people_is_not_answered() -> None:
    services = services_with()
    services.directory.users.append(a_user(77, "Mirabel Holm", mail=MIRA))

    with pytest.raises(AmbiguousUser):
        await why(MIRA, services)


@pytest.mark.parametrize("asked", ["", "   "])
async def test_an_empty_question_is_refused(asked: str) -> None:
    with pytest.raises(BadInput):
        await why(asked, services_with())


@pytest.mark.parametrize("changes", [{"account_enabled": False}, {"user_type": "Guest"}])
async def test_disabled_accounts_and_guests_are_read_too(changes: dict[str, Any]) -> None:
    services = services_with()
    services.directory.change(TARGET, **changes)

    answered = await why(MIRA, services)

    assert answered.answer.diagnosis.user is not None
    assert "interactive" in services.sign_in_log.calls


async def test_sign_ins_are_read_for_the_window_of_the_settings() -> None:
    services = services_with(rules=some_rules(lookback=timedelta(minutes=30)))

    diagnosis = (await why(MIRA, services)).answer.diagnosis

    assert len(diagnosis.timeline) == 1  # the older of the two lies outside


# --- what cannot be read ------------------------------------------------------------------------------


async def test_sign_in_records_that_cannot_be_read_are_named() -> None:
    services = services_with()
    assert not any("sign-in record" in line for line in (await why(MIRA, services)).answer.diagnosis.unknown)
    services.sign_in_log.left_out = 2  # of each kind

    unknown = (await why(MIRA, services, fresh=True)).answer.diagnosis.unknown

    assert any(line.startswith("4 sign-in records could not be read") for line in unknown)


@pytest.mark.parametrize("name", READS)
async def test_whatever_cannot_be_read_is_a_doubt_of_the_answer(name: str) -> None:
    services = services_with()
    port, _ = READS[name]
    getattr(services, port).troubles[name] = GraphRefused("x", 403, needs="Some.Permission.All")

    answered = await why(MIRA, services)

    assert any("Some.Permission.All" in doubt for doubt in answered.answer.diagnosis.unknown)


async def test_when_nothing_can_be_read_the_answer_says_so_and_names_the_trouble() -> None:
    services = services_with()
    for name, (port, _) in READS.items():
        getattr(services, port).troubles[name] = GraphRefused("x", 403)

    answered = await why(MIRA, services)

    assert answered.answer.diagnosis.verdict == "CANNOT_TELL"
    assert isinstance(answered.trouble, GraphRefused)


async def test_a_user_that_cannot_be_looked_up_is_no_answer_but_not_an_error() -> None:
    services = services_with()
    services.directory.troubles["find_user"] = GraphUnreachable("the user", 503)

    answered = await why(MIRA, services)

    assert answered.answer.diagnosis.verdict == "CANNOT_TELL"
    assert isinstance(answered.trouble, GraphUnreachable)
    assert services.mfa_states.calls == []


async def test_an_object_id_is_enough_when_the_user_cannot_be_looked_up() -> None:
    services = services_with()
    services.directory.troubles["find_user"] = GraphRefused("the user", 403)

    answered = await why(TARGET.id.upper(), services)

    assert answered.answer.diagnosis.per_user_mfa_state is PerUserMfaState.ENFORCED
    assert not answered.answer.diagnosis.can_request_disable


@pytest.mark.parametrize(
    ("error", "reason", "words"),
    [
        (GraphRefused("x", 403), Why.PERMISSION, "grant the application permission Policy.Read.All"),
        (GraphRefused("x", 403, needs="A.B"), Why.PERMISSION, "permission A.B"),
        (GraphRefused("x", 403, kind=RefusalKind.LICENCE), Why.LICENCE, "P1 or P2"),
        (GraphRefused("x", 403, kind=RefusalKind.RESTRICTED), Why.PERMISSION, "restricted management"),
        (GraphThrottled("x", 429, retry_after=7), Why.THROTTLED, "in 7 seconds"),
        (GraphThrottled("x", 429), Why.THROTTLED, "in a minute"),
        (GraphUnreachable("x", timed_out=True), Why.TIMEOUT, "in time"),
        (GraphUnreachable("x", 503), Why.UNREACHABLE, "status 503"),
        (GraphMalformed("x"), Why.MALFORMED, "cannot be understood"),
        (GraphError("x", 400), Why.MALFORMED, "status 400"),
        (StoreUnavailable(), Why.UNREACHABLE, "the store"),
    ],
)
async def test_every_trouble_has_a_sentence(error: BotError, reason: Why, words: str) -> None:
    fact = await _read(error)

    assert isinstance(fact, Unreadable)
    assert fact.why is reason
    assert words in fact.reason
    assert fact.reason.startswith("The per-user MFA state could not be read: ")
    assert fact.reason.endswith(".")


async def test_what_is_not_there_is_absent_and_not_a_no() -> None:
    assert isinstance(await _read(GraphNotFound("x", 404)), Absent)


async def _read(error: BotError) -> Fact[PerUserMfaState]:
    services = services_with()
    services.mfa_states.troubles["per_user_mfa_state"] = error
    reader = Reader(services.now, asyncio.get_running_loop().time() + 5)
    return await reader.fact(
        facts.PER_USER_MFA_STATE, lambda: services.mfa_states.per_user_mfa_state(TARGET.id)
    )


# --- time ---------------------------------------------------------------------------------------------


def slow(services: FakeServices, seconds: float) -> None:
    services.directory.delays["find_user"] = seconds
    for name, (port, _) in READS.items():
        getattr(services, port).delays[name] = seconds


async def seconds_of(coroutine: Any) -> float:
    clock = asyncio.get_running_loop().time
    began = clock()
    await coroutine
    return clock() - began


@virtual_time
async def test_no_read_waits_for_more_than_one_other() -> None:
    services = services_with(answers=FakeAnswers())
    slow(services, 1)

    assert await seconds_of(why(MIRA, services)) < 2.5  # thirteen reads of a second, in two rounds


@virtual_time
async def test_slow_settings_do_not_hold_up_what_needs_only_the_user() -> None:
    services = services_with()
    slow(services, 1)
    for name in ("conditional_access", "security_defaults", "device_registration"):
        services.policies.delays[name] = 2

    assert await seconds_of(why(MIRA, services)) < 2.5


@virtual_time
async def test_what_is_not_there_by_the_deadline_is_left_out() -> None:
    services = services_with(rules=some_rules(answer_within=timedelta(seconds=5)))
    services.sign_in_log.delays["non_interactive"] = 3600
    services.policies.delays["named_locations"] = 3600
    answers: list[Any] = []

    async def ask() -> None:
        answers.append(await why(MIRA, services))

    assert 4.9 < await seconds_of(ask()) < 5.5
    assert services.sign_in_log.cancelled == ["non_interactive"]
    assert any("did not answer in time" in doubt for doubt in answers[0].answer.diagnosis.unknown)
    assert answers[0].answer.diagnosis.per_user_mfa_state is PerUserMfaState.ENFORCED


@virtual_time
async def test_a_user_lookup_that_hangs_ends_at_the_deadline() -> None:
    services = services_with(rules=some_rules(answer_within=timedelta(seconds=5)))
    services.directory.delays["find_user"] = 3600

    assert await seconds_of(why(MIRA, services)) < 5.5


@virtual_time
async def test_a_cancelled_question_leaves_nothing_running() -> None:
    services = services_with()
    slow(services, 60)
    task = asyncio.create_task(why(MIRA, services))
    await asyncio.sleep(1)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert len(asyncio.all_tasks()) == 1


async def test_trials_are_made_for_the_named_locations() -> None:
    services = services_with()
    services.policies.locations = (NamedLocation("l1", "Office", ip_ranges=("198.51.100.0/24",)),)

    await why(MIRA, services)

    (trials,) = services.policies.trials
    assert len(trials) == 3
    assert all(not (trial.ip_address or "").startswith("198.51.100.") for trial in trials)


async def test_unreadable_locations_do_not_stop_the_trials() -> None:
    services = services_with()
    services.policies.troubles["named_locations"] = GraphThrottled("x", 429)

    await why(MIRA, services)

    assert len(services.policies.trials) == 1


# --- reuse ----------------------------------------------------------------------------------------------


def scarce_calls(services: FakeDesk) -> int:
    return services.sign_in_log.calls.count("of_user") + services.policies.calls.count("what_if")


async def test_a_second_asker_within_thirty_seconds_gets_the_same_answer() -> None:
    desk = a_desk()
    first = await why(MIRA, desk, asked_by="U0HANNA")
    spent = scarce_calls(desk)
    desk.clock.advance(29)

    second = await why(TARGET.id, desk, asked_by="U0PAUL")

    assert second.answer == first.answer
    assert second.age == timedelta(seconds=29)
    assert (spent, scarce_calls(desk)) == (3, 3)


@pytest.mark.parametrize("again", [{"fresh": True}, {"app_sso": AppSso(method="password")}])
async def test_fresh_questions_and_pastes_are_answered_anew(again: dict[str, Any]) -> None:
    desk = a_desk()
    first = await why(MIRA, desk)

    second = await why(MIRA, desk, **again)

    assert second.answer.id != first.answer.id
    assert scarce_calls(desk) == 6


async def test_after_thirty_seconds_everything_is_read_again() -> None:
    desk = a_desk()
    await why(MIRA, desk)
    desk.clock.advance(31)

    assert (await why(MIRA, desk)).age == timedelta()
    assert scarce_calls(desk) == 6


async def test_after_our_own_change_nobody_gets_the_answer_from_before_it() -> None:
    desk = a_desk()
    first = await why(MIRA, desk)
    desk.clock.advance(3)
    await desk.change_log.changed(TARGET.id, desk.now())
    desk.clock.advance(3)

    assert (await why(MIRA, desk)).answer.id != first.answer.id


async def test_another_user_gets_an_answer_of_their_own() -> None:
    desk = a_desk()
    await why(MIRA, desk)

    other = await why(HELPDESK.user_principal_name, desk)

    assert other.answer.diagnosis.user == HELPDESK


async def test_an_answer_with_a_paste_is_kept_for_its_buttons_and_offered_to_nobody() -> None:
    desk = a_desk()
    pasted = await why(MIRA, desk, app_sso=AppSso(method="password"))

    assert (await why(MIRA, desk)).answer.id != pasted.answer.id
    assert await desk.answers.get(pasted.answer.id) == pasted.answer


async def test_an_answer_with_trouble_is_not_offered_again() -> None:
    desk = a_desk()
    desk.sign_in_log.troubles["interactive"] = [GraphThrottled("x", 429)]
    await why(MIRA, desk)

    second = await why(MIRA, desk)

    assert scarce_calls(desk) == 5  # the first answer's throttled read never got to the log
    assert not any("slow down" in doubt for doubt in second.answer.diagnosis.unknown)


async def test_a_refusal_lasts_so_its_answer_is_offered_again() -> None:
    desk = a_desk()
    desk.policies.troubles["device_registration"] = GraphRefused("x", 403)
    first = await why(MIRA, desk)

    second = await why(MIRA, desk)

    assert second.answer == first.answer
    assert scarce_calls(desk) == 3


async def test_a_kept_answer_is_found_for_two_hours() -> None:
    desk = a_desk()
    answer = (await why(MIRA, desk)).answer
    desk.clock.advance(2 * 3600 - 1)
    assert await desk.answers.get(answer.id) == answer
    desk.clock.advance(2)
    assert await desk.answers.get(answer.id) is None


@pytest.mark.parametrize("method", ["recent", "keep"])
async def test_without_the_store_everybody_still_gets_an_answer(method: str) -> None:
    desk = a_desk()
    desk.answers.troubles[method] = StoreUnavailable()

    assert (await why(MIRA, desk)).answer.diagnosis.verdict == "PER_USER_MFA"


# --- our own changes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [None, StoreUnavailable()])
async def test_our_own_last_change_is_part_of_the_evidence(trouble: BotError | None) -> None:
    services = with_store()
    assert services.change_log is not None
    services.change_log.changes[TARGET.id] = services.now() - timedelta(minutes=5)
    services.mfa_states.states[TARGET.id] = PerUserMfaState.DISABLED
    if trouble:
        services.change_log.troubles["last_change"] = trouble

    diagnosis = (await why(MIRA, services)).answer.diagnosis

    assert services.change_log.calls == ["last_change"]
    assert any("could not be read" in doubt for doubt in diagnosis.unknown) is (trouble is not None)


async def test_a_deleted_account_is_told_apart() -> None:
    services = services_with()
    services.directory.deleted.add("gone@contoso.com")
    with pytest.raises(NoSuchUser) as caught:
        await services.directory.find_user("gone@contoso.com")
    assert caught.value.deleted

    answered = await why("gone@contoso.com", services)

    assert answered.answer.diagnosis.rule == "D01"


def test_every_read_is_covered_by_the_table() -> None:
    dated = {value for value in vars(facts).values() if isinstance(value, facts.Read)}
    assert len(dated - {facts.USER, facts.OWN_CHANGES}) == len(READS)
    assert isinstance(Known(1, replace(TARGET).created_at, ""), Known)  # type: ignore[arg-type]
