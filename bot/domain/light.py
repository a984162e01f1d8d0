"""The light form of the diagnosis: what one row of the sign-in log says by itself, in microseconds.

Nothing is asked of Graph. The decision table is read as if everything that the row does not show were
ordinary: the account is enabled, no other row exists, and per-user MFA is on only where the record names
it. So the verdict is what `diagnose` would say if nothing else turned up, and never claims more than that.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple

from bot.domain.aadsts import meaning_of
from bot.domain.alerts import Sighting, Source
from bot.domain.attempts import INTERRUPT_CODES, Relevance, relevance_of, usable_correlation
from bot.domain.conditions.failure import names_per_user_mfa
from bot.domain.evidence import Absent, Evidence, Known
from bot.domain.judge import judge
from bot.domain.people import AuthenticationMethod, Membership, ObjectId, PerUserMfaState, User
from bot.domain.policies import DeviceRegistrationPolicy
from bot.domain.sign_ins import (
    BROKER_APP,
    DEVICE_REGISTRATION_RESOURCE,
    AppliedPolicy,
    RequirementSource,
    SignIn,
)
from bot.domain.situation import Situation

TRIES_BEFORE_NEWS = 3
MENDED_BY_PEOPLE = {
    50126: "a mistyped password is typed again a moment later",
    500121: "a prompt that was missed or declined comes again with the next try",
    50087: "a call or text message that did not arrive is asked for again",
    50088: "a call or text message that did not arrive is asked for again",
    65004: "a declined consent is asked for again with the next try",
    90013: "a mistyped name is typed again a moment later",
}
"""Codes that people put right by trying again, and why: news only after TRIES_BEFORE_NEWS within minutes."""

FARTHEST_AHEAD = timedelta(days=1)
"""No clock is so far before ours. What says so, "never" as the year 9999 for one, is taken to be of now."""

MOST_SIGNATURES = 4_096
MOST_NETWORKS = 16_384
_NOBODY = "00000000-0000-0000-0000-000000000000"
_MFA_CODES = frozenset({50072, 50074, 50076, 50079})
_ENROL_CODES = frozenset({50072, 50079})

_WITHOUT_THE_STATE = {
    "MFA_REGISTRATION_MISSING": "The user has to register an MFA method before the Mac can register.",
    "CA_MFA": "A Conditional Access policy demands MFA in a step that could not show it.",
    "SECURITY_DEFAULTS_MFA": "Security defaults demand MFA of the user.",
}
"""For rows whose own summary also speaks of the per-user MFA state, which nobody has read here."""


def may_matter(app_id: object, resource_id: object) -> bool:
    """Tell whether a record can be about registration, from its raw appId and resourceId alone.

    For adapters, before they build a whole `SignIn`: most of a tenant's records stop here.
    """
    return (
        app_id == BROKER_APP
        or resource_id == DEVICE_REGISTRATION_RESOURCE
        or (isinstance(app_id, str) and app_id.lower() == BROKER_APP)
        or (isinstance(resource_id, str) and resource_id.lower() == DEVICE_REGISTRATION_RESOURCE)
    )


def sighting_of(row: SignIn, source: Source, read_at: datetime) -> Sighting | None:
    """Return what alerting keeps of a row; None when it does not matter.

    Other apps, other devices and pauses of an ordinary sign-in do not, nor does a success that is not the
    broker's token: the device registers before the request that per-user MFA refuses.
    """
    if not may_matter(row.app_id, row.resource_id) or row.error_code in INTERRUPT_CODES:
        return None
    is_token = row.is_broker and not row.is_device_registration
    if row.succeeded and not is_token:
        return None
    if relevance_of(row) is not Relevance.REGISTRATION:
        return None
    failed = () if row.succeeded else _failed(row.applied_policies)
    verdict = _REGISTERED if row.succeeded else _light(_signature(row, failed))
    stopped_by = failed[0] if len(failed) == 1 else None
    return Sighting(
        # the log may publish a failure again as the success that came of it, and both are news
        id=f"{row.id}/registered" if row.succeeded else row.id,
        at=row.created_at if row.created_at - read_at < FARTHEST_AHEAD else read_at,
        read_at=read_at,
        source=source,
        user_id="" if row.user_id == _NOBODY else row.user_id,
        user_principal_name=row.user_principal_name,
        user_name=row.user_display_name,
        registered=row.succeeded,
        verdict=verdict.verdict,
        rule=verdict.rule,
        summary=verdict.summary,
        error_code=row.error_code,
        app_id=row.app_id,
        correlation_id=usable_correlation(row) or "",
        network=network_of(row.ip_address),
        country=row.country,
        device_name=row.device_name,
        device_id=row.device_id,
        policy_id=stopped_by.id if stopped_by else "",
        policy_name=stopped_by.display_name if stopped_by else "",
        lane=f"{row.app_id}/{row.resource_id}/{'interactive' if row.is_interactive else 'background'}",
    )


@lru_cache(MOST_NETWORKS)
def network_of(ip: str) -> str:
    """Return the address's /24, or /48 for IPv6: about one site; empty for what is no address."""
    try:
        address = ip_address(ip.strip())
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(ip_network((address, 48 if address.version == 6 else 24), strict=False))


class LightVerdict(NamedTuple):
    """What a row says by itself."""

    verdict: str
    rule: str
    summary: str


