"""The modals: ask for a change, deny one, show a timeline, paste what the Mac says."""

from __future__ import annotations

from datetime import datetime

from bot.domain.diagnosis import AttemptLine, Diagnosis
from bot.domain.risk import LONGEST_REASON, LONGEST_TICKET
from bot.render import labels, safe
from bot.render.blocks import (
    Block,
    View,
    ago,
    context,
    divider,
    modal,
    moment,
    section,
    text_input,
)
from bot.render.diagnosis_card import log_lag

ROWS_SHOWN = 60
EXHIBITS_SHOWN = 30
IDENTITY_HINT = (
    "For example: called back on the number in the HR system, or seen in person. "
    "Knowing an employee number or a birthday is not proof."
)
REASON_HINT = "Approvers and the journal keep this. No passwords, codes or tokens."
TICKET_HINT = "Number of the helpdesk ticket."
PASTE_STEPS = (
    "On the person's Mac, signed in as them: open Terminal, run `app-sso platform -s`, copy all it prints. "
    "Keys and tokens are not read and not kept."
)
LOADING = "Looking the sign-ins up …"
NO_ROWS = "No sign-in that belongs to Platform SSO in the time that was looked at."


def request_modal(metadata: str) -> View:
    """Return the form behind Request disable; `metadata` holds ids only."""
    blocks = [
        section(
            "This asks the approvers to turn legacy per-user MFA off for the person you looked up. "
            "Nothing changes until they approve."
        ),
        text_input(labels.REASON_FIELD, "Reason", hint=REASON_HINT, most=LONGEST_REASON, lines=True),
        text_input(
            labels.IDENTITY_FIELD, "How was their identity checked?", hint=IDENTITY_HINT, most=LONGEST_TICKET
        ),
        {
            **text_input(labels.TICKET_FIELD, "Ticket", hint=TICKET_HINT, most=LONGEST_TICKET),
            "optional": True,
        },
    ]
    return modal(
        "Request disable", blocks, callback_id=labels.REQUEST_MODAL, submit="Send", metadata=metadata
    )


def deny_modal(metadata: str) -> View:
    """Return the form behind Deny: a reason is required."""
    blocks = [
        section("The requester is told your reason. Nothing changes for the person."),
        text_input(labels.REASON_FIELD, "Why not?", hint=REASON_HINT, most=LONGEST_REASON, lines=True),
    ]
    return modal("Deny request", blocks, callback_id=labels.DENY_MODAL, submit="Deny", metadata=metadata)


def paste_modal(metadata: str) -> View:
    """Return the form for `app-sso platform -s`; long output goes into two fields."""
    more = text_input(labels.PASTE_MORE_FIELD, "The rest, if it did not fit", most=3000, lines=True)
    blocks = [
        section(PASTE_STEPS),
        text_input(labels.PASTE_FIELD, "Output of app-sso platform -s", most=3000, lines=True),
        {**more, "optional": True},
    ]
    return modal(
        "What the Mac says", blocks, callback_id=labels.PASTE_MODAL, submit="Check", metadata=metadata
    )


def loading_modal() -> View:
    """Return what stands in the sign-ins modal until it is known who may see them."""
    return modal("Sign-ins", [section(LOADING)], callback_id=labels.TIMELINE_MODAL)


def words_modal(title: str, words: str) -> View:
    """Return a modal that only says something."""
    return modal(title, [section(words)], callback_id=labels.TIMELINE_MODAL)


def timeline_modal(diagnosis: Diagnosis, *, now: datetime, time_zone: str = "UTC") -> View:
    """Return the attempts a diagnosis rests on, newest first."""
    rows = diagnosis.timeline[:ROWS_SHOWN]
    name = (
        safe.mrkdwn(diagnosis.user.display_name, 150) if diagnosis.user else safe.mrkdwn(diagnosis.asked, 150)
    )
    blocks = [section(f"*{name or '–'}*, newest first. {_shown(len(rows), len(diagnosis.timeline))}")]
    blocks += [section(attempt(row, time_zone)) for row in rows] or [section(NO_ROWS)]
    blocks += _everything_read(diagnosis, time_zone)
    age = ago((now - diagnosis.read_at).total_seconds())
    blocks.append(context(f"Read {age} ago. {log_lag(diagnosis, now)}"))
    return modal("Sign-ins", blocks, callback_id=labels.TIMELINE_MODAL)


def _everything_read(diagnosis: Diagnosis, time_zone: str) -> list[Block]:
    """Return every exhibit with its source and time: what an administrator wants to check."""
    rows = []
    for one in diagnosis.evidence[:EXHIBITS_SHOWN]:
        when = f", {moment(one.at, time_zone)}" if one.at else ""
        source = f"_{safe.prose(one.source, 120)}{when}_"
        rows.append(f"*{safe.prose(one.fact, 100)}*: {safe.mrkdwn(one.value, 300)}\n{source}")
    return [divider(), section("*Everything that was read*"), *(section(row) for row in rows)] if rows else []


def attempt(row: AttemptLine, time_zone: str) -> str:
    """Return one sign-in: what happened, where to, and how to find it in Entra."""
    code = "success" if row.error_code == 0 else f"AADSTS{row.error_code}"
    kind = "interactive" if row.is_interactive else "in the background"
    first = f"{moment(row.at, time_zone)}  ·  *{safe.prose(row.outcome, 40)}*  ·  {code}  ·  {kind}"
    second = f"{safe.code(row.app, 120)} to {safe.code(row.resource, 120)}"
    details = [
        f"{label} {safe.code(text, 120)}"
        for label, text in (("Mac", row.device), ("from", row.place), ("correlation id", row.correlation_id))
        if text
    ]
    lines = [first, safe.prose(row.meaning, 300), second, "  ·  ".join(details)]
    return "\n".join(line for line in lines if line)


def _shown(shown: int, total: int) -> str:
    return f"{shown} of {total} are shown." if total > shown else ""
