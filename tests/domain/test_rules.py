"""Each row of the decision table, by one example at least."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.domain import rules_page
from bot.domain.aadsts import meaning_of
from bot.domain.diagnosis import Diagnosis, diagnose
from bot.domain.evidence import AppSso, Evidence, PasteState
from bot.domain.judge import reading_order
from bot.domain.policies import AppScope, Conditions, DeviceRegistrationPolicy
from bot.domain.rules import RULES
from bot.domain.sign_ins import RequirementSource
from tests.domain.builders import (
    BY_SECURITY_DEFAULTS,
    JAMF_REGISTRATION_APP,
    NOW,
    a_coverage,
    a_device_registration,
    a_mac,
    a_platform_credential,
    a_policy,
    a_sign_in,
    a_user,
    absent,
    an_applied_policy,
    an_authenticator,
    an_evidence,
    minutes_ago,
    per_user_mfa_failure,
    unreadable,
)

REGISTRATION_ACTION = a_policy(
    "MFA to register a device",
    conditions=Conditions(applications=AppScope(user_actions=frozenset({"urn:user:registerdevice"}))),
)
DEVICE_MFA = DeviceRegistrationPolicy(mfa_required=True, user_device_quota=50)
CA_FAILED = (an_applied_policy("failure"),)


def judged(evidence: Evidence) -> Diagnosis:
    return diagnose(evidence, a_coverage())


def failing(code: int, **change: object) -> Evidence:
    return an_evidence(a_sign_in(code), **change)


EXAMPLES: tuple[tuple[str, str, Callable[[], Evidence]], ...] = (
    ("D01", "WRONG_OR_DELETED_ACCOUNT", lambda: an_evidence(user=absent())),
    ("D01", "WRONG_OR_DELETED_ACCOUNT", lambda: an_evidence(user=absent(), user_was_deleted=True)),
    ("D02", "ACCOUNT_DISABLED", lambda: an_evidence(user=a_user(account_enabled=False), state="enforced")),
    ("D02", "ACCOUNT_DISABLED", lambda: failing(50057, state="enforced")),
    (
        "D03",
        "ALREADY_REGISTERED",
        lambda: an_evidence(a_sign_in(50076, 60), devices=(a_mac(62),), methods=(a_platform_credential(30),)),
    ),
    ("D03", "ALREADY_REGISTERED", lambda: an_evidence(a_sign_in(0, 40), devices=(a_mac(48),))),
    (
        "D03",
        "ALREADY_REGISTERED",
        lambda: an_evidence(
            a_sign_in(50076, 60),
            app_sso=AppSso(
                registration_completed=True,
                user_state=PasteState.NORMAL,
                tokens_received_at=minutes_ago(10),
                login_user_name="Ada@contoso.com",
            ),
        ),
    ),
    ("D04", "ACCOUNT_LOCKED_OR_BAD_IP", lambda: failing(50053)),
    ("D05", "PASSWORD_EXPIRED_OR_FORCED_CHANGE", lambda: failing(50055)),
    ("D05", "PASSWORD_EXPIRED_OR_FORCED_CHANGE", lambda: failing(50135, state="enforced")),
    ("D06", "WRONG_PASSWORD", lambda: failing(50126)),
    ("D07", "WRONG_ACCOUNT_OR_TENANT", lambda: failing(50034)),
    ("D08", "PER_USER_MFA", lambda: an_evidence(per_user_mfa_failure(), state="enforced")),
    ("D08", "PER_USER_MFA", lambda: an_evidence(per_user_mfa_failure(), state="enabled")),
    ("D09", "PER_USER_MFA_ALREADY_REMOVED", lambda: an_evidence(per_user_mfa_failure(), state="disabled")),
    ("D09", "PER_USER_MFA_ALREADY_REMOVED", lambda: failing(50076, state_changed_at=minutes_ago(5))),
    ("D10", "PER_USER_MFA", lambda: failing(50076, state="enforced")),
    ("D11", "PER_USER_MFA", lambda: failing(50076, state="enabled")),
    (
        "D12",
        "MFA_FROM_TWO_SOURCES",
        lambda: an_evidence(a_sign_in(50076, applied_policies=CA_FAILED), state="enforced"),
    ),
    ("D12", "MFA_FROM_TWO_SOURCES", lambda: failing(50076, state="enforced", security_defaults=True)),
    ("D13", "PER_USER_MFA_NOT_REGISTERED", lambda: failing(50079, state="enforced")),
    ("D13", "PER_USER_MFA_NOT_REGISTERED", lambda: failing(50072, state="enabled")),
    ("D14", "MFA_REGISTRATION_MISSING", lambda: failing(50072, security_defaults=True)),
    (
        "D14",
        "MFA_REGISTRATION_MISSING",
        lambda: an_evidence(
            a_sign_in(
                50079,
                requirement_sources=(RequirementSource("mfaRegistrationRequiredByMultiConditionalAccess"),),
            )
        ),
    ),
    ("D15", "PER_USER_MFA_SUSPECTED", lambda: an_evidence(state="enforced")),
    ("D16", "CA_BLOCK", lambda: failing(53003, state="enforced")),
    ("D16", "MFA_PROMPT_NOT_COMPLETED", lambda: failing(500121, state="enabled")),
    (
        "D17",
        "PER_USER_MFA_NOT_CURRENTLY_BLOCKING",
        lambda: an_evidence(a_sign_in(50076, 50), a_sign_in(0, 40), state="enforced"),
    ),
    (
        "D18",
        "PER_USER_MFA_LIKELY",
        lambda: an_evidence(state="enforced", interactive=unreadable(), non_interactive=unreadable()),
    ),
    ("D19", "CA_MFA", lambda: an_evidence(a_sign_in(50076, applied_policies=CA_FAILED))),
    ("D19", "CA_MFA", lambda: an_evidence(a_device_registration(50074, applied_policies=CA_FAILED))),
    ("D20", "SECURITY_DEFAULTS_MFA", lambda: failing(50076, security_defaults=True)),
    (
        "D20",
        "SECURITY_DEFAULTS_MFA",
        lambda: an_evidence(
            a_sign_in(50074, requirement_sources=BY_SECURITY_DEFAULTS),
            security_defaults=True,
            conditional_access_policies=(a_policy(),),
        ),
    ),
    ("D21", "CANNOT_TELL_WHO_DEMANDED_MFA", lambda: failing(50076)),
    (
        "D22",
        "DEVICE_REGISTRATION_MFA",
        lambda: an_evidence(a_device_registration(50076), device_registration_policy=DEVICE_MFA),
    ),
    (
        "D22",
        "DEVICE_REGISTRATION_MFA",
        lambda: an_evidence(a_device_registration(50074), conditional_access_policies=(REGISTRATION_ACTION,)),
    ),
    (
        "D23",
        "CONFIG_CONFLICT",
        lambda: an_evidence(
            a_sign_in(50076, 60),
            a_sign_in(0, 50),
            device_registration_policy=DEVICE_MFA,
            conditional_access_policies=(REGISTRATION_ACTION,),
        ),
    ),
    ("D24", "MFA_PROMPT_NOT_COMPLETED", lambda: failing(500121)),
    ("D25", "CA_DEVICE_STATE", lambda: failing(53000)),
    (
        "D25",
        "CA_DEVICE_STATE",
        lambda: an_evidence(
            a_sign_in(
                530003,
                app_id=JAMF_REGISTRATION_APP,
                app_name="User registration app for Device Compliance",
            )
        ),
    ),
    ("D26", "CA_BLOCK", lambda: failing(53003)),
    ("D27", "TOKEN_PROTECTION", lambda: failing(530084)),
    ("D28", "RISK_OR_REGISTRATION_RESTRICTION", lambda: failing(53011)),
    (
        "D28",
        "RISK_OR_REGISTRATION_RESTRICTION",
        lambda: an_evidence(a_sign_in(999_999, risk_level="high")),
    ),
    ("D29", "SESSION_ENDED", lambda: failing(70043)),
    (
        "D30",
        "DEVICE_LIMIT",
        lambda: an_evidence(
            devices=(a_mac(90_000), a_mac(95_000, id="2")),
            device_registration_policy=DeviceRegistrationPolicy(mfa_required=False, user_device_quota=2),
        ),
    ),
    (
        "D31",
        "NOT_ALLOWED_TO_JOIN",
        lambda: an_evidence(device_registration_policy=DeviceRegistrationPolicy(False, 50, "none")),
    ),
    (
        "D31",
        "NOT_ALLOWED_TO_JOIN",
        lambda: an_evidence(
            device_registration_policy=DeviceRegistrationPolicy(
                False, 50, "selected", join_groups=frozenset({"group-of-others"})
            )
        ),
    ),
    ("D31", "NOT_ALLOWED_TO_JOIN", lambda: failing(240001)),
    ("D32", "DEVICE_DISABLED", lambda: an_evidence(devices=(a_mac(account_enabled=False),))),
    ("D32", "DEVICE_DISABLED", lambda: failing(135011)),
    ("D33", "DEVICE_OBJECT_GONE", lambda: failing(700003)),
    ("D34", "DEVICE_AUTH_FAILED", lambda: failing(50155)),
    ("D34", "DEVICE_AUTH_FAILED", lambda: failing(50097)),
    ("D35", "KEY_OR_PRT_BROKEN", lambda: failing(135010)),
    ("D36", "NEVER_REACHED_ENTRA", lambda: an_evidence(says_they_tried_at=minutes_ago(90))),
    ("D36", "NEVER_REACHED_ENTRA", an_evidence),
    (
        "D37",
        "LEGACY_REGISTRATION_ONLY",
        lambda: an_evidence(devices=(a_mac(60, trust_type="Workplace"),)),
    ),
    (
        "D38",
        "REGISTERED_PASSWORD_MODE_OR_KEY_STEP_MISSING",
        lambda: an_evidence(a_sign_in(0, 60), devices=(a_mac(48),)),
    ),
    ("D39", "TENANT_RESTRICTION", lambda: failing(500021)),
    ("D40", "APP_CONFIG", lambda: failing(50105)),
    ("D41", "SERVICE_OR_LOOP", lambda: failing(50196)),
    (
        "D42",
        "BOT_CREDENTIALS_BROKEN",
        lambda: an_evidence(
            user=unreadable("AADSTS7000222: the client secret has expired"),
            state=unreadable("AADSTS7000222: the client secret has expired"),
            interactive=unreadable(),
            non_interactive=unreadable(),
        ),
    ),
    ("D44", "CANNOT_TELL", lambda: failing(999_999)),
)


@pytest.mark.parametrize(
    ("rule", "verdict", "evidence"), EXAMPLES, ids=[f"{row[0]}-{index}" for index, row in enumerate(EXAMPLES)]
)
def test_example_is_judged_by_its_row(rule: str, verdict: str, evidence: Callable[[], Evidence]) -> None:
    answer = judged(evidence())
    assert (answer.rule, answer.verdict) == (rule, verdict)
    bands = [row.band for row in reading_order() if (row.id, row.verdict) == (rule, verdict)]
    assert any(band.low <= answer.confidence <= band.high for band in bands)
    assert answer.summary
    assert answer.remedy
    assert answer.steps
    assert any(exhibit.source for exhibit in answer.evidence)


def test_every_row_that_can_be_a_verdict_has_an_example() -> None:
    assert {rule.id for rule in RULES if not rule.is_annotation} == {rule for rule, _, _ in EXAMPLES}


def test_table_is_complete_and_in_order() -> None:
    ids = [rule.id for rule in RULES]
    assert list(dict.fromkeys(ids)) == [f"D{number:02}" for number in range(1, 45)]
    assert ids == sorted(ids)


def test_rows_sit_in_their_bands_and_carry_texts() -> None:
    for rule in RULES:
        assert rule.band.low <= rule.confidence <= rule.band.high, rule.id
        assert rule.summary, rule.id
        assert all(condition.text for condition in rule.when), rule.id
        assert all(link.startswith("https://") for link in rule.links), rule.id


def test_texts_address_nobody_and_use_no_private_shorthand() -> None:
    for rule in RULES:
        for text in (rule.summary, rule.remedy, rule.would_change, rule.why_not or ""):
            words = f" {text.lower()} ".replace(".", " ").replace(",", " ")
            assert " you " not in words, rule.id
            assert " your " not in words, rule.id
            assert "psso " not in words, rule.id


def test_codes_of_the_table_are_explained() -> None:
    codes = {
        int(word)
        for rule in RULES
        for c in rule.when
        for word in c.text.replace(",", " ").split()
        if word.isdigit()
    }
    assert {code for code in codes if meaning_of(code) is None} == set()


def test_confidence_of_d10_rises_when_the_mac_was_registered_minutes_before() -> None:
    bare = judged(failing(50076, state="enforced"))
    with_device = judged(failing(50076, state="enforced", devices=(a_mac(50),)))
    assert bare.confidence == 0.9
    assert with_device.confidence == 0.93


def test_wrong_password_announces_per_user_mfa_as_next() -> None:
    answer = judged(failing(50126, state="enforced"))
    assert (answer.verdict, answer.contributing) == ("WRONG_PASSWORD", ("PER_USER_MFA",))
    assert judged(failing(50126)).contributing == ()


def test_other_cause_first_names_per_user_mfa_and_both_remedies() -> None:
    answer = judged(failing(53003, state="enforced"))
    assert answer.rule == "D16"
    assert "PER_USER_MFA" in answer.contributing
    assert "per-user MFA" in answer.remedy
    assert not answer.can_request_disable


def test_other_cause_first_is_the_verdict_of_the_code() -> None:
    """A setting, a switched-off Mac or Jamf's app that would hold too is named beside it."""
    barred = DeviceRegistrationPolicy(mfa_required=False, user_device_quota=50, join_allowed="none")
    jamf = a_sign_in(
        53000, app_id=JAMF_REGISTRATION_APP, app_name="User registration app for Device Compliance"
    )
    beside: tuple[tuple[Evidence, str, str], ...] = (
        (
            failing(500021, state="enforced", device_registration_policy=barred),
            "TENANT_RESTRICTION",
            "NOT_ALLOWED_TO_JOIN",
        ),
        (
            failing(130005, state="enforced", devices=(a_mac(9000, account_enabled=False),)),
            "KEY_OR_PRT_BROKEN",
            "DEVICE_DISABLED",
        ),
        (an_evidence(a_sign_in(700082), jamf, state="enforced"), "SESSION_ENDED", "CA_DEVICE_STATE"),
    )
    for evidence, verdict, second in beside:
        answer = judged(evidence)
        assert (answer.rule, answer.verdict) == ("D16", verdict)
        assert {"PER_USER_MFA", second} <= set(answer.contributing)


