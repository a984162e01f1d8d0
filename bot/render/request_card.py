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
from bot.render.choices import IDENTITY_CHECKS, hours_in_words
from bot.render.coverage import coverage_line
from bot.render.phrases import phrase
from bot.render.verdicts import headline, sureness
from bot.render.words import N_, _, ngettext

ENTRA_PATH = N_("Entra admin center > Users > All users > Per-user MFA")
SUCCESS_LATER = N_("Success is only said after the state was read back.")
WHAT_CHANGES = N_(
    "What changes for them: MFA is then asked for by Conditional Access or security defaults alone, "
    "so a trusted network may no longer ask for it. Apple Business enrolment, blocked while "
    "per-user MFA is enforced, works again too."
)
WHAT_RETURNS = N_(
    "What changes for them: legacy per-user MFA demands MFA again, and Platform SSO registration "
    "stays blocked while it does."
)
WARNING = N_("⚠ WARNING: read this before you decide")
ALTERED = N_("The stored request does not carry our signature. It will not be carried out.")
SIGN_IN_NEEDED = N_("Each approval also needs a fresh sign-in to Entra; the bot sends the approver a link.")

TITLES = {
    State.PENDING: N_("△ Waiting for approval"),
    State.APPROVED: N_("▷ Approved, not carried out yet"),
    State.EXECUTING: N_("▷ Being carried out"),
    State.VERIFIED: N_("● Done and read back"),
    State.FAILED: N_("■ Failed"),
    State.DENIED: N_("■ Denied"),
    State.CANCELLED: N_("□ Cancelled"),
    State.EXPIRED: N_("□ Expired"),
}
OPEN = frozenset({State.PENDING, State.APPROVED, State.EXECUTING})
UNCHANGED = frozenset({State.DENIED, State.CANCELLED, State.EXPIRED})


def request_card(request: ChangeRequest, now: datetime) -> Message:
    """Return a request as it stands; pending ones can be decided, verified disables undone."""
    warned = _warnings(request)
    title = header(f"{_(TITLES[request.state])}: {action(request)}")
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
    lines = [text, _("Object id: {id}").format(id=safe.line(wish.target.object_id, 40))]
    lines += [f"⚠ {_('WARNING')}: {safe.line(phrase(warning), 300)}" for warning in wish.warnings[:5]]
    return message(text, [plain_section("\n".join(lines)), *_buttons(request)], f"{_key(request, now)}:least")


def card_text(request: ChangeRequest) -> str:
    """Return the request in one line, for notifications and screen readers."""
    warned = f"⚠ {_('WARNING')}. " if request.wish.warnings and request.state in OPEN else ""
    what = _("{action} for {name} (request {id})").format(
        action=action(request), name=target_name(request), id=request.id[:40]
    )
    return f"{warned}{_(TITLES[request.state])}: {what}"


def action(request: ChangeRequest) -> str:
    """Return what the request does, in a few words."""
    if request.wish.kind is ChangeKind.RESTORE:
        return _("set per-user MFA back to {state}").format(state=request.wish.wanted)
    return _("turn per-user MFA off")


def target_name(request: ChangeRequest) -> str:
    """Return the target's name, escaped."""
    target = request.wish.target
    return safe.mrkdwn(target.display_name, 120) or safe.mrkdwn(target.user_principal_name, 120) or "–"


def asker(request: ChangeRequest) -> str:
    """Return who asked: a mention, or the bot when it asked by itself."""
    slack_id = request.wish.requester.slack_id
    return person(slack_id) if slack_id else _("the bot itself")


def _key(request: ChangeRequest, now: datetime) -> str:
    return f"request:{request.id[:80]}:{request.version}:{int(now.timestamp())}"


def _warnings(request: ChangeRequest) -> list[Block]:
    """Return what an approver must not miss, under a heading of its own."""
    target = request.wish.target
    odd = safe.oddities(target.display_name) + safe.oddities(target.user_principal_name)
    rows = [] if request.intact else [f"*{_(ALTERED)}*"]
    rows += [f"*{safe.prose(phrase(warning), 400)}*" for warning in request.wish.warnings if warning.strip()]
    if odd:
        listed = "; ".join(_(one) for one in dict.fromkeys(odd))
        rows.append(f"*{_('Look twice at the name')}*: {listed}.")
    if not rows:
        return []
    return [header(_(WARNING)), section(bullets(rows, 2900))]


