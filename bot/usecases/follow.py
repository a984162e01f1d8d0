"""After a change: has the Mac registered, is something else in the way, or did nobody try?

Only what happened after the change counts: an old failure is never blamed. A look costs at most two scarce
calls, in the background; the log is read since the change each time, for rows come late and out of order.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.domain.approval import ChangeKind, ChangeRequest, State
from bot.domain.attempts import Attempts, attempts_in
from bot.domain.people import ObjectId
from bot.domain.policies import (
    ConditionalAccessPolicy,
    DeviceRegistrationPolicy,
    NamedLocation,
    TrialOutcome,
    TrialSignIn,
)
from bot.domain.sign_ins import SignIn, SignIns
from bot.errors import GraphError
from bot.ports import Desk, Entry, Job, News, Policies, Urgency
from bot.usecases.tell import tell
from bot.usecases.undo import later_change
from bot.usecases.why import why

FOLLOW = "follow"
RESTORE = "restore"
RESTS = (60, 60, 120, 120)
LONG_REST = 300
"""Seconds between two looks: the first ones, and all later ones."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a look found since the change. `registered`: a sentence, empty when the Mac has not registered."""

    registered: str = ""
    failure: SignIn | None = None
    interactive: SignIns = field(default_factory=SignIns)
    non_interactive: SignIns = field(default_factory=SignIns)


async def begin_follow(request: ChangeRequest, desk: Desk) -> None:
    """Schedule the first look, unless following is turned off."""
    if desk.rules.follow_for > timedelta() and request.finished_at is not None:
        due = request.finished_at + timedelta(seconds=RESTS[0])
        await desk.schedule.put(FOLLOW, request.id, due, {"request_id": request.id})


async def follow(job: Job, desk: Desk) -> None:
    """Look once, say what is new, and schedule the next look until `rules.follow_for` has passed."""
    request = await desk.requests.get(job.body["request_id"])
    if await _is_over(request, desk):
        return
    said: list[str] = json.loads(job.body.get("said", "[]"))
    unread = ""
    try:
        sight = await look(request, desk)
        if sight.registered:
            await registered(request, sight.registered, desk)
            return
        said += await _blocked(request, sight, said, desk)
    except GraphError as error:
        log.info("request %s cannot be followed right now: %s", request.id, error)
        unread = f"{error.what} could not be read"
    await _again(request, job, said, unread, desk)


async def look(request: ChangeRequest, desk: Desk) -> Sight:
    """Read what happened since the change: methods first, then the two logs. Raises GraphError."""
    target, since = request.wish.target.object_id, request.finished_at or request.wish.created_at
    key = await _new_key(target, since, desk)
    if key:
        return Sight(key)
    behind = await desk.sign_in_log.of_user(target, since, interactive=False, urgency=Urgency.BACKGROUND)
    token = _token(attempts_in(behind, now=desk.now(), since=since, stale_before=since))
    if token:
        return Sight(token)
    front = await desk.sign_in_log.of_user(target, since, interactive=True, urgency=Urgency.BACKGROUND)
    attempts = attempts_in((*behind, *front), now=desk.now(), since=since, stale_before=since)
    return Sight("", attempts.last_failure, front, behind)


async def registered(request: ChangeRequest, sentence: str, desk: Desk) -> None:
    """Say that it worked, and end the time box."""
    await _journal("follow.registered", request, desk)
    await desk.announcer.reply(request, News.REGISTERED, sentence)
    await tell(request.wish.requester.slack_id, request, News.REGISTERED, desk, sentence)
    await desk.schedule.drop(RESTORE, request.id)


async def _is_over(request: ChangeRequest, desk: Desk) -> bool:
    """A change that was taken back, or is being taken back, is no longer followed."""
    if request.state is not State.VERIFIED or request.wish.kind is not ChangeKind.DISABLE:
        return True
    return await later_change(request, desk) is not None


async def _new_key(target: ObjectId, since: datetime, desk: Desk) -> str:
    """The key that Platform SSO stores in Secure Enclave mode; without the right to read it, no evidence."""
    try:
        methods = await desk.directory.methods(target)
    except GraphError as error:
        log.info("methods are not followed: %s", error)
        return ""
    for method in methods:
        if method.is_mac_platform_credential and method.created_at and method.created_at > since:
            return f"Registered at {clock(method.created_at)}: its key is stored with the account."
    return ""


def _token(attempts: Attempts) -> str:
    """The broker got its token in the background, and nothing failed since.

    The person's own sign-in and the device's registration come before that request and prove nothing.
    """
    success, failure = attempts.last_broker_success, attempts.last_failure
    if success is None or (failure is not None and failure.created_at > success.created_at):
        return ""
    mac = f" on {success.device_name}" if success.device_name else ""
    return f"Registered at {clock(success.created_at)}: the broker got its token{mac}."


