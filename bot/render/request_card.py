"""The card in the approval channel: everything an approver must know, and the decisions.

What must not be missed comes first; small print is last. A card is drawn again at every move of its request.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.domain.approval import ChangeKind, ChangeRequest, Decision, State, Vote
from bot.domain.people import PerUserMfaState
from bot.render import labels, safe
from bot.render.blocks import (
    Block,
    Message,
    actions,
    ago,
    bullets,
    button,
    context,
    fields,
    header,
    message,
    moment,
    person,
    plain_section,
    section,
)
from bot.render.choices import hours_in_words
from bot.render.coverage import coverage_words
from bot.render.verdicts import headline, sureness

ENTRA_PATH = "Entra admin center > Users > All users > Per-user MFA"
SUCCESS_LATER = "Success is only said after the state was read back."
WHAT_CHANGES = (
    "What changes for them: MFA is then asked for by Conditional Access or security defaults alone, "
    "so a trusted network may no longer ask for it. Apple Business enrolment, blocked while "
    "per-user MFA is enforced, works again too."
)
WHAT_RETURNS = (
    "What changes for them: legacy per-user MFA demands MFA again, and Platform SSO registration "
    "stays blocked while it does."
)
WARNING = "⚠ WARNING: read this before you decide"
ALTERED = "The stored request does not carry our signature. It will not be carried out."
SIGN_IN_NEEDED = "Each approval also needs a fresh sign-in to Entra; the bot sends the approver a link."

TITLES = {
    State.PENDING: "△ Waiting for approval",
    State.APPROVED: "▷ Approved, not carried out yet",
    State.EXECUTING: "▷ Being carried out",
    State.VERIFIED: "● Done and read back",
    State.FAILED: "■ Failed",
    State.DENIED: "■ Denied",
    State.CANCELLED: "□ Cancelled",
    State.EXPIRED: "□ Expired",
}
OPEN = frozenset({State.PENDING, State.APPROVED, State.EXECUTING})


def request_card(request: ChangeRequest, now: datetime) -> Message:
    """Return a request as it stands; pending ones can be decided, verified disables undone."""
    warned = _warnings(request)
    title = header(f"{TITLES[request.state]}: {action(request)}")
    top = [*warned, title] if request.state in OPEN else [title, *warned]
    parts: list[Block] = [
        *top,
        section(_what(request)),
        *_standing(request),
        *_grounds(request),
        plain_section(_own_words(request)),
        fields(*_facts(request)),
        *_buttons(request),
        context("\n".join(_small_print(request, now))),
    ]
    return message(card_text(request), parts, _key(request, now))


def minimal_card(request: ChangeRequest, now: datetime) -> Message:
    """Return the least that can be decided on, for when Slack refuses the full card."""
    text = card_text(request)
    wish = request.wish
    lines = [text, f"Object id: {safe.line(wish.target.object_id, 40)}"]
    lines += [f"⚠ WARNING: {safe.line(warning, 300)}" for warning in wish.warnings[:5]]
    return message(text, [plain_section("\n".join(lines)), *_buttons(request)], f"{_key(request, now)}:least")


def card_text(request: ChangeRequest) -> str:
    """Return the request in one line, for notifications and screen readers."""
    warned = "⚠ WARNING. " if request.wish.warnings and request.state in OPEN else ""
    return (
        f"{warned}{TITLES[request.state]}: {action(request)} for {target_name(request)} "
        f"(request {request.id[:40]})"
    )


def action(request: ChangeRequest) -> str:
    """Return what the request does, in a few words."""
    if request.wish.kind is ChangeKind.RESTORE:
        return f"set per-user MFA back to {request.wish.wanted}"
    return "turn per-user MFA off"


def target_name(request: ChangeRequest) -> str:
    """Return the target's name, escaped."""
    target = request.wish.target
    return safe.mrkdwn(target.display_name, 120) or safe.mrkdwn(target.user_principal_name, 120) or "–"


def asker(request: ChangeRequest) -> str:
    """Return who asked: a mention, or the bot when it asked by itself."""
    slack_id = request.wish.requester.slack_id
    return person(slack_id) if slack_id else "the bot itself"


