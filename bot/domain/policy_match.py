"""Whom a Conditional Access policy reaches and what its grant guarantees, three-valued.

Exclusions beat inclusions:
https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-users-groups
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from bot.domain.people import Membership, User
from bot.domain.policies import ConditionalAccessPolicy, Conditions, Grant, GuestScope, UserScope

Tri: TypeAlias = bool | None
"""True, False, or None: undecided because a fact could not be read."""

GUEST_TYPES = frozenset(
    {
        "internalguest",
        "b2bcollaborationguest",
        "b2bcollaborationmember",
        "b2bdirectconnectuser",
        "otherexternaluser",
        "serviceprovider",
    }
)
MEMBER = "member"
CONTROL_NAMES = {
    "compliantdevice": "a compliant device",
    "domainjoineddevice": "a hybrid joined device",
    "approvedapplication": "an approved app",
    "compliantapplication": "an app with a protection policy",
    "passwordchange": "a password change",
    "riskremediation": "risk remediation",
}


def any_of(values: Iterable[Tri]) -> Tri:
    """Kleene's or: True beats undecided, undecided beats False."""
    seen = set(values)
    return True if True in seen else None if None in seen else False


def all_of(values: Iterable[Tri]) -> Tri:
    """Kleene's and: False beats undecided, undecided beats True."""
    seen = set(values)
    return False if False in seen else None if None in seen else True


def negated(value: Tri) -> Tri:
    """Kleene's not: undecided stays undecided."""
    return None if value is None else not value


def lowered(ids: Iterable[str]) -> frozenset[str]:
    """Graph compares ids and keywords without regard to case; so do we."""
    return frozenset(each.lower() for each in ids if each)


@dataclass(frozen=True, slots=True)
class Subject:
    """The person judged. `membership` None: groups and roles could not be read."""

    user: User
    membership: Membership | None

    @property
    def guest_kinds(self) -> frozenset[str]:
        """The kinds this account may be; one of several when Graph does not say which.

        https://learn.microsoft.com/entra/external-id/user-properties
        """
        is_external = "#ext#" in self.user.user_principal_name.lower()
        match (self.user.user_type or "").lower():
            case "guest":
                return frozenset({"b2bcollaborationguest"} | (set() if is_external else {"internalguest"}))
            case "member":
                return frozenset({"b2bcollaborationmember" if is_external else MEMBER})
            case _ if is_external:
                return frozenset({"b2bcollaborationguest", "b2bcollaborationmember"})
            case _:
                return frozenset({MEMBER, "internalguest", "b2bcollaborationguest"})


def reaches(scope: UserScope, subject: Subject) -> Tri:
    """Tell whether the scope includes the person and does not exclude them."""
    return all_of((is_included(scope, subject), negated(is_excluded(scope, subject))))


def is_included(scope: UserScope, subject: Subject) -> Tri:
    """Tell whether the include side names the person in any way."""
    users = lowered(scope.include_users)
    if "all" in users:
        return True
    return any_of(
        (
            _names(users, subject),
            _holds(scope.include_groups, scope.include_roles, subject),
            _is_guest_of(scope.include_guests, subject),
        )
    )


def is_excluded(scope: UserScope, subject: Subject) -> Tri:
    """Tell whether the exclude side names the person in any way."""
    return any_of(
        (
            _names(lowered(scope.exclude_users), subject),
            _holds(scope.exclude_groups, scope.exclude_roles, subject),
            _is_guest_of(scope.exclude_guests, subject),
        )
    )


def _names(users: frozenset[str], subject: Subject) -> Tri:
    if "all" in users or subject.user.id.lower() in users:
        return True
    if "guestsorexternalusers" in users:
        return _one_of(GUEST_TYPES, subject.guest_kinds)
    return False


def _holds(groups: frozenset[str], roles: frozenset[str], subject: Subject) -> Tri:
    if not groups and not roles:
        return False
    if subject.membership is None:
        return None
    in_group = lowered(groups) & lowered(subject.membership.group_ids)
    in_role = lowered(roles) & lowered(subject.membership.role_template_ids)
    return bool(in_group or in_role)


def _is_guest_of(scope: GuestScope | None, subject: Subject) -> Tri:
    if scope is None:
        return False
    kinds = subject.guest_kinds
    if not scope.types:  # a guest scope that names no type: only a plain member is surely outside
        return False if kinds == {MEMBER} else None
    return _one_of(lowered(scope.types), kinds)


