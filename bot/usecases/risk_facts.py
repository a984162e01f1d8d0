"""Reads what decides how many must approve a change, and whether it may be made at all.

At the request these are read beside the fresh diagnosis; directly before the change they are read once
more with the coverage, but without the sign-in log: the verdict was approved, the account is what may
have changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bot.domain.approval import Wish
from bot.domain.coverage import grade_coverage, trials_for
from bot.domain.diagnosis import Coverage, Diagnosis, Grade
from bot.domain.evidence import Evidence, Fact, Known, Unreadable, known
from bot.domain.people import AuthenticationMethod, ObjectId, User
from bot.domain.policies import NamedLocation
from bot.domain.risk import RECENT, RiskFacts, is_break_glass
from bot.ports import AuditEvent, Desk, Privilege, Urgency
from bot.usecases import facts
from bot.usecases.facts import Read, Reader

T = TypeVar("T")

PRIVILEGES = Read(
    "Whether the account is an administrator's",
    "GET /roleManagement/directory, transitiveMemberOf, ownedObjects",
    "RoleManagement.Read.Directory",
)
AUDITS = Read(
    "What was changed on the account lately",
    "GET /auditLogs/directoryAudits",
    "AuditLog.Read.All and Directory.Read.All",
)


@dataclass(frozen=True, slots=True)
class Account:
    """What is read about the account beside the diagnosis."""

    privilege: Fact[Privilege]
    methods: Fact[tuple[AuthenticationMethod, ...]]
    audits: Fact[tuple[AuditEvent, ...]]


async def read_account(user: ObjectId, desk: Desk) -> Account:
    """Read it side by side, within the deadline of one answer; trouble is a value. One scarce call."""
    reader = _reader(desk)
    since = desk.now() - RECENT
    async with asyncio.TaskGroup() as tasks:

        def read(what: Read, ask: Callable[[], Awaitable[T]]) -> asyncio.Task[Fact[T]]:
            return tasks.create_task(reader.fact(what, ask), name=what.what)

        privilege = read(PRIVILEGES, lambda: desk.privileges.of(user))
        methods = read(facts.METHODS, lambda: desk.directory.methods(user))
        audits = read(AUDITS, lambda: desk.directory_audits.about(user, since, Urgency.ACTION))
    return Account(privilege.result(), methods.result(), audits.result())


def facts_at_request(
    diagnosis: Diagnosis, user: User, account: Account, restore_after_hours: float | None, desk: Desk
) -> RiskFacts:
    """Put together what the request rests on."""
    return RiskFacts(
        state=diagnosis.per_user_mfa_state,
        coverage=diagnosis.coverage,
        is_open=_is_open(desk.now(), desk),
        why_not=diagnosis.why_not,
        restore_after_hours=restore_after_hours,
        unreadable=_unreadable(account),
        **_about(user, account, desk),
    )


async def facts_before_change(wish: Wish, user: User, desk: Desk) -> RiskFacts:
    """Read everything that decides anew, directly before the change."""
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(read_account(user.id, desk))
        grading = tasks.create_task(_coverage(user, desk))
    account, (coverage, doubts) = reading.result(), grading.result()
    return RiskFacts(
        state=wish.before,
        coverage=coverage,
        is_open=_is_open(wish.created_at, desk),
        restore_after_hours=wish.restore_after_hours,
        unreadable=_unreadable(account) + doubts,
        **_about(user, account, desk),
    )


def _about(user: User, account: Account, desk: Desk) -> dict[str, Any]:
    """Return what both times have in common. An unread fact is empty here, and named in `unreadable`."""
    privilege: Privilege = known(account.privilege, Privilege())
    methods: tuple[AuthenticationMethod, ...] = known(account.methods, ())
    audits: tuple[AuditEvent, ...] = known(account.audits, ())
    dated = [(method.kind == "password", method.created_at) for method in methods]
    passwords = [at for is_password, at in dated if is_password] + [user.last_password_change_at]
    others = [at for is_password, at in dated if not is_password]
    return {
        "user": user,
        "now": desk.now(),
        "is_break_glass": is_break_glass(user, desk.rules.break_glass),
        "active_roles": privilege.active_roles,
        "eligible_roles": privilege.eligible_roles,
        "role_assignable_groups": privilege.role_assignable_groups,
        "methods": methods,
        "password_changes": _times(passwords, (e.at for e in audits if e.is_password_change)),
        "method_changes": _times(others, (e.at for e in audits if e.is_method_change)),
        "allows_uncovered": desk.rules.uncovered == "two",
    }


def _times(*some: Iterable[datetime | None]) -> tuple[datetime, ...]:
    return tuple(at for times in some for at in times if at is not None)


def _is_open(asked_at: datetime, desk: Desk) -> bool:
    return desk.rules.hours is None or desk.rules.hours.include(asked_at)


def _unreadable(account: Account) -> tuple[str, ...]:
    read = ((PRIVILEGES, account.privilege), (facts.METHODS, account.methods), (AUDITS, account.audits))
    return tuple(_doubt(what, fact) for what, fact in read if not isinstance(fact, Known))


def _doubt(read: Read, fact: Fact[Any]) -> str:
    if isinstance(fact, Unreadable):
        return fact.reason
    return f"{read.what} could not be read: Microsoft Graph returned nothing."


def _reader(desk: Desk) -> Reader:
    within: timedelta = desk.rules.answer_within
    return Reader(desk.now, asyncio.get_running_loop().time() + within.total_seconds())


async def _coverage(user: User, desk: Desk) -> tuple[Coverage, tuple[str, ...]]:
    """Grade the coverage as it is now, and name what kept it from being graded.

    The lists are cached for minutes; the What-If evaluation asks Entra how it would decide this moment.
    """
    reader, ask, urgency = _reader(desk), desk.policies, Urgency.ACTION
    async with asyncio.TaskGroup() as tasks:
        policies = tasks.create_task(
            reader.setting(facts.CONDITIONAL_ACCESS, lambda: ask.conditional_access(urgency))
        )
        defaults = tasks.create_task(reader.setting(facts.SECURITY_DEFAULTS, ask.security_defaults))
        membership = tasks.create_task(
            reader.fact(facts.MEMBERSHIP, lambda: desk.directory.membership(user.id))
        )
        locations = await reader.setting(facts.NAMED_LOCATIONS, lambda: ask.named_locations(urgency))
        named: tuple[NamedLocation, ...] = known(locations, ())
        trials = trials_for(named)
        what_if = await reader.fact(facts.WHAT_IF, lambda: ask.what_if(user.id, trials, urgency))
    evidence = Evidence(
        asked=user.id,
        now=desk.now(),
        window=desk.rules.lookback,
        user=Known(user, desk.now(), facts.USER.source),
        security_defaults=defaults.result(),
        conditional_access_policies=policies.result(),
        named_locations=locations,
        membership=membership.result(),
        what_if=what_if,
    )
    coverage = grade_coverage(evidence)
    return coverage, _doubts(coverage, evidence, desk)


def _doubts(coverage: Coverage, evidence: Evidence, desk: Desk) -> tuple[str, ...]:
    """Name what could not be read where that may be why the coverage is unknown: it may be readable soon.

    Where two approvers may decide about an uncovered user, they decided knowing that it is unknown.
    """
    if coverage.grade is not Grade.UNKNOWN or desk.rules.uncovered == "two":
        return ()
    read = (
        evidence.conditional_access_policies,
        evidence.security_defaults,
        evidence.named_locations,
        evidence.membership,
        evidence.what_if,
    )
    return tuple(fact.reason for fact in read if isinstance(fact, Unreadable))
