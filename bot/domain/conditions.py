"""The vocabulary that the decision table is written in: one question each, answered yes, no or undecided.

Questions about the failed sign-in stay undecided while a sign-in log is unreadable: the row that
would settle the matter may be the one we cannot see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from bot.domain.aadsts import codes_in
from bot.domain.attempts import Row, Standing
from bot.domain.evidence import Absent, Fact, Known, PasteState, Unreadable
from bot.domain.gaps import Gap
from bot.domain.people import AuthenticationMethod, Device, PerUserMfaState
from bot.domain.policies import ConditionalAccessPolicy, DeviceRegistrationPolicy
from bot.domain.sign_ins import AppliedPolicy, RequirementSource, SignIn
from bot.domain.situation import LOG_DELAY, Situation
from bot.domain.three_valued import (
    NO,
    YES,
    Answer,
    Condition,
    Finding,
    all_of,
    any_of,
    conjunction,
    undecided,
    unless,
    yes_if,
)

T = TypeVar("T")

MFA_CODES = frozenset({50072, 50074, 50076, 50079})
PRESENT_KEY_SLACK = timedelta(minutes=5)
MINUTES_BEFORE = timedelta(minutes=15)


def _read(fact: Fact[T], gap: Gap, question: Callable[[T], Finding]) -> Finding:
    """Ask a known fact; an absent or unreadable one leaves the question open."""
    return question(fact.value) if isinstance(fact, Known) else undecided(gap)


# --- the account -----------------------------------------------------------------------------------------


def _nobody(s: Situation) -> Finding:
    if s.evidence.user_was_deleted or isinstance(s.evidence.user, Absent):
        return YES
    return _read(s.evidence.user, Gap.USER, lambda _: NO)


def _switched_off(s: Situation) -> Finding:
    return _read(
        s.evidence.user,
        Gap.USER,
        lambda user: (
            undecided(Gap.USER) if user.account_enabled is None else yes_if(not user.account_enabled)
        ),
    )


NOBODY_BY_THAT_NAME = Condition(
    "nobody in the tenant answers to the name, or the account was deleted", _nobody
)
ACCOUNT_SWITCHED_OFF = Condition("the account is switched off", _switched_off)


# --- the per-user MFA state ------------------------------------------------------------------------------


def state_in(*states: PerUserMfaState) -> Condition:
    """Hold when per-user MFA is in one of these states now."""
    words = " or ".join(states)
    return Condition(
        f"per-user MFA is {words}",
        lambda s: _read(s.evidence.per_user_mfa_state, Gap.STATE, lambda state: yes_if(state in states)),
    )


STATE_ENFORCED = state_in(PerUserMfaState.ENFORCED)
STATE_ENABLED = state_in(PerUserMfaState.ENABLED)
STATE_DISABLED = state_in(PerUserMfaState.DISABLED)
STATE_ON = state_in(PerUserMfaState.ENFORCED, PerUserMfaState.ENABLED)


# --- the failed sign-in ----------------------------------------------------------------------------------


def about_failure(text: str, question: Callable[[Situation, SignIn], Finding]) -> Condition:
    """Ask about the newest uncleared current failure of registration; without one the answer is no."""
    return Condition(text, lambda s: _about(s, s.failure, question))


def _about(s: Situation, failure: SignIn | None, question: Callable[[Situation, SignIn], Finding]) -> Finding:
    answer = question(s, failure) if failure else NO
    if s.log_gaps:
        return undecided(*s.log_gaps, *answer.missing, leans=answer.answer is not Answer.NO)
    return answer


def last_failure(*codes: int) -> Condition:
    """Hold when the last failure of registration has one of these codes."""
    return about_failure(
        f"the last failure is {_listed(codes)}", lambda _, failure: yes_if(failure.error_code in codes)
    )


def last_broker_failure(*codes: int) -> Condition:
    """Hold when the last failure of registration is the broker's and has one of these codes."""
    return about_failure(
        f"the last failure is the broker's, with {_listed(codes)}",
        lambda _, failure: yes_if(failure.is_broker and failure.error_code in codes),
    )


