"""The card in the approval channel: everything an approver must know, and the two decisions."""

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
    divider,
    fields,
    header,
    message,
    moment,
    person,
    plain_section,
    section,
)
from bot.render.coverage import coverage_words
from bot.render.verdicts import headline, sureness

ENTRA_PATH = "Entra admin center > Users > All users > Per-user MFA"
SUCCESS_LATER = "Success is only said after the state was read back."
WHAT_CHANGES = (
    "What changes for them: MFA is then asked for by Conditional Access or security defaults alone, "
    "so a trusted network may no longer ask for it. Apple Business enrolment, blocked while "
    "per-user MFA is enforced, works again too."
)

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


def request_card(request: ChangeRequest, now: datetime) -> Message:
    """Return a request as it stands; only a pending one has buttons."""
    parts: list[Block] = [
        header(f"{TITLES[request.state]}: {action(request)}"),
        *_target(request),
        *_grounds(request),
        plain_section(_own_words(request)),
        section(_standing(request, now)),
    ]
    if request.state is State.PENDING:
        parts += [divider(), context(_after_approve(request), _way_back(request), WHAT_CHANGES)]
        parts.append(actions(*_buttons(request)))
    elif request.state is State.VERIFIED:
        parts.append(context(_way_back(request)))
    parts.append(context(f"Request {safe.code(request.id, 80)}  ·  version {request.version}"))
    return message(card_text(request), parts, _key(request, now))


def minimal_card(request: ChangeRequest, now: datetime) -> Message:
    """Return the least that can be decided on, for when Slack refuses the full card."""
    text = card_text(request)
    parts = [plain_section(f"{text}\nObject id: {safe.line(request.wish.target.object_id, 40)}")]
    if request.state is State.PENDING:
        parts.append(actions(*_buttons(request)))
    return message(text, parts, f"{_key(request, now)}:least")


def card_text(request: ChangeRequest) -> str:
    """Return the request in one line, for notifications and screen readers."""
    return (
        f"{TITLES[request.state]}: {action(request)} for {target_name(request)} (request {request.id[:40]})"
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


def _key(request: ChangeRequest, now: datetime) -> str:
    return f"request:{request.id[:80]}:{request.version}:{int(now.timestamp())}"


def _target(request: ChangeRequest) -> list[Block]:
    wish = request.wish
    parts = [
        fields(
            f"*For*\n{target_name(request)}\n{safe.code(wish.target.user_principal_name, 200)}",
            f"*Asked by*\n{person(wish.requester.slack_id)}",
            f"*Object id*\n{safe.code(wish.target.object_id, 60)}",
            f"*Tenant*\n{safe.code(wish.tenant, 80)}",
            f"*Per-user MFA when asked*\n{_state(wish.before)}",
            f"*To become*\n{_state(wish.wanted)}",
        )
    ]
    odd = safe.oddities(wish.target.display_name) + safe.oddities(wish.target.user_principal_name)
    if odd:
        parts.append(section(f"*▲ Look twice at the name*: {'; '.join(dict.fromkeys(odd))}."))
    if not request.intact:
        parts.append(
            section("*▲ The stored request does not carry our signature. It will not be carried out.*")
        )
    return parts


def _state(state: PerUserMfaState) -> str:
    return safe.code(state.value)


def _grounds(request: ChangeRequest) -> list[Block]:
    wish = request.wish
    head = headline(wish.verdict)
    verdict = (
        f"*Verdict*: {head.title}, {sureness(wish.confidence)}; "
        f"evidence read {moment(wish.evidence_read_at)}\n{safe.prose(wish.summary, 900)}"
    )
    cover = f"*Without per-user MFA*: {coverage_words(wish.coverage)}"
    if wish.coverage is not None:
        if wish.coverage.by:
            cover += f", by {', '.join(safe.code(name, 120) for name in wish.coverage.by[:5])}"
        if wish.coverage.gaps:
            cover += "\n" + bullets([safe.prose(gap, 300) for gap in wish.coverage.gaps], 1500)
    return [section(verdict), section(cover)]


def _own_words(request: ChangeRequest) -> str:
    wish = request.wish
    said = (
        ("Reason", wish.reason, 1200),
        ("Ticket", wish.ticket, 200),
        ("How their identity was checked", wish.identity_check, 600),
    )
    return "\n".join(f"{label}: {safe.line(text, limit) or 'not given'}" for label, text, limit in said)


def _standing(request: ChangeRequest, now: datetime) -> str:
    lines = [_rule(request)] if request.state is State.PENDING else []
    lines += [_vote(vote) for vote in request.votes]
    lines.append(_clock(request, now))
    return "\n".join(lines)


def _rule(request: ChangeRequest) -> str:
    wish = request.wish
    needed = "1 approval" if wish.quorum == 1 else f"{wish.quorum} approvals of different people"
    because = (
        f" ({'; '.join(safe.prose(why, 200) for why in wish.quorum_because)})" if wish.quorum_because else ""
    )
    given = len(request.approvals)
    return (
        f"*Needs {needed}*{because}, {given} so far. "
        f"Any approver may decide, except {person(wish.requester.slack_id)} who asked "
        f"and {target_name(request)}."
    )


def _vote(vote: Vote) -> str:
    verb = "Approved" if vote.decision is Decision.APPROVE else "Denied"
    said = f": {safe.mrkdwn(vote.reason, 600)}" if vote.reason else ""
    return f"{verb} by {person(vote.person.slack_id)} {moment(vote.at)}{said}"


def _clock(request: ChangeRequest, now: datetime) -> str:
    if request.state is State.PENDING:
        left = ago((request.wish.expires_at - now).total_seconds())
        return f"Open until {moment(request.wish.expires_at)} ({left} left)"
    if request.state is State.FAILED:
        outcome = safe.prose(request.outcome, 600) or "no reason was stored"
        return f"*Not done* {_when(request.finished_at)}: {outcome}"
    if request.state is State.VERIFIED:
        return f"*Read back as {_state(request.wish.wanted)}* {_when(request.finished_at)}"
    return _UNCHANGED[request.state](request)


_UNCHANGED: dict[State, Callable[[ChangeRequest], str]] = {
    State.CANCELLED: lambda request: (
        f"Withdrawn by {person(request.wish.requester.slack_id)} {_when(request.decided_at)}. No change."
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


def _after_approve(request: ChangeRequest) -> str:
    return (
        f"After {labels.APPROVE}: the bot checks the rules once more, sets the state to "
        f"{_state(request.wish.wanted)}, reads it back and reports here. "
        "Nothing else of the account is touched."
    )


def _way_back(request: ChangeRequest) -> str:
    return f"To take it back: {ENTRA_PATH}, set the person to {_state(request.wish.before)} again."


def _buttons(request: ChangeRequest) -> list[Block]:
    value = f"{request.id}:{request.version}"
    name = safe.line(request.wish.target.display_name, 80)
    ask = f"Per-user MFA of {name} will be set to {request.wish.wanted}."
    return [
        button(labels.APPROVE, labels.ON_APPROVE, value, style="primary", ask=ask),
        button(labels.DENY, labels.ON_DENY, value, style="danger"),
        button(labels.CANCEL_REQUEST, labels.ON_CANCEL, value),
    ]