def _what(request: ChangeRequest) -> str:
    wish = request.wish
    lines = [
        f"*{target_name(request)}*  ·  {safe.code(wish.target.user_principal_name, 200)}",
        f"{_('Per-user MFA')}: {_state(wish.before)} → {_state(wish.wanted)}",
    ]
    if wish.undoes:
        lines.append(_("Takes back request {id}").format(id=safe.code(wish.undoes, 80)))
    if wish.restore_after_hours:
        lines.append(
            _("For a limited time: restored after {hours} unless the Mac has registered").format(
                hours=hours_in_words(wish.restore_after_hours)
            )
        )
    return "\n".join(lines)


def _state(state: PerUserMfaState) -> str:
    return safe.code(state.value)


def _standing(request: ChangeRequest) -> list[Block]:
    lines = _rule(request) if request.state is State.PENDING else [_outcome(request)]
    lines += [_vote(vote) for vote in request.votes[:10]]
    return [section("\n".join(lines))]


def _rule(request: ChangeRequest) -> list[str]:
    wish, quorum = request.wish, max(1, request.wish.quorum)
    needed = ngettext("Needs {count} approval", "Needs {count} approvals of different people", quorum)
    reasons = [safe.prose(phrase(why), 200) for why in wish.quorum_because[:5]]
    because = f" ({'; '.join(reasons)})" if reasons else ""
    so_far = _("{count} so far.").format(count=len(request.approvals))
    lines = [
        f"*{needed.format(count=quorum)}*{because}, {so_far}",
        _("Any approver may decide, except {asker} who asked and {name}.").format(
            asker=asker(request), name=target_name(request)
        ),
    ]
    return [*lines, _(SIGN_IN_NEEDED)] if wish.step_up else lines


def _vote(vote: Vote) -> str:
    said = f": {safe.mrkdwn(phrase(vote.reason), 600)}" if vote.reason else ""
    approved = vote.decision is Decision.APPROVE
    words = _("Approved by {person} {time}") if approved else _("Denied by {person} {time}")
    return words.format(person=person(vote.person.slack_id), time=moment(vote.at)) + said


def _outcome(request: ChangeRequest) -> str:
    if request.state is State.FAILED:
        outcome = safe.prose(phrase(request.outcome), 600) or _("no reason was stored")
        return f"*{_('Not done')}* {_when(request.finished_at)}: {outcome}"
    if request.state is State.VERIFIED:
        read_back = _("Read back as {state}").format(state=_state(request.wish.wanted))
        return f"*{read_back}* {_when(request.finished_at)}"
    return _UNCHANGED[request.state](request)


_UNCHANGED: dict[State, Callable[[ChangeRequest], str]] = {
    State.CANCELLED: lambda request: _("Withdrawn by {person} {time}. Nothing changed.").format(
        person=asker(request), time=_when(request.decided_at)
    ),
    State.EXPIRED: lambda request: _("Nobody decided in time; it ended {time}. Nothing changed.").format(
        time=moment(request.wish.expires_at)
    ),
    State.DENIED: lambda request: f"{_('Nothing changed.')} {_decided(request)}",
    State.APPROVED: lambda request: f"{_decided(request)} {_(SUCCESS_LATER)}",
    State.EXECUTING: lambda request: f"{_decided(request)} {_(SUCCESS_LATER)}",
}


def _decided(request: ChangeRequest) -> str:
    return _("Decided {time}.").format(time=_when(request.decided_at))


def _when(at: datetime | None) -> str:
    return moment(at) if at else _("at a time that was not stored")


def _grounds(request: ChangeRequest) -> list[Block]:
    """Return what speaks for the change, and what still protects the person after it."""
    wish = request.wish
    if wish.kind is ChangeKind.RESTORE:
        return (
            [section(f"*{_('Why')}*: {safe.prose(phrase(wish.summary), 900)}")]
            if wish.summary.strip()
            else []
        )
    head = headline(wish.verdict)
    summary = safe.prose(phrase(wish.summary), 900)
    verdict = f"*{_('Verdict')}*: {head.title}, {sureness(wish.confidence)}\n{summary}"
    lines = [f"*{_('After the change')}*", coverage_line(wish.coverage)]
    if wish.coverage is not None:
        names = [safe.mrkdwn(phrase(name), 120) or "–" for name in wish.coverage.by]
        rows = [_("Still asked for MFA by *{policy}*").format(policy=name) for name in names]
        rows += [f"▲ {_('Gap')}: {safe.prose(phrase(gap), 300)}" for gap in wish.coverage.gaps]
        lines += [bullets(rows, 2500)] if rows else []
    return [section(verdict), section("\n".join(lines))]


def _own_words(request: ChangeRequest) -> str:
    wish = request.wish
    said = (
        (_("Reason"), phrase(wish.reason) if wish.kind is ChangeKind.RESTORE else wish.reason, 1200),
        (_("Ticket"), wish.ticket, 200),
        (_("Identity of the caller"), _checked(wish.identity_check), 600),
    )
    optional = wish.kind is ChangeKind.RESTORE
    rows = [(label, safe.line(text, limit)) for label, text, limit in said]
    return "\n".join(f"{label}: {text or _('not given')}" for label, text in rows if text or not optional)


