"""How to ask: the button that opens the form, and what can be typed."""

from __future__ import annotations

from bot.render import labels
from bot.render.blocks import Block, actions, button, divider, section
from bot.render.words import _


def ask_blocks() -> list[Block]:
    """Return the question and the button that opens the form."""
    words = _("*Whose Mac cannot register for Platform SSO?* See what stands in the way, and what to do.")
    return [
        section(words),
        actions(button(labels.DIAGNOSE, labels.ON_ASK, "home", style="primary")),
        divider(),
    ]


def typing_blocks() -> list[Block]:
    """Return the command that most people need, and the one that lists the others."""
    words = _("`{command} why USER` in any conversation diagnoses a person; `{command} help` lists the rest.")
    said = words.format(command=labels.COMMAND)
    return [divider(), section(f"*{_('What you can type')}*\n{said}")]
