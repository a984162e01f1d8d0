"""What can be silenced from an alert, for how long, and who may do it."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from bot.domain.alert_delivery import typical
from bot.domain.alerts import LONGEST_SILENCE, AlertGroup, Matcher, Scope


class Reach(StrEnum):
    """How much a silence covers."""

    PERSON = "person"
    CAUSE = "cause"
    POLICY = "policy"
    NETWORK = "network"


LENGTHS: dict[str, timedelta] = {
    "1": timedelta(hours=1),
    "24": timedelta(days=1),
    "168": LONGEST_SILENCE,
}
"""Hours as a form sends them, and the length they mean."""


def reaches(group: AlertGroup) -> tuple[Reach, ...]:
    """Return what can be silenced from a group's card, the narrowest first."""
    about = typical(group)
    found = []
    if group.scope is Scope.PERSON and about.user_id:
        found.append(Reach.PERSON)
    if group.scope in (Scope.PERSON, Scope.PLACE) and about.network:
        found.append(Reach.NETWORK)
    if group.scope is not Scope.TENANT and about.policy_id:
        found.append(Reach.POLICY)
    return (*found, Reach.CAUSE)


def matcher_for(group: AlertGroup, reach: Reach) -> Matcher:
    """Return the matcher of a silence; behind one network the cause counts as well."""
    about = typical(group)
    match reach:
        case Reach.PERSON:
            return Matcher(user_id=about.user_id)
        case Reach.NETWORK:
            return Matcher(network=about.network, verdict=about.verdict)
        case Reach.POLICY:
            return Matcher(policy_id=about.policy_id)
    return Matcher(verdict=about.verdict)


def needs_approver(matcher: Matcher) -> bool:
    """Tell whether a silence covers more than one person, which the helpdesk does not decide."""
    return not matcher.user_id
