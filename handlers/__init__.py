"""Slack listeners: check where it comes from, record, acknowledge. No listener asks Graph."""

from __future__ import annotations

from slack_bolt.app.async_app import AsyncApp

from bot.ports import Desk
from handlers import actions, asking, commands, events, failures, views
from handlers.carry_out import carry_out

__all__ = ["carry_out", "register"]


def register(app: AsyncApp, desk: Desk) -> None:
    """Make `app` listen to our command, buttons and forms."""
    commands.register(app, desk)
    asking.register(app, desk)  # before actions, which take every button that is left
    actions.register(app, desk)
    views.register(app, desk)
    events.register(app, desk)  # last: it takes what nobody else listens to
    failures.register_bug_handler(app, desk)
