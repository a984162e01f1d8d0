"""Carry out an approved change: set the state, then read it back. Only what was read back is success.

Graph has no idempotency key and may answer an error to a write that it made, so after every PATCH, whatever
its answer, a GET decides. A PATCH may be repeated, for it only sets a state; it is never sent without the
lease, for by then somebody may have taken the change back.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, repeat
from uuid import NAMESPACE_URL, uuid5

from bot.domain.approval import TERMINAL, ChangeRequest, Failure, State, fulfils
from bot.domain.people import PerUserMfaState
from bot.errors import (
    BotError,
    Conflict,
    GraphError,
    GraphMalformed,
    GraphNotFound,
    GraphRefused,
    GraphThrottled,
    GraphUnreachable,
    NotAllowed,
    RefusalKind,
    StoreUnavailable,
)
from bot.ports import Desk, Entry, Job
from bot.usecases.aftercare import snapshot
from bot.usecases.objections import Objection, objection_to

LEASE = timedelta(seconds=60)
PATCH_WITHIN = 15.0  # seconds, well below the lease
GIVE_UP_AFTER = timedelta(minutes=10)
GLANCE = timedelta(seconds=4)  # how long a failed PATCH is given to show after all
LONGEST_REST = 20.0  # seconds between two renewals of the lease

RETRYABLE = (GraphThrottled, GraphUnreachable, GraphMalformed)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ending:
    """How the change ended. `failure` None: the wanted state was read back."""

    failure: Failure | None
    sentence: str
    is_ours: bool = False  # we sent the change, rather than found it made


@dataclass(slots=True)
class Run:
    """One worker's hold on one request."""

    request: ChangeRequest
    desk: Desk
    until: datetime
    seen: PerUserMfaState | None = None  # the last state read
    sent: list[str | None] = field(default_factory=list)  # Graph's request ids, one a PATCH

    async def hold(self) -> None:
        """Extend the lease; Conflict when somebody else has the request, or nobody."""
        if not await self.desk.requests.renew(self.request.id, self.request.fence, LEASE):
            raise Conflict(self.request.id, State.EXECUTING)

    async def keep(self) -> None:
        """Extend the lease between two slow checks; what counts is `hold` before the change."""
        try:
            await self.hold()
        except StoreUnavailable as error:
            log.info("request %s: the lease could not be extended: %s", self.request.id, error)

    async def rest(self, seconds: float) -> None:
        """Wait without losing the lease."""
        while seconds > 0:
            await self.hold()
            step = min(seconds, LONGEST_REST)
            await self.desk.pause(step)
            seconds -= step

    async def read(self) -> PerUserMfaState:
        """Read the state that Graph has now."""
        await self.keep()
        self.seen = await self.desk.mfa_states.per_user_mfa_state(self.request.wish.target.object_id)
        return self.seen

    @property
    def may_have_sent(self) -> bool:
        """Whether the change was sent already, by us or perhaps by a worker that had the request before."""
        return bool(self.sent) or self.request.fence > 1


async def carry_out(job: Job, worker: str, desk: Desk) -> None:
    """Execute the request of an outbox job when it has just been approved; other news is not for us."""
    if job.body.get("state") != State.APPROVED:
        return
    try:
        await execute(job.body["request_id"], worker, desk)
    except Conflict as error:
        if error.state not in TERMINAL:
            raise  # another worker has it: come back, in case that one dies


async def execute(request_id: str, worker: str, desk: Desk) -> ChangeRequest:
    """Claim an approved (or abandoned) request and carry it through to verified or failed.

    Raises Conflict when another worker has it or it is over, AuditUnavailable and StoreUnavailable:
    then nothing is settled, the lease ends, and the next claim finds out by reading.
    """
    request = await desk.requests.claim(request_id, worker, LEASE)
    run = Run(request, desk, until=desk.now() + GIVE_UP_AFTER)
    approved_by = ",".join(vote.person.object_id for vote in request.approvals)
    intent = _entry(run, "execute.intent", detail={"worker": worker, "approved_by": approved_by})
    await desk.journal.write(intent)
    ending = await _carry_through(run)
    await run.hold()
    return await _finish(run, ending)


async def _carry_through(run: Run) -> Ending:
    """Try until it ends, or until the time is used up."""
    trouble: BotError | None = None
    for pause in chain((2.0, 4.0, 8.0, 16.0, 32.0), repeat(60.0)):
        try:
            return await _attempt(run)
        except NotAllowed as error:  # only CANNOT_CHECK gets here: who approved cannot be checked right now
            trouble = error
        except GraphError as error:
            if not isinstance(error, RETRYABLE):
                return _refused(error)
            trouble = error
        log.warning("request %s: %s, trying again", run.request.id, trouble)
        wait = max(pause, getattr(trouble, "retry_after", None) or 0.0)
        if run.desk.now() + timedelta(seconds=wait) >= run.until:
            break
        await run.rest(wait)
    return _gave_up(run)


async def _attempt(run: Run) -> Ending:
    """Check, look, change, look again. Raises GraphError when another attempt may help."""
    wish = run.request.wish
    if run.may_have_sent and fulfils(wish, await run.read()):
        return _verified(run)  # sent before: an objection now could only deny what was done
    objection = await objection_to(run.request, run.desk, run.keep)
    if objection is not None:
        return await _stopped(run, objection)
    state = await run.read()
    if fulfils(wish, state):
        return _verified(run)
    if state is not wish.before:
        changed = f"Not changed: per-user MFA was {wish.before} at the request and is {state} now."
        return Ending(Failure.POLICY, changed)
    return await _change(run)


