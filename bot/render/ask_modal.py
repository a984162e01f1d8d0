"""The form behind a bare `/psso` and the shortcuts: whom is it about?"""

from __future__ import annotations

from bot.render import labels
from bot.render.blocks import Block, View, modal, section, text_input
from bot.render.words import N_, _

NOTHING_FOUND = N_("That message names no account and no AADSTS code. Whom is it about?")
NOBODY_NAMED = N_("Choose a colleague above, or type an account here.")
ACCOUNT_AND_PERSON = N_("Choose a colleague or type an account, not both: they might be two people.")


def ask_modal(metadata: str, *, notice: str = "", slack_id: str = "") -> View:
    """Return the form; `slack_id` is picked beforehand, `notice` says why it is asked."""
    blocks = [
        section(
            notice or _("Finds out why a Mac cannot register for Platform SSO. Only you see the answer.")
        ),
        _person(slack_id),
        {
            **text_input(
                labels.ACCOUNT_FIELD,
                _("Or their account"),
                hint=_("An address, an object id, or a name as Entra shows it."),
                most=300,
            ),
            "optional": True,
        },
    ]
    return modal(
        _("Platform SSO"),
        blocks,
        callback_id=labels.ASK_MODAL,
        submit=_(labels.DIAGNOSE),
        metadata=metadata,
    )


def _person(slack_id: str) -> Block:
    picker: Block = {
        "type": "users_select",
        "action_id": labels.PERSON_FIELD,
        "placeholder": {"type": "plain_text", "text": _("Choose a colleague")},
    }
    if slack_id:
        picker["initial_user"] = slack_id
    return {
        "type": "input",
        "block_id": labels.PERSON_FIELD,
        "optional": True,
        "label": {"type": "plain_text", "text": _("Who cannot register?")},
        "element": picker,
    }