def uses_membership(scope: UserScope) -> bool:
    """Tell whether groups or roles decide whom the scope means."""
    return bool(scope.include_groups or scope.exclude_groups or scope.include_roles or scope.exclude_roles)


def _one_of(types: frozenset[str], kinds: frozenset[str]) -> Tri:
    if kinds <= types:
        return True
    return None if kinds & types else False


class Effect(StrEnum):
    """What a grant does to a sign-in that the policy applies to."""

    MFA = "mfa"
    MAYBE_MFA = "maybe mfa"  # an authentication strength whose requirement could not be read
    BLOCK = "block"
    OTHER = "other"


MFA_EFFECTS = frozenset({Effect.MFA, Effect.MAYBE_MFA})


def effect_of(grant: Grant | None) -> Effect:
    """Tell what the grant guarantees; MFA that something else may replace is no guarantee.

    https://learn.microsoft.com/graph/api/resources/conditionalaccessgrantcontrols
    """
    if grant is None:
        return Effect.OTHER
    if "block" in lowered(grant.built_in_controls):
        return Effect.BLOCK
    demands = _mfa_demands(grant)
    if grant.operator.upper() == "AND":
        return _effect(any_of(demands))
    others = lowered(grant.built_in_controls) - {"mfa"}
    replaceable = grant.custom_factors or grant.terms_of_use or others
    return _effect(all_of(demands) if demands and not replaceable else False)


def _mfa_demands(grant: Grant) -> tuple[Tri, ...]:
    demands: tuple[Tri, ...] = (True,) if "mfa" in lowered(grant.built_in_controls) else ()
    if grant.strength_name is not None or grant.strength_satisfies_mfa is not None:
        demands += (grant.strength_satisfies_mfa,)
    return demands


def _effect(certain: Tri) -> Effect:
    return {True: Effect.MFA, None: Effect.MAYBE_MFA, False: Effect.OTHER}[certain]


def alternatives_to_mfa(grant: Grant | None) -> tuple[str, ...]:
    """Name what an OR grant accepts instead of MFA, in words; () when MFA is not among the choices."""
    if grant is None or grant.operator.upper() == "AND" or not _mfa_demands(grant):
        return ()
    return (
        *(
            CONTROL_NAMES.get(control, control)
            for control in sorted(lowered(grant.built_in_controls) - {"mfa", "block"})
        ),
        *(("the terms of use",) if grant.terms_of_use else ()),
        *(("a custom control",) if grant.custom_factors else ()),
    )


def is_about_people(conditions: Conditions) -> bool:
    """Tell whether people's sign-ins are meant, not those of workload identities."""
    return not (conditions.has_client_applications or conditions.service_principal_risk_levels)


def special_circumstance(conditions: Conditions) -> str | None:
    """Name the circumstance outside which the policy never applies, or None for ordinary sign-ins."""
    if conditions.sign_in_risk_levels or conditions.user_risk_levels or conditions.insider_risk_levels:
        return "only when Microsoft rates the sign-in or the user as risky"
    if conditions.transfer_methods:
        return "only for sign-ins that are handed over from another device (authentication flows)"
    if conditions.device_filter_mode is not None and not is_sparing_filter(conditions):
        return "only on devices that its device filter picks"
    apps = conditions.applications
    if not apps.include_applications and not apps.has_application_filter:
        if apps.user_actions:
            return "only for user actions such as registering a device or security information"
        if apps.authentication_contexts:
            return "only where an application asks for an authentication context"
    return None


def is_sparing_filter(conditions: Conditions) -> bool:
    """Tell whether the device filter leaves out known devices only, never an unregistered one.

    A negative operator also matches devices that Entra does not know:
    https://learn.microsoft.com/entra/identity/conditional-access/concept-condition-filters-for-devices
    """
    rule = conditions.device_filter_rule.lower()
    match (conditions.device_filter_mode or "").lower():
        case "exclude":
            return not any(word in rule for word in ("-ne ", "-not", "not ", "not("))
        case "include":
            return all(map(_NEGATIVE_CLAUSE.fullmatch, re.split(r"\s-(?:and|or)\s", rule)))
        case _:
            return False


_NEGATIVE_CLAUSE = re.compile(r"[\s(]*device\.\w+\s+-(?:ne|not\w+)\s.*")


def is_enabled(policy: ConditionalAccessPolicy) -> bool:
    """Tell whether the policy is in force: report-only and disabled policies protect nobody."""
    return policy.state.lower() == "enabled"
