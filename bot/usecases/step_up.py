"""An approval that counts once its approver has signed in to Entra again.

    click Approve → a private link → the page says what would be approved → Entra → back here → counted

A stolen Slack session gets as far as the link; the vote needs the approver's own fresh sign-in with MFA.
Every check of the click is made again when the vote is counted.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.approval import ChangeRequest, State
from bot.domain.step_up import LINK_LIFETIME, EntraSignIn, StepUpProof, Ticket, denial_of_sign_in
from bot.errors import Conflict, Denial, NotAllowed
from bot.ports import ApproverSignIn, Desk, SignInAsk, Tickets
from bot.usecases.approval_channel import refuse_shared
from bot.usecases.decide import Click, approve
from bot.usecases.freeze import refuse_while_frozen
from bot.usecases.identify import entra_person
from bot.usecases.record import Deed, refusals_recorded

PATH = "/step-up"
MOST_LINKS = 5
LINKS_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Way:
    """Where a browser goes next, and what it must bring back to be the one that was sent there."""

    address: str
    browser: str


async def start_step_up(click: Click, desk: Desk) -> str:
    """Return the one-time link that makes `click` count; it stands for five minutes.

    Raises NotAllowed: at most five links in ten minutes, none while changes are on hold.
    """
    deed = Deed("step_up", click.slack_id, click.op_id, request_id=click.request_id)
    async with refusals_recorded(deed, desk.journal):
        tickets, _ = _ready(desk)
        request = await desk.requests.get(click.request_id)
        deed.concerns(request)
        await refuse_while_frozen(request.wish.kind, desk)
        if not await desk.limits.admit("step_up", click.slack_id, MOST_LINKS, LINKS_WITHIN, click.op_id):
            raise NotAllowed(Denial.RATE_LIMITED, f"{MOST_LINKS} sign-in links in ten minutes")
        user = await entra_person(click.slack_id, desk)
        ticket = Ticket(
            request_id=request.id,
            version=click.version,
            slack_id=click.slack_id,
            object_id=user.id,
            user_principal_name=user.user_principal_name,
            channel=click.channel,
            message_ts=click.message_ts,
            clicked_at=click.clicked_at,
            made_at=desk.now(),
        )
        ticket_id = desk.new_id()
        name = tickets.seal("name", ticket_id)
        await desk.journal.write(deed.entry("step_up.started", ticket=name, approver=user.id))
        await tickets.make(ticket_id, ticket, LINK_LIFETIME)
        return f"{desk.rules.public_url}{PATH}/{ticket_id}"


async def look(ticket_id: str, desk: Desk) -> tuple[Ticket, ChangeRequest]:
    """Return what a link is for. Nothing is used up: previews and scanners open links too.

    Raises NotAllowed, and Conflict when the request was decided meanwhile.
    """
    ticket, request = await _standing(ticket_id, desk)
    if request.state is not State.PENDING:
        raise Conflict(request.id, request.state)
    return ticket, request


async def send_to_entra(ticket_id: str, desk: Desk) -> Way:
    """Return Entra's sign-in page for this link, and the secret that binds the answer to this browser."""
    tickets, entra = _ready(desk)
    ticket, _ = await look(ticket_id, desk)
    browser = tickets.seal("browser", ticket_id, desk.new_id())
    ask = _ask(ticket_id, ticket, browser, tickets)
    return Way(await entra.address(ask), f"{browser}.{_browser_seal(ticket_id, browser, tickets)}")


async def give_up(ticket_id: str, browser: str, code: str, desk: Desk) -> None:
    """Entra did not sign the approver in: write `code` down and raise. The link may be used again."""
    tickets, _ = _ready(desk)
    _secret_of(ticket_id, browser, tickets)
    ticket, _ = await _standing(ticket_id, desk)
    deed = _deed(ticket_id, ticket, tickets)
    async with refusals_recorded(deed, desk.journal):
        raise NotAllowed(Denial.STEP_UP_UNFINISHED, "".join(filter(_is_plain, code))[:80])


