"""Step-up: one approval that counts only after its approver has just signed in to Entra with MFA."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.people import ObjectId
from bot.errors import Denial

LINK_LIFETIME = timedelta(minutes=5)
OLDEST_SIGN_IN = timedelta(minutes=5)
CLOCK_SKEW = timedelta(seconds=10)
"""Entra's clock and ours differ, and `auth_time` counts whole seconds."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """An approval that was clicked and waits for the sign-in: whose, of what, on which card."""

    request_id: str
    version: int | None  # as the card showed it
    slack_id: str
    object_id: ObjectId  # of the approver, as the click found it
    user_principal_name: str
    channel: str
    message_ts: str
    clicked_at: datetime
    made_at: datetime


@dataclass(frozen=True, slots=True)
class EntraSignIn:
    """What a validated id_token says about one sign-in.

    https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
    """

    tenant: str  # tid
    object_id: ObjectId  # oid
    at: datetime | None  # auth_time
    methods: frozenset[str] = frozenset()  # amr
    contexts: frozenset[str] = frozenset()  # acrs


@dataclass(frozen=True, slots=True)
class StepUpProof:
    """The sign-in that stands behind one approval: good for this person and this request alone."""

    request_id: str
    object_id: ObjectId
    signed_in_at: datetime


def denial_of_sign_in(
    ticket: Ticket, sign_in: EntraSignIn, tenant: str, context: str, now: datetime
) -> Denial | None:
    """Tell whether a sign-in proves that the ticket's approver was there just now, with MFA.

    With an authentication `context` ("c1") the token must name it; without, its `amr` must say "mfa".
    https://learn.microsoft.com/entra/identity-platform/developer-guide-conditional-access-authentication-context
    """
    if sign_in.tenant.lower() != tenant.lower():
        return Denial.STEP_UP_INVALID
    if sign_in.object_id != ticket.object_id:
        return Denial.STEP_UP_OTHER_PERSON
    if not _is_fresh(sign_in.at, ticket.made_at, now):
        return Denial.STEP_UP_NOT_FRESH
    has_mfa = context in sign_in.contexts if context else "mfa" in sign_in.methods
    return None if has_mfa else Denial.STEP_UP_NO_MFA


def _is_fresh(at: datetime | None, made_at: datetime, now: datetime) -> bool:
    if at is None:
        return False
    return max(made_at, now - OLDEST_SIGN_IN) - CLOCK_SKEW <= at <= now + CLOCK_SKEW
