"""Requests: those that wait for the reader first, then their own, and how their last ones ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.approval import ChangeRequest
from bot.render.blocks import Block, bullets, context, divider, header, link, moment, section
from bot.render.lists import CARD, NOTHING_PENDING, TRUSTED, open_rows
from bot.render.reader import Reader
from bot.render.request_card import TITLES, action, target_name
from bot.render.words import _

OPEN_SHOWN = 20
DECIDED_SHOWN = 5


def request_blocks(
    requests: Sequence[ChangeRequest],
    decided: Sequence[ChangeRequest],
    *,
    now: datetime,
    reader: Reader,
    links: Mapping[str, str],
) -> list[Block]:
    """Return open requests and the reader's own that are over."""
    rows = open_rows(requests, now=now, reader=reader, links=links, most=OPEN_SHOWN)
    return [
        header(_("Open requests")),
        *(rows or [section(_(NOTHING_PENDING))]),
        *_decided(decided[:DECIDED_SHOWN], links),
        context(_(TRUSTED)),
        divider(),
    ]


def _decided(decided: Sequence[ChangeRequest], links: Mapping[str, str]) -> list[Block]:
    if not decided:
        return []
    rows = bullets([_row(request, links) for request in decided])
    return [section(f"*{_('Your last requests that are over')}*\n{rows}")]


def _row(request: ChangeRequest, links: Mapping[str, str]) -> str:
    at = request.finished_at or request.decided_at or request.wish.expires_at
    what = _("{action} for {name}").format(action=action(request), name=target_name(request))
    said = f"*{_(TITLES[request.state])}*: {what}, {moment(at)}"
    return f"{said}  ·  {link(links[request.id], _(CARD))}" if request.id in links else said