def last_broker_failure_other_than(*codes: int) -> Condition:
    """Hold when the broker failed with a code outside these."""
    return about_failure(
        f"the last failure is the broker's, with a code other than {_listed(codes)}",
        lambda _, failure: yes_if(failure.is_broker and failure.error_code not in codes),
    )


def _listed(codes: tuple[int, ...]) -> str:
    words = [str(code) for code in codes]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


FAILED_ON_DEVICE_REGISTRATION = about_failure(
    "the Device Registration Service was asked for",
    lambda _, failure: yes_if(failure.is_device_registration),
)
HIGH_RISK = about_failure(
    "the sign-in carries a high risk", lambda _, failure: yes_if(failure.risk_level.lower() == "high")
)


def _nothing_after(s: Situation, failure: SignIn) -> Finding:
    later = (row for row in s.attempts.of_registration if row.sign_in.created_at > failure.created_at)
    return yes_if(not any(row.standing is Standing.SUCCEEDED for row in later))


NOTHING_AFTER = about_failure("no success followed it", _nothing_after)


# --- who demanded MFA ------------------------------------------------------------------------------------

_SILENT_PROVIDERS = frozenset({"", "none", "unknownfuturevalue"})
_CA_PROVIDERS = ("multiconditionalaccess", "v1conditionalaccess", "authenticationstrengths")
_REGISTRATION_PROVIDERS = ("mfaregistrationrequiredby", "proofupcoderequest")
_DEFAULTS_PROVIDERS = ("securitydefaults", "mfaregistrationrequiredbysecuritydefaults", "baselineprotection")


def names_per_user_mfa(sources: tuple[RequirementSource, ...] | None) -> bool:
    """Tell whether the record names per-user MFA as a source of the demand.

    https://learn.microsoft.com/graph/api/resources/authenticationrequirementpolicy?view=graph-rest-beta
    """
    return any(
        source.provider.lower() == "user" or "per-user" in source.detail.lower() for source in sources or ()
    )


def _named(sources: tuple[RequirementSource, ...] | None, prefixes: tuple[str, ...]) -> bool:
    return any(source.provider.lower().startswith(prefixes) for source in sources or ())


def _nobody_named(_: Situation, failure: SignIn) -> Finding:
    providers = {source.provider.lower() for source in failure.requirement_sources or ()}
    silent = providers <= _SILENT_PROVIDERS and not names_per_user_mfa(failure.requirement_sources)
    return yes_if(silent)


NAMED_PER_USER_MFA = about_failure(
    "its record names per-user MFA as the source of the demand",
    lambda _, failure: yes_if(names_per_user_mfa(failure.requirement_sources)),
)
NAMED_NOBODY = about_failure("its record names no source of the demand", _nobody_named)
NAMED_CONDITIONAL_ACCESS = about_failure(
    "its record names Conditional Access as a source of the demand",
    lambda _, failure: yes_if(_named(failure.requirement_sources, _CA_PROVIDERS)),
)
NAMED_SECURITY_DEFAULTS = about_failure(
    "its record names security defaults as a source of the demand",
    lambda _, failure: yes_if(_named(failure.requirement_sources, _DEFAULTS_PROVIDERS)),
)
NAMED_A_REGISTRATION_RULE = about_failure(
    "its record names a rule that demands registration of MFA methods",
    lambda _, failure: yes_if(_named(failure.requirement_sources, _REGISTRATION_PROVIDERS)),
)


# --- Conditional Access and security defaults ------------------------------------------------------------

_HARMLESS_RESULTS = frozenset({"success", "notapplied", "notenabled"})


def _is_harmless(policy: AppliedPolicy) -> bool:
    result = policy.result.lower()
    return result in _HARMLESS_RESULTS or result.startswith("reportonly")


def _has_failed(policy: AppliedPolicy) -> bool:
    return policy.result.lower() == "failure"


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
    if any(_has_failed(policy) for policy in results):
        return NO
    hidden_failure = failure.conditional_access_status.lower() == "failure"
    return undecided(Gap.CA_RESULTS) if hidden_failure or not all(map(_is_harmless, results)) else YES


