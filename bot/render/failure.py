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
from bot.render.phrases import phrase
from bot.render.request_card import action, asker, target_name
from bot.render.words import N_, _, ngettext

NO_STORE = N_("The bot's store did not answer.")
NOT_RECORDED = N_(
    "If you see no result within two minutes, this was not recorded: please try again. Nothing is done twice."
)
UNEXPECTED = N_(
    "Something went wrong that we did not foresee. Try again once; "
    "if it stays, give this reference to whoever runs the bot."
)

DENIALS: dict[Denial, str] = {
    Denial.WRONG_WORKSPACE: N_(
        "This works only for people of the workspace the bot is installed in. Ask a colleague there."
    ),
    Denial.WRONG_APP: N_("This button belongs to another app. Start again with /psso help."),
    Denial.OUTSIDER: N_("This works only for members of this workspace. Ask your contact there to do it."),
    Denial.GUEST: N_("Guest accounts cannot use this. Ask a full member of the helpdesk."),
    Denial.BOT: N_("Apps and workflows cannot use this. A person has to do it."),
    Denial.DEACTIVATED: N_("This Slack account is deactivated. Ask a workspace administrator."),
    Denial.SHARED_CHANNEL: N_(
        "This conversation is shared with another organisation, so nothing is shown or "
        "decided here. Use a private channel, or a direct message to the bot."
    ),
    Denial.NOT_POSTABLE: N_(
        "Nothing was sent: the approval channel does not take the request. "
        "Ask whoever runs the bot to name a channel in PSSO_APPROVAL_CHANNEL that the bot is in and that "
        "belongs to this workspace alone, then ask again."
    ),
    Denial.WRONG_CHANNEL: N_("This belongs into the approval channel. Open the request's card there."),
    Denial.NOT_HELPDESK: N_(
        "Only the helpdesk can ask this. Ask them, or have an administrator of the bot add you to them."
    ),
    Denial.NOT_APPROVER: N_(
        "Only approvers can decide this. Ask one, or have an administrator of the bot add you to them."
    ),
    Denial.NO_ENTRA_PERSON: N_(
        "Your Slack account belongs to nobody we can find in Entra. "
        "Ask an administrator to pin it in PSSO_PINS."
    ),
    Denial.AMBIGUOUS_ENTRA_PERSON: N_(
        "Your Slack account fits several people in Entra. Ask an administrator to pin it in PSSO_PINS."
    ),
    Denial.ENTRA_PERSON_DISABLED: N_(
        "Your Entra account is disabled. Ask an administrator to enable it first."
    ),
    Denial.IS_REQUESTER: N_("You asked for this change, so somebody else decides it. Ask another approver."),
    Denial.IS_TARGET: N_("This change is about your own account, so somebody else has to decide it."),
    Denial.NOT_REQUESTER: N_(
        "Only the person who asked can cancel a request. An approver can deny it instead."
    ),
    Denial.ALREADY_VOTED: N_(
        "Your decision is already counted. If more approvals are needed, they come from other people."
    ),
    Denial.TOO_SOON: N_("That was very fast. Please read the card, then decide."),
    Denial.STALE_CARD: N_(
        "This card is out of date. Ask again with /psso why; /psso pending lists the open requests."
    ),
    Denial.UNKNOWN_REQUEST: N_("There is no such request any more. /psso pending lists the open ones."),
    Denial.RATE_LIMITED: N_("That was a lot in a short time. Wait a few minutes, then try again."),
    Denial.FROZEN: N_(
        "Changes are on hold: there were many within an hour, or an approver stopped them. "
        "An approver has to look at the latest and lift the hold."
    ),
    Denial.CANNOT_CHECK: N_(
        "Whether this may be done could not be checked just now, so it was not done. Try again in a minute."
    ),
    Denial.BREAK_GLASS: N_(
        "This is an emergency account that is never changed from here. "
        "Its owners change it in the Entra admin center."
    ),
    Denial.NOT_REQUESTABLE: N_(
        "The evidence does not support this change, so it cannot be asked for. "
        "/psso why says what does stand in the way."
    ),
    Denial.PRIVILEGED: N_(
        "This account holds, or can get, a directory role, so it is never changed from here."
    ),
    Denial.RESTRICTED_ACCOUNT: N_(
        "Entra restricts who manages this account, and the bot is not among them. "
        "Ask the administrators of its restricted administrative unit."
    ),
    Denial.SERVICE_ACCOUNT: N_(
        "This looks like an account of a service or of directory synchronisation, "
        "which is never changed from here. Its owners change it in the Entra admin center."
    ),
    Denial.GUEST_TARGET: N_(
        "This account is a guest: its MFA belongs to its home tenant. Use a member account on the Mac."
    ),
    Denial.UNCOVERED: N_(
        "Without per-user MFA nothing else would surely demand MFA of this person, "
        "so the change cannot be asked for. Have a Conditional Access policy made that includes them first."
    ),
    Denial.STEP_UP_OFF: N_(
        "This approval needs a fresh sign-in to Entra, and the bot is not set up for it. "
        "Ask an administrator to set PSSO_STEP_UP, or deny the request."
    ),
    Denial.STEP_UP_OVER: N_(
        "This sign-in link was used already, or is too old. Click Approve on the card in Slack for a new one."
    ),
    Denial.STEP_UP_INVALID: N_(
        "Entra's answer does not belong to this sign-in, so the approval is not counted. "
        "Click Approve on the card in Slack for a new link."
    ),
    Denial.STEP_UP_UNFINISHED: N_(
        "The sign-in was not completed, so the approval is not counted. "
        "Click Approve on the card in Slack for a new link."
    ),
    Denial.STEP_UP_OTHER_PERSON: N_(
        "Somebody else signed in, so the approval is not counted. "
        "Click Approve on the card in Slack, then sign in with your own Entra account."
    ),
    Denial.STEP_UP_NOT_FRESH: N_(
        "Entra did not confirm a sign-in just now, so the approval is not counted. "
        "Click Approve on the card in Slack and sign in anew; if it repeats, tell an administrator."
    ),
    Denial.STEP_UP_NO_MFA: N_(
        "Entra did not confirm a second factor, so the approval is not counted. "
        "Click Approve on the card in Slack and sign in with MFA; if it happens again, tell an administrator."
    ),
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
    "pending": N_("is still waiting for a decision"),
    "approved": N_("was approved already"),
    "executing": N_("is being carried out already"),
    "verified": N_("was carried out already"),
    "failed": N_("has already ended without success"),
    "denied": N_("was denied already"),
    "cancelled": N_("was withdrawn already"),
    "expired": N_("has expired"),
}

