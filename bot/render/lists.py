"""Lists of requests: what is open, and what was asked before for one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.approval import ChangeRequest, Decision, State
from bot.ports import Noted
from bot.render import safe
from bot.render.blocks import Block, Message, ago, context, header, link, message, moment, person, section
from bot.render.journal_words import journal_section
from bot.render.phrases import phrase
from bot.render.reader import Reader
from bot.render.request_card import TITLES, WARNING, action, asker, target_name
from bot.render.words import N_, _, ngettext

ROWS_SHOWN = 40
NOTHING_PENDING = N_("Nothing waits for a decision.")
NOTHING_BEFORE = N_("There was no request for this person before.")
TRUSTED = N_("This list comes from the bot's own record. A card that is not in it is not a request.")
HOW_FAR = N_(
    "Requests are kept for 180 days, the last 20 for each person; the journal is kept for good. "
    "What others change directly in Entra stands in Entra's own audit log, not here."
)
CARD = N_("Open the card")

DECISIONS = {Decision.APPROVE: N_("approve"), Decision.DENY: N_("deny")}

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
        said = _(NOTHING_PENDING)
        return message(said, [section(said), context(_(TRUSTED))], f"pending:{key}")
    count = len(requests)
    title = ngettext("{count} open request", "{count} open requests", count).format(count=count)
    rows = open_rows(requests, now=now, reader=reader, links=links)
    return message(title, [header(title), *rows, context(_(TRUSTED))], f"pending:{key}")


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
        said = section(f"*{name or '–'}*: {_(NOTHING_BEFORE)}")
        return message(_(NOTHING_BEFORE), [said, *record, context(_(HOW_FAR))], f"history:{key}")
    words = _("Requests for {name}")
    title = header(words.format(name=safe.line(requests[0].wish.target.display_name, 100)))
    rows = [section(_past_row(request)) for request in requests[:ROWS_SHOWN]]
    blocks = [title, *rows, *_rest(requests), *record, context(_(HOW_FAR))]
    return message(words.format(name=name), blocks, f"history:{key}")


def _groups(
    requests: Sequence[ChangeRequest], reader: Reader | None
) -> list[tuple[str, list[ChangeRequest]]]:
    if reader is None:
        return [("", list(requests))]
    waiting, mine, others = _("Waiting for you"), _("Asked by you"), _("Others")
    groups: dict[str, list[ChangeRequest]] = {waiting: [], mine: [], others: []}
    for request in requests:
        asked = mine if reader.asked_for(request) else others
        groups[waiting if reader.decides(request) else asked].append(request)
    return list(groups.items())


def _open_row(request: ChangeRequest, now: datetime, links: Mapping[str, str]) -> str:
    wish = request.wish
    warned = [f"*{_(WARNING)}*"] if wish.warnings or not request.intact else []
    what = _("{action} for {name}").format(action=action(request), name=target_name(request))
    age = ago((now - wish.created_at).total_seconds())
    asked = _("asked by {person} {age} ago").format(person=asker(request), age=age)
    votes = _("{given} of {needed} approvals").format(given=len(request.approvals), needed=wish.quorum)
    until = _("no decision needed")
    if request.state is State.PENDING:
        until = _("open until {time}").format(time=moment(wish.expires_at))
    found = [_("Request {id}").format(id=safe.code(request.id, 80))]
    if request.id in links:
        found.append(link(links[request.id], _(CARD)))
    rows = ([f"*{_(TITLES[request.state])}*: {what}"], [asked, votes, until], found)
    return "\n".join([*warned, *("  ·  ".join(row) for row in rows)])


def _past_row(request: ChangeRequest) -> str:
    wish = request.wish
    asked = _("asked {time}").format(time=moment(wish.created_at))
    decided = ", ".join(
        f"{_(DECISIONS[vote.decision])} {person(vote.person.slack_id)}" for vote in request.votes[:10]
    ) or _("no decision")
    reason = safe.mrkdwn(_reason(request), 300) or _("no reason given")
    ticket = _("ticket {ticket}").format(ticket=safe.code(wish.ticket, 100))
    lines = [
        f"*{_(TITLES[request.state])}*: {action(request)}, {asked}",
        f"{_('by {person}').format(person=asker(request))}: {reason}",
        f"{ticket}  ·  {decided}  ·  {safe.code(request.id, 80)}",
    ]
    if wish.undoes:
        lines.append(_("takes back request {id}").format(id=safe.code(wish.undoes, 80)))
    if request.outcome:
        lines.append(safe.prose(phrase(request.outcome), 300))
    return "\n".join(lines)


def _reason(request: ChangeRequest) -> str:
    """Return why: in somebody's own words, or in ours when the bot asked by itself."""
    wish = request.wish
    return wish.reason if wish.requester.slack_id else phrase(wish.reason)


def _rest(requests: Sequence[ChangeRequest], most: int = ROWS_SHOWN) -> list[Block]:
    left_out = len(requests) - most
    if left_out <= 0:
        return []
    words = ngettext("{count} more is not shown.", "{count} more are not shown.", left_out)
    return [context(words.format(count=left_out))]
