"""What the sign-in logs show as a whole."""

from __future__ import annotations

from datetime import datetime

from bot.domain.attempts import INTERRUPT_CODES, Row, Standing
from bot.domain.conditions.asking import about_failure, has_failed, listed, read_fact
from bot.domain.conditions.failure import names_nobody, names_per_user_mfa
from bot.domain.evidence import Known
from bot.domain.gaps import Gap
from bot.domain.people import Device
from bot.domain.situation import LOG_DELAY, Situation
from bot.domain.three_valued import (
    NO,
    YES,
    Condition,
    Finding,
    undecided,
    unless,
    yes_if,
)

MFA_CODES = frozenset({50072, 50074, 50076, 50079})


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
    return read_fact(
        s.evidence.devices, Gap.DEVICES, lambda _: _is_after_registration(success.created_at, s.newest_mac)
    )


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
NO_OTHER_BROKER_FAILURE = unless(
    "the last failure is not the broker's with another code",
    about_failure(
        "", lambda _, failure: yes_if(failure.is_broker and failure.error_code not in INTERRUPT_CODES)
    ),
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

    return Condition(f"Jamf's user registration app failed with {listed(codes)}", look)


def _removed_after_refusal(s: Situation) -> Finding:
    """The last refusal, however old, was per-user MFA: its record says so, or we changed the state since."""
    failure = s.attempts.last_failure_ever
    changed = s.evidence.state_changed_at
    if failure is None or failure.error_code != 50076 or not failure.is_broker:
        return undecided(*s.log_gaps) if s.log_gaps else NO
    ours = isinstance(changed, Known) and changed.value > failure.created_at
    nobody_else = not any(map(has_failed, failure.applied_policies or ()))
    silent = names_nobody(s, failure) is YES
    holds = names_per_user_mfa(failure.requirement_sources) or (ours and nobody_else and silent)
    return undecided(*s.log_gaps, leans=holds) if s.log_gaps else yes_if(holds)


PER_USER_REFUSAL_IS_HISTORY = Condition(
    "the last failure is the broker's 50076, which per-user MFA caused before it was turned off",
    _removed_after_refusal,
)


def _only_other_apps(s: Situation) -> Finding:
    refused = [row for row in s.attempts.rows if row.sign_in.error_code == 50076]
    return yes_if(bool(refused) and not any(row.sign_in.is_broker for row in refused))


ONLY_OTHER_APPS_REFUSED = Condition("50076 appears for other apps only", _only_other_apps)
