"""What follows a change that was read back: watch that it lasts, follow the next try, keep the time box.

The bot reports and never fights: a state that somebody switched back stays as it is. Every job reads the
request and the state anew, may come twice or hours late, and then says once what is so by then.
"""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import timedelta

from bot.domain.approval import ChangeKind, ChangeRequest, State, fulfils
from bot.domain.people import AuthenticationMethod, PerUserMfaState
from bot.errors import GraphError, GraphNotFound, StoreUnavailable
from bot.ports import AuditEvent, Desk, Entry, Job, News, Urgency
from bot.usecases.follow import FOLLOW, RESTORE, begin_follow, follow
from bot.usecases.restore import begin_restore, restore
from bot.usecases.tell import tell
from bot.usecases.undo import later_change

WATCH = "watch"
METHODS = "methods"
LOOKS = (timedelta(minutes=5), timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
"""How long after a change its state is read again."""

AUDIT_DELAY = timedelta(minutes=15)  # how long the directory audit log may keep a record back
SOON = timedelta(minutes=5)
COMPARE_AFTER = timedelta(minutes=2)
SNAPSHOT_WITHIN = 5.0  # seconds, a part of the lease under which the change is sent
MOST_TRIES = 5
REMEMBERED = timedelta(days=30)
EXPENDABLE = frozenset({"temporaryaccesspass"})
"""Methods that go away by themselves."""
EXPECTED = frozenset({"platformcredential"})
"""Methods that come with a registration for Platform SSO."""

log = logging.getLogger(__name__)


async def begin(request: ChangeRequest, desk: Desk) -> None:
    """Schedule everything that follows a verified change; what comes again later changes nothing.

    Whoever delivers the news calls this, so it is repeated until it is done, also by another process.
    """
    if request.state is not State.VERIFIED or not request.intact or request.finished_at is None:
        return
    if await desk.limits.count("aftercare", request.id, REMEMBERED):
        return
    if request.wish.undoes is not None:
        for kind in (WATCH, FOLLOW, RESTORE):
            await desk.schedule.drop(kind, request.wish.undoes)
    await desk.schedule.put(WATCH, request.id, request.finished_at + LOOKS[0], {"request_id": request.id})
    if request.wish.kind is ChangeKind.DISABLE:
        await begin_follow(request, desk)
        await begin_restore(request, desk)
    await desk.limits.admit("aftercare", request.id, 1, REMEMBERED, request.id)


async def watch(job: Job, desk: Desk) -> None:
    """Read the state once more. When it is another one, say so, and who did it as soon as that is known."""
    request = await desk.requests.get(job.body["request_id"])
    later = await later_change(request, desk)
    if request.state is not State.VERIFIED or (later is not None and later.state is State.VERIFIED):
        return
    if later is not None:  # somebody else's change is under way: how it ends decides
        await desk.schedule.put(WATCH, request.id, desk.now() + SOON, job.body)
        return
    try:
        state = await desk.mfa_states.per_user_mfa_state(request.wish.target.object_id)
    except GraphNotFound:
        return
    except GraphError as error:
        log.info("request %s cannot be watched right now: %s", request.id, error)
        await _look_again(request, job.body.get("said", ""), desk)
        return
    if fulfils(request.wish, state):
        await _look_again(request, "", desk)
    else:
        await _changed(request, state, job.body.get("said", ""), desk)


async def _changed(request: ChangeRequest, state: PerUserMfaState, said: str, desk: Desk) -> None:
    """Name who did it; while the audit log does not, say at least that it happened, once."""
    event, unread = await _culprit(request, state, desk)
    if event is not None and request.wish.kind is ChangeKind.DISABLE:
        at = f"{event.at:%Y-%m-%d %H:%M} UTC"
        detail = f"{event.by} set it to {state} at {at} (“{event.activity}” in Entra's audit log)."
        who = {"by": event.by_user_id or event.by_app_id or "unknown", "at": event.at.isoformat()}
        await _journal("watch.re_enforced", request, state, desk, **who)
        await _say(request, News.RE_ENFORCED, detail, desk)
        return
    if said != state:
        detail = f"It reads {state} now. {unread or 'Who changed it is not in the audit log yet.'}"
        if event is not None:
            detail = f"It reads {state} now: {event.by} set it at {event.at:%H:%M} UTC."
        await _journal("watch.drifted", request, state, desk)
        await _say(request, News.DRIFTED, detail, desk)
    await _look_again(request, str(state), desk, soon=said != state)


async def _culprit(
    request: ChangeRequest, state: PerUserMfaState, desk: Desk
) -> tuple[AuditEvent | None, str]:
    """Return the newest record that set this state, or a sentence why there is none to be had."""
    since = request.decided_at or request.wish.created_at
    try:
        events = await desk.directory_audits.about(request.wish.target.object_id, since, Urgency.BACKGROUND)
    except GraphError as error:
        log.info("request %s: who changed the state cannot be read: %s", request.id, error)
        return None, f"Who changed it could not be read: {error.what} did not answer."
    setting = [event for event in events if event.sets_state is not None]
    newest = max(setting, key=lambda event: event.at, default=None)
    if newest is None or newest.sets_state is None or fulfils(request.wish, newest.sets_state):
        return None, ""
    return newest, ""


async def _look_again(request: ChangeRequest, said: str, desk: Desk, *, soon: bool = False) -> None:
    """Schedule the next look; soon, when a name is still to come; none after the last."""
    assert request.finished_at is not None
    now, body = desk.now(), {"request_id": request.id, "said": said}
    looks = LOOKS if request.wish.kind is ChangeKind.DISABLE else LOOKS[:1]
    due = [request.finished_at + after for after in looks if request.finished_at + after > now]
    if soon:
        due.append(now + AUDIT_DELAY)
    if due:
        await desk.schedule.put(WATCH, request.id, min(due), body)


async def snapshot(request: ChangeRequest, desk: Desk) -> None:
    """Directly before a change is sent: remember the registered methods, to be compared afterwards.

    Durable before the change, so that a process that dies after it loses nothing. It never holds a change
    up: what cannot be read or kept is written into the journal.
    """
    target = request.wish.target.object_id
    try:
        async with asyncio.timeout(SNAPSHOT_WITHIN):
            methods = await desk.directory.methods(target)
            body = {"request_id": request.id, "methods": json.dumps(_kinds(methods))}
            key = f"{request.id}:{request.fence}"
            await desk.schedule.put(METHODS, key, desk.now() + COMPARE_AFTER, body)
    except (GraphError, StoreUnavailable, TimeoutError) as error:
        what = error.what if isinstance(error, GraphError) else type(error).__name__
        await _note_unread(request, "before", what, desk)


async def compare_methods(job: Job, desk: Desk) -> None:
    """After the change: an alarm when a method is gone, or one came that nobody expects."""
    request = await desk.requests.get(job.body["request_id"])
    if request.state in (State.APPROVED, State.EXECUTING):
        key = job.id.removeprefix(f"{METHODS}:")
        await desk.schedule.put(METHODS, key, desk.now() + COMPARE_AFTER, job.body)
        return
    try:
        now = _kinds(await desk.directory.methods(request.wish.target.object_id))
    except GraphError as error:
        if job.deliveries < MOST_TRIES:
            raise
        await _note_unread(request, "after", error.what, desk)
        return
    before = json.loads(job.body["methods"])
    await _tell_differences(request, _beyond(before, now, EXPENDABLE), _beyond(now, before, EXPECTED), desk)


async def _tell_differences(
    request: ChangeRequest, lost: dict[str, str], gained: dict[str, str], desk: Desk
) -> None:
    said = []
    for what, words, methods in (
        ("methods.lost", "No longer registered", lost),
        ("methods.gained", "Newly registered", gained),
    ):
        if methods:
            kinds = ", ".join(sorted(methods.values()))
            await _journal(what, request, None, desk, kinds=kinds, ids=", ".join(sorted(methods)))
            said.append(f"{words}: {kinds}.")
    if said:
        await _say(request, News.METHODS_CHANGED, " ".join(said), desk, *_approvers(request))


def _kinds(methods: tuple[AuthenticationMethod, ...]) -> dict[str, str]:
    return {method.id: method.kind for method in methods}


def _beyond(some: dict[str, str], others: dict[str, str], harmless: frozenset[str]) -> dict[str, str]:
    """Return the methods that the others lack."""
    return {key: kind for key, kind in some.items() if key not in others and kind.lower() not in harmless}


async def _note_unread(request: ChangeRequest, when: str, what: str, desk: Desk) -> None:
    log.warning("request %s: methods %s the change are not known: %s", request.id, when, what)
    await _journal("methods.unread", request, None, desk, when=when, what=what)


async def _say(request: ChangeRequest, news: News, detail: str, desk: Desk, *others: str) -> None:
    await desk.announcer.reply(request, news, detail)
    for slack_id in dict.fromkeys((request.wish.requester.slack_id, *others)):
        await tell(slack_id, request, news, desk, detail)


def _approvers(request: ChangeRequest) -> tuple[str, ...]:
    return tuple(vote.person.slack_id for vote in request.approvals)


async def _journal(
    kind: str, request: ChangeRequest, state: PerUserMfaState | None, desk: Desk, **detail: str
) -> None:
    wish = request.wish
    after = None if state is None else str(state)
    before = None if state is None else str(wish.wanted)
    await desk.journal.write(
        Entry(
            kind,
            request_id=wish.id,
            target=wish.target.object_id,
            before=before,
            after=after,
            detail=detail,
        )
    )


SCHEDULED = {WATCH: watch, FOLLOW: follow, RESTORE: restore, METHODS: compare_methods}
"""The kinds of scheduled jobs that belong here, and who carries them out."""
