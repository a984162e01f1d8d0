"""Tenant settings: Conditional Access, security defaults, and rules about registering devices."""

from __future__ import annotations

from collections.abc import Callable

from bot.domain.conditions.asking import about_failure, has_failed, read_fact
from bot.domain.conditions.failure import (
    FAILED_ON_DEVICE_REGISTRATION,
    NAMED_CONDITIONAL_ACCESS,
    NAMED_SECURITY_DEFAULTS,
)
from bot.domain.evidence import Known
from bot.domain.gaps import Gap
from bot.domain.policies import ConditionalAccessPolicy, DeviceRegistrationPolicy
from bot.domain.sign_ins import AppliedPolicy, SignIn
from bot.domain.situation import Situation
from bot.domain.three_valued import (
    NO,
    YES,
    Condition,
    Finding,
    all_of,
    any_of,
    undecided,
    unless,
    yes_if,
)

_HARMLESS_RESULTS = frozenset({"success", "notapplied", "notenabled"})


def _is_harmless(policy: AppliedPolicy) -> bool:
    result = policy.result.lower()
    return result in _HARMLESS_RESULTS or result.startswith("reportonly")


def _results(failure: SignIn) -> tuple[AppliedPolicy, ...] | None:
    """Return the results, or None when the record leaves them out although policies applied.

    Graph omits them for an app that may not read Conditional Access, and some versions send an empty list.
    https://learn.microsoft.com/graph/api/resources/appliedconditionalaccesspolicy
    """
    applied = failure.conditional_access_status.lower() in ("success", "failure")
    return None if applied and not failure.applied_policies else failure.applied_policies


def _no_policy_failed(_: Situation, failure: SignIn) -> Finding:
    results = _results(failure)
    if results is None:
        return undecided(Gap.CA_RESULTS)
    if any(has_failed(policy) for policy in results):
        return NO
    hidden_failure = failure.conditional_access_status.lower() == "failure"
    return undecided(Gap.CA_RESULTS) if hidden_failure or not all(map(_is_harmless, results)) else YES


def _policy_demanding_mfa_failed(s: Situation, failure: SignIn) -> Finding:
    results = _results(failure)
    if results is None:
        return undecided(Gap.CA_RESULTS)
    answers = [_demands_mfa(s, policy) for policy in results if has_failed(policy)]
    if YES in answers:
        return YES
    unclear = any(not _is_harmless(policy) and not has_failed(policy) for policy in results)
    return undecided(Gap.CA_RESULTS) if unclear or answers.count(NO) < len(answers) else NO


def _demands_mfa(s: Situation, applied: AppliedPolicy) -> Finding:
    if applied.grant_controls:
        words = " ".join(applied.grant_controls).lower()
        return yes_if(any(word in words for word in ("mfa", "multifactor", "multi-factor", "strength")))
    return read_fact(
        s.evidence.conditional_access_policies, Gap.CA_POLICIES, lambda all_: _grant_of(applied, all_)
    )


def _grant_of(applied: AppliedPolicy, policies: tuple[ConditionalAccessPolicy, ...]) -> Finding:
    policy = next((policy for policy in policies if policy.id == applied.id), None)
    if policy is None or policy.grant is None:
        return undecided(Gap.CA_RESULTS)
    return yes_if("mfa" in policy.grant.built_in_controls or policy.grant.strength_name is not None)


