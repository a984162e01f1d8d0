"""What must hold for every evidence, not only for the examples.

Removing evidence never makes the bot surer, with three exceptions that the table declares: a row that
rests on a gap (no log, or our own credentials), a setting that stops registration whatever the log
says, and our own change log, which can only discard evidence.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.attempts import lane
from bot.domain.diagnosis import Diagnosis, diagnose
from bot.domain.evidence import AppSso, Evidence, Known, PasteState, Peers
from bot.domain.judge import reading_order
from bot.domain.people import PerUserMfaState
from bot.domain.policies import AppScope, Conditions, DeviceRegistrationPolicy
from bot.domain.rule import Rule
from bot.domain.sign_ins import (
    BROKER_APP,
    DEVICE_REGISTRATION_RESOURCE,
    AppliedPolicy,
    RequirementSource,
    SignIn,
)
from bot.domain.situation import Situation
from tests.domain.builders import (
    AAD_GRAPH,
    JAMF_REGISTRATION_APP,
    OUTLOOK_APP,
    a_coverage,
    a_mac,
    a_platform_credential,
    a_policy,
    a_sign_in,
    a_user,
    absent,
    an_authenticator,
    an_evidence,
    minutes_ago,
    unreadable,
)

fast = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

FACTS = (
    "per_user_mfa_state",
    "interactive",
    "non_interactive",
    "security_defaults",
    "conditional_access_policies",
    "device_registration_policy",
    "devices",
    "methods",
    "membership",
)
CODES = (
    0,
    0,
    50076,
    50076,
    50076,
    50076,
    50076,
    50076,
    50076,
    50074,
    50079,
    50126,
    50055,
    50058,
    50097,
    53003,
    53000,
    500121,
)
RARE_CODES = (50057, 50053, 50034, 530084, 53011, 70043, 240001, 135011, 700003, 50155, 135010, 50105, 50196)

sources = st.sampled_from(
    [
        None,
        None,
        (),
        (RequirementSource("user", "Per-user MFA"),),
        (RequirementSource("multiConditionalAccess"),),
        (RequirementSource("securityDefaults"),),
        (RequirementSource("unknownFutureValue"),),
    ]
)
results = st.sampled_from(["success", "failure", "notApplied", "reportOnlyFailure", "unknownFutureValue"])
policies_seen = st.one_of(
    st.none(),
    st.just(()),
    st.builds(
        lambda result, control: (AppliedPolicy("pol-1", "Policy", result, control),),
        results,
        st.sampled_from([("Mfa",), ("Block",), ()]),
    ),
)
apps = st.sampled_from(
    [
        (BROKER_APP, "Microsoft Authentication Broker"),
        (BROKER_APP, "Microsoft Authentication Broker"),
        (BROKER_APP, "Microsoft Authentication Broker"),
        (OUTLOOK_APP, "Outlook"),
        (JAMF_REGISTRATION_APP, "User registration app for Device Compliance"),
    ]
)


@st.composite
def rows(draw: st.DrawFn) -> SignIn:
    app, name = draw(apps)
    return a_sign_in(
        draw(st.sampled_from((*CODES, *RARE_CODES))),
        draw(st.integers(0, 90)),
        id=f"row-{draw(st.integers(0, 10**6))}",
        app_id=app,
        app_name=name,
        resource_id=draw(st.sampled_from([AAD_GRAPH, AAD_GRAPH, DEVICE_REGISTRATION_RESOURCE])),
        is_interactive=draw(st.booleans()),
        correlation_id=draw(st.sampled_from(["", "one", "two", "three"])),
        operating_system=draw(st.sampled_from(["MacOs", "MacOs", "", "Windows 11"])),
        requirement_sources=draw(sources),
        applied_policies=draw(policies_seen),
        conditional_access_status=draw(st.sampled_from(["notApplied", "success", "failure", ""])),
        risk_level=draw(st.sampled_from(["none", "none", "high"])),
    )


devices = st.lists(
    st.builds(
        a_mac,
        st.integers(5, 120),
        id=st.uuids().map(str),
        display_name=st.sampled_from(["Ada's MacBook", "Old Mac"]),
        trust_type=st.sampled_from(["AzureAd", "AzureAd", "Workplace", None]),
        account_enabled=st.sampled_from([True, True, False, None]),
    ),
    max_size=2,
).map(tuple)
methods = st.lists(
    st.one_of(
        st.builds(
            a_platform_credential,
            st.integers(0, 120),
            display_name=st.sampled_from(["Ada's MacBook", "Old Mac", ""]),
        ),
        st.builds(an_authenticator),
    ),
    max_size=2,
).map(tuple)
device_rules = st.builds(
    DeviceRegistrationPolicy,
    mfa_required=st.sampled_from([None, False, True]),
    user_device_quota=st.sampled_from([None, 1, 50]),
    join_allowed=st.sampled_from(["all", "all", "none", "selected", "unknown"]),
    join_groups=st.sampled_from([frozenset(), frozenset({"group"})]),
)
registering = a_policy(
    conditions=Conditions(applications=AppScope(user_actions=frozenset({"urn:user:registerdevice"})))
)
pastes = st.one_of(
    st.none(),
    st.none(),
    st.builds(
        AppSso,
        method=st.sampled_from([None, "password", "secure enclave"]),
        registration_completed=st.sampled_from([None, True, False]),
        user_state=st.sampled_from(list(PasteState)),
        has_device_configuration=st.booleans(),
        has_login_configuration=st.booleans(),
        tokens_received_at=st.sampled_from([None, minutes_ago(5), minutes_ago(80)]),
    ),
)
peers = st.one_of(st.none(), st.none(), st.builds(Peers, *(st.integers(0, 1) for _ in range(4))))


@st.composite
def evidences(draw: st.DrawFn) -> Evidence:
    def maybe(strategy: st.SearchStrategy[object]) -> object:
        kind = draw(st.integers(0, 9))
        return unreadable() if kind == 0 else absent() if kind == 1 else draw(strategy)

    whole = an_evidence(
        *draw(st.lists(rows(), max_size=6)),
        state=maybe(st.sampled_from(list(PerUserMfaState))),
        user=a_user(
            account_enabled=draw(st.sampled_from([True, True, True, True, False])),
            last_password_change_at=draw(st.sampled_from([None, None, minutes_ago(30)])),
        ),
        security_defaults=maybe(st.booleans()),
        conditional_access_policies=maybe(st.sampled_from([(), (a_policy(),), (registering,)])),
        device_registration_policy=maybe(device_rules),
        devices=maybe(devices),
        methods=maybe(methods),
        state_changed_at=draw(st.sampled_from([absent(), absent(), minutes_ago(20)])),
        app_sso=draw(pastes),
        peers=draw(peers),
        says_they_tried_at=draw(st.sampled_from([None, minutes_ago(10), minutes_ago(70)])),
    )
    lost = draw(st.sampled_from([None, None, None, "interactive", "non_interactive"]))
    return with_facts(whole, **{lost: unreadable()}) if lost else whole


def with_facts(evidence: Evidence, **facts: Any) -> Evidence:
    return replace(evidence, **facts)


def judged(evidence: Evidence) -> Diagnosis:
    return diagnose(evidence, a_coverage())


def rules_of(answer: Diagnosis) -> list[Rule]:
    return [rule for rule in reading_order() if (rule.id, rule.verdict) == (answer.rule, answer.verdict)]


@fast
@given(evidences())
def test_disabled_state_never_gives_per_user_mfa(evidence: Evidence) -> None:
    answer = judged(evidence)
    if not (
        isinstance(evidence.per_user_mfa_state, Known) and evidence.per_user_mfa_state.value != "disabled"
    ):
        assert answer.verdict not in {"PER_USER_MFA", "MFA_FROM_TWO_SOURCES", "PER_USER_MFA_LIKELY"}
        assert not answer.can_request_disable


@fast
@given(evidences())
def test_answer_is_sourced_in_its_band_and_explained(evidence: Evidence) -> None:
    answer = judged(evidence)
    assert any(exhibit.source for exhibit in answer.evidence)
    rules = rules_of(answer)
    lenient = 0.3 if evidence.peers and any(rule.blames_per_user_mfa for rule in rules) else 0.0
    assert any(rule.band.low - lenient <= answer.confidence <= rule.band.high + 1e-9 for rule in rules)
    assert (answer.verdict == "CANNOT_TELL") == (answer.rule == "D44") == (answer.confidence == 0)
    assert answer.verdict not in answer.contributing
    assert not {"CANNOT_TELL", "NO_PSSO_EVIDENCE", "OTHER_CAUSE_FIRST"} & set(answer.contributing)
    assert answer.can_request_disable == (answer.why_not is None)
    assert len(answer.timeline) <= 30


@fast
@given(evidences(), st.integers(0, 2**32))
def test_order_and_repetition_of_rows_change_nothing(evidence: Evidence, seed: int) -> None:
    mixed = {}
    for name in ("interactive", "non_interactive"):
        fact = getattr(evidence, name)
        if isinstance(fact, Known):
            doubled = [*fact.value, *fact.value]
            Random(seed).shuffle(doubled)
            mixed[name] = replace(fact, value=tuple(doubled))
    assert judged(with_facts(evidence, **mixed)) == judged(evidence)


@fast
@given(evidences(), st.sampled_from(FACTS))
def test_losing_a_fact_never_makes_the_bot_surer(evidence: Evidence, lost: str) -> None:
    before = judged(evidence)
    after = judged(with_facts(evidence, **{lost: unreadable("gone")}))
    rule = rules_of(after)[0]
    if not rule.rests_on_gaps and not rule.stands_alone:
        assert after.confidence <= before.confidence, (before.rule, after.rule)
    if before.rule == after.rule:
        assert after.confidence <= before.confidence


@fast
@given(evidences(), st.sampled_from(FACTS))
def test_lost_fact_is_named(evidence: Evidence, lost: str) -> None:
    answer = judged(with_facts(evidence, **{lost: unreadable("the dog ate it")}))
    assert any("the dog ate it" in line for line in answer.unknown)


@fast
@given(evidences())
def test_success_in_the_lane_never_strengthens_a_failure_verdict(evidence: Evidence) -> None:
    failure = Situation(evidence).failure
    log = "interactive" if failure and failure.is_interactive else "non_interactive"
    fact = getattr(evidence, log)
    if failure is None or not isinstance(fact, Known):
        return
    success = replace(
        failure, id="later", error_code=0, created_at=failure.created_at + timedelta(seconds=30)
    )
    assert lane(success) == lane(failure)
    cleared = with_facts(evidence, **{log: replace(fact, value=(*fact.value, success))})
    before, after, remaining = judged(evidence), judged(cleared), Situation(cleared).failure
    assert remaining != failure
    if remaining is not None:
        return  # an older failure of another lane comes to light; it is judged on its own
    assert after.verdict not in {"PER_USER_MFA", "MFA_FROM_TWO_SOURCES", "PER_USER_MFA_NOT_REGISTERED"}
    if before.verdict == after.verdict and not rules_of(after)[0].stands_alone:
        assert after.confidence <= before.confidence
