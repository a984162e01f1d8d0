"""The failed sign-in: its code, its risk, and who demanded MFA in it."""

from __future__ import annotations

from bot.domain.attempts import Standing
from bot.domain.conditions.asking import about_failure, listed
from bot.domain.sign_ins import RequirementSource, SignIn
from bot.domain.situation import Situation
from bot.domain.three_valued import (
    Condition,
    Finding,
    yes_if,
)


def last_failure(*codes: int) -> Condition:
    """Hold when the last failure of registration has one of these codes."""
    return about_failure(
        f"the last failure is {listed(codes)}", lambda _, failure: yes_if(failure.error_code in codes)
    )


def last_broker_failure(*codes: int) -> Condition:
    """Hold when the last failure of registration is the broker's and has one of these codes."""
    return about_failure(
        f"the last failure is the broker's, with {listed(codes)}",
        lambda _, failure: yes_if(failure.is_broker and failure.error_code in codes),
    )


def last_broker_failure_other_than(*codes: int) -> Condition:
    """Hold when the broker failed with a code outside these."""
    return about_failure(
        f"the last failure is the broker's, with a code other than {listed(codes)}",
        lambda _, failure: yes_if(failure.is_broker and failure.error_code not in codes),
    )


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


def names_nobody(_: Situation, failure: SignIn) -> Finding:
    """Answer whether the record leaves open who demanded MFA, or says it in a form nobody knows."""
    providers = {source.provider.lower() for source in failure.requirement_sources or ()}
    silent = providers <= _SILENT_PROVIDERS and not names_per_user_mfa(failure.requirement_sources)
    return yes_if(silent)


NAMED_PER_USER_MFA = about_failure(
    "its record names per-user MFA as the source of the demand",
    lambda _, failure: yes_if(names_per_user_mfa(failure.requirement_sources)),
)
NAMED_NOBODY = about_failure("its record names no source of the demand", names_nobody)
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