class _Signature(NamedTuple):
    """All that the decision table looks at in one failed row: equal signatures, equal verdicts."""

    error_code: int
    is_broker: bool
    is_device_registration: bool
    is_interactive: bool
    is_high_risk: bool
    conditional_access_status: str
    sources: frozenset[tuple[str, bool]] | None  # provider, and whether the detail speaks of per-user MFA
    failed_controls: frozenset[tuple[str, ...]]  # grant controls of each failed policy
    other_results: frozenset[str] | None  # what the other policies came to; None: Graph left them out


_REGISTERED = LightVerdict("", "", "")
_FAILURE = "failure"


def _failed(policies: Iterable[AppliedPolicy] | None) -> tuple[AppliedPolicy, ...]:
    return tuple([policy for policy in policies or () if policy.result.lower() == _FAILURE])


def _signature(row: SignIn, failed: tuple[AppliedPolicy, ...]) -> _Signature:
    sources, policies = row.requirement_sources, row.applied_policies
    return _Signature(
        row.error_code,
        row.is_broker,
        row.is_device_registration,
        row.is_interactive,
        row.risk_level.lower() == "high",
        row.conditional_access_status.lower(),
        None
        if sources is None
        else frozenset([(one.provider.lower(), "per-user" in one.detail.lower()) for one in sources]),
        frozenset([policy.grant_controls for policy in failed]),
        None if policies is None else frozenset([policy.result.lower() for policy in policies]) - {_FAILURE},
    )


@lru_cache(MOST_SIGNATURES)
def _light(signature: _Signature) -> LightVerdict:
    evidence = presumed(_row_of(signature))
    rule = judge(Situation(evidence)).rule
    summary = _WITHOUT_THE_STATE.get(rule.verdict, rule.summary)
    if rule.verdict == "CANNOT_TELL":
        summary = _in_entras_words(signature.error_code)
    return LightVerdict(rule.verdict, rule.id, summary)


def _in_entras_words(code: int) -> str:
    meaning = meaning_of(code)
    return f"AADSTS{code}: {meaning.meaning}" if meaning else f"Entra refused the sign-in with AADSTS{code}."


_AT = datetime(2000, 1, 1, tzinfo=UTC)


def _row_of(signature: _Signature) -> SignIn:
    """Return a row with this signature: the one that is judged."""
    sources, others = signature.sources, signature.other_results
    policies = [
        AppliedPolicy("", "", _FAILURE, _controls(signature, controls))
        for controls in signature.failed_controls
    ]
    policies += [AppliedPolicy("", "", result) for result in others or ()]
    return SignIn(
        id="row",
        created_at=_AT,
        user_id=_NOBODY,
        app_id=BROKER_APP if signature.is_broker else "",
        app_name="",
        resource_id=DEVICE_REGISTRATION_RESOURCE if signature.is_device_registration else "",
        resource_name="",
        error_code=signature.error_code,
        is_interactive=signature.is_interactive,
        operating_system="MacOs",
        risk_level="high" if signature.is_high_risk else "",
        conditional_access_status=signature.conditional_access_status,
        applied_policies=None if others is None else tuple(policies),
        requirement_sources=None if sources is None else tuple(_source(*source) for source in sources),
    )


def _controls(signature: _Signature, controls: tuple[str, ...]) -> tuple[str, ...]:
    """A policy that failed a sign-in for missing MFA wanted MFA, also when its controls are left out."""
    return controls or (("mfa",) if signature.error_code in _MFA_CODES else ())


def _source(provider: str, is_per_user: bool) -> RequirementSource:
    return RequirementSource(provider, "per-user" if is_per_user else "")


def presumed(row: SignIn) -> Evidence:
    """Return evidence in which this row is all there is, and everything it does not show is ordinary."""
    state = _presumed_state(row)
    now = row.created_at + timedelta(hours=1)
    others = "securitydefaults"
    return Evidence(
        asked="",
        now=now,
        window=timedelta(hours=72),
        user=Known(User(ObjectId(_NOBODY), "", "", account_enabled=True, user_type="Member"), now, ""),
        per_user_mfa_state=Known(state, now, ""),
        interactive=Known((row,) if row.is_interactive else (), now, ""),
        non_interactive=Known(() if row.is_interactive else (row,), now, ""),
        security_defaults=Known(
            any(others in one.provider.lower() for one in row.requirement_sources or ()), now, ""
        ),
        conditional_access_policies=Known((), now, ""),
        named_locations=Known((), now, ""),
        device_registration_policy=Known(
            DeviceRegistrationPolicy(mfa_required=row.is_device_registration, user_device_quota=0), now, ""
        ),
        devices=Known((), now, ""),
        methods=Known(() if row.error_code in _ENROL_CODES else (_A_SECOND_FACTOR,), now, ""),
        membership=Known(Membership(), now, ""),
        state_changed_at=Absent(now, ""),
    )


_A_SECOND_FACTOR = AuthenticationMethod("", "microsoftAuthenticator")


def _presumed_state(row: SignIn) -> PerUserMfaState:
    """Only a record that names per-user MFA shows that it is on."""
    is_on = row.is_broker and names_per_user_mfa(row.requirement_sources)
    return PerUserMfaState.ENFORCED if is_on else PerUserMfaState.DISABLED
