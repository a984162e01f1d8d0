"""What `/psso help` says: what this reader may do, and what it is about."""

from __future__ import annotations

from bot.render import labels
from bot.render.blocks import Message, bullets, context, header, message, plain, section
from bot.render.reader import Reader
from bot.render.words import N_, _

ASKING = (
    N_(
        "`/psso why USER`: what blocks this person's Platform SSO registration, how sure that is, what to "
        "do. USER is an address, a name, an object id or a Slack mention; `/psso USER` does the same"
    ),
    N_("`/psso explain CODE`: what an AADSTS code means; a whole pasted error text works too"),
    N_("`/psso pending`: requests that wait for a decision, yours and others'"),
    N_("`/psso history USER`: earlier requests for this person"),
    N_(
        "`/psso alerts`: who is known to be blocked now, where alerts go, what is silenced, and why "
        "something stayed quiet; `/psso alerts USER` says it of one person"
    ),
    N_("`/psso sweep`: how many people have per-user MFA on, and the first of them"),
    N_("`/psso status`: whether the bot reaches what it needs"),
    N_("`/psso help`: this text"),
)

REQUESTING = (
    N_(
        "*{request_disable}* below an answer asks the approvers to turn per-user MFA off; it is offered "
        "when the evidence supports it"
    ),
    N_("*{cancel_request}* on the card withdraws what you asked for"),
    N_("A request needs a reason and how you checked who is asking"),
)

WATCHING = (
    N_(
        "New failures appear in the alert channel by themselves, one card for each person or cause; "
        "a card counts on, and closes when the person has registered"
    ),
    N_("*{diagnose}* on it says more, *{acknowledge}* tells the others that you look after it"),
    N_(
        "*{silence}* keeps alerts like it quiet for up to 7 days, with a reason; `/psso alerts` lists that, "
        "and *{lift_silence}* ends it"
    ),
)

APPROVING = (
    N_(
        "*{approve}* and *{deny}* on the card in the approval channel; "
        "never on your own request, nor on one about yourself"
    ),
    N_("*{undo}* on the card of a finished change sets the state back"),
    N_("*{lift}* after changes were put on hold, because of too many in an hour or on purpose"),
    N_("In the app's home tab, *{hold}* and *{pause_alerts}*, each with a reason for all to read"),
)

BUTTONS = {
    "request_disable": labels.REQUEST_DISABLE,
    "cancel_request": labels.CANCEL_REQUEST,
    "diagnose": labels.DIAGNOSE,
    "acknowledge": labels.ACKNOWLEDGE,
    "silence": labels.SILENCE,
    "lift_silence": labels.LIFT_SILENCE,
    "approve": labels.APPROVE,
    "deny": labels.DENY,
    "undo": labels.UNDO,
    "lift": labels.LIFT,
    "hold": labels.HOLD,
    "pause_alerts": labels.PAUSE_ALERTS,
}

BACKGROUND = N_(
    "Registering for Platform SSO asks Entra for a token in the background, where nobody can answer an MFA "
    "prompt. Legacy per-user MFA demands one all the same, so Entra refuses with AADSTS50076 and the Mac "
    "says nothing. Conditional Access can demand MFA without this, because it does not judge that request."
)

WHO_ELSE = (
    N_("Legacy per-user MFA also blocks Apple Business enrolment and ignores trusted networks."),
    N_(
        "After it is off, MFA is asked for by Conditional Access or security defaults alone: at a trusted "
        "place a policy may then ask for none."
    ),
    N_("The bot offers to turn it off only when the evidence points to it, and another person approves."),
)

PRIVACY = N_(
    "Answers to `why`, `explain` and `alerts` are visible to you alone. "
    "Requests and decisions go to a journal."
)

OUTSIDE = N_(
    "Hello. This app helps the helpdesk of this workspace with Macs; it is for full members of it, "
    "so please ask your contact there."
)

NOT_FOR_YOU = N_(
    "This app finds out why a Mac cannot register for Platform SSO. In this workspace the helpdesk uses it: "
    "please ask them, and name your account and your Mac."
)

HELP_TEXT = N_(
    "What /psso can do: why USER, explain CODE, pending, history USER, alerts, sweep, status, help"
)


def listed(rows: tuple[str, ...]) -> list[str]:
    """Return rows in the reader's language, with the names of buttons in them."""
    names = {name: _(label) for name, label in BUTTONS.items()}
    return [_(row).format(**names) for row in rows]


def help_message(reader: Reader | None = None) -> Message:
    """Return the help for this reader; None: everything, when it could not be checked who reads."""
    if reader is not None and not reader.belongs:
        return plain(_(OUTSIDE))
    if reader is not None and not reader.asks:
        return plain(_(NOT_FOR_YOU))
    parts = [header(_("Platform SSO: what can be asked")), section(bullets(listed(ASKING)))]
    parts.append(section(f"*{_('To have something changed')}*\n{bullets(listed(REQUESTING))}"))
    parts.append(section(f"*{_('To hear of failures before somebody calls')}*\n{bullets(listed(WATCHING))}"))
    if reader is None or reader.approves:
        parts.append(section(f"*{_('For approvers')}*\n{bullets(listed(APPROVING))}"))
    parts += [
        section(f"*{_('What this is about')}*\n{_(BACKGROUND)}"),
        section(f"*{_('What changes, and for whom')}*\n{bullets(listed(WHO_ELSE))}"),
        context(_(PRIVACY)),
    ]
    return message(_(HELP_TEXT), parts, "help")
