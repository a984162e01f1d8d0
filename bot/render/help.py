"""What `/psso help` says: what this reader may do, and what it is about."""

from __future__ import annotations

from bot.render import labels
from bot.render.blocks import Message, bullets, context, header, message, plain, section
from bot.render.reader import Reader

ASKING = (
    "`/psso why USER`: what blocks this person's Platform SSO registration, how sure that is, what to do. "
    "USER is an address, an object id or a Slack mention; `/psso USER` does the same",
    "`/psso explain CODE`: what an AADSTS code means; a whole pasted error text works too",
    "`/psso pending`: requests that wait for a decision, yours and others'",
    "`/psso history USER`: earlier requests for this person",
    "`/psso sweep`: how many people have per-user MFA on, and the first of them",
    "`/psso status`: whether the bot reaches what it needs",
    "`/psso help`: this text",
)

REQUESTING = (
    f"*{labels.REQUEST_DISABLE}* below an answer asks the approvers to turn per-user MFA off; it is offered "
    "when the evidence supports it",
    f"*{labels.CANCEL_REQUEST}* on the card withdraws what you asked for",
    "A request needs a reason and how you checked who is asking",
)

APPROVING = (
    f"*{labels.APPROVE}* and *{labels.DENY}* on the card in the approval channel; "
    "never on your own request, nor on one about yourself",
    f"*{labels.UNDO}* on the card of a finished change sets the state back",
    f"*{labels.LIFT}* after changes were put on hold, because of too many in an hour or on purpose",
)

BACKGROUND = (
    "Registering for Platform SSO asks Entra for a token in the background, where nobody can answer an MFA "
    "prompt. Legacy per-user MFA demands one all the same, so Entra refuses with AADSTS50076 and the Mac "
    "says nothing. Conditional Access can demand MFA without this, because it does not judge that request."
)

WHO_ELSE = (
    "Legacy per-user MFA also blocks Apple Business enrolment and ignores trusted networks.",
    "After it is off, MFA is asked for by Conditional Access or security defaults alone: at a trusted place "
    "a policy may then ask for none.",
    "The bot offers to turn it off only when the evidence points to it, and another person approves.",
)

PRIVACY = "Answers to `why` and `explain` are visible to you alone. Requests and decisions go to a journal."

OUTSIDE = (
    "Hello. This app helps the helpdesk of this workspace with Macs; it is for full members of it, "
    "so please ask your contact there."
)

NOT_FOR_YOU = (
    "This app finds out why a Mac cannot register for Platform SSO. In this workspace the helpdesk uses it: "
    "please ask them, and name your account and your Mac."
)

HELP_TEXT = "What /psso can do: why USER, explain CODE, pending, history USER, sweep, status, help"

NOT_YET = {
    "alerts": "Alerts are not available yet. Ask for a person with `/psso why USER`; "
    "in Entra, filter the sign-in logs by error code 50076.",
}


def help_message(reader: Reader | None = None) -> Message:
    """Return the help for this reader; None: everything, when it could not be checked who reads."""
    if reader is not None and not reader.belongs:
        return plain(OUTSIDE)
    if reader is not None and not reader.asks:
        return plain(NOT_FOR_YOU)
    parts = [header("Platform SSO: what can be asked"), section(bullets(ASKING))]
    parts.append(section(f"*To have something changed*\n{bullets(REQUESTING)}"))
    if reader is None or reader.approves:
        parts.append(section(f"*For approvers*\n{bullets(APPROVING)}"))
    parts += [
        section(f"*What this is about*\n{BACKGROUND}"),
        section(f"*What changes, and for whom*\n{bullets(WHO_ELSE)}"),
        context(PRIVACY),
    ]
    return message(HELP_TEXT, parts, "help")
