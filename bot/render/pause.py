"""Switches that approvers throw by hand: the forms, and what the alert channel hears of a pause."""

from __future__ import annotations

from bot.domain.risk import LONGEST_REASON
from bot.ports import SwitchState
from bot.render import labels, safe
from bot.render.alert_routes import pause_line
from bot.render.blocks import (
    Block,
    Message,
    View,
    actions,
    button,
    message,
    modal,
    person,
    section,
    select_input,
    text_input,
)
from bot.render.choices import PAUSE_LENGTH_WORDS
from bot.render.words import N_, _

REASON_HINT = N_("The channel and the journal show this. No passwords, codes or tokens.")


def pause_news(state: SwitchState) -> Message:
    """Return that alerts are paused, with the button that lifts the pause, or that they go on."""
    if not state.on:
        by = _(" By {by}.").format(by=person(state.by)) if state.by else ""
        given = _("Reason: {reason}").format(reason=safe.prose(state.reason, 600))
        reason = given if state.by else _("Its time is over.")
        said = _("*● Alerts are posted again.*{by} {reason}").format(by=by, reason=reason)
        more = _("What is still open from the time of the pause comes now.")
        return message(_("Alerts are posted again."), [section(f"{said}\n{more}")], "resumed")
    more = _(
        "Failures are still recorded; cards that are there stay up to date. `{command} alerts` shows all."
    )
    parts = [
        section(f"{pause_line(state)}\n{more.format(command=labels.COMMAND)}"),
        actions(button(labels.RESUME_ALERTS, labels.ON_RESUME_ALERTS, "alerts")),
    ]
    return message(_("■ Alerts are paused."), parts, "paused")


def hold_modal(metadata: str) -> View:
    """Return the form behind Put changes on hold."""
    words = _(
        "Nothing new can be requested or carried out that would turn MFA off, until an approver lifts it. "
        "Denying, withdrawing and switching MFA back on still work. Approvers only."
    )
    parts = [section(words), _reason(_("Why?"))]
    return modal(
        _("Put changes on hold"),
        parts,
        callback_id=labels.HOLD_MODAL,
        submit=_("Put on hold"),
        metadata=metadata,
    )


def pause_modal(metadata: str) -> View:
    """Return the form behind Pause alerts: for how long, and why."""
    words = _(
        "No new alert is posted for a while, not even an outage. Failures are still recorded, and what is "
        "open at the end is posted then. To keep one person or cause quiet, use Silence on its card. "
        "Approvers only."
    )
    lengths = {value: _(said) for value, said in PAUSE_LENGTH_WORDS.items()}
    parts = [
        section(words),
        select_input(labels.PAUSE_LENGTH_FIELD, _("For how long?"), lengths, first="1"),
        _reason(_("Why?")),
    ]
    return modal(
        _("Pause alerts"), parts, callback_id=labels.PAUSE_MODAL, submit=_("Pause"), metadata=metadata
    )


def resume_modal(metadata: str, state: SwitchState) -> View:
    """Return the form behind Lift the pause; it says who paused alerts, and why."""
    words = _("Alerts are posted again at once, those first that are still open. Approvers only.")
    parts = [section(pause_line(state)), section(words), _reason(_("Why is it lifted?"))]
    return modal(
        _("Lift the pause"), parts, callback_id=labels.RESUME_MODAL, submit=_("Lift"), metadata=metadata
    )


def _reason(label: str) -> Block:
    return text_input(labels.REASON_FIELD, label, hint=_(REASON_HINT), most=LONGEST_REASON, lines=True)