async def _blocked(request: ChangeRequest, sight: Sight, said: list[str], desk: Desk) -> list[str]:
    """Say what blocks now, once for each cause; return the cause that was said. Raises GraphError."""
    failure = sight.failure
    if failure is None:
        return []
    policies = _policies_against(failure)
    services = replace(
        desk, answers=None, sign_in_log=_AlreadyRead(sight), policies=_InBackground(desk.policies)
    )
    answered = await why(request.wish.target.object_id, services, fresh=True)
    if answered.trouble is not None:
        raise answered.trouble
    diagnosis = answered.answer.diagnosis
    cause = "|".join((diagnosis.verdict, str(failure.error_code), *policies))
    if cause in said:
        return []
    stopped = f", stopped by the Conditional Access policy {_listed(policies)}" if policies else ""
    detail = (
        f"It is blocked now by AADSTS{failure.error_code} at {clock(failure.created_at)}{stopped}. "
        f"{diagnosis.summary} Next: {diagnosis.remedy}"
    )
    await _journal("follow.blocked", request, desk, verdict=diagnosis.verdict, code=str(failure.error_code))
    await desk.announcer.reply(request, News.STILL_BLOCKED, detail)
    await tell(request.wish.requester.slack_id, request, News.STILL_BLOCKED, desk, detail)
    return [cause]


def _policies_against(failure: SignIn) -> tuple[str, ...]:
    applied = failure.applied_policies or ()
    return tuple(policy.display_name for policy in applied if policy.result.lower() == "failure")


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"“{name}”" for name in names)


async def _again(request: ChangeRequest, job: Job, said: list[str], unread: str, desk: Desk) -> None:
    """Schedule the next look; after the last one, say so when nobody tried."""
    assert request.finished_at is not None
    ends, now = request.finished_at + desk.rules.follow_for, desk.now()
    if now >= ends:
        if not said:
            await _not_tried(request, unread, desk)
        return
    looks = int(job.body.get("looks", "0")) + 1
    rest = RESTS[looks] if looks < len(RESTS) else LONG_REST
    body = {"request_id": request.id, "looks": str(looks), "said": json.dumps(said)}
    await desk.schedule.put(FOLLOW, request.id, min(ends, now + timedelta(seconds=rest)), body)


async def _not_tried(request: ChangeRequest, unread: str, desk: Desk) -> None:
    """What could not be read is not called "nobody tried"."""
    minutes = desk.rules.follow_for // timedelta(minutes=1)
    detail = (
        f"In the {minutes} minutes since the change the log shows no try. Ask whether the person saw the "
        "registration notification, whether the Mac is online, and whether Company Portal is open and "
        "signed in. The log can be half an hour late."
    )
    if unread:
        detail = f"It is not certain: {unread} at the last look, {minutes} minutes after the change."
    await _journal("follow.not_tried", request, desk, unread=unread)
    await desk.announcer.reply(request, News.NOT_TRIED, detail)
    await tell(request.wish.requester.slack_id, request, News.NOT_TRIED, desk, detail)


async def _journal(kind: str, request: ChangeRequest, desk: Desk, **detail: str) -> None:
    target = request.wish.target.object_id
    await desk.journal.write(Entry(kind, request_id=request.id, target=target, detail=detail))


def clock(at: datetime) -> str:
    """Return the time of day for people, in UTC."""
    return f"{at:%H:%M} UTC"


@dataclass(frozen=True, slots=True)
class _AlreadyRead:
    """The sign-in log as this look has read it, so that judging it costs no further scarce call."""

    sight: Sight

    async def of_user(
        self, user: ObjectId, since: datetime, *, interactive: bool, urgency: Urgency
    ) -> SignIns:
        return self.sight.interactive if interactive else self.sight.non_interactive


@dataclass(frozen=True, slots=True)
class _InBackground:
    """The tenant's settings, asked for after everybody who waits."""

    policies: Policies

    async def conditional_access(
        self, urgency: Urgency
    ) -> tuple[tuple[ConditionalAccessPolicy, ...], datetime]:
        return await self.policies.conditional_access(Urgency.BACKGROUND)

    async def named_locations(self, urgency: Urgency) -> tuple[tuple[NamedLocation, ...], datetime]:
        return await self.policies.named_locations(Urgency.BACKGROUND)

    async def security_defaults(self) -> tuple[bool, datetime]:
        return await self.policies.security_defaults()

    async def device_registration(self) -> tuple[DeviceRegistrationPolicy, datetime]:
        return await self.policies.device_registration()

    async def what_if(
        self, user: ObjectId, trials: tuple[TrialSignIn, ...], urgency: Urgency
    ) -> tuple[TrialOutcome, ...]:
        return await self.policies.what_if(user, trials, Urgency.BACKGROUND)