def _policy_demanding_mfa_failed(s: Situation, failure: SignIn) -> Finding:
    results = _results(failure)
    if results is None:
        return undecided(Gap.CA_RESULTS)
    answers = [_demands_mfa(s, policy) for policy in results if _has_failed(policy)]
    if YES in answers:
        return YES
    unclear = any(not _is_harmless(policy) and not _has_failed(policy) for policy in results)
    return undecided(Gap.CA_RESULTS) if unclear or answers.count(NO) < len(answers) else NO


def _demands_mfa(s: Situation, applied: AppliedPolicy) -> Finding:
    if applied.grant_controls:
        words = " ".join(applied.grant_controls).lower()
        return yes_if(any(word in words for word in ("mfa", "multifactor", "multi-factor", "strength")))
    return _read(
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
    lambda _, failure: yes_if(not any(map(_has_failed, failure.applied_policies or ()))),
)
MFA_POLICY_FAILED = about_failure(
    "a Conditional Access policy that demands MFA failed in that sign-in", _policy_demanding_mfa_failed
)
CONDITIONAL_ACCESS_DEMANDED = any_of(
    "Conditional Access demanded MFA in that sign-in", MFA_POLICY_FAILED, NAMED_CONDITIONAL_ACCESS
)
SECURITY_DEFAULTS_ON = Condition(
    "security defaults are on",
    lambda s: _read(s.evidence.security_defaults, Gap.SECURITY_DEFAULTS, yes_if),
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
    lambda s: _read(
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


# --- rules about registering devices ---------------------------------------------------------------------


def _device_rules(s: Situation, question: Callable[[DeviceRegistrationPolicy], Finding]) -> Finding:
    return _read(s.evidence.device_registration_policy, Gap.DEVICE_RULES, question)


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
    lambda s: _read(
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
    return _read(
        s.evidence.membership,
        Gap.MEMBERSHIP,
        lambda member: yes_if(not groups & {group.lower() for group in member.group_ids}),
    )


def _quota_reached(s: Situation) -> Finding:
    def compare(rules: DeviceRegistrationPolicy) -> Finding:
        quota = rules.user_device_quota
        if quota is None:
            return undecided(Gap.DEVICE_RULES)
        return _read(
            s.evidence.devices,
            Gap.DEVICES,
            lambda devices: yes_if(0 < quota <= sum(device.owned for device in devices)),
        )

    return _device_rules(s, compare)


MAY_NOT_JOIN = Condition("the device settings do not let this user join devices", _may_not_join)
DEVICE_QUOTA_REACHED = Condition("the user owns as many devices as the tenant allows", _quota_reached)


# --- devices, keys and what the Mac itself says ----------------------------------------------------------


def _devices(s: Situation, question: Callable[[tuple[Device, ...]], Finding]) -> Finding:
    return _read(s.evidence.devices, Gap.DEVICES, question)


def _no_new_mac(s: Situation) -> Finding:
    def look(_: tuple[Device, ...]) -> Finding:
        if any(mac.registered_at and mac.registered_at >= s.since for mac in s.macs):
            return NO
        return undecided(Gap.DEVICES) if any(mac.registered_at is None for mac in s.macs) else YES

    return _devices(s, look)


def _mac_switched_off(s: Situation) -> Finding:
    def look(_: tuple[Device, ...]) -> Finding:
        used = s.failure.device_id if s.failure else ""
        mac = next((mac for mac in s.macs if used and mac.device_id == used), s.newest_mac)
        if s.log_gaps and len({mac.account_enabled for mac in s.macs}) > 1:
            return undecided(*s.log_gaps)  # which of the Macs failed is in the log
        if mac is None:
            return NO
        return undecided(Gap.DEVICES) if mac.account_enabled is None else yes_if(not mac.account_enabled)

    return _devices(s, look)


def _only_workplace_records(s: Situation) -> Finding:
    return _devices(s, lambda _: yes_if(bool(s.macs) and all(_is_workplace(mac) for mac in s.macs)))


def _is_workplace(mac: Device) -> bool:
    return (mac.trust_type or "").lower() == "workplace"


def _registered_minutes_before(s: Situation, failure: SignIn) -> Finding:
    times = [mac.registered_at for mac in s.macs if mac.registered_at]
    return yes_if(any(timedelta() <= failure.created_at - time <= MINUTES_BEFORE for time in times))


NO_NEW_MAC = Condition("no Mac of the user was registered in the window", _no_new_mac)
MAC_SWITCHED_OFF = Condition("the device object of the Mac is switched off", _mac_switched_off)
ONLY_WORKPLACE_RECORDS = Condition(
    "the user's Macs are registered (Workplace) and none is joined", _only_workplace_records
)
A_MAC_IS_JOINED = Condition(
    "a Mac of the user is joined",
    lambda s: _devices(s, lambda _: yes_if(any(mac.is_joined for mac in s.macs))),
)
MAC_REGISTERED_MINUTES_BEFORE = about_failure(
    "a Mac was registered minutes before", _registered_minutes_before
)


def _methods(s: Situation, question: Callable[[tuple[AuthenticationMethod, ...]], Finding]) -> Finding:
    return _read(s.evidence.methods, Gap.METHODS, question)


_FIRST_FACTORS = frozenset({"password", "email"})
NO_SECOND_FACTOR = Condition(
    "no second factor is registered for the user",
    lambda s: _methods(s, lambda methods: yes_if(all(method.kind in _FIRST_FACTORS for method in methods))),
)
NO_PLATFORM_CREDENTIAL = Condition(
    "the user has no platform credential of a Mac",
    lambda s: _methods(
        s, lambda methods: yes_if(not any(method.is_mac_platform_credential for method in methods))
    ),
)


def _key_of_this_mac(s: Situation) -> Finding:
    """A key proves registration when it is newer than the last failure and belongs to the newest Mac."""
    return _methods(
        s,
        lambda methods: _best(
            conjunction((_is_newer_than_failure(s, key), _is_of_newest_mac(s, key)))
            for key in methods
            if key.is_mac_platform_credential
        ),
    )


def _best(findings: Iterable[Finding]) -> Finding:
    answers = tuple(findings)
    if YES in answers:
        return YES
    return next((finding for finding in answers if finding.answer is Answer.UNDECIDED), NO)


def _is_newer_than_failure(s: Situation, key: AuthenticationMethod) -> Finding:
    if key.created_at is None:
        return undecided(Gap.METHODS)
    failure = s.attempts.last_failure_ever
    if failure is not None and failure.created_at >= key.created_at:
        return NO
    return undecided(*s.log_gaps, leans=True) if s.log_gaps else YES


def _is_of_newest_mac(s: Situation, key: AuthenticationMethod) -> Finding:
    def look(_: tuple[Device, ...]) -> Finding:
        mac = s.newest_mac
        if mac is None:
            after_a_failure = s.attempts.last_failure_ever is not None
            return undecided(*s.log_gaps) if s.log_gaps else yes_if(after_a_failure)
        older = {_plain(other.display_name) for other in s.macs if other is not mac} - {
            _plain(mac.display_name)
        }
        if _plain(key.display_name) in older:
            return NO
        made, registered = key.created_at, mac.registered_at
        return yes_if(made is None or registered is None or made >= registered - PRESENT_KEY_SLACK)

    return _devices(s, look)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _no_key_seen(s: Situation) -> Finding:
    if not isinstance(s.evidence.methods, Known):
        return YES
    keys = [key for key in s.evidence.methods.value if key.is_mac_platform_credential]
    return yes_if(not any(_is_of_newest_mac(s, key) is YES for key in keys))


NO_KEY_SEEN = Condition("no platform credential of the newest Mac is seen", _no_key_seen)
KEY_OF_THIS_MAC = Condition(
    "a platform credential of the newest Mac was made after the last failure", _key_of_this_mac
)


def _mac_says_registered(s: Situation) -> Finding:
    paste = s.evidence.app_sso
    if paste is None or not paste.registration_completed or paste.user_state is not PasteState.NORMAL:
        return NO
    received = paste.tokens_received_at
    failure = s.attempts.last_failure_ever
    newer = received is not None and (failure is None or received > failure.created_at)
    if not newer or not _is_same_person(s, paste.login_user_name):
        return NO
    return undecided(*s.log_gaps, leans=True) if s.log_gaps else YES


def _is_same_person(s: Situation, name: str | None) -> bool:
    names = {(s.user.user_principal_name or "").lower(), (s.user.mail or "").lower()} if s.user else set()
    return name is None or name.lower() in names


def _mac_says_not_registered(s: Situation) -> Finding:
    paste = s.evidence.app_sso
    if paste is None:
        return NO
    needs = (PasteState.NEEDS_NEW_KEYS, PasteState.NEEDS_REGISTRATION, PasteState.NEEDS_BINDING)
    open_ = paste.registration_completed is False or paste.user_state in needs
    success = s.attempts.last_broker_success
    older = bool(paste.taken_at and success and paste.taken_at < success.created_at)
    if open_ and paste.taken_at and s.log_gaps:
        return undecided(*s.log_gaps)
    return yes_if(open_ and not older)


def _stopped_at_token_step(s: Situation) -> Finding:
    paste = s.evidence.app_sso
    if paste is None or (paste.registration_completed and paste.tokens_received_at):
        return NO
    device_step_done = paste.has_device_configuration and paste.has_login_configuration
    return yes_if(device_step_done and paste.tokens_received_at is None)


def _never_started(s: Situation) -> Finding:
    paste = s.evidence.app_sso
    if paste is None:
        return NO
    configured = (paste.has_device_configuration, paste.has_login_configuration, paste.has_user_configuration)
    return yes_if(not any(configured))


def mac_uses(*methods: str) -> Condition:
    """Hold when the output of app-sso names one of these methods."""
    return Condition(
        f"the Mac says its method is {' or '.join(methods)}",
        lambda s: yes_if(s.evidence.app_sso is not None and (s.evidence.app_sso.method or "") in methods),
    )


MAC_SAYS_REGISTERED = Condition(
    "app-sso on the Mac says that registration is complete and tokens came after the last failure",
    _mac_says_registered,
)
MAC_DOES_NOT_DENY = unless(
    "app-sso on the Mac does not say otherwise", Condition("", _mac_says_not_registered)
)
MAC_STOPPED_AT_TOKEN_STEP = Condition(
    "app-sso on the Mac shows the device step done and no tokens", _stopped_at_token_step
)
MAC_NEVER_STARTED = Condition("app-sso on the Mac shows no configuration at all", _never_started)
MAC_DID_NOT_GET_FAR = unless(
    "app-sso on the Mac shows no finished device step",
    any_of("", MAC_STOPPED_AT_TOKEN_STEP, MAC_SAYS_REGISTERED),
)


# --- what the log shows as a whole -----------------------------------------------------------------------


def _any_row(s: Situation, rows: tuple[Row, ...]) -> Finding:
    if rows:
        return YES
    return undecided(*s.log_gaps) if s.log_gaps else NO


def _no_uncleared_failure(s: Situation) -> Finding:
    if any(row.counts and row.is_uncleared_failure for row in s.attempts.of_registration):
        return undecided(*s.log_gaps) if s.log_gaps else NO
    return undecided(*s.log_gaps, leans=True) if s.log_gaps else YES


def _success_after_registration(s: Situation) -> Finding:
    success = s.attempts.last_broker_success
    if success is None:
        return undecided(*s.log_gaps) if s.log_gaps else NO
    return _devices(s, lambda _: _is_after_registration(success.created_at, s.newest_mac))


def _is_after_registration(at: datetime, mac: Device | None) -> Finding:
    if mac is None or mac.account_enabled is False:
        return NO
    return undecided(Gap.DEVICES) if mac.registered_at is None else yes_if(at > mac.registered_at)


def _every_refusal_cleared(s: Situation) -> Finding:
    refusals = [row for row in s.attempts.broker if row.sign_in.error_code == 50076]
    cleared = bool(refusals) and all(row.standing is Standing.CLEARED for row in refusals)
    return undecided(*s.log_gaps, leans=cleared) if s.log_gaps else yes_if(cleared)


def _log_had_time(s: Situation) -> Finding:
    tried = s.evidence.says_they_tried_at
    waiting = tried is not None and s.evidence.now - tried < LOG_DELAY
    return undecided(Gap.LATE_LOG, leans=True) if waiting else YES


def _points_nowhere_else(s: Situation) -> Finding:
    return yes_if(s.failure is None or s.failure.error_code in MFA_CODES)


NO_UNCLEARED_FAILURE = Condition("no failure of registration is left uncleared", _no_uncleared_failure)
SUCCESS_AFTER_REGISTRATION = Condition(
    "the broker got a token after the newest Mac was registered", _success_after_registration
)
BROKER_SUCCEEDED = Condition(
    "the broker got a token in the window",
    lambda s: _any_row(s, tuple(row for row in s.attempts.broker if row.standing is Standing.SUCCEEDED)),
)
EVERY_REFUSAL_CLEARED = Condition(
    "every 50076 of the broker was followed by a success of the same request or lane", _every_refusal_cleared
)
NO_CURRENT_BROKER_SIGN_IN = unless(
    "the logs hold no current sign-in of the broker",
    Condition("", lambda s: _any_row(s, s.attempts.broker)),
)
NO_TRACE_IN_ENTRA = unless(
    "the logs hold no sign-in of the broker or for device registration",
    Condition("", lambda s: _any_row(s, s.attempts.of_registration)),
)
LOG_HAD_TIME = Condition("the log had time to show the last try", _log_had_time)
A_LOG_IS_UNREADABLE = Condition("a sign-in log cannot be read", lambda s: yes_if(bool(s.log_gaps)))
POINTS_NOWHERE_ELSE = Condition("what could be read names no other failure", _points_nowhere_else)


def no_failure_with(codes: frozenset[int]) -> Condition:
    """Hold when no current failure has a code that this table explains."""
    return unless(
        "no failure with a code of its own is left uncleared",
        about_failure("", lambda _, failure: yes_if(failure.error_code in codes)),
    )


def jamf_registration_failure(*codes: int) -> Condition:
    """Hold when the last failure of Jamf's user registration app has one of these codes."""

    def look(s: Situation) -> Finding:
        failure = s.attempts.last_jamf_registration_failure
        if failure is not None and failure.error_code in codes:
            return YES
        return undecided(*s.log_gaps) if s.log_gaps else NO

    return Condition(f"Jamf's user registration app failed with {_listed(codes)}", look)


def _removed_after_refusal(s: Situation) -> Finding:
    """The last refusal, however old, was per-user MFA: its record says so, or we changed the state since."""
    failure = s.attempts.last_failure_ever
    changed = s.evidence.state_changed_at
    if failure is None or failure.error_code != 50076 or not failure.is_broker:
        return undecided(*s.log_gaps) if s.log_gaps else NO
    ours = isinstance(changed, Known) and changed.value > failure.created_at
    nobody_else = not any(map(_has_failed, failure.applied_policies or ()))
    silent = _nobody_named(s, failure) is YES
    holds = names_per_user_mfa(failure.requirement_sources) or (ours and nobody_else and silent)
    return undecided(*s.log_gaps, leans=holds) if s.log_gaps else yes_if(holds)


PER_USER_REFUSAL_IS_HISTORY = Condition(
    "the last failure is the broker's 50076, which per-user MFA caused before it was turned off",
    _removed_after_refusal,
)


def refused_ourselves(*codes: int) -> Condition:
    """Hold when one of our own calls was refused for our own credentials."""

    def look(s: Situation) -> Finding:
        reasons = [fact.reason for fact in s.facts.values() if isinstance(fact, Unreadable)]
        return yes_if(any(code in codes for reason in reasons for code in codes_in(reason)))

    return Condition(f"the bot's own calls are refused with {_listed(codes)}", look)


def _only_other_apps(s: Situation) -> Finding:
    refused = [row for row in s.attempts.rows if row.sign_in.error_code == 50076]
    return yes_if(bool(refused) and not any(row.sign_in.is_broker for row in refused))


ONLY_OTHER_APPS_REFUSED = Condition("50076 appears for other apps only", _only_other_apps)