def _key(request: ChangeRequest, now: datetime) -> str:
    return f"request:{request.id[:80]}:{request.version}:{int(now.timestamp())}"


def _warnings(request: ChangeRequest) -> list[Block]:
    """Return what an approver must not miss, under a heading of its own."""
    target = request.wish.target
    odd = safe.oddities(target.display_name) + safe.oddities(target.user_principal_name)
    rows = [] if request.intact else [f"*{ALTERED}*"]
    rows += [f"*{safe.prose(warning, 400)}*" for warning in request.wish.warnings if warning.strip()]
    if odd:
        rows.append(f"*Look twice at the name*: {'; '.join(dict.fromkeys(odd))}.")
    if not rows:
        return []
    return [header(WARNING), section(bullets(rows, 2900))]


def _what(request: ChangeRequest) -> str:
    wish = request.wish
    lines = [
        f"*{target_name(request)}*  ·  {safe.code(wish.target.user_principal_name, 200)}",
        f"Per-user MFA: {_state(wish.before)} → {_state(wish.wanted)}",
    ]
    if wish.undoes:
        lines.append(f"Takes back request {safe.code(wish.undoes, 80)}")
    if wish.restore_after_hours:
        lines.append(
            f"For a limited time: restored after {hours_in_words(wish.restore_after_hours)} "
            "unless the Mac has registered"
        )
    return "\n".join(lines)


def _state(state: PerUserMfaState) -> str:
    return safe.code(state.value)


def _standing(request: ChangeRequest) -> list[Block]:
    lines = _rule(request) if request.state is State.PENDING else [_outcome(request)]
    lines += [_vote(vote) for vote in request.votes[:10]]
    return [section("\n".join(lines))]


def _rule(request: ChangeRequest) -> list[str]:
    wish = request.wish
    needed = "1 approval" if wish.quorum <= 1 else f"{wish.quorum} approvals of different people"
    reasons = [safe.prose(why, 200) for why in wish.quorum_because[:5]]
    because = f" ({'; '.join(reasons)})" if reasons else ""
    lines = [
        f"*Needs {needed}*{because}, {len(request.approvals)} so far.",
        f"Any approver may decide, except {asker(request)} who asked and {target_name(request)}.",
    ]
    return [*lines, SIGN_IN_NEEDED] if wish.step_up else lines


def _vote(vote: Vote) -> str:
    verb = "Approved" if vote.decision is Decision.APPROVE else "Denied"
    said = f": {safe.mrkdwn(vote.reason, 600)}" if vote.reason else ""
    return f"{verb} by {person(vote.person.slack_id)} {moment(vote.at)}{said}"


def _outcome(request: ChangeRequest) -> str:
    if request.state is State.FAILED:
        outcome = safe.prose(request.outcome, 600) or "no reason was stored"
        return f"*Not done* {_when(request.finished_at)}: {outcome}"
    if request.state is State.VERIFIED:
        return f"*Read back as {_state(request.wish.wanted)}* {_when(request.finished_at)}"
    return _UNCHANGED[request.state](request)


_UNCHANGED: dict[State, Callable[[ChangeRequest], str]] = {
    State.CANCELLED: lambda request: (
        f"Withdrawn by {asker(request)} {_when(request.decided_at)}. Nothing changed."
    ),
    State.EXPIRED: lambda request: (
        f"Nobody decided in time; it ended {moment(request.wish.expires_at)}. Nothing changed."
    ),
    State.DENIED: lambda request: f"Nothing changed. Decided {_when(request.decided_at)}.",
    State.APPROVED: lambda request: f"Decided {_when(request.decided_at)}. {SUCCESS_LATER}",
    State.EXECUTING: lambda request: f"Decided {_when(request.decided_at)}. {SUCCESS_LATER}",
}


def _when(at: datetime | None) -> str:
    return moment(at) if at else "at a time that was not stored"


