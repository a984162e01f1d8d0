"""Every error in one sentence or two that say what to do next. No traceback, no blame, no secrets.

The sentences are plain text; `refusal` escapes them for Slack and adds the reference of the log line.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.domain.approval import ChangeRequest, State
from bot.errors import (
    AmbiguousUser,
    AuditUnavailable,
    BadInput,
    BotError,
    Conflict,
    Denial,
    GraphError,
    GraphMalformed,
    GraphNotFound,
    GraphRefused,
    GraphThrottled,
    GraphUnreachable,
    NeedsStepUp,
    NoSuchUser,
    NotAllowed,
    RefusalKind,
    SettingsError,
    SlackError,
    StoreUnavailable,
    StreamUnavailable,
)
from bot.render import labels, safe
from bot.render.blocks import Message, moment, person, plain
from bot.render.request_card import action, asker, target_name

NOT_RECORDED = (
    "If you see no result within two minutes, this was not recorded: please try again. Nothing is done twice."
)
UNEXPECTED = (
    "Something went wrong that we did not foresee. Try again once; "
    "if it stays, give this reference to whoever runs the bot."
)

DENIALS: dict[Denial, str] = {
    Denial.WRONG_WORKSPACE: "This works only for people of the workspace the bot is installed in. "
    "Ask a colleague there.",
    Denial.WRONG_APP: "This button belongs to another app. Start again with /psso help.",
    Denial.OUTSIDER: "This works only for members of this workspace. Ask your contact there to do it.",
    Denial.GUEST: "Guest accounts cannot use this. Ask a full member of the helpdesk.",
    Denial.BOT: "Apps and workflows cannot use this. A person has to do it.",
    Denial.DEACTIVATED: "This Slack account is deactivated. Ask a workspace administrator.",
    Denial.SHARED_CHANNEL: "This conversation is shared with another organisation, so nothing is shown or "
    "decided here. Use a private channel, or a direct message to the bot.",
    Denial.NOT_POSTABLE: "Nothing was sent: the approval channel does not take the request. "
    "Ask whoever runs the bot to name a channel in PSSO_APPROVAL_CHANNEL that the bot is in and that belongs "
    "to this workspace alone, then ask again.",
    Denial.WRONG_CHANNEL: "This belongs into the approval channel. Open the request's card there.",
    Denial.NOT_HELPDESK: "Only the helpdesk can ask this. Ask them, or have yourself added to PSSO_HELPDESK.",
    Denial.NOT_APPROVER: "Only approvers can decide this. Ask one, or have yourself added to PSSO_APPROVERS.",
    Denial.NO_ENTRA_PERSON: "Your Slack account belongs to nobody we can find in Entra. "
    "Ask an administrator to pin it in PSSO_PINS.",
    Denial.AMBIGUOUS_ENTRA_PERSON: "Your Slack account fits several people in Entra. "
    "Ask an administrator to pin it in PSSO_PINS.",
    Denial.ENTRA_PERSON_DISABLED: "Your Entra account is disabled. Ask an administrator to enable it first.",
    Denial.IS_REQUESTER: "You asked for this change, so somebody else decides it. Ask another approver.",
    Denial.IS_TARGET: "This change is about your own account, so somebody else has to decide it.",
    Denial.NOT_REQUESTER: "Only the person who asked can cancel a request. An approver can deny it instead.",
    Denial.ALREADY_VOTED: "Your decision is already counted. If more approvals are needed, "
    "they come from other people.",
    Denial.TOO_SOON: "That was very fast. Please read the card, then decide.",
    Denial.STALE_CARD: "This card is out of date. Ask again with /psso why; "
    "/psso pending lists the open requests.",
    Denial.UNKNOWN_REQUEST: "There is no such request any more. /psso pending lists the open ones.",
    Denial.RATE_LIMITED: "That was a lot in a short time. Wait a few minutes, then try again.",
    Denial.FROZEN: "Changes are on hold: there were many within an hour, or an approver stopped them. "
    "An approver has to look at the latest and lift the hold.",
    Denial.CANNOT_CHECK: "Whether this may be done could not be checked just now, so it was not done. "
    "Try again in a minute.",
    Denial.BREAK_GLASS: "This is an emergency account that is never changed from here. "
    "Its owners change it in the Entra admin center.",
    Denial.NOT_REQUESTABLE: "The evidence does not support this change, so it cannot be asked for. "
    "/psso why says what does stand in the way.",
    Denial.PRIVILEGED: "This account holds, or can get, a directory role, so it is never changed from here.",
    Denial.RESTRICTED_ACCOUNT: "Entra restricts who manages this account, and the bot is not among them. "
    "Ask the administrators of its restricted administrative unit.",
    Denial.SERVICE_ACCOUNT: "This looks like an account of a service or of directory synchronisation, "
    "which is never changed from here. Its owners change it in the Entra admin center.",
    Denial.GUEST_TARGET: "This account is a guest: its MFA belongs to its home tenant. "
    "Use a member account on the Mac.",
    Denial.UNCOVERED: "Without per-user MFA nothing else would surely demand MFA of this person, "
    "so the change cannot be asked for. Have a Conditional Access policy made that includes them first.",
    Denial.STEP_UP_OFF: "This approval needs a fresh sign-in to Entra, and the bot is not set up for it. "
    "Ask an administrator to set PSSO_STEP_UP, or deny the request.",
    Denial.STEP_UP_OVER: "This sign-in link was used already, or is too old. "
    "Click Approve on the card in Slack for a new one.",
    Denial.STEP_UP_INVALID: "Entra's answer does not belong to this sign-in, so the approval is not counted. "
    "Click Approve on the card in Slack for a new link.",
    Denial.STEP_UP_UNFINISHED: "The sign-in was not completed, so the approval is not counted. "
    "Click Approve on the card in Slack for a new link.",
    Denial.STEP_UP_OTHER_PERSON: "Somebody else signed in, so the approval is not counted. "
    "Click Approve on the card in Slack, then sign in with your own Entra account.",
    Denial.STEP_UP_NOT_FRESH: "Entra did not confirm a sign-in just now, so the approval is not counted. "
    "Click Approve on the card in Slack and sign in anew; if it repeats, tell an administrator.",
    Denial.STEP_UP_NO_MFA: "Entra did not confirm a second factor, so the approval is not counted. "
    "Click Approve on the card in Slack and sign in with MFA; if it happens again, tell an administrator.",
}

EXPLAINED = frozenset(
    {
        Denial.UNCOVERED,
        Denial.NOT_POSTABLE,
        Denial.FROZEN,
        Denial.RATE_LIMITED,
        Denial.CANNOT_CHECK,
    }
)
"""Denials whose `detail` is told to the person as well; that of the others goes to the journal alone."""

ABOUT_THE_TARGET = frozenset(
    {Denial.PRIVILEGED, Denial.RESTRICTED_ACCOUNT, Denial.SERVICE_ACCOUNT, Denial.GUEST_TARGET}
)
"""Denials whose `detail` says it all: what kind of account it is, and who can change it."""

STATES: dict[str, str] = {
    "pending": "is still waiting for a decision",
    "approved": "was approved already",
    "executing": "is being carried out already",
    "verified": "was carried out already",
    "failed": "has already ended without success",
    "denied": "was denied already",
    "cancelled": "was withdrawn already",
    "expired": "has expired",
}

GRAPH_REFUSALS: dict[RefusalKind, str] = {
    RefusalKind.PERMISSION: "Microsoft Graph refused: the app lacks a permission",
    RefusalKind.LICENCE: "Microsoft Graph refused: the tenant lacks a licence for it (Entra ID P1 or P2)",
    RefusalKind.RESTRICTED: "Entra protects this account (restricted management or a privileged role), "
    "so the app may not touch it",
}

SLACK_CODES: dict[str, str] = {
    "plan_upgrade_required": "User groups need a paid Slack plan. List user ids (U…) in PSSO_APPROVERS "
    "and PSSO_HELPDESK instead.",
    "not_in_channel": "The bot is not in that channel. Invite it there with /invite.",
    "channel_not_found": "The bot cannot see that channel. Invite it with /invite, or check the channel id.",
    "is_archived": "That channel is archived. Choose another one.",
    "missing_scope": "The Slack app lacks a scope. Install it again from the current manifest.",
    "invalid_auth": "Slack does not accept the bot's token. An administrator should check SLACK_BOT_TOKEN.",
    "token_revoked": "The bot's Slack token was revoked. An administrator should install the app again.",
    "account_inactive": "The bot's Slack account is inactive. An administrator should install the app again.",
    "expired_trigger_id": "Slack's three seconds for opening the window had passed. Please click again.",
    "ratelimited": "Slack asked us to slow down. Try again in a minute.",
}


def in_words(error: BotError) -> str:
    """Return an error as one or two plain sentences that end with what to do."""
    for kind in type(error).__mro__:
        word = _WORDS.get(kind)
        if word is not None:
            return safe.paragraph(word(error), 900)
    return UNEXPECTED


def refusal(error: BotError, reference: str = "") -> Message:
    """Return an error as a private Slack message with the reference of its log line."""
    decided_by = f" Decided by {person(error.by)}." if isinstance(error, Conflict) and error.by else ""
    return plain(_with_reference(in_words(error), reference, decided_by))


def overtaken(request: ChangeRequest, reference: str = "") -> Message:
    """Return why a late click did nothing: the state the request is in, by whom and since when."""
    at = request.finished_at or request.decided_at
    when = f", {moment(at)}" if at else ""
    text = (
        f"This click did nothing: the request to {action(request)} for {target_name(request)} "
        f"{STATES[request.state]}{when}. {_who_decided(request)} "
        f"`{labels.COMMAND} pending` lists the open ones."
    )
    return plain(_referenced(text, reference))


def _who_decided(request: ChangeRequest) -> str:
    """Return in a sentence who brought the request to where it is, as far as people did."""
    voters = " and ".join(person(vote.person.slack_id) for vote in request.votes[:10])
    if request.state is State.CANCELLED:
        return f"{asker(request)} withdrew it."
    if request.state is State.DENIED and voters:
        return f"{person(request.votes[-1].person.slack_id)} denied it."
    if voters:
        return f"Approved by {voters}."
    return f"{asker(request)} asked for it {moment(request.wish.created_at)}."


def unexpected(reference: str) -> Message:
    """Return what a person is told about a bug: a reference, and nothing of its inside."""
    return plain(_with_reference(UNEXPECTED, reference))


def _with_reference(words: str, reference: str, more: str = "") -> str:
    return _referenced(safe.prose(words, 1000) + more, reference)


def _referenced(text: str, reference: str) -> str:
    return f"{text} (Reference {safe.code(reference, 60)})" if reference else text


def _denied(error: NotAllowed) -> str:
    words = DENIALS[error.denial]
    if error.denial in ABOUT_THE_TARGET and error.detail:
        return f"This cannot be done from here. {_clause(safe.line(error.detail, 600))}."
    if error.denial is Denial.NOT_REQUESTABLE and error.detail:
        why_not = _clause(safe.line(error.detail, 600))
        return f"This cannot be asked for: {why_not}. /psso why says what does stand in the way."
    if error.denial in EXPLAINED and error.detail:
        return f"{words} ({_clause(safe.line(error.detail, 300))}.)"
    return words


def _bad_input(error: BadInput) -> str:
    return f"That is {_clause(error.problem)}. /psso help shows what can be typed."


def _needs_step_up(_: NeedsStepUp) -> str:
    return "This approval counts once you have signed in to Entra again. Click Approve for a link."


def _settings(error: SettingsError) -> str:
    return f"The setting {error.key} needs attention: {_clause(error.problem)}."


def _no_such_user(error: NoSuchUser) -> str:
    asked = safe.line(error.asked, 120)
    if error.deleted:
        return (
            f"The account “{asked}” was deleted. Restore it under Entra > Deleted users, or check the name."
        )
    return f"Nobody in the tenant answers to “{asked}”. Check the spelling, or use the UPN or object id."


def _ambiguous(error: AmbiguousUser) -> str:
    listed = ", ".join(safe.line(one, 80) for one in error.candidates[:5])
    names = f": {listed}" if listed else ""
    return f"“{safe.line(error.asked, 120)}” fits several people{names}. Use one UPN or object id."


def _conflict(error: Conflict) -> str:
    state = STATES.get(error.state, f"is {error.state}")
    return f"The request {state}. /psso pending lists the open ones."


def _refused(error: GraphRefused) -> str:
    needs = f". Grant {error.needs}" if error.needs else ""
    return f"{GRAPH_REFUSALS[error.kind]} ({error.what}){needs}. `psso-bot doctor` shows what is missing."


def _not_found(error: GraphNotFound) -> str:
    return f"Microsoft Graph no longer has what was asked for ({error.what}). Look the person up again."


def _throttled(error: GraphThrottled) -> str:
    wait = f"{round(error.retry_after)} seconds" if error.retry_after else "a minute"
    return f"Microsoft Graph asked us to slow down ({error.what}). Try again in {wait}."


def _unreachable(error: GraphUnreachable) -> str:
    how = "did not answer in time" if error.timed_out else "could not be reached"
    return f"Microsoft Graph {how} ({error.what}). Try again in a minute."


def _malformed(error: GraphMalformed) -> str:
    return f"Microsoft Graph's answer made no sense ({error.what}), so nothing was concluded. Try again."


def _graph(error: GraphError) -> str:
    return f"Microsoft Graph did not give what was asked ({error.what}). Try again in a minute."


def _store(_: StoreUnavailable) -> str:
    return f"The bot's store did not answer. {NOT_RECORDED}"


def _stream(_: StreamUnavailable) -> str:
    return (
        "The stream of sign-ins did not answer, or refuses our login. An administrator should run "
        "`psso-bot doctor`, which says why."
    )


def _audit(_: AuditUnavailable) -> str:
    return (
        "The journal could not be written, so nothing may be changed. An administrator should check the disk."
    )


def _slack(error: SlackError) -> str:
    if (error.method, error.code) == ("apps.connections.open", "invalid_auth"):
        return "Slack does not accept the app-level token. An administrator should check SLACK_APP_TOKEN."
    known = SLACK_CODES.get(error.code)
    return known or f"Slack did not do what was asked ({error.method}: {error.code}). Try again in a minute."


def _root(_: BotError) -> str:
    return UNEXPECTED


def _clause(text: str) -> str:
    return text.strip().rstrip(".")


_WORDS: dict[type, Callable[..., str]] = {
    BadInput: _bad_input,
    SettingsError: _settings,
    NoSuchUser: _no_such_user,
    AmbiguousUser: _ambiguous,
    NotAllowed: _denied,
    NeedsStepUp: _needs_step_up,
    Conflict: _conflict,
    GraphRefused: _refused,
    GraphNotFound: _not_found,
    GraphThrottled: _throttled,
    GraphUnreachable: _unreachable,
    GraphMalformed: _malformed,
    GraphError: _graph,
    StoreUnavailable: _store,
    StreamUnavailable: _stream,
    AuditUnavailable: _audit,
    SlackError: _slack,
    BotError: _root,
}
