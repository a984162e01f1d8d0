"""The modals: ask for a change, deny one, undo one, lift a hold, see sign-ins, paste what the Mac says."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate, groupby

from bot.domain.approval import ChangeRequest
from bot.domain.diagnosis import AttemptLine, Diagnosis, Exhibit
from bot.domain.people import User
from bot.domain.risk import LONGEST_REASON, LONGEST_TICKET
from bot.ports import SwitchState
from bot.render import labels, safe
from bot.render.blocks import (
    Block,
    View,
    ago,
    bullets,
    context,
    divider,
    modal,
    moment,
    person,
    section,
    select_input,
    text_input,
)
from bot.render.choices import IDENTITY_CHECKS, TIME_BOX_WORDS, translated
from bot.render.diagnosis_card import log_lag
from bot.render.phrases import phrase
from bot.render.request_card import target_name
from bot.render.words import N_, _

ROWS_SHOWN = 60
EXHIBITS_SHOWN = 30
ROOM_FOR_EXHIBITS = 2600  # of a block, below their source
IDENTITY_HINT = N_(
    "Knowing an employee number, a birthday or a manager's name is not proof: anyone can look that up."
)
REASON_HINT = N_("Approvers and the journal keep this. No passwords, codes or tokens.")
TICKET_HINT = N_("Number of the helpdesk ticket.")
TIME_BOX_HINT = N_("For a doubtful case: it comes back by itself unless the Mac has registered by then.")
PASTE_STEPS = N_(
    "On the person's Mac, signed in as them: open Terminal, run `app-sso platform -s`, copy all it prints. "
    "Keys and tokens are not read and not kept."
)
SUCCEEDED = "succeeded"
OUTCOME_MARKS = {"failed": "■", "unresolved": "△", "cleared": "●", SUCCEEDED: "●"}
"""Shapes for what a sign-in came to; the others no longer count."""
LOADING = N_("Looking the sign-ins up …")
NO_ROWS = N_("No sign-in that belongs to Platform SSO in the time that was looked at.")


def request_modal(metadata: str, subject: str = "") -> View:
    """Return the form behind Request disable; `metadata` holds ids only, `subject` says whom it is about."""
    ticket = text_input(labels.TICKET_FIELD, _("Ticket"), hint=_(TICKET_HINT), most=LONGEST_TICKET)
    blocks = [
        *_about(subject),
        section(
            _(
                "This asks the approvers to turn legacy per-user MFA off for this person. "
                "Nothing changes until they approve."
            )
        ),
        _reason(_("Reason")),
        select_input(
            labels.IDENTITY_FIELD,
            _("How was their identity checked?"),
            translated(IDENTITY_CHECKS),
            hint=_(IDENTITY_HINT),
        ),
        {**ticket, "optional": True},
        select_input(
            labels.TIME_BOX_FIELD,
            _("Switch it back on after a while?"),
            translated(TIME_BOX_WORDS),
            hint=_(TIME_BOX_HINT),
            first="no",
        ),
    ]
    return modal(
        _(labels.REQUEST_DISABLE),
        blocks,
        callback_id=labels.REQUEST_MODAL,
        submit=_("Send"),
        metadata=metadata,
    )


def deny_modal(metadata: str, subject: str = "") -> View:
    """Return the form behind Deny: a reason is required."""
    blocks = [
        *_about(subject),
        section(_("The requester is told your reason. Nothing changes for the person.")),
        _reason(_("Why not?")),
    ]
    return modal(
        _("Deny request"),
        blocks,
        callback_id=labels.DENY_MODAL,
        submit=_(labels.DENY),
        metadata=metadata,
    )


def undo_modal(metadata: str, subject: str = "") -> View:
    """Return the form behind Undo: why the person gets per-user MFA back."""
    blocks = [
        *_about(subject),
        section(
            _(
                "This asks for legacy per-user MFA to be set back to what it was before the change; "
                "one approver other than you decides. "
                "Platform SSO registration is blocked again while it is on; "
                "a Mac that has registered keeps working."
            )
        ),
        _reason(_("Why is it taken back?")),
    ]
    return modal(
        _("Undo the change"),
        blocks,
        callback_id=labels.UNDO_MODAL,
        submit=_(labels.UNDO),
        metadata=metadata,
    )


def lift_modal(metadata: str, subject: str = "") -> View:
    """Return the form behind Lift the hold; `subject` says who put changes on hold, and why."""
    blocks = [
        *_about(subject),
        section(
            _("Look at the latest changes first. After this, changes can be made again. Approvers only.")
        ),
        _reason(_("What did you find?")),
    ]
    return modal(_(labels.LIFT), blocks, callback_id=labels.LIFT_MODAL, submit=_("Lift"), metadata=metadata)


def user_subject(user: User) -> str:
    """Return whom a form is about: name, address and object id."""
    name = safe.mrkdwn(user.display_name, 150) or "–"
    object_id = _("Object id {id}").format(id=safe.code(user.id, 60))
    return f"*{name}*  ·  {safe.code(user.user_principal_name, 200)}\n{object_id}"


def request_subject(request: ChangeRequest) -> str:
    """Return which request a form is about."""
    target = request.wish.target
    return (
        f"*{target_name(request)}*  ·  {safe.code(target.user_principal_name, 200)}\n"
        f"{safe.code(request.wish.before.value)} → {safe.code(request.wish.wanted.value)}  ·  "
        f"{_('request {id}').format(id=safe.code(request.id, 80))}"
    )


def hold_subject(held: SwitchState) -> str:
    """Return who put changes on hold, when and why."""
    return _("On hold since {time}, by {person}: {reason}").format(
        time=moment(held.at), person=person(held.by), reason=safe.prose(phrase(held.reason), 600)
    )


def _reason(question: str) -> Block:
    return text_input(labels.REASON_FIELD, question, hint=_(REASON_HINT), most=LONGEST_REASON, lines=True)


def _about(subject: str) -> list[Block]:
    return [section(subject)] if subject else []


def paste_modal(metadata: str, subject: str = "") -> View:
    """Return the form for `app-sso platform -s`; long output goes into two fields."""
    more = text_input(labels.PASTE_MORE_FIELD, _("The rest, if it did not fit"), most=3000, lines=True)
    blocks = [
        *_about(subject),
        section(_(PASTE_STEPS)),
        text_input(labels.PASTE_FIELD, _("Output of app-sso platform -s"), most=3000, lines=True),
        {**more, "optional": True},
    ]
    return modal(
        _("What the Mac says"), blocks, callback_id=labels.PASTE_MODAL, submit=_("Check"), metadata=metadata
    )


def loading_modal() -> View:
    """Return what stands in the sign-ins modal until it is known who may see them."""
    return modal(_("Sign-ins"), [section(_(LOADING))], callback_id=labels.TIMELINE_MODAL)


def words_modal(title: str, words: str) -> View:
    """Return a modal that only says something."""
    return modal(title, [section(words)], callback_id=labels.TIMELINE_MODAL)


def timeline_modal(diagnosis: Diagnosis, *, now: datetime, time_zone: str = "UTC") -> View:
    """Return the attempts a diagnosis rests on, newest first."""
    rows = diagnosis.timeline[:ROWS_SHOWN]
    name = (
        safe.mrkdwn(diagnosis.user.display_name, 150) if diagnosis.user else safe.mrkdwn(diagnosis.asked, 150)
    )
    first = _("*{name}*, newest first.").format(name=name or "–")
    blocks = [section(f"{first} {_shown(len(rows), len(diagnosis.timeline))}")]
    blocks += [section(attempt(row, time_zone)) for row in rows] or [section(_(NO_ROWS))]
    blocks += _everything_read(diagnosis, time_zone)
    age = ago((now - diagnosis.read_at).total_seconds())
    blocks.append(context(f"{_('Read {age} ago.').format(age=age)} {log_lag(diagnosis, now)}"))
    return modal(_("Sign-ins"), blocks, callback_id=labels.TIMELINE_MODAL)


def _everything_read(diagnosis: Diagnosis, time_zone: str) -> list[Block]:
    """Return every exhibit below its source and time: what an administrator wants to check."""
    exhibits = diagnosis.evidence[:EXHIBITS_SHOWN]
    if not exhibits:
        return []
    parts = [divider(), section(f"*{_('Everything that was read')}*")]
    for (source, at), told in groupby(exhibits, key=lambda one: (one.source, one.at)):
        when = f", {moment(at, time_zone)}" if at else ""
        head = f"_{safe.prose(phrase(source), 120)}{when}_\n"
        rows = [_exhibit(one) for one in told]
        while rows:
            fit = _how_many(rows)
            parts.append(section(head + bullets(rows[:fit])))
            rows, head = rows[fit:], ""
    return parts


def _how_many(rows: Sequence[str]) -> int:
    """Return how many of the first rows one block holds; at least one."""
    used = list(accumulate(safe.width(row) + 3 for row in rows))
    return max(1, bisect_right(used, ROOM_FOR_EXHIBITS))


def _exhibit(exhibit: Exhibit) -> str:
    return f"*{safe.prose(phrase(exhibit.fact), 100)}*: {safe.mrkdwn(phrase(exhibit.value), 300)}"


def attempt(row: AttemptLine, time_zone: str) -> str:
    """Return one sign-in: what happened, where to, and how to find it in Entra."""
    code = f"AADSTS{row.error_code}" if row.error_code else _("success")
    kind = _("interactive") if row.is_interactive else _("in the background")
    meaning = safe.prose(phrase(row.meaning), 300)
    outcome = f"*{OUTCOME_MARKS.get(row.outcome, '□')} {safe.prose(phrase(row.outcome), 40)}*"
    codes = [] if row.outcome == SUCCEEDED else [code]
    details = [
        f"{label} {safe.code(text, 120)}"
        for label, text in (("Mac", row.device), (_("from"), row.place))
        if text
    ]
    lines = (
        [outcome, moment(row.at, time_zone), *codes],
        [kind, meaning] if meaning else [kind],
        [f"{safe.mrkdwn(row.app, 120)} → {safe.mrkdwn(row.resource, 120)}"],
        details,
        [f"{_('correlation id')} {safe.code(row.correlation_id, 120)}"] if row.correlation_id else [],
    )
    return "\n".join("  ·  ".join(line) for line in lines if line)


def _shown(shown: int, total: int) -> str:
    return _("{shown} of {total} are shown.").format(shown=shown, total=total) if total > shown else ""
