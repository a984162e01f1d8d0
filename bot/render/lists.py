"""Lists of requests: what is open, and what was asked before for one person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.approval import ChangeRequest, State
from bot.render import safe
from bot.render.blocks import Block, Message, ago, context, header, message, moment, person, section
from bot.render.request_card import TITLES, action, target_name

ROWS_SHOWN = 40
NOTHING_PENDING = "Nothing waits for a decision."
NOTHING_BEFORE = "There was no request for this person before."
TRUSTED = "This list comes from the bot's own record. A card that is not in it is not a request."


def pending_list(requests: Sequence[ChangeRequest], *, now: datetime, key: str) -> Message:
    """Return open requests, oldest first."""
    if not requests:
        return message(NOTHING_PENDING, [section(NOTHING_PENDING)], f"pending:{key}")
    title = f"{len(requests)} open {'request' if len(requests) == 1 else 'requests'}"
    rows = [section(_open_row(request, now)) for request in requests[:ROWS_SHOWN]]
    return message(title, [header(title), *rows, *_rest(requests), context(TRUSTED)], f"pending:{key}")


def history_list(asked: str, requests: Sequence[ChangeRequest], *, key: str) -> Message:
    """Return a person's requests, newest first; `asked` is what was typed."""
    name = target_name(requests[0]) if requests else safe.mrkdwn(asked, 150)
    if not requests:
        return message(NOTHING_BEFORE, [section(f"*{name or '–'}*: {NOTHING_BEFORE}")], f"history:{key}")
    title = header(f"Requests for {safe.line(requests[0].wish.target.display_name, 100)}")
    rows = [section(_past_row(request)) for request in requests[:ROWS_SHOWN]]
    return message(f"Requests for {name}", [title, *rows, *_rest(requests)], f"history:{key}")


def _open_row(request: ChangeRequest, now: datetime) -> str:
    wish = request.wish
    first = f"*{TITLES[request.state]}*: {action(request)} for {target_name(request)}"
    asked = f"asked by {person(wish.requester.slack_id)} {ago((now - wish.created_at).total_seconds())} ago"
    votes = f"{len(request.approvals)} of {wish.quorum} approvals"
    until = (
        f"open until {moment(wish.expires_at)}" if request.state is State.PENDING else "no decision needed"
    )
    return f"{first}\n{asked}  ·  {votes}  ·  {until}  ·  {safe.code(request.id, 80)}"


def _past_row(request: ChangeRequest) -> str:
    wish = request.wish
    first = f"*{TITLES[request.state]}*: {action(request)}, asked {moment(wish.created_at)}"
    decided = (
        ", ".join(f"{vote.decision} {person(vote.person.slack_id)}" for vote in request.votes)
        or "no decision"
    )
    lines = [
        first,
        f"by {person(wish.requester.slack_id)}: {safe.mrkdwn(wish.reason, 300) or 'no reason given'}",
        f"ticket {safe.code(wish.ticket, 100)}  ·  {decided}  ·  {safe.code(request.id, 80)}",
    ]
    if request.outcome:
        lines.append(safe.prose(request.outcome, 300))
    return "\n".join(lines)


def _rest(requests: Sequence[ChangeRequest]) -> list[Block]:
    left_out = len(requests) - ROWS_SHOWN
    return [context(f"{left_out} more are not shown.")] if left_out > 0 else []