async def count_approval(ticket_id: str, browser: str, code: str, desk: Desk) -> ChangeRequest:
    """End the link, check the sign-in behind `code`, and count the approval.

    Raises NotAllowed, Conflict, AuditUnavailable. A browser that was not sent by us uses nothing up.
    """
    tickets, entra = _ready(desk)
    secret = _secret_of(ticket_id, browser, tickets)
    ticket = await tickets.take(ticket_id)
    if ticket is None:
        raise NotAllowed(Denial.STEP_UP_OVER)
    deed = _deed(ticket_id, ticket, tickets)
    async with refusals_recorded(deed, desk.journal):
        sign_in = await entra.redeem(code, _ask(ticket_id, ticket, secret, tickets))
        proof = _proof(ticket, sign_in, desk)
        await refuse_shared(ticket.channel, desk)
    how = {"methods": " ".join(sorted(sign_in.methods)), "contexts": " ".join(sorted(sign_in.contexts))}
    at = proof.signed_in_at.isoformat()
    await desk.journal.write(deed.entry("step_up.proved", approver=ticket.object_id, signed_in_at=at, **how))
    return await approve(_click(ticket, deed.op_id), desk, proof)


def _is_plain(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char in "_-")


def _ready(desk: Desk) -> tuple[Tickets, ApproverSignIn]:
    if desk.tickets is None or desk.approver_sign_in is None:
        raise NotAllowed(Denial.STEP_UP_OFF)
    return desk.tickets, desk.approver_sign_in


async def _standing(ticket_id: str, desk: Desk) -> tuple[Ticket, ChangeRequest]:
    tickets, _ = _ready(desk)
    ticket = await tickets.read(ticket_id)
    if ticket is None:
        raise NotAllowed(Denial.STEP_UP_OVER)
    return ticket, await desk.requests.get(ticket.request_id)


def _ask(ticket_id: str, ticket: Ticket, browser: str, tickets: Tickets) -> SignInAsk:
    """Everything is derived anew when Entra answers, so nothing of it lies in the store or in a cookie.

    The nonce ties Entra's token to this request in the version that was shown.
    """
    return SignInAsk(
        ticket_id=ticket_id,
        nonce=tickets.seal("nonce", ticket.request_id, str(ticket.version), ticket_id),
        verifier=tickets.seal("verifier", ticket_id, browser),
        login_hint=ticket.user_principal_name,
    )


def _browser_seal(ticket_id: str, browser: str, tickets: Tickets) -> str:
    return tickets.seal("sent", ticket_id, browser)


def _secret_of(ticket_id: str, browser: str, tickets: Tickets) -> str:
    """Return the browser's secret, or refuse one that we did not send to Entra with this link."""
    secret, _, sealed = browser.partition(".")
    expected = _browser_seal(ticket_id, secret, tickets)
    if not secret or not hmac.compare_digest(expected.encode(), sealed.encode()):
        raise NotAllowed(Denial.STEP_UP_INVALID, "another browser")
    return secret


def _deed(ticket_id: str, ticket: Ticket, tickets: Tickets) -> Deed:
    op_id = f"step-up:{tickets.seal('name', ticket_id)}"
    return Deed("step_up", ticket.slack_id, op_id, request_id=ticket.request_id)


def _proof(ticket: Ticket, sign_in: EntraSignIn, desk: Desk) -> StepUpProof:
    rules = desk.rules
    denial = denial_of_sign_in(ticket, sign_in, rules.tenant, rules.step_up_context, desk.now())
    if denial is not None:
        raise NotAllowed(denial, f"signed in as {sign_in.object_id}, at {sign_in.at}")
    assert sign_in.at is not None
    return StepUpProof(ticket.request_id, sign_in.object_id, sign_in.at)


def _click(ticket: Ticket, op_id: str) -> Click:
    return Click(
        request_id=ticket.request_id,
        version=ticket.version,
        slack_id=ticket.slack_id,
        channel=ticket.channel,
        message_ts=ticket.message_ts,
        clicked_at=ticket.clicked_at,
        op_id=op_id,
    )
