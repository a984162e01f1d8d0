"""The private message with the one-time link: an approval that waits for its approver's sign-in."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.approval import ChangeRequest
from bot.render import labels, safe
from bot.render.blocks import Message, actions, ago, context, link_button, message, section
from bot.render.request_card import action, target_name
from bot.render.words import _


def step_up_message(request: ChangeRequest, url: str, lifetime: timedelta) -> Message:
    """Return what is still missing, the link, and what will happen then."""
    text = _(
        "*△ Not counted yet.* Your approval to {action} for {name} counts once you have signed in to Entra "
        "again, with MFA: a Slack session alone is not enough for this one."
    ).format(action=action(request), name=target_name(request))
    what_then = _(
        "The page shows once more what you approve, then Entra asks you to sign in, then your approval is "
        "counted. The link is yours alone, works once, and ends in {lifetime}. Without it, nothing happens; "
        "{button} on the card gives a new one. Request {id}"
    ).format(lifetime=ago(lifetime.total_seconds()), button=_(labels.APPROVE), id=safe.code(request.id, 80))
    parts = [section(text), actions(link_button(labels.SIGN_IN, labels.ON_SIGN_IN, url, style="primary"))]
    return message(_("△ Not counted yet: sign in to Entra."), [*parts, context(what_then)], "step-up")
