"""What happened to a request, for the thread of its card, the channel, and the people who wait."""

from __future__ import annotations

from collections.abc import Callable

from bot.domain.approval import ChangeKind, ChangeRequest, Failure
from bot.ports import News
from bot.render import labels, safe
from bot.render.blocks import Message, actions, button, message, moment, person, plain, section
from bot.render.request_card import ENTRA_PATH, action, asker, target_name

NEXT_AFTER_FAILURE = {
    Failure.POLICY: "A rule checked just before the change forbids it. Ask for the diagnosis again.",
    Failure.PERMISSION: "Entra refused the change. An administrator should run `psso-bot doctor`.",
    Failure.GONE: "The account is no longer there. Check the name in Entra.",
    Failure.UNVERIFIED: f"The change was sent but not read back. Look at {ENTRA_PATH} before you rely on it.",
    Failure.RETRYABLE: "Microsoft Graph could not be reached long enough. Ask again later.",
    Failure.INTEGRITY: "The stored request was altered. Tell your security team; nothing was changed.",
}
ON_HOLD = (
    "*■ Changes are on hold.* Nothing new can be requested or carried out that would turn MFA off. "
    "Denying, withdrawing and switching MFA back on still work."
)
HOW_TO_LIFT = "An approver looks at the latest changes (`/psso pending`, the journal), then lifts the hold."
OFF_HOLD = "*● Changes are no longer on hold.* What was refused meanwhile can be asked for again."
AUDIT_LOG = "Entra admin center > Audit logs"


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
    opening = "A request"
    if is_requester:
        opening = "Your request"
    elif slack_id in {vote.person.slack_id for vote in request.votes}:
        opening = "A request you decided on"
    about = f"{opening} to {action(request)} for {target_name(request)}"
    return plain(f"{about}: {_sentence(request, news, detail)}{_next(request, news, is_requester)}")


def channel_news(news: News, detail: str, by: str = "") -> Message:
    """Return what concerns all requests; `by` is the Slack id of who did it, or the bot's own name."""
    said = safe.prose(detail, 900)
    who = f" By {person(by)}." if by else ""
    if news is News.LIFTED:
        text = f"{OFF_HOLD}{who}{f' Reason: {said}' if said else ''}"
        return message("Changes are no longer on hold.", [section(text)], "lifted")
    text = f"{ON_HOLD}{who}{f' Reason: {said}' if said else ''}\n{HOW_TO_LIFT}"
    lift = actions(button(labels.LIFT, labels.ON_LIFT, "freeze"))
    return message("■ Changes are on hold.", [section(text), lift], "frozen")


def _sentence(request: ChangeRequest, news: News, detail: str) -> str:
    return _SENTENCES[news](request, safe.prose(detail, 900))


def _opened(request: ChangeRequest, detail: str) -> str:
    wish = request.wish
    needed = "an approval" if wish.quorum <= 1 else f"{wish.quorum} approvals"
    return _joined(f"Waiting for {needed} until {moment(wish.expires_at)}.", detail)


def _approved_one(request: ChangeRequest, detail: str) -> str:
    given = f"{len(request.approvals)} of {request.wish.quorum} approvals so far."
    return _joined(f"{_last(request)} approved; {given}", detail)


def _approved(request: ChangeRequest, detail: str) -> str:
    return _joined(
        f"Approved by {_last(request)}. It is carried out now; "
        "success is reported after the state was read back.",
        detail,
    )


def _denied(request: ChangeRequest, detail: str) -> str:
    reason = request.votes[-1].reason if request.votes else ""
    said = f" Reason: {safe.mrkdwn(reason, 600)}" if reason else ""
    return _joined(f"Denied by {_last(request)}.{said} Nothing changed.", detail)


def _cancelled(request: ChangeRequest, detail: str) -> str:
    return _joined(f"Withdrawn by {asker(request)}. Nothing changed.", detail)


def _expired(_: ChangeRequest, detail: str) -> str:
    return _joined("Nobody decided in time. Nothing changed.", detail)


