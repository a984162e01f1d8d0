"""What looks like per-user MFA and is not, and the other way round."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.domain.diagnosis import Diagnosis, Grade, diagnose
from bot.domain.evidence import AppSso, Evidence, PasteState, Peers
from bot.domain.people import Membership
from bot.domain.policies import AppScope, Conditions, DeviceRegistrationPolicy
from bot.domain.sign_ins import RequirementSource
from tests.domain.builders import (
    ADA,
    BY_CA,
    JAMF_CONNECT_APP,
    JAMF_REGISTRATION_APP,
    NOW,
    OUTLOOK_APP,
    a_coverage,
    a_device_registration,
    a_mac,
    a_platform_credential,
    a_policy,
    a_sign_in,
    a_user,
    absent,
    an_applied_policy,
    an_evidence,
    minutes_ago,
    per_user_mfa_failure,
    unreadable,
)

JAMF_APP = {"app_id": JAMF_REGISTRATION_APP, "app_name": "User registration app for Device Compliance"}


def judged(evidence: Evidence) -> Diagnosis:
    return diagnose(evidence, a_coverage())


def verdict(evidence: Evidence) -> str:
    return judged(evidence).verdict


# T1 50076 is an ordinary step-up answer


def test_t1_refusal_followed_by_success_of_the_same_request_does_not_count() -> None:
    refusal = a_sign_in(50076, 50, is_interactive=True)
    success = a_sign_in(0, 49, is_interactive=True, correlation_id=refusal.correlation_id)
    assert verdict(an_evidence(refusal, success, state="enforced")) == "PER_USER_MFA_NOT_CURRENTLY_BLOCKING"


# T2 Jamf Connect and other apps


@pytest.mark.parametrize("app", [OUTLOOK_APP, JAMF_CONNECT_APP])
def test_t2_refusals_of_other_apps_are_not_about_registration(app: str) -> None:
    rows = [a_sign_in(50076, minutes, app_id=app, app_name="Other") for minutes in range(10, 60)]
    suspected = judged(an_evidence(*rows, state="enforced"))
    assert suspected.verdict == "PER_USER_MFA_SUSPECTED"
    assert any(exhibit.fact == "NO_PSSO_EVIDENCE" for exhibit in suspected.evidence)
    assert "NO_PSSO_EVIDENCE" not in suspected.contributing
    assert verdict(an_evidence(*rows)) == "NEVER_REACHED_ENTRA"


# T3 lanes and correlation ids


def test_t3_success_in_another_lane_does_not_hide_the_refusal() -> None:
    refusal = per_user_mfa_failure(50)
    interactive = a_sign_in(0, 40, is_interactive=True)
    device_step = a_device_registration(0, 39)
    assert verdict(an_evidence(refusal, interactive, device_step, state="enforced")) == "PER_USER_MFA"


def test_t3_later_success_in_the_same_lane_clears() -> None:
    rows = (per_user_mfa_failure(50), a_sign_in(0, 40))
    assert verdict(an_evidence(*rows, state="enforced")) == "PER_USER_MFA_NOT_CURRENTLY_BLOCKING"


def test_t3_earlier_success_in_the_same_lane_does_not_clear() -> None:
    rows = (per_user_mfa_failure(50), a_sign_in(0, 60))
    assert verdict(an_evidence(*rows, state="enforced")) == "PER_USER_MFA"


@pytest.mark.parametrize("correlation", ["", "00000000-0000-0000-0000-000000000000"])
def test_t3_unusable_correlation_ids_do_not_join_lanes(correlation: str) -> None:
    refusal = per_user_mfa_failure(50, correlation_id=correlation)
    success = a_sign_in(0, 49, is_interactive=True, correlation_id=correlation)
    assert verdict(an_evidence(refusal, success, state="enforced")) == "PER_USER_MFA"


# T4 staleness


def test_t4_refusal_older_than_our_change_is_history() -> None:
    answer = judged(an_evidence(per_user_mfa_failure(50), state_changed_at=minutes_ago(20)))
    assert (answer.verdict, answer.can_request_disable) == ("PER_USER_MFA_ALREADY_REMOVED", False)


def test_t4_refusal_older_than_the_password_change_is_no_current_verdict() -> None:
    user = a_user(last_password_change_at=minutes_ago(20))
    answer = judged(an_evidence(per_user_mfa_failure(50), user=user, state="enforced"))
    assert answer.verdict == "PER_USER_MFA_SUSPECTED"
    assert any("older than the last change of the password" in line for line in answer.unknown)
    assert [line.outcome for line in answer.timeline] == ["stale"]


def test_t4_fresh_refusal_after_the_change_counts() -> None:
    answer = judged(an_evidence(a_sign_in(50076, 10), state_changed_at=minutes_ago(20)))
    assert answer.verdict == "CANNOT_TELL_WHO_DEMANDED_MFA"


def test_t4_fresh_failure_beats_stale_history() -> None:
    rows = (per_user_mfa_failure(50), a_sign_in(53003, 10))
    assert verdict(an_evidence(*rows, state_changed_at=minutes_ago(20))) == "CA_BLOCK"


def test_t4_stale_traffic_is_not_called_never_reached() -> None:
    user = a_user(last_password_change_at=minutes_ago(20))
    answer = judged(an_evidence(a_sign_in(50126, 50), user=user))
    assert (answer.verdict, answer.confidence) == ("CANNOT_TELL", 0.0)


def test_t4_unreadable_change_log_leaves_only_the_floor_of_the_band() -> None:
    answer = judged(an_evidence(per_user_mfa_failure(), state="enforced", state_changed_at=unreadable()))
    assert (answer.verdict, answer.confidence) == ("PER_USER_MFA", 0.95)
    assert any("our record of earlier changes" in line for line in answer.unknown)


# T5 disabled does not mean no MFA


def test_t5_disabled_state_never_gives_per_user_mfa() -> None:
    assert verdict(an_evidence(a_sign_in(50076))) == "CANNOT_TELL_WHO_DEMANDED_MFA"
    assert verdict(an_evidence(a_sign_in(50076, applied_policies=(an_applied_policy(),)))) == "CA_MFA"
    assert verdict(an_evidence(a_sign_in(50076), security_defaults=True)) == "SECURITY_DEFAULTS_MFA"


# T6 enabled is not harmless


def test_t6_enabled_state_blocks_too() -> None:
    answer = judged(an_evidence(a_sign_in(50076), state="enabled"))
    assert (answer.verdict, answer.rule, answer.confidence) == ("PER_USER_MFA", "D11", 0.82)
    assert answer.can_request_disable


# T7 report-only policies


@pytest.mark.parametrize("result", ["reportOnlyFailure", "reportOnlyInterrupted", "reportOnlySuccess"])
def test_t7_report_only_policies_never_block(result: str) -> None:
    refusal = a_sign_in(50076, applied_policies=(an_applied_policy(result),))
    assert judged(an_evidence(refusal, state="enforced")).rule == "D10"
    assert verdict(an_evidence(refusal)) == "CANNOT_TELL_WHO_DEMANDED_MFA"


def test_t7_results_of_unknown_form_decide_nothing() -> None:
    refusal = a_sign_in(50076, applied_policies=(an_applied_policy("unknownFutureValue"),))
    answer = judged(an_evidence(refusal, state="enforced"))
    assert answer.verdict == "CANNOT_TELL"
    assert "PER_USER_MFA" in answer.contributing


# T8 conditionalAccessStatus says little


def test_t8_status_success_with_no_listed_policy_is_not_read_as_no_policy() -> None:
    refusal = a_sign_in(50076, conditional_access_status="success", applied_policies=())
    assert verdict(an_evidence(refusal, state="enforced")) == "CANNOT_TELL"


def test_t8_not_applied_on_device_registration_does_not_rule_out_the_device_setting() -> None:
    rules = DeviceRegistrationPolicy(mfa_required=True, user_device_quota=50)
    refusal = a_device_registration(50076)
    answer = judged(an_evidence(refusal, state="enforced", device_registration_policy=rules))
    assert answer.verdict == "DEVICE_REGISTRATION_MFA"
    assert "PER_USER_MFA" in answer.contributing
    assert not answer.can_request_disable


def test_t8_device_registration_without_such_rules_is_left_to_elimination() -> None:
    assert judged(an_evidence(a_device_registration(50076), state="enforced")).rule == "D10"


def test_t8_disabled_state_with_a_device_rule_is_not_left_unexplained() -> None:
    rules = DeviceRegistrationPolicy(mfa_required=True, user_device_quota=50)
    answer = judged(an_evidence(a_device_registration(50076), device_registration_policy=rules))
    assert answer.verdict == "DEVICE_REGISTRATION_MFA"


# T9 missing Conditional Access details


def test_t9_missing_results_are_not_no_policy() -> None:
    answer = judged(an_evidence(a_sign_in(50076, applied_policies=None), state="enforced"))
    assert answer.verdict == "CANNOT_TELL"
    assert "PER_USER_MFA" in answer.contributing
    assert not answer.can_request_disable
    assert any(
        "Conditional Access results" in line and "PER_USER_MFA (D10)" in line for line in answer.unknown
    )
    assert any("not readable" in exhibit.value for exhibit in answer.evidence)


def test_t9_missing_results_do_not_matter_when_the_record_names_the_source() -> None:
    answer = judged(an_evidence(per_user_mfa_failure(applied_policies=None), state="enforced"))
    assert (answer.rule, answer.confidence) == ("D08", 0.97)


def test_t9_missing_results_with_state_disabled_stay_an_honest_unknown() -> None:
    answer = judged(an_evidence(a_sign_in(50076, applied_policies=None)))
    assert answer.verdict == "CANNOT_TELL_WHO_DEMANDED_MFA"
    assert any("CA_MFA (D19)" in line for line in answer.unknown)


# T11 the non-interactive log


def test_t11_without_the_non_interactive_log_nothing_is_called_silence() -> None:
    answer = judged(an_evidence(non_interactive=unreadable("the app lacks AuditLog.Read.All")))
    assert answer.verdict == "CANNOT_TELL"
    assert any("the app lacks AuditLog.Read.All" in line for line in answer.unknown)
    likely = judged(an_evidence(state="enforced", non_interactive=unreadable()))
    assert (likely.verdict, likely.confidence) == ("PER_USER_MFA_LIKELY", 0.6)


def test_t11_likely_is_not_said_when_the_readable_log_points_elsewhere() -> None:
    rows = a_sign_in(50126, is_interactive=True)
    answer = judged(an_evidence(rows, state="enforced", non_interactive=unreadable()))
    assert answer.verdict == "CANNOT_TELL"
    assert "WRONG_PASSWORD" in answer.contributing


# T12 other devices share the broker


@pytest.mark.parametrize("system", ["Windows", "Windows10", "Ios 17.4", "Android", "iPadOS"])
def test_t12_refusals_of_other_devices_are_ignored(system: str) -> None:
    answer = judged(an_evidence(per_user_mfa_failure(operating_system=system), state="enforced"))
    assert answer.verdict == "PER_USER_MFA_SUSPECTED"
    assert answer.timeline[0].outcome == "other device"


def test_t12_success_of_another_device_clears_nothing() -> None:
    rows = (per_user_mfa_failure(50), a_sign_in(0, 40, operating_system="Windows 11"))
    assert verdict(an_evidence(*rows, state="enforced")) == "PER_USER_MFA"


def test_t12_rows_without_a_system_stay() -> None:
    answer = judged(an_evidence(per_user_mfa_failure(operating_system=""), state="enforced"))
    assert answer.verdict == "PER_USER_MFA"


# T13 silence has several causes


def test_t13_not_allowed_to_join_is_silent_too() -> None:
    rules = DeviceRegistrationPolicy(False, 50, "selected", join_groups=frozenset({"Mac-Users"}))
    assert verdict(an_evidence(device_registration_policy=rules)) == "NOT_ALLOWED_TO_JOIN"
    member = Membership(group_ids=frozenset({"mac-users"}))
    assert verdict(an_evidence(device_registration_policy=rules, membership=member)) == "NEVER_REACHED_ENTRA"
    named = DeviceRegistrationPolicy(False, 50, "selected", join_users=frozenset({ADA.upper()}))
    assert verdict(an_evidence(device_registration_policy=named)) == "NEVER_REACHED_ENTRA"
    answer = judged(an_evidence(device_registration_policy=rules, state="enforced"))
    assert answer.verdict == "PER_USER_MFA_SUSPECTED"
    assert "NOT_ALLOWED_TO_JOIN" in answer.contributing


def test_t13_unreadable_device_rules_lower_the_confidence_of_silence() -> None:
    answer = judged(an_evidence(device_registration_policy=unreadable()))
    assert answer.verdict == "NEVER_REACHED_ENTRA"
    assert answer.confidence < judged(an_evidence()).confidence


def test_t13_not_allowed_to_join_stands_whatever_the_log_says() -> None:
    rules = DeviceRegistrationPolicy(False, 50, "none")
    answer = judged(
        an_evidence(device_registration_policy=rules, interactive=unreadable(), non_interactive=unreadable())
    )
    assert (answer.verdict, answer.confidence) == ("NOT_ALLOWED_TO_JOIN", 0.8)


# T14 trusted addresses


def test_t14_works_in_the_office_and_fails_at_home() -> None:
    office = a_sign_in(0, 600, ip_address="198.51.100.1")
    home = per_user_mfa_failure(20, ip_address="203.0.113.99")
    assert verdict(an_evidence(office, home, state="enforced")) == "PER_USER_MFA"
    cleared = judged(an_evidence(a_sign_in(50076, 700), office, state="enforced"))
    assert cleared.verdict == "PER_USER_MFA_NOT_CURRENTLY_BLOCKING"
    assert not cleared.can_request_disable


# T15 counts differ


def test_t15_repeated_rows_count_once() -> None:
    refusal = per_user_mfa_failure()
    evidence = an_evidence(refusal, refusal, refusal, state="enforced")
    assert judged(evidence) == judged(an_evidence(refusal, state="enforced"))
    assert len(judged(evidence).timeline) == 1


# T16 policies cannot target the broker


def test_t16_policy_in_force_without_result_for_the_broker_does_not_share_the_blame() -> None:
    policy = a_policy(conditions=Conditions(applications=AppScope(frozenset({"All"}))))
    answer = judged(an_evidence(a_sign_in(50076), state="enforced", conditional_access_policies=(policy,)))
    assert (answer.verdict, answer.rule) == ("PER_USER_MFA", "D10")


# T17 a key belongs to one Mac


def test_t17_key_of_an_old_mac_does_not_prove_the_new_one() -> None:
    macs = (a_mac(20, display_name="New Mac"), a_mac(90_000, id="2", display_name="Old Mac"))
    old_key = a_platform_credential(80_000, display_name="Old Mac")
    assert verdict(an_evidence(devices=macs, methods=(old_key,))) != "ALREADY_REGISTERED"
    old_mac_again = a_platform_credential(10, display_name="Old Mac")
    assert verdict(an_evidence(devices=macs, methods=(old_mac_again,))) != "ALREADY_REGISTERED"
    failing = an_evidence(a_sign_in(50076, 15), devices=macs, methods=(old_key,), state="enforced")
    assert verdict(failing) == "PER_USER_MFA"
    new_key = a_platform_credential(10, display_name="New Mac")
    assert verdict(an_evidence(devices=macs, methods=(old_key, new_key))) == "ALREADY_REGISTERED"


def test_t17_old_key_without_any_sign_in_does_not_prove_a_new_mac() -> None:
    long_ago = 60 * 24 * 300
    kept = {"devices": (a_mac(long_ago),), "methods": (a_platform_credential(long_ago - 5),)}
    assert verdict(an_evidence(**kept)) == "NEVER_REACHED_ENTRA"
    assert verdict(an_evidence(state="enforced", **kept)) == "PER_USER_MFA_SUSPECTED"
    in_use = judged(an_evidence(a_sign_in(0, 30), **kept))
    assert (in_use.verdict, in_use.confidence) == ("ALREADY_REGISTERED", 0.95)


def test_t17_key_of_today_proves_registration_before_the_log_shows_it() -> None:
    today = an_evidence(devices=(a_mac(48),), methods=(a_platform_credential(45),))
    assert verdict(today) == "ALREADY_REGISTERED"


# T18 codes may change


def test_t18_unknown_code_is_an_honest_unknown_with_a_link() -> None:
    answer = judged(an_evidence(a_sign_in(987_654)))
    assert answer.verdict == "CANNOT_TELL"
    assert "https://login.microsoftonline.com/error?code=987654" in answer.links


# D03: registered, or only a device object


def test_device_object_alone_is_no_proof() -> None:
    macs = (a_mac(48),)
    assert verdict(an_evidence(devices=macs)) != "ALREADY_REGISTERED"
    rows = (a_device_registration(0, 48), per_user_mfa_failure(47))
    assert verdict(an_evidence(*rows, devices=macs, state="enforced")) == "PER_USER_MFA"


def test_success_older_than_the_mac_is_no_proof() -> None:
    assert verdict(an_evidence(a_sign_in(0, 60), devices=(a_mac(48),))) != "ALREADY_REGISTERED"


def test_key_older_than_the_last_failure_is_no_proof() -> None:
    keys = (a_platform_credential(60),)
    evidence = an_evidence(per_user_mfa_failure(30), methods=keys, devices=(a_mac(62),), state="enforced")
    assert verdict(evidence) == "PER_USER_MFA"


def test_success_without_key_is_medium_and_with_key_high() -> None:
    rows, macs = a_sign_in(0, 40), (a_mac(48),)
    assert judged(an_evidence(rows, devices=macs)).confidence == 0.7
    with_key = judged(an_evidence(rows, devices=macs, methods=(a_platform_credential(45),)))
    assert with_key.confidence == 0.95


def test_mac_that_denies_registration_is_believed() -> None:
    paste = AppSso(registration_completed=False, user_state=PasteState.NEEDS_REGISTRATION)
    evidence = an_evidence(a_sign_in(0, 40), devices=(a_mac(48),), app_sso=paste)
    assert verdict(evidence) == "REGISTERED_PASSWORD_MODE_OR_KEY_STEP_MISSING"


def test_output_of_another_persons_mac_proves_nothing() -> None:
    paste = AppSso(
        registration_completed=True,
        user_state=PasteState.NORMAL,
        tokens_received_at=minutes_ago(5),
        login_user_name="grace@contoso.com",
    )
    assert verdict(an_evidence(app_sso=paste)) != "ALREADY_REGISTERED"


# D10, D12, D19–D21: who demanded MFA


def test_unreadable_security_defaults_leave_elimination_open() -> None:
    answer = judged(an_evidence(a_sign_in(50076), state="enforced", security_defaults=unreadable()))
    assert answer.verdict == "CANNOT_TELL"
    assert "PER_USER_MFA" in answer.contributing
    assert any(
        "security defaults are off, the verdict would be PER_USER_MFA (D10)" in line
        for line in answer.unknown
    )


def test_unreadable_state_leaves_it_open_even_when_the_record_names_it() -> None:
    answer = judged(an_evidence(per_user_mfa_failure(), state=unreadable("beta call refused")))
    assert answer.verdict == "CANNOT_TELL"
    assert {"PER_USER_MFA", "PER_USER_MFA_ALREADY_REMOVED"} <= set(answer.contributing)
    assert any("beta call refused" in line and "PER_USER_MFA (D08)" in line for line in answer.unknown)
    assert not answer.can_request_disable


def test_absent_state_is_not_disabled() -> None:
    assert verdict(an_evidence(per_user_mfa_failure(), state=absent())) == "CANNOT_TELL"


def test_policy_named_beside_per_user_mfa_makes_two_sources() -> None:
    rows = a_sign_in(50076, requirement_sources=BY_CA)
    assert verdict(an_evidence(rows, state="enforced")) == "MFA_FROM_TWO_SOURCES"
    both = per_user_mfa_failure(applied_policies=(an_applied_policy(),))
    answer = judged(an_evidence(both, state="enforced"))
    assert answer.verdict == "PER_USER_MFA"
    assert "MFA_FROM_TWO_SOURCES" in answer.contributing


def test_failed_policy_without_an_mfa_grant_is_not_conditional_access_mfa() -> None:
    block = an_applied_policy("failure", "Block", name="Block elsewhere")
    answer = judged(an_evidence(a_sign_in(50076, applied_policies=(block,))))
    assert answer.verdict == "CANNOT_TELL"


def test_policy_without_listed_controls_is_looked_up() -> None:
    applied = replace(an_applied_policy("failure"), grant_controls=())
    evidence = an_evidence(
        a_sign_in(50076, applied_policies=(applied,)), conditional_access_policies=(a_policy(),)
    )
    assert verdict(evidence) == "CA_MFA"


def test_provider_of_unknown_form_counts_as_missing() -> None:
    rows = a_sign_in(50076, requirement_sources=(RequirementSource("unknownFutureValue"),))
    assert judged(an_evidence(rows, state="enforced")).rule == "D10"


def test_security_defaults_confidence_depends_on_the_record() -> None:
    unnamed = judged(an_evidence(a_sign_in(50076), security_defaults=True))
    sources = (RequirementSource("securityDefaults"),)
    named = judged(an_evidence(a_sign_in(50076, requirement_sources=sources), security_defaults=True))
    assert unnamed.confidence < 0.8 <= named.confidence


def test_unreadable_methods_leave_the_textbook_case_confirmed() -> None:
    answer = judged(an_evidence(per_user_mfa_failure(), state="enforced", methods=unreadable()))
    assert (answer.verdict, answer.confidence) == ("PER_USER_MFA", 0.95)
    assert any("ALREADY_REGISTERED" in line or "sign-in methods" in line for line in answer.unknown)


# D15 and D36: silence


def test_suspicion_comes_before_silence_and_points_to_it() -> None:
    answer = judged(an_evidence(state="enforced"))
    assert (answer.verdict, answer.confidence) == ("PER_USER_MFA_SUSPECTED", 0.45)
    assert "NEVER_REACHED_ENTRA" in answer.contributing
    assert not answer.can_request_disable


def test_silence_just_after_a_try_is_inconclusive() -> None:
    answer = judged(an_evidence(says_they_tried_at=minutes_ago(10)))
    assert answer.verdict == "CANNOT_TELL"
    assert "NEVER_REACHED_ENTRA" in answer.contributing


def test_silence_needs_both_logs_and_the_devices() -> None:
    assert verdict(an_evidence(interactive=unreadable())) == "CANNOT_TELL"
    assert verdict(an_evidence(devices=unreadable())) == "CANNOT_TELL"


def test_what_the_mac_says_moves_silence() -> None:
    stopped = AppSso(has_device_configuration=True, has_login_configuration=True)
    assert verdict(an_evidence(app_sso=stopped)) == "CANNOT_TELL"
    suspected = judged(an_evidence(app_sso=stopped, state="enforced"))
    assert (suspected.verdict, suspected.confidence) == ("PER_USER_MFA_SUSPECTED", 0.55)
    assert judged(an_evidence(app_sso=AppSso())).confidence == 0.8
    unregistered = replace(stopped, registration_completed=False)
    assert verdict(an_evidence(app_sso=unregistered)) == "NEVER_REACHED_ENTRA"
    enclave = replace(stopped, method="secure enclave")
    assert judged(an_evidence(app_sso=enclave, state="enforced")).confidence == 0.45


def test_interrupts_alone_are_no_failure() -> None:
    waiting = judged(an_evidence(a_sign_in(50058, 5)))
    assert waiting.verdict == "CANNOT_TELL"
    unresolved = judged(an_evidence(a_sign_in(50097, 60)))
    assert unresolved.verdict == "DEVICE_AUTH_FAILED"
    masked = an_evidence(
        per_user_mfa_failure(50), a_sign_in(50058, 30, is_interactive=True), state="enforced"
    )
    assert verdict(masked) == "PER_USER_MFA"


def test_old_disabled_mac_does_not_explain_the_new_one() -> None:
    macs = (a_mac(30), a_mac(90_000, id="2", display_name="Old Mac", account_enabled=False))
    assert verdict(an_evidence(devices=macs)) != "DEVICE_DISABLED"


def test_registered_jamf_app_blocked_is_named_beside_registration() -> None:
    rows = (a_sign_in(0, 40), a_sign_in(53000, 20, **JAMF_APP))
    answer = judged(an_evidence(*rows, devices=(a_mac(48),)))
    assert answer.verdict == "ALREADY_REGISTERED"
    assert "CA_DEVICE_STATE" in answer.contributing


# Peers


def test_peers_raise_within_the_band_and_lower_below_it() -> None:
    contrast = Peers(disabled_registered=4, enforced_failed=3)
    assert judged(an_evidence(a_sign_in(50076), state="enforced", peers=contrast)).confidence == 0.95
    assert judged(an_evidence(per_user_mfa_failure(), state="enforced", peers=contrast)).confidence == 0.99
    same = Peers(disabled_failed_same_way=2)
    assert judged(an_evidence(a_sign_in(50076), state="enforced", peers=same)).confidence == 0.6


def test_peers_failing_the_same_way_prefer_the_tenant_wide_cause() -> None:
    rows = (per_user_mfa_failure(50), a_sign_in(53000, 20, **JAMF_APP))
    assert verdict(an_evidence(*rows, state="enforced")) == "PER_USER_MFA"
    answer = judged(an_evidence(*rows, state="enforced", peers=Peers(disabled_failed_same_way=2)))
    assert answer.verdict == "CA_DEVICE_STATE"
    assert "PER_USER_MFA" in answer.contributing


# Who may ask for the change


def test_request_needs_full_coverage() -> None:
    evidence = an_evidence(per_user_mfa_failure(), state="enforced")
    assert diagnose(evidence, a_coverage()).can_request_disable
    for grade in (Grade.PARTIAL, Grade.NONE, Grade.UNKNOWN):
        answer = diagnose(evidence, a_coverage(grade))
        assert not answer.can_request_disable
        assert answer.why_not
    widened = frozenset({Grade.FULL, Grade.PARTIAL})
    assert diagnose(evidence, a_coverage(Grade.PARTIAL), requestable=widened).can_request_disable


def test_partial_coverage_names_the_gaps() -> None:
    evidence = an_evidence(per_user_mfa_failure(), state="enforced")
    assert "from macOS" in (diagnose(evidence, a_coverage(Grade.PARTIAL)).why_not or "")


@pytest.mark.parametrize("change", [{"user_type": "Guest"}, {"account_enabled": None}])
def test_request_needs_an_enabled_member(change: dict[str, object]) -> None:
    answer = judged(an_evidence(per_user_mfa_failure(), state="enforced", user=a_user(**change)))
    assert answer.verdict == "PER_USER_MFA"
    assert not answer.can_request_disable
    assert answer.why_not


def test_risky_sign_in_goes_to_security_first() -> None:
    answer = judged(an_evidence(per_user_mfa_failure(risk_level="high"), state="enforced"))
    assert answer.verdict == "PER_USER_MFA"
    assert not answer.can_request_disable
    assert "Security" in (answer.why_not or "")


def test_old_member_without_a_user_type_may_be_requested_and_an_invited_guest_not() -> None:
    refusal = per_user_mfa_failure()
    member = judged(an_evidence(refusal, state="enforced", user=a_user(user_type=None)))
    name = "ada_fabrikam.com#EXT#@contoso.onmicrosoft.com"
    guest = a_user(user_type=None, user_principal_name=name)
    assert member.can_request_disable
    assert not judged(an_evidence(refusal, state="enforced", user=guest)).can_request_disable


def test_users_without_per_user_mfa_failing_alike_do_not_weaken_other_causes() -> None:
    rows = a_sign_in(50105)
    alike = Peers(disabled_failed_same_way=3)
    assert judged(an_evidence(rows, peers=alike)).confidence == judged(an_evidence(rows)).confidence


def test_unregistered_user_is_told_to_register_methods_first() -> None:
    answer = judged(an_evidence(a_sign_in(50079), state="enforced"))
    assert not answer.can_request_disable
    assert "Register methods first" in (answer.why_not or "")


def test_two_sources_and_likely_may_be_requested() -> None:
    two = an_evidence(a_sign_in(50076, applied_policies=(an_applied_policy(),)), state="enforced")
    likely = an_evidence(state="enforced", interactive=unreadable(), non_interactive=unreadable())
    assert judged(two).can_request_disable
    assert judged(likely).can_request_disable


# Times


def test_offsets_of_time_do_not_matter() -> None:
    there = timezone(timedelta(hours=-7))
    refusal = per_user_mfa_failure(50)
    success = a_sign_in(0, 40)
    moved = replace(success, created_at=success.created_at.astimezone(there))
    assert verdict(an_evidence(moved, refusal, state="enforced")) == "PER_USER_MFA_NOT_CURRENTLY_BLOCKING"
    assert judged(an_evidence(refusal, state="enforced")).newest_broker_sign_in_at == refusal.created_at


def test_rows_before_the_window_do_not_count() -> None:
    old = per_user_mfa_failure(60 * 80)
    assert old.created_at < NOW - timedelta(hours=72)
    answer = judged(an_evidence(old, state="enforced"))
    assert (answer.verdict, answer.timeline) == ("PER_USER_MFA_SUSPECTED", ())
    assert answer.read_at == datetime(2026, 9, 10, 9, 0, tzinfo=UTC)
