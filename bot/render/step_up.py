"""The private message with the one-time link: an approval that waits for its approver's sign-in."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.approval import ChangeRequest
from bot.render import labels, safe
from bot.render.blocks import Message, actions, ago, context, link_button, message, section
from bot.render.request_card import action, target_name


def step_up_message(request: ChangeRequest, url: str, lifetime: timedelta) -> Message:
    """Return what is still missing, the link, and what will happen then."""
    text = (
        f"*△ Not counted yet.* Your approval to {action(request)} for {target_name(request)} counts once you "
        "have signed in to Entra again, with MFA: a Slack session alone is not enough for this one."
    )
    what_then = (
        "The page shows once more what you approve, then Entra asks you to sign in, then your approval is "
        f"counted. The link is yours alone, works once, and ends in {ago(lifetime.total_seconds())}. "
        f"Without it, nothing happens; {labels.APPROVE} on the card gives a new one. "
        f"Request {safe.code(request.id, 80)}"
    )
    parts = [section(text), actions(link_button(labels.SIGN_IN, labels.ON_SIGN_IN, url, style="primary"))]
    return message("△ Not counted yet: sign in to Entra.", [*parts, context(what_then)], "step-up")
