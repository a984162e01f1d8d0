"""Changes: ask for one, decide it, withdraw it, take it back, lift the hold."""

from __future__ import annotations

from bot.domain.approval import ChangeRequest, State
from bot.domain.step_up import LINK_LIFETIME
from bot.errors import BadInput, Denial, NeedsStepUp, NotAllowed
from bot.render import labels, safe
from bot.render.blocks import context, message, plain, section
from bot.render.choices import IDENTITY_CHECKS, TIME_BOXES
from bot.render.phrases import phrase
from bot.render.step_up import step_up_message
from bot.render.words import N_, _, ngettext
from bot.usecases.decide import approve, cancel, deny
from bot.usecases.freeze import LiftAsk, lift
from bot.usecases.request_disable import DisableAsk, request_disable
from bot.usecases.step_up import start_step_up
from bot.usecases.undo import UndoAsk, request_undo
from handlers.errand import Errand
from handlers.forms import IDENTITY_MISSING
from handlers.guard import check_place
from handlers.overviews import refresh_home

SENT = N_("Sent to the approvers; it needs {needed}. You will get a direct message when they have decided.")
COUNTED = N_("Your approval is counted: {given} of {needed}.")
WITHDRAWN = N_("The request is withdrawn. Nothing was changed.")
LIFTED = N_("Changes are no longer on hold. The approval channel is told that you lifted it, and why.")


async def ask_disable(errand: Errand) -> None:
    """Ask the approvers to turn per-user MFA off."""
    if await _was_sent(errand):
        return
    await check_place(errand.caller, errand.desk, must_see=False, doing=errand.job.kind)
    answer = await errand.answer()
    if answer.diagnosis.user is None:
        raise NotAllowed(Denial.NOT_REQUESTABLE)
    checked = IDENTITY_CHECKS.get(errand.said(labels.IDENTITY_FIELD))
    if checked is None:
        raise BadInput(IDENTITY_MISSING, labels.IDENTITY_FIELD)
    ask = DisableAsk(
        target=answer.diagnosis.user.id,
        requester=errand.requester,
        reason=errand.said(labels.REASON_FIELD),
        ticket=errand.said(labels.TICKET_FIELD),
        identity_check=checked,
        restore_after_hours=TIME_BOXES.get(errand.said(labels.TIME_BOX_FIELD)),
        op_id=errand.job.op_id,
    )
    await _tell_sent(errand, await request_disable(ask, errand.desk))


async def ask_undo(errand: Errand) -> None:
    """Ask for the state before the change."""
    if await _was_sent(errand):
        return
    await check_place(errand.caller, errand.desk, must_see=True, doing=errand.job.kind)
    ask = UndoAsk(
        request_id=errand.click().request_id,
        requester=errand.requester,
        reason=errand.said(labels.REASON_FIELD),
        op_id=errand.job.op_id,
    )
    await _tell_sent(errand, await request_undo(ask, errand.desk))


async def count_approval(errand: Errand) -> None:
    """Count an approval, or send its giver to Entra first."""
    await check_place(errand.caller, errand.desk, must_see=True, doing=errand.job.kind)
    click = errand.click()
    try:
        request = await approve(click, errand.desk)
    except NeedsStepUp as needed:
        address = await start_step_up(click, errand.desk)
        request = await errand.desk.requests.get(needed.request_id)
        await errand.line.say(step_up_message(request, address, LINK_LIFETIME))
        return
    if request.state is State.PENDING:
        given = _(COUNTED).format(given=len(request.approvals), needed=request.wish.quorum)
        await errand.line.say(plain(given))


async def count_denial(errand: Errand) -> None:
    """Deny a request."""
    await check_place(errand.caller, errand.desk, must_see=True, doing=errand.job.kind)
    await deny(errand.click(), errand.said(labels.REASON_FIELD), errand.desk)


async def withdraw(errand: Errand) -> None:
    """Withdraw a request."""
    await check_place(errand.caller, errand.desk, must_see=True, doing=errand.job.kind)
    await cancel(errand.click(), errand.desk)
    await errand.line.say(plain(_(WITHDRAWN)))


async def lift_hold(errand: Errand) -> None:
    """Let changes be made again. The button is in the channel, in direct messages and in the home tab."""
    await check_place(errand.caller, errand.desk, must_see=False, doing=errand.job.kind)
    reason = errand.said(labels.REASON_FIELD)
    ask = LiftAsk(errand.caller.user_id, reason, errand.job.op_id, errand.clicked_at)
    await lift(ask, errand.desk)
    await errand.line.say(plain(_(LIFTED)))
    await refresh_home(errand)


async def _was_sent(errand: Errand) -> bool:
    """Say of a form that opened its request in an earlier delivery what it did, whatever holds by now."""
    opened = await errand.desk.requests.opened_by(errand.job.op_id)
    if opened is not None:
        await _tell_sent(errand, opened)
    return opened is not None


async def _tell_sent(errand: Errand, request: ChangeRequest) -> None:
    wish = request.wish
    quorum = max(1, wish.quorum)
    needed = ngettext("one approval", "{count} approvals of different people", quorum).format(count=quorum)
    reasons = "; ".join(safe.prose(phrase(why), 200) for why in wish.quorum_because[:5])
    because = f" ({reasons})" if reasons else ""
    said = _(SENT).format(needed=f"{needed}{because}")
    which = context(_("Request {id}").format(id=safe.code(request.id, 80)))
    await errand.line.say(message(said, [section(said), which], f"sent:{request.id[:80]}"))
