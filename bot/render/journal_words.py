"""Records of the journal in words, for the history of one person."""

from __future__ import annotations

from collections.abc import Sequence

from bot.ports import Noted
from bot.render import safe
from bot.render.blocks import Block, bullets, context, moment, person, section
from bot.render.words import N_, _

UNREADABLE = N_("The journal could not be read just now, so its records are not shown.")
TITLE = N_("*From the journal*, newest first")

KINDS: dict[str, str] = {
    "request.opened": N_("change requested"),
    "request.cancelled": N_("request withdrawn"),
    "request.expired": N_("request expired, nobody had decided"),
    "vote.approve": N_("approved"),
    "vote.deny": N_("denied"),
    "refused": N_("refused"),
    "execute.intent": N_("change begun"),
    "execute.finished": N_("change ended"),
    "step_up.started": N_("approver sent to sign in to Entra"),
    "step_up.proved": N_("approver signed in to Entra"),
    "restore.due": N_("time box ended, change taken back"),
    "restore.needless": N_("time box ended, nothing to take back"),
    "follow.registered": N_("the Mac registered"),
    "follow.blocked": N_("registration blocked again"),
    "follow.not_tried": N_("no registration tried"),
    "watch.re_enforced": N_("switched on again by somebody else"),
    "watch.drifted": N_("the state changed by itself"),
    "methods.lost": N_("sign-in methods are gone after the change"),
    "methods.gained": N_("sign-in methods were added after the change"),
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
        return [context(_(UNREADABLE))]
    if not noted:
        return []
    return [section(_(TITLE)), section(bullets([_row(one) for one in noted]))]


def _row(noted: Noted) -> str:
    said = _(KINDS.get(noted.kind, "")) or safe.line(noted.kind.replace(".", ": ").replace("_", " "), 60)
    is_by = noted.by and noted.kind in BY_PEOPLE
    by = " " + _("by {person}").format(person=person(noted.by)) if is_by else ""
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
