"""What happened to a request, for the thread of its card, the channel, and the people who wait."""

from __future__ import annotations

from collections.abc import Callable

from bot.domain.approval import ChangeKind, ChangeRequest, Failure
from bot.ports import News
from bot.render import labels, safe
from bot.render.blocks import Message, actions, button, message, moment, person, plain, section
from bot.render.phrases import phrase
from bot.render.request_card import ENTRA_PATH, action, ask_again, asker, target_name, why_command
from bot.render.words import N_, _, ngettext

NEXT_AFTER_FAILURE = {
    Failure.POLICY: N_("A rule checked just before the change forbids it. Ask for the diagnosis again."),
    Failure.PERMISSION: N_("Entra refused the change. An administrator should run `psso-bot doctor`."),
    Failure.GONE: N_("The account is no longer there. Check the name in Entra."),
    Failure.UNVERIFIED: N_("The change was sent but not read back. Look at {path} before you rely on it."),
    Failure.RETRYABLE: N_("Microsoft Graph could not be reached long enough. Ask again later."),
    Failure.INTEGRITY: N_("The stored request was altered. Tell your security team; nothing was changed."),
}
ON_HOLD = N_("*■ Changes are on hold.*")
WHAT_ON_HOLD_MEANS = N_(
    "Nothing new can be requested or carried out that would turn MFA off. "
    "Denying, withdrawing and switching MFA back on still work. "
    "To go on, an approver looks at the latest changes in the approval channel, then lifts the hold."
)
OFF_HOLD = N_("*● Changes are no longer on hold.* What was refused meanwhile can be asked for again.")
AUDIT_LOG = N_("Entra admin center > Audit logs")


def thread_news(request: ChangeRequest, news: News, detail: str = "") -> Message:
    """Return the news as a reply under the request's card; `detail` completes it in words."""
    if news in (News.FROZEN, News.LIFTED):
        return channel_news(news, detail)
    return plain(_sentence(request, news, detail))


def personal_news(request: ChangeRequest, news: News, slack_id: str, detail: str = "") -> Message:
    """Return the news for one person; it names the target and says what to do next, if anything."""
    if news in (News.FROZEN, News.LIFTED):
        return channel_news(news, detail)
    is_requester = slack_id == request.wish.requester.slack_id
    opening = _("A request to {action} for {name}")
    if is_requester:
        opening = _("Your request to {action} for {name}")
    elif slack_id in {vote.person.slack_id for vote in request.votes}:
        opening = _("A request you decided on to {action} for {name}")
    about = opening.format(action=action(request), name=target_name(request))
    return plain(f"*{about}*\n{_sentence(request, news, detail)}{_next(request, news, is_requester)}")


def channel_news(news: News, detail: str, by: str = "") -> Message:
    """Return what concerns all requests; `by` is the Slack id of who did it, or the bot's own name."""
    said = _closed(safe.prose(phrase(detail), 900))
    who = _("By {person}.").format(person=person(by)) if by else ""
    why = _("Reason: {reason}").format(reason=said) if said else ""
    if news is News.LIFTED:
        text = _joined(_(OFF_HOLD), who, why)
        return message(_("Changes are no longer on hold."), [section(text)], "lifted")
    text = f"{_joined(_(ON_HOLD), who, why)}\n{_(WHAT_ON_HOLD_MEANS)}"
    lift = actions(button(labels.LIFT, labels.ON_LIFT, "freeze"))
    return message(f"■ {_('Changes are on hold.')}", [section(text), lift], "frozen")


def _sentence(request: ChangeRequest, news: News, detail: str) -> str:
    return _SENTENCES[news](request, _closed(safe.prose(phrase(detail), 900)))


def _opened(request: ChangeRequest, detail: str) -> str:
    wish = request.wish
    words = ngettext(
        "Waiting for an approval until {time}.",
        "Waiting for {count} approvals until {time}.",
        max(1, wish.quorum),
    )
    waiting = words.format(count=wish.quorum, time=moment(wish.expires_at))
    return _joined(f"△ {waiting}", detail)


def _approved_one(request: ChangeRequest, detail: str) -> str:
    words = _("{person} approved; {given} of {needed} approvals so far.")
    given, needed = len(request.approvals), request.wish.quorum
    return _joined(f"△ {words.format(person=_last(request), given=given, needed=needed)}", detail)


def _approved(request: ChangeRequest, detail: str) -> str:
    words = _(
        "Approved by {person}. It is carried out now; success is reported after the state was read back."
    )
    return _joined(f"▷ {words.format(person=_last(request))}", detail)


def _denied(request: ChangeRequest, detail: str) -> str:
    reason = request.votes[-1].reason if request.votes else ""
    said = _closed(_("Reason: {reason}").format(reason=safe.mrkdwn(reason, 600))) if reason else ""
    denied = _("Denied by {person}.").format(person=_last(request))
    return _joined(f"■ {denied}", said, _("Nothing changed."), detail)


def _cancelled(request: ChangeRequest, detail: str) -> str:
    withdrawn = _("Withdrawn by {person}. Nothing changed.").format(person=asker(request))
    return _joined(f"□ {withdrawn}", detail)


def _expired(request: ChangeRequest, detail: str) -> str:
    return _joined(f"□ {_('Nobody decided in time. Nothing changed.')}", detail)


def _not_posted(request: ChangeRequest, detail: str) -> str:
    because = _(", because {reason}").format(reason=detail.rstrip(".")) if detail else ""
    said = _(
        "It could not be posted to the approval channel{because}. So nobody can decide it before it "
        "expires ({when}). Ask whoever runs the bot to correct PSSO_APPROVAL_CHANNEL, then ask again."
    ).format(because=because, when=moment(request.wish.expires_at))
    return f"▲ {said}"


