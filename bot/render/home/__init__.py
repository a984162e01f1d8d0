"""The app's home tab, one section a file: what waits, what fails, the switches, tenant health, the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.approval import ChangeRequest
from bot.ports import Rules
from bot.render.alert_routes import brakes
from bot.render.blocks import Block, View, context, divider, home, moment, section
from bot.render.help import NOT_FOR_YOU, OUTSIDE
from bot.render.home.asking import ask_blocks, typing_blocks
from bot.render.home.failures import failure_blocks
from bot.render.home.health import health_blocks
from bot.render.home.mine import request_blocks
from bot.render.home.parts import NOTHING_BESIDE, Beside
from bot.render.home.settings import you_blocks
from bot.render.home.switches import hold_blocks, switch_blocks
from bot.render.reader import Reader
from bot.render.words import N_, _

__all__ = ["CHECKING", "Beside", "home_view", "words_home"]

CHECKING = N_("This tab could not be brought up to date. {words} Open it again in a minute.")


def home_view(
    reader: Reader,
    requests: Sequence[ChangeRequest],
    rules: Rules,
    *,
    now: datetime,
    links: Mapping[str, str],
    beside: Beside = NOTHING_BESIDE,
) -> View:
    """Return the tab for one reader; who may not ask sees one sentence and no request.

    `links` leads from the ids of requests and of alert groups to their messages.
    """
    if not reader.belongs or not reader.asks:
        return words_home(_(NOT_FOR_YOU) if reader.belongs else _(OUTSIDE))
    open_requests = request_blocks(requests, beside.decided, now=now, reader=reader, links=links)
    asking = ask_blocks()
    stopped = brakes(rules, beside.paused, now, approves=reader.approves)
    blocks: list[Block] = [
        *hold_blocks(beside.held, reader),
        *([*stopped, divider()] if stopped else []),
        *(open_requests + asking if reader.approves else asking + open_requests),  # what waits comes first
        *failure_blocks(beside.overview, links),
    ]
    if reader.approves:
        blocks += [*switch_blocks(beside, shadow=rules.shadow), *health_blocks(beside, now)]
    blocks += [*you_blocks(reader, rules), *typing_blocks(), divider(), context(_as_of(now))]
    return home(blocks)


def words_home(words: str) -> View:
    """Return a tab that only says something."""
    return home([section(words)])


def _as_of(now: datetime) -> str:
    return _("As of {when}; opening this tab again brings it up to date.").format(when=moment(now))