def _grounds(request: ChangeRequest) -> list[Block]:
    """Return what speaks for the change, and what still protects the person after it."""
    wish = request.wish
    if wish.kind is ChangeKind.RESTORE:
        return [section(f"*Why*: {safe.prose(wish.summary, 900)}")] if wish.summary.strip() else []
    head = headline(wish.verdict)
    verdict = f"*Verdict*: {head.title}, {sureness(wish.confidence)}\n{safe.prose(wish.summary, 900)}"
    lines = [f"*After the change*: {coverage_words(wish.coverage)}"]
    if wish.coverage is not None:
        rows = [f"Still asked for MFA by *{safe.mrkdwn(name, 120) or '–'}*" for name in wish.coverage.by]
        rows += [f"▲ Gap: {safe.prose(gap, 300)}" for gap in wish.coverage.gaps]
        lines += [bullets(rows, 2500)] if rows else []
    return [section(verdict), section("\n".join(lines))]


def _own_words(request: ChangeRequest) -> str:
    wish = request.wish
    said = (
        ("Reason", wish.reason, 1200),
        ("Ticket", wish.ticket, 200),
        ("Identity of the caller", wish.identity_check, 600),
    )
    optional = wish.kind is ChangeKind.RESTORE
    rows = [(label, safe.line(text, limit)) for label, text, limit in said]
    return "\n".join(f"{label}: {text or 'not given'}" for label, text in rows if text or not optional)


def _facts(request: ChangeRequest) -> tuple[str, ...]:
    wish = request.wish
    facts = [
        f"*Asked by*\n{asker(request)} {moment(wish.created_at)}",
        f"*Evidence read*\n{moment(wish.evidence_read_at)}",
        f"*Object id*\n{safe.code(wish.target.object_id, 60)}",
        f"*Tenant*\n{safe.code(wish.tenant, 80)}",
    ]
    if request.state is State.PENDING:
        facts.insert(0, f"*Open until*\n{moment(wish.expires_at)}")
    return tuple(facts)


def _small_print(request: ChangeRequest, now: datetime) -> list[str]:
    lines = []
    if request.state is State.PENDING:
        restores = request.wish.kind is ChangeKind.RESTORE
        lines += [_clocks(request, now), _after_approve(request), _way_back(request)]
        lines.append(WHAT_RETURNS if restores else WHAT_CHANGES)
    elif request.state is State.VERIFIED:
        lines.append(_way_back(request))
    return [*lines, f"Request {safe.code(request.id, 80)}  ·  version {request.version}"]


def _clocks(request: ChangeRequest, now: datetime) -> str:
    """Return both clocks as they stood when the card was drawn: a message does not age by itself."""
    left = ago((request.wish.expires_at - now).total_seconds())
    age = ago((now - request.wish.evidence_read_at).total_seconds())
    return f"As of {moment(now)}: {left} left to decide, evidence {age} old."


def _after_approve(request: ChangeRequest) -> str:
    return (
        f"After {labels.APPROVE}: the bot checks the rules once more, sets the state to "
        f"{_state(request.wish.wanted)}, reads it back and reports here. "
        "Nothing else of the account is touched."
    )


def _way_back(request: ChangeRequest) -> str:
    by_hand = f"{ENTRA_PATH}, set the person to {_state(request.wish.before)} again."
    if request.wish.kind is ChangeKind.RESTORE:
        return f"To take it back: {by_hand}"
    once = "" if request.state is State.VERIFIED else ", once the change is done"
    return f"To take it back: {labels.UNDO} on this card{once}. Or {by_hand}"


def _buttons(request: ChangeRequest) -> list[Block]:
    value = f"{request.id}:{request.version}"
    if request.state is State.PENDING:
        return [
            actions(
                button(labels.APPROVE, labels.ON_APPROVE, value, style="primary", ask=_question(request)),
                button(labels.DENY, labels.ON_DENY, value, style="danger"),
                button(labels.CANCEL_REQUEST, labels.ON_CANCEL, value),
            )
        ]
    if request.state is State.VERIFIED and request.wish.kind is ChangeKind.DISABLE:
        return [actions(button(labels.UNDO, labels.ON_UNDO, value, style="danger"))]
    return []


def _question(request: ChangeRequest) -> str:
    target = request.wish.target
    warned = "⚠ WARNING: the card holds a warning. " if _warnings(request) else ""
    return (
        f"{warned}Per-user MFA of {safe.line(target.display_name, 80)} "
        f"(object id {safe.line(target.object_id, 40)}) will be set to {request.wish.wanted}."
    )
