"""Devices and keys of the user, and what the Mac itself says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from bot.domain.conditions.asking import about_failure, read_fact
from bot.domain.evidence import Known, PasteState
from bot.domain.gaps import Gap
from bot.domain.people import AuthenticationMethod, Device
from bot.domain.sign_ins import SignIn
from bot.domain.situation import Situation
from bot.domain.three_valued import (
    NO,
    YES,
    Answer,
    Condition,
    Finding,
    any_of,
    conjunction,
    undecided,
    unless,
    yes_if,
)

PRESENT_KEY_SLACK = timedelta(minutes=5)
MINUTES_BEFORE = timedelta(minutes=15)


def _devices(s: Situation, question: Callable[[tuple[Device, ...]], Finding]) -> Finding:
    return read_fact(s.evidence.devices, Gap.DEVICES, question)


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
    return read_fact(s.evidence.methods, Gap.METHODS, question)


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
    """A key proves registration when it is newer than the last failure and belongs to the newest Mac.

    Without a failure it has to be of the window, or in use: an old key says nothing about a new Mac
    that never reached Entra.
    """
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
    if s.log_gaps:
        return undecided(*s.log_gaps, leans=True)
    return yes_if(failure is not None or key.created_at >= s.since or _token_since_the_key(s, key.created_at))


def _token_since_the_key(s: Situation, made_at: datetime) -> bool:
    """With no failure to be newer than, a key from before the window proves only where it is in use."""
    success = s.attempts.last_broker_success
    return success is not None and success.created_at > made_at


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
    "a platform credential of the newest Mac was made after the last failure; without a failure, in the"
    " window or before a token of the broker",
    _key_of_this_mac,
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
    if paste is None or paste.registration_completed is False:  # then the settings are only the profile's
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