NO_POLICY_FAILED = about_failure("no Conditional Access policy failed in that sign-in", _no_policy_failed)
NO_FAILED_POLICY_SEEN = about_failure(
    "no Conditional Access policy is seen to fail in that sign-in",
    lambda _, failure: yes_if(not any(map(has_failed, failure.applied_policies or ()))),
)
MFA_POLICY_FAILED = about_failure(
    "a Conditional Access policy that demands MFA failed in that sign-in", _policy_demanding_mfa_failed
)
CONDITIONAL_ACCESS_DEMANDED = any_of(
    "Conditional Access demanded MFA in that sign-in", MFA_POLICY_FAILED, NAMED_CONDITIONAL_ACCESS
)
SECURITY_DEFAULTS_ON = Condition(
    "security defaults are on",
    lambda s: read_fact(s.evidence.security_defaults, Gap.SECURITY_DEFAULTS, yes_if),
)
SECURITY_DEFAULTS_OFF = unless("security defaults are off", SECURITY_DEFAULTS_ON)
SECURITY_DEFAULTS_NOT_SEEN_ON = Condition(
    "security defaults are not known to be on",
    lambda s: yes_if(
        not (isinstance(s.evidence.security_defaults, Known) and s.evidence.security_defaults.value)
    ),
)
NO_ENABLED_POLICY = Condition(
    "the tenant has no enabled Conditional Access policy",
    lambda s: read_fact(
        s.evidence.conditional_access_policies,
        Gap.CA_POLICIES,
        lambda policies: yes_if(not any(policy.state == "enabled" for policy in policies)),
    ),
)
ANOTHER_SOURCE_DEMANDED = any_of(
    "Conditional Access or security defaults demanded MFA as well",
    CONDITIONAL_ACCESS_DEMANDED,
    NAMED_SECURITY_DEFAULTS,
    SECURITY_DEFAULTS_ON,
)


def _device_rules(s: Situation, question: Callable[[DeviceRegistrationPolicy], Finding]) -> Finding:
    return read_fact(s.evidence.device_registration_policy, Gap.DEVICE_RULES, question)


def _yes_or_unsaid(value: bool | None) -> Finding:
    return undecided(Gap.DEVICE_RULES) if value is None else yes_if(value)


def _is_about_registering(policy: ConditionalAccessPolicy, s: Situation) -> bool:
    actions = {action.lower() for action in policy.conditions.applications.user_actions}
    excluded = s.user is not None and s.user.id in policy.conditions.users.exclude_users
    about = any("registerdevice" in action or "registerorjoindevices" in action for action in actions)
    return policy.state == "enabled" and about and not excluded


DEVICE_SETTING_DEMANDS_MFA = Condition(
    "the device settings demand MFA to register or join",
    lambda s: _device_rules(s, lambda rules: _yes_or_unsaid(rules.mfa_required)),
)
USER_ACTION_DEMANDS_MFA = Condition(
    "a Conditional Access policy covers the user action Register or join devices",
    lambda s: read_fact(
        s.evidence.conditional_access_policies,
        Gap.CA_POLICIES,
        lambda policies: yes_if(any(_is_about_registering(policy, s) for policy in policies)),
    ),
)
REGISTERING_DEMANDS_MFA = any_of(
    "registering a device demands MFA in this tenant", DEVICE_SETTING_DEMANDS_MFA, USER_ACTION_DEMANDS_MFA
)
NOT_EXPLAINED_BY_DEVICE_RULES = unless(
    "it is not the device registration step of a tenant that demands MFA for it",
    all_of("", FAILED_ON_DEVICE_REGISTRATION, REGISTERING_DEMANDS_MFA),
)


def _may_not_join(s: Situation) -> Finding:
    return _device_rules(s, lambda rules: _left_out(s, rules))


def _left_out(s: Situation, rules: DeviceRegistrationPolicy) -> Finding:
    if rules.join_allowed != "selected":
        return {"all": NO, "none": YES}.get(rules.join_allowed, undecided(Gap.DEVICE_RULES))
    if s.user is not None and s.user.id in {user.lower() for user in rules.join_users}:
        return NO
    groups = {group.lower() for group in rules.join_groups}
    if not groups:
        return YES
    return read_fact(
        s.evidence.membership,
        Gap.MEMBERSHIP,
        lambda member: yes_if(not groups & {group.lower() for group in member.group_ids}),
    )


def _quota_reached(s: Situation) -> Finding:
    def compare(rules: DeviceRegistrationPolicy) -> Finding:
        quota = rules.user_device_quota
        if quota is None:
            return undecided(Gap.DEVICE_RULES)
        return read_fact(
            s.evidence.devices,
            Gap.DEVICES,
            lambda devices: yes_if(0 < quota <= sum(device.owned for device in devices)),
        )

    return _device_rules(s, compare)


MAY_NOT_JOIN = Condition("the device settings do not let this user join devices", _may_not_join)
DEVICE_QUOTA_REACHED = Condition("the user owns as many devices as the tenant allows", _quota_reached)
