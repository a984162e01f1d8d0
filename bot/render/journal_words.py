"""Records of the journal in words, for the history of one person."""

from __future__ import annotations

from collections.abc import Sequence

from bot.ports import Noted
from bot.render import safe
from bot.render.blocks import Block, bullets, context, moment, person, section

UNREADABLE = "The journal could not be read just now, so its records are not shown."
TITLE = "*From the journal*, newest first"

KINDS: dict[str, str] = {
    "request.opened": "change requested",
    "request.cancelled": "request withdrawn",
    "request.expired": "request expired, nobody had decided",
    "vote.approve": "approved",
    "vote.deny": "denied",
    "refused": "refused",
    "execute.intent": "change begun",
    "execute.finished": "change ended",
    "step_up.started": "approver sent to sign in to Entra",
    "step_up.proved": "approver signed in to Entra",
    "restore.due": "time box ended, change taken back",
    "restore.needless": "time box ended, nothing to take back",
    "follow.registered": "the Mac registered",
    "follow.blocked": "registration blocked again",
    "follow.not_tried": "no registration tried",
    "watch.re_enforced": "switched on again by somebody else",
    "watch.drifted": "the state changed by itself",
    "methods.lost": "sign-in methods differ after the change",
}
"""Kinds without a row are shown by their own name."""

BY_PEOPLE = frozenset(
    {
        "request.opened",
        "request.cancelled",
        "vote.approve",
        "vote.deny",
        "refused",
        "step_up.started",
        "step_up.proved",
    }
)
"""Other records name the requester too, for whom the bot acts; saying "by" of them would mislead."""


def journal_section(noted: Sequence[Noted] | None) -> list[Block]:
    """Return what the journal says, one row a record; None: it could not be read."""
    if noted is None:
        return [context(UNREADABLE)]
    if not noted:
        return []
    return [section(TITLE), section(bullets([_row(one) for one in noted]))]


def _row(noted: Noted) -> str:
    said = KINDS.get(noted.kind) or safe.line(noted.kind.replace(".", ": ").replace("_", " "), 60)
    by = f" by {person(noted.by)}" if noted.by and noted.kind in BY_PEOPLE else ""
    parts = [f"{moment(noted.at)}: {said}{_how(noted)}{by}"]
    if noted.request_id:
        parts.append(safe.code(noted.request_id, 80))
    return "  ·  ".join(parts)


def _how(noted: Noted) -> str:
    """Complete a record: what was refused and why, what state became which, how it ended."""
    detail = noted.detail
    if noted.kind == "refused":
        what, because = (detail.get(name, "").replace("_", " ") for name in ("what", "because"))
        return f" ({safe.line(', '.join(part for part in (what, because) if part), 100)})"
    ended = f", {safe.line(noted.result, 60)}" if noted.result else ""
    if noted.before and noted.after:
        return f" ({safe.line(noted.before, 20)} → {safe.line(noted.after, 20)}){ended}"
    return ended
