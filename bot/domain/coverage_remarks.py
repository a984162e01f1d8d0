"""Why a policy that speaks of MFA does not count, or not everywhere, in plain words."""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain.coverage_words import joined
from bot.domain.policies import ConditionalAccessPolicy, Grant
from bot.domain.policy_match import (
    MFA_EFFECTS,
    Effect,
    Subject,
    alternatives_to_mfa,
    effect_of,
    is_enabled,
    is_excluded,
    is_included,
    is_sparing_filter,
    special_circumstance,
)


def remarks_on(policy: ConditionalAccessPolicy, subject: Subject) -> Iterator[str]:
    """Yield what keeps this policy from protecting the person; nothing when MFA is not its subject."""
    name, effect, users = f"“{policy.display_name}”", effect_of(policy.grant), policy.conditions.users
    weakness = _weakness(policy.grant, effect)
    if (effect not in MFA_EFFECTS and weakness is None) or is_included(users, subject) is False:
        return
    if is_excluded(users, subject):
        if is_enabled(policy):
            yield f"{name} leaves this user out."
    elif not is_enabled(policy):
        yield f"{name} is {_state(policy)}: it does not protect."
    else:
        yield from (f"{name} {part}." for part in _limits(policy, weakness))


def _state(policy: ConditionalAccessPolicy) -> str:
    words = {"enabledforreportingbutnotenforced": "report-only", "disabled": "switched off"}
    return words.get(policy.state.lower(), "not in force")


def _weakness(grant: Grant | None, effect: Effect) -> str | None:
    if others := alternatives_to_mfa(grant):
        return f"accepts {joined(others, 'or')} instead of MFA"
    if grant is not None and effect is Effect.OTHER and grant.strength_satisfies_mfa is False:
        return f"asks for the strength “{grant.strength_name}”, which can be met without MFA"
    return None


def _limits(policy: ConditionalAccessPolicy, weakness: str | None) -> Iterator[str]:
    conditions = policy.conditions
    if weakness:
        yield weakness
    if circumstance := special_circumstance(conditions):
        yield f"applies {circumstance}"
    elif is_sparing_filter(conditions):
        yield "spares the devices that its device filter leaves out"
    if conditions.applications.has_application_filter:
        yield "picks its applications with a filter, so some may be left out"