def _not_posted(request: ChangeRequest, detail: str) -> str:
    because = f", because {detail.rstrip('.')}" if detail else ""
    return (
        f"It could not be posted to the approval channel{because}. So nobody can decide it before it "
        f"expires ({moment(request.wish.expires_at)}). Ask whoever runs the bot to correct "
        "PSSO_APPROVAL_CHANNEL, then ask again."
    )


def _executing(_: ChangeRequest, detail: str) -> str:
    return _joined("The change is being made.", detail)


def _verified(request: ChangeRequest, detail: str) -> str:
    return _joined(f"Done: the state was read back as {safe.code(request.wish.wanted.value)}.", detail)


def _failed(request: ChangeRequest, detail: str) -> str:
    after = NEXT_AFTER_FAILURE[request.failure] if request.failure else "Ask for the diagnosis again."
    return _joined("Not done.", safe.prose(request.outcome, 600), detail, after)


def _reminder(request: ChangeRequest, detail: str) -> str:
    given = f"{len(request.approvals)} of {request.wish.quorum} approvals so far"
    until = moment(request.wish.expires_at)
    return _joined(
        f"△ Still waiting for a decision: {given}, open until {until}.",
        detail,
        f"An approver decides on the card: {labels.APPROVE} or {labels.DENY}.",
    )


def _escalated(request: ChangeRequest, detail: str) -> str:
    until = moment(request.wish.expires_at)
    return _joined(
        f"▲ Last reminder, to every approver: nobody has decided, and it ends {until}.",
        detail,
        f"Please open the card in the approval channel and decide; `{labels.COMMAND} pending` finds it.",
    )


def _registered(_: ChangeRequest, detail: str) -> str:
    return _joined("● The Mac has registered for Platform SSO.", detail, "Nothing more has to be done.")


def _still_blocked(request: ChangeRequest, detail: str) -> str:
    return _joined(
        "■ They tried again, and registration is still blocked.",
        detail,
        f"Ask again with `{labels.COMMAND} why` and {_upn(request)}: there is another cause. "
        f"If per-user MFA was not it, press {labels.UNDO} on the card.",
    )


def _not_tried(request: ChangeRequest, detail: str) -> str:
    return _joined(
        "□ No registration was tried in the time that was watched.",
        detail,
        f"Ask the person to register the Mac; then `{labels.COMMAND} why` and {_upn(request)} "
        "shows how it went.",
    )


def _drifted(request: ChangeRequest, detail: str) -> str:
    return _joined(
        f"▲ The state no longer reads {safe.code(request.wish.wanted.value)}, some minutes after it did.",
        detail,
        f"The bot leaves it so. {AUDIT_LOG} names who changed it; talk to them before you ask again.",
    )


def _re_enforced(_: ChangeRequest, detail: str) -> str:
    return _joined(
        "▲ Somebody switched per-user MFA on again.",
        detail,
        "The bot does not work against them: find out why, and only then ask for the change once more. "
        "Until then the Mac cannot register.",
    )


def _methods_changed(_: ChangeRequest, detail: str) -> str:
    return _joined(
        "▲ WARNING: the registered sign-in methods differ from those before the change.",
        detail,
        "Ask the person, on a number you know, whether that was them. If not: revoke their sessions, "
        f"tell your security team, and press {labels.UNDO} on the card.",
    )


def _restore_due(request: ChangeRequest, detail: str) -> str:
    return _joined(
        "▷ The time box has ended and the Mac has not registered: per-user MFA is being set back to "
        f"{safe.code(request.wish.before.value)}.",
        detail,
    )


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _last(request: ChangeRequest) -> str:
    return person(request.votes[-1].person.slack_id) if request.votes else "an approver"


def _upn(request: ChangeRequest) -> str:
    return safe.code(request.wish.target.user_principal_name, 200)


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
            return f" To look again: `{labels.COMMAND} why` and {_upn(request)}."
        case News.VERIFIED:
            return (
                " Now let the person register again: on the Mac, System Settings > Users & Groups > "
                "Network Account Server, or the registration notification. "
                "It may take a few minutes to take hold."
            )
        case News.DENIED | News.EXPIRED | News.CANCELLED:
            return f" To ask again, start with `{labels.COMMAND} why` and {_upn(request)}."
        case _:
            return ""
