"""`doctor`: try everything the bot needs, and say for each failure what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from bot.domain.people import object_id
from bot.errors import BotError, GraphNotFound, GraphRefused, NoSuchUser, NotAllowed, RefusalKind
from bot.ports import DirectoryAudits, Privileges, Services, Urgency

NOBODY = object_id("00000000-0000-0000-0000-000000000000")
MOST_SKEW = timedelta(seconds=60)
"""Slack refuses requests signed five minutes away; a clock that is a minute off is on its way there."""


class Grade(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was tried, how it ended, what was seen, and what to do about it."""

    check: str
    grade: Grade
    seen: str
    fix: str = ""

    @property
    def failed(self) -> bool:
        """Whether the bot cannot work like this."""
        return self.grade is Grade.FAILED


@dataclass(frozen=True, slots=True)
class Attempt:
    """A check to make: `fix` is shown when it fails; `optional` failures are warnings."""

    check: str
    ask: Callable[[], Awaitable[object]]
    fix: str
    optional: bool = False


async def examine(attempts: tuple[Attempt, ...]) -> tuple[Finding, ...]:
    """Make every check side by side; the order of the findings is that of the attempts."""
    return tuple(await asyncio.gather(*(_made(attempt) for attempt in attempts)))


def graph_attempts(services: Services) -> tuple[Attempt, ...]:
    """Return one check for each permission that reading needs, asking about nobody in particular."""
    since = services.now() - timedelta(minutes=5)
    grant = "Grant the application permission {} in Entra ID, with admin consent."
    return (
        Attempt(
            "Graph: users",
            lambda: services.directory.find_user(NOBODY),
            grant.format("User.Read.All"),
        ),
        Attempt(
            "Graph: per-user MFA state",
            lambda: services.mfa_states.per_user_mfa_state(NOBODY),
            grant.format("Policy.Read.All"),
        ),
        Attempt(
            "Graph: sign-in log",
            lambda: services.sign_in_log.of_user(NOBODY, since, interactive=False, urgency=Urgency.PERSON),
            grant.format("AuditLog.Read.All") + " The sign-in log also needs an Entra ID P1 or P2 licence.",
        ),
        Attempt(
            "Graph: Conditional Access policies",
            lambda: services.policies.conditional_access(Urgency.PERSON),
            grant.format("Policy.Read.All"),
        ),
        Attempt(
            "Graph: security defaults",
            services.policies.security_defaults,
            grant.format("Policy.Read.All"),
        ),
        Attempt(
            "Graph: device registration policy",
            services.policies.device_registration,
            grant.format("Policy.Read.DeviceConfiguration (or Policy.Read.All)"),
            optional=True,
        ),
        Attempt(
            "Graph: sign-in methods",
            lambda: services.directory.methods(NOBODY),
            grant.format("UserAuthenticationMethod.Read.All"),
        ),
    )


def approval_attempts(privileges: Privileges, audits: DirectoryAudits, now: datetime) -> tuple[Attempt, ...]:
    """Return one check for each permission that a request for a change needs beside those of reading."""
    since = now - timedelta(minutes=5)
    without = " Without it no change can be asked for."
    return (
        Attempt(
            "Graph: directory roles",
            lambda: privileges.of(NOBODY),
            "Grant the application permissions RoleManagement.Read.Directory and Directory.Read.All in Entra "
            f"ID, with admin consent.{without}",
        ),
        Attempt(
            "Graph: directory audit log",
            lambda: audits.about(NOBODY, since, Urgency.PERSON),
            "Grant the application permissions AuditLog.Read.All and Directory.Read.All in Entra ID, with "
            f"admin consent.{without}",
        ),
    )


def step_up_findings(public_url: str, redirect_uri: str, context: str) -> tuple[Finding, ...]:
    """Judge what the settings of the approvers' sign-in say; what only Entra's portal shows is named."""
    return (
        _address_finding(public_url),
        Finding(
            "Step-up: redirect URI",
            Grade.OK,
            f"The app registration must list {redirect_uri} (platform Web); that cannot be seen here.",
        ),
        _context_finding(context),
    )


def _address_finding(public_url: str) -> Finding:
    check, parts = "Step-up: PSSO_PUBLIC_URL", urlsplit(public_url)
    if parts.path.rstrip("/").endswith("/step-up"):
        seen = f"Links would begin with {public_url.rstrip('/')}/step-up/."
        return Finding(check, Grade.WARNING, seen, "Leave /step-up out of PSSO_PUBLIC_URL: the bot adds it.")
    if parts.scheme != "https":
        seen = f"{public_url} opens on this machine alone."
        fix = "Set PSSO_PUBLIC_URL to the https:// address at which approvers' browsers reach the bot."
        return Finding(check, Grade.WARNING, seen, fix)
    seen = f"Approvers' browsers will be sent to {public_url}; open it from one of their machines to be sure."
    return Finding(check, Grade.OK, seen)


def _context_finding(context: str) -> Finding:
    check = "Step-up: proof of MFA"
    if not context:
        return Finding(
            check,
            Grade.WARNING,
            "It rests on `amr` in Entra's ID token, which v2.0 tokens may lack: then no approval counts.",
            "Set PSSO_STEP_UP_CONTEXT to an authentication context that demands MFA; docs/step-up.md, 3.",
        )
    return Finding(check, Grade.OK, f"The authentication context {context} is asked for, and checked.")


def clock_finding(ours: datetime, theirs: datetime | None) -> Finding:
    """Compare our clock with the time another service answered with."""
    if theirs is None:
        return Finding(
            "Clock", Grade.WARNING, "No service told its time.", "Make sure the clock is synchronised (NTP)."
        )
    skew = abs(ours - theirs)
    if skew > MOST_SKEW:
        return Finding(
            "Clock",
            Grade.FAILED,
            f"It is {skew.total_seconds():.0f} seconds away from Slack's.",
            "Synchronise this machine's clock (NTP): Slack refuses signatures that are five minutes off.",
        )
    return Finding("Clock", Grade.OK, f"Within {max(1, round(skew.total_seconds()))} s of Slack's.")


async def _made(attempt: Attempt) -> Finding:
    try:
        answer = await attempt.ask()
    except (NoSuchUser, GraphNotFound):
        return Finding(attempt.check, Grade.OK, "Answered.")
    except BotError as error:
        grade = Grade.WARNING if attempt.optional else Grade.FAILED
        return Finding(attempt.check, grade, _seen(error), attempt.fix)
    return Finding(attempt.check, Grade.OK, answer if isinstance(answer, str) else "Answered.")


def _seen(error: BotError) -> str:
    if isinstance(error, GraphRefused) and error.kind is RefusalKind.LICENCE:
        return "The tenant has no Entra ID P1 or P2 licence for this."
    if isinstance(error, NotAllowed) and error.detail:
        return f"{error.detail}."
    return f"It failed: {str(error) or type(error).__name__}."
