"""How a change request lies in the store: signed texts in, a ChangeRequest out.

What is signed is the exact text that is stored, so a field that only a newer version knows stays covered.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError

from bot.domain.approval import CardRef, ChangeRequest, Decision, Failure, State, Vote, Wish, has_quorum
from bot.errors import StoreUnavailable

SCHEMA = 1

_WISH = TypeAdapter(Wish)
_VOTE = TypeAdapter(Vote)
_CARD = TypeAdapter(CardRef)

_AGREED = frozenset({State.APPROVED, State.EXECUTING, State.VERIFIED, State.FAILED})


def milliseconds(at: datetime) -> int:
    """Whole milliseconds since 1970, UTC."""
    return round(at.timestamp() * 1000)


def _moment(stored: str | None) -> datetime | None:
    return datetime.fromtimestamp(int(stored) / 1000, UTC) if stored else None


def _canonical(body: Mapping[str, object]) -> str:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class Seal:
    """Signs wishes and votes, and reads back only what carries its signature."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def _sign(self, what: str, text: str) -> str:
        return hmac.new(self._key, f"{what}\n{text}".encode(), hashlib.sha256).hexdigest()

    def _signed(self, what: str, text: str, mac: str) -> bool:
        return hmac.compare_digest(self._sign(what, text).encode(), mac.encode())

    def wish(self, wish: Wish) -> tuple[str, str]:
        """Return a wish's text and signature."""
        text = _canonical({"schema": SCHEMA, "wish": _WISH.dump_python(wish, mode="json")})
        return text, self._sign("wish", text)

    def vote(self, request_id: str, vote: Vote) -> tuple[str, str]:
        """Return a vote's text, bound to its request, and its signature."""
        body = _VOTE.dump_python(replace(vote, mac=""), mode="json")
        text = _canonical({"schema": SCHEMA, "request_id": request_id, "vote": body})
        return text, self._sign("vote", text)

    def read(self, request_id: str, fields: Mapping[str, str]) -> ChangeRequest:
        """Return the request; `intact` is False when anything that matters is not as it was signed.

        Raises StoreUnavailable when there is no wish to be made out at all.
        """
        text = fields.get("wish", "")
        try:
            wish = _WISH.validate_python(json.loads(text)["wish"])
            request = self._unsigned_part(wish, fields)
        except (ValueError, TypeError, KeyError) as error:
            raise StoreUnavailable(f"request {request_id} cannot be read from the store") from error
        votes, votes_intact = self._votes(request_id, fields)
        request = replace(request, votes=votes)
        intact = (
            votes_intact
            and self._signed("wish", text, fields.get("wish_mac", ""))
            and wish.id == request_id
            and fields.get("exp") == str(milliseconds(wish.expires_at))
            and _agreed_to(request)
        )
        return replace(request, intact=intact)

    def _unsigned_part(self, wish: Wish, fields: Mapping[str, str]) -> ChangeRequest:
        failure, card = fields.get("failure"), fields.get("card")
        return ChangeRequest(
            wish=wish,
            state=State(fields["state"]),
            version=int(fields["ver"]),
            fence=int(fields.get("fence", "0")),
            failure=Failure(failure) if failure else None,
            outcome=fields.get("outcome", ""),
            decided_at=_moment(fields.get("decided")),
            finished_at=_moment(fields.get("finished")),
            card=_CARD.validate_json(card) if card else None,
        )

    def _votes(self, request_id: str, fields: Mapping[str, str]) -> tuple[tuple[Vote, ...], bool]:
        """The votes that carry our signature, in order, and whether all do."""
        count = int(fields.get("votes", "0")) if fields.get("votes", "0").isdigit() else 0
        votes = [self._vote(request_id, fields, number) for number in range(1, count + 1)]
        genuine = tuple(vote for vote in votes if vote is not None)
        return genuine, len(genuine) == len(votes)

    def _vote(self, request_id: str, fields: Mapping[str, str], number: int) -> Vote | None:
        text, mac = fields.get(f"vote:{number}", ""), fields.get(f"vote_mac:{number}", "")
        if not self._signed("vote", text, mac):
            return None
        try:
            body = json.loads(text)
            vote = _VOTE.validate_python(body["vote"])
        except (ValidationError, ValueError, KeyError):
            return None
        return replace(vote, mac=mac) if body.get("request_id") == request_id else None


def _agreed_to(request: ChangeRequest) -> bool:
    """Does the state rest on signed votes of enough different persons?"""
    if request.state is State.DENIED:
        return any(vote.decision is Decision.DENY for vote in request.votes)
    return request.state not in _AGREED or has_quorum(request)


def card_text(card: CardRef) -> str:
    """Return a card's text for the store."""
    return _CARD.dump_json(card).decode()


def pairs(record: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Split a record of the script, id first, into its id and fields."""
    return record[0], dict(zip(record[1::2], record[2::2], strict=True))