GRAPH_REFUSALS: dict[RefusalKind, str] = {
    RefusalKind.PERMISSION: N_("Microsoft Graph refused: the app lacks a permission"),
    RefusalKind.LICENCE: N_("Microsoft Graph refused: the tenant lacks a licence for it (Entra ID P1 or P2)"),
    RefusalKind.RESTRICTED: N_(
        "Entra protects this account (restricted management or a privileged role), "
        "so the app may not touch it"
    ),
}

SLACK_CODES: dict[str, str] = {
    "plan_upgrade_required": N_(
        "User groups need a paid Slack plan. List user ids (U…) in PSSO_APPROVERS and PSSO_HELPDESK instead."
    ),
    "not_in_channel": N_("The bot is not in that channel. Invite it there with /invite."),
    "channel_not_found": N_(
        "The bot cannot see that channel. Invite it with /invite, or check the channel id."
    ),
    "is_archived": N_("That channel is archived. Choose another one."),
    "missing_scope": N_("The Slack app lacks a scope. Install it again from the current manifest."),
    "invalid_auth": N_(
        "Slack does not accept the bot's token. An administrator should check SLACK_BOT_TOKEN."
    ),
    "token_revoked": N_("The bot's Slack token was revoked. An administrator should install the app again."),
    "account_inactive": N_(
        "The bot's Slack account is inactive. An administrator should install the app again."
    ),
    "expired_trigger_id": N_("Slack's three seconds for opening the window had passed. Please click again."),
    "ratelimited": N_("Slack asked us to slow down. Try again in a minute."),
}


def in_words(error: BotError) -> str:
    """Return an error as one or two plain sentences that end with what to do."""
    for kind in type(error).__mro__:
        word = _WORDS.get(kind)
        if word is not None:
            return safe.paragraph(word(error), 900)
    return _(UNEXPECTED)


def refusal(error: BotError, reference: str = "") -> Message:
    """Return an error as a private Slack message with the reference of its log line."""
    decided_by = ""
    if isinstance(error, Conflict) and error.by:
        decided_by = f" {_('Decided by {person}.').format(person=person(error.by))}"
    return plain(_with_reference(in_words(error), reference, decided_by))


def overtaken(request: ChangeRequest, reference: str = "") -> Message:
    """Return why a late click did nothing: the state the request is in, by whom and since when."""
    at = request.finished_at or request.decided_at
    when = f", {moment(at)}" if at else ""
    text = _(
        "This click did nothing: the request to {action} for {name} {state}{when}. {who} "
        "`{command} pending` lists the open ones."
    ).format(
        action=action(request),
        name=target_name(request),
        state=_(STATES[request.state]),
        when=when,
        who=_who_decided(request),
        command=labels.COMMAND,
    )
    return plain(_referenced(text, reference))


def _who_decided(request: ChangeRequest) -> str:
    """Return in a sentence who brought the request to where it is, as far as people did."""
    voters = f" {_('and')} ".join(person(vote.person.slack_id) for vote in request.votes[:10])
    if request.state is State.CANCELLED:
        return _("{person} withdrew it.").format(person=asker(request))
    if request.state is State.DENIED and voters:
        return _("{person} denied it.").format(person=person(request.votes[-1].person.slack_id))
    if voters:
        return _("Approved by {person}.").format(person=voters)
    return _("{person} asked for it {time}.").format(
        person=asker(request), time=moment(request.wish.created_at)
    )


def unexpected(reference: str) -> Message:
    """Return what a person is told about a bug: a reference, and nothing of its inside."""
    return plain(_with_reference(_(UNEXPECTED), reference))


