"""Sign-in records, normalised; and the apps and resources Platform SSO speaks through.

Record fields: https://learn.microsoft.com/graph/api/resources/signin?view=graph-rest-beta
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

BROKER_APP = "29d9ed98-a469-4536-ade2-f981bc1d605e"
"""Microsoft Authentication Broker: every Primary Refresh Token request is made to it."""

DEVICE_REGISTRATION_RESOURCE = "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9"
"""Device Registration Service."""


@dataclass(frozen=True, slots=True)
class AppliedPolicy:
    """A Conditional Access policy as one sign-in record lists it."""

    id: str
    display_name: str
    result: str  # success, failure, notApplied, notEnabled, reportOnly…, unknown
    grant_controls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RequirementSource:
    """Who demanded MFA of a sign-in: one entry of `authenticationRequirementPolicies`."""

    provider: str  # "user" is per-user MFA; "multiConditionalAccess", "securityDefaults"…
    detail: str = ""


@dataclass(frozen=True, slots=True)
class AuthenticationStep:
    """One entry of `authenticationDetails`."""

    method: str
    succeeded: bool | None


@dataclass(frozen=True, slots=True)
class SignIn:
    """One row of the sign-in log. `error_code` 0 is a success."""

    id: str
    created_at: datetime
    user_id: str
    app_id: str
    app_name: str
    resource_id: str
    resource_name: str
    error_code: int
    is_interactive: bool
    failure_reason: str = ""
    correlation_id: str = ""
    ip_address: str = ""
    country: str = ""
    operating_system: str = ""
    device_id: str = ""
    device_name: str = ""
    user_agent: str = ""
    risk_level: str = ""  # riskLevelDuringSignIn
    conditional_access_status: str = ""
    applied_policies: tuple[AppliedPolicy, ...] | None = None  # None: Graph left the property out
    requirement_sources: tuple[RequirementSource, ...] | None = None
    steps: tuple[AuthenticationStep, ...] = ()
    user_principal_name: str = ""
    user_display_name: str = ""

    @property
    def is_broker(self) -> bool:
        """Whether the Microsoft Authentication Broker asked."""
        return self.app_id == BROKER_APP

    @property
    def is_device_registration(self) -> bool:
        """Whether the Device Registration Service was asked for."""
        return self.resource_id == DEVICE_REGISTRATION_RESOURCE

    @property
    def succeeded(self) -> bool:
        """Whether Entra let the sign-in through."""
        return self.error_code == 0


class SignIns(tuple[SignIn, ...]):
    """Sign-ins as the log gave them, and how many more it gave that could not be read."""

    left_out: int

    def __new__(cls, rows: Iterable[SignIn] = (), left_out: int = 0) -> Self:
        """Make a tuple that knows what it lacks."""
        made = super().__new__(cls, rows)
        made.left_out = left_out
        return made
