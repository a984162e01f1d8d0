"""The light form: what one row says by itself, and that it never disagrees with the whole diagnosis."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.aadsts import meaning_of
from bot.domain.alerts import Sighting, Source
from bot.domain.attempts import INTERRUPT_CODES
from bot.domain.diagnosis import diagnose
from bot.domain.light import MENDED_BY_PEOPLE, may_matter, network_of, sighting_of
from bot.domain.people import PerUserMfaState
from bot.domain.policies import DeviceRegistrationPolicy
from bot.domain.sign_ins import (
    BROKER_APP,
    DEVICE_REGISTRATION_RESOURCE,
    AppliedPolicy,
    RequirementSource,
    SignIn,
)
from tests.domain.builders import (
    AAD_GRAPH,
    ADA,
    BY_CA,
    BY_SECURITY_DEFAULTS,
    NOW,
    OUTLOOK_APP,
    PER_USER,
    a_coverage,
    a_device_registration,
    a_policy,
    a_sign_in,
    an_applied_policy,
    an_authenticator,
    an_evidence,
    per_user_mfa_failure,
)


def seen(row: SignIn) -> Sighting | None:
    return sighting_of(row, Source.STREAM, NOW)


MFA_POLICY = (an_applied_policy("failure", "Mfa"),)
BLOCKING_POLICY = (an_applied_policy("failure", "Block"),)
REPORT_ONLY = (an_applied_policy("reportOnlyFailure", "Mfa"),)
DRS: dict[str, Any] = {"resource_id": DEVICE_REGISTRATION_RESOURCE}
COMPANY_PORTAL_APP = "9ba1a5c7-f17a-4de9-a1f1-6178c8d51223"
PORTAL = {**DRS, "app_id": COMPANY_PORTAL_APP}

# The decision table's own words, with nothing known but the row: code, what the row carries, verdict.
ROWS: list[tuple[int, dict[str, Any], str]] = [
    (50057, {}, "ACCOUNT_DISABLED"),
    (500341, {}, "ACCOUNT_DISABLED"),
    (50053, {}, "ACCOUNT_LOCKED_OR_BAD_IP"),
    (50055, {}, "PASSWORD_EXPIRED_OR_FORCED_CHANGE"),
    (50144, {}, "PASSWORD_EXPIRED_OR_FORCED_CHANGE"),
    (50142, {"risk_level": "high"}, "PASSWORD_EXPIRED_OR_FORCED_CHANGE"),
    (50126, {}, "WRONG_PASSWORD"),
    (50126, {"requirement_sources": PER_USER}, "WRONG_PASSWORD"),  # per-user MFA would only be the next
    (50056, {"is_interactive": True}, "WRONG_PASSWORD"),
    (50034, {}, "WRONG_ACCOUNT_OR_TENANT"),
    (90072, {}, "WRONG_ACCOUNT_OR_TENANT"),
    (50076, {"requirement_sources": PER_USER}, "PER_USER_MFA"),
    (50076, {"requirement_sources": PER_USER, "applied_policies": REPORT_ONLY}, "PER_USER_MFA"),
    (50076, {"requirement_sources": (RequirementSource("", "Per-user MFA"),)}, "PER_USER_MFA"),
    (50076, {"applied_policies": MFA_POLICY}, "CA_MFA"),
    (50076, {"requirement_sources": BY_CA}, "CA_MFA"),
    (50074, {"applied_policies": MFA_POLICY, "is_interactive": True}, "CA_MFA"),
    (50076, {"requirement_sources": BY_SECURITY_DEFAULTS}, "SECURITY_DEFAULTS_MFA"),
    (50076, {"applied_policies": REPORT_ONLY}, "CANNOT_TELL_WHO_DEMANDED_MFA"),
    (50076, {"applied_policies": None}, "CANNOT_TELL_WHO_DEMANDED_MFA"),
    (50076, {}, "CANNOT_TELL_WHO_DEMANDED_MFA"),
    (50076, DRS, "DEVICE_REGISTRATION_MFA"),
    (50074, PORTAL, "DEVICE_REGISTRATION_MFA"),
    (50079, {"requirement_sources": PER_USER}, "PER_USER_MFA_NOT_REGISTERED"),
    (50072, {"requirement_sources": BY_SECURITY_DEFAULTS}, "MFA_REGISTRATION_MISSING"),
    (50079, {}, "MFA_REGISTRATION_MISSING"),
    (500121, {"is_interactive": True}, "MFA_PROMPT_NOT_COMPLETED"),
    (50074, {}, "MFA_PROMPT_NOT_COMPLETED"),
    (50088, {}, "MFA_PROMPT_NOT_COMPLETED"),
    (53000, {}, "CA_DEVICE_STATE"),
    (53001, {"applied_policies": BLOCKING_POLICY}, "CA_DEVICE_STATE"),
    (53003, {"applied_policies": BLOCKING_POLICY}, "CA_BLOCK"),
    (530032, {}, "CA_BLOCK"),
    (530084, {}, "TOKEN_PROTECTION"),
    (53004, {}, "RISK_OR_REGISTRATION_RESTRICTION"),
    (50126, {"risk_level": "high"}, "WRONG_PASSWORD"),
    (99999, {"risk_level": "High"}, "RISK_OR_REGISTRATION_RESTRICTION"),
    (70043, {}, "SESSION_ENDED"),
    (700082, {}, "SESSION_ENDED"),
    (240001, DRS, "NOT_ALLOWED_TO_JOIN"),
    (135011, {}, "DEVICE_DISABLED"),
    (700003, {}, "DEVICE_OBJECT_GONE"),
    (50155, {}, "DEVICE_AUTH_FAILED"),
    (130005, {}, "KEY_OR_PRT_BROKEN"),
    (500021, {}, "TENANT_RESTRICTION"),
    (50105, {}, "APP_CONFIG"),
    (90033, {}, "SERVICE_OR_LOOP"),
    (99999, {}, "CANNOT_TELL"),
    (50005, {"applied_policies": None}, "CA_DEVICE_STATE"),
]


@pytest.mark.parametrize(("code", "change", "verdict"), ROWS)
def test_the_table_read_with_one_row(code: int, change: dict[str, Any], verdict: str) -> None:
    sighting = seen(a_sign_in(code, **change))
    assert sighting is not None
    assert sighting.verdict == verdict


def test_what_is_kept_of_a_row() -> None:
    row = per_user_mfa_failure(
        device_name="MAC-1", device_id="d-1", user_principal_name="ada@contoso.com", user_display_name="Ada"
    )
    sighting = seen(row)
    assert sighting is not None
    assert (sighting.id, sighting.at, sighting.read_at) == (row.id, row.created_at, NOW)
    assert (sighting.user_id, sighting.user_principal_name, sighting.user_name) == (
        ADA,
        "ada@contoso.com",
        "Ada",
    )
    assert (sighting.rule, sighting.error_code, sighting.app_id) == ("D08", 50076, BROKER_APP)
    assert (sighting.network, sighting.country) == ("203.0.113.0/24", "DE")
    assert (sighting.device_name, sighting.device_id) == ("MAC-1", "d-1")
    assert sighting.correlation_id == row.correlation_id
    assert sighting.lane == f"{BROKER_APP}/{AAD_GRAPH}/background"
    assert sighting.in_background
    assert not sighting.registered


def test_a_time_that_no_clock_shows_is_taken_to_be_of_now() -> None:
    never, fast = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), NOW + timedelta(hours=3)
    found = [
        sighting_of(replace(per_user_mfa_failure(), created_at=at), Source.STREAM, NOW)
        for at in (never, fast)
    ]
    assert [sighting.at for sighting in found if sighting] == [NOW, fast]


def test_a_failure_that_is_published_again_as_a_success_is_two_sightings() -> None:
    failure = per_user_mfa_failure()
    success = seen(replace(failure, error_code=0))
    assert success is not None
    assert success.registered
    assert success.id not in ("", failure.id)


def test_one_failed_policy_is_named_and_of_two_none() -> None:
    other = AppliedPolicy("pol-2", "Block the rest", "failure", ("Block",))
    passed = AppliedPolicy("pol-3", "Terms of use", "success")
    one, two = (
        seen(a_sign_in(53003, applied_policies=found)) for found in ((other, passed), (*MFA_POLICY, other))
    )
    assert one is not None
    assert two is not None
    assert (one.policy_id, one.policy_name) == ("pol-2", "Block the rest")
    assert (two.policy_id, two.policy_name) == ("", "")


@pytest.mark.parametrize(
    "row",
    [
        a_sign_in(50076, app_id=OUTLOOK_APP),
        a_sign_in(0, app_id=OUTLOOK_APP),
        a_sign_in(50076, operating_system="Windows10"),
        a_sign_in(0, operating_system="Ios 18"),
        a_sign_in(50076, operating_system="", user_agent="Dalvik (Linux; Android 15)"),
        a_device_registration(0),
        a_device_registration(0, app_id=COMPANY_PORTAL_APP),
        *(a_sign_in(code) for code in sorted(INTERRUPT_CODES)),
    ],
)
def test_rows_that_do_not_matter(row: SignIn) -> None:
    assert seen(row) is None


def test_the_brokers_token_is_a_registration() -> None:
    sighting = seen(a_sign_in(0))
    assert sighting is not None
    assert sighting.registered
    assert (sighting.verdict, sighting.summary) == ("", "")


def test_an_account_that_entra_does_not_know_has_no_object_id() -> None:
    sighting = seen(a_sign_in(50034, user_id="00000000-0000-0000-0000-000000000000"))
    assert sighting is not None
    assert sighting.user_id == ""


def test_an_unknown_code_is_told_in_entras_words() -> None:
    known, unknown = seen(a_sign_in(90013)), seen(a_sign_in(99999))
    assert known is not None
    assert unknown is not None
    meaning = meaning_of(90013)
    assert meaning is not None
    assert known.summary == f"AADSTS90013: {meaning.meaning}"
    assert unknown.summary == "Entra refused the sign-in with AADSTS99999."


def test_a_row_says_nothing_about_a_state_that_nobody_read() -> None:
    for change in ({"applied_policies": MFA_POLICY}, {"requirement_sources": BY_SECURITY_DEFAULTS}):
        for code in (50076, 50079):
            sighting = seen(a_sign_in(code, **change))
            assert sighting is not None
            assert "er-user" not in sighting.summary


def test_codes_that_people_mend_are_known_and_say_why() -> None:
    for code, reason in MENDED_BY_PEOPLE.items():
        assert meaning_of(code) is not None
        assert reason.endswith(("moment later", "next try", "asked for again"))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        (" 203.0.113.255 ", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::ffff:203.0.113.9", "203.0.113.0/24"),
        ("", ""),
        ("unknown", ""),
        ("203.0.113.7:443", ""),
    ],
)
def test_network(address: str, network: str) -> None:
    assert network_of(address) == network


def test_what_may_matter_is_seen_before_a_record_is_read() -> None:
    assert may_matter(BROKER_APP, AAD_GRAPH)
    assert may_matter(BROKER_APP.upper(), None)
    assert may_matter(OUTLOOK_APP, DEVICE_REGISTRATION_RESOURCE)
    assert may_matter(None, DEVICE_REGISTRATION_RESOURCE.upper())
    assert not may_matter(OUTLOOK_APP, AAD_GRAPH)
    assert not may_matter(None, 7)


CODES = sorted({code for code, _, _ in ROWS} | {50072, 50158, 0})
NAMED = [None, (), PER_USER, BY_CA, BY_SECURITY_DEFAULTS, (*PER_USER, *BY_CA), (RequirementSource("new"),)]
RESULTS = ["failure", "success", "notApplied", "reportOnlyFailure", "unknownFutureValue", "Failure"]
policies = st.one_of(
    st.none(),
    st.lists(
        st.builds(
            AppliedPolicy,
            st.sampled_from(["pol-1", "pol-2"]),
            st.just("Policy"),
            st.sampled_from(RESULTS),
            st.sampled_from([("Mfa",), ("Block",), ("RequireCompliantDevice", "Mfa")]),
        ),
        max_size=4,
    ).map(tuple),
)


@st.composite
def rows(draw: st.DrawFn) -> SignIn:
    make = draw(st.sampled_from([a_sign_in, a_sign_in, a_device_registration]))
    change = {"app_id": COMPANY_PORTAL_APP} if make is a_device_registration and draw(st.booleans()) else {}
    row: SignIn = make(
        draw(st.sampled_from(CODES)),
        is_interactive=draw(st.booleans()),
        requirement_sources=draw(st.sampled_from(NAMED)),
        applied_policies=draw(policies),
        conditional_access_status=draw(st.sampled_from(["success", "failure", "notApplied", ""])),
        risk_level=draw(st.sampled_from(["none", "high", ""])),
        **change,
    )
    return row


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows(), st.booleans())
def test_it_agrees_with_the_whole_diagnosis(row: SignIn, knows_policies: bool) -> None:
    """Of an ordinary person in an ordinary tenant whose settings are those that the row speaks of."""
    sighting = seen(row)
    if sighting is None or sighting.registered:
        return
    named = row.requirement_sources or ()
    is_on = row.is_broker and any(one.provider == "user" for one in named)
    evidence = an_evidence(
        row,
        state=PerUserMfaState.ENFORCED if is_on else PerUserMfaState.DISABLED,
        security_defaults=any(one.provider == "securityDefaults" for one in named),
        device_registration_policy=DeviceRegistrationPolicy(
            mfa_required=row.is_device_registration, user_device_quota=50
        ),
        methods=() if row.error_code in (50072, 50079) else (an_authenticator(),),
        conditional_access_policies=(a_policy(state="disabled"),) if knows_policies else (),
    )
    diagnosis = diagnose(evidence, a_coverage())
    assert (sighting.verdict, sighting.rule) == (diagnosis.verdict, diagnosis.rule)


@settings(max_examples=200, deadline=None)
@given(rows())
def test_a_row_judged_again_is_judged_the_same(row: SignIn) -> None:
    assert seen(row) == seen(row)
