"""A read becomes a fact: known, absent, or unreadable with a sentence that says what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from bot.domain.evidence import Absent, Fact, Known, Unreadable, Why
from bot.errors import (
    BotError,
    GraphError,
    GraphMalformed,
    GraphNotFound,
    GraphRefused,
    GraphThrottled,
    GraphUnreachable,
    RefusalKind,
)
from bot.ports import Clock

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Read:
    """One thing to read: in an admin's words, from which call, and the application permission it needs."""

    what: str
    source: str
    needs: str


USER = Read("The account", "GET /users/{id}", "User.Read.All")
PER_USER_MFA_STATE = Read(
    "The per-user MFA state", "GET /beta/users/{id}/authentication/requirements", "Policy.Read.All"
)
INTERACTIVE = Read(
    "The interactive sign-in log", "GET /beta/auditLogs/signIns (interactive)", "AuditLog.Read.All"
)
NON_INTERACTIVE = Read(
    "The non-interactive sign-in log", "GET /beta/auditLogs/signIns (non-interactive)", "AuditLog.Read.All"
)
CONDITIONAL_ACCESS = Read(
    "The list of Conditional Access policies", "GET /identity/conditionalAccess/policies", "Policy.Read.All"
)
NAMED_LOCATIONS = Read(
    "The list of named locations", "GET /identity/conditionalAccess/namedLocations", "Policy.Read.All"
)
SECURITY_DEFAULTS = Read(
    "The security defaults setting",
    "GET /policies/identitySecurityDefaultsEnforcementPolicy",
    "Policy.Read.All",
)
DEVICE_REGISTRATION = Read(
    "The device registration policy",
    "GET /policies/deviceRegistrationPolicy",
    "Policy.Read.DeviceConfiguration",
)
DEVICES = Read("The user's devices", "GET /users/{id}/ownedDevices, registeredDevices", "Device.Read.All")
METHODS = Read(
    "The user's sign-in methods",
    "GET /users/{id}/authentication/methods",
    "UserAuthenticationMethod.Read.All",
)
MEMBERSHIP = Read("The user's groups and roles", "GET /users/{id}/transitiveMemberOf", "GroupMember.Read.All")
WHAT_IF = Read(
    "The What-If evaluation of Conditional Access",
    "POST /beta/identity/conditionalAccess/evaluate",
    "Policy.Read.ConditionalAccess",
)
OWN_CHANGES = Read("The bot's own record of changes", "own change log", "")


def unreadable(error: BotError, read: Read) -> Unreadable:
    """Say why a read gave nothing, and what to grant or do about it."""
    match error:
        case GraphRefused():
            return _refused(error, read)
        case GraphThrottled(retry_after=after):
            when = f"in {after:.0f} seconds" if after else "in a minute"
            why, rest = Why.THROTTLED, f"Microsoft Graph asked us to slow down. Ask again {when}."
        case GraphUnreachable(timed_out=True):
            why, rest = Why.TIMEOUT, "Microsoft Graph did not answer in time. Ask again."
        case GraphMalformed():
            why, rest = Why.MALFORMED, "Microsoft Graph gave an answer that cannot be understood."
        case GraphUnreachable():
            why, rest = Why.UNREACHABLE, f"Microsoft Graph could not be reached{_status(error)}. Ask again."
        case GraphError():
            why, rest = Why.MALFORMED, f"Microsoft Graph did not accept the question{_status(error)}."
        case _:
            why, rest = Why.UNREACHABLE, "the store did not answer."
    return Unreadable(why, f"{read.what} could not be read: {rest}", read.source)


def _refused(error: GraphRefused, read: Read) -> Unreadable:
    needs = error.needs or read.needs
    match error.kind:
        case RefusalKind.LICENCE:
            why, rest = Why.LICENCE, "the tenant needs a Microsoft Entra ID P1 or P2 licence."
        case RefusalKind.RESTRICTED:
            why, rest = (
                Why.PERMISSION,
                "it is in a restricted management administrative unit, which keeps applications out.",
            )
        case RefusalKind.PERMISSION:
            why, rest = (
                Why.PERMISSION,
                f"grant the application permission {needs} to the bot's app and give admin consent.",
            )
    return Unreadable(why, f"{read.what} could not be read: {rest}", read.source)


def _status(error: GraphError) -> str:
    return f" (status {error.status})" if error.status else ""


@dataclass(slots=True)
class Reader:
    """Reads side by side until one deadline; errors become values and are kept in `troubles`."""

    now: Clock
    deadline: float  # in the running loop's time
    troubles: list[GraphError] = field(default_factory=list)

    async def fact(self, read: Read, ask: Callable[[], Awaitable[T]]) -> Fact[T]:
        """Ask, and date the value with the time the answer came."""

        async def dated() -> tuple[T, datetime]:
            value = await ask()
            return value, self.now()

        return await self.setting(read, dated)

    async def setting(self, read: Read, ask: Callable[[], Awaitable[tuple[T, datetime]]]) -> Fact[T]:
        """Ask for a value that knows when it was read."""
        try:
            async with asyncio.timeout_at(self.deadline):
                value, read_at = await ask()
        except GraphNotFound:
            return Absent(self.now(), read.source)
        except TimeoutError:
            return self._noted(GraphUnreachable(read.what, timed_out=True), read)
        except BotError as error:
            return self._noted(error, read)
        return Known(value, read_at, read.source)

    def _noted(self, error: BotError, read: Read) -> Unreadable:
        if isinstance(error, GraphError):
            self.troubles.append(error)
        return unreadable(error, read)
