"""Lists of requests: what is open, and what was asked before for one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.approval import ChangeRequest, State
from bot.ports import Noted
from bot.render import safe
from bot.render.blocks import Block, Message, ago, context, header, link, message, moment, person, section
from bot.render.journal_words import journal_section
from bot.render.reader import Reader
from bot.render.request_card import TITLES, action, asker, target_name

ROWS_SHOWN = 40
NOTHING_PENDING = "Nothing waits for a decision."
NOTHING_BEFORE = "There was no request for this person before."
TRUSTED = "This list comes from the bot's own record. A card that is not in it is not a request."
HOW_FAR = (
    "Requests are kept for 180 days, the last 20 for each person; the journal is kept for good. "
    "What others change directly in Entra stands in Entra's own audit log, not here."
)
CARD = "Open the card"

NO_LINKS: Mapping[str, str] = {}


def pending_list(
    requests: Sequence[ChangeRequest],
    *,
    now: datetime,
    key: str,
    reader: Reader | None = None,
    links: Mapping[str, str] = NO_LINKS,
) -> Message:
    """Return open requests, those that wait for the reader first; `links` leads from ids to cards."""
    if not requests:
        return message(NOTHING_PENDING, [section(NOTHING_PENDING), context(TRUSTED)], f"pending:{key}")
    title = f"{len(requests)} open {'request' if len(requests) == 1 else 'requests'}"
    rows = open_rows(requests, now=now, reader=reader, links=links)
    return message(title, [header(title), *rows, context(TRUSTED)], f"pending:{key}")


def open_rows(
    requests: Sequence[ChangeRequest],
    *,
    now: datetime,
    reader: Reader | None,
    links: Mapping[str, str],
    most: int = ROWS_SHOWN,
) -> list[Block]:
    """Return open requests in groups: waiting for the reader, the reader's own, everybody else's."""
    left = most
    blocks: list[Block] = []
    for title, group in _groups(requests, reader):
        if group[:left]:
            blocks += [section(f"*{title}* ({len(group)})")] if title else []
            blocks += [section(_open_row(request, now, links)) for request in group[:left]]
        left -= len(group[:left])
    return [*blocks, *_rest(requests, most)]


def history_list(
    asked: str, requests: Sequence[ChangeRequest], *, key: str, noted: Sequence[Noted] | None = ()
) -> Message:
    """Return a person's requests and the journal's records, newest first; `asked` is what was typed."""
    name = target_name(requests[0]) if requests else safe.mrkdwn(asked, 150)
    record = journal_section(noted)
    if not requests:
        said = section(f"*{name or '–'}*: {NOTHING_BEFORE}")
        return message(NOTHING_BEFORE, [said, *record, context(HOW_FAR)], f"history:{key}")
    title = header(f"Requests for {safe.line(requests[0].wish.target.display_name, 100)}")
    rows = [section(_past_row(request)) for request in requests[:ROWS_SHOWN]]
    blocks = [title, *rows, *_rest(requests), *record, context(HOW_FAR)]
    return message(f"Requests for {name}", blocks, f"history:{key}")


def _groups(
    requests: Sequence[ChangeRequest], reader: Reader | None
) -> list[tuple[str, list[ChangeRequest]]]:
    if reader is None:
        return [("", list(requests))]
    groups: dict[str, list[ChangeRequest]] = {"Waiting for you": [], "Asked by you": [], "Others": []}
    for request in requests:
        mine = "Asked by you" if reader.asked_for(request) else "Others"
        groups["Waiting for you" if reader.decides(request) else mine].append(request)
    return list(groups.items())


def _open_row(request: ChangeRequest, now: datetime, links: Mapping[str, str]) -> str:
    wish = request.wish
    warned = "⚠ WARNING  ·  " if wish.warnings or not request.intact else ""
    first = f"{warned}*{TITLES[request.state]}*: {action(request)} for {target_name(request)}"
    asked = f"asked by {asker(request)} {ago((now - wish.created_at).total_seconds())} ago"
    votes = f"{len(request.approvals)} of {wish.quorum} approvals"
    until = (
        f"open until {moment(wish.expires_at)}" if request.state is State.PENDING else "no decision needed"
    )
    parts = [asked, votes, until, safe.code(request.id, 80)]
    if request.id in links:
        parts.append(link(links[request.id], CARD))
    return f"{first}\n{'  ·  '.join(parts)}"


def _past_row(request: ChangeRequest) -> str:
    wish = request.wish
    first = f"*{TITLES[request.state]}*: {action(request)}, asked {moment(wish.created_at)}"
    decided = (
        ", ".join(f"{vote.decision} {person(vote.person.slack_id)}" for vote in request.votes[:10])
        or "no decision"
    )
    lines = [
        first,
        f"by {asker(request)}: {safe.mrkdwn(wish.reason, 300) or 'no reason given'}",
        f"ticket {safe.code(wish.ticket, 100)}  ·  {decided}  ·  {safe.code(request.id, 80)}",
    ]
    if wish.undoes:
        lines.append(f"takes back request {safe.code(wish.undoes, 80)}")
    if request.outcome:
        lines.append(safe.prose(request.outcome, 300))
    return "\n".join(lines)


def _rest(requests: Sequence[ChangeRequest], most: int = ROWS_SHOWN) -> list[Block]:
    left_out = len(requests) - most
    return [context(f"{left_out} more are not shown.")] if left_out > 0 else []
