"""Per-user MFA states read singly, twenty to a $batch, at the pace Graph allows.

https://learn.microsoft.com/graph/json-batching: answers come in any order, and each has a status of its own.
Which limit these reads fall under is not published, so the pace is found by trying: it grows while all goes
well, halves at the first 429, and whatever time Graph names is waited.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from bot.adapters.graph.calls import Call
from bot.adapters.graph.gateway import Gateway
from bot.adapters.graph.pages import json_object
from bot.adapters.graph.replies import Reply, refusal_of
from bot.adapters.graph.wire import Row, part, parts, text, whole_number
from bot.domain.people import PerUserMfaState
from bot.domain.sweep import Swept
from bot.errors import (
    GraphError,
    GraphMalformed,
    GraphNotFound,
    GraphRefused,
    GraphThrottled,
    GraphUnreachable,
    RefusalKind,
)
from bot.ports import Urgency

BATCH = Call("the per-user MFA states", "Policy.Read.All")
PATH = "/beta/$batch"
BATCH_SIZE = 20
MOST_AT_ONCE = 8
LOST_TRIES = 3
STALLED_ROUNDS = 6
"""Rounds of nothing but 429s after which the reading is given up."""

UNSAID_WAIT = 10.0
LONGEST_WAIT = 300.0

Outcome: TypeAlias = PerUserMfaState | GraphError


@dataclass(slots=True)
class _Waiting:
    user: Swept
    losses: int = 0


class StateReader:
    """Reads states in batches; keeps the pace it found from one page to the next."""

    def __init__(self, graph: Gateway) -> None:
        self._graph = graph
        self._at_once = 2
        self._has_read = False

    async def read(self, users: Sequence[Swept]) -> AsyncIterator[Swept]:
        """Yield each user with the state or the trouble; deleted ones are left out.

        Raises GraphRefused when the permission is missing for all, GraphThrottled when nothing gets through.
        """
        waiting = deque(_Waiting(user) for user in users)
        stalled = 0
        while waiting:
            count = min(len(waiting), BATCH_SIZE * self._at_once)
            asked = [waiting.popleft() for _ in range(count)]
            outcomes = await self._round(asked)
            self._check_permission(outcomes)
            again, settled = _sorted_out(asked, outcomes)
            for user in settled:
                yield user
            waiting.extendleft(reversed(again))
            throttled = [one for one in outcomes if isinstance(one, GraphThrottled)]
            stalled = 0 if settled else stalled + 1
            if throttled and stalled >= STALLED_ROUNDS:
                raise throttled[0]
            await self._adapt(throttled, is_lossy=bool(again))

    async def _adapt(self, throttled: Sequence[GraphThrottled], *, is_lossy: bool) -> None:
        if not throttled and not is_lossy:
            self._at_once = min(self._at_once + 1, MOST_AT_ONCE)
            return
        self._at_once = max(1, self._at_once // 2)
        waits = [UNSAID_WAIT if one.retry_after is None else one.retry_after for one in throttled]
        await self._graph.pause(min(max(waits, default=1.0), LONGEST_WAIT))

    def _check_permission(self, outcomes: Sequence[Outcome]) -> None:
        """Raise the refusal when all are refused and none was ever read: asking on would change nothing."""
        self._has_read = self._has_read or any(isinstance(one, PerUserMfaState) for one in outcomes)
        refusals = [one for one in outcomes if isinstance(one, GraphRefused)]
        for_all = [one for one in refusals if one.kind is RefusalKind.PERMISSION]
        if for_all and len(for_all) == len(outcomes) and not self._has_read:
            raise for_all[0]

    async def _round(self, asked: Sequence[_Waiting]) -> list[Outcome]:
        """Send the batches of one round side by side; return the outcomes in the order asked."""
        starts = range(0, len(asked), BATCH_SIZE)
        async with asyncio.TaskGroup() as tasks:
            sent = [tasks.create_task(self._batch(asked[at : at + BATCH_SIZE])) for at in starts]
        return [outcome for task in sent for outcome in task.result()]

    async def _batch(self, asked: Sequence[_Waiting]) -> list[Outcome]:
        """Send one batch; when it fails as a whole, that is the outcome of each user in it."""
        question = {
            "requests": [
                {"id": str(at), "method": "GET", "url": f"/users/{one.user.id}/authentication/requirements"}
                for at, one in enumerate(asked)
            ]
        }
        try:
            body = await self._graph.ask(BATCH, PATH, question, Urgency.BACKGROUND)
            answers = parts(json_object(BATCH, body), "responses")
            if answers is None:
                raise GraphMalformed(BATCH.what, message="the answer has no list of responses")
        except GraphError as error:
            return [error] * len(asked)
        by_id = {text(answer, "id"): answer for answer in answers}
        return [self._outcome(by_id.get(str(at))) for at in range(len(asked))]

    def _outcome(self, answer: Row | None) -> Outcome:
        if answer is None:
            return GraphMalformed(BATCH.what, code="missing", message="the batch left this user out")
        status = whole_number(answer, "status") or 0
        headers = {name.lower(): str(value) for name, value in part(answer, "headers").items()}
        body: Any = answer.get("body")
        reply = Reply(status, {"content-type": "application/json", **headers}, json.dumps(body).encode())
        refusal = refusal_of(BATCH, reply, self._graph.now())
        if refusal is not None:
            return refusal
        said = text(part(answer, "body"), "perUserMfaState")
        if said not in set(PerUserMfaState):
            return GraphMalformed(BATCH.what, status=status, message=f"an unknown state {said[:40]!r}")
        return PerUserMfaState(said)


def _sorted_out(asked: Sequence[_Waiting], outcomes: Sequence[Outcome]) -> tuple[list[_Waiting], list[Swept]]:
    """Return who is asked again (429, and 5xx a few times), and who is settled."""
    again: list[_Waiting] = []
    settled: list[Swept] = []
    for one, outcome in zip(asked, outcomes, strict=True):
        lost = isinstance(outcome, GraphUnreachable)
        one.losses += lost
        if isinstance(outcome, GraphThrottled) or (lost and one.losses < LOST_TRIES):
            again.append(one)
        elif isinstance(outcome, PerUserMfaState):
            settled.append(replace(one.user, state=outcome))
        elif not isinstance(outcome, GraphNotFound):
            settled.append(replace(one.user, state=None, trouble=outcome))
    return again, settled
