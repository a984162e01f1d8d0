"""The account, its per-user MFA state, and our own credentials."""

from __future__ import annotations

from bot.domain.aadsts import codes_in
from bot.domain.conditions.asking import listed, read_fact
from bot.domain.evidence import Absent, Unreadable
from bot.domain.gaps import Gap
from bot.domain.people import PerUserMfaState
from bot.domain.situation import Situation
from bot.domain.three_valued import (
    NO,
    YES,
    Condition,
    Finding,
    undecided,
    yes_if,
)


def _nobody(s: Situation) -> Finding:
    if s.evidence.user_was_deleted or isinstance(s.evidence.user, Absent):
        return YES
    return read_fact(s.evidence.user, Gap.USER, lambda _: NO)


def _switched_off(s: Situation) -> Finding:
    return read_fact(
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


def state_in(*states: PerUserMfaState) -> Condition:
    """Hold when per-user MFA is in one of these states now."""
    words = " or ".join(states)
    return Condition(
        f"per-user MFA is {words}",
        lambda s: read_fact(s.evidence.per_user_mfa_state, Gap.STATE, lambda state: yes_if(state in states)),
    )


STATE_ENFORCED = state_in(PerUserMfaState.ENFORCED)
STATE_ENABLED = state_in(PerUserMfaState.ENABLED)
STATE_DISABLED = state_in(PerUserMfaState.DISABLED)
STATE_ON = state_in(PerUserMfaState.ENFORCED, PerUserMfaState.ENABLED)


def refused_ourselves(*codes: int) -> Condition:
    """Hold when one of our own calls was refused for our own credentials."""

    def look(s: Situation) -> Finding:
        reasons = [fact.reason for fact in s.facts.values() if isinstance(fact, Unreadable)]
        return yes_if(any(code in codes for reason in reasons for code in codes_in(reason)))

    return Condition(f"the bot's own calls are refused with {listed(codes)}", look)
