"""What happened to a request, for the thread of its card and for the people who wait."""

from __future__ import annotations

from collections.abc import Callable

from bot.domain.approval import ChangeRequest, Failure
from bot.ports import News
from bot.render import safe
from bot.render.blocks import Message, moment, person, plain
from bot.render.request_card import ENTRA_PATH, action, target_name

NEXT_AFTER_FAILURE = {
    Failure.POLICY: "A rule checked just before the change forbids it. Ask for the diagnosis again.",
    Failure.PERMISSION: "Entra refused the change. An administrator should run `psso-bot doctor`.",
    Failure.GONE: "The account is no longer there. Check the name in Entra.",
    Failure.UNVERIFIED: f"The change was sent but not read back. Look at {ENTRA_PATH} before you rely on it.",
    Failure.RETRYABLE: "Microsoft Graph could not be reached long enough. Ask again later.",
    Failure.INTEGRITY: "The stored request was altered. Tell your security team; nothing was changed.",
}


def thread_news(request: ChangeRequest, news: News) -> Message:
    """Return the news as a reply under the request's card."""
    return plain(_sentence(request, news))


def personal_news(request: ChangeRequest, news: News, slack_id: str) -> Message:
    """Return the news for one person; it names the target and says what to do next, if anything."""
    is_requester = slack_id == request.wish.requester.slack_id
    opening = "Your request" if is_requester else "A request you decided on"
    if not is_requester and news in (News.OPENED, News.EXPIRED, News.CANCELLED):
        opening = "A request"
    about = f"{opening} to {action(request)} for {target_name(request)}"
    return plain(f"{about}: {_sentence(request, news)}{_next(request, news, is_requester)}")


def _sentence(request: ChangeRequest, news: News) -> str:
    return _SENTENCES[news](request)


def _opened(request: ChangeRequest) -> str:
    wish = request.wish
    needed = "an approval" if wish.quorum == 1 else f"{wish.quorum} approvals"
    return f"Waiting for {needed} until {moment(wish.expires_at)}."


def _approved_one(request: ChangeRequest) -> str:
    return f"{_last(request)} approved; {len(request.approvals)} of {request.wish.quorum} approvals so far."


def _approved(request: ChangeRequest) -> str:
    return (
        f"Approved by {_last(request)}. It is carried out now; "
        "success is reported after the state was read back."
    )


def _denied(request: ChangeRequest) -> str:
    reason = request.votes[-1].reason if request.votes else ""
    said = f" Reason: {safe.mrkdwn(reason, 600)}" if reason else ""
    return f"Denied by {_last(request)}.{said} Nothing changed."


def _cancelled(request: ChangeRequest) -> str:
    return f"Withdrawn by {person(request.wish.requester.slack_id)}. Nothing changed."


def _expired(_: ChangeRequest) -> str:
    return "Nobody decided in time. Nothing changed."


def _executing(_: ChangeRequest) -> str:
    return "The change is being made."


def _verified(request: ChangeRequest) -> str:
    return f"Done: the state was read back as {safe.code(request.wish.wanted.value)}."


def _failed(request: ChangeRequest) -> str:
    after = NEXT_AFTER_FAILURE[request.failure] if request.failure else "Ask for the diagnosis again."
    outcome = safe.prose(request.outcome, 600)
    return " ".join(part for part in ("Not done.", outcome, after) if part)


def _last(request: ChangeRequest) -> str:
    return person(request.votes[-1].person.slack_id) if request.votes else "an approver"


_SENTENCES: dict[News, Callable[[ChangeRequest], str]] = {
    News.OPENED: _opened,
    News.APPROVED_ONE: _approved_one,
    News.APPROVED: _approved,
    News.DENIED: _denied,
    News.CANCELLED: _cancelled,
    News.EXPIRED: _expired,
    News.EXECUTING: _executing,
    News.VERIFIED: _verified,
    News.FAILED: _failed,
}


def _next(request: ChangeRequest, news: News, is_requester: bool) -> str:
    if not is_requester:
        return ""
    match news:
        case News.VERIFIED:
            return (
                " Now let the person register again: on the Mac, System Settings > Users & Groups > "
                "Network Account Server, or the registration notification. "
                "It may take a few minutes to take hold."
            )
        case News.DENIED | News.EXPIRED | News.CANCELLED:
            upn = safe.code(request.wish.target.user_principal_name, 200)
            return f" To ask again, start with `/psso why` and {upn}."
        case _:
            return ""