def test_unexplained_code_is_no_all_clear_and_announces_per_user_mfa() -> None:
    cleared = (a_sign_in(50076, 60), a_sign_in(0, 50))
    answer = judged(an_evidence(*cleared, a_sign_in(987654, 10), state="enforced"))
    assert answer.verdict == "CANNOT_TELL"
    assert "PER_USER_MFA" in answer.contributing
    joined = an_evidence(
        a_sign_in(0, 50), a_sign_in(987654, 10, is_interactive=True), state="enforced", devices=(a_mac(9000),)
    )
    assert judged(joined).verdict == "CANNOT_TELL"


def test_named_policy_is_shown() -> None:
    answer = judged(an_evidence(a_sign_in(50076, applied_policies=CA_FAILED)))
    assert any("failure: Require MFA for all users" in exhibit.value for exhibit in answer.evidence)


def test_answer_carries_code_app_resource_time_correlation_and_state() -> None:
    failure = per_user_mfa_failure()
    answer = judged(an_evidence(failure, state="enforced"))
    facts = {exhibit.fact: exhibit for exhibit in answer.evidence}
    assert facts["Error code"].value.startswith("AADSTS50076")
    assert facts["Error code"].at == failure.created_at
    assert "Microsoft Authentication Broker" in facts["App"].value
    assert failure.resource_name in facts["Resource"].value
    assert facts["Time"].value == "2026-09-10 08:14:00 UTC"
    assert facts["Correlation id"].value == failure.correlation_id
    assert (facts["Per-user MFA state"].value, facts["Per-user MFA state"].at) == ("enforced", NOW)
    assert facts["Security defaults setting"].value == "off"
    assert facts["What would change this"].value


def test_enough_devices_with_a_new_mac_is_not_the_limit() -> None:
    rules = DeviceRegistrationPolicy(mfa_required=False, user_device_quota=1)
    assert (
        judged(an_evidence(devices=(a_mac(30),), device_registration_policy=rules)).verdict != "DEVICE_LIMIT"
    )


def test_registered_methods_do_not_make_up_for_an_unnamed_demand() -> None:
    answer = judged(failing(50079, methods=(an_authenticator(),)))
    assert answer.verdict == "CANNOT_TELL"


def test_window_starts_at_the_time_the_user_names() -> None:
    old = a_sign_in(53003, 60 * 20)
    assert judged(an_evidence(old)).verdict == "CA_BLOCK"
    assert judged(an_evidence(old, says_they_tried_at=minutes_ago(120))).verdict == "NEVER_REACHED_ENTRA"
    assert judged(an_evidence(old, window=timedelta(hours=2))).verdict == "NEVER_REACHED_ENTRA"


def test_page_of_rules_is_fresh(request: pytest.FixtureRequest) -> None:
    page = request.config.rootpath / "docs" / "rules.md"
    assert page.read_text("utf-8") == rules_page.page(), "run `make rules`"
