"""What `/psso help` says."""

from __future__ import annotations

from bot.render.blocks import Message, bullets, context, header, message, section

COMMANDS = (
    "`/psso why USER`: what blocks this person's Platform SSO registration, how sure that is, what to do. "
    "USER is an address, an object id or a Slack mention; `/psso USER` does the same",
    "`/psso explain CODE`: what an AADSTS code means; a whole pasted error text works too",
    "`/psso pending`: requests that wait for a decision",
    "`/psso history USER`: earlier requests for this person",
    "`/psso status`: whether the bot reaches what it needs",
    "`/psso help`: this text",
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

HELP_TEXT = "What /psso can do: why USER, explain CODE, pending, history USER, status, help"

NOT_YET = {
    "sweep": "Listing everyone with per-user MFA is not available in Slack yet. "
    "Ask for one person with `/psso why USER`; in Entra the list is under Users > All users > Per-user MFA.",
    "alerts": "Alerts are not available yet. Ask for a person with `/psso why USER`; "
    "in Entra, filter the sign-in logs by error code 50076.",
}


def help_message() -> Message:
    """Return the help, the same for everyone."""
    parts = [
        header("Platform SSO: what can be asked"),
        section(bullets(COMMANDS)),
        section(f"*What this is about*\n{BACKGROUND}"),
        section(f"*What changes, and for whom*\n{bullets(WHO_ELSE)}"),
        context(PRIVACY),
    ]
    return message(HELP_TEXT, parts, "help")