def _executing(request: ChangeRequest, detail: str) -> str:
    return _joined(f"▷ {_('The change is being made.')}", detail)


def _verified(request: ChangeRequest, detail: str) -> str:
    done = _("Done: the state was read back as {state}.").format(state=safe.code(request.wish.wanted.value))
    return _joined(f"● {done}", detail)


def _failed(request: ChangeRequest, detail: str) -> str:
    after = _("Ask for the diagnosis again.")
    if request.failure:
        after = _(NEXT_AFTER_FAILURE[request.failure]).format(path=_(ENTRA_PATH))
    return _joined(f"■ {_('Not done.')}", _closed(safe.prose(phrase(request.outcome), 600)), detail, after)


def _reminder(request: ChangeRequest, detail: str) -> str:
    waiting = _(
        "Still waiting for a decision: {given} of {needed} approvals so far, open until {time}."
    ).format(given=len(request.approvals), needed=request.wish.quorum, time=moment(request.wish.expires_at))
    decide = _("An approver decides on the card: {approve} or {deny}.").format(
        approve=_(labels.APPROVE), deny=_(labels.DENY)
    )
    return _joined(f"△ {waiting}", detail, decide)


def _escalated(request: ChangeRequest, detail: str) -> str:
    ends = _("Last reminder, to every approver: nobody has decided, and it ends {time}.").format(
        time=moment(request.wish.expires_at)
    )
    where = _("Please open the card in the approval channel and decide; `{command} pending` finds it.")
    return _joined(f"▲ {ends}", detail, where.format(command=labels.COMMAND))


def _registered(request: ChangeRequest, detail: str) -> str:
    done = f"● {_('The Mac has registered for Platform SSO.')}"
    return _joined(done, detail, _("Nothing more has to be done."))


def _still_blocked(request: ChangeRequest, detail: str) -> str:
    after = _(
        "Ask again with {command}: there is another cause. "
        "If per-user MFA was not it, press {button} on the card."
    ).format(command=why_command(request), button=_(labels.UNDO))
    blocked = f"■ {_('They tried again, and registration is still blocked.')}"
    return "\n".join(line for line in (blocked, detail, after) if line)


def _not_tried(request: ChangeRequest, detail: str) -> str:
    after = _("Ask the person to register the Mac; then {command} shows how it went.").format(
        command=why_command(request)
    )
    return _joined(f"□ {_('No registration was tried in the time that was watched.')}", detail, after)


def _drifted(request: ChangeRequest, detail: str) -> str:
    now = _("The state no longer reads {state}, some minutes after it did.").format(
        state=safe.code(request.wish.wanted.value)
    )
    after = _("The bot leaves it so. {path} names who changed it; talk to them before you ask again.")
    return _joined(f"▲ {now}", detail, after.format(path=_(AUDIT_LOG)))


def _re_enforced(request: ChangeRequest, detail: str) -> str:
    after = _(
        "The bot does not work against them: find out why, and only then ask for the change once more. "
        "Until then the Mac cannot register."
    )
    return _joined(f"▲ {_('Somebody switched per-user MFA on again.')}", detail, after)


def _methods_changed(request: ChangeRequest, detail: str) -> str:
    warning = _("WARNING: the registered sign-in methods differ from those before the change.")
    after = _(
        "Ask the person, on a number you know, whether that was them. If not: revoke their sessions, "
        "tell your security team, and press {button} on the card."
    ).format(button=_(labels.UNDO))
    return _joined(f"▲ {warning}", detail, after)


def _restore_due(request: ChangeRequest, detail: str) -> str:
    words = _(
        "The time box has ended and the Mac has not registered: per-user MFA is being set back to {state}."
    ).format(state=safe.code(request.wish.before.value))
    return _joined(f"▷ {words}", detail)


def _closed(text: str) -> str:
    """Return words that others stand after with a full stop, unless they end a sentence themselves."""
    return f"{text}." if text and text[-1] not in ".!?…" else text


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _last(request: ChangeRequest) -> str:
    return person(request.votes[-1].person.slack_id) if request.votes else _("an approver")


_SENTENCES: dict[News, Callable[[ChangeRequest, str], str]] = {
    News.OPENED: _opened,
    News.APPROVED_ONE: _approved_one,
    News.APPROVED: _approved,
    News.DENIED: _denied,
    News.CANCELLED: _cancelled,
    News.EXPIRED: _expired,
    News.NOT_POSTED: _not_posted,
    News.EXECUTING: _executing,
    News.VERIFIED: _verified,
    News.FAILED: _failed,
    News.REMINDER: _reminder,
    News.ESCALATED: _escalated,
    News.REGISTERED: _registered,
    News.STILL_BLOCKED: _still_blocked,
    News.NOT_TRIED: _not_tried,
    News.DRIFTED: _drifted,
    News.RE_ENFORCED: _re_enforced,
    News.METHODS_CHANGED: _methods_changed,
    News.RESTORE_DUE: _restore_due,
}


def _next(request: ChangeRequest, news: News, is_requester: bool) -> str:
    if not is_requester:
        return ""
    restores = request.wish.kind is ChangeKind.RESTORE
    match news:
        case News.VERIFIED if restores:
            return " " + _("To look again: {command}.").format(command=why_command(request))
        case News.VERIFIED:
            return " " + _(
                "Now let the person register again: on the Mac, System Settings > Users & Groups > "
                "Network Account Server, or the registration notification. "
                "It may take a few minutes to take hold."
            )
        case News.DENIED | News.EXPIRED | News.CANCELLED:
            return " " + ask_again(request)
        case _:
            return ""
