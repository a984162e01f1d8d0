"""Reads everything one diagnosis rests on, side by side, in at most two rounds of dependent calls.

Round one: who is meant, and the tenant's settings. Round two needs the object id: state, sign-ins, devices…
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.domain.coverage import trials_for
from bot.domain.evidence import NOT_ASKED, Absent, Evidence, Fact, Known, Unreadable, known
from bot.domain.people import ObjectId, User, is_object_id, object_id
from bot.domain.policies import NamedLocation, TrialOutcome
from bot.domain.sign_ins import SignIns
from bot.errors import BotError, GraphError, GraphUnreachable, NoSuchUser
from bot.ports import Services, Urgency
from bot.usecases import facts
from bot.usecases.facts import Reader

Task = asyncio.Task[Fact[Any]]


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom the question is about, as far as that could be found out.

    `id` None: there is nobody to read more about. `refusal`: the question itself cannot be answered.
    """

    user: Fact[User]
    id: ObjectId | None = None
    was_deleted: bool = False
    refusal: BotError | None = None


async def find_subject(asked: str, services: Services, reader: Reader) -> Subject:
    """Find the user; trouble with Graph is a value, and an object id is as good as a user that was read."""
    nobody: Fact[User] = Absent(services.now(), facts.USER.source)
    try:
        async with asyncio.timeout_at(reader.deadline):
            user = await services.directory.find_user(asked)
    except NoSuchUser as error:
        return Subject(Absent(services.now(), facts.USER.source), was_deleted=error.deleted)
    except TimeoutError:
        return _unread(asked, GraphUnreachable(facts.USER.what, timed_out=True), reader)
    except GraphError as error:
        return _unread(asked, error, reader)
    except BotError as error:
        return Subject(nobody, refusal=error)
    return Subject(Known(user, services.now(), facts.USER.source), user.id)


def _unread(asked: str, error: GraphError, reader: Reader) -> Subject:
    reader.troubles.append(error)
    subject = object_id(asked) if is_object_id(asked) else None
    return Subject(facts.unreadable(error, facts.USER), subject)


def start_settings(tasks: asyncio.TaskGroup, services: Services, reader: Reader) -> dict[str, Task]:
    """Start to read the tenant's settings; the adapter caches them for minutes."""
    ask, person = services.policies, Urgency.PERSON

    def read(what: facts.Read, call: Callable[[], Awaitable[tuple[Any, datetime]]]) -> Task:
        return tasks.create_task(reader.setting(what, call), name=what.what)

    return {
        "conditional_access_policies": read(facts.CONDITIONAL_ACCESS, lambda: ask.conditional_access(person)),
        "named_locations": read(facts.NAMED_LOCATIONS, lambda: ask.named_locations(person)),
        "security_defaults": read(facts.SECURITY_DEFAULTS, ask.security_defaults),
        "device_registration_policy": read(facts.DEVICE_REGISTRATION, ask.device_registration),
    }


def start_personal(
    tasks: asyncio.TaskGroup, user: ObjectId, services: Services, reader: Reader, locations: Task
) -> dict[str, Task]:
    """Start to read what belongs to one user."""
    since, log, person = services.now() - services.rules.lookback, services.sign_in_log, Urgency.PERSON

    def read(what: facts.Read, call: Callable[[], Awaitable[Any]]) -> Task:
        return tasks.create_task(reader.fact(what, call), name=what.what)

    return {
        "per_user_mfa_state": read(
            facts.PER_USER_MFA_STATE, lambda: services.mfa_states.per_user_mfa_state(user)
        ),
        "interactive": read(
            facts.INTERACTIVE, lambda: log.of_user(user, since, interactive=True, urgency=person)
        ),
        "non_interactive": read(
            facts.NON_INTERACTIVE, lambda: log.of_user(user, since, interactive=False, urgency=person)
        ),
        "devices": read(facts.DEVICES, lambda: services.directory.devices(user)),
        "methods": read(facts.METHODS, lambda: services.directory.methods(user)),
        "membership": read(facts.MEMBERSHIP, lambda: services.directory.membership(user)),
        "what_if": tasks.create_task(_what_if(user, services, reader, locations)),
        "state_changed_at": tasks.create_task(_last_change(user, services, reader)),
    }


async def _what_if(
    user: ObjectId, services: Services, reader: Reader, locations: Task
) -> Fact[tuple[TrialOutcome, ...]]:
    """The trials avoid every named location, so these are awaited; they were asked for a round earlier."""
    no_locations: tuple[NamedLocation, ...] = ()
    trials = trials_for(known(await locations, no_locations))
    return await reader.fact(facts.WHAT_IF, lambda: services.policies.what_if(user, trials, Urgency.PERSON))


async def _last_change(user: ObjectId, services: Services, reader: Reader) -> Fact[datetime]:
    log = services.change_log
    if log is None:
        return NOT_ASKED
    fact: Fact[datetime | None] = await reader.fact(facts.OWN_CHANGES, lambda: log.last_change(user))
    match fact:
        case Known(value=datetime() as at, read_at=read_at, source=source):
            return Known(at, read_at, source)
        case Unreadable() | Absent():
            return fact
        case _:
            return Absent(services.now(), facts.OWN_CHANGES.source)


def _left_out(facts: Iterable[Fact[Any]]) -> tuple[str, ...]:
    """Name the sign-ins that the log gave and that nobody could read: they may be the ones that matter."""
    count = sum(rows.left_out for fact in facts if isinstance(rows := known(fact, None), SignIns))
    if not count:
        return ()
    records = "1 sign-in record" if count == 1 else f"{count} sign-in records"
    return (f"{records} could not be read: the error code, the time or the id is missing.",)


def evidence_of(
    asked: str, subject: Subject, services: Services, read: Mapping[str, Task], **more: Any
) -> Evidence:
    """Put finished reads together; what was cancelled stays not asked."""
    done: dict[str, Any] = {name: task.result() for name, task in read.items() if not task.cancelled()}
    return Evidence(
        asked=asked,
        now=services.now(),
        window=services.rules.lookback,
        user=subject.user,
        user_was_deleted=subject.was_deleted,
        notes=_left_out(done.values()),
        **done,
        **more,
    )
