"""The Policies port: tenant settings, kept for minutes, and Graph's What-If.

https://learn.microsoft.com/graph/api/conditionalaccessroot-evaluate
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from bot.adapters.graph.calls import (
    DEVICE_REGISTRATION,
    NAMED_LOCATIONS,
    POLICIES,
    SECURITY_DEFAULTS,
    WHAT_IF,
    Call,
)
from bot.adapters.graph.fresh import Kept
from bot.adapters.graph.gateway import Gateway, Within
from bot.adapters.graph.pages import json_object
from bot.adapters.graph.policy_rows import demands_mfa, location_in, policy_in, registration_in
from bot.adapters.graph.wire import Row, flag
from bot.domain.people import ObjectId, object_id
from bot.domain.policies import (
    AppliedPolicy,
    ConditionalAccessPolicy,
    DeviceRegistrationPolicy,
    NamedLocation,
    TrialOutcome,
    TrialSignIn,
)
from bot.errors import GraphError, GraphMalformed
from bot.ports import Clock, Urgency

T = TypeVar("T")

KEEP = timedelta(minutes=5)
ACCESS = "/v1.0/identity/conditionalAccess"


class GraphPolicies:
    """Reads each setting at most once in `keep`, however many ask."""

    def __init__(self, graph: Gateway, now: Clock, keep: timedelta = KEEP) -> None:
        self._graph = graph
        self._policies: Kept[tuple[ConditionalAccessPolicy, ...]] = Kept(now, keep)
        self._locations: Kept[tuple[NamedLocation, ...]] = Kept(now, keep)
        self._security_defaults: Kept[bool] = Kept(now, keep)
        self._registration: Kept[DeviceRegistrationPolicy] = Kept(now, keep)

    async def conditional_access(
        self, urgency: Urgency
    ) -> tuple[tuple[ConditionalAccessPolicy, ...], datetime]:
        """Return every Conditional Access policy.

        All states are read and judged here: a filtered list is known to miss policies.
        """
        return await self._policies.get(
            lambda: self._whole(POLICIES, f"{ACCESS}/policies", policy_in, urgency)
        )

    async def named_locations(self, urgency: Urgency) -> tuple[tuple[NamedLocation, ...], datetime]:
        """Return every named location."""
        return await self._locations.get(
            lambda: self._whole(NAMED_LOCATIONS, f"{ACCESS}/namedLocations", location_in, urgency)
        )

    async def security_defaults(self) -> tuple[bool, datetime]:
        """Tell whether security defaults are on. An answer that does not say is GraphMalformed."""
        return await self._security_defaults.get(self._read_security_defaults)

    async def device_registration(self) -> tuple[DeviceRegistrationPolicy, datetime]:
        """Return the device registration policy."""
        return await self._registration.get(self._read_registration)

    async def what_if(
        self, user: ObjectId, trials: tuple[TrialSignIn, ...], urgency: Urgency
    ) -> tuple[TrialOutcome, ...]:
        """Ask Graph's What-If which enabled policies would apply to each trial, in order."""
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(self._try(object_id(user), trial, urgency)) for trial in trials]
        outcomes: list[TrialOutcome] = []
        for task in asked:
            outcome = task.result()
            if isinstance(outcome, GraphError):
                raise outcome
            outcomes.append(outcome)
        return tuple(outcomes)

    async def _whole(
        self, call: Call, path: str, read: Callable[[Row], T], urgency: Urgency
    ) -> tuple[T, ...]:
        return tuple(await self._graph.rows(call, path, read, Within(urgency, pages=20)))

    async def _read_security_defaults(self) -> bool:
        path = "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy"
        is_enabled = flag(
            json_object(SECURITY_DEFAULTS, await self._graph.get(SECURITY_DEFAULTS, path)), "isEnabled"
        )
        if is_enabled is None:
            raise GraphMalformed(SECURITY_DEFAULTS.what, message="isEnabled is missing")
        return is_enabled

    async def _read_registration(self) -> DeviceRegistrationPolicy:
        body = await self._graph.get(DEVICE_REGISTRATION, "/v1.0/policies/deviceRegistrationPolicy")
        return registration_in(json_object(DEVICE_REGISTRATION, body))

    async def _try(self, user: ObjectId, trial: TrialSignIn, urgency: Urgency) -> TrialOutcome | GraphError:
        try:
            body = await self._graph.ask(WHAT_IF, f"{ACCESS}/evaluate", _question(user, trial), urgency)
            return _outcome(trial, json_object(WHAT_IF, body))
        except GraphError as error:
            return error


def _question(user: ObjectId, trial: TrialSignIn) -> Row:
    """Return the body of an evaluate call. What a condition leaves out, Graph cannot judge by."""
    context = {
        "@odata.type": "#microsoft.graph.applicationContext",
        "includeApplications": [trial.application],
    }
    conditions = {
        "devicePlatform": trial.platform,
        "clientAppType": trial.client_app_type,
        "ipAddress": trial.ip_address,
        "country": trial.country,
        "signInRiskLevel": "none",
        "userRiskLevel": "none",
        "deviceInfo": {"isCompliant": False},  # else no policy with a device filter can be judged
    }
    return {
        "signInIdentity": {"@odata.type": "#microsoft.graph.userSignIn", "userId": user},
        "signInContext": context,
        "signInConditions": {name: value for name, value in conditions.items() if value},
        "appliedPoliciesOnly": True,
    }


def _outcome(trial: TrialSignIn, answer: Row) -> TrialOutcome:
    """Keep the enabled policies that apply: Graph also lists report-only ones."""
    rows = answer.get("value")
    if not isinstance(rows, list):
        raise GraphMalformed(WHAT_IF.what, message="the answer has no list of policies")
    mfa: list[AppliedPolicy] = []
    other: list[AppliedPolicy] = []
    for row in rows:
        if not isinstance(row, dict) or flag(row, "policyApplies") is not True:
            continue
        try:
            policy = policy_in(row)
        except ValueError as error:
            raise GraphMalformed(WHAT_IF.what, message=str(error)) from None
        if policy.state == "enabled":
            applied = AppliedPolicy(policy.id, policy.display_name or policy.id)
            (mfa if demands_mfa(policy.grant) else other).append(applied)
    return TrialOutcome(trial, tuple(mfa), tuple(other))
