"""What approvers can throw: changes on hold, alerts paused."""

from __future__ import annotations

from bot.ports import SwitchState
from bot.render import labels, safe
from bot.render.blocks import Block, actions, button, divider, header, moment, person, section
from bot.render.home.parts import Beside
from bot.render.phrases import phrase
from bot.render.reader import Reader
from bot.render.words import _


def hold_blocks(held: SwitchState | None, reader: Reader) -> list[Block]:
    """Return that changes are on hold, with the button that lifts it; nothing when they are not."""
    if held is None:
        return []
    words = _("*■ Changes are on hold* since {since}, by {by}: {reason}").format(
        since=moment(held.at),
        by=person(held.by),
        reason=safe.prose(phrase(held.reason), 600) or _("no reason was stored"),
    )
    blocks = [section(words)]
    if reader.approves:
        blocks.append(actions(button(labels.LIFT, labels.ON_LIFT, "freeze")))
    return [*blocks, divider()]


def switch_blocks(beside: Beside, *, shadow: bool) -> list[Block]:
    """Return each switch with its state; the buttons that undo stand at the top of the tab."""
    on, off = _("■ Changes are on hold, as said above."), _("● Changes are made as approved.")
    lines, buttons = [on if beside.held else off], []
    if beside.held is None:
        buttons.append(button(labels.HOLD, labels.ON_HOLD, "freeze"))
    if beside.overview is not None:
        lines.append(_alerts(beside, shadow=shadow))
        if beside.paused is None:
            buttons.append(button(labels.PAUSE_ALERTS, labels.ON_PAUSE_ALERTS, "alerts"))
    rows = [header(_("Switches")), section("\n".join(lines))]
    return [*rows, actions(*buttons), divider()] if buttons else [*rows, divider()]


def _alerts(beside: Beside, *, shadow: bool) -> str:
    if beside.paused:
        return _("■ Alerts are paused, as said above.")
    if shadow:
        return _("▷ Alerts are recorded and not posted (shadow mode).")
    return _("● Alerts are posted as they come.")