def _checked(stored: str) -> str:
    """Return how the caller's identity was checked; one of our own choices in the language in force."""
    return _(stored) if stored in IDENTITY_CHECKS.values() else stored


def _facts(request: ChangeRequest) -> tuple[str, ...]:
    wish = request.wish
    facts = [
        f"*{_('Asked by')}*\n{asker(request)} {moment(wish.created_at)}",
        f"*{_('Evidence read')}*\n{moment(wish.evidence_read_at)}",
    ]
    if request.state is State.PENDING:
        facts.insert(0, f"*{_('Open until')}*\n{moment(wish.expires_at)}")
    return tuple(facts)


def _small_print(request: ChangeRequest, now: datetime) -> list[str]:
    lines = []
    if request.state is State.PENDING:
        restores = request.wish.kind is ChangeKind.RESTORE
        lines += [_clocks(request, now), _after_approve(request), _way_back(request)]
        lines.append(_(WHAT_RETURNS if restores else WHAT_CHANGES))
    elif request.state is State.VERIFIED:
        lines.append(_way_back(request))
    elif request.state in UNCHANGED and request.wish.kind is ChangeKind.DISABLE:
        lines.append(ask_again(request))
    version = _("version {number}").format(number=request.version)
    wish = request.wish
    ids = [
        _("Object id {id}").format(id=safe.code(wish.target.object_id, 60)),
        _("Tenant {id}").format(id=safe.code(wish.tenant, 80)),
        _("Request {id}").format(id=safe.code(request.id, 80)),
    ]
    return [*lines, *ids[:-1], f"{ids[-1]}  ·  {version}"]


def why_command(request: ChangeRequest) -> str:
    """Return the command that diagnoses the target, ready to be copied."""
    return safe.code(f"{labels.COMMAND} why {request.wish.target.user_principal_name}", 220)


def ask_again(request: ChangeRequest) -> str:
    """Return how the change can be asked for once more."""
    return _("To ask again, start with {command}.").format(command=why_command(request))


def _clocks(request: ChangeRequest, now: datetime) -> str:
    """Return both clocks as they stood when the card was drawn: a message does not age by itself."""
    left = ago((request.wish.expires_at - now).total_seconds())
    age = ago((now - request.wish.evidence_read_at).total_seconds())
    return _("As of {time}: {left} left to decide, evidence {age} old.").format(
        time=moment(now), left=left, age=age
    )


def _after_approve(request: ChangeRequest) -> str:
    return _(
        "After {button}: the bot checks the rules once more, sets the state to {state}, reads it back and "
        "reports here. Nothing else of the account is touched."
    ).format(button=_(labels.APPROVE), state=_state(request.wish.wanted))


def _way_back(request: ChangeRequest) -> str:
    by_hand = _("{path}, set the person to {state} again.").format(
        path=_(ENTRA_PATH), state=_state(request.wish.before)
    )
    if request.wish.kind is ChangeKind.RESTORE:
        return _("To take it back: {by_hand}").format(by_hand=by_hand)
    if request.state is State.VERIFIED:
        words = _("To take it back: {button} on this card. Or {by_hand}")
    else:
        words = _("To take it back: {button} on this card, once the change is done. Or {by_hand}")
    return words.format(button=_(labels.UNDO), by_hand=by_hand)


def _buttons(request: ChangeRequest) -> list[Block]:
    value = f"{request.id}:{request.version}"
    if request.state is State.PENDING:
        style = None if _warnings(request) else "primary"  # a warning and a recommendation do not go together
        return [
            actions(
                button(labels.APPROVE, labels.ON_APPROVE, value, style=style, ask=_question(request)),
                button(labels.DENY, labels.ON_DENY, value, style="danger"),
                button(labels.CANCEL_REQUEST, labels.ON_CANCEL, value),
            )
        ]
    if request.state is State.VERIFIED and request.wish.kind is ChangeKind.DISABLE:
        return [actions(button(labels.UNDO, labels.ON_UNDO, value))]
    return []


def _question(request: ChangeRequest) -> str:
    target = request.wish.target
    warned = f"⚠ {_('WARNING: the card holds a warning.')} " if _warnings(request) else ""
    what = _("Per-user MFA of {name} (object id {id}) will be set to {state}.").format(
        name=safe.line(target.display_name, 80),
        id=safe.line(target.object_id, 40),
        state=request.wish.wanted,
    )
    return f"{warned}{what}"
