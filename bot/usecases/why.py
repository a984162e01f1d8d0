"""Why can this person's Mac not register? One question, one answer."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.coverage import grade_coverage
from bot.domain.diagnosis import Diagnosis, Grade, diagnose
from bot.domain.evidence import AppSso, Evidence, Unreadable
from bot.domain.people import ObjectId, User
from bot.domain.risk import is_break_glass
from bot.errors import BadInput, GraphError, GraphThrottled, GraphUnreachable, StoreUnavailable
from bot.ports import Answer, Services
from bot.usecases.facts import Reader
from bot.usecases.gather import Subject, Task, evidence_of, find_subject, start_personal, start_settings

REUSE = timedelta(seconds=30)
HOLD = timedelta(hours=2)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, how old it is, and what kept Graph from telling anything when nothing could be told."""

    answer: Answer
    age: timedelta = timedelta()
    trouble: GraphError | None = None


class NoChanges:
    """The change log of an installation that has no store, and so has never changed anything."""

    async def last_change(self, user: ObjectId) -> datetime | None:
        """Return None."""

    async def changed(self, user: ObjectId, at: datetime) -> None:
        """Refuse: a change needs a store."""
        raise StoreUnavailable("a change needs a store")


async def why(
    asked: str,
    services: Services,
    *,
    fresh: bool = False,
    app_sso: AppSso | None = None,
    asked_by: str = "",
) -> Answered:
    """Read everything about one user and judge it, within `rules.answer_within`.

    An answer of the last 30 seconds is given again, with its age, unless `fresh` or a paste came along.
    What cannot be read is a doubt of the answer, not an error. Raises BadInput and AmbiguousUser.
    """
    asked = asked.strip()
    if not asked:
        raise BadInput("empty: name a user by user principal name, mail address or object id", "user")
    reader = Reader(services.now, asyncio.get_running_loop().time() + _seconds(services.rules.answer_within))
    gathered = await _gather(asked, services, reader, app_sso, may_reuse=not fresh and app_sso is None)
    if isinstance(gathered, Answer):
        return Answered(gathered, age=services.now() - gathered.diagnosis.read_at)
    subject, evidence = gathered
    diagnosis = judged(evidence, services)
    trouble = reader.troubles[0] if diagnosis.verdict == "CANNOT_TELL" and reader.troubles else None
    answer = Answer(services.new_id(), diagnosis, asked_by)
    # A paste belongs to the one who pasted, and what timed out may work at the next try. A refusal will not.
    is_for_one = app_sso is not None or any(map(_may_pass, reader.troubles))
    await _keep(answer, None if is_for_one else subject.id, services)
    return Answered(answer, trouble=trouble)


def judged(evidence: Evidence, services: Services) -> Diagnosis:
    """Grade the coverage and look the evidence up in the decision table."""
    allowed = {Grade.FULL, Grade.PARTIAL}
    if services.rules.uncovered == "two":
        allowed |= {Grade.NONE, Grade.UNKNOWN}
    diagnosis = diagnose(evidence, grade_coverage(evidence), requestable=frozenset(allowed))
    protected = diagnosis.user and _protection(diagnosis.user, evidence, services)
    if protected and diagnosis.can_request_disable:
        return replace(diagnosis, can_request_disable=False, why_not=protected)
    return diagnosis


def _protection(user: User, evidence: Evidence, services: Services) -> str | None:
    """Return why this account is never changed from here, whatever the verdict."""
    if is_break_glass(user, services.rules.break_glass):
        return "This is an emergency account that is never changed from here. Its owners change it in Entra."
    if user.is_management_restricted:
        return (
            "The account is in a restricted management administrative unit, which apps may not change. "
            "Its administrators change it in Entra."
        )
    if isinstance(evidence.membership, Unreadable):
        return "Whether the account holds an administrator role could not be read. Make that readable first."
    return None


async def _gather(
    asked: str, services: Services, reader: Reader, app_sso: AppSso | None, *, may_reuse: bool
) -> Answer | tuple[Subject, Evidence]:
    reads: dict[str, Task] = {}
    recent: Answer | None = None
    async with asyncio.TaskGroup() as tasks:
        # The settings are cached for minutes: to begin early costs no scarce call and saves a round.
        reads |= start_settings(tasks, services, reader)
        subject = await find_subject(asked, services, reader)
        if subject.id is not None and may_reuse:
            recent = await _recent(subject.id, services)
        if subject.id is None or recent is not None:
            _cancel(reads)
        else:
            reads |= start_personal(tasks, subject.id, services, reader, reads["named_locations"])
    if subject.refusal is not None:
        raise subject.refusal
    return recent or (subject, evidence_of(asked, subject, services, reads, app_sso=app_sso))


def _cancel(reads: dict[str, Task]) -> None:
    for task in reads.values():
        task.cancel()


async def _recent(subject: ObjectId, services: Services) -> Answer | None:
    """Without the store everyone gets an answer of their own; an answer from before our change is history."""
    if services.answers is None:
        return None
    try:
        recent = await services.answers.recent(subject)
        changed_at = (
            await services.change_log.last_change(subject) if recent and services.change_log else None
        )
    except StoreUnavailable:
        log.warning("recent answers cannot be read: the store did not answer")
        return None
    is_outdated = recent is not None and changed_at is not None and changed_at >= recent.diagnosis.read_at
    return None if is_outdated else recent


async def _keep(answer: Answer, subject: ObjectId | None, services: Services) -> None:
    """An answer that cannot be kept is still an answer; its buttons will say that they are out of date."""
    if services.answers is None:
        return
    try:
        await services.answers.keep(answer, subject, REUSE, HOLD)
    except StoreUnavailable:
        log.warning("an answer could not be kept: the store did not answer")


def _may_pass(trouble: GraphError) -> bool:
    return isinstance(trouble, GraphThrottled | GraphUnreachable)


def _seconds(duration: timedelta) -> float:
    return duration.total_seconds()