def _with_reference(words: str, reference: str, more: str = "") -> str:
    return _referenced(safe.prose(words, 1000) + more, reference)


def _referenced(text: str, reference: str) -> str:
    if not reference:
        return text
    return f"{text} ({_('Reference {id}').format(id=safe.code(reference, 60))})"


def _denied(error: NotAllowed) -> str:
    words = _(DENIALS[error.denial])
    detail = phrase(error.detail)
    if error.denial in ABOUT_THE_TARGET and detail:
        return f"{_('This cannot be done from here.')} {_clause(safe.line(detail, 600))}."
    if error.denial is Denial.NOT_REQUESTABLE and detail:
        return _("This cannot be asked for: {because}. /psso why says what does stand in the way.").format(
            because=_clause(safe.line(detail, 600))
        )
    if error.denial in EXPLAINED and detail:
        return f"{words} ({_clause(safe.line(detail, 300))}.)"
    return words


def _bad_input(error: BadInput) -> str:
    return _("That is {problem}. /psso help shows what can be typed.").format(
        problem=_clause(phrase(error.problem))
    )


def _needs_step_up(error: NeedsStepUp) -> str:
    return _("This approval counts once you have signed in to Entra again. Click Approve for a link.")


def _settings(error: SettingsError) -> str:
    return _("The setting {key} needs attention: {problem}.").format(
        key=error.key, problem=_clause(error.problem)
    )


def _no_such_user(error: NoSuchUser) -> str:
    asked = safe.line(error.asked, 120)
    if error.deleted:
        return _(
            "The account “{asked}” was deleted. Restore it under Entra > Deleted users, or check the name."
        ).format(asked=asked)
    return _(
        "Nobody in the tenant answers to “{asked}”. Check the spelling, or use the UPN or object id."
    ).format(asked=asked)


def _ambiguous(error: AmbiguousUser) -> str:
    listed = ", ".join(safe.line(one, 80) for one in error.candidates[:5])
    names = f": {listed}" if listed else ""
    return _("“{asked}” fits several people{names}. Use one UPN or object id.").format(
        asked=safe.line(error.asked, 120), names=names
    )


def _conflict(error: Conflict) -> str:
    state = _(STATES[error.state]) if error.state in STATES else _("is {state}").format(state=error.state)
    return _("The request {state}. /psso pending lists the open ones.").format(state=state)


def _refused(error: GraphRefused) -> str:
    needs = f". {_('Grant {permission}').format(permission=error.needs)}" if error.needs else ""
    refused = f"{_(GRAPH_REFUSALS[error.kind])} ({phrase(error.what)}){needs}."
    return f"{refused} {_('`psso-bot doctor` shows what is missing.')}"


def _not_found(error: GraphNotFound) -> str:
    return _("Microsoft Graph no longer has what was asked for ({what}). Look the person up again.").format(
        what=phrase(error.what)
    )


def _throttled(error: GraphThrottled) -> str:
    what = phrase(error.what)
    if not error.retry_after:
        return _("Microsoft Graph asked us to slow down ({what}). Try again in a minute.").format(what=what)
    seconds = max(1, round(error.retry_after))
    words = ngettext(
        "Microsoft Graph asked us to slow down ({what}). Try again in {count} second.",
        "Microsoft Graph asked us to slow down ({what}). Try again in {count} seconds.",
        seconds,
    )
    return words.format(what=what, count=seconds)


def _unreachable(error: GraphUnreachable) -> str:
    what = phrase(error.what)
    if error.timed_out:
        return _("Microsoft Graph did not answer in time ({what}). Try again in a minute.").format(what=what)
    return _("Microsoft Graph could not be reached ({what}). Try again in a minute.").format(what=what)


def _malformed(error: GraphMalformed) -> str:
    return _("Microsoft Graph's answer made no sense ({what}), so nothing was concluded. Try again.").format(
        what=phrase(error.what)
    )


def _graph(error: GraphError) -> str:
    return _("Microsoft Graph did not give what was asked ({what}). Try again in a minute.").format(
        what=phrase(error.what)
    )


def _store(error: StoreUnavailable) -> str:
    return f"{_(NO_STORE)} {_(NOT_RECORDED)}"


def _stream(error: StreamUnavailable) -> str:
    return _(
        "The stream of sign-ins did not answer, or refuses our login. An administrator should run "
        "`psso-bot doctor`, which says why."
    )


def _audit(error: AuditUnavailable) -> str:
    return _(
        "The journal could not be written, so nothing may be changed. An administrator should check the disk."
    )


def _slack(error: SlackError) -> str:
    if (error.method, error.code) == ("apps.connections.open", "invalid_auth"):
        return _("Slack does not accept the app-level token. An administrator should check SLACK_APP_TOKEN.")
    if error.code in SLACK_CODES:
        return _(SLACK_CODES[error.code])
    return _("Slack did not do what was asked ({method}: {code}). Try again in a minute.").format(
        method=error.method, code=error.code
    )


def _root(error: BotError) -> str:
    return _(UNEXPECTED)


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