async def _stopped(run: Run, objection: Objection) -> Ending:
    """End without sending (again). What an earlier try sent may show late, and is not denied."""
    if not run.may_have_sent:
        return Ending(objection.failure, objection.sentence)
    if await _read_back(run, GLANCE):
        return _verified(run)
    why = objection.sentence.removeprefix("Not changed: ")
    shown = f"Microsoft Graph shows {run.seen} so far" if run.seen else "the state could not be read"
    return Ending(objection.failure, f"Stopped: {why} An earlier try may have been sent; {shown}.")


async def _change(run: Run) -> Ending:
    """Send the change, and look. Raises GraphError when another attempt may help."""
    if not run.sent:
        await snapshot(run.request, run.desk)
    trouble = await _patch(run)
    if isinstance(trouble, GraphRefused | GraphNotFound):
        return _refused(trouble)
    if await _read_back(run, GLANCE if trouble else run.desk.rules.readback_within):
        return _verified(run)
    if trouble is not None:
        raise trouble
    return _unverified(run)


async def _patch(run: Run) -> GraphError | None:
    """Send one PATCH while the lease is surely ours; an error is a value, for it decides nothing."""
    await run.hold()
    request, number = run.request, len(run.sent)
    reference = str(uuid5(NAMESPACE_URL, f"psso-bot:{request.id}:{request.fence}:{number}"))
    run.sent.append(None)
    run.seen = None
    try:
        async with asyncio.timeout(PATCH_WITHIN):
            run.sent[-1] = await run.desk.mfa_states.set_per_user_mfa_state(
                request.wish.target.object_id, request.wish.wanted, reference
            )
    except TimeoutError:
        return GraphUnreachable("change the per-user MFA state", timed_out=True)
    except GraphError as error:
        run.sent[-1] = error.request_id
        return error
    return None


async def _read_back(run: Run, within: timedelta) -> bool:
    """Read until the wanted state shows, or `within` has passed. A failed read is no answer: read again."""
    until = run.desk.now() + within
    for pause in chain((0.0, 0.5, 1.0, 2.0), repeat(4.0)):
        if run.desk.now() + timedelta(seconds=pause) > until:
            break
        await run.rest(pause)
        try:
            if fulfils(run.request.wish, await run.read()):
                return True
        except GraphError as error:
            log.info("request %s: read-back: %s", run.request.id, error)
    return False


async def _finish(run: Run, ending: Ending) -> ChangeRequest:
    """Write the journal, then the store: a journal that fails leaves the request to the next claim."""
    request, desk = run.request, run.desk
    state = State.FAILED if ending.failure else State.VERIFIED
    result = f"{state}({ending.failure})" if ending.failure else str(state)
    await desk.journal.write(
        _entry(run, "execute.finished", result=result, detail={"patches": str(len(run.sent))})
    )
    if ending.is_ours and desk.change_log is not None:
        await desk.change_log.changed(request.wish.target.object_id, desk.now())
    return await desk.requests.finish(request.id, request.fence, state, ending.failure, ending.sentence)


def _entry(run: Run, kind: str, *, result: str = "", detail: dict[str, str]) -> Entry:
    wish = run.request.wish
    return Entry(
        kind,
        request_id=wish.id,
        actor=wish.requester,
        target=wish.target.object_id,
        before=wish.before,
        after=wish.wanted,
        result=result,
        graph_request_id=next((sent for sent in reversed(run.sent) if sent), None),
        detail={"fence": str(run.request.fence), **detail},
    )


def _verified(run: Run) -> Ending:
    """A claim after the first may find what an earlier worker sent before it died: that was ours too."""
    at = f"{run.desk.now():%H:%M:%S} UTC"
    if run.sent:
        return Ending(None, f"Per-user MFA is {run.seen}: read back from Microsoft Graph at {at}.", True)
    if run.request.fence > 1:
        return Ending(None, f"Per-user MFA is {run.seen}: read from Microsoft Graph at {at}.", True)
    return Ending(None, f"Per-user MFA was already {run.seen} at {at}; nothing was sent.")


def _unverified(run: Run) -> Ending:
    within = f"{run.desk.rules.readback_within.total_seconds():.0f} seconds"
    shown = f"still shows {run.seen}" if run.seen else "could not be read back"
    return Ending(
        Failure.UNVERIFIED,
        f"The change was sent and accepted, but after {within} Microsoft Graph {shown}.",
    )


def _refused(error: GraphError) -> Ending:
    if isinstance(error, GraphNotFound):
        return Ending(Failure.GONE, "Microsoft Graph no longer knows the account.")
    status = " ".join(str(part) for part in (error.status, error.code) if part)
    said = f"Microsoft Graph refused {error.what}" + (f" ({status})" if status else "")
    reference = f" Graph's reference: {error.request_id}." if error.request_id else ""
    return Ending(Failure.PERMISSION, f"{said}: {_remedy(error)}.{reference}")


def _remedy(error: GraphError) -> str:
    if not isinstance(error, GraphRefused):
        return "the request was not accepted"
    if error.kind is RefusalKind.RESTRICTED:
        return "the account is in a restricted management administrative unit, where the bot has no right"
    needs = error.needs or "the permission to change it"
    return f"the bot's app needs {needs}, or the account is restricted"


def _gave_up(run: Run) -> Ending:
    if not run.may_have_sent:
        return Ending(
            Failure.RETRYABLE, "Nothing was sent: what has to be checked before could not be read in time."
        )
    shown = f"it still shows {run.seen}" if run.seen else "the state could not be read back"
    return Ending(Failure.RETRYABLE, f"Microsoft Graph did not take the change in time; {shown}.")
