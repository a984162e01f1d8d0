"""Change requests in the store. scripts/request.lua holds the moves; here they get names and errors."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from bot.adapters.audit.keys import subkey
from bot.adapters.store.connection import StoreClient, load_script
from bot.adapters.store.keyspace import Keyspace
from bot.adapters.store.records import Seal, card_text, milliseconds, pairs
from bot.domain.approval import (
    CardRef,
    ChangeRequest,
    Failure,
    Person,
    State,
    Vote,
    Wish,
    employee_number,
)
from bot.domain.people import ObjectId
from bot.errors import Conflict, Denial, NotAllowed, StoreUnavailable

log = logging.getLogger(__name__)

_REQUEST = load_script("request")

MOST_DETAIL = 300  # characters of a refusal's detail that are kept


class RedisRequests:
    """The port Requests. `key` is the installation's; `new_id` names each claim, so it may be repeated."""

    def __init__(self, client: StoreClient, tenant: str, key: bytes, new_id: Callable[[], str]) -> None:
        self._client = client
        self._keys = Keyspace(tenant)
        self._seal = Seal(subkey(key, "requests"))
        self._new_id = new_id

    async def open(self, wish: Wish, op_id: str, votes: tuple[Vote, ...] = ()) -> ChangeRequest:
        """Store a new request, or return the one that `op_id` made; `votes` are signed for it anew."""
        text, mac = self._seal.wish(wish)
        args = {
            "wish": text,
            "wish_mac": mac,
            "created": milliseconds(wish.created_at),
            "exp": milliseconds(wish.expires_at),
            "quorum": max(1, wish.quorum),
            "requester": wish.requester.object_id,
            "target": wish.target.object_id,
            "votes": [self._signed(wish.id, vote) for vote in votes],
        }
        return await self._move("open", wish.id, op_id, args)

    async def opened_by(self, op_id: str) -> ChangeRequest | None:
        """Return what a form opened; raise what it was refused for."""
        try:
            return await self._move("opened_by", "-", op_id, {})
        except NotAllowed as refusal:
            if refusal.denial is Denial.UNKNOWN_REQUEST:
                return None
            raise

    async def refuse_opening(self, refusal: NotAllowed, op_id: str) -> ChangeRequest:
        """Settle that `op_id` opens nothing, unless it did: raise `refusal`, or what it was refused for."""
        return await self._move("refuse_opening", "-", op_id, {"refusal": _refusal_text(refusal)})

    async def get(self, request_id: str) -> ChangeRequest:
        """Return a request as it stands."""
        return await self._move("get", request_id, "", {})

    async def vote(self, request_id: str, vote: Vote, op_id: str) -> ChangeRequest:
        """Count a vote; NotAllowed for requester, target, or a second vote."""
        return await self._move("vote", request_id, op_id, self._signed(request_id, vote))

    async def refuse(self, request_id: str, refusal: NotAllowed, op_id: str) -> ChangeRequest:
        """Settle that `op_id` does not count, unless it did: raise `refusal`, or what it was refused for."""
        try:
            return await self._move("refuse", request_id, op_id, {"refusal": _refusal_text(refusal)})
        except NotAllowed as settled:
            if settled.denial is Denial.UNKNOWN_REQUEST:
                raise refusal from settled
            raise

    async def cancel(self, request_id: str, by: Person, op_id: str) -> ChangeRequest:
        """Withdraw a pending request."""
        return await self._move("cancel", request_id, op_id, {"by": by.object_id})

    async def claim(self, request_id: str, worker: str, lease: timedelta) -> ChangeRequest:
        """Take an approved request, or an executing one whose lease has ended."""
        args = {"worker": worker, "lease": lease // timedelta(milliseconds=1)}
        return await self._move("claim", request_id, f"claim:{worker}:{self._new_id()}", args)

    async def renew(self, request_id: str, fence: int, lease: timedelta) -> bool:
        """Extend the lease of the holder of `fence`."""
        args = {"fence": fence, "lease": lease // timedelta(milliseconds=1)}
        try:
            await self._move("renew", request_id, "", args)
        except (Conflict, NotAllowed):
            return False
        return True

    async def finish(
        self, request_id: str, fence: int, state: State, failure: Failure | None, outcome: str
    ) -> ChangeRequest:
        """End an executing request; repeating the same ending is fine, another one is a Conflict."""
        if state not in (State.VERIFIED, State.FAILED):
            raise Conflict(request_id, state)
        args = {"fence": fence, "state": state.value, "failure": failure or "", "outcome": outcome}
        return await self._move("finish", request_id, f"finish:{fence}:{state}", args)

    async def expire_due(self) -> tuple[ChangeRequest, ...]:
        """Expire what is due, at most 100 at a time."""
        return await self._list("expire_due", {})

    async def show_on(self, request_id: str, card: CardRef) -> ChangeRequest:
        """Remember the first card; the version stays, for the card's buttons carry it."""
        return await self._move("show_on", request_id, "", {"card": card_text(card)})

    async def open_requests(self) -> tuple[ChangeRequest, ...]:
        """Return open requests, oldest first."""
        return await self._list("all_open", {})

    async def history(self, target: ObjectId) -> tuple[ChangeRequest, ...]:
        """Return the target's last 20 requests, newest first."""
        return await self._list("history", {"target": target})

    async def asked_by(self, requester: ObjectId) -> tuple[ChangeRequest, ...]:
        """Return somebody's last 20 requests, newest first."""
        return await self._list("asked_by", {"requester": requester})

    def _signed(self, request_id: str, vote: Vote) -> dict[str, str]:
        text, mac = self._seal.vote(request_id, vote)
        voter = {"voter": vote.person.object_id, "employee": employee_number(vote.person)}
        return {**voter, "decision": vote.decision.value, "vote": text, "vote_mac": mac}

    async def _run(self, verb: str, request_id: str, op_id: str, args: Mapping[str, object]) -> Any:
        keys = self._keys
        names = [keys.request(request_id), keys.outbox, keys.audit, keys.open_requests, keys.due_requests]
        return await self._client.run(
            _REQUEST, names, [verb, request_id, op_id, json.dumps(args, ensure_ascii=False), keys.prefix]
        )

    async def _move(
        self, verb: str, request_id: str, op_id: str, args: Mapping[str, object]
    ) -> ChangeRequest:
        status, detail, *records = await self._run(verb, request_id, op_id, args)
        if status == "gone":
            raise NotAllowed(Denial.UNKNOWN_REQUEST, request_id)
        if status == "denied":
            raise NotAllowed(Denial(detail), request_id)
        if status == "refused":
            raise _refusal(detail)
        request = self._seal.read(*pairs(records[0]))
        if status == "conflict":
            raise Conflict(detail, request.state, _last_voter(request))
        return request

    async def _list(self, verb: str, args: Mapping[str, object]) -> tuple[ChangeRequest, ...]:
        """Read many; one unreadable record does not hide the others."""
        _, _, *records = await self._run(verb, "-", "", args)
        found = []
        for record in records:
            try:
                found.append(self._seal.read(*pairs(record)))
            except StoreUnavailable as error:
                log.warning("skipped: %s", error)
        return tuple(found)


def _last_voter(request: ChangeRequest) -> str | None:
    """Who decided, for the person who came too late."""
    return request.votes[-1].person.name if request.votes else None


def _refusal_text(refusal: NotAllowed) -> str:
    return json.dumps([refusal.denial, refusal.detail[:MOST_DETAIL]], ensure_ascii=False)


def _refusal(text: str) -> NotAllowed:
    """Read a remembered refusal; one that only another version knows is refused all the same."""
    try:
        denial, detail = json.loads(text)
        return NotAllowed(Denial(denial), str(detail))
    except (ValueError, TypeError):
        return NotAllowed(Denial.CANNOT_CHECK)
